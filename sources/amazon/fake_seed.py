"""The marketplace on its first day: what is offered of the web shop's goods, orders of buyers whom nobody may know."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pyarrow.compute as pc

from sources.estate.appearances import opaque
from sources.estate.guests import Part, dice, tuples
from sources.estate.world import World

MARKETPLACE = "A1PA6795UKMFR9"
_ATTRIBUTES = {"Colour": "color"}  # every other option is a size to Amazon
_VAT = Decimal("1.19")
_PERIOD = 4  # days of a settlement
_TOWNS = (("Dresden", "01067"), ("Leipzig", "04109"), ("München", "80331"), ("Görlitz", "02826"))


def invent(world: World) -> Part:
    """The marketplace's part of the retailer. Its buyers are people like others, but no record says which."""
    listings, variants = _offered(world)
    orders = _orders(world, [body for _, _, body in listings])
    posted = [one for number, (_, at, body) in enumerate(orders) for one in _posted(number, at, body)]
    stock = [_stocked(world, number, body) for number, (_, _, body) in enumerate(listings)]
    settled = _settlements(world, posted)
    objects = {"listing": listings, "order": orders, "transaction": posted, "stock": stock, "settlement": settled}
    return Part(objects, None, variants)


def stamp(at: datetime) -> str:
    """As Amazon writes times."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _offered(world: World) -> tuple[list[tuple[str, datetime, dict[str, Any]]], dict[str, str]]:
    """Each third of what the web shop sells, and the truth behind it."""
    shop = world.listings.filter(pc.equal(world.listings["system"], "shopify"))
    asked = ["system", "price_list", "listing_key", "amount", "kind", "min_quantity"]
    price = {
        key: amount
        for system, prices, key, amount, kind, quantity in tuples(world.prices, asked)
        if (system, prices, kind, quantity) == ("shopify", "online_eur", "regular", 1)
    }
    limit, found, variants = max(40, len(shop) // 20), [], {}
    for number, row in enumerate(shop.to_pylist()):
        sku = row["sku"]
        if len(found) == limit or not sku or f"amazon:{sku}" in variants or row["key"] not in price:
            continue
        if number % 3 < 2 or len(shop) < 200:
            gross = (price[row["key"]] * _VAT).quantize(Decimal("0.01"), ROUND_HALF_UP)
            found.append(_listing(row, gross, len(found)))
            variants[f"amazon:{sku}"] = row["variant_id"]
    return found, variants


def _listing(row: dict[str, Any], price: Decimal, number: int) -> tuple[str, datetime, dict[str, Any]]:
    updated = row["updated_at"].replace(microsecond=0)
    options = [(row[f"option_{n}_name"], row[f"option_{n}"]) for n in (1, 2) if row[f"option_{n}"]]
    told = {
        "item_name": row["name"],
        "brand": row["brand"],
        **{_ATTRIBUTES.get(name, "size"): value for name, value in options},
    }
    attributes = {name: [{"value": value, "marketplace_id": MARKETPLACE}] for name, value in told.items() if value}
    if row["gtin"]:
        attributes["externally_assigned_product_identifier"] = [{"type": "ean", "value": row["gtin"]}]
    if row["weight_g"]:
        attributes["item_weight"] = [{"unit": "grams", "value": row["weight_g"]}]
    summary = {
        "marketplaceId": MARKETPLACE,
        "asin": f"B0{opaque('asin', number, 8).upper()}",
        "productType": "PRODUCT",
        "conditionType": "new_new",
        "status": ["BUYABLE", "DISCOVERABLE"],
        "itemName": row["name"],
        "createdDate": stamp(row["created_at"]),
        "lastUpdatedDate": stamp(updated),
    }
    offer = {"marketplaceId": MARKETPLACE, "offerType": "B2C", "price": {"currencyCode": "EUR", "amount": str(price)}}
    stock = [{"fulfillmentChannelCode": "DEFAULT", "quantity": number % 30}]
    body = {"sku": row["sku"], "summaries": [summary], "attributes": attributes, "offers": [offer]}
    return row["sku"], updated, {**body, "fulfillmentAvailability": stock}


def _stocked(world: World, number: int, listing: dict[str, Any]) -> tuple[str, datetime, dict[str, Any]]:
    """What of an offer lies in Amazon's warehouses: some to be sold, some reserved or broken, some on its way there."""
    summary = listing["summaries"][0]
    at = (world.now - timedelta(days=number % 60, hours=7)).replace(tzinfo=None, microsecond=0)
    fulfillable, reserved, broken, coming = number % 25, number % 4, int(number % 17 == 3), 12 * (number % 6 == 1)
    held = {"pendingCustomerOrderQuantity": reserved, "pendingTransshipmentQuantity": 0, "fcProcessingQuantity": 0}
    unsold = {"customerDamagedQuantity": broken, "warehouseDamagedQuantity": 0, "defectiveQuantity": 0}
    details = {
        "fulfillableQuantity": fulfillable,
        "inboundWorkingQuantity": 0,
        "inboundShippedQuantity": coming,
        "inboundReceivingQuantity": 0,
        "reservedQuantity": {"totalReservedQuantity": reserved, **held},
        "researchingQuantity": {"totalResearchingQuantity": 0, "researchingQuantityBreakdown": []},
        "unfulfillableQuantity": {"totalUnfulfillableQuantity": broken, **unsold},
    }
    body = {
        "asin": summary["asin"],
        "fnSku": f"X0{opaque('fnsku', number, 8).upper()}",
        "sellerSku": listing["sku"],
        "condition": "NewItem",
        "inventoryDetails": details,
        "lastUpdatedTime": stamp(at),
        "productName": summary["itemName"],
        "totalQuantity": fulfillable + reserved + broken + coming,
        "stores": [],
    }
    return f"{listing['sku']}-{body['fnSku']}", at, body


def _orders(world: World, listings: list[dict[str, Any]]) -> list[tuple[str, datetime, dict[str, Any]]]:
    rng, found = dice(world, "amazon"), []
    ages = np.sort(rng.random(max(45, len(listings))))[::-1] * 100 * 86_400
    for number, ago in enumerate(ages.tolist()):
        at = (world.now - timedelta(days=1, seconds=round(ago))).replace(tzinfo=None, microsecond=0)
        chosen = rng.choice(len(listings), int(rng.integers(1, 4)), replace=False)
        found.append(_order(number, at, [listings[one] for one in chosen.tolist()]))
    return found


def _order(number: int, at: datetime, goods: list[dict[str, Any]]) -> tuple[str, datetime, dict[str, Any]]:
    key, changed = f"302-{1_000_001 + number}-{7_654_321 + 13 * number}", at + timedelta(hours=9)
    ours = number % 3 != 0
    town, code = _TOWNS[number % len(_TOWNS)]
    total = sum(Decimal(good["offers"][0]["price"]["amount"]) for good in goods)
    body = {
        "orderId": key,
        "createdTime": stamp(at),
        "lastUpdatedTime": stamp(changed),
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": MARKETPLACE, "marketplaceName": "Amazon.de"},
        "buyer": {"buyerEmail": f"{opaque('relay', number, 14).lower()}@marketplace.amazon.de"} if ours else {},
        "recipient": {"deliveryAddress": {"city": town, "postalCode": code, "countryCode": "DE"}},
        "proceeds": {"grandTotal": {"amount": str(total), "currencyCode": "EUR"}},
        "fulfillment": {"fulfillmentStatus": "SHIPPED", "fulfilledBy": "MERCHANT" if ours else "AMAZON"},
        "orderItems": [_item(number, place, good) for place, good in enumerate(goods)],
    }
    return key, changed, body


def _posted(number: int, at: datetime, order: dict[str, Any]) -> list[tuple[str, datetime, dict[str, Any]]]:
    """What was posted for an order: its sale less Amazon's fee, and each eleventh time all of that given back."""
    total = Decimal(order["proceeds"]["grandTotal"]["amount"])
    found = [_transaction(order["orderId"], "Shipment", at, total)]
    if number % 11 == 5:
        found.append(_transaction(order["orderId"], "Refund", at + timedelta(hours=10), -total))
    return found


def _transaction(order: str, kind: str, at: datetime, total: Decimal) -> tuple[str, datetime, dict[str, Any]]:
    fee = (-total * Decimal("0.15")).quantize(Decimal("0.01"), ROUND_HALF_UP)
    parts = {"Sales": total, "Expenses": fee}
    body = {
        "transactionId": opaque(f"amazon-{kind}", int(order.replace("-", "")), 32),
        "transactionType": kind,
        "transactionStatus": "RELEASED",
        "description": {"Shipment": "Order Payment", "Refund": "Refund Order"}[kind],
        "postedDate": stamp(at),
        "totalAmount": _money(total + fee),
        "relatedIdentifiers": [{"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": order}],
        "marketplaceDetails": {"marketplaceId": MARKETPLACE, "marketplaceName": "Amazon.de"},
        "breakdowns": [{"breakdownType": name, "breakdownAmount": _money(amount)} for name, amount in parts.items()],
    }
    return body["transactionId"], at, body


def _settlements(world: World, posted: list[tuple[str, datetime, dict[str, Any]]]) -> list[tuple[str, datetime, dict]]:
    """Every few days what was posted since is paid out a day later; each transaction comes to name its period."""
    periods: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for _, at, body in posted:
        periods[at.toordinal() // _PERIOD].append(body)
    return [_settlement(world, number, bodies) for number, bodies in sorted(periods.items())]


def _settlement(world: World, number: int, bodies: list[dict[str, Any]]) -> tuple[str, datetime, dict[str, Any]]:
    key = opaque("amazon-group", number, 32)
    for body in bodies:
        named = {"relatedIdentifierName": "FINANCIAL_EVENT_GROUP_ID", "relatedIdentifierValue": key}
        body["relatedIdentifiers"].append(named)
    start, now = datetime.fromordinal(number * _PERIOD), world.now.replace(tzinfo=None)
    total = sum(Decimal(str(body["totalAmount"]["currencyAmount"])) for body in bodies)
    money, nothing = (_currency(amount) for amount in (total, Decimal(0)))
    body = {
        "FinancialEventGroupId": key,
        "ProcessingStatus": "Open",
        "OriginalTotal": money,
        "BeginningBalance": nothing,
    }
    body["FinancialEventGroupStart"] = stamp(start)
    end = start + timedelta(days=_PERIOD)
    if end + timedelta(days=1) <= now:
        sent = {"FundTransferStatus": "Succeeded", "FundTransferDate": stamp(end + timedelta(days=1))}
        traced = {"TraceId": opaque("amazon-trace", number, 14).upper(), "AccountTail": "300"}
        body |= {**sent, **traced, "ProcessingStatus": "Closed", "FinancialEventGroupEnd": stamp(end)}
    return key, start, body


def _currency(amount: Decimal) -> dict[str, Any]:
    return {"CurrencyCode": "EUR", "CurrencyAmount": float(amount)}


def _money(amount: Decimal) -> dict[str, Any]:
    return {"currencyCode": "EUR", "currencyAmount": float(amount)}


def _item(number: int, place: int, good: dict[str, Any]) -> dict[str, Any]:
    price, summary = good["offers"][0]["price"], good["summaries"][0]
    product = {"asin": summary["asin"], "title": summary["itemName"], "sellerSku": good["sku"]}
    return {
        "orderItemId": str(10_000_000 + 10 * number + place),
        "quantityOrdered": 1,
        "product": {**product, "price": {"unitPrice": price}},
        "proceeds": {"proceedsTotal": price, "breakdowns": [{"type": "ITEM", "subtotal": price}]},
    }
