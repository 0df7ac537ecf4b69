"""What the ledger remembers of earlier publishing, as a plan needs it: values last written, records once bound."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import orjson
import sqlalchemy as sa

from pipelines.ledger import receipts
from pipelines.publish.store import chunks


def last_written(
    connection: sa.Connection, target: str, name: str, odoo_ids: Iterable[int]
) -> dict[int, dict[str, Any]]:
    """The value that Assay last wrote, by Odoo id and field; one query per thousand records."""
    last: dict[int, dict[str, Any]] = defaultdict(dict)
    asked = sa.select(receipts.c.odoo_id, receipts.c.field, receipts.c.after).order_by(receipts.c.seq)
    asked = asked.where(receipts.c.target == target, receipts.c.object == name)
    for some in chunks(odoo_ids, 1000):
        for odoo_id, field, after in connection.execute(asked.where(receipts.c.odoo_id.in_(some))):
            last[odoo_id][field] = orjson.loads(after)
    return dict(last)


def once_bound(connection: sa.Connection, target: str, name: str, golden_ids: Iterable[str]) -> dict[str, int]:
    """The Odoo id that each golden id was last written to, for those that ever were."""
    bound = {}
    asked = sa.select(receipts.c.golden_id, receipts.c.odoo_id).order_by(receipts.c.seq)
    asked = asked.where(receipts.c.target == target, receipts.c.object == name)
    for some in chunks(golden_ids, 1000):
        for golden_id, odoo_id in connection.execute(asked.where(receipts.c.golden_id.in_(some))):
            bound[golden_id] = odoo_id
    return bound
