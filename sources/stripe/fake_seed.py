"""The Stripe account of the simulated retailer on its first day: customers, charges, and the events of 30 days.

Refunds and disputes are in fake_settled.py, what all that moved and the payouts of it in fake_balance.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from sources.estate.state import put, seeding
from sources.estate.world import World
from sources.stripe.fake_balance import Moved, movements, payouts
from sources.stripe.fake_settled import Happened, Made, disputes, epoch, refunds
from sources.stripe.money import to_minor

API_VERSION = "2024-06-20"
HORIZON = timedelta(days=30)
MOVED = "balance_transaction"
_NULLS = dict.fromkeys(("default_source", "discount", "shipping", "test_clock"))
_SETTINGS = dict.fromkeys(("custom_fields", "default_payment_method", "footer", "rendering_options"))
_NO_PARTS = dict.fromkeys(
    (
        "application",
        "application_fee",
        "application_fee_amount",
        "failure_balance_transaction",
        "invoice",
        "on_behalf_of",
        "receipt_number",
        "review",
        "shipping",
        "source_transfer",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
        "transfer_group",
    )
)
_BRANDS = ("visa", "mastercard", "amex")
_APPROVED = {
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "normal",
    "seller_message": "Payment complete.",
    "type": "authorized",
}
_DECLINED = {
    "network_status": "declined_by_network",
    "reason": "generic_decline",
    "risk_level": "normal",
    "seller_message": "The bank did not return any further details with this decline.",
    "type": "issuer_declined",
}


@dataclass(frozen=True)
class Money:
    """What moved in the account: each list, what the event feed tells, and the parts of each payout."""

    lists: dict[str, list[Made]]
    told: list[Happened]
    moved: list[Moved]
    taken: dict[str, list[Moved]]


def money(world: World) -> Money:
    """The account's charges and what became of them, to the payouts that the bank has."""
    now, charges = world.now.replace(tzinfo=None), list(_charges(world))
    returned, told_of_refunds = refunds(charges, world.seed, now)
    disputed, told_of_disputes = disputes(charges, world.seed, now)
    moved = movements(charges, returned, disputed)
    sent, told_of_payouts, taken = payouts(moved, now)
    lists = {"charge": charges, "refund": returned, "dispute": disputed, "payout": sent}
    moved += [parts[-1] for parts in taken.values()]
    return Money(lists, [*told_of_refunds, *told_of_disputes, *told_of_payouts], moved, taken)


def seed(world: World, path: Path) -> None:
    """Write the account's state; `updated_at` of an object is its place in Stripe's lists, which is its creation.

    A payout's movements are kept once more under its id, for whoever asks for them by payout.
    """
    customers, made = list(_customers(world)), money(world)
    with seeding(path) as connection:
        put(connection, "account", [("acct_1Estate", world.now, {"id": "acct_1Estate"})])
        for kind, rows in {"customer": customers, **made.lists}.items():
            put(connection, kind, ((body["id"], _second(created), orjson.dumps(body)) for body, created, _ in rows))
        for kind, parts in {
            MOVED: made.moved,
            **{f"{MOVED} {key}": parts for key, parts in made.taken.items()},
        }.items():
            put(connection, kind, ((body["id"], _second(at), orjson.dumps(body)) for body, at in parts))
        since = world.now.replace(tzinfo=None) - HORIZON
        put(connection, "event", _events(customers, made.lists["charge"], made.told, since))


def event(number: int, kind: str, body: dict[str, Any], at: datetime, before: dict[str, Any] | None = None) -> tuple:
    """One event as (id, time, body); its copy of the object stays as it was, whatever happens later."""
    data = {"object": body, **({"previous_attributes": before} if before is not None else {})}
    written = {
        "id": f"evt_1{number:023}",
        "object": "event",
        "api_version": API_VERSION,
        "created": epoch(at),
        "data": data,
        "livemode": True,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }
    return written["id"], _second(at), orjson.dumps(written)


def _customers(world: World) -> Iterator[tuple[dict[str, Any], datetime, datetime]]:
    rows = world.appearances.filter(pc.equal(world.appearances["system"], "stripe"))
    wanted = ["key", "full_name", "email", "phone", "street", "city", "zip", "country_code", "language", "refs"]
    for key, name, email, phone, street, city, code, country, language, refs, created, updated in _tuples(
        rows, [*wanted, "created_at", "updated_at"]
    ):
        address = {"city": city, "country": country, "line1": street, "line2": None, "postal_code": code, "state": None}
        body = {
            "id": key,
            "object": "customer",
            "address": address if street or city or code else None,
            "balance": 0,
            "created": epoch(created),
            "currency": "eur",
            "delinquent": False,
            "description": None,
            "email": email,
            "invoice_prefix": key[-8:].upper(),
            "invoice_settings": _SETTINGS,
            "livemode": True,
            "metadata": orjson.loads(refs),
            "name": name,
            "next_invoice_sequence": 1,
            "phone": phone,
            "preferred_locales": [language] if language else [],
            "tax_exempt": "none",
            **_NULLS,
        }
        yield body, created, updated


def _charges(world: World) -> Iterator[tuple[dict[str, Any], datetime, datetime]]:
    wanted = ["key", "customer_key", "order_key", "amount", "currency", "status", "refunded_amount", "receipt_email"]
    for number, row in enumerate(_tuples(world.charges, [*wanted, "description", "created_at", "updated_at"])):
        key, customer, order, amount, currency, status, refunded, email, description, created, updated = row
        paid = status == "succeeded"
        total, back = to_minor(amount, currency), to_minor(refunded or Decimal(0), currency)
        body = {
            "id": key,
            "object": "charge",
            "amount": total,
            "amount_captured": total if paid else 0,
            "amount_refunded": back,
            "balance_transaction": f"txn_{key[3:]}" if paid else None,
            "billing_details": {"address": None, "email": email, "name": None, "phone": None},
            "calculated_statement_descriptor": "ESTATE",
            "captured": paid,
            "created": epoch(created),
            "currency": currency.lower(),
            "customer": customer,
            "description": description,
            "disputed": False,
            "failure_code": None if paid else "card_declined",
            "failure_message": None if paid else "Your card was declined.",
            "fraud_details": {},
            "livemode": True,
            "metadata": {"shopify_order_id": order} if order else {},
            "outcome": _APPROVED if paid else _DECLINED,
            "paid": paid,
            "payment_intent": f"pi_{key[3:]}",
            "payment_method": f"pm_{key[3:]}",
            "payment_method_details": {"card": _card(number), "type": "card"},
            "receipt_email": email,
            "receipt_url": None,
            "refunded": paid and back == total,
            "status": status,
            **_NO_PARTS,
        }
        yield body, created, updated


def _events(customers: list, charges: list, told: list[Happened], since: datetime) -> list[tuple]:
    """What has happened since, oldest first; `told` is of refunds and payouts."""
    happened = [one for one in told if one[0] >= since]
    for body, created, updated in customers:
        if created >= since:
            happened.append((created, "customer.created", body, None))
        if updated >= since and updated > created:
            happened.append((updated, "customer.updated", body, {}))
    for body, created, updated in charges:
        if created >= since:
            happened.append((created, f"charge.{body['status']}", body, None))
        if updated >= since and updated > created:
            happened.append((updated, "charge.refunded" if body["amount_refunded"] else "charge.updated", body, {}))
    happened.sort(key=lambda one: (one[0], one[2]["id"]))
    return [event(number, kind, body, at, before) for number, (at, kind, body, before) in enumerate(happened, 1)]


def _card(number: int) -> dict[str, Any]:
    return {
        "brand": _BRANDS[number % 3],
        "country": "DE",
        "exp_month": number % 12 + 1,
        "exp_year": 2027 + number % 4,
        "fingerprint": f"fp{number:014}",
        "funding": "credit",
        "last4": f"{number * 7919 % 10_000:04}",
        "network": _BRANDS[number % 3],
    }


def _tuples(table: pa.Table, columns: list[str]) -> Iterator[tuple]:
    return zip(*(table[name].to_pylist() for name in columns), strict=True)


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)
