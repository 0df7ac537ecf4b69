"""Merging products inside a used Odoo: the duplicate is archived and superseded, its stock and history stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.publish.policy import load_policy
from sources.odoo.client import call, search_read
from sources.odoo.merging import MERGED_INTO
from tests.odoo.exporting import changes, export, vanished
from tests.odoo.fire import sql
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
    assert impact["product_product"]["moves"] == dict.fromkeys(
        (
            "account.analytic.distribution.model.product_id",
            "loyalty.reward.discount_product_ids",
            "loyalty.reward.reward_product_id",
            "sale.order.template.line.product_id",
        ),
        1,
    )
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


def test_what_odoo_would_not_archive_is_told_in_the_plan(shop, used_odoo):
    variants = used_odoo.ids["variants"]
    golden(shop, used_odoo, {"both": ["pen_1", "lamp"]})
    wanted = [("product_id", "=", variants["lamp"])]
    line = search_read(shop.admin, "pos.order.line", ["order_id"], wanted, limit=1)[0]

    def held() -> str:
        plan = shop.plan(objects=OBJECTS)
        assert not shop.lines(plan, "merge")
        return next(line.reason for line in shop.lines(plan, "hold") if line.golden_id == "V-both")

    assert f"record {variants['lamp']} cannot be archived: a reward names both; take one of them out" in held()
    reward = search_read(shop.admin, "loyalty.reward", [], [("discount_product_ids", "in", [variants["pen_1"]])])
    call(
        shop.admin,
        "loyalty.reward",
        "write",
        [reward[0]["id"]],
        vals={"discount_product_ids": [[3, variants["pen_1"]]]},
    )
    with sql(used_odoo.db) as cursor:
        cursor.execute("update pos_order set state = 'draft' where id = %s", (line["order_id"],))
    assert "it is on an order that a till has not finished" in held()
    with sql(used_odoo.db) as cursor:
        cursor.execute("update pos_order set state = 'done' where id = %s", (line["order_id"],))
    till = search_read(shop.admin, "pos.config", [], limit=1)[0]["id"]
    call(shop.admin, "pos.config", "write", [till], vals={"tip_product_id": variants["lamp"]})
    assert "a till is set up to sell it" in held()
