"""Where each stream stands: its cursor in the ledger, and the windows that it reads next. Reads and lands nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.landing import manifests
from pipelines.ledger import cursors
from sources.contract import Stream
from sources.records import Window


@dataclass(frozen=True)
class State:
    """Where a stream stands. `proven_until` is naive UTC."""

    proven_until: datetime | None = None
    position: Any = None
    swept_at: datetime | None = None
    landed: bool = False
    load_id: str | None = None


def read_state(engine: sa.Engine, landing: Path, system: str, stream: str) -> State:
    """Where the stream stands, by the ledger; a load that landed just before a kill is adopted first."""
    landed = manifests(landing, system, stream)
    with engine.connect() as connection:
        row = connection.execute(_where(sa.select(cursors), system, stream)).one_or_none()
    if landed and (row is None or row.load_id < landed[-1].load_id):
        last = landed[-1]
        swept = datetime.fromisoformat(last.proven_until) if last.full else None
        state = State(datetime.fromisoformat(last.proven_until), last.position, swept, True, last.load_id)
        commit_cursor(engine, system, stream, last.load_id, state, datetime.fromisoformat(last.extracted_at))
        return state
    if row is None:
        return State()
    value = json.loads(row.value)
    if value["landed"] and not landed:
        return State(load_id=row.load_id)
    swept = datetime.fromisoformat(value["swept_at"]) if value["swept_at"] else None
    return State(row.proven_until_at, value["position"], swept, value["landed"], row.load_id)


def commit_cursor(engine: sa.Engine, system: str, stream: str, load_id: str, state: State, at: datetime) -> None:
    """Move the stream's cursor; it never goes back to an earlier load."""
    value = {
        "position": state.position,
        "swept_at": state.swept_at.isoformat() if state.swept_at else None,
        "landed": state.landed,
    }
    row = {
        "value": json.dumps(value),
        "proven_until_at": state.proven_until,
        "load_id": load_id,
        "committed_at": at,
    }
    with engine.begin() as connection:
        earlier = connection.execute(_where(sa.select(cursors.c.load_id), system, stream)).scalar_one_or_none()
        if earlier is None:
            connection.execute(sa.insert(cursors).values(system=system, stream=stream, **row))
        elif earlier <= load_id:
            connection.execute(_where(sa.update(cursors), system, stream).values(**row))


def next_windows(stream: Stream, state: State, now: datetime, full: bool = False) -> list[Window]:
    """The windows to read, oldest first; adjoining ones share their edge so that no instant falls between.

    One window without a lower bound when everything must be read: the first time, without a cursor field, on demand,
    or after an outage longer than the source's horizon. No edge between them is nearer to now than the source allows.
    """
    upper = now.astimezone(UTC)
    beyond = stream.horizon and state.proven_until and upper.replace(tzinfo=None) - state.proven_until > stream.horizon
    lower = None
    if not (full or beyond or state.proven_until is None or stream.cursor is None):
        lower = state.proven_until.replace(tzinfo=UTC) - stream.overlap
    elif stream.max_window and stream.horizon:
        lower = upper - stream.horizon
    if lower is None or not stream.max_window:
        edges = [lower, upper]
    else:
        edges = [min(lower, upper)]
        while len(edges) == 1 or edges[-1] < upper:
            edges.append(min(edges[-1] + stream.max_window, upper))
        if stream.request and len(edges) > 2 and upper - edges[-2] <= stream.request.behind:
            del edges[-2]
    before = timedelta(0) if stream.lower_inclusive else stream.resolution
    after = timedelta(0) if stream.upper_inclusive else stream.resolution
    return [
        Window(start and start - before, end + after, None if full else state.position, end == upper)
        for start, end in zip(edges, edges[1:], strict=False)
    ]


def proven_until(
    stream: Stream, state: State, now: datetime, heard: datetime | None, settled: datetime | None
) -> datetime:
    """Up to when a run that ended well has read everything, naive UTC; never before what was proven earlier.

    `heard`: the source's own clock when it first answered, where it tells; `settled`: how far it says itself.
    """
    proven = now.astimezone(UTC).replace(tzinfo=None)
    if heard and stream.clock != "client":
        proven = min(proven, heard.astimezone(UTC).replace(tzinfo=None))
    proven = min(proven - stream.settle_lag, settled or proven)
    return max(proven, state.proven_until or proven)


def _where(statement: Any, system: str, stream: str) -> Any:
    return statement.where(cursors.c.system == system, cursors.c.stream == stream)
