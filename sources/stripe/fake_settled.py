"""What becomes of the stand-in's charges: what was given back to customers, and what cardholders dispute.

A refund that failed leaves its charge as it was.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from sources.estate.appearances import opaque

Made = tuple[dict[str, Any], datetime, datetime]
Happened = tuple[datetime, str, dict[str, Any], dict[str, Any] | None]
_FEWEST_FAILED, _FAILED_SHARE = 12, 0.01
_FEWEST_DISPUTED, _DISPUTED_SHARE, DISPUTE_FEE = 24, 0.002, 2000
_ENDS = ("lost", "won", "needs_response", "under_review")
_PERHAPS = dict.fromkeys(("receipt_number", "source_transfer_reversal", "transfer_reversal"))
_FAILED = {"status": "failed", "failure_reason": "expired_or_canceled_card"}


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


def disputes(charges: list[Made], seed: int, now: datetime) -> tuple[list[Made], list[Happened]]:
    """Charges that cardholders say were wrong, and what the event feed tells of them; their charges are marked so.

    One charge in five hundred; on the smallest retailer more, for a list needs some.
    """
    kept = [one for one in charges if one[0]["paid"] and not one[0]["amount_refunded"]]
    rng = np.random.default_rng([seed, 21, zlib.crc32(b"disputes")])
    count = min(len(kept), max(_FEWEST_DISPUTED, round(len(kept) * _DISPUTED_SHARE)))
    made, told = [], []
    for number, row in enumerate(np.sort(rng.choice(len(kept), count, replace=False)).tolist()):
        charge, charged, _ = kept[row]
        span = min(now - charged, timedelta(days=60))
        opened, settled = (charged + span * part for part in np.sort(rng.random(2)).tolist())
        charge["disputed"] = True
        body = _dispute(charge, opened) | {"status": _ENDS[number % len(_ENDS)]}
        made.append((body, opened, settled))
        told.append((opened, "charge.dispute.created", body | {"status": "needs_response"}, None))
        told.append((settled, "charge.dispute.updated", body, {"status": "needs_response"}))
    return made, told


def _dispute(charge: dict[str, Any], at: datetime) -> dict[str, Any]:
    own = opaque(charge["id"], 2, 24)
    due = {"due_by": epoch(at + timedelta(days=9)), "has_evidence": False, "past_due": False, "submission_count": 0}
    return {
        "id": f"dp_{own}",
        "object": "dispute",
        "amount": charge["amount"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": epoch(at),
        "currency": charge["currency"],
        "evidence": {},
        "evidence_details": due,
        "is_charge_refundable": False,
        "livemode": True,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": "fraudulent",
        "status": "needs_response",
    }


def epoch(at: datetime) -> int:
    """Whole seconds, as Stripe writes times."""
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
