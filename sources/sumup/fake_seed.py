"""The readers on their first day: what was paid on invoices of telephone sales at the counter, and its payouts."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sources.estate.appearances import opaque
from sources.estate.guests import Part
from sources.estate.world import World

Object = tuple[str, datetime, dict[str, Any]]
CENT = Decimal("0.01")
_FEE = Decimal("0.0139")
_CARDS = ("MASTERCARD", "VISA", "MAESTRO")


def invent(world: World) -> Part:
    """The readers' part of the retailer: each payment in the books was made at a reader; one in nine was given back."""
    transactions, payouts = [], []
    for number, (_, _, payment) in enumerate(world.part("xero").objects["payment"]):
        at = datetime.fromtimestamp(int(payment["Date"][6:19]) / 1000, UTC).replace(tzinfo=None) + timedelta(hours=11)
        amount = Decimal(str(payment["Amount"]))
        back = number % 9 == 4
        paid = _transaction(2 * number, "PAYMENT", at, amount, payment["Invoice"]["InvoiceNumber"])
        transactions.append(paid)
        due = [(paid[2], "PAYOUT", amount, at + timedelta(days=2))]
        if back:
            given = _transaction(2 * number + 1, "REFUND", at + timedelta(days=1), amount, paid[2]["product_summary"])
            given[2]["transaction_code"] = paid[2]["transaction_code"]
            paid[2].update(status="REFUNDED", refunded_amount=float(amount))
            transactions.append(given)
            due.append((given[2], "REFUND_DEDUCTION", -amount, at + timedelta(days=3)))
        payouts += [_payout(len(payouts) + n, *one) for n, one in enumerate(due) if one[3] < _now(world)]
    return Part({"transaction": [one for one in transactions if one[1] < _now(world)], "payout": payouts})


def stamp(at: datetime) -> str:
    """As SumUp writes times."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def key_of(body: dict[str, Any]) -> str:
    """What names a transaction."""
    return f"{body['id']}-{body['type']}"


def _now(world: World) -> datetime:
    return world.now.replace(tzinfo=None)


def _transaction(number: int, kind: str, at: datetime, amount: Decimal, invoice: str) -> Object:
    key = str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://estate.example/sumup/{number}"))
    body = {
        "id": key,
        "transaction_id": key,
        "transaction_code": f"T{opaque('sumup', number, 9).upper()}",
        "client_transaction_id": f"urn:sumup:pos:sale:ESTATE:{key}",
        "amount": float(amount),
        "currency": "CZK",
        "timestamp": stamp(at),
        "status": "SUCCESSFUL",
        "payment_type": "POS",
        "installments_count": 1,
        "type": kind,
        "card_type": _CARDS[number % len(_CARDS)],
        "product_summary": invoice,
        "user": "counter@estate.example",
        "payout_plan": "SINGLE_PAYMENT",
        "payouts_total": 1,
        "refunded_amount": 0,
    }
    return key_of(body), at, body


def _payout(number: int, transaction: dict[str, Any], kind: str, amount: Decimal, at: datetime) -> Object:
    fee = (amount * _FEE).quantize(CENT, ROUND_HALF_UP) if amount > 0 else Decimal(0)
    body = {
        "id": 700_000_001 + number,
        "type": kind,
        "amount": float(amount - fee),
        "date": at.date().isoformat(),
        "currency": "CZK",
        "fee": float(fee),
        "status": "SUCCESSFUL",
        "reference": f"SUMUP PID{700_000_001 + number}",
        "transaction_code": transaction["transaction_code"],
    }
    transaction["payout_date"], transaction["payout_type"] = body["date"], "BANK_ACCOUNT"
    return str(body["id"]), at, body
