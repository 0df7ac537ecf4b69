"""The call centre on its first day: people as agents type them, orders of what the tills sell, paid by transfer."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from sources.estate.guests import Part, at_the_till, customers_of, dice
from sources.estate.world import World

_ABROAD = re.compile(r"\(?\+(?!420)\d{2}\)?[ /-]?")


def invent(world: World) -> Part:
    """The call centre's part of the retailer."""
    people = customers_of(world, "telesales", "pos", lambda n: f"T{1001 + n}")
    rng = dice(world, "telesales")
    customers = [_customer(row, rng) for row in people.to_pylist()]
    return Part({"customer": customers, "order": _orders(world, customers, rng)}, people)


def _customer(row: dict[str, Any], rng: np.random.Generator) -> tuple[str, datetime, dict[str, Any]]:
    first, last = row["first_name"] or "", row["last_name"] or ""
    name = f"{last}, {first}" if rng.random() < 0.6 and first and last else f"{first} {last}".strip()
    body = {
        "customer_no": row["key"],
        "name": name or row["company_name"] or "?",
        "company": row["company_name"],
        "phone": _typed(row["phone"] or row["mobile"]),
        "email": row["email"],
        "street": row["street"],
        "city": row["city"],
        "zip": (row["zip"] or "").replace(" ", "") or None,
        "country": row["country_code"],
        "consent": ("ano", "ne", "", "x")[int(rng.integers(4))],
        "note": None,
    }
    return row["key"], row["updated_at"], body


def _typed(phone: str | None) -> str | None:
    """Numbers of other countries are typed as they are dialled there, so the spreadsheet takes their zero."""
    if not phone or not _ABROAD.match(phone):
        return phone
    return re.sub(r"\D", "", _ABROAD.sub("", phone)).lstrip("0")


def _orders(world: World, customers: list, rng: np.random.Generator) -> list[tuple[str, datetime, dict[str, Any]]]:
    sold = [(sku, amount, rate) for _, _, sku, amount, rate in at_the_till(world) if sku]
    lines, count = [], max(24, len(customers) // 2)
    ago = np.sort(rng.random(count))[::-1] * 20 * 86_400
    for number, seconds in enumerate(ago.tolist()):
        at = (world.now - timedelta(days=1, seconds=round(seconds))).replace(second=0, tzinfo=None)
        customer = customers[int(rng.integers(len(customers)))][0]
        for line in range(1, int(rng.integers(2, 4))):
            sku, amount, rate = sold[int(rng.integers(len(sold)))]
            lines.append(_line(8001 + number, line, at, customer, sku, amount, rate, int(rng.integers(1, 4))))
    return lines


def _line(
    number: int, line: int, at: datetime, customer: str, sku: str, amount: Decimal, rate: Decimal, pieces: int
) -> tuple[str, datetime, dict[str, Any]]:
    body = {
        "order_no": str(number),
        "line": line,
        "ordered_at": at.isoformat(),
        "customer_no": customer,
        "sku": sku,
        "quantity": pieces,
        "unit_price": str(amount),
        "currency": "CZK",
        "tax_rate": str(rate),
        "payment": "transfer" if number % 2 else "delivery",
        "note": None,
    }
    return f"{number}-{line}", at, body
