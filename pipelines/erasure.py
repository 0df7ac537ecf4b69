"""Erase a person: their rows leave the landing, quarantine, ledger and everything built, and do not come back.

The only code that rewrites a load. Orders and payments stay, without their personal fields; what stands in Odoo itself
is named, and goes by a plan that people approve (publish/erase.py).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from pipelines import audit, ledger, trained
from pipelines.intake import canonical
from pipelines.landing import PAYLOAD, QUARANTINE, REJECTED, manifests, rewrite, stream_folder, stream_lock
from pipelines.resources import Settings
from pipelines.suppression import ANYWHERE, Suppression, digest, mailboxes, of_stream
from pipelines.trying import sweep
from sources.contract import Contract
from sources.records import at_path, blanked

SHORTEST = 6
SIDES = ("before", "after")


class NotErasable(LookupError):
    """There is nobody to erase by that name; the message says what was looked for."""


@dataclass
class Erasure:
    """What was done: rows by `system/stream`, values of the ledger, and what is left for a person to do."""

    records: list[str]
    dropped: dict[str, int] = field(default_factory=dict)
    redacted: dict[str, int] = field(default_factory=dict)
    quarantined: int = 0
    ledger_values: int = 0
    shared_mailboxes: int = 0
    in_odoo: list[str] = field(default_factory=list)


def members_of(settings: Settings, contracts: Mapping[str, Contract], name: str) -> list[str]:
    """The record ids behind a golden customer id, or the one that `name` is. Raises NotErasable."""
    name = name.strip()
    if ":" in name:
        _refuse_unknown_system(contracts, name)
        return [name]
    name = name.upper()
    table = ledger.id_members.c
    query = sa.select(table.record_id).where(table.domain == "customers", table.golden_id == name)
    with ledger.open_ledger(settings.ledger_url).connect() as connection:
        found = sorted(connection.execute(query).scalars())
    if not found:
        raise NotErasable(f"no record belongs to {name}; name a golden customer id or a record such as shopify:123")
    return found


def erase(
    settings: Settings, contracts: Mapping[str, Contract], records: Iterable[str], basis: str, actor: str, at: datetime
) -> Erasure:
    """Take the people behind customer `records` (`system:key`) out of all that Assay keeps; safe to run again.

    Rows that name no customer, such as a guest's payment, are theirs where a mailbox of theirs stands on them, unless
    other people's records have that mailbox too. First the ledger learns whom to refuse, so that a run that reads
    meanwhile brings nobody back. The warehouse and the exports are deleted: build anew afterwards. Raises NotErasable
    for a system that no contract names, StreamBusy while a stream is being read.
    """
    engine = ledger.open_ledger(settings.ledger_url)
    ids = _golden_ids(engine, records)
    done = Erasure(sorted({*records, *_written_to(engine, ids)}))
    keys: dict[str, list[str]] = defaultdict(list)
    for record in done.records:
        system, _, key = record.partition(":")
        _refuse_unknown_system(contracts, record)
        keys[system].append(key)
    own, shared = _mailboxes(settings, contracts, done.records)
    done.shared_mailboxes = len(shared)
    _suppress(engine, keys, own, basis, actor, at)
    for contract in contracts.values():
        for name in contract.streams:
            _erase_stream(settings.landing, contract, name, of_stream(engine, contract, name), done)
    done.ledger_values = _erase_ledger(engine, ids)
    done.ledger_values += trained.forget(engine, "customers", _compared(settings, done.records), len(done.records))
    done.in_odoo = [record.replace("odoo:", "res.partner/") for record in done.records if record.startswith("odoo:")]
    sweep(settings)
    for built in (settings.exports, settings.home / "spill", settings.known):
        shutil.rmtree(built, ignore_errors=True)
    for file in settings.home.glob(f"{settings.warehouse.name}*"):
        file.unlink()
    return done


def _refuse_unknown_system(contracts: Mapping[str, Contract], record: str) -> None:
    system = record.partition(":")[0]
    if system not in contracts:
        raise NotErasable(f"{record}: there is no system {system!r}; known are {', '.join(contracts)}")


def personal_values(settings: Settings, contracts: Mapping[str, Contract], records: Iterable[str]) -> set[str]:
    """Every personal text of at least six characters that landed on these records: what a proof looks for."""
    found: set[str] = set()
    for system, _, key in (record.partition(":") for record in records):
        for name, stream in contracts[system].streams.items():
            if stream.domain != "customers":
                continue
            folder = stream_folder(settings.landing, system, name)
            for load in manifests(settings.landing, system, name):
                filters = [("_source_key", "=", key)]
                for row in pq.read_table(folder / f"{load.load_id}.parquet", filters=filters).to_pylist():
                    found |= {text for path in stream.pii for text in _texts(at_path(_body(row), path))}
    return {text for text in found if len(text) >= SHORTEST}


def _mailboxes(settings: Settings, contracts: Mapping[str, Contract], records: list[str]) -> tuple[set[str], set[str]]:
    """The mailboxes on these customer records: those that are on nobody else's, and those that are."""
    theirs = {one for text in personal_values(settings, contracts, records) for one in mailboxes(text)}
    shared: set[str] = set()
    for system, contract in contracts.items():
        for name in [name for name, stream in contract.streams.items() if stream.domain == "customers"]:
            folder, stream = stream_folder(settings.landing, system, name), contract.streams[name]
            for load in manifests(settings.landing, system, name):
                for row in _with_any(folder / f"{load.load_id}.parquet", theirs):
                    if f"{system}:{row['_source_key']}" not in records:
                        found = {one for path in stream.pii for one in mailboxes(at_path(_body(row), path))}
                        shared |= theirs & found
    return theirs - shared, shared


def _with_any(path: Path, texts: set[str]) -> list[dict[str, Any]]:
    """The rows of a load in which one of the texts stands, whatever its case."""
    query = "select one.* from read_parquet(?) as one where exists (select 1 from (select unnest(?::varchar[]) as text)"
    with duckdb.connect() as db:
        found = db.execute(f"{query} where contains(lower(cast(one as varchar)), text))", [str(path), sorted(texts)])
        return found.to_arrow_table().to_pylist()


def traces(settings: Settings, values: Iterable[str]) -> dict[str, int]:
    """Rows that still hold a value, per value that is found at all; other people may share a street or a name.

    Looks through every Parquet file of landing, quarantine and exports.
    """
    wanted, found = sorted(values), defaultdict(int)
    with duckdb.connect() as db:
        db.execute("create table wanted as select unnest(?::varchar[]) as value", [wanted])
        for root in (settings.landing, settings.exports):
            for file in sorted(root.rglob("*.parquet")):
                rows = "select cast(row as varchar) as text from read_parquet(?) as row"
                query = (
                    f"select value, count(*) from wanted inner join ({rows}) on contains(text, value) group by value"
                )
                for value, rows in db.execute(query, [str(file)]).fetchall():
                    found[value] += rows
    return dict(found)


def _suppress(
    engine: sa.Engine, keys: Mapping[str, list[str]], theirs: set[str], basis: str, actor: str, at: datetime
) -> None:
    table = ledger.suppressions
    with engine.begin() as connection:
        known = {tuple(row) for row in connection.execute(sa.select(table.c.system, table.c.digest))}
        wanted = {(system, digest(system, key)) for system, names in keys.items() for key in names}
        wanted |= {(ANYWHERE, digest(ANYWHERE, one)) for one in theirs}
        rows = [
            {"system": system, "digest": token, "basis": basis, "erased_by": actor, "erased_at": audit.naive(at)}
            for system, token in sorted(wanted - known)
        ]
        if rows:
            connection.execute(sa.insert(table), rows)
        counts = {system: len(names) for system, names in keys.items()}
        audit.append(connection, actor, "erase", {"records": counts, "basis": basis}, at)


def _erase_stream(landing: Path, contract: Contract, name: str, erased: Suppression, done: Erasure) -> None:
    if not erased:
        return
    label, folder = f"{contract.system}/{name}", stream_folder(landing, contract.system, name)
    with stream_lock(landing, contract.system, name):
        loads = [(load, folder / f"{load.load_id}.parquet") for load in manifests(landing, contract.system, name)]
        own = {key for _, path in loads for key in _keys(path, erased)} if erased.drops else set()
        for load, path in loads:
            before = pq.read_table(path, partitioning=None)
            after, redacted = _dropped(before, own) if erased.drops else _redacted(before, erased)
            gone = before.num_rows - after.num_rows
            if gone or redacted:
                rewrite(landing, load, after)
                done.dropped[label] = done.dropped.get(label, 0) + gone
                done.redacted[label] = done.redacted.get(label, 0) + redacted
        for aside in (QUARANTINE, REJECTED):
            done.quarantined += _erase_quarantine(stream_folder(landing / aside, contract.system, name))


def _keys(path: Path, erased: Suppression) -> list[str]:
    """Keys of the rows that are erased people's own, to find their tombstones by, which say nothing else."""
    rows = pq.read_table(path, partitioning=None).to_pylist()
    keys = [row["_source_key"] for row in rows]
    hit = erased.erased(keys, [_body(row) for row in rows])
    return [key for key, one in zip(keys, hit, strict=True) if one]


def _dropped(table: pa.Table, keys: set[str]) -> tuple[pa.Table, int]:
    return table.filter(pa.array([key not in keys for key in table["_source_key"].to_pylist()], pa.bool_())), 0


def _redacted(table: pa.Table, erased: Suppression) -> tuple[pa.Table, int]:
    """The load with nothing personal on rows about erased people, and how many rows that changed."""
    rows, personal, changed = table.to_pylist(), erased.stream.pii, 0
    hit = erased.erased([row["_source_key"] for row in rows], [_body(row) for row in rows])
    for row in (row for row, one in zip(rows, hit, strict=True) if one):
        body = _body(row)
        if any(at_path(body, path) is not None for path in personal):
            changed += 1
            body = blanked(body, personal)
            if PAYLOAD.name in row:
                text = canonical(body)
                row |= {PAYLOAD.name: text.decode(), "_payload_hash": hashlib.sha256(text).hexdigest()}
            else:
                row |= body
    return (pa.Table.from_pylist(rows, table.schema) if changed else table), changed


def _body(row: dict[str, Any]) -> dict[str, Any]:
    """What the source said: the payload, or the row itself where columns are native."""
    if PAYLOAD.name not in row:
        return row
    return json.loads(row[PAYLOAD.name], parse_float=Decimal) if row[PAYLOAD.name] else {}


def _erase_quarantine(folder: Path) -> int:
    """Raw pages and lines that broke a contract belong to nobody we could name: all of the stream's go."""
    files = [path for path in folder.glob("*") if path.is_file()]
    for path in files:
        path.unlink()
    return len(files)


def _golden_ids(engine: sa.Engine, records: Iterable[str]) -> set[str]:
    """Every golden id that these records have or once had of their own."""
    members = ledger.id_members.c
    query = sa.select(members.golden_id, members.native_id)
    with engine.connect() as connection:
        theirs = query.where(members.domain == "customers", members.record_id.in_(list(records)))
        return {one for row in connection.execute(theirs) for one in row}


def _written_to(engine: sa.Engine, ids: set[str]) -> set[str]:
    """The partners in Odoo that hold what we published of these people: reading Odoo would bring it all back."""
    receipts = ledger.receipts.c
    query = sa.select(receipts.odoo_id).where(receipts.object == "res_partner", receipts.golden_id.in_(ids))
    with engine.connect() as connection:
        return {f"odoo:{odoo_id}" for odoo_id in connection.execute(query.distinct()).scalars()}


def _erase_ledger(engine: sa.Engine, ids: set[str]) -> int:
    """Blank what plans and receipts quote of these people. An undo then finds another value in Odoo and leaves it.

    Numbers and yes or no stay: which record was merged into which is nothing personal, and an undo needs it. What an
    erasure in Odoo itself has left behind holds no values.
    """
    count, lines, kept = 0, ledger.plan_lines, ledger.receipts
    with engine.begin() as connection:
        theirs = lines.c.golden_id.in_(ids) & (lines.c.action != "erase")
        count += connection.execute(sa.update(lines).where(theirs).values(before=None, after=None)).rowcount
        theirs = kept.c.golden_id.in_(ids) & (kept.c.before != ledger.ERASED)
        told = theirs & (kept.c.before.startswith('"') | kept.c.after.startswith('"'))
        texts = {name: sa.case((kept.c[name].startswith('"'), ledger.ERASED), else_=kept.c[name]) for name in SIDES}
        count += connection.execute(sa.update(kept).where(told).values(**texts)).rowcount
    return count


def _compared(settings: Settings, records: list[str]) -> set[str]:
    """What matching read of these records in the last build, spelt as its trained model spells it."""
    if not settings.warehouse.exists():
        return set()
    with duckdb.connect(str(settings.warehouse), read_only=True) as db:
        query = "select * from matched.matched_customers__evidence where list_contains(?, record_id)"
        return set(_texts(db.execute(query, [records]).to_arrow_table().to_pylist()))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)
