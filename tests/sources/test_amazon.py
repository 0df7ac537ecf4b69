"""Amazon's own sandbox: what the kernel makes of each published answer, and the contract of the published records.

The cases lie in a folder beside the checkout; without it these tests are skipped.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.intake import Intake
from sources.contract import load_contracts
from sources.errors import BadCredentials, ExtractError, ServerFault, SourceError, Throttled
from sources.records import Page, at_path
from tests.sources.replay import answered, beside, data, expected

SANDBOX = beside("amazon_spapi_sandbox")
CONTRACT = load_contracts()["amazon"]
READ = {"orders": "/orders/2026-01-01/orders", "listings": "/listings/2021-08-01/items/{sellerId}"}
CODES = {"Unauthorized": BadCredentials, "QuotaExceeded": Throttled}

published = pytest.mark.skipif(not SANDBOX.is_dir(), reason="Amazon's sandbox cases do not lie beside this checkout")


def cases() -> list[dict[str, Any]]:
    found = [case for file in sorted(SANDBOX.glob("*.json")) for case in json.loads(file.read_text())]
    return [
        {**case, "said": case.get("response", case.get("example")), "status": int(case["status"])} for case in found
    ]


def told(said: Any) -> list[str]:
    """The texts of errors, where they say more than the code does."""
    errors = [one for one in at_path(said, "errors") or [] if isinstance(one, dict)]
    return [text for one in errors if (text := one.get("message")) and text.rstrip(".") not in one["code"]]


@published
def test_every_published_answer_is_taken_as_data_or_refused_as_what_it_is():
    every, seen, wrong = cases(), Counter(), []
    client = answered(CONTRACT, lambda request: answers[request.url.path])
    answers = {f"/case/{number}": (case["status"], case["said"]) for number, case in enumerate(every)}
    for path, (status, said) in answers.items():
        try:
            ended, body = None, client.get(path)
        except ExtractError as error:
            ended, body = type(error), None
            wrong += [(path, "repeats the vendor") for text in told(said) if text in str(error)]
        if (
            ended != expected(status, at_path(said, "errors.0.code"), said, CODES)
            or not ended
            and body != data(status, said)
        ):
            wrong.append((path, status, ended))
        seen[ended] += 1
    client.close()
    assert wrong == []
    assert sum(seen.values()) == 1_283
    assert seen.keys() >= {None, Throttled, ServerFault, SourceError, BadCredentials}


@published
@pytest.mark.parametrize("stream", READ)
def test_the_published_records_keep_the_contract(stream):
    spec = CONTRACT.streams[stream]
    good = [case for case in cases() if case["path"] == READ[stream] and case["status"] == 200]
    records = [record for case in good for record in at_path(case["said"], spec.request.records)]
    assert records
    intake = Intake(CONTRACT, stream, "load", {})
    landed = intake.rows(Page(records), datetime(2026, 3, 29))
    assert landed.num_rows == len({json.dumps(record, sort_keys=True) for record in records})
    assert not [warning for warning in intake.warnings if "new field" in warning]


@published
def test_published_amounts_stay_exact():
    texts = [money for case in cases() if case["path"] == READ["orders"] for money in _amounts(case["said"])]
    assert texts
    assert all(isinstance(text, str) and str(Decimal(text)) == text for text in texts)


def _amounts(value: Any):
    if isinstance(value, dict):
        if "currencyCode" in value and "amount" in value:
            yield value["amount"]
        for inner in value.values():
            yield from _amounts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _amounts(inner)


def test_no_buyer_of_the_marketplace_becomes_a_customer():
    assert "customers" not in {stream.domain for stream in CONTRACT.streams.values()}
    models = Path(__file__).parents[2] / "dbt_project/models/conformed/customers"
    assert [model.name for model in models.glob("*.sql") if "amazon" in model.read_text()] == []
