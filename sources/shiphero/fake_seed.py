"""The second warehouse on its first day: what the second marketplace sells, and each of its orders picked and sent."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sources.estate.guests import Part
from sources.estate.world import World

Object = tuple[str, datetime, dict[str, Any]]
WAREHOUSE = b64encode(b"Warehouse:81").decode()
_GRAMS_A_POUND = 453.59237
_CARRIERS = (("dhl", "paket"), ("ups", "standard"), ("dpd", "classic"))


def invent(world: World) -> Part:
    """The warehouse's part of the retailer: it knows the marketplace's goods, and nobody who buys them."""
    shop = world.part("ebay")
    goods = [(body, at) for _, at, body in shop.objects["listing"]]
    products = [_product(number, body, at) for number, (body, at) in enumerate(goods)]
    orders = [_order(number, body) for number, (_, _, body) in enumerate(shop.objects["order"])]
    shipments = [_shipment(number, order) for number, order in enumerate(orders)]
    movements = _movements([body for *_, body in orders])
    sent: dict[str, int] = {}
    for _, _, one in movements:
        sent[one["sku"]] = sent.get(one["sku"], 0) - one["change_in_on_hand"]
    stock = [_stock(number, body, world) for number, (body, _) in enumerate(goods)]
    _count(movements, {body["sku"]: body["on_hand"] for *_, body in stock}, sent)
    variants = {f"shiphero:{key}": shop.variants[f"ebay:{body['sku']}"] for key, _, body in products}
    objects = {"product": products, "stock": stock, "movement": movements, "order": orders, "shipment": shipments}
    return Part(objects, None, variants)


def named(kind: str, number: int) -> str:
    """ShipHero's id of the thing with this number."""
    return b64encode(f"{kind}:{number}".encode()).decode()


def stamp(at: datetime) -> str:
    """As ShipHero writes times: UTC without saying so."""
    return at.strftime("%Y-%m-%dT%H:%M:%S")


def _product(number: int, listing: dict[str, Any], at: datetime) -> Object:
    key, updated, told = named("Product", 7_000_001 + number), at + timedelta(hours=2), listing["product"]
    grams = listing.get("packageWeightAndSize", {}).get("weight", {}).get("value")
    body = {
        "id": key,
        "sku": listing["sku"],
        "name": told["title"],
        "barcode": told.get("ean", [None])[0],
        "active": True,
        "kit": False,
        "updated_at": stamp(updated),
        "dimensions": {"weight": round(grams / _GRAMS_A_POUND, 5) if grams else None},
    }
    return key, updated, body


def _stock(number: int, listing: dict[str, Any], world: World) -> Object:
    """What the marketplace may sell lies here."""
    key, at = named("WarehouseProduct", 8_000_001 + number), (world.now - timedelta(hours=9)).replace(tzinfo=None)
    count = listing["availability"]["shipToLocationAvailability"]["quantity"]
    body = {"id": key, "sku": listing["sku"], "warehouse_id": WAREHOUSE, "on_hand": count, "allocated": 0,
            "available": count, "backorder": 0, "active": True, "updated_at": stamp(at)}  # fmt: skip
    return key, at, body


def _order(number: int, sold: dict[str, Any]) -> Object:
    placed = datetime.fromisoformat(sold["creationDate"]).replace(tzinfo=None)
    key, updated = named("Order", 5_000_001 + number), placed + timedelta(hours=19)
    to, total = (
        sold["fulfillmentStartInstructions"][0]["shippingStep"]["shipTo"],
        Decimal(sold["pricingSummary"]["total"]["value"]),
    )
    net, place = round(float(total / Decimal("1.19")), 2), to["contactAddress"]
    lines = [_line(number, nth, line) for nth, line in enumerate(sold["lineItems"])]
    body = {
        "id": key,
        "order_number": f"EB-{5001 + number}",
        "partner_order_id": sold["orderId"],
        "shop_name": "eBay",
        "fulfillment_status": "fulfilled",
        "order_date": stamp(placed),
        "updated_at": stamp(updated),
        "subtotal": net,
        "total_tax": round(float(total) - net, 2),
        "total_discounts": 0.0,
        "total_price": float(total),
        "email": to["email"],
        "shipping_address": {"first_name": None, "last_name": None, "company": None, "address1": place["addressLine1"],
                             "address2": None, "city": place["city"], "state": None, "zip": place["postalCode"],
                             "country_code": place["countryCode"], "phone": None},
        "line_items": lines,
    }  # fmt: skip
    return key, updated, body


def _line(number: int, place: int, line: dict[str, Any]) -> dict[str, Any]:
    told = {"sku": line["sku"], "quantity": line["quantity"], "quantity_shipped": line["quantity"]}
    key = named("LineItem", 60_000_001 + 10 * number + place)
    return {**told, "id": key, "price": float(line["total"]["value"]), "product_name": line["title"]}


def _shipment(number: int, order: Object) -> Object:
    owner, at, _ = order
    key, (carrier, method) = named("Shipment", 9_000_001 + number), _CARRIERS[number % len(_CARRIERS)]
    label = {
        "id": named("ShippingLabel", 3_000_001 + number),
        "tracking_number": f"SH{40_000_000 + 11 * number}",
        "carrier": carrier,
        "shipping_method": method,
        "cost": 4.79 + number % 3,
        "created_at": stamp(at),
    }
    body = {
        "id": key,
        "order_id": owner,
        "warehouse_id": WAREHOUSE,
        "created_date": stamp(at),
        "delivered": True,
        "refunded": False,
        "profile": "default",
        "shipping_labels": [label],
    }
    return key, at, body


def _movements(orders: list[dict[str, Any]]) -> list[Object]:
    """What was taken for each line of an order, some minutes before it left."""
    found: list[Object] = []
    for order in orders:
        at = datetime.fromisoformat(order["updated_at"]) - timedelta(minutes=40)
        for line in order["line_items"]:
            key = named("InventoryChange", 2_000_001 + len(found))
            body = {
                "id": key,
                "sku": line["sku"],
                "warehouse_id": WAREHOUSE,
                "change_in_on_hand": -line["quantity"],
                "reason": f"Order {order['order_number']} picked",
                "created_at": stamp(at),
            }
            found.append((key, at, body))
    return found


def _count(movements: list[Object], left: dict[str, int], sent: dict[str, int]) -> None:
    """Each movement says what lay there before it: what is left and all that was taken since."""
    before = {sku: left[sku] + taken for sku, taken in sent.items()}
    for _, _, one in movements:
        one["previous_on_hand"] = before[one["sku"]]
        before[one["sku"]] += one["change_in_on_hand"]
