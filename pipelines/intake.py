"""Turns pages as received into rows with their envelope: checks the contract, masks card numbers, drops the unchanged.

One Intake serves one run of one stream. It reads and writes nothing; pages that break the contract raise Broken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.known_keys import KnownKeys
from pipelines.landing import ENVELOPE, PAYLOAD
from pipelines.sent_files import SentFiles
from pipelines.suppression import Suppression
from sources.card_numbers import mask_card_numbers, mask_text, may_hold_card_number
from sources.contract import Contract, Stream
from sources.records import ORIGIN, Page, Sent, Tombstone, at_path, key_texts, to_utc

_LOUD = 20
_NEVER = "never landed"
_ABSENT = object()
_ACCEPTED: dict[str, set[type]] = {
    "string": {str},
    "integer": {int},
    "decimal": {str, int, float, Decimal},
    "boolean": {bool},
    "timestamp": {str, int, float},
    "date": {str},
}
_CARD_LIKE = r"[0-9][0-9 -]{11,}[0-9]"


class Broken(ValueError):
    """A page does not keep the contract. `raw` is the page as rows for quarantine."""

    def __init__(self, problem: str, raw: pa.Table) -> None:
        super().__init__(problem)
        self.raw = raw


@dataclass
class Intake:
    """`known`: the last landed hash per key, None where the last word was a tombstone; kept up to date here.

    `seen` are the keys that came in this run, `here` those of the window being read; neither without `track`. `files`:
    what files of this run said so far. `twice`: ids with several contents of one time in one answer.
    """

    contract: Contract
    stream_name: str
    load_id: str
    known: dict[str, str | None] | KnownKeys
    track: bool = True
    suppression: Suppression | None = None
    seen: set[str] = field(default_factory=set)
    here: set[str] = field(default_factory=set)
    received: int = 0
    warnings: dict[str, None] = field(default_factory=dict)
    shape: dict[str, str] = field(default_factory=dict)
    merged: list[Tombstone] = field(default_factory=list)
    twice: dict[str, None] = field(default_factory=dict)
    files: SentFiles | None = None

    @property
    def stream(self) -> Stream:
        return self.contract.streams[self.stream_name]

    def rows(self, page: Page, at: datetime) -> pa.RecordBatch:
        """The rows of a page that are new or changed. Broken if the page breaks the contract."""
        if isinstance(page.records, pa.RecordBatch):
            return self._native_rows(page, at)
        return self._json_rows(page.records, page.event_texts, at)

    def tombstones(self, gone: Iterable[Tombstone], at: datetime, schema: pa.Schema) -> pa.RecordBatch:
        """A row of nulls for each key that is not yet known to be gone."""
        new = {tomb.key: tomb for tomb in gone if self.known.get(tomb.key, None) is not None}
        self.known.update(dict.fromkeys(new))
        events = [to_utc(tomb.event_text, self.stream.timezone) or at for tomb in new.values()]
        if self.contract.kind == "files" and self.files:
            events = [self.files.after(key, event, at) for key, event in zip(new, events, strict=True)]
        texts = [tomb.event_text for tomb in new.values()]
        empty = [None] * len(new)
        batch = self._envelope(list(new), empty, events, texts, empty, [True] * len(new), at)
        own = [pa.nulls(len(new), one.type) for one in schema if one.name not in ENVELOPE.names]
        merges = [
            orjson.dumps({"merged_into": t.merged_into}).decode() if t.merged_into else None for t in new.values()
        ]
        if any(merges) and schema.names[-1] == PAYLOAD.name:
            own[-1] = pa.array(merges, pa.string())
        return pa.RecordBatch.from_arrays([*batch, *own], schema=schema)

    @property
    def alive(self) -> int:
        """How many records are there as far as is known."""
        if isinstance(self.known, KnownKeys):
            return self.known.alive()
        return sum(digest is not None for digest in self.known.values())

    @property
    def told(self) -> tuple[str, ...]:
        """What to say of the run: its warnings, and the ids that answers contradict themselves about."""
        if not self.twice:
            return tuple(self.warnings)
        ids = ", ".join([*self.twice][:_LOUD]) + (", …" if len(self.twice) > _LOUD else "")
        came = f"{len(self.twice):,} ids came twice in one answer with different content and one time"
        return (*self.warnings, f"{came}, so that either may count: {ids}; have the source say which is right")

    def _note_twice(self, keys: list[str], hashes: list[str | None], events: list[Any]) -> None:
        """Remember the ids with several contents of one time; a file's second row of an id is a reject already."""
        if len(set(keys)) < len(keys):
            first: dict[tuple, str | None] = {}
            for key, digest, event in zip(keys, hashes, events, strict=True):
                if first.setdefault((key, event), digest) != digest:
                    self.twice[key] = None

    def take_merged(self) -> list[Tombstone]:
        """The records that others took up, by the contract's merge_field, since this was last asked."""
        found, self.merged = self.merged, []
        return found

    def _note_merges(self, records: list[dict[str, Any]], keys: list[str], picked: list[int]) -> None:
        for i in picked:
            old = at_path(records[i], self.stream.merge_field) or []
            old = old.split(";") if isinstance(old, str) else old
            self.merged += [Tombstone(str(key), None, keys[i]) for key in old if str(key) != keys[i]]

    def masked(self, raw: pa.Table) -> pa.Table:
        """Raw rows fit for quarantine: without card numbers."""
        for place, one in enumerate(raw.schema):
            if one.type == pa.string() and one.name not in self._identifiers():
                texts = [text and mask_text(text) for text in raw.column(place).to_pylist()]
                raw = raw.set_column(place, one, pa.array(texts, pa.string()))
        return raw

    def raw_answer(self, answer: Any) -> pa.Table:
        """An answer that no connector understood, as one row for quarantine; none if there was none."""
        masked = [mask_card_numbers({"answer": answer})[0]["answer"]] if answer is not None else []
        return pa.table(
            {PAYLOAD.name: pa.array([orjson.dumps(one, _fraction).decode() for one in masked], pa.string())}
        )

    def _json_rows(self, records: list[dict[str, Any]], said: list[str | None] | None, at: datetime) -> pa.RecordBatch:
        stream = self.stream
        if self.suppression:
            records = self.suppression.records(records)
        self._drop_card_columns(records)
        texts = [canonical(record) for record in records]
        if may_hold_card_number(b"\n".join(texts)):
            records = [
                self._masked(record) if may_hold_card_number(text) else record
                for record, text in zip(records, texts, strict=True)
            ]
            texts = [canonical(record) for record in records]
        problems = self._breaches(records)
        if problems:
            raise Broken("; ".join(problems), self._raw(texts, at))
        keys = key_texts(records, stream.key_paths)
        gone = _deletion_test(stream)
        deleted = [gone(record) for record in records] if gone else [False] * len(records)
        hashes = [None if dead else hashlib.sha256(text).hexdigest() for text, dead in zip(texts, deleted, strict=True)]
        picked = self._news(keys, hashes, self._erased(keys, records))
        units = _values(records, stream.freshness.by) if stream.freshness.by else [None] * len(records)
        event_path = stream.event_time or stream.cursor
        events = said or (_values(records, event_path) if event_path else [None] * len(records))
        zone = stream.zone(event_path)
        self._note_twice(*([column[i] for i in picked] for column in (keys, hashes, events)))
        envelope = self._envelope(
            [keys[i] for i in picked],
            [units[i] for i in picked],
            _instants([events[i] for i in picked], zone),
            [_as_text(events[i]) for i in picked],
            [hashes[i] for i in picked],
            [deleted[i] for i in picked],
            at,
        )
        if stream.merge_field:
            self._note_merges(records, keys, picked)
        payload = pa.array([None if deleted[i] else texts[i].decode() for i in picked], pa.string())
        return pa.RecordBatch.from_arrays([*envelope, payload], schema=pa.schema([*ENVELOPE, PAYLOAD]))

    def _native_rows(self, page: Page, at: datetime) -> pa.RecordBatch:
        stream, batch, said = self.stream, page.records, page.event_texts
        if self.suppression:
            batch = self.suppression.batch(batch)
        batch = self._masked_columns(batch)
        self.shape.update({one.name: str(one.type) for one in batch.schema})
        for name in [name for name in batch.schema.names if name not in {*stream.columns, *ORIGIN.names}]:
            self.warnings[f"new column {name}: kept, class unknown; add it to contract.yml"] = None
        parts = [batch[name].cast(pa.string()) for name in stream.key_paths]
        keys = (parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, "-")).to_pylist()
        content = [batch[name].cast(pa.string()) for name in batch.schema.names if name not in ("_file", "_line")]
        texts = [pc.fill_null(pc.replace_substring(one, "\x1f", " "), "\x00") for one in content]
        lines = pc.binary_join_element_wise(*texts, "\x1f").to_pylist()
        gone = pc.fill_null(_deleted_column(stream, batch), False)
        deleted = gone.to_pylist()
        hashes = [
            None if dead else hashlib.sha256(line.encode()).hexdigest()
            for line, dead in zip(lines, deleted, strict=True)
        ]
        picked = pa.array(self._news(keys, hashes, self._erased(keys, batch), page.sent), pa.int64())
        batch, chosen = batch.take(picked), picked.to_pylist()
        event = stream.event_time or stream.cursor
        own = batch[event].to_pylist() if event else [None] * len(chosen)
        told = [said[i] for i in chosen] if said else [_as_text(value) for value in own]
        self._note_twice([keys[i] for i in chosen], [hashes[i] for i in chosen], told)
        units = (
            batch[stream.freshness.by].cast(pa.string()).to_pylist() if stream.freshness.by else [None] * len(chosen)
        )
        envelope = self._envelope(
            [keys[i] for i in chosen],
            units,
            *self._dated(own, told, page.sent, [keys[i] for i in chosen], at),
            [hashes[i] for i in chosen],
            [deleted[i] for i in chosen],
            at,
        )
        live = pc.invert(gone.take(picked))
        own = [pc.if_else(live, column, pa.scalar(None, column.type)) for column in batch.columns]
        return pa.RecordBatch.from_arrays([*envelope, *own], schema=pa.schema([*ENVELOPE, *batch.schema]))

    def _dated(
        self, own: list[Any], told: list[str | None], sent: Sent | None, keys: list[str], at: datetime
    ) -> tuple[list[datetime | None], list[str | None]]:
        """Event times and their texts; of a file's rows none before the version that it supersedes."""
        zone = self.stream.zone(self.stream.event_time or self.stream.cursor)
        times = [_instant(value, text, zone) for value, text in zip(own, told, strict=True)]
        if sent and self.files:
            later = [self.files.after(key, time, at) for key, time in zip(keys, times, strict=True)]
            told = [
                text if new == old else f"{new.isoformat()}Z" for text, new, old in zip(told, later, times, strict=True)
            ]
            times = later
        return times, told

    def _erased(self, keys: list[str], records: list[dict[str, Any]] | pa.RecordBatch) -> list[bool] | None:
        """Which rows may not land, because whoever they belong to was erased; None if that is nobody."""
        if not self.suppression or not self.suppression.drops:
            return None
        return self.suppression.erased(keys, records)

    def _news(
        self, keys: list[str], hashes: list[str | None], erased: list[bool] | None = None, sent: Sent | None = None
    ) -> list[int]:
        """Positions of the rows that differ from what landed last; they count as landed from now on."""
        self.received += len(keys)
        if isinstance(self.known, KnownKeys):
            self.known.turn(keys)
        if sent and self.files:
            self.files.note(sent, keys)
        if self.track:
            self.seen.update(keys)
            self.here.update(keys)
        elif not self.known and not erased and not sent:
            return list(range(len(keys)))
        picked = []
        for position, (key, digest) in enumerate(zip(keys, hashes, strict=True)):
            if self.known.get(key, _NEVER) != digest and not (erased and erased[position]):
                picked.append(position)
                self.known[key] = digest
        return picked

    def _envelope(self, keys, units, events, texts, hashes, deleted, at) -> list[pa.Array]:
        count = len(keys)
        return [
            pa.repeat(pa.scalar(self.contract.system), count),
            pa.repeat(pa.scalar(self.stream_name), count),
            pa.array(keys, pa.string()),
            pa.array(units, pa.string()),
            events if isinstance(events, pa.Array) else pa.array(events, pa.timestamp("us")),
            pa.array(texts, pa.string()),
            pa.repeat(pa.scalar(at, pa.timestamp("us")), count),
            pa.repeat(pa.scalar(self.load_id), count),
            pa.array(hashes, pa.string()),
            pa.array(deleted, pa.bool_()),
        ]

    def _raw(self, texts: list[bytes], at: datetime) -> pa.Table:
        empty = [None] * len(texts)
        envelope = self._envelope(empty, empty, empty, empty, empty, [False] * len(texts), at)
        payload = pa.array([text.decode() for text in texts], pa.string())
        return pa.Table.from_arrays([*envelope, payload], schema=pa.schema([*ENVELOPE, PAYLOAD]))

    def _breaches(self, records: list[dict[str, Any]]) -> list[str]:
        """What breaks the contract on this page; what merely differs becomes a warning."""
        if any(type(record) is not dict for record in records):
            return ["a record is not an object"]
        problems = []
        for name, column in self.stream.columns.items():
            kinds = _kinds(records, name)
            absent, null = object in kinds, type(None) in kinds
            found = kinds - {object, type(None)}
            if self.contract.kind == "odoo" and column.type != "boolean" and bool in found:
                # Odoo says false where others say null.
                null, found = True, found - {bool} if True not in _values(records, name) else found
            wrong = found - _ACCEPTED.get(column.type, found)
            must = column.required or name in self.stream.key_paths
            if wrong:
                kinds_found = ", ".join(sorted(kind.__name__ for kind in wrong))
                problems.append(f"field {name} should be {column.type} but came as {kinds_found}")
            elif must and (absent or null):
                problems.append(f"required field {name} is {'missing' if absent else 'null'}")
            elif name in self.stream.key_paths and "" in _values(records, name):
                problems.append(f"required field {name} is empty")
            if column.enum and found == {str} and set(_values(records, name)) - {None, *column.enum}:
                self.warnings[f"field {name} holds a value outside its enum"] = None
            self.shape[name] = "/".join(sorted({kind.__name__ for kind in found} | set(self._earlier(name))))
        known = {name.split(".")[0] for name in self.stream.columns}
        for name in sorted(set().union(*records) - known):
            self.warnings[f"new field {name}: kept; add it to contract.yml to check and classify it"] = None
            self.shape.setdefault(name, "?")
        return problems

    def _earlier(self, name: str) -> list[str]:
        return [kind for kind in self.shape.get(name, "").split("/") if kind]

    def _identifiers(self) -> frozenset[str]:
        public = {name for name, column in self.stream.columns.items() if column.sensitivity == "public"}
        return frozenset(public | set(self.stream.key_paths))

    def _card_columns(self) -> list[str]:
        return [name for name, column in self.stream.columns.items() if column.sensitivity == "pci"]

    def _drop_card_columns(self, records: list[dict[str, Any]]) -> None:
        for name in self._card_columns():
            for record in records:
                if record.get(name) is not None:
                    record[name] = None
                    self.warnings[f"field {name} is of class pci: never landed"] = None

    def _masked(self, record: dict[str, Any]) -> dict[str, Any]:
        clean, where = mask_card_numbers(record, self._identifiers(), frozenset(self.stream.pii))
        for path in where:
            self._card_warning(path)
        return clean

    def _masked_columns(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        keep, personal = self._identifiers(), self.stream.pii
        for place, one in enumerate(batch.schema):
            column = batch.column(place)
            if one.name in self._card_columns():
                batch = batch.set_column(place, one, pa.nulls(len(column), one.type))
                self.warnings[f"field {one.name} is of class pci: never landed"] = None
            if one.type != pa.string() or one.name in keep:
                continue
            if not pc.any(pc.match_substring_regex(column, _CARD_LIKE)).as_py():
                continue
            masked = [text and mask_text(text, one.name in personal) for text in column.to_pylist()]
            clean = pa.array(masked, pa.string())
            if not clean.equals(column):
                self._card_warning(one.name)
                batch = batch.set_column(place, one, clean)
        return batch

    def _card_warning(self, path: str) -> None:
        self.warnings[f"field {path} held a card number: masked, never landed; remove it at the source"] = None


def _values(records: list[dict[str, Any]], path: str) -> list[Any]:
    if "." in path:
        return [at_path(record, path) for record in records]
    return [record.get(path) for record in records]


def _kinds(records: list[dict[str, Any]], path: str) -> set[type]:
    """The types found at a path; `object` stands for a key that is not there."""
    if "." in path:
        return {type(at_path(record, path)) for record in records}
    try:
        return set(map(type, map(itemgetter(path), records)))
    except KeyError:
        return {type(record.get(path, _ABSENT)) for record in records}


def canonical(record: dict[str, Any]) -> bytes:
    """JSON with its keys in order, so that equal content has an equal hash; numbers as they came."""
    return orjson.dumps(record, _fraction, orjson.OPT_SORT_KEYS)


def _instants(events: list[Any], zone: str) -> pa.Array | list[datetime | None]:
    """Event times in UTC; Arrow reads texts with an offset at once, all else goes one by one."""
    try:
        return pa.array(events, pa.string()).cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return [to_utc(event, zone) for event in events]


def _deletion_test(stream: Stream) -> Callable[[dict[str, Any]], bool] | None:
    """`field` (truthy means gone), `!field` (falsy means gone) or `field=value`."""
    flag = stream.delete_flag
    if not flag:
        return None
    if flag.startswith("!"):
        return lambda record: not at_path(record, flag[1:])
    if "=" in flag:
        path, _, value = flag.partition("=")
        return lambda record: str(at_path(record, path)) == value
    return lambda record: bool(at_path(record, flag))


def _deleted_column(stream: Stream, batch: pa.RecordBatch) -> pa.Array:
    test = _deletion_test(stream)
    if test is None:
        return pa.repeat(pa.scalar(False), batch.num_rows)
    name = (stream.delete_flag or "").lstrip("!").partition("=")[0]
    return pa.array([test({name: value}) for value in batch[name].to_pylist()], pa.bool_())


def _instant(value: Any, text: str | None, zone: str) -> datetime | None:
    """A native event time, already UTC, or a day or none, for which the text speaks."""
    return value if isinstance(value, datetime) else to_utc(text, zone)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _fraction(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} is not JSON")
