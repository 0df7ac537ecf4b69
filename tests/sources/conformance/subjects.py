"""The streams of all contracts, sorted by the acceptance tests that can apply to them, and what the tests share."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType

import pytest
import sqlalchemy as sa

from pipelines.connectors import connector_of
from pipelines.ledger import cursors, open_ledger
from sources.contract import Stream, load_contracts

CONTRACTS = load_contracts()
EVERY = [f"{system}/{name}" for system, contract in CONTRACTS.items() for name in contract.streams]

NUMBERS = range(1, 26)


def spec_of(name: str) -> Stream:
    system, stream = name.split("/")
    return CONTRACTS[system].streams[stream]


def fake_of(name: str) -> ModuleType:
    return importlib.import_module(f"sources.{name.split('/')[0]}.fake")


def read_alike(names: list[str]) -> list[str]:
    """Of the streams that facts alone say how to read, the first of each system: what holds for it holds for all."""
    found, kernel = [], set()
    for name in names:
        system, stream = name.split("/")
        contract = CONTRACTS[system]
        own = hasattr(connector_of(contract), stream)
        if own or system not in kernel:
            found.append(name)
        if not own:
            kernel.add(system)
    return found


def spoken_alike(names: list[str]) -> list[str]:
    """Of the streams, the first of each kind of client: silence is borne or not before what is said is looked at."""
    contracts = {name: CONTRACTS[name.split("/")[0]] for name in names}
    found = {(contract.kind, bool(contract.auth.grant)): name for name, contract in reversed(contracts.items())}
    return sorted(found.values())


def applies(number: int, streams: list[str] = EVERY) -> pytest.MarkDecorator:
    """The test for every stream to which it can apply; elsewhere it is skipped, as the contract says why."""
    parameters = []
    for name in streams:
        system, stream = name.split("/")
        reason = CONTRACTS[system].why_not(number, stream)
        parameters.append(pytest.param(name, marks=[pytest.mark.skip(reason)] if reason else [], id=name))
    return pytest.mark.parametrize("retail", parameters, indirect=True)


def with_setting(test: Callable) -> list[str]:
    """The streams whose contract passes the test."""
    return [name for name in EVERY if test(spec_of(name))]


READERS = read_alike(EVERY)
SPEAKERS = spoken_alike(READERS)
DELETING = with_setting(lambda stream: stream.delete_mode != "none")
MONEY = with_setting(lambda stream: stream.money != "none")
CAPPED = with_setting(lambda stream: stream.page_cap or stream.max_window or stream.horizon)
MERGING = with_setting(lambda stream: bool(stream.merge_field))
MERGING += [n for n in EVERY if spec_of(n).domain == "customers" and hasattr(fake_of(n), "merge_customers")]
SELLING = [name for name in EVERY if spec_of(name).domain == "products"]
# Which streams a test is about, where it is not about all.
ABOUT = {
    10: CAPPED,
    11: with_setting(lambda stream: stream.expected_total),
    12: DELETING,
    13: MERGING,
    15: with_setting(lambda stream: bool(stream.required_scopes)),
    18: MONEY,
    19: with_setting(lambda stream: stream.tax_basis != "none"),
    20: MONEY,
    22: SELLING,
    24: [name for name in EVERY if CONTRACTS[name.split("/")[0]].kind == "files"],
}


def cursor(retail):
    with open_ledger(retail.settings.ledger_url).connect() as connection:
        chosen = sa.select(cursors).where(cursors.c.stream == retail.stream)
        return connection.execute(chosen).one_or_none()


def changeable(retail, count):
    """Keys to change, spread over the list, the same ones on every machine."""
    known = retail.keys(retail.stream)
    return known[:: max(1, len(known) // count)][:count]


def assert_nothing_landed(retail):
    assert retail.landed(retail.stream) == []
    assert cursor(retail) is None


def flagged(retail):
    return {row["_source_key"] for row in retail.landed(retail.stream) if row["_deleted"]}


def broken_field(retail):
    """A required column that is neither the key nor a path into another."""
    made_here = {"key"}
    return next(
        name
        for name, column in retail.spec.columns.items()
        if column.required and name not in {*retail.spec.key_paths, *made_here} and "." not in name
    )
