"""What becomes of the stand-in's charges: what was given back to customers, and what went on to the bank each day.

A refund that failed leaves its charge as it was. The bank's own lines are in sources/bank/fake_seed.py.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np

from sources.estate.appearances import opaque

Made = tuple[dict[str, Any], datetime, datetime]
Happened = tuple[datetime, str, dict[str, Any], dict[str, Any] | None]
_FEWEST_FAILED, _FAILED_SHARE = 12, 0.01
_PERHAPS = dict.fromkeys(("receipt_number", "source_transfer_reversal", "transfer_reversal"))
_FAILED = {"status": "failed", "failure_reason": "expired_or_canceled_card"}
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
        "statement_descriptor",
    )
)


def refund(charge: dict[str, Any], amount: int, at: datetime, number: int = 0) -> dict[str, Any]:
    """The refund of `amount` minor units of a charge; `number` tells several of one charge apart."""
    own = opaque(charge["id"], number, 24)
    return {
        "id": f"re_{own}",
        "object": "refund",
        "amount": amount,
        "balance_transaction": f"txn_{own}",
        "charge": charge["id"],
        "created": epoch(at),
        "currency": charge["currency"],
        "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": "requested_by_customer",
        "status": "succeeded",
        **_PERHAPS,
    }


def refunds(charges: list[Made], seed: int, now: datetime) -> tuple[list[Made], list[Happened]]:
    """All refunds, and what the event feed tells of those that failed because the card was gone.

    About one charge in a hundred has one that failed; on the smallest retailer most have, for a list needs some.
    """
    made = [
        (refund(body, body["amount_refunded"], updated), updated, updated)
        for body, _, updated in charges
        if body["amount_refunded"]
    ]
    kept = [one for one in charges if one[0]["paid"] and not one[0]["amount_refunded"]]
    rng = np.random.default_rng([seed, 21, zlib.crc32(b"refunds")])
    count = min(len(kept), max(_FEWEST_FAILED, round(len(kept) * _FAILED_SHARE)))
    told = []
    for row in np.sort(rng.choice(len(kept), count, replace=False)).tolist():
        charge, charged, _ = kept[row]
        span, (asked, failed) = min(now - charged, timedelta(days=9)), np.sort(rng.random(2)).tolist()
        body = refund(charge, charge["amount"], charged + span * asked)
        body |= {**_FAILED, "failure_balance_transaction": f"txn_{opaque(charge['id'], 1, 24)}"}
        made.append((body, charged + span * asked, charged + span * failed))
        told.append((made[-1][2], "charge.refund.updated", body, {"status": "succeeded"}))
    return made, told


def payouts(charges: list[Made], now: datetime) -> tuple[list[Made], list[Happened]]:
    """One payout for each day's charges less what was given back of them; made a day later, at the bank after two."""
    sums: dict[tuple[date, str], int] = defaultdict(int)
    for body, charged, _ in charges:
        if body["paid"]:
            sums[charged.date(), body["currency"]] += body["amount"] - body["amount_refunded"]
    made, told = [], []
    for body, at, arrives in _payouts(sums):
        if at > now:
            continue
        told.append((at, "payout.created", body, None))
        if arrives <= now:
            body, before = {**body, **_PAID}, {name: body[name] for name in _PAID}
            told.append((arrives, "payout.paid", body, before))
        made.append((body, at, max(at, min(arrives, now))))
    return made, told


def _payouts(sums: dict[tuple[date, str], int]) -> Iterator[Made]:
    """Each payout on its way, when it was made, and when it arrives."""
    for (day, currency), amount in sorted(sums.items()):
        if amount <= 0:
            continue
        own = opaque(f"po{currency}", day.toordinal(), 24)
        at, arrives = (datetime.combine(day + timedelta(days=days), time()) for days in (1, 2))
        body = {
            "id": f"po_{own}",
            "object": "payout",
            "amount": amount,
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
            "status": "in_transit",
            "type": "bank_account",
            **_NO_PARTS,
        }
        yield body, at, arrives


def epoch(at: datetime) -> int:
    """Whole seconds, as Stripe writes times."""
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
