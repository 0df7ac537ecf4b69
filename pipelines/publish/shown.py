"""What Odoo's people see of a run: sources, rules and losing values of each field it wrote, for the optional addon.

Where the addon (odoo_addons/assay_provenance) is not installed, nothing is asked and nothing is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import duckdb
import orjson
import pyarrow.parquet as pq

from pipelines import exports
from pipelines.ledger import ERASED, open_ledger
from pipelines.publish import receipts
from pipelines.publish.apply import refuse_other_target
from pipelines.publish.blame import KEYS
from pipelines.publish.policy import Policy, load_policy
from pipelines.publish.receipts import Run
from pipelines.publish.store import chunks
from pipelines.resources import Settings
from sources.odoo.client import OdooClient, call, search_read, write_each
from sources.odoo.errors import OdooDenied, OdooMissing

MODEL = "assay.provenance"
TOLD = ("golden_id", "value", "source", "rule", "losing", "run_id", "written_at")
BATCH = 500
ERASURE = "erased, as the person asked"


def show(settings: Settings, client: OdooClient, run_id: str, policy: Policy | None = None) -> int:
    """Tell Odoo where the fields that the run wrote come from; the number of fields told, 0 without the addon.

    Raises PublishRefused for an unknown run or another database, and the errors of Odoo's client. Repeating it is safe.
    """
    if not installed(client):
        return 0
    policy = policy or load_policy()
    engine = open_ledger(settings.ledger_url)
    with engine.connect() as connection:
        run = receipts.find_run(connection, run_id)
    refuse_other_target(run.target, client)
    told = 0
    for some in chunks(receipts.by_record(engine, run), BATCH):
        by_object = defaultdict(list)
        for record in some:
            for row in published(policy, record):
                by_object[row.object].append(row)
        for name, written in by_object.items():
            rows = list(_rows(settings, policy, name, written, run))
            _upsert(client, policy.objects[name].model, rows)
            told += len(rows)
    return told


def published(policy: Policy, record: Iterable[Any]) -> Iterator[Any]:
    """The receipts that are of published fields; those of references that a merge moved come from no golden value."""
    for row in record:
        each = policy.objects.get(row.object)
        if each and row.field in {*each.owned, *each.retire, *each.create}:
            yield row


def installed(client: OdooClient) -> bool:
    """Whether this Odoo has the addon, and lets this user fill it."""
    try:
        return call(client, MODEL, "has_access", [], operation="create")
    except (OdooMissing, OdooDenied):
        return False


def _rows(settings: Settings, policy: Policy, name: str, written: list[Any], run: Run) -> Iterator[dict[str, Any]]:
    """One row of the addon's model per receipt; what an undo put back comes from no source."""
    each, undone = policy.objects[name], f"put back as it was before {run.undoes}"
    ids = sorted({row.golden_id for row in written})
    known = {} if run.undoes else _provenance(settings, each.domain, ids)
    otherwise = undone if run.undoes else "computed from the golden record"
    attributes = {field: _attributes(settings, name, field) for field in {row.field for row in written}}
    for row in written:
        erased = row.before == ERASED
        asked = () if erased else attributes[row.field]
        found = [known[row.golden_id, one] for one in asked if (row.golden_id, one) in known]
        value = orjson.loads(row.after)
        yield {
            "res_model": each.model,
            "res_id": row.odoo_id,
            "field_name": row.field,
            "golden_id": row.golden_id,
            "value": False if value is None else str(value),
            "source": ", ".join(dict.fromkeys(one["record_id"] for one in found if one["record_id"])) or False,
            "rule": ERASURE if erased else "; ".join(dict.fromkeys(one["rule"] for one in found)) or otherwise,
            "losing": "\n".join(line for one in found for line in _losing(one)) or False,
            "run_id": row.run_id,
            "written_at": f"{row.written_at:%Y-%m-%d %H:%M:%S}",
        }


def _losing(row: dict[str, Any]) -> Iterator[str]:
    for loser in orjson.loads(row["losing_values"] or "[]"):
        # A price survives whole, so its losers state every attribute by name.
        value = loser["value"] if "value" in loser else loser.get(row["attribute"])
        yield f"{loser.get('record_id')}: {value} ({loser.get('why')})"


def _provenance(settings: Settings, domain: str, golden_ids: list[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows of the domain's provenance by golden id and attribute."""
    path = settings.exports / "golden" / f"golden_{domain}__provenance.parquet"
    if not path.exists():
        return {}
    key = next(column for column in KEYS if column in pq.read_schema(path).names)
    query = f"""
        select {key}, attribute, record_id, rule, losing_values from {exports.relation(path)}
        where {key} in (select unnest(?::varchar[]))
    """
    with duckdb.connect() as memory:
        rows = memory.execute(query, [golden_ids]).to_arrow_table().to_pylist()
    return {(row[key], row["attribute"]): row for row in rows}


def _attributes(settings: Settings, name: str, field: str) -> list[str]:
    # Parsing SQL is slow to load, and without the addon never needed.
    from pipelines.columns import attributes_of

    return attributes_of(settings, f"publish_odoo__{name}", field) or [field]


def _upsert(client: OdooClient, model: str, rows: list[dict[str, Any]]) -> None:
    """Create what is new and write what differs, by record and field."""
    ids = sorted({row["res_id"] for row in rows})
    asked = [("res_model", "=", model), ("res_id", "in", ids)]
    held = {
        (row["res_id"], row["field_name"]): row
        for row in search_read(client, MODEL, ["res_id", "field_name", *TOLD], asked)
    }
    fresh = [row for row in rows if (row["res_id"], row["field_name"]) not in held]
    changed = {}
    for row in rows:
        now = held.get((row["res_id"], row["field_name"]))
        if now and (differing := {name: row[name] for name in TOLD if row[name] != now[name]}):
            changed[now["id"]] = differing
    for some in chunks(fresh, BATCH):
        call(client, MODEL, "create", vals_list=some)
    for some in chunks(changed.items(), BATCH):
        write_each(client, MODEL, dict(some))
