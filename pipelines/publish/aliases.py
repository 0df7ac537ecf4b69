"""Old Odoo ids: which record stands for one that a merge archived, by the ledger's receipts."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import sqlalchemy as sa

from pipelines.ledger import open_ledger, receipts
from pipelines.resources import Settings
from sources.odoo.merging import MERGED_INTO


def path(settings: Settings, name: str, odoo_id: int) -> Iterator[tuple[int, int, str]]:
    """(old id, the id that stands for it, run) step by step, to the record that stands for itself."""
    passed = {odoo_id}
    while step := _step(settings, name, odoo_id):
        yield odoo_id, *step
        odoo_id = step[0]
        if odoo_id in passed:
            return
        passed.add(odoo_id)


def of_golden(settings: Settings, golden_id: str) -> Iterator[tuple[str, int, int, str]]:
    """(object, old id, the id that stands for it, run) of every record merged for a golden one, and merged still."""
    wanted = sa.select(receipts.c.object, receipts.c.odoo_id).where(receipts.c.golden_id == golden_id)
    wanted = wanted.where(receipts.c.field == MERGED_INTO).distinct().order_by(receipts.c.object, receipts.c.odoo_id)
    with open_ledger(settings.ledger_url).connect() as connection:
        found = connection.execute(wanted).all()
    for name, odoo_id in found:
        if step := _step(settings, name, odoo_id):
            yield name, odoo_id, *step


def _step(settings: Settings, name: str, odoo_id: int) -> tuple[int, str] | None:
    """(what the record was merged into, run), unless that was taken back since."""
    wanted = sa.select(receipts.c.after, receipts.c.run_id).where(receipts.c.object == name)
    wanted = wanted.where(receipts.c.odoo_id == odoo_id, receipts.c.field == MERGED_INTO)
    with open_ledger(settings.ledger_url).connect() as connection:
        last = connection.execute(wanted.order_by(receipts.c.seq.desc()).limit(1)).first()
    into = orjson.loads(last.after) if last else None
    return (into, last.run_id) if into else None
