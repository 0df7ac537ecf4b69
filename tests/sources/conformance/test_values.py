"""Amounts are exact and say currency and tax, times are UTC, a variant is found by its SKU."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sources.contract import NATIVE
from sources.records import at_path, to_utc
from tests.sources.conformance.subjects import (
    ABOUT,
    MONEY,
    SELLING,
    applies,
    changeable,
    with_setting,
)


@dataclass
class Said:
    """A stream as it landed when it was read once: for all tests that only look."""

    rows: list[dict[str, Any]]

    @property
    def alive(self) -> list[dict[str, Any]]:
        return [row for row in self.rows if not row["_deleted"]]


_SAID: dict[str, Said] = {}


@pytest.fixture
def said(retail):
    """What the stream under test says on its first day, read by the first test that asks."""
    name = f"{retail.system}/{retail.stream}"
    if name not in _SAID:
        retail.extract(retail.stream)
        _SAID[name] = Said(retail.landed(retail.stream))
    return _SAID[name]


@applies(18, MONEY)
def test_18_money_lands_exactly_and_never_as_a_rounded_float(retail, said):
    amounts = [amount for row in said.rows for amount in _amounts(row, retail)]
    assert amounts
    kinds = {"string": {str}, "minor_units": {int}, "decimal": {Decimal}, "float": {Decimal, str}}
    assert {type(amount) for amount in amounts} <= kinds[retail.spec.money]
    assert all(Decimal(str(amount)).is_finite() for amount in amounts)
    again = json.dumps([str(amount) for amount in amounts])
    assert not re.search(r"\.\d*(00000000\d|99999999\d)", again), "a binary fraction was taken for an amount"


AMOUNT = re.compile(r"(^|_)(amount|price|value|total|subtotal|tax)$")


def _amounts(row, retail):
    """Every amount of a row: a column typed decimal, or what is named like one, at any depth."""
    if retail.contract.kind in NATIVE:
        columns = retail.spec.columns.items()
        return [row[name] for name, column in columns if column.type == "decimal" and row[name] is not None]
    if row["_deleted"]:
        return []
    payload = json.loads(row["_payload"], parse_float=Decimal)
    named = [name for name, column in retail.spec.columns.items() if column.type == "decimal"]
    found = [at_path(payload, name) for name in named] + list(_deep(payload))
    kinds = {"minor_units": (int,), "string": (str,)}.get(retail.spec.money, (str, Decimal))
    return [one for one in found if type(one) in kinds and re.fullmatch(r"-?\d*\.?\d+", str(one))]


def _deep(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if AMOUNT.search(key) and not isinstance(inner, dict | list):
                yield inner
            yield from _deep(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _deep(inner)


@applies(19, ABOUT[19])
def test_19_each_amount_says_whether_tax_is_in_it(retail, said):
    assert retail.spec.tax_basis in ("gross", "net", "mixed")
    bodies = [json.loads(row["_payload"]) if "_payload" in row else row for row in said.alive]
    if retail.spec.tax_basis == "mixed":
        # Where a record holds both, it says itself which is which.
        assert all({key for key in _keys(body) if "tax" in key.lower()} for body in bodies)


@applies(20, MONEY)
def test_20_each_amount_lands_beside_its_currency(retail, said):
    for row in said.alive:
        body = json.loads(row["_payload"]) if "_payload" in row else row
        assert any("currency" in key.lower() and value for key, value in _pairs(body)), retail.stream


def _keys(value):
    return (key for key, _ in _pairs(value))


def _pairs(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from _pairs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _pairs(inner)


@applies(21, with_setting(lambda stream: bool(stream.event_time or stream.cursor)))
def test_21_every_event_time_is_utc_with_the_sources_own_words_beside_it(retail, said):
    zone = retail.spec.zone(retail.spec.event_time or retail.spec.cursor)
    assert said.alive
    for row in said.alive:
        assert row["_event_text"]
        assert to_utc(row["_event_text"], zone) == row["_event_at"]
        assert row["_event_at"] <= retail.now.replace(tzinfo=None) + timedelta(hours=1)


@applies(22, SELLING)
def test_22_a_change_of_one_variant_alone_is_landed_and_reaches_its_sku(retail):
    retail.extract(retail.stream)
    key = changeable(retail, 3)[1]
    before = retail.alive(retail.stream)[key]
    retail.now += timedelta(hours=1)
    retail.touch(retail.stream, key, retail.now)
    report = retail.extract(retail.stream)
    landed = retail.landed(retail.stream, report.load_id)
    assert [row["_source_key"] for row in landed] == [key]
    assert _sku(landed[0]) == _sku(before)


def _sku(row):
    body = json.loads(row["_payload"]) if "_payload" in row else row
    return next((value for key, value in _pairs(body) if key in ("sku", "hs_sku", "default_code")), None)
