"""What buyers contest on the first day: every other payment, and what was refunded was won by whoever paid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

_REASONS = ("MERCHANDISE_OR_SERVICE_NOT_RECEIVED", "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED", "UNAUTHORISED")


def instant_of(at: datetime) -> str:
    """As PayPal writes the times of disputes: milliseconds, Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def contested(
    payments: list[dict[str, Any]], refunds: dict[str, dict[str, Any]]
) -> list[tuple[str, datetime, dict[str, Any]]]:
    """Disputes of every other payment, and of each that was refunded, which ended with the refund."""
    found = []
    for number, payment in enumerate(payments):
        refund = refunds.get(payment["transaction_info"]["transaction_id"])
        if refund or number % 2 == 0:
            found.append(_dispute(number, payment, refund))
    return found


def summary(body: dict[str, Any]) -> dict[str, Any]:
    """What the list says of a dispute; the rest is told of each alone."""
    hidden = ("disputed_transactions", "dispute_outcome", "messages")
    state = "RESOLVED" if body["status"] == "RESOLVED" else "REQUIRED_ACTION"
    return {name: value for name, value in body.items() if name not in hidden} | {"dispute_state": state}


def _dispute(
    number: int, payment: dict[str, Any], refund: dict[str, Any] | None
) -> tuple[str, datetime, dict[str, Any]]:
    paid = payment["transaction_info"]
    begun = datetime.fromisoformat(paid["transaction_initiation_date"]).astimezone(UTC).replace(tzinfo=None)
    ended = refund and datetime.fromisoformat(refund["transaction_updated_date"]).astimezone(UTC).replace(tzinfo=None)
    key, at = f"PP-D-{27_000 + number}", max(ended or begun, begun + timedelta(hours=5))
    amount = paid["transaction_amount"]
    body = {
        "dispute_id": key,
        "create_time": instant_of(begun + timedelta(hours=4)),
        "update_time": instant_of(at),
        "disputed_transactions": [
            {
                "seller_transaction_id": paid["transaction_id"],
                "create_time": instant_of(begun),
                "transaction_status": "REFUNDED" if refund else "COMPLETED",
                "gross_amount": amount,
                "invoice_number": paid["invoice_id"],
                "custom": paid["custom_field"],
                "buyer": {"name": payment["payer_info"]["payer_name"].get("alternate_full_name", "Buyer")},
            }
        ],
        "reason": _REASONS[number % len(_REASONS)],
        "status": "RESOLVED" if refund else "WAITING_FOR_SELLER_RESPONSE",
        "dispute_amount": amount,
        "dispute_life_cycle_stage": "CHARGEBACK" if number % 3 == 2 else "INQUIRY",
        "dispute_channel": "INTERNAL",
        "messages": [{"posted_by": "BUYER", "time_posted": instant_of(at), "content": f"About {paid['invoice_id']}"}],
    }
    if refund:
        back = refund["transaction_amount"]
        given = {**back, "value": back["value"].removeprefix("-")}
        body["dispute_outcome"] = {"outcome_code": "RESOLVED_BUYER_FAVOUR", "amount_refunded": given}
    else:
        body["seller_response_due_date"] = instant_of(begun + timedelta(days=10))
    return key, at, body
