"""Products of several variants: made with the attributes that golden states, and never remade in Odoo."""

import pytest

from sources.odoo.client import call, search_read
from tests.odoo.publishing import Shop, price, product, without_actions


@pytest.fixture
def shop(odoo_target, tmp_path):
    shop = Shop.of(odoo_target, tmp_path)
    shop.price_list()
    return shop


def coat(*options, **more):
    """One product with a variant, and its price, for each (size, colour)."""
    template, _ = product(0)
    variants = [
        product(number)[1] | {"product_tmpl_id": template["golden_id"], "option_1": size, "option_2": colour} | more
        for number, (size, colour) in enumerate(options)
    ]
    return [template], variants, [price(number) for number in range(len(options))]


def golden(shop, templates, variants, prices):
    shop.golden("product_template", templates)
    shop.golden("product_product", variants)
    shop.golden("product_pricelist_item", prices)


def of_product(shop):
    template = shop.record("product_template", "P-0000", "id")["id"]
    asked = ["x_assay_id", "display_name", "active", "default_code"]
    return search_read(shop.client, "product.product", asked, [("product_tmpl_id", "=", template)])


def test_a_new_product_is_made_with_exactly_the_variants_that_golden_has(shop):
    golden(shop, *coat(("S", "red"), ("M", "red"), ("M", "blue")))
    report = shop.publish()
    assert report.exceptions == []
    rows = of_product(shop)
    assert [row["x_assay_id"] for row in rows] == ["V-0000", "V-0001", "V-0002"]
    assert [row["display_name"].partition(" (")[2] for row in rows] == ["S, red)", "M, red)", "M, blue)"]
    assert shop.verify(report.run_id).passed
    assert shop.plan().empty


def test_products_share_their_attributes_and_options(shop):
    templates, variants, _ = coat(("S", None), ("M", None))
    other = [product(7)[1] | {"product_tmpl_id": "P-0007", "option_1": size} for size in ("M", "L")]
    other[1] |= {"golden_id": "V-0008", "barcode": "8590000008"}
    golden(shop, [*templates, product(7)[0]], [*variants, *other], [])
    shop.publish()
    attributes = search_read(shop.client, "product.attribute", ["name"], [("name", "in", ["Option 1", "Option 2"])])
    options = search_read(
        shop.client, "product.attribute.value", ["name"], [("attribute_id", "=", attributes[0]["id"])]
    )
    assert [row["name"] for row in attributes] == ["Option 1"]
    assert sorted(row["name"] for row in options) == ["L", "M", "S"]


def test_a_variant_that_waited_is_added_to_its_product_later(shop):
    templates, variants, _ = coat(("S", "red"), ("M", "red"))
    golden(shop, templates, [variants[0], variants[1] | {"weight": float("nan")}], [])
    first = shop.publish()
    assert first.outcomes == {"done": 2}
    golden(shop, templates, variants, [])
    assert shop.publish().outcomes == {"done": 1}
    assert [row["default_code"] for row in of_product(shop)] == ["SKU-0", "SKU-1"]
    assert shop.plan().empty


def test_a_product_in_odoo_keeps_its_attributes_and_a_new_variant_of_it_is_left_to_people(shop, odoo_target):
    golden(shop, *coat(("S", "red"), ("M", "red")))
    shop.publish()
    archived = of_product(shop)[0]["id"]
    odoo_target.human_edit("product.product", archived, {"active": False})
    golden(shop, *coat(("S", "red"), ("M", "red"), ("XL", "red")))
    plan = shop.approved()
    reasons = {line.golden_id: line.reason for line in shop.lines(plan, "reject")}
    assert "has 2 variants in Odoo and none of them is this one" in reasons["V-0002"]
    assert "V-0002" in reasons["R-0002"]
    shop.apply(plan)
    assert {row["id"]: row["active"] for row in of_product(shop)}[archived] is False


@pytest.mark.parametrize(
    "options",
    [[(None, None), (None, None)], [("S", None), ("S", None)], [("S", "red"), ("M", None)]],
    ids=["none", "equal", "incomplete"],
)
def test_variants_that_nothing_tells_apart_are_rejected_with_their_product(shop, options):
    golden(shop, *coat(*options))
    plan = shop.plan()
    assert plan.empty
    reasons = {line.golden_id: line.reason for line in shop.lines(plan, "reject")}
    assert "golden has 2 variants of it and no options that tell them apart" in reasons["P-0000"]
    assert "rests on P-0000" in reasons["V-0000"]


def test_where_lists_cannot_be_created_the_product_is_refused_and_the_others_go_on(shop, odoo_target):
    templates, variants, _ = coat(("S", "red"), ("M", "red"))
    golden(shop, [*templates, product(5)[0]], [*variants, product(5)[1]], [])
    plan = shop.approved()
    report = shop.apply(plan, without_actions(odoo_target.publisher()))
    assert report.outcomes == {"done": 2, "rejected": 3}
    assert "only scalars can be created" in report.exceptions[0]["detail"]["problem"]
    assert call(shop.client, "product.template", "search_count", domain=[("x_assay_id", "=", "P-0000")]) == 0
