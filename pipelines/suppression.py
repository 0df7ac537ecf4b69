"""Erased people stay erased: which rows a stream may not hold any more, at intake and in what has landed.

Of an erased person only digests are kept: of the records' keys, and of the mailboxes that were the person's alone, by
which rows are known that name no customer, such as a guest's payment. Erasing itself is in erasure.py.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from pipelines.ledger import suppressions
from sources.contract import Contract, Stream
from sources.records import at_path, blanked

ANYWHERE = "*"
"""Stands for the system where a digest is of a mailbox, which is the same in all of them."""
_MAILBOX = re.compile(r"[^\s<>()\[\],;:\"'@]+@[^\s<>()\[\],;:\"'@]+")


def digest(system: str, key: str) -> str:
    """What is kept of an erased record's key: enough to know it again, not to read it back."""
    return hashlib.sha256(f"{system}/{key}".encode()).hexdigest()


def mailboxes(value: Any) -> Iterator[str]:
    """Every e-mail address in the texts of a value, at any depth, in lower case."""
    if isinstance(value, str):
        yield from (found.lower().strip(".") for found in _MAILBOX.findall(value))
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from mailboxes(inner)


@dataclass(frozen=True)
class Suppression:
    """The erased people of one stream's system, as digests of the keys of their own records and of their mailboxes."""

    system: str
    stream: Stream
    digests: frozenset[str] = frozenset()
    mailboxes: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        named = self.stream.domain == "customers" or self.stream.about is not None
        return bool(self.digests) and named or bool(self.mailboxes) and self.has_guests

    @property
    def has_guests(self) -> bool:
        """Whether there may be rows about people who are no customers of the system."""
        return self.stream.domain != "customers" and bool(self.stream.pii)

    @property
    def drops(self) -> bool:
        """Whether a person's row goes as a whole: it is the person's own, or it cannot be without what is personal."""
        columns = self.stream.columns
        needs = any(columns[name].required or name in self.stream.key_paths for name in self.stream.pii)
        return self.stream.domain == "customers" or needs

    def erased(self, keys: list[str], records: list[dict[str, Any]] | pa.RecordBatch) -> list[bool]:
        """For each row, whether it is about somebody erased: whom it names, or a guest by a mailbox that is on it."""
        subjects = self._subjects(keys, records)
        found = [subject is not None and digest(self.system, subject) in self.digests for subject in subjects]
        if self.mailboxes and self.has_guests:
            for place in [place for place, subject in enumerate(subjects) if subject is None]:
                found[place] = any(
                    digest(ANYWHERE, one) in self.mailboxes for one in mailboxes(self._personal(records, place))
                )
        return found

    def records(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """JSON records about erased people without their personal fields."""
        if not self or self.drops:
            return records
        found = self.erased([], records)
        personal = self.stream.pii
        return [blanked(record, personal) if hit else record for record, hit in zip(records, found, strict=True)]

    def batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """As `records`, for native columns."""
        if not self or self.drops:
            return batch
        hit = pa.array(self.erased([], batch), pa.bool_())
        for name in self.stream.pii:
            place = batch.schema.get_field_index(name)
            if place >= 0:
                field, column = batch.schema.field(place), batch.column(place)
                batch = batch.set_column(place, field, pc.if_else(hit, pa.scalar(None, column.type), column))
        return batch

    def _subjects(self, keys: list[str], records: list[dict[str, Any]] | pa.RecordBatch) -> list[str | None]:
        """For each row, the key of the person's record that it is about; some systems number guests 0."""
        if self.stream.domain == "customers":
            return keys
        about = self.stream.about
        if about is None:
            return [None] * len(records)
        if isinstance(records, pa.RecordBatch):
            told = records[about].to_pylist()
        else:
            told = [at_path(record, about) for record in records]
        return [None if one in (None, "", 0, "0") else str(one) for one in told]

    def _personal(self, records: list[dict[str, Any]] | pa.RecordBatch, place: int) -> list[Any]:
        """What is personal on one row."""
        if not isinstance(records, pa.RecordBatch):
            return [at_path(records[place], path) for path in self.stream.pii]
        return [records[name][place].as_py() for name in self.stream.pii if name in records.schema.names]


def of_stream(engine: sa.Engine, contract: Contract, name: str) -> Suppression:
    """Who of this stream's system has been erased, and which mailboxes of people erased anywhere."""
    query = sa.select(suppressions.c.digest).where(suppressions.c.system == sa.bindparam("system"))
    with engine.connect() as connection:
        own, shared = (
            frozenset(connection.execute(query, {"system": system}).scalars()) for system in (contract.system, ANYWHERE)
        )
    return Suppression(contract.system, contract.streams[name], own, shared)
