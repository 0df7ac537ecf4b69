"""What other people do in the demo Odoo while nobody looks: changes, deletions, merges, straight in its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sources.odoo.demo.records import Environment
from sources.odoo.demo.store import STAMP, Store

STREAMS = {
    "partners": "res.partner",
    "product_templates": "product.template",
    "product_variants": "product.product",
    "pricelists": "product.pricelist",
    "pricelist_items": "product.pricelist.item",
    "external_ids": "ir.model.data",
}
SOMEBODY = 1


def keys(path: Path, stream: str) -> list[str]:
    """The ids of the stream's records in order, archived ones too; Odoo's own users and company are no partners."""
    domain = {
        "partners": [["user_ids", "=", False], ["id", "!=", 1]],
        "external_ids": [["module", "=", "assay"]],
    }
    with _inside(path) as env:
        return [str(one) for one in env[_model(stream)].search(domain.get(stream, []), order="id").ids]


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Write `fields` as somebody would; the record's write_date becomes `at`."""
    with _inside(path) as env:
        env[_model(stream)].browse(int(key)).write(fields)
        _stamp(env, stream, key, at)


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Delete a record and what hangs on it. Odoo keeps no trace of when."""
    with _inside(path) as env:
        env[_model(stream)].browse(int(key)).unlink()


def merge_customers(path: Path, kept: str, gone: str, at: datetime) -> None:
    """Odoo's merge of contacts: external ids and contacts move to the one that stays, the other is deleted."""
    with _inside(path) as env:
        moved = (int(kept), int(gone))
        env.execute("update ir_model_data set res_id = ? where model = 'res.partner' and res_id = ?", moved)
        env.execute("update res_partner set parent_id = ? where parent_id = ?", moved)
        env["res.partner"].browse(int(gone)).unlink()
        _stamp(env, "partners", kept, at)


def bind(path: Path, count: int) -> None:
    """Tie the first contacts to made-up golden ids, as a publish before would have left them."""
    with _inside(path) as env:
        some = env["res.partner"].search([["user_ids", "=", False], ["id", "!=", 1]], order="id", limit=count)
        env["ir.model.data"].create(
            [
                {"module": "assay", "name": f"C-{one:012}", "model": "res.partner", "res_id": one, "noupdate": True}
                for one in some.ids
            ]
        )


def _model(stream: str) -> str:
    """The model of a stream of ours; another system that lives in an Odoo names its models itself."""
    return STREAMS.get(stream, stream)


@contextmanager
def _inside(path: Path) -> Iterator[Environment]:
    with closing(Store(path)) as store, store.transaction():
        yield Environment(store, SOMEBODY, {"active_test": False})


def _stamp(env: Environment, stream: str, key: str, at: datetime) -> None:
    stamp = (at.astimezone(UTC) if at.tzinfo else at).strftime(STAMP)
    table = env.store.models[_model(stream)].table
    env.execute(f"update {table} set write_date = ? where id = ?", (stamp, int(key)))
