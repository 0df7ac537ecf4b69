"""WooCommerce says its orders net and its goods gross: both come to the same money, to the cent."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.sources.served import first_day, serve

__all__ = ["first_day", "serve"]


@pytest.fixture
def shop(serve):
    return serve("woocommerce")


def bodies(shop, stream):
    shop.extract(stream)
    return [json.loads(row["_payload"], parse_float=Decimal) for row in shop.rows(stream)]


def summed(lines, field):
    return sum(Decimal(line[field]) for line in lines)


def test_lines_taxes_shipping_and_discounts_of_every_order_make_its_total_to_the_cent(shop):
    orders = bodies(shop, "orders")
    for order in orders:
        lines, shipping = order["line_items"], Decimal(order["shipping_total"])
        assert summed(lines, "total") + shipping + Decimal(order["total_tax"]) == Decimal(order["total"])
        assert summed(lines, "subtotal") - Decimal(order["discount_total"]) == summed(lines, "total")
        assert summed(lines, "total_tax") == Decimal(order["total_tax"])
        assert order["currency"] == "CZK"
    assert len(orders) > 30


def test_a_lines_net_amount_and_tax_make_the_gross_price_that_the_shop_asks(shop):
    asked = {one["sku"]: Decimal(one["regular_price"]) for one in bodies(shop, "products") if one["regular_price"]}
    asked |= {one["sku"]: Decimal(one["regular_price"]) for one in bodies(shop, "variations")}
    lines = [line for order in bodies(shop, "orders") for line in order["line_items"]]
    for line in lines:
        assert (Decimal(line["total"]) + Decimal(line["total_tax"])) / line["quantity"] == asked[line["sku"]]
        assert abs(line["price"] * line["quantity"] - Decimal(line["total"])) < Decimal("0.01")
        assert type(line["price"]) is Decimal
    assert any(line["price"] != round(line["price"], 2) for line in lines)
