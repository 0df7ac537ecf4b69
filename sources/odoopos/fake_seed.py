"""The outlet's tills on their first day: a session a day, receipts of what the ERP sells, how each was paid."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pyarrow.compute as pc

from sources.estate.guests import Part, dice, tuples
from sources.estate.world import World

Row = dict[str, Any]
CENT = Decimal("0.01")
CASH, CARD = 1, 2
_DAYS, _OPENING, _A_DAY = 25, Decimal(2_000), 3


def invent(world: World) -> Part:
    """The tills' part of the retailer: buyers and goods are the ERP's, by its own ids."""
    rng, goods, people = dice(world, "odoopos"), _goods(world), _people(world)
    found: dict[str, list[tuple[str, datetime, Row]]] = defaultdict(list)
    for number in range(1, _DAYS + 1):
        opened = (world.now - timedelta(days=_DAYS - number)).replace(hour=7, minute=0, second=0, tzinfo=None)
        is_open = number == _DAYS
        cash = Decimal(0)
        for place in range(_A_DAY):
            at = opened + timedelta(minutes=int(rng.integers(120 * place, 120 * place + 100)))
            cash += _receipt(found, number, at, not is_open, goods, people, rng)
        closed = None if is_open else opened + timedelta(hours=12)
        _add(found, "pos.session", closed or opened, _session(number, opened, closed, cash))
    return Part(dict(found))


def _goods(world: World) -> list[tuple[int, str, Decimal, Decimal]]:
    """(variant's id, name, price, tax rate) of what the ERP sells at one retail price."""
    asked = ["system", "price_list", "listing_key", "amount", "tax_rate", "valid_to_at", "min_quantity"]
    price = {
        key: (amount, rate)
        for system, prices, key, amount, rate, until, least in tuples(world.prices, asked)
        if (system, prices, until) == ("odoo", "retail_czk", None) and (least or 0) <= 1
    }
    listings = world.listings.filter(pc.equal(world.listings["system"], "odoo"))
    return [(int(key), name, *price[key]) for key, name in tuples(listings, ["key", "name"]) if key in price]


def _people(world: World) -> list[int]:
    rows = world.appearances.filter(pc.equal(world.appearances["system"], "odoo"))
    return [int(key) for key in rows["key"].to_pylist()]


def _add(found: dict[str, list], model: str, at: datetime, values: Row) -> int:
    """The next record of a model, written at `at`; its id."""
    key = len(found[model]) + 1
    named = str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://estate.example/odoopos/{model}/{key}"))
    own = {} if model == "pos.session" else {"uuid": named}
    found[model].append((str(key), at, {"id": key, **own, **values}))
    return key


def _session(number: int, opened: datetime, closed: datetime | None, cash: Decimal) -> Row:
    return {
        "name": f"POS/{number:05}",
        "config_id": 1,
        "user_id": 2,
        "state": "closed" if closed else "opened",
        "start_at": opened,
        "stop_at": closed,
        "cash_register_balance_start": _OPENING,
        "cash_register_balance_end_real": _OPENING + cash if closed else Decimal(0),
        "order_count": _A_DAY,
    }


def _receipt(
    found: dict[str, list],
    session: int,
    at: datetime,
    closed: bool,
    goods: list[tuple[int, str, Decimal, Decimal]],
    people: list[int],
    rng: np.random.Generator,
) -> Decimal:
    """A receipt with its lines and payments; what of it stays in the drawer."""
    number = len(found["pos.order"]) + 1
    lines, total, net = [], Decimal(0), Decimal(0)
    for n in rng.choice(len(goods), int(rng.integers(1, 4)), replace=False):
        product, name, price, rate = goods[int(n)]
        pieces = int(rng.integers(1, 3))
        gross = price * pieces
        bare = (gross / (1 + rate / 100)).quantize(CENT, ROUND_HALF_UP)
        line = {"product_id": product, "full_product_name": name, "qty": pieces, "price_unit": price, "discount": 0}
        line |= {"price_subtotal": bare, "price_subtotal_incl": gross, "name": f"Shop/{number:04}-{len(lines) + 1}"}
        lines.append(line)
        total, net = total + gross, net + bare
    in_cash = number % 3 == 0
    back = -total % 100 + 100 if in_cash else Decimal(0)
    head = {
        "name": f"Outlet - {number:06}",
        "pos_reference": f"{at:%y%j}-1-{number:06}",
        "tracking_number": f"{100 + number % 900}",
        "session_id": session,
        "config_id": 1,
        "partner_id": people[int(rng.integers(len(people)))] if rng.random() < 0.5 else None,
        "user_id": 2,
        "date_order": at,
        "state": "done" if closed else "paid",
        "amount_total": total,
        "amount_tax": total - net,
        "amount_paid": total,
        "amount_return": back,
    }
    order = _add(found, "pos.order", at, head)
    for line in lines:
        _add(found, "pos.order.line", at, {"order_id": order, **line})
    paid = {
        "pos_order_id": order,
        "session_id": session,
        "payment_date": at,
        "payment_method_id": CASH if in_cash else CARD,
    }
    _add(found, "pos.payment", at, {**paid, "amount": total + back, "card_type": None if in_cash else "VISA"})
    if back:
        _add(found, "pos.payment", at, {**paid, "amount": -back, "is_change": True})
    return total if in_cash else Decimal(0)
