"""Erased people stay erased: which rows a stream may not hold any more, at intake and in what has landed.

Of an erased person only a digest of the record's key is kept. Erasing itself is in erasure.py.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from pipelines.ledger import suppressions
from sources.contract import Contract, Stream
from sources.records import at_path, blanked


def digest(system: str, key: str) -> str:
    """What is kept of an erased record's key: enough to know it again, not to read it back."""
    return hashlib.sha256(f"{system}/{key}".encode()).hexdigest()


@dataclass(frozen=True)
class Suppression:
    """The erased people of one stream's system, as digests of the keys of their own records."""

    system: str
    stream: Stream
    digests: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.digests) and (self.drops or self.stream.about is not None)

    @property
    def drops(self) -> bool:
        """Whether a person's row goes as a whole: it is the person's own, or it cannot be without what is personal."""
        columns = self.stream.columns
        needs = any(columns[name].required or name in self.stream.key_paths for name in self.stream.pii)
        return self.stream.domain == "customers" or (self.stream.about is not None and needs)

    def erased(self, subjects: list[Any]) -> list[bool]:
        """For each key of a person's record, whether that person was erased."""
        return [subject is not None and digest(self.system, str(subject)) in self.digests for subject in subjects]

    def records(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """JSON records about erased people without their personal fields."""
        if not self or self.drops:
            return records
        found = self.erased([at_path(record, self.stream.about) for record in records])
        personal = self.stream.pii
        return [blanked(record, personal) if hit else record for record, hit in zip(records, found, strict=True)]

    def batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """As `records`, for native columns."""
        if not self or self.drops:
            return batch
        hit = pa.array(self.erased(batch[self.stream.about].to_pylist()))
        for name in self.stream.pii:
            place = batch.schema.get_field_index(name)
            if place >= 0:
                field, column = batch.schema.field(place), batch.column(place)
                batch = batch.set_column(place, field, pc.if_else(hit, pa.scalar(None, column.type), column))
        return batch

    def subjects(self, keys: list[str], records: list[dict[str, Any]] | pa.RecordBatch) -> list[Any]:
        """For each row, the key of the person's record that it is about."""
        if self.stream.about is None:
            return keys
        if isinstance(records, pa.RecordBatch):
            return records[self.stream.about].to_pylist()
        return [at_path(record, self.stream.about) for record in records]


def of_stream(engine: sa.Engine, contract: Contract, name: str) -> Suppression:
    """Who of this stream's system has been erased."""
    query = sa.select(suppressions.c.digest).where(suppressions.c.system == contract.system)
    with engine.connect() as connection:
        found = frozenset(connection.execute(query).scalars())
    return Suppression(contract.system, contract.streams[name], found)
