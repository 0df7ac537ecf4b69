"""How Stripe writes amounts: whole numbers of the smallest unit that it knows for a currency."""

from __future__ import annotations

from decimal import Decimal

_NO_CENTS = ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga")
_NO_CENTS_EITHER = ("pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
ZERO_DECIMAL = frozenset(_NO_CENTS + _NO_CENTS_EITHER)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])


def places(currency: str) -> int:
    """How many decimal places of an amount Stripe's whole number holds; for yen none."""
    code = currency.lower()
    return 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2


def to_minor(amount: Decimal, currency: str) -> int:
    """The amount as Stripe writes it. ValueError if it has a fraction of the smallest unit."""
    minor = amount.scaleb(places(currency))
    if minor != int(minor):
        raise ValueError(f"an amount in {currency} has more decimal places than Stripe knows")
    return int(minor)


def from_minor(minor: int, currency: str) -> Decimal:
    """The exact amount behind Stripe's whole number."""
    return Decimal(minor).scaleb(-places(currency))
