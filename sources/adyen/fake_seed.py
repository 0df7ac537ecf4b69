"""The stores' terminals on their first day: each card receipt of a closed day settled in its batch, and paid out."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sources.estate.appearances import opaque
from sources.estate.guests import Part, tuples
from sources.estate.world import World

CENT = Decimal("0.01")
_MOST = 2_000
_FEE = Decimal("0.009")
_METHODS = (("mc", "mcstandarddebit"), ("visa", "visastandarddebit"), ("maestro", "maestro"))
Line = tuple[str, datetime, dict[str, Any]]


def invent(world: World) -> Part:
    """The terminals' part of the retailer."""
    today, lines, paid = world.now.replace(tzinfo=None, hour=0, minute=0, second=0), [], {}
    asked = ["key", "store_code", "total_amount", "payment", "sold_at"]
    sold = [row for row in tuples(world.receipts, asked) if row[3] == "card" and row[4] < today][-_MOST:]
    for number, (key, store, total, _, at) in enumerate(sorted(sold, key=lambda row: (row[4], row[0]))):
        batch = (at - datetime(2026, 1, 1)).days + 1
        of_receipt = [_line(number, batch, "Settled", key, store, total, at)]
        if number % 15 == 7:
            of_receipt.append(_line(number, batch, "Refunded", key, store, -total, at + timedelta(hours=1)))
        lines += of_receipt
        paid.setdefault(batch, []).extend(body for _, _, body in of_receipt)
    return Part({"settlement": [*lines, *(_payout(batch, bodies) for batch, bodies in paid.items())]})


def key_of(body: dict[str, Any]) -> str:
    """What names a line."""
    return f"{body['modification_reference']}-{body['type']}-{body['batch_number']}"


def _line(number: int, batch: int, kind: str, receipt: str, store: str, amount: Decimal, at: datetime) -> Line:
    at, (method, variant) = at.replace(microsecond=0), _METHODS[number % len(_METHODS)]
    fee = (abs(amount) * _FEE).quantize(CENT, ROUND_HALF_UP) if amount > 0 else Decimal("0.00")
    side = "credit" if amount > 0 else "debit"
    body = {
        "company_account": "Estate",
        "merchant_account": f"Estate_{store}",
        "psp_reference": opaque("psp", number, 16).upper(),
        "merchant_reference": receipt,
        "payment_method": method,
        "creation_date": at.isoformat(),
        "type": kind,
        "modification_reference": opaque(f"psp-{kind}", number, 16).upper(),
        "gross_currency": "CZK",
        f"gross_{side}": str(abs(amount)),
        "exchange_rate": "1",
        "net_currency": "CZK",
        f"net_{side}": str(abs(amount) - fee),
        "commission": str(fee),
        "payment_method_variant": variant,
        "batch_number": batch,
    }
    return key_of(body), at, body


def _payout(batch: int, bodies: list[dict[str, Any]]) -> Line:
    total = sum(Decimal(body.get("net_credit", 0)) - Decimal(body.get("net_debit", 0)) for body in bodies)
    at = datetime(2026, 1, 1) + timedelta(days=batch, hours=2)
    body = {
        "company_account": "Estate",
        "merchant_account": "Estate",
        "creation_date": at.isoformat(),
        "type": "MerchantPayout",
        "modification_reference": f"TX{batch:06}CZK",
        "net_currency": "CZK",
        "net_debit": str(total),
        "batch_number": batch,
    }
    return key_of(body), at, body
