"""The lines of one file become rows: typed as the contract says, each key once, what cannot be read set aside.

Which files are read is decided in files.py, what one cell says in cells.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pyarrow as pa

from sources.cells import NO_VALUES, lost_letters, reader
from sources.contract import Stream
from sources.records import MORE, ORIGIN, Page, Reject, Sent
from sources.said_keys import SaidKeys
from sources.sql import array_of
from sources.tabular import BadFile, Row


class FileRows:
    """The rows of one file on their way to pages. `back`: files sent later were read before, and theirs is the word."""

    def __init__(self, stream: Stream, sent: Sent, keys: SaidKeys, back: bool) -> None:
        self.stream, self.sent, self.keys, self.back = stream, sent, keys, back
        self.readers = {name: reader(column, stream.files) for name, column in stream.columns.items()}
        self.lines: list[tuple[Row, str, int, dict[str, Any]]] = []
        self.rows: list[tuple[int, dict[str, Any]]] = []
        self.rejects: list[Reject] = []
        self.new: list[Reject] = []
        self.spared: list[str] = []
        self.lost_keys, self.read = False, 0
        self.notes: dict[str, None] = {}
        self.sample: list[str] = []

    def __len__(self) -> int:
        return len(self.lines)

    def take(self, row: Row) -> None:
        """One line, which becomes a row or a reject."""
        self.read += 1
        if row.values.get(MORE):
            for name in orjson.loads(row.values[MORE]):
                self.notes[f"new column {name}: kept in {MORE}; add it to contract.yml to classify it"] = None
        if len(self.sample) < 20:
            self.sample.append(row.text)
        try:
            typed = self._typed(row)
        except ValueError as problem:
            self._refuse(row, str(problem))
            return
        key = "\x1f".join(str(typed[name]) for name in self.stream.key_paths)
        self.lines.append((row, key, hash(tuple(typed.values())), typed))

    def _settled(self) -> list[tuple[int, dict[str, Any]]]:
        """The rows among the lines since the last page; a line that repeats another word for word is none."""
        lines, self.lines, rows = self.lines, [], []
        firsts = self.keys.firsts([(key, row.line, content) for row, key, content, _ in lines])
        spoken = self.keys.spoken_of(firsts) if self.back else set()
        for row, key, content, typed in lines:
            line, earlier = firsts[key]
            if line != row.line and earlier != content:
                self._refuse(row, f"repeats the key of line {line} with other content")
            elif line == row.line and key not in spoken:
                rows.append((row.line, typed))
        return rows

    def _typed(self, row: Row) -> dict[str, Any]:
        """The row's values; ValueError names the column and what is wrong, never the value."""
        if row.problem:
            raise ValueError(row.problem)
        typed: dict[str, Any] = {MORE: row.values.get(MORE)}
        for name, column in self.stream.columns.items():
            try:
                typed[name] = value = self.readers[name](row.values.get(name))
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
            if isinstance(value, str):
                typed[name] = value = self._heard(name, value)
            if value is None and (column.required or name in self.stream.key_paths):
                raise ValueError(f"{name} is empty")
            if column.enum and value is not None and value not in column.enum:
                self.notes[f"field {name} holds a value outside its enum"] = None
        return typed

    def _heard(self, name: str, text: str) -> str | None:
        """A text, or None where it only says that a formula failed; that, and letters that were lost, is noted."""
        if text in NO_VALUES:
            self.notes[f"{self.sent.name}: {name} holds {text}, a formula that failed: taken for empty"] = None
            return None
        if lost := lost_letters(text):
            self.notes[f"{self.sent.name}: {name} {lost}"] = None
        return text

    def prove(self, percent: float) -> None:
        """Raises BadFile if more than so many percent of the lines were refused, or all. The last lines are read."""
        self.rows = self._settled()
        bad = len(self.rejects)
        if bad and (bad == self.read or (bad >= 5 and bad * 100 > percent * self.read)):
            first = min(self.rejects, key=lambda one: one.line)
            raise BadFile(f"has {bad} bad lines of {self.read}, the first is line {first.line}: {first.reason}")

    def page(self, last: bool = False) -> Page:
        """What has come since the last page; of the last one `prove` has made the rows."""
        rows = self.rows if last else self._settled()
        rejects, self.new = tuple(sorted(self.new, key=lambda one: one.line)), []
        sent = self.sent
        if last:
            self.keys.end_file(self.back)
            sure = not self.lost_keys
            if not sure and (sent.full or sent.again):
                self.notes[f"{sent.name} has lines whose key cannot be read: nothing counts as deleted by it"] = None
            sent = replace(sent, full=sent.full and sure, again=sent.again and sure, spared=tuple(self.spared))
        event = self.stream.event_time or self.stream.cursor
        said = [_said(values[event]) if event else None for _, values in rows]
        told = f"{self.sent.at.isoformat()}Z"
        return Page(as_batch(self.stream, rows, sent.name), event_texts=[text or told for text in said], sent=sent,
                    rejects=rejects, notes=tuple(self.notes))  # fmt: skip

    def _refuse(self, row: Row, problem: str) -> None:
        reject = Reject(self.sent.name, row.line, problem, row.text)
        self.rejects.append(reject)
        self.new.append(reject)
        try:
            key = [self.readers[name](row.values.get(name)) for name in self.stream.key_paths]
        except ValueError:
            key = [None]
        if not key or not NO_VALUES.isdisjoint(key) or None in key:
            self.lost_keys = True
        else:
            self.spared.append("-".join(map(str, key)))


def as_batch(stream: Stream, rows: list[tuple[int, dict[str, Any]]], name: str) -> pa.RecordBatch:
    """Rows, each with its line, as exact columns of the contract and where they came from."""
    arrays, fields = [], []
    for column, facts in stream.columns.items():
        array = array_of(tuple(values[column] for _, values in rows), facts.type, facts.scale, stream.zone(column))
        arrays.append(array)
        fields.append(pa.field(column, array.type))
    arrays += [
        pa.array([name] * len(rows), pa.string()),
        pa.array([line for line, _ in rows], pa.int64()),
        pa.array([values[MORE] for _, values in rows], pa.string()),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema([*fields, *ORIGIN]))


def _said(value: Any) -> str | None:
    return value.isoformat() if value is not None else None
