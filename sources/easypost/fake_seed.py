"""Shipping on its first day: a parcel for each order of the outlet, labels never used, parcels followed for others."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from sources.estate.guests import Part
from sources.estate.world import World

_CARRIERS = (("DPDUK", "Classic"), ("DHLExpress", "Worldwide"), ("GLS", "Parcel"))
_MOST = 60
_STORE = {
    "name": "Outlet",
    "company": "Outlet",
    "street1": "Skladová 1",
    "city": "Brno",
    "zip": "602 00",
    "country": "CZ",
}


def invent(world: World) -> Part:
    """The carriers' part of the retailer; every parcel's address is that of the order, under an id of its own."""
    shop = world.part("woocommerce")
    rows = {row["key"]: row for row in shop.appearances.to_pylist()}
    orders = [body for _, _, body in shop.objects["order"]]
    shipments = [_shipment(number, order) for number, order in enumerate(orders)]
    refunds = [_refund(number, body) for number, (_, _, body) in enumerate(shipments) if number % 2]
    trackers = [_followed(body) for _, _, body in shipments]
    sent = [body for _, _, body in world.part("warehouse").objects["shipment"]]
    trackers += [_tracker(number, body) for number, body in enumerate(sent[-_MOST:], len(shipments))]
    met = [
        {**rows[str(order["customer_id"])], "system": "easypost", "key": body["to_address"]["id"]}
        for order, (_, _, body) in zip(orders, shipments, strict=True)
    ]
    appearances = pa.Table.from_pylist(met, schema=shop.appearances.schema)
    return Part({"shipment": shipments, "refund": refunds, "tracker": trackers}, appearances)


def named(kind: str, number: int) -> str:
    """The number's id, such as `shp_` and 32 digits."""
    return f"{kind}_{uuid.uuid5(uuid.NAMESPACE_URL, f'https://estate.example/easypost/{kind}/{number}').hex}"


def stamp(at: datetime) -> str:
    """As EasyPost writes times."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _shipment(number: int, order: dict[str, Any]) -> tuple[str, datetime, dict[str, Any]]:
    key, made = named("shp", number), datetime.fromisoformat(order["date_created_gmt"]) + timedelta(hours=6)
    changed, (carrier, service) = made + timedelta(hours=30), _CARRIERS[number % len(_CARRIERS)]
    code, billing, shipping = f"CZ{9_000_000 + 37 * number}", order["billing"], order["shipping"]
    rate = {"carrier": carrier, "service": service, "rate": f"{89 + number % 60}.00", "currency": "CZK"}
    rate |= {"id": named("rate", number), "object": "Rate", "mode": "production", "shipment_id": key}
    to = {
        "id": named("adr", number),
        "object": "Address",
        "name": f"{shipping['first_name']} {shipping['last_name']}".strip(),
        "company": shipping["company"] or None,
        "street1": shipping["address_1"],
        "street2": None,
        "city": shipping["city"],
        "zip": shipping["postcode"],
        "country": shipping["country"],
        "phone": billing["phone"] or None,
        "email": billing["email"],
    }
    tracker = {"id": named("trk", number), "object": "Tracker", "tracking_code": code, "status": "delivered"}
    tracker |= {"carrier": carrier, "shipment_id": key, "signed_by": to["name"], "tracking_details": []}
    body = {
        "id": key,
        "object": "Shipment",
        "mode": "production",
        "created_at": stamp(made),
        "updated_at": stamp(changed),
        "reference": f"woocommerce:{order['id']}",
        "status": "delivered",
        "tracking_code": code,
        "is_return": False,
        "from_address": {"id": named("adr", -1), "object": "Address", **_STORE},
        "to_address": to,
        "buyer_address": to,
        "parcel": {"id": named("prcl", number), "object": "Parcel", "weight": 10.0 + number % 90},
        "rates": [rate],
        "selected_rate": rate,
        "tracker": tracker,
        "refund_status": None,
        "messages": [],
    }
    return key, changed, body


def _refund(number: int, shipment: dict[str, Any]) -> tuple[str, datetime, dict[str, Any]]:
    """Of a label that was printed twice."""
    at = datetime.fromisoformat(shipment["created_at"]).replace(tzinfo=None) + timedelta(days=1)
    body = {
        "id": named("rfnd", number),
        "object": "Refund",
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "tracking_code": f"{shipment['tracking_code']}-2",
        "confirmation_number": None,
        "status": "refunded",
        "carrier": shipment["selected_rate"]["carrier"],
        "shipment_id": shipment["id"],
    }
    return body["id"], at, body


def _followed(shipment: dict[str, Any]) -> tuple[str, datetime, dict[str, Any]]:
    """The tracker of a parcel that was labelled here."""
    at = datetime.fromisoformat(shipment["updated_at"]).replace(tzinfo=None)
    body = {**shipment["tracker"], "created_at": shipment["created_at"], "updated_at": shipment["updated_at"]}
    return body["id"], at, body


def _tracker(number: int, parcel: dict[str, Any]) -> tuple[str, datetime, dict[str, Any]]:
    """Of a parcel that the first warehouse sent with a label of its carrier's."""
    at = datetime.fromisoformat(parcel["shipped_at"]).replace(tzinfo=None)
    body = {
        "id": named("trk", number),
        "object": "Tracker",
        "tracking_code": parcel["tracking_no"],
        "status": "delivered" if parcel["status"] == "delivered" else "in_transit",
        "status_detail": "arrived_at_destination",
        "created_at": stamp(at),
        "updated_at": stamp(at + timedelta(hours=1)),
        "carrier": parcel["carrier"],
        "shipment_id": None,
        "signed_by": None,
        "tracking_details": [],
    }
    return body["id"], at + timedelta(hours=1), body
