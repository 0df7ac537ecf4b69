"""The tax adviser's list on its first day: standard and reduced rates of countries that the retailer sells to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sources.estate.guests import Part
from sources.estate.world import World

# Percent: standard, reduced, and a second reduced rate where there is one.
_RATES = {
    "AT": (20, 10, 13), "BE": (21, 6, 12), "CZ": (21, 12), "DE": (19, 7), "DK": (25,), "ES": (21, 10), "FR": (20, 10),
    "HU": (27, 5, 18), "IE": (23, 9), "IT": (22, 10), "LU": (17, 8), "NL": (21, 9), "PL": (23, 8), "SE": (25, 6, 12),
    "SK": (23, 19, 5),
}  # fmt: skip
_CATEGORIES = ("standard", "reduced", "second reduced")


def invent(world: World) -> Part:
    """The adviser's part of the retailer, the rate that ended in Czechia in 2023 among it."""
    found = [
        _rate(country, category, rate, "2024-01-01", None)
        for country, rates in _RATES.items()
        for category, rate in zip(_CATEGORIES, rates, strict=False)
    ]
    found.append(_rate("CZ", "reduced", 15, "2013-01-01", "2023-12-31"))
    return Part({"rate": found})


def _rate(
    country: str, category: str, rate: int, since: str, until: str | None
) -> tuple[str, datetime, dict[str, Any]]:
    body = {
        "country_code": country,
        "category": category,
        "rate": str(rate),
        "valid_from_on": since,
        "valid_to_on": until,
        "note": None,
    }
    return f"{country}-{category}-{since}", datetime.fromisoformat(since), body
