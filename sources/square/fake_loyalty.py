"""Points of the stands on the first day: an account for everybody who ordered, a point for each whole 25 CZK."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sources.estate.appearances import opaque

Object = tuple[str, datetime, dict[str, Any]]
PROGRAM = opaque("square-program", 0, 36)


def collected(orders: list[Object]) -> tuple[list[Object], list[Object]]:
    """Accounts and what was booked on each; a balance is the sum of its own."""
    booked: dict[str, list[Object]] = defaultdict(list)
    for number, (_, at, order) in enumerate(orders):
        booked[order["customer_id"]].append(_event(number, at, order, account_of(order["customer_id"])))
    accounts = [_account(customer, events) for customer, events in booked.items()]
    return accounts, [event for events in booked.values() for event in events]


def account_of(customer: str) -> str:
    """The account of a customer of the stands."""
    return opaque(f"square-loyalty-{customer}", 0, 36)


def _event(number: int, at: datetime, order: dict[str, Any], account: str) -> Object:
    points = order["total_money"]["amount"] // 2500
    body = {
        "id": opaque("square-loyalty-event", number, 36),
        "type": "ACCUMULATE_POINTS",
        "created_at": order["closed_at"],
        "accumulate_points": {"loyalty_program_id": PROGRAM, "points": points, "order_id": order["id"]},
        "loyalty_account_id": account,
        "location_id": order["location_id"],
        "source": "SQUARE",
    }
    return body["id"], at, body


def _account(customer: str, events: list[Object]) -> Object:
    points = sum(body["accumulate_points"]["points"] for _, _, body in events)
    first, last = events[0][2]["created_at"], events[-1]
    body = {
        "id": account_of(customer),
        "program_id": PROGRAM,
        "balance": points,
        "lifetime_points": points,
        "customer_id": customer,
        "enrolled_at": first,
        "created_at": first,
        "updated_at": last[2]["created_at"],
    }
    return body["id"], last[1], body
