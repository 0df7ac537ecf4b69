"""The outlet's WooCommerce shop on its first day: accounts, what Odoo sells at retail prices, orders, refunds."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pyarrow.compute as pc

from sources.estate.appearances import opaque
from sources.estate.guests import Part, customers_of, dice, tuples
from sources.estate.world import World

CENT = Decimal("0.01")
_BILLED = ("first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode", "country")
_PAID = ("ppcp-gateway", "ppcp-gateway", "cod")


def invent(world: World) -> Part:
    """The shop's part of the retailer."""
    people = customers_of(world, "woocommerce", "shopify", lambda n: str(11 + n))
    accounts = [_account(row) for row in people.to_pylist()]
    products, variations, variants = _goods(world)
    sold = [body for _, _, body in (*products, *variations) if body["regular_price"]]
    orders, refunds = _trade(world, accounts, sold)
    objects = {"customer": accounts, "product": products, "variation": variations, "order": orders, "refund": refunds}
    return Part(objects, people, variants)


def stamp(at: datetime) -> str:
    """As WooCommerce writes GMT: whole seconds, no zone."""
    return at.strftime("%Y-%m-%dT%H:%M:%S")


def _account(row: dict[str, Any]) -> tuple[str, datetime, dict[str, Any]]:
    first, last, street, city = (row[name] or "" for name in ("first_name", "last_name", "street", "city"))
    code, country = row["zip"] or "", row["country_code"] or ""
    billing = dict(zip(_BILLED, (first, last, "", street, "", city, "", code, country), strict=True))
    updated = row["updated_at"].replace(microsecond=0)
    body = {
        "id": int(row["key"]),
        "date_created_gmt": stamp(row["created_at"]),
        "date_modified_gmt": stamp(updated),
        "email": row["email"],
        "first_name": first,
        "last_name": last,
        "role": "customer",
        "username": f"user{row['key']}",
        "billing": {**billing, "email": row["email"], "phone": row["phone"] or ""},
        "shipping": billing,
        "is_paying_customer": False,
        "meta_data": [],
    }
    return row["key"], updated, body


def _goods(world: World) -> tuple[list, list, dict[str, str]]:
    """Products, their variations, and the truth behind both: half of what Odoo sells at a retail price."""
    listed = world.listings.filter(pc.equal(world.listings["system"], "odoo"))
    prices = world.prices.filter(pc.equal(world.prices["price_list"], "retail_czk"))
    asked = ["system", "listing_key", "amount", "valid_to_at", "min_quantity", "kind", "store_code"]
    price = {
        key: amount
        for system, key, amount, until, quantity, kind, store in tuples(prices, asked)
        if (system, until, quantity, kind, store) == ("odoo", None, 1, "regular", None)
    }
    templates: dict[str, list[dict[str, Any]]] = {}
    for row in listed.to_pylist():
        if row["key"] in price and (int(row["template_key"]) % 5 < 3 or len(world.variants) < 100):
            templates.setdefault(row["template_key"], []).append({**row, "price": price[row["key"]]})
    limit = max(60, len(listed) // 20)
    products, variations, variants = [], [], {}
    for number, rows in enumerate(templates.values()):
        if len(variants) >= limit:
            break
        product = 3001 + number
        single = len(rows) == 1 and not rows[0]["option_1"]
        head = rows[0] if single else {**rows[0], "sku": None, "gtin": None, "price": "", "weight_g": None}
        products.append(_sold(head, product, "simple" if single else "variable"))
        if single:
            variants[f"woocommerce:{product}"] = rows[0]["variant_id"]
            continue
        for row in rows:
            key = 50_001 + len(variations)
            variations.append(_sold(row, key, "variation", parent_id=product))
            variants[f"woocommerce:{key}"] = row["variant_id"]
    return products, variations, variants


def _sold(row: dict[str, Any], key: int, kind: str, **more: Any) -> tuple[str, datetime, dict[str, Any]]:
    options = [(row[f"option_{n}_name"], row[f"option_{n}"]) for n in (1, 2) if row[f"option_{n}"]]
    updated = row["updated_at"].replace(microsecond=0)
    body = {
        "id": key,
        "name": row["name"],
        "status": "publish",
        "type": kind,
        "sku": row["sku"] or "",
        "global_unique_id": row["gtin"] or "",
        "regular_price": str(row["price"]),
        "sale_price": "",
        "date_on_sale_from_gmt": None,
        "date_on_sale_to_gmt": None,
        "tax_class": "" if row["tax_rate"] == 21 else "reduced-rate",
        "manage_stock": bool(row["price"]),
        "stock_quantity": key % 40 if row["price"] else None,
        "stock_status": "outofstock" if row["price"] and not key % 40 else "instock",
        "backorders": "no",
        "weight": f"{row['weight_g'] / 1000:g}" if row["weight_g"] else "",
        "brands": [{"id": 1, "name": row["brand"]}] if row["brand"] else [],
        "attributes": [{"id": n, "name": name, "option": value} for n, (name, value) in enumerate(options)],
        "meta_data": [],
        "date_created_gmt": stamp(row["created_at"]),
        "date_modified_gmt": stamp(updated),
        **more,
    }
    return str(key), updated, body


def _trade(world: World, accounts: list, sold: list[dict[str, Any]]) -> tuple[list, list]:
    rng, orders, refunds = dice(world, "woocommerce"), [], []
    placed = np.sort(rng.random(len(accounts) * 5 // 4)) * 110 * 86_400
    for number, ago in enumerate(placed[::-1].tolist()):
        at = (world.now - timedelta(days=2, seconds=round(ago))).replace(tzinfo=None)
        account = accounts[int(rng.integers(len(accounts)))][2]
        lines = [_line(number, n, sold[int(rng.integers(len(sold)))], rng) for n in range(int(rng.integers(1, 4)))]
        order = _order(number, at, account, lines)
        changed = at + timedelta(hours=5)
        if number % 3 == 1:
            changed = at + timedelta(hours=30)
            refund = _refund(order, len(refunds), changed)
            refunds.append((str(refund["id"]), changed, refund))
            order["refunds"] = [{"id": refund["id"], "reason": refund["reason"], "total": f"-{refund['amount']}"}]
        order["date_modified_gmt"] = stamp(changed)
        orders.append((str(order["id"]), changed, order))
    return orders, refunds


def _line(number: int, place: int, good: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Net amounts out of a gross price; `price` is the float that WooCommerce makes of it."""
    quantity, gross = int(rng.integers(1, 3)), Decimal(good["regular_price"])
    rate = Decimal("1.21") if not good["tax_class"] else Decimal("1.12")
    total = (gross * quantity / rate).quantize(CENT, ROUND_HALF_UP)
    return {
        "id": 10 * number + place + 1,
        "name": good["name"],
        "product_id": good.get("parent_id", good["id"]),
        "variation_id": good["id"] if "parent_id" in good else 0,
        "quantity": quantity,
        "tax_class": good["tax_class"],
        "subtotal": str(total),
        "total": str(total),
        "total_tax": str(gross * quantity - total),
        "sku": good["sku"],
        "price": float((gross / rate).quantize(Decimal("0.0000001"))),
    }


def _order(number: int, at: datetime, account: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    tax = sum(Decimal(line["total_tax"]) for line in lines)
    method, key = _PAID[number % 3], 70_001 + number
    wallet = method == "ppcp-gateway"
    return {
        "id": key,
        "number": str(key),
        "status": "completed",
        "currency": "CZK",
        "prices_include_tax": True,
        "date_created_gmt": stamp(at),
        "date_paid_gmt": stamp(at + timedelta(minutes=2)) if wallet else None,
        "customer_id": account["id"],
        "billing": account["billing"],
        "shipping": account["shipping"],
        "discount_total": "0.00",
        "shipping_total": "0.00",
        "total": str(sum(Decimal(line["total"]) for line in lines) + tax),
        "total_tax": str(tax),
        "payment_method": method,
        "transaction_id": opaque("paypal", number, 17).upper() if wallet else "",
        "line_items": lines,
        "refunds": [],
    }


def _refund(order: dict[str, Any], number: int, at: datetime) -> dict[str, Any]:
    return {
        "id": 90_001 + number,
        "parent_id": order["id"],
        "date_created_gmt": stamp(at),
        "amount": order["total"],
        "reason": "returned",
        "refunded_by": 1,
        "line_items": [],
    }
