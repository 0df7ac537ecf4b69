"""Each acceptance test applies to a system or its contract says why not, and every version is pinned."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.sources.conformance.subjects import (
    ABOUT,
    CONTRACTS,
    EVERY,
    NUMBERS,
)


@pytest.mark.parametrize("number", NUMBERS)
def test_each_acceptance_test_applies_to_a_system_or_its_contract_says_why_not(number):
    about = {name.split("/")[0] for name in ABOUT.get(number, EVERY)}
    silent = [
        system
        for system, contract in CONTRACTS.items()
        if system not in about and not all(contract.why_not(number, stream) for stream in contract.streams)
    ]
    assert silent == []


@pytest.mark.parametrize("system", CONTRACTS)
def test_17_every_version_is_pinned_and_ninety_days_from_its_sunset_or_from_when_we_look_again(system):
    contract = CONTRACTS[system]
    unversioned = contract.why_not(17, next(iter(contract.streams)))
    assert contract.api_version or unversioned
    ends = contract.sunset_on or contract.review_on
    if ends is None:
        assert contract.kind not in ("rest", "graphql", "files")
        assert unversioned
    else:
        assert ends - date.today() > timedelta(days=90)
