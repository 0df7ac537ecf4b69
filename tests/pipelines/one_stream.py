"""A stream of one system in memory, and what an extraction of it landed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import duckdb
import sqlalchemy as sa

from pipelines.extract import extract_stream
from pipelines.ledger import cursors, open_ledger
from sources.contract import Contract
from sources.records import Page

NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)
AT = NOW.replace(tzinfo=None)
COLUMNS = {
    "id": {"type": "string", "required": True},
    "name": {"type": "string", "class": "pii"},
    "size": {"type": "integer", "enum": None},
    "updated": {"type": "timestamp"},
}


def contract(kind="rest", **settings):
    stream = {"description": "Things.", "domain": "reference", "cursor": "updated", "columns": COLUMNS, **settings}
    base = {"system": "acme", "kind": kind, "description": "A shop.", "owner": "us", "endpoint": "env:ACME"}
    return Contract.model_validate({**base, "streams": {"things": stream}})


class Shelf:
    """A source in memory: `records` by id, changed by `put` and `drop`; remembers the windows it was asked for."""

    def __init__(self, *names, size=2):
        self.records, self.windows, self.size, self.gone = {}, [], size, []
        for number, name in enumerate(names, 1):
            self.put(str(number), name)

    def put(self, key, name, at=NOW - timedelta(days=1), **more):
        self.records[key] = {"id": key, "name": name, "size": 1, "updated": at.isoformat(), **more}

    def things(self, client, stream, window):
        self.windows.append(window)
        inside = [one for one in self.records.values() if self._within(one, window)]
        for start in range(0, len(inside), self.size):
            yield Page([dict(one) for one in inside[start : start + self.size]], total=len(inside))

    def _within(self, record, window):
        return window.full or datetime.fromisoformat(record["updated"]) >= window.lower

    def keys(self, client, stream):
        yield list(self.records)


def run(settings, shelf, promised=None, now=NOW, **more):
    """Extract the shelf's one stream; `promised` is its contract."""
    connector = shelf if isinstance(shelf, SimpleNamespace) else SimpleNamespace(**_parts(shelf))
    return extract_stream(promised or contract(), "things", settings, now, None, client=object(),
                          connector=connector, **more)  # fmt: skip


def _parts(shelf):
    return {name: getattr(shelf, name) for name in ("things", "keys", "deleted", "probe") if hasattr(shelf, name)}


def landed(settings):
    """Every landed row as (key, deleted, payload), oldest first."""
    glob = f"{settings.landing}/acme/things/*.parquet"
    rows = duckdb.sql(f"select _source_key, _deleted, _payload from read_parquet('{glob}') order by _extracted_at, 1")
    return [(key, deleted, payload and json.loads(payload)) for key, deleted, payload in rows.fetchall()]


def names(settings):
    """The latest name of each live key."""
    latest = {key: (deleted, payload) for key, deleted, payload in landed(settings)}
    return {key: payload["name"] for key, (deleted, payload) in latest.items() if not deleted}


def cursor(settings):
    with open_ledger(settings.ledger_url).connect() as connection:
        return connection.execute(sa.select(cursors)).one_or_none()
