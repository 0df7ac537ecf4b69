"""The delivery services on their first day: some of the tills' receipts were ordered there, by whom they do not say.

A location's menu has articles at the tills' prices, as many as fit on a telephone.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sources.estate.guests import Part, at_the_till, tuples
from sources.estate.world import World

_MOST, _MENU = 2_000, 40
_FIRST = ("Jana N.", "Petr K.", "Eva S.", "Tomáš D.")
_FINALISED = 90


def invent(world: World) -> Part:
    """The services' part of the retailer: each second receipt of nobody's was picked up by a courier."""
    asked = ["key", "store_code", "customer_key", "total_amount", "sold_at"]
    sold = [row for row in tuples(world.receipts, asked) if row[2] is None][-2 * _MOST :: 2]
    lines: dict[str, list[tuple]] = {row[0]: [] for row in sold}
    for receipt, article, quantity, price in tuples(
        world.receipt_lines, ["receipt_key", "listing_key", "quantity", "unit_amount"]
    ):
        if receipt in lines:
            lines[receipt].append((article, quantity, price))
    orders = [_order(number, row, lines[row[0]]) for number, row in enumerate(sold)]
    stores, articles = sorted({row[1] for row in sold}), at_the_till(world)[:_MENU]
    menus = [_product(world, store, number, one) for store in stores for number, one in enumerate(articles)]
    return Part({"order": orders, "product": menus})


def named(kind: str, name: Any) -> str:
    """An id of 24 hexadecimal digits."""
    return hashlib.blake2b(f"{kind}{name}".encode(), digest_size=12).hexdigest()


def stamp(at: datetime) -> str:
    """As Deliverect writes times."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def _order(number: int, receipt: tuple, lines: list[tuple]) -> tuple[str, datetime, dict[str, Any]]:
    key, store, _, total, sold = receipt
    made, changed = sold - timedelta(minutes=25), sold.replace(microsecond=0)
    items = [
        {"plu": article, "name": f"Article {article}", "price": int(price * 100), "quantity": quantity, "subItems": []}
        for article, quantity, price in lines
    ]
    body = {
        "_id": named("order", number),
        "_created": stamp(made),
        "_updated": stamp(changed),
        "_etag": named("etag", number),
        "account": named("account", 1),
        "location": named("location", store),
        "channel": (7, 10)[number % 2],
        "channelOrderId": f"{named('channel', number)[:8].upper()}-{1000 + number}",
        "channelOrderDisplayId": str(1000 + number),
        "posReceiptId": key,
        "status": _FINALISED,
        "orderType": 2,
        "pickupTime": stamp(changed),
        "customer": {
            "name": _FIRST[number % len(_FIRST)],
            "phoneNumber": "+420 800 000 111",
            "phoneAccessCode": "4711",
        },
        "orderIsAlreadyPaid": True,
        "payment": {"amount": int(total * 100), "type": 0},
        "decimalDigits": 2,
        "items": items,
    }
    return body["_id"], changed, body


def _product(world: World, store: str, number: int, article: tuple) -> tuple[str, datetime, dict[str, Any]]:
    """An article on the menu of a store; taxes are thousandths of a percent."""
    key, name, _, price, rate = article
    made = (world.now - timedelta(days=60, minutes=number)).replace(tzinfo=None, microsecond=0)
    body = {
        "_id": named("product", f"{store}/{key}"),
        "_created": stamp(made),
        "_updated": stamp(made),
        "_etag": named("product-etag", f"{store}/{key}"),
        "account": named("account", 1),
        "location": named("location", store),
        "productType": 1,
        "plu": key,
        "posProductId": key,
        "name": name,
        "price": int(price * 100),
        "subProducts": [],
        **dict.fromkeys(("deliveryTax", "takeawayTax", "eatInTax"), int(rate * 1000)),
    }
    return body["_id"], made, body
