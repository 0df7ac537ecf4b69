"""Shipping of telephone sales on its first day: a parcel for each order that was taken, to whoever ordered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from sources.estate.guests import Part
from sources.estate.world import World

Object = tuple[str, datetime, dict[str, Any]]
_CARRIERS = ("postnl:standard", "dpd:classic", "gls_cz:parcel")
_STORE = {"name": "Telephone sales", "company_name": "Outlet", "address_line_1": "Skladová", "house_number": "1",
          "city": "Brno", "postal_code": "602 00", "country_code": "CZ"}  # fmt: skip


def invent(world: World) -> Part:
    """The carriers' part of the retailer; every shipment goes to the contact who ordered."""
    sales = world.part("hubspot")
    contacts = {row["key"]: row for row in sales.appearances.to_pylist()}
    shipments, met = [], []
    for number, (_, _, order) in enumerate(sales.objects["order"]):
        buyer = contacts[order["associations"]["contacts"]["results"][0]["id"]]
        shipments.append(_shipment(number, order["properties"], buyer))
        met.append({**buyer, "system": "sendcloud", "key": shipments[-1][0]})
    return Part({"shipment": shipments}, pa.Table.from_pylist(met, schema=sales.appearances.schema))


def stamp(at: datetime) -> str:
    """As Sendcloud writes times: microseconds, Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _shipment(number: int, order: dict[str, Any], buyer: dict[str, Any]) -> Object:
    made = datetime.fromisoformat(order["hs_external_created_date"]).replace(tzinfo=None) + timedelta(hours=5)
    changed = made + timedelta(hours=14, microseconds=804_278)
    told = {
        "name": " ".join(filter(None, (buyer["first_name"], buyer["last_name"]))),
        "company_name": buyer["company_name"],
        "address_line_1": buyer["street"],
        "address_line_2": None,
        "house_number": None,
        "city": buyer["city"],
        "postal_code": buyer["zip"],
        "country_code": buyer["country_code"],
        "email": buyer["email"],
        "phone_number": buyer["phone"],
    }
    parcel = {
        "id": 383_700_001 + 3 * number,
        "status": {"code": "DELIVERED", "message": "Delivered"},
        "weight": {"value": f"{0.4 + number % 30 / 10:.3f}", "unit": "kg"},
        "tracking_number": f"3SYZXG{7_000_000 + 13 * number}",
        "created_at": stamp(made),
        "announced_at": stamp(made),
        "updated_at": stamp(changed),
        "parcel_items": [],
    }
    option = {"shipping_option_code": _CARRIERS[number % len(_CARRIERS)], "contract_id": 4195}
    body = {
        "id": str(91_000_001 + 7 * number),
        "order_number": order["hs_external_order_id"],
        "from_address": _STORE,
        "to_address": told,
        "ship_with": {"type": "shipping_option_code", "properties": option},
        "total_order_price": {"value": order["hs_total_price"], "currency": order["hs_currency_code"]},
        "parcels": [parcel],
        "customs_information": None,
        "errors": [],
    }
    return body["id"], changed, body
