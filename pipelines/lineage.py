"""Record-level lineage, both ways: from a field in Odoo back to the source row, and from a row or a run forward.

Reads the exports, the landing's manifests and the ledger; never a source system, never Odoo. Yields lines of text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import sqlalchemy as sa

from pipelines import exports, ledger
from pipelines.landing import stream_folder
from pipelines.ledger import open_ledger
from pipelines.publish import aliases
from pipelines.publish.policy import load_policy
from pipelines.resources import Settings
from pipelines.suppression import digest
from sources.contract import load_contracts
from sources.odoo.merging import MERGED_INTO

KEYS = {"customers": "customer_id", "products": "golden_id", "prices": "price_id"}
"""The column of each domain's provenance that holds the golden id."""
SHOWN = 20


class NotFound(LookupError):
    """Nothing is known under this reference; the message says where it was looked for."""


def odoo_field(settings: Settings, reference: str) -> Iterator[str]:
    """Where `res.partner/123.email` comes from; without a field, every field that Assay knows of the record."""
    from pipelines import columns  # it loads the SQL parser, which no build needs

    found = re.fullmatch(r"([\w.]+)/(\d+)(?:\.(\w+))?", reference)
    objects = {each.model: (name, each) for name, each in load_policy().objects.items()}
    if not found or found[1] not in objects:
        raise NotFound(f"{reference!r} is not MODEL/ID.FIELD with a model of {', '.join(objects)}")
    model, odoo_id, field = found[1], int(found[2]), found[3]
    name, policy = objects[model]
    for _, into, run_id in aliases.path(settings, name, odoo_id):
        yield f"{model}/{odoo_id} was merged into {model}/{into} in run {run_id}; what could not move stays there"
        odoo_id = into
    written = _receipts(settings, object=name, odoo_id=odoo_id)
    golden_id = written[0].golden_id if written else _bound(settings, name, odoo_id)
    if golden_id is None:
        raise NotFound(f"{model}/{odoo_id}: no receipt in the ledger, and no golden record is bound to it")
    golden_id = living_id(settings, golden_id)
    latest = {}
    for receipt in written:
        latest.setdefault(receipt.field, receipt)
    fields = [field] if field else list(policy.owned)
    for one in fields:
        yield f"{model}/{odoo_id}.{one}  golden {golden_id}"
        yield from _written(settings, latest.get(one))
        attributes = columns.attributes_of(settings, f"publish_odoo__{name}", one) or [one]
        rows = [row for row in _provenance(settings, policy.domain, golden_id) if row["attribute"] in attributes]
        for row in rows:
            yield from _survivor(settings, policy.domain, row)
        if not rows:
            yield f"  rule      no source value: {one} is computed from the golden record"


def source_record(settings: Settings, record_id: str) -> Iterator[str]:
    """Everything that the row `shopify:123` touched: loads, golden ids, values that won, fields in Odoo."""
    loads = _loads_of(settings, record_id)
    system, _, key = record_id.partition(":")
    yield record_id
    for stream, load_id, event_at, deleted in loads:
        yield f"  landed    {system}/{stream} in load {load_id}, event {event_at} UTC{', deleted' if deleted else ''}"
        yield from _in_file(settings, system, stream, load_id, key)
    for domain, golden_id in _golden_of(settings, record_id):
        yield f"  golden    {golden_id} ({domain})"
        for row in _provenance(settings, domain, golden_id):
            if row["record_id"] == record_id:
                yield f"  survives  {row['attribute']} by rule {row['rule']}"
            for loser in json.loads(row["losing_values"] or "[]"):
                if loser.get("record_id") == record_id:
                    yield f"  loses     {row['attribute']} to {row['record_id']}: {loser.get('why')}"
        yield from in_odoo(settings, golden_id)


def golden_record(settings: Settings, golden_id: str) -> Iterator[str]:
    """A golden record: its attributes with their sources, its members, its history, its fields in Odoo."""
    yield from golden_values(settings, golden_id)
    current = living_id(settings, golden_id)
    with open_ledger(settings.ledger_url).connect() as connection:
        for record_id in _members(settings, current):
            yield f"  member    {record_id}"
        events = sa.select(ledger.id_events).where(ledger.id_events.c.golden_id == current)
        for event in connection.execute(events.order_by(ledger.id_events.c.seq)):
            yield f"  history   {happened(event)} in run {event.run_id}: {event.reason}"
    yield from in_odoo(settings, current)


def happened(event: Any) -> str:
    """An event of golden ids as a sentence: an id alone would not say whether it gave or took."""
    golden_id, other, record_id = event.golden_id, event.other_id, event.record_id
    return {
        "minted": f"{golden_id} minted for {record_id}",
        "joined": f"{record_id} joined {golden_id}{f', from {other}' if other else ''}",
        "merged": f"{other} merged into {golden_id}",
        "redirected": f"{golden_id} redirected to {other}",
        "split": f"{other} split from {golden_id}, with {record_id}",
        "revived": f"{golden_id} revived for {record_id}",
    }.get(event.event, f"{golden_id} {event.event}")


def golden_values(settings: Settings, golden_id: str) -> Iterator[str]:
    """A golden record's attributes with their sources and what lost against them."""
    current = living_id(settings, golden_id)
    if current != golden_id:
        yield f"{golden_id} was merged into {current}"
    domain = _domain(settings, current)
    yield f"{current}  ({domain})"
    for row in _provenance(settings, domain, current):
        yield f"  {row['attribute']:<18}{row['value']}   from {row['record_id']} by rule {row['rule']}"
        for loser in json.loads(row["losing_values"] or "[]"):
            yield f"  {'':<18}not {_lost(loser, row['attribute'])}   from {loser.get('record_id')}: {loser.get('why')}"


def run(settings: Settings, run_id: str) -> Iterator[str]:
    """What a load, a plan or a publishing run touched."""
    with open_ledger(settings.ledger_url).connect() as connection:
        head = connection.execute(sa.select(ledger.plans).where(ledger.plans.c.plan_id == run_id)).first()
        receipts = ledger.receipts.c
        touched = connection.execute(
            sa.select(receipts.object, receipts.odoo_id, receipts.golden_id, sa.func.count().label("fields"))
            .where(sa.or_(receipts.run_id == run_id, receipts.plan_id == run_id))
            .group_by(receipts.object, receipts.odoo_id, receipts.golden_id)
            .order_by(receipts.object, receipts.odoo_id)
        ).all()
    manifest = next(settings.landing.glob(f"*/*/_manifest/{run_id}.json"), None)
    if head is None and not touched and manifest is None:
        raise NotFound(f"{run_id}: neither a load, nor a plan, nor a publishing run")
    yield run_id
    if head:
        yield f"  plan      made by {head.made_by} at {head.made_at} UTC, {head.state}"
    models = {name: each.model for name, each in load_policy().objects.items()}
    for row in touched[:SHOWN]:
        record = f"{models.get(row.object, row.object)}/{row.odoo_id}"
        yield f"  wrote     {record}: {row.fields} fields of golden {row.golden_id}"
    if len(touched) > SHOWN:
        yield f"  and {len(touched) - SHOWN:,} more records"
    if manifest:
        yield from _load(settings, json.loads(manifest.read_bytes()))


def _load(settings: Settings, manifest: dict[str, Any]) -> Iterator[str]:
    where = f"{manifest['system']}/{manifest['stream']}"
    yield f"  load      {where}, {manifest['rows']:,} rows, sha256 {manifest['sha256']}"
    for domain, key in KEYS.items():
        query = "select distinct {key} from {rows} where load_id = $load order by all"
        rows = _ask(_export(settings, domain), query, key=key, load=manifest["load_id"])
        if rows:
            listed = ", ".join(str(row[0]) for row in rows[:5])
            yield f"  survives  in {len(rows):,} golden {domain}: {listed}{' …' if len(rows) > 5 else ''}"


def _written(settings: Settings, receipt: Any) -> Iterator[str]:
    if receipt is None:
        yield "  written   not by Assay: Odoo held this value already, or a person owns the field"
        return
    yield f"  value     {receipt.after}, before {receipt.before}"
    verified = {True: "verified", False: "not as written", None: "not verified yet"}[receipt.verified]
    yield f"  written   run {receipt.run_id} at {receipt.written_at} UTC, {verified}"
    with open_ledger(settings.ledger_url).connect() as connection:
        query = sa.select(ledger.approvals).where(ledger.approvals.c.plan_id == receipt.plan_id)
        for approval in connection.execute(query):
            yield f"  plan      {receipt.plan_id}, approved by {approval.approved_by}"


def _survivor(settings: Settings, domain: str, row: dict[str, Any]) -> Iterator[str]:
    yield f"  source    {row['record_id']} says {row['value']} at {row['event_at']} UTC"
    yield f"  rule      {row['attribute']}: {row['rule']}"
    stream, manifest = _manifest(settings, row["system"], row["load_id"])
    if manifest:
        file = stream_folder(Path("landing"), row["system"], stream) / f"{row['load_id']}.parquet"
        yield f"  load      {file}, extracted at {manifest['extracted_at']} UTC"
        key = row["record_id"].partition(":")[2]
        yield from _in_file(settings, row["system"], stream, row["load_id"], key)
    for loser in json.loads(row["losing_values"] or "[]"):
        yield f"  lost      {loser.get('record_id')} says {_lost(loser, row['attribute'])}: {loser.get('why')}"


def _in_file(settings: Settings, system: str, stream: str, load_id: str, key: str) -> Iterator[str]:
    """The file and line that a version came from, where its system sends files."""
    if load_contracts()[system].kind != "files":
        return
    path = stream_folder(settings.landing, system, stream) / f"{load_id}.parquet"
    query = "select _file, _line from {rows} where _source_key = $source_key and not _deleted"
    for file, line in _ask(path, query, source_key=key):
        yield f"  file      {file}, line {line}"


def _lost(loser: dict[str, Any], attribute: str) -> Any:
    """The value that lost; a price survives whole, so its losers state every attribute by name."""
    return loser["value"] if "value" in loser else loser.get(attribute)


def in_odoo(settings: Settings, golden_id: str) -> Iterator[str]:
    """The fields of Odoo that a golden record was written to, the newest run first."""
    models = {name: each.model for name, each in load_policy().objects.items()}
    for name, old, into, run_id in aliases.of_golden(settings, golden_id):
        yield f"  alias     {models[name]}/{old}, merged into {models[name]}/{into} in run {run_id}"
    seen = set()
    for receipt in _receipts(settings, golden_id=golden_id):
        if receipt.object not in models or receipt.field == MERGED_INTO:
            continue
        place = f"{models[receipt.object]}/{receipt.odoo_id}.{receipt.field}"
        if place not in seen:
            seen.add(place)
            yield f"  in Odoo   {place} in run {receipt.run_id}"


def _receipts(settings: Settings, **where: Any) -> list[Any]:
    query = sa.select(ledger.receipts).order_by(ledger.receipts.c.seq.desc())
    for column, value in where.items():
        query = query.where(ledger.receipts.c[column] == value)
    with open_ledger(settings.ledger_url).connect() as connection:
        return list(connection.execute(query))


def _bound(settings: Settings, name: str, odoo_id: int) -> str | None:
    path = settings.exports / "publish" / f"publish_odoo__{name}.parquet"
    rows = _ask(path, "select golden_id from {rows} where odoo_id = $odoo_id", odoo_id=odoo_id)
    return rows[0][0] if rows else None


def living_id(settings: Settings, golden_id: str) -> str:
    """The id that a golden id leads to; redirects never cycle."""
    table = ledger.golden_ids.c
    with open_ledger(settings.ledger_url).connect() as connection:
        while True:
            query = sa.select(table.redirected_to).where(table.golden_id == golden_id)
            onward = connection.execute(query).scalar()
            if onward is None:
                return golden_id
            golden_id = onward


def _domain(settings: Settings, golden_id: str) -> str:
    for domain, key in KEYS.items():
        query = "select 1 from {rows} where {key} = $golden_id limit 1"
        if _ask(_export(settings, domain), query, key=key, golden_id=golden_id):
            return domain
    raise absent(settings, golden_id)


def as_typed(name: str) -> str:
    """An id as the ledger has it: people type or paste golden ids in any case; a record's key stays as it is."""
    return name.strip() if ":" in name else name.strip().upper()


def absent(settings: Settings, golden_id: str) -> NotFound:
    """Why the last build has nothing under a golden id, as the error to raise."""
    if ":" in golden_id:
        return NotFound(
            f"{golden_id} is a record; `assay lineage record {golden_id}` says which golden record holds it"
        )
    log = ledger.id_events.c
    with open_ledger(settings.ledger_url).connect() as connection:
        query = sa.select(log.event, log.run_id, log.reason).where(log.golden_id == golden_id).order_by(log.seq.desc())
        last = connection.execute(query).first()
    if last is None:
        return NotFound(f"{golden_id}: no golden customer, product or price has or had this id; check its letters")
    if last.event == "retired":
        return NotFound(f"{golden_id}: no record is left of it; retired in run {last.run_id}: {last.reason}")
    return NotFound(
        f"{golden_id}: the last build made no golden record of it, for its records are erased or deleted; "
        "if they came since, run `assay build`"
    )


def absent_record(settings: Settings, record_id: str) -> NotFound:
    """Why the last build compares nothing with a record `shopify:123`, as the error to raise."""
    try:
        _, load_id, _, deleted = _loads_of(settings, record_id)[-1]
    except NotFound as unknown:
        return unknown
    if deleted:
        told = f"`assay lineage record {record_id}` says what it was"
        return NotFound(f"{record_id}: deleted at its source, as load {load_id} tells; {told}")
    return NotFound(
        f"{record_id}: landed in load {load_id}, but the last build has no evidence of it: it came since, and `assay "
        "build` takes it up; or it is no customer or product; or Assay made it itself, and then it follows the golden "
        f"record that it was made from, which `assay lineage record {record_id}` names"
    )


def _loads_of(settings: Settings, record_id: str) -> list[tuple]:
    """_loads of a record id; raises NotFound where none holds it, and says so where it was erased."""
    system, _, key = record_id.partition(":")
    if system not in load_contracts():
        raise NotFound(f"{record_id!r} is not SYSTEM:KEY with a system of {', '.join(load_contracts())}")
    if found := _loads(settings, system, key):
        return found
    column = ledger.suppressions.c
    erased = sa.select(column.digest).where(column.system == system, column.digest == digest(system, key))
    with open_ledger(settings.ledger_url).connect() as connection:
        if connection.execute(erased).first():
            raise NotFound(f"{record_id}: erased on request, and refused since; nothing of it is left to tell")
    if made_for := [golden_id for _, golden_id in _golden_of(settings, record_id)]:
        raise NotFound(
            f"{record_id}: Assay made it itself, for {' and '.join(made_for)}, and no load has read it since"
        )
    raise NotFound(f"{record_id}: no load of {system} holds that key")


def _provenance(settings: Settings, domain: str, golden_id: str) -> list[dict[str, Any]]:
    path = _export(settings, domain)
    if not path.exists():
        return []
    with duckdb.connect() as connection:
        query = f"select * from {exports.relation(path)} where {KEYS[domain]} = $golden_id order by attribute"
        cursor = connection.execute(query, {"golden_id": golden_id})
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _golden_of(settings: Settings, record_id: str) -> list[tuple[str, str]]:
    """(domain, golden id) of every golden record that the row belongs to or that holds a value of it."""
    found = {(domain, golden_id) for golden_id, domain in _ids(settings, "record_id", record_id)}
    for domain, key in KEYS.items():
        query = "select distinct {key} from {rows} where record_id = $record_id"
        rows = _ask(_export(settings, domain), query, key=key, record_id=record_id)
        found |= {(domain, golden_id) for (golden_id,) in rows}
    return sorted(found)


def _members(settings: Settings, golden_id: str) -> list[str]:
    """The rows that a golden record stands for."""
    return sorted({record_id for record_id, _ in _ids(settings, "golden_id", golden_id)})


def _ids(settings: Settings, by: str, value: str) -> list[tuple[str, str]]:
    """(golden id, domain) by record id, or (record id, domain) by golden id."""
    found = []
    for path in sorted((settings.exports / "matched").glob("matched_*__ids.parquet")):
        domain = path.stem.removeprefix("matched_").removesuffix("__ids")
        golden = [name for name in pq.read_schema(path).names if name.endswith("_id") and name != "record_id"]
        for name in golden:
            wanted, where = (name, "record_id") if by == "record_id" else ("record_id", name)
            query = f"select {wanted} from {{rows}} where {where} = $value"
            found += [(row[0], domain) for row in _ask(path, query, value=value)]
    return found


def _loads(settings: Settings, system: str, key: str) -> list[tuple]:
    files = f"{settings.landing}/{system}/*/*.parquet"
    query = f"""
        select _stream, _load_id, _event_at, _deleted from read_parquet('{files}', union_by_name = true)
        where _source_key = $key order by _extracted_at, _stream
    """
    if not any(settings.landing.glob(f"{system}/*/*.parquet")):
        return []
    with duckdb.connect() as connection:
        return connection.execute(query, {"key": key}).fetchall()


def _manifest(settings: Settings, system: str, load_id: str) -> tuple[str, dict[str, Any] | None]:
    for path in settings.landing.glob(f"{system}/*/_manifest/{load_id}.json"):
        return path.parts[-3], json.loads(path.read_bytes())
    return "", None


def _export(settings: Settings, domain: str) -> Path:
    return settings.exports / "golden" / f"golden_{domain}__provenance.parquet"


def _ask(path: Path, query: str, key: str = "", **values: Any) -> list[tuple]:
    if not path.exists():
        return []
    with duckdb.connect() as connection:
        return connection.execute(query.format(rows=exports.relation(path), key=key), values).fetchall()
