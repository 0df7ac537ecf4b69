"""What was on an Odoo record before Assay wrote there: its own evidence, as opposed to our values coming back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby

import pyarrow as pa
import sqlalchemy as sa

from pipelines import ledger, resources


def originals(engine: sa.Engine, target_object: str, fields: Sequence[str]) -> pa.Table:
    """One row per Odoo record with receipts: record_id, is_created, golden_id, `written` and each of `fields` as text.

    A field in `written` holds what stood there before the unbroken chain of our own writes; a person's edit in between
    starts a new chain. Other fields are null and still the record's own in Odoo. Records that Assay created have
    nothing of their own: is_created is true.
    """
    written = ledger.receipts.c
    with engine.connect() as connection:
        newest = sa.select(written.target).order_by(written.seq.desc()).limit(1).scalar_subquery()
        ours = (written.object == target_object) & (written.target == newest)
        made = sa.select(written.odoo_id, sa.func.min(written.golden_id)).where(ours, written.created_record)
        created = dict(tuple(row) for row in connection.execute(made.group_by(written.odoo_id)))
        receipts = connection.execute(
            sa.select(written.odoo_id, written.golden_id, written.field, written.before, written.after)
            .where(ours, ~written.created_record, written.field.in_(fields))
            .order_by(written.odoo_id, written.field, written.seq)
        ).fetchall()
    empty = dict.fromkeys(fields)
    rows = {
        n: {"record_id": f"odoo:{n}", "is_created": True, "golden_id": g, "written": [], **empty}
        for n, g in created.items()
    }
    for (odoo_id, name), chain in groupby(receipts, key=lambda row: (row.odoo_id, row.field)):
        if odoo_id in created:
            continue
        own, last = None, None
        for row in chain:
            own = row.before if last is None or row.before != last else own
            last = row.after
            golden_id = row.golden_id
        row = rows.setdefault(odoo_id, {"record_id": f"odoo:{odoo_id}", "is_created": False, "written": [], **empty})
        row |= {"golden_id": golden_id, name: _text(own)}
        row["written"].append(name)
    schema = [("record_id", pa.string()), ("is_created", pa.bool_()), ("golden_id", pa.string())]
    schema.append(("written", pa.list_(pa.string())))
    schema = pa.schema(schema + [(name, pa.string()) for name in fields])
    return pa.Table.from_pylist([rows[n] for n in sorted(rows)], schema=schema)


def originals_in_build(target_object: str, fields: Sequence[str]) -> pa.Table:
    """`originals` for a dbt model, from the ledger of the environment that the build runs in."""
    return originals(ledger.open_ledger(resources.settings().ledger_url), target_object, fields)


def _text(value: str | None) -> str | None:
    decoded = json.loads(value) if value else None
    return None if decoded in (None, False, "") else str(decoded)
