"""The stores' terminals on their first day: what each card paid or got on a closed day, settled in its batch."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow.compute as pc

from sources.estate.appearances import opaque
from sources.estate.guests import Part, tuples
from sources.estate.world import World
from sources.pos.fake import tenders

CENT = Decimal("0.01")
_MOST = 2_000
_FEE = Decimal("0.009")
_METHODS = (("mc", "mcstandarddebit"), ("visa", "visastandarddebit"), ("maestro", "maestro"))
Line = tuple[str, datetime, dict[str, Any]]


def invent(world: World) -> Part:
    """The terminals' part of the retailer: what the tills say was paid by card, and given back to a card."""
    today, lines, paid = world.now.replace(tzinfo=None, hour=0, minute=0, second=0), [], {}
    tendered = tenders(world)
    by_card = tendered.filter(pc.and_(pc.equal(tendered["method"], "card"), pc.less(tendered["paid_at"], today)))
    asked = ["paid_at", "receipt_code", "store_code", "amount"]
    settled = sorted(tuples(by_card.sort_by("paid_at")[-_MOST:], asked))
    numbers = {receipt: number for number, receipt in enumerate(dict.fromkeys(row[1] for row in settled))}
    for at, receipt, store, amount in settled:
        batch = (at - datetime(2026, 1, 1)).days + 1
        lines.append(
            _line(numbers[receipt], batch, "Settled" if amount > 0 else "Refunded", receipt, store, amount, at)
        )
        paid.setdefault(batch, []).append(lines[-1][2])
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
