"""The simulated retailer inside an Odoo: the demo's database and a real Odoo hold the same."""

import pytest

from sources.estate.world import generate
from sources.odoo.client import search_read
from tests.odoo.fixtures import KINDS

pytestmark = pytest.mark.parametrize("odoo_retailer", KINDS[:2], indirect=True)


@pytest.fixture(scope="module")
def world():
    return generate("retailer2")


def of_odoo(table):
    return [row for row in table.to_pylist() if row["system"] == "odoo"]


def text(moment):
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else False


def by_key(target, client, table, model, fields):
    keys = {record_id: key for key, record_id in target.ids[table].items()}
    rows = search_read(client, model, ["id", *fields])
    return {keys.get(row["id"], str(row["id"])): row for row in rows}


def test_every_contact_is_there_as_its_company_allows(odoo_retailer, world):
    fields = ["name", "is_company", "email", "street", "city", "country_code", "vat", "parent_id", "active"]
    held = by_key(odoo_retailer, odoo_retailer.client(), "partners", "res.partner", fields)
    people = {row["key"]: row for row in of_odoo(world.appearances)}
    assert len(people) == 60
    for key, row in people.items():
        family = people[row["parent_key"]] if row["parent_key"] else row
        assert held[key]["name"] == row["full_name"]
        assert held[key]["email"] == (row["email"] or False)
        assert held[key]["is_company"] == bool(row["is_company"])
        assert held[key]["active"] == (row["is_active"] is not False)
        assert held[key]["street"] == (family["street"] or False)
        assert held[key]["country_code"] == (family["country_code"] or False)
        assert held[key]["vat"] == (family["vat"] or False)
        parent = odoo_retailer.ids["partners"][row["parent_key"]] if row["parent_key"] else False
        assert held[key]["parent_id"] == parent


def test_every_variant_hangs_on_its_template_with_its_options(odoo_retailer, world):
    client = odoo_retailer.client()
    fields = ["product_tmpl_id", "default_code", "barcode", "weight", "active", "product_template_attribute_value_ids"]
    held = by_key(odoo_retailer, client, "variants", "product.product", fields)
    offers = {row["id"]: row["name"] for row in search_read(client, "product.template.attribute.value", ["name"])}
    listings = of_odoo(world.listings)
    assert len(held) == len(listings) == 60
    barcodes = set()
    for row in listings:
        found = held[row["key"]]
        assert found["product_tmpl_id"] == odoo_retailer.ids["templates"][row["template_key"]]
        assert found["default_code"] == (row["sku"] or False)
        assert found["weight"] == pytest.approx((row["weight_g"] or 0) / 1000, abs=0.0051)
        options = {offers[one] for one in found["product_template_attribute_value_ids"]}
        assert options == {row["option_1"], row["option_2"]} - {None}
        assert found["active"] == (row["is_active"] is not False)
        assert found["barcode"] == (row["gtin"] or False) or row["gtin"] in barcodes
        barcodes.add(row["gtin"])


def test_every_price_stands_on_its_list(odoo_retailer, world):
    fields = ["pricelist_id", "product_id", "fixed_price", "min_quantity", "date_start", "date_end", "applied_on"]
    held = by_key(odoo_retailer, odoo_retailer.client(), "items", "product.pricelist.item", fields)
    prices = of_odoo(world.prices)
    assert len(held) == len(prices) == 122
    for row in prices:
        found = held[row["key"]]
        assert found["pricelist_id"] == odoo_retailer.ids["pricelists"][row["price_list"]]
        assert found["product_id"] == odoo_retailer.ids["variants"][row["listing_key"]]
        assert found["fixed_price"] == float(row["amount"])
        assert found["date_start"] == text(row["valid_from_at"])
        assert bool(found["date_end"]) == bool(row["valid_to_at"])


def test_price_lists_carry_their_currency(odoo_retailer):
    client = odoo_retailer.client()
    currencies = {row["id"]: row["name"] for row in search_read(client, "res.currency", ["name"])}
    lists = search_read(client, "product.pricelist", ["name", "currency_id"])
    assert [(row["name"], currencies[row["currency_id"]]) for row in lists] == [
        ("Retail CZK", "CZK"),
        ("Online EUR", "EUR"),
    ]
