"""What stand-ins of partners who send files share: the folder beside their state, and how a file comes into it.

What stands in a file is the partner's and stays in each fake.py.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sources.estate.standin import changed, naive
from sources.estate.state import list_objects, open_state, remove


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


def drop(path: Path, name: str, content: bytes, at: datetime, zone: str = "UTC") -> None:
    """Leave a file, whole at once, last changed at `at`; `{stamp}` in its name becomes that time there and a count."""
    folder = folder_of(path)
    when = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    stamp = when.astimezone(ZoneInfo(zone)).strftime("%Y%m%dT%H%M%S")
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


@dataclass(frozen=True)
class Feed:
    """How a partner sends the records of one kind: name of the file, the header of each field, and the spelling.

    `full`: each file holds everything; else only what changed. A name without `{stamp}` is written over each time.
    `harmless`: the field that changes when nobody says which, `above`: what stands over the header,
    `zone`: of the time in the name.
    """

    kind: str
    name: str
    header: dict[str, str]
    full: bool = False
    harmless: str = "note"
    delimiter: str = ";"
    encoding: str = "utf-8"
    above: str = ""
    zone: str = "UTC"
    spell: Callable[[str, Any], Any] = lambda field, value: value

    def content(self, rows: Iterable[dict[str, Any]], without: str | None = None) -> bytes:
        """A file of these records; `without` is a field that the partner forgets."""
        fields = [field for field in self.header if field != without]
        lines = [[self.spell(field, row.get(field)) for field in fields] for row in rows]
        header = [self.header[field] for field in fields]
        if self.name.endswith(".xlsx"):
            return workbook(header, lines)
        return self.above.encode(self.encoding) + table(header, lines, self.delimiter, self.encoding)


def send(path: Path, feed: Feed, at: datetime, keys: Iterable[str] | None = None) -> None:
    """Leave a file of everything, or of the records with the keys."""
    drop(path, feed.name, feed.content(bodies(path, feed.kind, None if feed.full else keys)), at, feed.zone)


def touch(path: Path, feed: Feed, key: str, at: datetime, fields: dict[str, Any]) -> None:
    """Change a record, the given fields or a harmless one, and send it."""
    changed(path, feed.kind, key, naive(at), fields or {feed.harmless: f"changed {at:%d. %H:%M:%S}"})
    send(path, feed, at, [key])


def delete(path: Path, feed: Feed, key: str, at: datetime) -> None:
    """Forget a record; a full file without it follows."""
    with closing(open_state(path)) as connection:
        remove(connection, feed.kind, key, at)
    send(path, feed, at)


def resend(path: Path, feed: Feed, at: datetime, without: str | None) -> None:
    """The file of a moment, without a field, or as it should have been: both under one name."""
    rows = bodies(path, feed.kind)
    stamp = at.astimezone(ZoneInfo(feed.zone)).strftime("%Y%m%dT%H%M%S-999")
    drop(path, feed.name.replace("{stamp}", stamp), feed.content(rows if feed.full else rows[:3], without), at)


def workbook(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """One sheet, as a spreadsheet saves it."""
    from openpyxl import Workbook

    book, saved = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("Sheet1")
    for row in (header, *rows):
        sheet.append(list(row))
    book.save(saved)
    return saved.getvalue()
