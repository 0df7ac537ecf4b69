"""The second marketplace on its first day: some of the web shop's goods, orders of masked buyers, fees and payouts."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pyarrow.compute as pc

from sources.estate.appearances import opaque
from sources.estate.guests import Part, dice, tuples
from sources.estate.world import World

Object = tuple[str, datetime, dict[str, Any]]
MARKETPLACE = "EBAY_DE"
CENT, _VAT, _FEE = Decimal("0.01"), Decimal("1.19"), Decimal("0.11")
_TOWNS = (("Dresden", "01067"), ("Leipzig", "04109"), ("München", "80331"), ("Görlitz", "02826"))
_DAYS = 60


def invent(world: World) -> Part:
    """The marketplace's part of the retailer. Its buyers are people like others, but no record says which."""
    goods = _goods(world)
    listings = [_listing(number, row) for number, (row, _) in enumerate(goods)]
    # What is prepared and not offered has no offer.
    offers = [
        _offer(number, row["sku"], price, row["updated_at"])
        for number, (row, price) in enumerate(goods)
        if number % 9 != 8
    ]
    orders = _orders(world, [(row, price) for number, (row, price) in enumerate(goods) if number % 9 != 8])
    entries = [entry for number, order in enumerate(orders) for entry in _entries(number, order)]
    payouts = _payouts(world, entries)
    variants = {f"ebay:{row['sku']}": row["variant_id"] for row, _ in goods}
    objects = {"listing": listings, "offer": offers, "order": orders, "transaction": entries, "payout": payouts}
    return Part(objects, None, variants)


def stamp(at: datetime) -> str:
    """As eBay writes times: milliseconds, Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def money(value: Decimal) -> dict[str, str]:
    """As eBay writes amounts."""
    return {"value": str(value.quantize(CENT, ROUND_HALF_UP)), "currency": "EUR"}


def _goods(world: World) -> list[tuple[dict[str, Any], Decimal]]:
    """Every other article of the web shop with what eBay asks for it, tax in it: a little more than the shop."""
    shop = world.listings.filter(pc.equal(world.listings["system"], "shopify"))
    asked = ["system", "price_list", "listing_key", "amount", "kind", "min_quantity"]
    price = {
        key: amount
        for system, prices, key, amount, kind, quantity in tuples(world.prices, asked)
        if (system, prices, kind, quantity) == ("shopify", "online_eur", "regular", 1)
    }
    limit, found, seen = max(27, len(shop) // 25), [], set()
    for number, row in enumerate(shop.to_pylist()):
        sku = row["sku"]
        if len(found) < limit and sku and sku not in seen and row["key"] in price and (number % 2 or len(shop) < 200):
            found.append((row, (price[row["key"]] * _VAT * Decimal("1.05")).quantize(CENT, ROUND_HALF_UP)))
            seen.add(sku)
    return found


def _listing(number: int, row: dict[str, Any]) -> Object:
    options = {row[f"option_{n}_name"]: [row[f"option_{n}"]] for n in (1, 2) if row[f"option_{n}"]}
    product = {
        "title": row["name"],
        "aspects": options,
        "brand": row["brand"],
        "ean": [row["gtin"]] if row["gtin"] else None,
    }
    body = {
        "sku": row["sku"],
        "locale": "de_DE",
        "condition": "NEW",
        "product": {name: value for name, value in product.items() if value},
        "availability": {"shipToLocationAvailability": {"quantity": number % 25}},
    }
    if row["weight_g"]:
        body["packageWeightAndSize"] = {"weight": {"value": row["weight_g"], "unit": "GRAM"}}
    return row["sku"], row["updated_at"].replace(microsecond=0), body


def _offer(number: int, sku: str, price: Decimal, at: datetime) -> Object:
    body = {
        "offerId": str(8_209_815_010 + 7 * number),
        "sku": sku,
        "marketplaceId": MARKETPLACE,
        "format": "FIXED_PRICE",
        "availableQuantity": number % 25,
        "categoryId": "11450",
        "pricingSummary": {"price": money(price)},
        "listing": {"listingId": str(110_550_000_000 + number), "listingStatus": "ACTIVE"},
        "status": "PUBLISHED",
    }
    return body["offerId"], at.replace(microsecond=0), body


def _orders(world: World, goods: list[tuple[dict[str, Any], Decimal]]) -> list[Object]:
    rng, found = dice(world, "ebay"), []
    ages = np.sort(rng.random(max(30, len(goods))))[::-1] * _DAYS * 86_400
    for number, ago in enumerate(ages.tolist()):
        at = (world.now - timedelta(days=2, seconds=round(ago))).replace(tzinfo=None, microsecond=0)
        chosen = rng.choice(len(goods), int(rng.integers(1, 3)), replace=False)
        found.append(_order(number, at, [goods[one] for one in chosen.tolist()]))
    return found


def _order(number: int, at: datetime, goods: list[tuple[dict[str, Any], Decimal]]) -> Object:
    key, changed = f"{10 + number % 17:02}-{10_000 + number:05}-{50_000 + 37 * number:05}", at + timedelta(hours=20)
    town, code = _TOWNS[number % len(_TOWNS)]
    total, masked = money(sum((price for _, price in goods), Decimal(0))), opaque("ebay-relay", number, 12).lower()
    address = {"addressLine1": f"Hauptstraße {number + 1}", "city": town, "postalCode": code, "countryCode": "DE"}
    paid = {"paymentMethod": "EBAY", "paymentStatus": "PAID"}
    body = {
        "orderId": key,
        "creationDate": stamp(at),
        "lastModifiedDate": stamp(changed),
        "orderFulfillmentStatus": "FULFILLED",
        "orderPaymentStatus": "FULLY_REFUNDED" if _returned(number) else "PAID",
        "sellerId": "estate_outlet",
        "buyer": {"username": f"buyer_{opaque('ebay-buyer', number, 8).lower()}"},
        "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
        "fulfillmentStartInstructions": [
            {"shippingStep": {"shipTo": {"contactAddress": address, "email": f"{masked}@members.ebay.com"}}}
        ],
        "lineItems": [_line(number, place, *good) for place, good in enumerate(goods)],
        "pricingSummary": {"priceSubtotal": total, "total": total},
        "paymentSummary": {"payments": [{**paid, "paymentDate": stamp(at), "amount": total}]},
    }
    return key, changed, body


def _line(number: int, place: int, row: dict[str, Any], price: Decimal) -> dict[str, Any]:
    told = {"sku": row["sku"], "title": row["name"], "quantity": 1, "listingMarketplaceId": MARKETPLACE}
    key = str(10_070_000_000 + 10 * number + place)
    return {**told, "lineItemId": key, "lineItemCost": money(price), "total": money(price)}


def _returned(number: int) -> bool:
    return number % 6 == 4


def _entries(number: int, order: Object) -> list[Object]:
    """What is earned by an order, less eBay's fee, and what is given back for it."""
    key, changed, body = order
    at, total = changed - timedelta(hours=20), Decimal(body["pricingSummary"]["total"]["value"])
    fee = (total * _FEE).quantize(CENT, ROUND_HALF_UP)
    told = {"orderId": key, "buyer": body["buyer"], "paymentsEntity": "eBay S.à r.l.", "transactionStatus": "PAYOUT"}
    sale = {
        **told,
        "transactionId": f"{key}-S",
        "transactionType": "SALE",
        "bookingEntry": "CREDIT",
        "totalFeeBasisAmount": money(total),
        "totalFeeAmount": money(fee),
        "amount": money(total - fee),
    }
    entries = [(at, sale)]
    if _returned(number):
        refund = {
            **told,
            "transactionId": f"{key}-R",
            "transactionType": "REFUND",
            "bookingEntry": "DEBIT",
            "totalFeeBasisAmount": money(total),
            "totalFeeAmount": money(fee),
            "amount": money(total - fee),
        }
        entries.append((at + timedelta(hours=30), refund))
    return [(f"{one['transactionId']}-{one['transactionType']}", when, {**one, "transactionDate": stamp(when)})
            for when, one in entries]  # fmt: skip


def _payouts(world: World, entries: list[Object]) -> list[Object]:
    """Every second day what is there, unless more was given back than earned; the entries learn their payout."""
    found, entries = [], sorted(entries, key=lambda one: (one[1], one[0]))
    first = (world.now - timedelta(days=_DAYS + 4)).replace(tzinfo=None, hour=6, minute=0, second=0, microsecond=0)
    for day in range(0, _DAYS + 4, 2):
        at = first + timedelta(days=day)
        own = [body for _, when, body in entries if when < at and "payoutId" not in body]
        signs = [1 if one["bookingEntry"] == "CREDIT" else -1 for one in own]
        paid = sum((sign * Decimal(one["amount"]["value"]) for sign, one in zip(signs, own, strict=True)), Decimal(0))
        if paid <= 0:
            continue
        key = str(5_000_000_001 + len(found))
        for one in own:
            one["payoutId"] = key
        body = {
            "payoutId": key,
            "payoutDate": stamp(at),
            "payoutStatus": "SUCCEEDED",
            "amount": money(paid),
            "transactionCount": len(own),
            "bankReference": f"EBAY-{key}",
        }
        found.append((key, at, body))
    for _, _, body in entries:
        if "payoutId" not in body:
            body["transactionStatus"] = "FUNDS_AVAILABLE_FOR_PAYOUT"
    return found
