"""The stand-in's balance: what each charge, refund and dispute moved, and what of it went on to the bank each day.

A refund that failed and a dispute that was won come back. The bank's own lines are in sources/bank/fake_seed.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from sources.estate.appearances import opaque
from sources.stripe.fake_settled import DISPUTE_FEE, Happened, Made, epoch

Moved = tuple[dict[str, Any], datetime]
_PAID = {"status": "paid", "reconciliation_status": "completed"}
_NO_PARTS = dict.fromkeys(
    (
        "application_fee",
        "application_fee_amount",
        "failure_balance_transaction",
        "failure_code",
        "failure_message",
        "original_payout",
        "reversed_by",
    )
)


def fee_of(amount: int) -> int:
    """What a card payment costs: 1.5% and a quarter of the currency's unit, in minor units."""
    return (amount * 15 + 500) // 1000 + 25


def movements(charges: list[Made], refunds: list[Made], disputes: list[Made]) -> list[Moved]:
    """Everything that moved the balance, in the order in which it did."""
    found = [move(body["balance_transaction"], "charge", body, at, fee_of(body["amount"]))
             for body, at, _ in charges if body["paid"]]  # fmt: skip
    for body, at, changed in refunds:
        found.append(move(body["balance_transaction"], "refund", body, at, 0, -1))
        if body["status"] == "failed":
            found.append(move(body["failure_balance_transaction"], "refund_failure", body, changed))
    for body, at, changed in disputes:
        found.append(move(f"txn_{body['id'][3:]}", "adjustment", body, at, DISPUTE_FEE, -1))
        if body["status"] == "won":
            found.append(move(f"txn_{opaque(body['id'], 1, 24)}", "adjustment", body, changed))
    return sorted(found, key=lambda one: (one[1], one[0]["id"]))


def move(key: str, kind: str, source: dict[str, Any], at: datetime, fee: int = 0, sign: int = 1) -> Moved:
    """One movement of a source's whole amount, less a fee; it can be paid out from the next day on."""
    currency, amount = source["currency"], sign * source["amount"]
    charged = {"amount": fee, "application": None, "currency": currency, "description": "Stripe processing fees"}
    body = {
        "id": key,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": epoch(_morning(at.date(), 1)),
        "created": epoch(at),
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [{**charged, "type": "stripe_fee"}] if fee else [],
        "net": amount - fee,
        "reporting_category": {"adjustment": "dispute" if sign < 0 else "dispute_reversal"}.get(kind, kind),
        "source": source["id"],
        "status": "available",
        "type": kind,
    }
    return body, at


def payouts(moved: list[Moved], now: datetime) -> tuple[list[Made], list[Happened], dict[str, list[Moved]]]:
    """One payout for what each day moved, made a day later, at the bank after two; and what each has taken along.

    Of a day on which more was taken than given the bank gives back. What is not yet paid out is pending.
    """
    made, told, taken = [], [], {}
    for body, at, arrives, parts in _payouts(moved):
        if at > now:
            for one, _ in parts:
                one["status"] = "pending"
            continue
        told.append((at, "payout.created", body, None))
        if arrives <= now:
            body, before = {**body, **_PAID}, {name: body[name] for name in _PAID}
            told.append((arrives, "payout.paid", body, before))
        made.append((body, at, max(at, min(arrives, now))))
        taken[body["id"]] = [*parts, move(body["balance_transaction"], "payout", body, at, 0, -1)]
    return made, told, taken


def _payouts(moved: list[Moved]) -> Iterator[tuple[dict[str, Any], datetime, datetime, list[Moved]]]:
    """Each payout on its way, when it was made, when it arrives, and what it is the sum of."""
    days: dict[tuple[date, str], list[Moved]] = defaultdict(list)
    for body, at in moved:
        days[at.date(), body["currency"]].append((body, at))
    for (day, currency), parts in sorted(days.items(), key=lambda one: one[0]):
        own = opaque(f"po{currency}", day.toordinal(), 24)
        at, arrives = _morning(day, 1), _morning(day, 2)
        body = {
            "id": f"po_{own}",
            "object": "payout",
            "amount": sum(part["net"] for part, _ in parts),
            "arrival_date": epoch(arrives),
            "automatic": True,
            "balance_transaction": f"txn_{own}",
            "created": epoch(at),
            "currency": currency,
            "description": "STRIPE PAYOUT",
            "destination": "ba_1Estate",
            "livemode": True,
            "metadata": {},
            "method": "standard",
            "reconciliation_status": "in_progress",
            "source_type": "card",
            "statement_descriptor": f"STRIPE {own[:9].upper()}",
            "status": "in_transit",
            "type": "bank_account",
            **_NO_PARTS,
        }
        yield body, at, arrives, parts


def _morning(day: date, after: int) -> datetime:
    return datetime.combine(day + timedelta(days=after), time())
