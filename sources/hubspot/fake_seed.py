"""The CRM of telephone sales on its first day: contacts, the firms that Odoo invoices, orders taken by telephone."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.estate.guests import Part, customers_of, dice
from sources.estate.world import World

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
    objects = {"contact": contacts, "company": companies, "order": _orders(world, contacts)}
    return Part(objects, pa.concat_tables([people, _bound(firms)]))


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
    body = {
        "id": row["key"],
        "properties": properties,
        "createdAt": stamp(row["created_at"]),
        "updatedAt": stamp(updated),
        "archived": False,
        "url": f"https://estate.example/contacts/1/record/0-1/{row['key']}",
    }
    return row["key"], updated, body


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
    body = {
        "id": key,
        "properties": {
            "hs_order_name": f"Telephone order {number + 1}",
            "hs_external_order_id": f"TEL-{number + 1:05}",
            "hs_external_created_date": stamp(at),
            "hs_total_price": str(total),
            "hs_currency_code": "CZK",
            "hs_object_id": key,
            "hs_createdate": stamp(at),
            "hs_lastmodifieddate": stamp(changed),
        },
        "associations": {"contacts": {"results": [{"id": buyer, "type": "order_to_contact"}]}},
        "createdAt": stamp(at),
        "updatedAt": stamp(changed),
        "archived": False,
        "url": f"https://estate.example/contacts/1/record/0-123/{key}",
    }
    return key, changed, body
