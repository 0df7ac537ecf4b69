"""Merging products inside a used Odoo: the duplicate is archived and superseded, its stock and history stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.publish.policy import load_policy
from sources.odoo.client import call, search_read
from sources.odoo.merging import MERGED_INTO
from tests.odoo.exporting import changes, export, vanished
from tests.odoo.publishing import Shop

OBJECTS = ["product_template", "product_product"]


@pytest.fixture
def shop(used_odoo, tmp_path: Path) -> Shop:
    objects = {name: each.model_copy(update={"merge": True}) for name, each in load_policy().objects.items()}
    return Shop.of(used_odoo, tmp_path, load_policy().model_copy(update={"objects": objects}))


def golden(shop: Shop, used_odoo, pairs: dict[str, list[str]], **values) -> None:
    """Golden products, each with one variant, bound to the first of its records in Odoo."""
    templates, variants = used_odoo.ids["templates"], used_odoo.ids["variants"]
    shop.golden(
        "product_template",
        [
            {"golden_id": f"P-{name}", "odoo_id": templates[keys[0]], "odoo_ids": [templates[key] for key in keys]}
            for name, keys in pairs.items()
        ],
    )
    shop.golden(
        "product_product",
        [
            {"golden_id": f"V-{name}", "product_tmpl_id": f"P-{name}", "odoo_id": variants[keys[0]]}
            | {"odoo_ids": [variants[key] for key in keys], **(values if name == "mug" else {})}
            for name, keys in pairs.items()
        ],
    )


def test_a_duplicate_product_gives_up_its_barcode_keeps_its_stock_and_comes_back_by_undo(shop, used_odoo):
    templates, variants = used_odoo.ids["templates"], used_odoo.ids["variants"]
    spare, rule = templates["pen_2"], "product.pricelist.item"
    call(
        shop.admin,
        rule,
        "unlink",
        [row["id"] for row in search_read(shop.admin, rule, [], [("product_tmpl_id", "=", templates["pen_1"])])],
    )
    golden(shop, used_odoo, {"mug": ["mug_1", "mug_2"], "pen": ["pen_1", "pen_2"]}, barcode="4006381333931")
    before = export(used_odoo.db)
    plan = shop.approved(objects=OBJECTS)
    impact = {name: plan.summary["objects"][name]["merges"] for name in OBJECTS}
    assert impact["product_template"]["moves"] == {"product.pricelist.item.product_tmpl_id": 1}
    assert impact["product_template"]["clashes"] == {"product.pricelist.item.product_tmpl_id": 1}
    assert impact["product_product"]["stays"][
        "stock.quant.product_id: stock is counted where it is; transfer it in Odoo"
    ]
    run = shop.apply(plan)
    assert (run.exceptions, run.outcomes) == ([], {"done": plan.changes})
    merged = export(used_odoo.db)
    assert not vanished(before, merged)
    assert merged["stock_quant"] == before["stock_quant"]
    fields = ["active", "barcode", "default_code", MERGED_INTO]
    old, new = search_read(
        shop.client, "product.product", fields, [("id", "in", [variants["mug_1"], variants["mug_2"]])]
    )[::-1]
    assert old == {
        "id": variants["mug_2"],
        "active": False,
        "barcode": False,
        "default_code": False,
        MERGED_INTO: new["id"],
    }
    assert (new["active"], new["barcode"]) == (True, "4006381333931")
    row = search_read(shop.client, "product.template", ["active", MERGED_INTO], [("id", "=", spare)])[0]
    assert (row["active"], row[MERGED_INTO]) == (False, templates["pen_1"])
    assert shop.verify(run.run_id).passed
    assert shop.plan(objects=OBJECTS).empty

    undone = shop.undo(run.run_id)
    assert undone.exceptions == []
    after = export(used_odoo.db)
    assert not vanished(before, after)
    different = changes(before, after)
    kept = {"ir_model_data", "product_product", "product_template"}
    assert set(different) <= kept
    assert {cell[1] for table in kept - {"ir_model_data"} for cell in different.get(table, ())} <= {"x_assay_id"}


def test_a_product_with_a_variant_of_its_own_is_not_archived(shop, used_odoo):
    golden(shop, used_odoo, {"mug": ["mug_1", "mug_2"]})
    shop.golden("product_product", [])
    plan = shop.plan(objects=OBJECTS)
    assert not shop.lines(plan, "merge")
    variant = used_odoo.ids["variants"]["mug_2"]
    assert f"has variant {variant}, which is not merged itself" in shop.lines(plan, "hold")[0].reason
