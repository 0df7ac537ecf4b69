"""Reading back: receipts beside what Odoo holds now. Nothing is written, in Odoo or in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import orjson
import sqlalchemy as sa

from pipelines.publish.policy import Policy
from pipelines.publish.store import chunks
from pipelines.publish.values import same, seen
from sources.odoo.client import OdooClient, fields_get, search_read


def read_back(
    client: OdooClient, policy: Policy, records: Iterable[list[sa.Row]]
) -> Iterator[tuple[sa.Row, str | None]]:
    """Each receipt with what is the matter, None where Odoo holds what was written. `records`: receipts by record."""
    for name, of_object in groupby(records, key=lambda record: record[0].object):
        model = policy.objects[name].model
        kinds = {field: said["type"] for field, said in fields_get(client, model, ("type",)).items()}
        for some in chunks(of_object, 1000):
            fields = sorted({receipt.field for record in some for receipt in record})
            ids = [("id", "in", [record[0].odoo_id for record in some])]
            current = {row["id"]: row for row in search_read(client, model, fields, ids)}
            for receipt in (receipt for record in some for receipt in record):
                yield receipt, _problem(receipt, current.get(receipt.odoo_id), kinds)


def _problem(receipt: sa.Row, row: dict | None, kinds: dict[str, str]) -> str | None:
    if row is None:
        return "the record is not in Odoo any more"
    if not same(seen(kinds[receipt.field], row[receipt.field]), orjson.loads(receipt.after)):
        return "Odoo holds another value than the one written"
    return None
