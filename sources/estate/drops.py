"""What stand-ins of partners who send files share: the folder beside their state, and how a file comes into it.

What stands in a file is the partner's and stays in each fake.py.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sources.estate.state import list_objects, open_state


class Folder:
    """A partner's files in a folder of this machine; taken down, the folder is gone."""

    def __init__(self, path: Path) -> None:
        self.path = folder_of(path)
        self.url = f"file://{self.path}"

    def stop(self) -> None:
        """Take the folder away."""
        self.path.rename(self.path.with_suffix(".away"))

    def start(self) -> None:
        """Bring it back."""
        self.path.with_suffix(".away").rename(self.path)

    def close(self) -> None:
        """Nothing stays open."""


def folder_of(path: Path) -> Path:
    """Where the files of the system with its state at `path` lie."""
    return path.with_suffix(".files")


def emptied(path: Path) -> None:
    """An empty folder for the files of the system at `path`."""
    folder = folder_of(path)
    folder.mkdir(parents=True, exist_ok=True)
    for file in [one for one in folder.rglob("*") if one.is_file()]:
        file.unlink()


def drop(path: Path, name: str, content: bytes, at: datetime) -> None:
    """Leave a file, whole at once, last changed at `at`; `{stamp}` in its name becomes that time and a count."""
    folder = folder_of(path)
    when = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    stamp = when.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
    if "{stamp}" in name:
        count = len(list(folder.glob(name.format(stamp=f"{stamp}*"))))
        name = name.format(stamp=f"{stamp}-{count:03}")
    partial = folder / f"{name}.part"
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.write_bytes(content)
    os.utime(partial, (when.timestamp(), when.timestamp()))
    os.replace(partial, folder / name)


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str = ";", encoding: str = "utf-8") -> bytes:
    """A delimited text as spreadsheets write it; what the encoding lacks becomes a question mark."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode(encoding, "replace")


def bodies(path: Path, kind: str, keys: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """The records of a kind that are alive, or those with the keys, by key."""
    wanted = None if keys is None else set(keys)
    with closing(open_state(path)) as connection:
        found = list_objects(connection, kind, with_deleted=wanted is not None)
    return [one.body for one in found if wanted is None or one.id in wanted]
