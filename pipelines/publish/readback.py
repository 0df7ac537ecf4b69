"""Reading back: receipts beside what Odoo holds now. Nothing is written, in Odoo or in the ledger."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import groupby
from typing import Any

import orjson
import sqlalchemy as sa

from pipelines.publish import live, merge_write
from pipelines.publish.policy import Policy
from pipelines.publish.store import chunks
from pipelines.publish.values import same, seen
from sources.odoo.client import OdooClient, search_read
from sources.odoo.merging import MERGED_INTO

GONE = "the record is not in Odoo any more"
ANOTHER = "Odoo holds another value than the one written"


def read_back(
    client: OdooClient, policy: Policy, records: Iterable[list[sa.Row]]
) -> Iterator[tuple[sa.Row, str | None]]:
    """Each receipt with what is the matter, None where Odoo holds what was written. `records`: receipts by record."""
    for (name, merge), of_object in groupby(records, key=_way):
        model = policy.objects[name].model
        if merge:
            for record in of_object:
                yield from _of_a_merge(client, model, name, record)
            continue
        kinds = live.kinds(client, model)
        for some, current in _one_ahead(partial(_held_now, client, model), chunks(of_object, 1000)):
            for receipt in (receipt for record in some for receipt in record):
                yield receipt, _problem(receipt, current.get(receipt.odoo_id), kinds)


def _held_now(client: OdooClient, model: str, records: list[list[sa.Row]]) -> dict[int, dict]:
    """What Odoo holds of the records in the fields that their receipts name, by id."""
    fields = sorted({receipt.field for record in records for receipt in record})
    ids = [("id", "in", [record[0].odoo_id for record in records])]
    return {row["id"]: row for row in search_read(client, model, fields, ids)}


def _one_ahead(ask: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Each item with the answer to it; while one is used, the next is being asked for."""
    with ThreadPoolExecutor(1) as pool:
        asked: deque[tuple[Any, Future]] = deque()
        for item in items:
            asked.append((item, pool.submit(ask, item)))
            if len(asked) > 1:
                earlier, answer = asked.popleft()
                yield earlier, answer.result()
        for item, answer in asked:
            yield item, answer.result()


def _way(record: list[sa.Row]) -> tuple[str, bool]:
    """(object, whether the receipts are of a merge or of one taken back)."""
    merge = next((receipt for receipt in record if receipt.field == MERGED_INTO), None)
    return (merge or record[0]).object, merge is not None


def _of_a_merge(client: OdooClient, model: str, name: str, record: list[sa.Row]) -> Iterator[tuple[sa.Row, str | None]]:
    """The receipts of one merge: those of records that point at it can only be read through the merge action."""
    cells = [
        (model if receipt.object == name else receipt.object, receipt.field.partition("[")[0], receipt.odoo_id)
        for receipt in record
    ]
    for receipt, (exists, value) in zip(record, merge_write.look(client, model, cells), strict=True):
        after, now = orjson.loads(receipt.after), seen("boolean" if receipt.field == "active" else "many2one", value)
        stands = after in value if isinstance(value, list) else same(now, after)
        yield receipt, (None if stands else ANOTHER) if exists else GONE


def _problem(receipt: sa.Row, row: dict | None, kinds: dict[str, str]) -> str | None:
    if row is None:
        return GONE
    if not same(seen(kinds[receipt.field], row[receipt.field]), orjson.loads(receipt.after)):
        return ANOTHER
    return None
