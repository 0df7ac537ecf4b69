"""The shop's first day: the simulated retailer's tables as Shopify objects in the stand-in's state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow.compute as pc

from sources.estate.state import instant, put, seeding

GIDS = {
    "customer": "gid://shopify/Customer/",
    "product": "gid://shopify/Product/",
    "variant": "gid://shopify/ProductVariant/",
    "price_list": "gid://shopify/PriceList/",
    "price": "gid://shopify/PriceListPrice/",
    "order": "gid://shopify/Order/",
    "level": "gid://shopify/InventoryLevel/",
    "refund": "gid://shopify/Refund/",
    "transaction": "gid://shopify/OrderTransaction/",
    "return": "gid://shopify/Return/",
}
PRICE_LIST = "900001"
LOCATIONS = {"70001": "Online warehouse", "70002": "Showroom"}
_NO_OPTIONS = [("Title", "Default Title")]
_PRESENTMENT = {"currency": "CZK", "rate": Decimal("24.50")}
_FINANCIAL = {"paid": "PAID", "refunded": "REFUNDED", "partially_refunded": "PARTIALLY_REFUNDED", "pending": "PENDING"}


def seed(world: Any, path: Path) -> None:
    """Write the shop's database. `world` has the tables of sources.estate.tables."""
    listings = _of_shop(world.listings)
    prices = _of_shop(world.prices)
    with seeding(path) as state:
        put(state, "customer", map(_customer, _of_shop(world.appearances)))
        put(state, "product", _products(listings))
        put(state, "variant", _variants(listings, prices))
        put(state, "price_list", [(PRICE_LIST, world.now, _price_list())])
        put(state, "price", _fixed_prices(prices, world.now.replace(tzinfo=None)))
        put(state, "level", _levels(listings, world.now))
        orders, lines = world.orders.to_pylist(), _lines(world.order_lines.to_pylist())
        put(state, "order", _orders(orders, lines))
        put(state, "refund", _refunds(orders, lines))
        put(state, "return", _returns(orders, lines))
        put(state, "transaction", _transactions(orders))


def _of_shop(table: Any) -> list[dict[str, Any]]:
    return table.filter(pc.equal(table["system"], "shopify")).to_pylist()


def _customer(row: dict[str, Any]) -> tuple[str, Any, bytes]:
    address = {
        "company": row["company_name"],
        "address1": row["street"],
        "address2": None,
        "city": row["city"],
        "zip": row["zip"],
        "countryCodeV2": row["country_code"],
        "phone": row["phone"] if row["mobile"] else None,
    }
    phone = row["mobile"] or row["phone"]
    facts = {
        "facts.birth_date": row["birth_on"] and row["birth_on"].isoformat(),
        "facts.vat_number": row["vat"],
        "loyalty.code": row["loyalty_code"],
    }
    state = "SUBSCRIBED" if row["accepts_marketing"] else "NOT_SUBSCRIBED"
    name = " ".join(part for part in (row["first_name"], row["last_name"]) if part)
    body = {
        "firstName": row["first_name"],
        "lastName": row["last_name"] or row["full_name"],
        "displayName": name or row["company_name"] or row["email"] or "",
        "locale": row["language"] or "en",
        "state": "ENABLED" if row["is_active"] is not False else "DISABLED",
        "note": None,
        "tags": ["B2B"] if row["is_company"] else [],
        "taxExempt": False,
        "defaultEmailAddress": row["email"] and {"emailAddress": row["email"], "marketingState": state},
        "defaultPhoneNumber": phone and {"phoneNumber": phone},
        "defaultAddress": address if any(address.values()) else None,
        "metafields": {key: value for key, value in facts.items() if value},
        "createdAt": _stamp(row["created_at"]),
    }
    return row["key"], row["updated_at"], orjson.dumps(body)


def _products(listings: list[dict[str, Any]]) -> Iterator[tuple[str, Any, dict]]:
    by_product: dict[str, list[dict]] = defaultdict(list)
    for row in listings:
        by_product[row["template_key"]].append(row)
    for key, rows in by_product.items():
        first, options = rows[0], []
        for position, name in enumerate(("option_1", "option_2"), 1):
            values = sorted({row[name] for row in rows if row[name]})
            if values:
                title = first[f"{name}_name"] or f"Option {position}"
                options.append({"name": title, "position": position, "values": values})
        body = {
            "title": first["name"],
            "handle": f"product-{key}",
            "vendor": first["brand"] or "",
            "productType": first["category"] or "",
            "status": "ACTIVE" if any(row["is_active"] is not False for row in rows) else "ARCHIVED",
            "tags": [],
            "hasOnlyDefaultVariant": not options,
            "options": options or [{"name": "Title", "position": 1, "values": ["Default Title"]}],
            "createdAt": _stamp(min(row["created_at"] or row["updated_at"] for row in rows)),
        }
        yield key, max(row["updated_at"] for row in rows), body


def _variants(listings: list[dict[str, Any]], prices: list[dict[str, Any]]) -> Iterator[tuple[str, Any, dict]]:
    regular = {row["listing_key"]: row["amount"] for row in prices if row["kind"] == "regular"}
    position: dict[str, int] = defaultdict(int)
    for row in listings:
        position[row["template_key"]] += 1
        named = [(row[f"{name}_name"] or "Option", row[name]) for name in ("option_1", "option_2") if row[name]]
        weight = row["weight_g"]
        body = {
            "title": " / ".join(value for _, value in named) or "Default Title",
            "sku": row["sku"],
            "barcode": row["gtin"],
            "price": f"{regular.get(row['key'], Decimal(0)):.2f}",
            "compareAtPrice": None,
            "taxable": True,
            "position": position[row["template_key"]],
            "selectedOptions": [
                {"name": name, "value": value} for name, value in named or [("Title", "Default Title")]
            ],
            "productId": row["template_key"],
            "inventoryItem": {
                "id": f"gid://shopify/InventoryItem/{row['key']}",
                "measurement": {
                    "id": f"gid://shopify/InventoryItemMeasurement/{row['key']}",
                    "weight": None if weight is None else _weight(weight),
                },
            },
            "createdAt": _stamp(row["created_at"] or row["updated_at"]),
        }
        yield row["key"], row["updated_at"], body


def _weight(grams: int) -> dict[str, Any]:
    return {"value": float(grams), "unit": "GRAMS"} if grams < 1000 else {"value": grams / 1000, "unit": "KILOGRAMS"}


def _price_list() -> dict[str, Any]:
    return {"name": "online_eur", "currency": "EUR", "parent": None}


def _fixed_prices(prices: list[dict[str, Any]], now: Any) -> Iterator[tuple[str, Any, dict]]:
    """One fixed price a variant: the promotion of today with the regular price beside it, else the regular price."""
    regular = {row["listing_key"]: row for row in prices if row["kind"] == "regular"}
    running = {
        row["listing_key"]: row
        for row in prices
        if row["kind"] == "promotion"
        and (row["valid_from_at"] is None or row["valid_from_at"] <= now)
        and (row["valid_to_at"] is None or now < row["valid_to_at"])
    }
    for key in sorted(regular.keys() | running.keys()):
        row = running.get(key) or regular[key]
        before = regular[key] if key in running and key in regular else None
        body = {
            "originType": "FIXED",
            "price": _money(row["amount"], row["currency"]),
            "compareAtPrice": before and _money(before["amount"], before["currency"]),
            "variantId": key,
        }
        yield f"{PRICE_LIST}-{key}", row["updated_at"], body


def _levels(listings: list[dict[str, Any]], now: Any) -> Iterator[tuple[str, Any, dict]]:
    """Each item lies in the warehouse, each third in the showroom too; what is promised or broken is not available."""
    for number, row in enumerate(listings):
        for place, (location, name) in enumerate(LOCATIONS.items()):
            if place and number % 3:
                continue
            on_hand, committed, damaged = (number * 7 + place) % 40, number % 5, int(number % 13 == 4)
            states = {
                "on_hand": on_hand,
                "committed": committed,
                "damaged": damaged,
                "incoming": 24 * (number % 9 == 2),
            }
            body = {
                "location": {"id": f"gid://shopify/Location/{location}", "legacyResourceId": location, "name": name},
                "quantities": {"available": on_hand - committed - damaged, **states},
            }
            yield f"{row['key']}-{location}", now - timedelta(hours=1 + number % 900), body


def _lines(lines: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    by_order: dict[str, list[dict]] = defaultdict(list)
    for line in lines:
        by_order[line["order_key"]].append(line)
    return by_order


def _orders(orders: list[dict[str, Any]], lines: dict[str, list[dict[str, Any]]]) -> Iterator[tuple[str, Any, dict]]:
    for number, row in enumerate(orders):
        abroad, bag = _abroad(number), _bags(number, row["currency"])

        tax = {"title": "VAT", "rate": 0.19, "ratePercentage": 19.0, "priceSet": bag(row["tax_amount"])}
        body = {
            "name": row["name"],
            "test": False,
            "tags": [],
            "taxesIncluded": bool(row["taxes_included"]),
            "currencyCode": row["currency"],
            "presentmentCurrencyCode": abroad["currency"] if abroad else row["currency"],
            "displayFinancialStatus": _FINANCIAL.get(row["financial_status"], "PAID"),
            "customer": row["customer_key"] and _reference("customer", row["customer_key"]),
            "subtotalPriceSet": bag(row["subtotal_amount"]),
            "totalShippingPriceSet": bag(Decimal(0)),
            "totalTaxSet": bag(row["tax_amount"]),
            "totalPriceSet": bag(row["total_amount"]),
            "taxLines": [tax],
            "lines": [
                {
                    "id": f"gid://shopify/LineItem/{line['key']}",
                    "sku": line["sku"],
                    "title": line["sku"] or "Item",
                    "quantity": line["quantity"],
                    "variant": _reference("variant", line["listing_key"]),
                    "originalUnitPriceSet": bag(line["unit_amount"]),
                }
                for line in lines[row["key"]]
            ],
            "createdAt": _stamp(row["created_at"]),
            "processedAt": _stamp(row["created_at"]),
            "cancelledAt": None,
        }
        yield row["key"], row["updated_at"], body


def came_back(orders: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any], bool]]:
    """(number, order, whether its money went back); of some goods came back in exchange, and no money went."""
    often = 2 if len(orders) < 200 else 40
    for number, row in enumerate(orders):
        given_back = row["financial_status"] == "refunded"
        if given_back or row["financial_status"] == "paid" and number % often == 1:
            yield number, row, given_back


def under_way(number: int, given_back: bool) -> bool:
    """Whether what is exchanged has not yet arrived."""
    return not given_back and number % 4 == 1


def _refunds(orders: list[dict[str, Any]], lines: dict[str, list[dict[str, Any]]]) -> Iterator[tuple[str, Any, dict]]:
    """All of an order's money and its goods, or in exchange its first line."""
    for number, row, given_back in came_back(orders):
        bag, own = _bags(number, row["currency"]), lines[row["key"]]
        net = sum((line["unit_amount"] * line["quantity"] for line in own), Decimal(0))
        body = {
            "note": None if given_back else "Exchanged",
            "totalRefundedSet": bag(row["total_amount"] if given_back else Decimal(0)),
            "lines": [
                {
                    "id": f"gid://shopify/RefundLineItem/{line['key']}",
                    "quantity": line["quantity"],
                    "restockType": "RETURN",
                    "restocked": True,
                    "subtotalSet": bag(line["unit_amount"] * line["quantity"]),
                    "totalTaxSet": bag(row["tax_amount"] * line["unit_amount"] * line["quantity"] / (net or 1)),
                    "lineItem": {"id": f"gid://shopify/LineItem/{line['key']}", "sku": line["sku"]},
                }
                for line in (own if given_back else own[:1])
            ],
            "createdAt": _stamp(row["updated_at"]),
        }
        yield f"{row['key']}01", row["updated_at"], body


def _returns(orders: list[dict[str, Any]], lines: dict[str, list[dict[str, Any]]]) -> Iterator[tuple[str, Any, dict]]:
    """Each refund's goods came back; of what nobody gave money for some is still on its way."""
    for number, row, given_back in came_back(orders):
        own = lines[row["key"]] if given_back else lines[row["key"]][:1]
        is_open = under_way(number, given_back)
        body = {
            "name": f"{row['name']}-R1",
            "status": "OPEN" if is_open else "CLOSED",
            "totalQuantity": sum(line["quantity"] for line in own),
            "createdAt": _stamp(row["created_at"] + (row["updated_at"] - row["created_at"]) / 2),
            "requestApprovedAt": _stamp(row["created_at"] + (row["updated_at"] - row["created_at"]) / 2),
            "closedAt": None if is_open else _stamp(row["updated_at"]),
            "lines": [
                {
                    "id": f"gid://shopify/ReturnLineItem/{line['key']}",
                    "quantity": line["quantity"],
                    "refundedQuantity": line["quantity"] if given_back else 0,
                    "returnReasonNote": "",
                    "fulfillmentLineItem": {
                        "id": f"gid://shopify/FulfillmentLineItem/{line['key']}",
                        "lineItem": {"id": f"gid://shopify/LineItem/{line['key']}", "sku": line["sku"]},
                    },
                }
                for line in own
            ],
        }
        yield f"{row['key']}51", row["updated_at"], body


def _transactions(orders: list[dict[str, Any]]) -> Iterator[tuple[str, Any, dict]]:
    """What was taken for an order, and what was given back of it."""
    for number, row in enumerate(orders):
        kinds = ["SALE", "REFUND"] if row["financial_status"] == "refunded" else ["SALE"]
        for place, kind in enumerate(kinds):
            at = row["updated_at"] if place else row["created_at"]
            sale = {"id": f"{GIDS['transaction']}{row['key']}71"}
            body = {
                "kind": kind,
                "status": "PENDING" if row["financial_status"] == "pending" else "SUCCESS",
                "gateway": "stripe",
                "paymentId": f"{row['name']}.{place + 1}",
                "errorCode": None,
                "test": False,
                "amountSet": _bags(number, row["currency"])(row["total_amount"]),
                "parentTransaction": sale if place else None,
                "createdAt": _stamp(at),
                "processedAt": _stamp(at),
            }
            yield f"{row['key']}7{place + 1}", at, body


def _abroad(number: int) -> dict[str, Any] | None:
    """Each fifth customer pays in another currency than the shop's."""
    return _PRESENTMENT if number % 5 == 4 else None


def _bags(number: int, currency: str) -> Callable[[Decimal], dict[str, Any]]:
    """What makes of an amount of an order both its moneys."""
    abroad = _abroad(number)

    def bag(amount: Decimal) -> dict[str, Any]:
        shown = _money(amount * abroad["rate"], abroad["currency"]) if abroad else _money(amount, currency)
        return {"shopMoney": _money(amount, currency), "presentmentMoney": shown}

    return bag


def _reference(kind: str, key: str) -> dict[str, str]:
    return {"id": f"{GIDS[kind]}{key}", "legacyResourceId": key}


def _money(amount: Decimal, currency: str) -> dict[str, str]:
    return {"amount": f"{amount:.2f}", "currencyCode": currency}


def _stamp(at: Any) -> str:
    return f"{instant(at)[:19]}Z"
