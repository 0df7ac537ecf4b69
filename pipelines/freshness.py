"""How old what we know of each system is, by the time its events happened and never by the time that a job ran.

The SLA stands in the contracts and nowhere else. What follows for publishing is decided in gates.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import sqlalchemy as sa

from pipelines.landing import manifests, stream_folder, systems_landed
from pipelines.ledger import cursors, open_ledger
from pipelines.portfolio import in_force
from pipelines.resources import Settings
from sources.contract import Contract, Sla, Stream
from sources.records import NEVER


@dataclass(frozen=True)
class Watermark:
    """Up to when one stream, or one unit of it such as a store, is known. `at` is naive UTC, None if never.

    basis: `proven`, the end of the last window that was read whole, or `event`, the newest event of the unit.
    """

    system: str
    stream: str
    unit: str | None
    basis: str
    at: datetime | None

    @property
    def place(self) -> str:
        """`pos/S017` for a store, `shopify/customers` for a stream as a whole."""
        return f"{self.system}/{self.unit or self.stream}"


@dataclass(frozen=True)
class Reading:
    """A watermark judged at an instant. state: `fresh`, `late` (beyond sla.warn) or `stale` (beyond sla.fail)."""

    watermark: Watermark
    domain: str
    age: timedelta | None
    sla: Sla
    state: str

    @property
    def sentence(self) -> str:
        """What is known and what was promised: `pos/S017 (prices): newest event 6 h 2 min ago, allowed 1 h`."""
        mark = self.watermark
        what = f"{mark.place} ({mark.stream})" if mark.unit else mark.place
        if self.age is None:
            return f"{what}: never read, allowed {spoken(self.sla.fail)}"
        known = "newest event" if mark.basis == "event" else "read to the end"
        return f"{what}: {known} {spoken(self.age)} ago, allowed {spoken(self.sla.fail)}"


def measure(settings: Settings, contracts: Mapping[str, Contract]) -> list[Watermark]:
    """The watermarks of every stream with an SLA, in the contracts' order, units by name.

    Of the systems in force and of those that have landed anything: a system that is disconnected still has golden rows.

    A stream whose basis is `event` has both kinds: a store is dark when its own events end, and a stream that is no
    longer read is stale however lively its pulse.
    """
    proven = _proven(settings)
    events: dict[tuple[str, str], dict[str, datetime]] = {}
    found = []
    judged = {*in_force(contracts, settings), *systems_landed(settings.landing)}
    for system, contract in contracts.items():
        if system not in judged:
            continue
        for name, stream in contract.streams.items():
            if stream.sla is None:
                continue
            found.append(Watermark(system, name, None, "proven", proven.get((system, name))))
            if stream.freshness.basis == "event":
                pulse = stream.freshness.pulse or name
                if (system, pulse) not in events:
                    events[system, pulse] = newest_events(settings, contract, pulse)
                units = set(events[system, pulse]) | _listed_units(settings, contract, name, stream)
                found += [
                    Watermark(system, name, unit or None, "event", events[system, pulse].get(unit))
                    for unit in sorted(units)
                ]
    return found


def judge(contracts: Mapping[str, Contract], watermarks: list[Watermark], now: datetime) -> list[Reading]:
    """Each watermark's age at `now` against the SLA that its contract states today."""
    instant = now.astimezone(UTC).replace(tzinfo=None)
    readings = []
    for mark in watermarks:
        contract = contracts.get(mark.system)
        stream = contract.streams.get(mark.stream) if contract else None
        if stream is None or stream.sla is None:
            continue
        sla = allowed(contract, stream, mark)
        age = None if mark.at is None else max(instant - mark.at, timedelta(0))
        readings.append(Reading(mark, stream.domain, age, sla, _state(age, sla)))
    return readings


def allowed(contract: Contract, stream: Stream, mark: Watermark) -> Sla:
    """The stream's SLA; for a unit judged by its pulse, no stricter than the pulse's own: shops have quiet minutes."""
    pulse = contract.streams.get(stream.freshness.pulse or "")
    if mark.basis != "event" or pulse is None or pulse.sla is None:
        return stream.sla
    return Sla(warn=max(stream.sla.warn, pulse.sla.warn), fail=max(stream.sla.fail, pulse.sla.fail))


def newest_events(settings: Settings, contract: Contract, stream: str) -> dict[str, datetime]:
    """The newest event per unit of what has landed (key "" for rows without one), naive UTC.

    An event counts as no later than the moment when the source's database took it in, where that is told, and when it
    was read: a clock that runs ahead must not hide darkness, and old data that is landed now stays old.
    """
    files = _files(settings, contract.system, stream)
    if not files:
        return {}
    told = contract.kind == "sql" and contract.streams[stream].clock == "database"
    arrived = f'"{contract.streams[stream].cursor}"' if told else "_extracted_at"
    query = f"""
        select coalesce(_unit, ''), max(least(_event_at, {arrived}, _extracted_at))
        from read_parquet(?, union_by_name = true)
        where not _deleted and _event_at is not null
        group by all
    """
    with duckdb.connect() as connection:
        return dict(connection.execute(query, [files]).fetchall())


def spoken(age: timedelta) -> str:
    """A duration in its two largest units: `6 h 2 min`, `45 s`, `3 d`."""
    seconds = int(age.total_seconds())
    parts = []
    for name, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def _proven(settings: Settings) -> dict[tuple[str, str], datetime]:
    query = sa.select(cursors.c.system, cursors.c.stream, cursors.c.proven_until_at)
    with open_ledger(settings.ledger_url).connect() as connection:
        rows = connection.execute(query.where(cursors.c.proven_until_at > NEVER))
        return {(row.system, row.stream): row.proven_until_at for row in rows}


def _listed_units(settings: Settings, contract: Contract, name: str, stream: Stream) -> set[str]:
    """Units that the system lists or that the stream has rows of: one that never sent a pulse is dark too."""
    by = stream.freshness.by
    listing = [other for other, each in contract.streams.items() if each.domain == "stores" and each.primary_key == by]
    found: set[str] = set()
    for other, column in [(name, "_unit"), *((other, "_source_key") for other in listing)]:
        files = _files(settings, contract.system, other)
        if files:
            query = f"select distinct {column} from read_parquet(?, union_by_name = true) where {column} is not null"
            with duckdb.connect() as connection:
                found |= {row[0] for row in connection.execute(query, [files]).fetchall()}
    return found


def _files(settings: Settings, system: str, stream: str) -> list[str]:
    folder = stream_folder(settings.landing, system, stream)
    return [str(folder / f"{load.load_id}.parquet") for load in manifests(settings.landing, system, stream)]


def _state(age: timedelta | None, sla: Sla) -> str:
    if age is None or age > sla.fail:
        return "stale"
    return "late" if age > sla.warn else "fresh"
