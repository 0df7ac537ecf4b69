"""Shipping of telephone sales on its first day: a parcel for each order that was taken, to whoever ordered.

Two of three come back.
"""

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
    now = world.now.replace(tzinfo=None)
    kept = [one for number, one in enumerate(shipments) if number % 3 != 1 and one[1] < now - timedelta(days=6)]
    returns = [_return(number, at, body) for number, (_, at, body) in enumerate(kept)]
    return Part({"shipment": shipments, "return": returns}, pa.Table.from_pylist(met, schema=sales.appearances.schema))


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


def _return(number: int, delivered: datetime, shipment: dict[str, Any]) -> Object:
    """A shipment on its way back, or arrived; what it is worth is to be given back."""
    made = (delivered + timedelta(days=3)).replace(microsecond=0)
    price = shipment["total_order_price"]
    body = {
        "id": 1_751_001 + number,
        "order_number": shipment["order_number"],
        "from_address": shipment["to_address"],
        "to_address": _STORE,
        "shipping_product": {"code": "dpd:return/return"},
        "weight": shipment["parcels"][0]["weight"],
        "parcel_items": [],
        "label_cost": {"value": "89.00", "currency": price["currency"]},
        "tracking_number": f"RT{9_000_000 + 17 * number}",
        "tracking_url": f"https://tracking.example/RT{9_000_000 + 17 * number}",
        "is_cancellable": number % 2 == 0,
        "status_history": [],
        "status": ("Ready to send", "Delivered")[number % 2],
        "reason": {"return_reason_id": number % 4 + 1, "comment": None},
        "refund": {"refund_type": "money", "total_refund": price},
        "return_fee": None,
        "created_at": stamp(made),
        "delivered_at_iso": stamp(made + timedelta(days=2)) if number % 2 else None,
        "errors": [],
    }
    return str(body["id"]), made, body
