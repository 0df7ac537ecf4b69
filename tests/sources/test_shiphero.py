"""ShipHero's queries against the vendor's schema, the lines of long orders, and the wait that an answer tells.

The schema that lies beside the checkout was written down from the manual by others; where it differs from the manual,
which shows how lists are asked for, it is read as the manual says.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from graphql import build_schema, is_object_type, parse, validate

from sources.contract import load_contracts
from sources.errors import Throttled
from sources.estate.world import NOW
from sources.shiphero import connector, fake
from tests.sources.served import Served, first_day, serve

__all__ = ["first_day", "serve"]

SPEC = next(
    (p / "shared/specs/shiphero.graphql" for p in Path(__file__).parents if (p / "shared/specs").is_dir()), None
)
# Of the manual's examples: filters of lists, and pages that are asked for inside a result.
FILTERS = {
    "products": "updated_from updated_to",
    "inventory_changes": "date_from date_to",
    "shipments": "date_from date_to",
}
CONNECTIONS = ("Product", "Order", "Shipment", "InventoryChange", "WarehouseProduct")
PAGED = "(first: Int, after: String)"


@pytest.fixture(scope="module")
def vendor():
    if SPEC is None or not SPEC.exists():
        pytest.skip("the vendor's schema does not lie beside this checkout")
    text = SPEC.read_text().replace("scalar BigInt", "scalar BigInt\nscalar ISODateTime")
    text = re.sub(r"(updated|order_date)_(from|to): String", r"\1_\2: ISODateTime", text)
    for name, filters in FILTERS.items():
        more = " ".join(f"{one}: ISODateTime" for one in filters.split())
        text = text.replace(f"\n  {name}(\n", f"\n  {name}(\n    {more}\n", 1)
    for one in CONNECTIONS:
        listed = rf"(type {one}sQueryResult \{{[^}}]*?\n  data)(?:: {one}Connection|: \[{one}\])"
        text = re.sub(listed, rf"\1{PAGED}: {one}Connection", text)
    text = text.replace("line_items: LineItemConnection", f"line_items{PAGED}: LineItemConnection")
    if "type WarehouseProductConnection" not in text:
        text += "\ntype WarehouseProductConnection { pageInfo: PageInfo edges: [WarehouseProductEdge] }"
        text += "\ntype WarehouseProductEdge { node: WarehouseProduct }"
    return build_schema(text)


def queries():
    streams = load_contracts()["shiphero"].streams.values()
    asked = [{**stream.request.params, **stream.request.sweep}["query"] for stream in streams]
    return [*(stream.request.params["query"] for stream in streams), *asked, connector.LINES]


def test_every_query_is_one_that_the_vendors_schema_allows(vendor):
    assert [str(error) for query in queries() for error in validate(vendor, parse(query))] == []
    assert validate(vendor, parse("{ products { data(first: 1) { edges { node { stock } } } } }"))


def test_the_stand_in_serves_no_field_that_the_vendor_has_not(vendor):
    for name, served in fake.SCHEMA.type_map.items():
        if is_object_type(served) and not name.startswith("__"):
            assert served.fields.keys() <= vendor.type_map[name].fields.keys(), name


@pytest.fixture
def warehouse(serve) -> Served:
    return serve("shiphero")


def test_an_order_of_many_lines_lands_with_all_of_them(warehouse):
    key = warehouse.keys("orders")[3]
    lines = [
        {"id": f"line {n}", "sku": f"s{n}", "quantity": 1, "quantity_shipped": 1, "price": 2.5} for n in range(234)
    ]
    warehouse.touch("orders", key, NOW - timedelta(hours=1), line_items=lines)
    warehouse.extract("orders")
    landed = json.loads(warehouse.latest("orders")[key]["_payload"])["line_items"]
    assert [edge["node"]["sku"] for edge in landed["edges"]] == [f"s{n}" for n in range(234)]
    assert landed["pageInfo"] == {"hasNextPage": False, "endCursor": None}


def test_too_few_credits_are_waited_for_as_long_as_the_answer_says():
    body = {"errors": [{"code": 30, "time_remaining": "51 seconds"}], "data": None}
    found = connector.judge(200, {}, body)
    assert (found.error, found.wait_s) == (Throttled, 51)
    assert connector.judge(200, {}, {"errors": [{"code": 5}]}) is None
    assert connector.judge(200, {}, {"data": {}}) is None
