"""The CRM of telephone sales on its first day: contacts, the firms that Odoo invoices, orders with lines and deals.

What it quotes from and is asked about is in fake_desk.py.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.estate.guests import Part, customers_of, dice
from sources.estate.world import World
from sources.hubspot.fake_desk import asked, library, quoted

_CONTACT = {
    "firstname": "first_name",
    "lastname": "last_name",
    "email": "email",
    "phone": "phone",
    "address": "street",
    "city": "city",
    "zip": "zip",
    "hs_country_region_code": "country_code",
    "hs_language": "language",
}
_COMPANY = {
    "name": "company_name",
    "phone": "phone",
    "address": "street",
    "city": "city",
    "zip": "zip",
    "hs_country_code": "country_code",
}


def invent(world: World) -> Part:
    """The CRM's part of the retailer."""
    people = customers_of(world, "hubspot", "shopify", lambda n: str(100_201 + 50 * n))
    firms = _firms(world)
    contacts = [_object(row, _CONTACT, "lastmodifieddate") for row in people.to_pylist()]
    companies = [_object(row, _COMPANY, "hs_lastmodifieddate") for row in firms.to_pylist()]
    orders = _orders(world, contacts)
    goods = library(world)
    products = [_product(*quoted(number, good)) for number, good in enumerate(goods)]
    objects = {
        "contact": contacts,
        "company": companies,
        "order": orders,
        "line_item": _lines(products, orders),
        "deal": [_deal(number, order, at) for number, (_, at, order) in enumerate(orders)],
        "product": products,
        "ticket": [_ticket(order, *asked(number, order, at)) for number, (_, at, order) in enumerate(orders[::2])],
    }
    variants = {f"hubspot:{key}": good["variant_id"] for (key, _, _), good in zip(products, goods, strict=True)}
    return Part(objects, pa.concat_tables([people, _bound(firms)]), variants)


def stamp(at: datetime) -> str:
    """As HubSpot writes times: milliseconds, Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def _firms(world: World) -> pa.Table:
    """The companies of Odoo that buy by telephone, under ids of the CRM's own."""
    rows = world.appearances
    firms = rows.filter(pc.and_(pc.equal(rows["system"], "odoo"), rows["is_company"])).slice(0, 400)
    keys = pa.array([str(9_000_001 + 31 * n) for n in range(len(firms))])
    systems = pa.array(["hubspot"] * len(firms))
    return firms.set_column(0, "system", systems).set_column(1, "key", keys)


def _bound(firms: pa.Table) -> pa.Table:
    """The firms under the keys that their records have downstream, apart from the contacts'."""
    return firms.set_column(1, "key", pc.binary_join_element_wise("company", firms["key"], "-"))


def _object(row: dict[str, Any], names: dict[str, str], modified: str) -> tuple[str, datetime, dict[str, Any]]:
    """A CRM object; a property without a value is left out, as in the vendor's own document."""
    updated = row["updated_at"].replace(microsecond=row["updated_at"].microsecond // 1000 * 1000)
    told = {name: row[column] for name, column in names.items() if row[column]}
    properties = {**told, "hs_object_id": row["key"], "createdate": stamp(row["created_at"]), modified: stamp(updated)}
    return row["key"], updated, _record(row["key"], properties, row["created_at"], updated, "0-1")


def _record(key: str, properties: dict[str, Any], made: datetime, changed: datetime, kind: str) -> dict[str, Any]:
    return {
        "id": key,
        "properties": properties,
        "createdAt": stamp(made),
        "updatedAt": stamp(changed),
        "archived": False,
        "url": f"https://estate.example/contacts/1/record/{kind}/{key}",
    }


def _orders(world: World, contacts: list[tuple[str, datetime, dict[str, Any]]]) -> list[tuple[str, datetime, Any]]:
    rng, found = dice(world, "hubspot"), []
    ages = np.sort(rng.random(len(contacts) * 5 // 4))[::-1] * 100 * 86_400
    for number, ago in enumerate(ages.tolist()):
        at = (world.now - timedelta(days=1, seconds=round(ago))).replace(tzinfo=None, microsecond=0)
        buyer = contacts[int(rng.integers(len(contacts)))][0]
        found.append(_order(number, at, buyer, Decimal(int(rng.integers(20_000, 900_000))) / 100))
    return found


def _order(number: int, at: datetime, buyer: str, total: Decimal) -> tuple[str, datetime, dict[str, Any]]:
    key, changed = str(30_000_007 + 19 * number), at + timedelta(hours=3)
    properties = {
        "hs_order_name": f"Telephone order {number + 1}",
        "hs_external_order_id": f"TEL-{number + 1:05}",
        "hs_external_created_date": stamp(at),
        "hs_total_price": str(total),
        "hs_currency_code": "CZK",
        "hs_object_id": key,
        "hs_createdate": stamp(at),
        "hs_lastmodifieddate": stamp(changed),
    }
    told = {"associations": _with(contacts=buyer), **_record(key, properties, at, changed, "0-123")}
    return key, changed, told


def _with(**others: str) -> dict[str, Any]:
    """What a record is associated with, one of each kind."""
    return {kind: {"results": [{"id": key, "type": f"to_{kind[:-1]}"}]} for kind, key in others.items()}


def _lines(
    products: list[tuple[str, datetime, Any]], orders: list[tuple[str, datetime, Any]]
) -> list[tuple[str, datetime, Any]]:
    """One or two lines an order, of the product library; together they are what it costs."""
    found: list[tuple[str, datetime, Any]] = []
    for number, (order, at, body) in enumerate(orders):
        total = Decimal(body["properties"]["hs_total_price"])
        first = total if number % 3 == 0 else (total * Decimal("0.6")).quantize(Decimal("0.01"))
        for amount in filter(None, (first, total - first)):
            key, (product, _, good) = str(40_000_003 + 7 * len(found)), products[(3 * len(found)) % len(products)]
            sold = {name: text for name, text in good["properties"].items() if name in ("name", "hs_sku")}
            properties = {
                **sold,
                "hs_product_id": product,
                "quantity": "1",
                "price": str(amount),
                "amount": str(amount),
                "hs_line_item_currency_code": "CZK",
                "hs_object_id": key,
                "hs_lastmodifieddate": stamp(at),
            }
            line = _record(key, properties, at, at, "0-8")
            found.append((key, at, {**line, "associations": _with(orders=order)}))
    return found


def _deal(number: int, order: dict[str, Any], at: datetime) -> tuple[str, datetime, dict[str, Any]]:
    """What led to an order."""
    key, taken = str(50_000_021 + 11 * number), order["properties"]
    properties = {
        "dealname": f"Call {number + 1}",
        "amount": taken["hs_total_price"],
        "deal_currency_code": "CZK",
        "dealstage": "closedwon",
        "pipeline": "default",
        "hs_is_closed_won": "true",
        "hs_object_id": key,
        "closedate": taken["hs_external_created_date"],
        "hs_lastmodifieddate": stamp(at),
    }
    buyer = order["associations"]["contacts"]["results"][0]["id"]
    deal = _record(key, properties, at - timedelta(days=1), at, "0-3")
    return key, at, {**deal, "associations": _with(contacts=buyer, orders=order["id"])}


def _product(key: str, at: datetime, told: dict[str, str]) -> tuple[str, datetime, dict[str, Any]]:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    own = {**told, "hs_object_id": key, "createdate": stamp(at), "hs_lastmodifieddate": stamp(at)}
    return key, at, _record(key, own, at, at, "0-7")


def _ticket(
    order: dict[str, Any], key: str, at: datetime, told: dict[str, str]
) -> tuple[str, datetime, dict[str, Any]]:
    own = {**told, "hs_object_id": key, "createdate": stamp(at), "hs_lastmodifieddate": stamp(at)}
    buyer = order["associations"]["contacts"]["results"][0]["id"]
    return key, at, {**_record(key, own, at, at, "0-5"), "associations": _with(contacts=buyer, orders=order["id"])}
