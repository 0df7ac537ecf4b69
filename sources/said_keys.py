"""Which keys the files of one run speak of, on disk: as many as a file has lines, and no more memory for it.

A temporary database of its own, gone with the run. What a line says is in file_rows.py.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

_SCHEMA = (
    "create table here (key text primary key, line int, content int) without rowid",
    "create table said (key text primary key) without rowid",
)


class SaidKeys:
    """Keys of the file being read, each with its first line and a hash of what it says, and of those read before it."""

    def __init__(self) -> None:
        self.database = sqlite3.connect("", isolation_level=None)
        for statement in ("pragma journal_mode=OFF", "pragma synchronous=OFF", *_SCHEMA, "begin"):
            self.database.execute(statement)

    def __enter__(self) -> SaidKeys:
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    def firsts(self, lines: list[tuple[str, int, int]]) -> dict[str, tuple[int, int]]:
        """For the key of each line (key, line, content) the line of this file that had it first, and its content."""
        self.database.executemany("insert or ignore into here values (?, ?, ?)", lines)
        found = self._among("select key, line, content from here", (key for key, _, _ in lines))
        return {key: (line, content) for key, line, content in found}

    def spoken_of(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys that a file read before this one speaks of."""
        return {row[0] for row in self._among("select key from said", keys)}

    def end_file(self, remember: bool) -> None:
        """The next file begins; `remember` what this one spoke of."""
        if remember:
            self.database.execute("insert or ignore into said select key from here")
        self.database.execute("delete from here")

    def _among(self, query: str, keys: Iterable[str]) -> list[tuple]:
        return self.database.execute(
            f"{query} where key in (select value from json_each(?))", (json.dumps(list(keys)),)
        ).fetchall()
