"""How old each stream is, by the time that its events happened: per system, stream and unit (a store).

The SLA is stated once, in the stream's contract. Dagster's policies, the publish gate and `assay freshness` read
it through this module; dbt's source freshness is written from the same contract.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import sqlalchemy as sa

from pipelines.landing import stream_folder
from pipelines.ledger import cursors, open_ledger
from pipelines.resources import Settings
from sources.contract import Contract, Stream

CLOCK_SKEW = timedelta(minutes=2)
"""How far ahead of ours a source's clock may run before its events no longer count as proof of life."""


@dataclass(frozen=True)
class Age:
    """How fresh one unit of one stream is. `newest_at` is naive UTC, None if nothing ever came."""

    system: str
    stream: str
    domain: str
    unit: str | None
    newest_at: datetime | None
    age: timedelta | None
    warn: timedelta
    fail: timedelta
    on_stale: str

    @property
    def state(self) -> str:
        """`fresh`, `late` (warn) or `stale` (fail)."""
        if self.age is None or self.age > self.fail:
            return "stale"
        return "late" if self.age > self.warn else "fresh"

    @property
    def name(self) -> str:
        """`pos/S017`: what a row rests on, as the publish models state it."""
        return f"{self.system}/{self.unit}" if self.unit else self.system

    def __str__(self) -> str:
        age = f"newest event {spell(self.age)} old" if self.age is not None else "nothing has ever come"
        return f"{self.name} ({self.stream}) is {self.state}: {age}, allowed {spell(self.fail)}"


def ages(settings: Settings, contracts: Mapping[str, Contract], now: datetime) -> list[Age]:
    """The age of every stream that states an SLA, per unit where its contract says so. `now` is aware."""
    found = []
    at = now.astimezone(UTC).replace(tzinfo=None)
    proven = _proven(settings)
    events: dict[tuple[str, str], dict[str, datetime]] = {}
    for contract in contracts.values():
        for name, stream in contract.streams.items():
            if stream.sla is None:
                continue
            for unit, newest in _watermarks(settings.landing, contract, name, stream, at, proven, events):
                age = max(at - newest, timedelta(0)) if newest else None
                found.append(
                    Age(
                        contract.system,
                        name,
                        stream.domain,
                        unit,
                        newest,
                        age,
                        stream.sla.warn,
                        stream.sla.fail,
                        stream.freshness.on_stale,
                    )
                )
    return found


def policy(stream: Stream) -> dg.FreshnessPolicy | None:
    """Dagster's policy for a stream: the same SLA, which Dagster holds against the last materialisation."""
    if stream.sla is None:
        return None
    floor = timedelta(seconds=60)
    fail, warn = max(stream.sla.fail, floor), max(stream.sla.warn, floor)
    return dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn if warn < fail else None)


def spell(age: timedelta) -> str:
    """`2 d 3 h`, `6 h 5 min` or `40 s`."""
    seconds = int(age.total_seconds())
    for size, unit, smaller, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size} {unit}" + (f" {rest} {small}" if rest else "")
    return f"{seconds} s"


def _watermarks(
    landing: Path,
    contract: Contract,
    name: str,
    stream: Stream,
    at: datetime,
    proven: Mapping[tuple[str, str], datetime],
    events: dict[tuple[str, str], dict[str, datetime]],
) -> Iterator[tuple[str | None, datetime | None]]:
    if stream.freshness.basis == "proven":
        yield None, proven.get((contract.system, name))
        return
    pulse = stream.freshness.pulse or name
    key = (contract.system, pulse)
    if key not in events:
        events[key] = _newest_events(stream_folder(landing, *key), at + CLOCK_SKEW)
    if stream.freshness.by is None:
        yield None, max(filter(None, events[key].values()), default=None)
        return
    units = {unit for unit in events[key] if unit} | _units(stream_folder(landing, contract.system, name))
    if not units:
        yield None, None
    for unit in sorted(units):
        yield unit, events[key].get(unit)


def _proven(settings: Settings) -> dict[tuple[str, str], datetime]:
    with open_ledger(settings.ledger_url).connect() as connection:
        rows = connection.execute(sa.select(cursors.c.system, cursors.c.stream, cursors.c.proven_until_at)).all()
    return {(system, stream): at for system, stream, at in rows if at}


def _newest_events(folder: Path, until: datetime) -> dict[str, datetime]:
    """The newest event that can be believed, per unit; an event from the future proves nothing."""
    query = f"""
        select _unit, max(_event_at) filter (where _event_at <= $until)
        from read_parquet('{folder}/*.parquet', union_by_name = true)
        where not _deleted group by all
    """
    return _query(folder, query, {"until": until})


def _units(folder: Path) -> set[str]:
    query = f"""
        select distinct _unit, _unit from read_parquet('{folder}/*.parquet', union_by_name = true)
        where _unit is not null
    """
    return set(_query(folder, query, {}))


def _query(folder: Path, query: str, values: dict) -> dict:
    if not any(folder.glob("*.parquet")):
        return {}
    with duckdb.connect() as connection:
        return dict(connection.execute(query, values).fetchall())
