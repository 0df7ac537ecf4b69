"""What passes between a connector and the landing: windows asked for, pages received, and how a time is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

_DOTNET = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_EPOCH = datetime(1970, 1, 1)
MORE = "_more"
"""Where columns of a file stay that its contract does not know, as a JSON object."""
ORIGIN = pa.schema([("_file", pa.string()), ("_line", pa.int64()), (MORE, pa.string())])
"""What is known of a record that came in a file, beside its columns."""


@dataclass(frozen=True, slots=True)
class Window:
    """What to read. The kernel has widened both bounds for overlap and exclusive filters: pass them on verbatim.

    `lower` None: everything. Without `max_window` in the contract a connector may ignore `upper`: later records
    are welcome. `cursor`: the last `Page.position` of the run before. `newest`: whether it ends now.
    """

    lower: datetime | None
    upper: datetime
    cursor: Any | None = None
    newest: bool = False

    @property
    def full(self) -> bool:
        """Whether everything is asked for."""
        return self.lower is None


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was read: its name, and when it was sent (naive UTC).

    `full`: it holds everything, so what neither it nor a later file says is gone. `again`: an earlier version of it was
    read; what only that said is gone. `spared`: keys of lines that could not be read; they are not gone.
    """

    name: str
    at: datetime
    full: bool = False
    again: bool = False
    spared: tuple[str, ...] = ()


NEVER = datetime(1970, 1, 1)
"""`Page.settled` of a source that has shown nothing yet."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A line of a file that could not be read: where, why, and the line itself, for the table of rejects alone."""

    file: str
    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """Records as received: JSON objects, or an Arrow batch of native columns.

    `next`: cursor of the following page, None at the end. `total`: how many distinct records the whole window holds,
    if the source says so. `position`: opaque state for the next run's `Window.cursor`. `event_texts`: when each record
    changed, in the source's own words, where the record itself does not say so. `settled`: up to when the source's data
    is complete, where it says that it lags behind. `sent`: the file that the records are from, `rejects`: its lines
    that are no records, `notes`: what an operator should hear.
    """

    records: list[dict[str, Any]] | pa.RecordBatch
    next: Any | None = None
    total: int | None = None
    position: Any | None = None
    event_texts: list[str | None] | None = None
    settled: datetime | None = None
    sent: Sent | None = None
    rejects: tuple[Reject, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.records.num_rows if isinstance(self.records, pa.RecordBatch) else len(self.records)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A record that is gone at its source; `merged_into` is the key of the record that took it up."""

    key: str
    event_text: str | None = None
    merged_into: str | None = None


def at_path(record: Any, path: str) -> Any:
    """The value at a dotted path, or None where a step is missing.

    In a list a number is a place, and `rel=next` the first entry that says so.
    """
    for step in path.split("."):
        if isinstance(record, dict):
            record = record.get(step)
        elif isinstance(record, list) and step.isdigit() and int(step) < len(record):
            record = record[int(step)]
        elif isinstance(record, list) and "=" in step:
            name, _, value = step.partition("=")
            record = next((one for one in record if isinstance(one, dict) and one.get(name) == value), None)
        else:
            return None
    return record


def blanked(record: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """The record with null at each dotted path that it has; it is itself left as it was."""
    for path in paths:
        step, _, rest = path.partition(".")
        if not rest:
            record = record | {step: None}
        elif isinstance(record.get(step), dict):
            record = record | {step: blanked(record[step], [rest])}
    return record


def key_text(record: Any, paths: list[str]) -> str:
    """What names a record: the values at the paths of its primary key, joined with a dash."""
    if len(paths) == 1:
        return str(at_path(record, paths[0]))
    return "-".join(str(at_path(record, path)) for path in paths)


def key_texts(records: list[dict[str, Any]], paths: list[str]) -> list[str]:
    """What names each of the records, as `key_text` says it."""
    if len(paths) == 1 and "." not in paths[0]:
        return [str(record.get(paths[0])) for record in records]
    return [key_text(record, paths) for record in records]


def to_utc(value: Any, zone: str = "UTC") -> datetime | None:
    """Any source's time as naive UTC, microseconds; None for null or unreadable.

    Takes datetimes, ISO texts with `Z`, offset or none (then local to `zone`), `/Date(ms)/`, dates, and epoch numbers
    in seconds, milliseconds, microseconds or nanoseconds. In the hour that clocks repeat, the first pass is meant.
    """
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        if isinstance(value, str):
            found = _DOTNET.fullmatch(value) if value[0] == "/" else None
            value = int(found[1]) / 1000 if found else _from_text(value)
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)
        if not isinstance(value, datetime):
            return _from_epoch(value)
        if value.tzinfo is None:
            if zone == "UTC":
                return value
            value = value.replace(tzinfo=ZoneInfo(zone))
        return (value if value.tzinfo is UTC else value.astimezone(UTC)).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def _from_text(text: str) -> datetime | float:
    if text[4:5] == "-" and text[10:11] in ("T", " ", ""):
        return datetime.fromisoformat(text.rstrip())
    text = text.strip()
    return float(text) if re.fullmatch(r"-?\d{9,}(\.\d+)?", text) else datetime.fromisoformat(text)


def _from_epoch(number: float) -> datetime:
    size = abs(number)
    micros = number * 1_000_000
    for limit, factor in ((1e17, 0.001), (1e14, 1), (1e11, 1_000)):
        if size >= limit:
            micros = number * factor
            break
    return _EPOCH + timedelta(microseconds=round(micros))
