"""Which variant records are one variant, and which variants one product, through the project's own models."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.matching import declared
from sources.estate import world
from tests.matching import spark
from tests.matching.conftest import match, variant


def assortment() -> list[dict]:
    """The small retailer's listings, so that names and brands are as common as in life."""
    rows = world.generate("retailer2", seed=11).listings.to_pylist()
    names = ("template_key", "sku", "option_1", "option_2", "weight_g")
    return [
        variant(
            f"{row['system']}:{row['key']}",
            **{name: row[name] for name in names},
            template_name=row["name"],
            brand=row["brand"],
            odoo_template_id=int(row["template_key"]) if row["system"] == "odoo" else None,
        )
        for row in rows
    ]


def listing(record_id: str, name: str, **values) -> dict:
    return variant(record_id, template_name=name, brand="Vellmar", **values)


CASES = [
    listing(
        "odoo:9001",
        "Alpine parka",
        template_key="9001",
        odoo_template_id=9001,
        sku="VE-1-S",
        gtin14="04006381333931",
        weight_g=900,
    ),
    listing(
        "odoo:9002",
        "Alpine parka",
        template_key="9001",
        odoo_template_id=9001,
        sku="VE-1-M",
        gtin14="04006381333948",
        weight_g=940,
    ),
    listing(
        "shopify:1",
        "Alpine parka – Vellmar",
        template_key="77",
        sku=" ve-1-s ",
        gtin14="04006381333931",
        option_1="S",
        weight_g=900,
    ),
    listing("shopify:2", "Alpine parka – Vellmar", template_key="77", sku="VE-1-M", option_1="M", weight_g=940),
    listing("pos:1", "VELLMAR ALPINE PARKA", sku="VE 1 M", gtin14="04006381333948", option_1="M", weight_g=940),
    # A number that was given to another article years later.
    listing("pos:2", "VELLMAR GARDEN HOSE 25", sku="VE-9-X", gtin14="04006381333931", weight_g=3100),
    # The piece, and the case of six that has a number of another packaging level.
    listing("shopify:3", "Elder lemonade", gtin14="04006381333412"),
    listing("pos:4", "VELLMAR ELDER LEMONADE", gtin14="04006381333412"),
    listing("pos:5", "VELLMAR ELDER LEMONADE", gtin14="14006381333419"),
    # A case that was labelled with the number of the bottle.
    listing("shopify:4", "Birch syrup 330 ml", gtin14="04006381333429"),
    listing("pos:6", "VELLMAR BIRCH SYRUP 6 x 0.33 l", gtin14="04006381333429"),
    # A size that only the tills sell.
    listing("pos:3", "VELLMAR ALPINE PARKA", sku="VE-1-XXL", option_1="XXL", weight_g=1100),
]

# For each veto two articles that bear one number.
VETOED = {
    "the brands differ": ({"template_name": "Trail bottle"}, {"template_name": "Trail bottle", "brand": "Ostrovec"}),
    "the packs differ": ({"template_name": "Pear cider 6x330ml"}, {"template_name": "Pear cider 12 x 330 ml"}),
    "the model numbers differ": (
        {"template_name": "Kettle", "model_number": "KT-44107"},
        {"template_name": "Kettle", "model_number": "KT-81120"},
    ),
    "the numbers in the names differ": ({"template_name": "Photo album 2019"}, {"template_name": "Photo album 2024"}),
    "the names share no word": ({"template_name": "Enamel mug"}, {"template_name": "Wool scarf"}),
}
CASES += [
    variant(f"{system}:veto{n}", gtin14=f"0400638144{n:04}", **{"brand": "Vellmar"} | side)
    for n, sides in enumerate(VETOED.values())
    for system, side in zip(("shopify", "pos"), sides, strict=True)
]


@pytest.fixture(scope="module")
def matched(tmp_path_factory):
    return match(tmp_path_factory.mktemp("products"), CASES + assortment(), domain="products")


@pytest.fixture(scope="module")
def ids(matched) -> dict[str, tuple[str, str]]:
    rows = matched("select record_id, variant_id, product_id from matched_products__ids")
    return {record: (variant_id, product_id) for record, variant_id, product_id in rows}


def test_a_gtin_and_a_sku_in_any_spelling_find_the_variant(ids):
    assert ids["odoo:9001"] == ids["shopify:1"]
    assert ids["odoo:9002"] == ids["shopify:2"] == ids["pos:1"]


def test_sizes_of_one_product_are_different_variants(ids):
    assert ids["odoo:9001"][0] != ids["odoo:9002"][0]
    assert ids["odoo:9001"][1] == ids["odoo:9002"][1]


def test_a_gtin_used_again_for_another_article_does_not_link(ids):
    assert ids["pos:2"][0] != ids["odoo:9001"][0]
    assert ids["pos:2"][1] != ids["odoo:9001"][1]


def test_a_number_of_another_packaging_level_is_another_variant(ids):
    assert ids["shopify:3"][0] == ids["pos:4"][0] != ids["pos:5"][0]


def test_a_bottles_number_on_a_case_waits_for_a_person(ids, matched):
    assert ids["shopify:4"][0] != ids["pos:6"][0]
    reasons = "select reason from matched_products__review where left_record_id = 'pos:6' or right_record_id = 'pos:6'"
    assert any("the packs differ" in reason for (reason,) in matched(reasons))


@pytest.mark.parametrize(("place", "veto"), list(enumerate(VETOED)))
def test_a_number_that_something_contradicts_waits_for_a_person_with_the_reason(ids, matched, place, veto):
    assert set(VETOED) == {one["name"] for one in declared("products")["vetoes"]}
    assert ids[f"shopify:veto{place}"][0] != ids[f"pos:veto{place}"][0]
    reasons = matched(f"select reason from matched_products__review where left_record_id like '%:veto{place}'")
    assert any(veto in reason for (reason,) in reasons)


def test_a_gtin_on_two_variants_is_put_before_a_person(matched):
    cases = matched("select left_record_id, right_record_id, reason from matched_products__review")
    assert any("pos:2" in case and "GTIN" in case[2] for case in cases)


def test_a_variant_without_template_joins_the_product_of_its_name(ids):
    assert ids["pos:3"][1] == ids["odoo:9001"][1]
    assert ids["pos:3"][0] not in {ids["odoo:9001"][0], ids["odoo:9002"][0]}


def test_ids_say_what_they_identify(ids):
    assert all(variant_id.startswith("V-") and product_id.startswith("P-") for variant_id, product_id in ids.values())


def test_every_record_of_one_variant_is_of_one_product(ids):
    products = {}
    for variant_id, product_id in ids.values():
        assert products.setdefault(variant_id, product_id) == product_id


def test_the_sql_that_matches_products_is_what_spark_also_speaks(matched):
    [(warehouse,)] = matched("select path from duckdb_databases() where path like '%warehouse.duckdb'")
    foreign = spark.foreign(Path(warehouse).parent, "products")
    assert "matched_products__comparisons" in foreign
    assert {model: names for model, names in foreign.items() if names} == {}
