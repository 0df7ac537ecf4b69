"""Every stream of every contract keeps its promises. The numbers are those of the twenty-five acceptance tests.

Test 4 (kill -9 anywhere) has its own file, tests/pipelines/test_extract_kills.py; here a run dies between two pages.
"""

from __future__ import annotations

import importlib
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, timedelta
from decimal import Decimal
from types import ModuleType

import pytest
import sqlalchemy as sa

from pipelines.erasure import erase
from pipelines.extract import Failure, ability, connector_of, extract_all
from pipelines.landing import damaged_loads
from pipelines.ledger import cursors, open_ledger
from sources import files, sql
from sources.contract import NATIVE, Stream, load_contracts
from sources.errors import (
    BadCredentials,
    CapCrossed,
    Drift,
    ExtractError,
    MissingScope,
    RepeatingCursor,
    ShortRead,
    StreamBusy,
    SweepRefused,
    Unreachable,
)
from sources.estate.drops import folder_of
from sources.records import Page, at_path, to_utc

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


@pytest.mark.parametrize("number", NUMBERS)
def test_each_acceptance_test_applies_to_a_system_or_its_contract_says_why_not(number):
    about = {name.split("/")[0] for name in ABOUT.get(number, EVERY)}
    silent = [
        system
        for system, contract in CONTRACTS.items()
        if system not in about and not all(contract.why_not(number, stream) for stream in contract.streams)
    ]
    assert silent == []


@pytest.fixture
def retail(request, retails, tmp_path, monkeypatch):
    """The system of the stream under test, begun anew, with `stream` and `spec` set."""
    system, stream = request.param.split("/")
    monkeypatch.setattr(sql, "ROWS_A_PAGE", 15)
    monkeypatch.setattr(files, "ROWS_A_PAGE", 15)
    found = retails(system).begin(tmp_path / "home")
    found.stream, found.spec = stream, found.contract.streams[stream]
    yield found
    found.faults.clear()


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


@applies(1)
def test_01_records_on_the_boundary_second_and_on_inner_edges_are_landed(retail):
    retail.extract(retail.stream)
    proven = cursor(retail).proven_until_at.replace(tzinfo=UTC)
    edges = [proven - retail.spec.overlap, proven, proven + timedelta(minutes=30)]
    retail.now = proven + retail.spec.settle_lag + timedelta(hours=1)
    changed = dict(zip(changeable(retail, 3), edges, strict=False))
    for key, at in changed.items():
        retail.touch(retail.stream, key, at)
    narrow = retail.spec.model_copy(update={"max_window": timedelta(minutes=30)})
    retail.contract = retail.contract.model_copy(update={"streams": {retail.stream: narrow}})
    report = retail.extract(retail.stream)
    assert {row["_source_key"] for row in retail.landed(retail.stream, report.load_id)} >= changed.keys()


@applies(2)
def test_02_a_record_that_commits_late_is_landed_by_the_next_run(retail):
    retail.extract(retail.stream)
    late = changeable(retail, 1)[0]
    retail.touch(retail.stream, late, retail.now - retail.spec.settle_lag)
    retail.now += timedelta(hours=1)
    report = retail.extract(retail.stream)
    assert late in {row["_source_key"] for row in retail.landed(retail.stream, report.load_id)}


@applies(3)
def test_03_changes_between_pages_lose_no_record_that_was_there_all_along(retail):
    at, known = retail.now - retail.spec.settle_lag, retail.keys(retail.stream)
    first, middle, last = known[0], known[len(known) // 2], known[-1]

    def drift(number):
        if number == 1:
            retail.touch(retail.stream, first, at)
            retail.touch(retail.stream, last, at)
            if retail.spec.delete_mode != "none" and len(known) > 10:
                retail.delete(retail.stream, middle, at)

    try:
        report = retail.extract(retail.stream, retail.wrapped(retail.stream, drift))
    except ShortRead:
        assert_nothing_landed(retail)
    else:
        # A file that is written anew while it is read waits for the next run, and is named.
        waiting = any("is being written" in text for text in report.warnings)
        assert waiting or retail.alive(retail.stream).keys() >= set(known) - {middle}
    retail.now += timedelta(days=1, hours=1)
    retail.extract(retail.stream)
    assert retail.alive(retail.stream).keys() == set(retail.keys(retail.stream)) - gone_by_flag(retail, middle, known)
    rows = retail.landed(retail.stream)
    assert len({(row["_source_key"], row["_payload_hash"]) for row in rows}) == len(rows)


def gone_by_flag(retail, key, known):
    """A soft-deleted record is still among the source's keys."""
    return {key} if retail.spec.delete_mode == "flag" and len(known) > 10 else set()


@applies(4, READERS)
def test_04_a_run_that_dies_between_pages_leaves_no_trace(retail):
    class Killed(BaseException):
        pass

    def die(number):
        raise Killed

    with pytest.raises(Killed):
        retail.extract(retail.stream, retail.wrapped(retail.stream, die))
    assert_nothing_landed(retail)
    retail.extract(retail.stream)
    rows = retail.landed(retail.stream)
    # Several files may bring several versions of a record, each of them once.
    version = "_payload_hash" if retail.contract.kind == "files" else "_source_key"
    assert len({(row["_source_key"], row[version]) for row in rows}) == len(rows)
    assert retail.alive(retail.stream).keys() == set(retail.keys(retail.stream)) - flagged(retail)


def flagged(retail):
    return {row["_source_key"] for row in retail.landed(retail.stream) if row["_deleted"]}


@applies(5, READERS)
def test_05_a_second_run_of_the_stream_refuses_and_the_cursor_never_goes_back(retail):
    refused = []

    def meanwhile(number):
        with pytest.raises(StreamBusy) as raised:
            retail.extract(retail.stream)
        refused.append(str(raised.value))

    report = retail.extract(retail.stream, retail.wrapped(retail.stream, meanwhile))
    assert refused[0].startswith(f"{retail.system}/{retail.stream}: another run")
    assert cursor(retail).load_id == report.load_id
    retail.extract(retail.stream, now=retail.now - timedelta(days=3))
    assert cursor(retail).load_id > report.load_id
    assert cursor(retail).proven_until_at >= report.proven_until


@pytest.mark.parametrize("lie", ["error_in_200", "html", "down"])
@applies(6, READERS)
def test_06_an_error_in_a_successful_answer_is_never_an_end_of_data(retail, lie):
    retail.faults.set(retail.system, lie, after=1)
    with pytest.raises(ExtractError) as raised:
        retail.extract(retail.stream)
    assert str(raised.value).startswith(f"{retail.system}/{retail.stream}")
    assert_nothing_landed(retail)


@applies(7, READERS)
def test_07_a_body_that_breaks_off_is_read_again(retail):
    retail.faults.set(retail.system, "truncated", after=1, times=1)
    retail.extract(retail.stream)
    assert retail.alive(retail.stream).keys() == set(retail.keys(retail.stream)) - flagged(retail)


@applies(7, SPEAKERS)
def test_07_a_body_that_stalls_is_read_again(retail):
    retail.silence(2.0)
    retail.faults.set(retail.system, "stalled", after=1, times=1)
    retail.extract(retail.stream)
    assert retail.alive(retail.stream).keys() == set(retail.keys(retail.stream)) - flagged(retail)


@applies(7, SPEAKERS)
def test_07_a_body_that_always_stalls_ends_the_run_in_bounded_time(retail):
    retail.silence(0.3)
    retail.faults.set(retail.system, "stalled", seconds=2)
    with pytest.raises(ExtractError):
        retail.extract(retail.stream)
    assert_nothing_landed(retail)


@applies(8, READERS)
def test_08_throttling_is_waited_out_and_every_record_comes(retail):
    retail.faults.set(retail.system, "throttled", after=1, times=2, retry_after=0.2)
    retail.extract(retail.stream)
    assert retail.alive(retail.stream).keys() == set(retail.keys(retail.stream)) - flagged(retail)
    waited = retail.client.account.patience.clock() + 0.001
    budget = retail.spec.budget or retail.contract.budget
    if not budget.cost_points:
        rate = budget.calls / budget.per.total_seconds()
        assert retail.sent - bool(retail.contract.auth.grant) <= budget.burst + rate * waited


@applies(9, READERS)
def test_09_a_cursor_that_repeats_fails_loudly(retail):
    retail.faults.set(retail.system, "repeating_cursor")
    with pytest.raises(RepeatingCursor):
        retail.extract(retail.stream)
    assert_nothing_landed(retail)


@applies(11)
def test_11_what_landed_is_all_that_the_source_has(retail):
    retail.extract(retail.stream)
    assert retail.alive(retail.stream).keys() == set(retail.keys(retail.stream)) - flagged(retail)


@applies(11, ABOUT[11])
def test_11_a_record_that_the_source_counts_but_does_not_show_fails_the_run(retail):
    read = ability(retail.connector, retail.contract, retail.stream)

    def short(client, stream, window):
        for number, page in enumerate(read(client, stream, window)):
            records = page.records.slice(1) if retail.contract.kind in NATIVE else page.records[1:]
            yield Page(records if number == 0 else page.records, page.next, page.total)

    connector = retail.wrapped(retail.stream, lambda number: None)
    setattr(connector, retail.stream, short)
    with pytest.raises(ShortRead):
        retail.extract(retail.stream, connector)
    assert_nothing_landed(retail)


@applies(12, DELETING)
def test_12_a_deleted_record_becomes_a_tombstone_within_one_sweep(retail):
    retail.extract(retail.stream)
    key = sorted(retail.alive(retail.stream))[-2]
    retail.now += timedelta(hours=1)
    retail.delete(retail.stream, key, retail.now)
    retail.now += retail.spec.sweep_every
    report = retail.extract(retail.stream)
    assert report.deleted >= 1
    assert key not in retail.alive(retail.stream)
    last = [row for row in retail.landed(retail.stream) if row["_source_key"] == key][-1]
    own = [value for name, value in last.items() if not name.startswith("_") or name == "_payload"]
    assert set(own) == {None}


@applies(12, with_setting(lambda stream: stream.delete_mode in ("full_sweep", "tombstone_feed")))
def test_12_an_outage_that_shows_an_empty_list_deletes_nothing(retail):
    retail.extract(retail.stream)
    before = retail.alive(retail.stream)
    connector = retail.wrapped(retail.stream, lambda number: None)
    setattr(connector, retail.stream, lambda client, stream, window: iter([Page([], total=0)]))
    with pytest.raises(SweepRefused):
        retail.extract(retail.stream, connector, full=True)
    assert retail.alive(retail.stream) == before


@applies(15, ABOUT[15])
def test_15_a_missing_permission_is_named_before_history_comes_short(retail):
    missing = retail.spec.required_scopes[-1]
    retail.faults.set(retail.system, "missing_scope", scope=missing)
    with pytest.raises(MissingScope, match=missing):
        retail.extract(retail.stream)
    assert_nothing_landed(retail)


@applies(14, READERS)
def test_14_a_refused_credential_is_one_clear_message_and_no_partial_state(retail):
    if retail.contract.kind in NATIVE:
        retail.running.take_down(retail.system)
    else:
        retail.faults.set(retail.system, "expired_token", after=1)
    try:
        with pytest.raises((BadCredentials, Unreachable)) as raised:
            retail.extract(retail.stream)
    finally:
        if retail.contract.kind in NATIVE:
            retail.running.bring_up(retail.system)
    assert "Remedy: " in str(raised.value)
    assert_nothing_landed(retail)


@applies(16)
def test_16_a_renamed_field_is_quarantined_and_mended_by_the_next_run(retail):
    _breaks_and_is_mended(retail, {"to": "renamed"})


@pytest.mark.parametrize("change", [{}, {"retype": "list"}], ids=["removed", "retyped"])
@applies(16, READERS)
def test_16_a_lost_or_retyped_field_is_quarantined_and_mended_by_the_next_run(retail, change):
    _breaks_and_is_mended(retail, change)


def _breaks_and_is_mended(retail, change):
    field = broken_field(retail)
    if retail.contract.kind in NATIVE:
        renamed = _renamed_column if retail.contract.kind == "sql" else _lost_column
        with renamed(retail, field), pytest.raises(Drift, match=field):
            retail.extract(retail.stream)
    else:
        retail.faults.set(retail.system, "drift", field=field, **change)
        with pytest.raises(Drift):
            retail.extract(retail.stream)
        retail.faults.clear()
    assert_nothing_landed(retail)
    folder = retail.settings.landing / "_quarantine" / retail.system / retail.stream
    reason = json.loads(next(folder.glob("*.json")).read_text())
    assert reason["problem"]
    assert list(folder.glob("*-raw.parquet"))
    retail.extract(retail.stream)
    assert retail.alive(retail.stream).keys() == set(retail.keys(retail.stream)) - flagged(retail)


def broken_field(retail):
    """A required column that is neither the key nor a path into another."""
    made_here = {"key"}
    return next(
        name
        for name, column in retail.spec.columns.items()
        if column.required and name not in {*retail.spec.key_paths, *made_here} and "." not in name
    )


class _renamed_column:
    def __init__(self, retail, column):
        self.path, self.table, self.column = retail.folder / "pos.db", retail.stream, column

    def __enter__(self):
        self._rename(self.column, "renamed")

    def __exit__(self, *_):
        self._rename("renamed", self.column)

    def _rename(self, column, to):
        with sqlite3.connect(self.path) as connection:
            connection.execute(f'alter table "{self.table}" rename column "{column}" to "{to}"')
        connection.close()


class _lost_column:
    """A file that lacks a column comes; then it comes again under its name, as it should have been."""

    def __init__(self, retail, column):
        self.retail, self.column = retail, column

    def __enter__(self):
        self._send(self.column)

    def __exit__(self, *_):
        self._send(None)

    def _send(self, without):
        retail = self.retail
        retail.fake.resend(retail.folder / f"{retail.system}.db", retail.stream, retail.now, without)


@pytest.mark.parametrize("system", CONTRACTS)
def test_16_one_streams_drift_stops_no_other(retails, tmp_path, system):
    retail = retails(system).begin(tmp_path / "home")
    first, *others = retail.contract.streams
    stream = retail.contract.streams[first]
    key = stream.columns[stream.key_paths[0]].model_copy(update={"type": "boolean"})
    broken = stream.model_copy(update={"columns": {**stream.columns, stream.key_paths[0]: key}})
    contract = retail.contract.model_copy(update={"streams": {**retail.contract.streams, first: broken}})
    outcome = extract_all({system: contract}, retail.settings, retail.now, resolve=retail.resolve)
    failed = {one.stream: one.kind for one in outcome if isinstance(one, Failure)}
    assert failed == {first: "Drift"}
    assert [one.stream for one in outcome if not isinstance(one, Failure)] == others


@applies(18, MONEY)
def test_18_money_lands_exactly_and_never_as_a_rounded_float(retail):
    retail.extract(retail.stream)
    amounts = [amount for row in retail.landed(retail.stream) for amount in _amounts(row, retail)]
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
def test_19_each_amount_says_whether_tax_is_in_it(retail):
    retail.extract(retail.stream)
    assert retail.spec.tax_basis in ("gross", "net", "mixed")
    bodies = [json.loads(row["_payload"]) if "_payload" in row else row for row in retail.alive(retail.stream).values()]
    if retail.spec.tax_basis == "mixed":
        # Where a record holds both, it says itself which is which.
        assert all({key for key in _keys(body) if "tax" in key.lower()} for body in bodies)


@applies(20, MONEY)
def test_20_each_amount_lands_beside_its_currency(retail):
    retail.extract(retail.stream)
    for row in retail.alive(retail.stream).values():
        body = json.loads(row["_payload"]) if "_payload" in row else row
        assert any("currency" in key.lower() for key in _keys(body)), retail.stream


def _keys(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


@applies(21, with_setting(lambda stream: bool(stream.event_time or stream.cursor)))
def test_21_every_event_time_is_utc_with_the_sources_own_words_beside_it(retail):
    retail.extract(retail.stream)
    zone = retail.spec.zone(retail.spec.event_time or retail.spec.cursor)
    rows = [row for row in retail.landed(retail.stream) if not row["_deleted"]]
    assert rows
    for row in rows:
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
    return body.get("sku") or body.get("default_code")


@applies(23, READERS)
def test_23_pages_that_come_twice_and_in_another_order_give_the_same_rows(retail):
    retail.extract(retail.stream)
    once = {key: row["_payload_hash"] for key, row in retail.alive(retail.stream).items()}
    read = ability(retail.connector, retail.contract, retail.stream)

    def shuffled(client, stream, window):
        pages = list(read(client, stream, window))
        yield from (replace(page, total=None, next=None) for page in [*reversed(pages), *pages])

    connector = retail.wrapped(retail.stream, lambda number: None)
    setattr(connector, retail.stream, shuffled)
    report = retail.extract(retail.stream, connector, full=True)
    assert report.rows == 0
    assert {key: row["_payload_hash"] for key, row in retail.alive(retail.stream).items()} == once


@applies(10, CAPPED)
def test_10_what_lies_beyond_a_cap_is_landed_or_the_run_says_that_it_is_not(retail):
    retail.extract(retail.stream)
    key = changeable(retail, 3)[1]
    at = retail.now + timedelta(days=2)
    retail.touch(retail.stream, key, at)
    later = at + (retail.spec.horizon or timedelta(days=100))
    capped = retail.spec.model_copy(update={"page_cap": retail.spec.page_cap and 2, "page_size": 10})
    retail.contract = retail.contract.model_copy(update={"streams": {retail.stream: capped}})
    try:
        report = retail.extract(retail.stream, now=later)
    except CapCrossed:
        assert retail.spec.page_cap
    else:
        landed = {row["_source_key"] for row in retail.landed(retail.stream, report.load_id)}
        assert key in landed


@applies(13, MERGING)
def test_13_a_merged_record_is_gone_and_its_survivor_is_not(retail):
    retail.extract(retail.stream)
    kept, gone = changeable(retail, 2)
    retail.now += timedelta(hours=1)
    retail.fake.merge_customers(retail.folder / f"{retail.system}.db", kept, gone, retail.now)
    retail.now += max(retail.spec.sweep_every, timedelta(hours=1))
    retail.extract(retail.stream)
    assert gone not in retail.alive(retail.stream)
    assert kept in retail.alive(retail.stream)


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


@applies(24, ABOUT[24])
def test_24_files_that_come_twice_anew_or_half_written_land_each_record_once(retail):
    retail.extract(retail.stream)
    whole = retail.alive(retail.stream)
    folder = folder_of(retail.folder / f"{retail.system}.db")
    sent = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in sent:
        shutil.copy2(path, path.with_name(f"again_{path.name}"))
        (folder / f"{path.name}.part").write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    again = [path for path in folder.rglob("*") if path.is_file() and path not in sent]
    try:
        report = retail.extract(retail.stream)
    finally:
        for path in again:
            path.unlink()
    assert (report.rows, report.rejected) == (0, 0)
    assert retail.alive(retail.stream) == whole
    key = changeable(retail, 1)[0]
    retail.now += timedelta(hours=1)
    retail.touch(retail.stream, key, retail.now)
    report = retail.extract(retail.stream)
    assert [row["_source_key"] for row in retail.landed(retail.stream, report.load_id)] == [key]


@applies(25)
def test_25_no_personal_value_leaves_the_landing(retail, caplog):
    caplog.set_level("DEBUG")
    said = [repr(retail.extract(retail.stream))]
    for fault in ("error_in_200", "drift", "html"):
        if retail.contract.kind not in NATIVE:
            retail.faults.set(retail.system, fault, **({"field": broken_field(retail)} if fault == "drift" else {}))
            with pytest.raises(ExtractError) as raised:
                retail.extract(retail.stream, full=True)
            said += [str(raised.value), repr(raised.value), repr(raised.value.__cause__)]
            retail.faults.clear()
    said += [record.getMessage() for record in caplog.records]
    said += [str(path) for path in retail.settings.landing.rglob("*")]
    said += [path.read_text() for path in retail.settings.landing.rglob("*.json")]
    said.append(repr(cursor(retail)))
    words, text = personal_words(retail), "\n".join(said)
    assert [word for word in words if word in text] == []


@applies(25, with_setting(lambda stream: stream.domain == "customers" or stream.about))
def test_25_an_erased_person_leaves_what_landed_and_does_not_come_back(retail):
    retail.extract(retail.stream)
    own, about = retail.spec.domain == "customers", retail.spec.about
    rows = retail.landed(retail.stream)
    person = next(key for row in rows if (key := row["_source_key"] if own else at_path(_content(row), about)))
    told = {key for key in personal_of(retail, rows, person)}
    erase(retail.settings, {retail.system: retail.contract}, [f"{retail.system}:{person}"], "asked", "me", retail.now)
    left = retail.landed(retail.stream)
    assert personal_of(retail, left, person) == set()
    assert len(left) >= len(rows) - (len(told) or 1)
    assert damaged_loads(retail.settings.landing) == []
    report = retail.extract(retail.stream, full=True)
    assert personal_of(retail, retail.landed(retail.stream), person) == set()
    assert report.deleted == 0


def personal_of(retail, rows, person):
    """Personal values that stand on rows of or about one person."""
    own, about = retail.spec.domain == "customers", retail.spec.about
    bodies = [_content(row) for row in rows if person == (row["_source_key"] if own else at_path(_content(row), about))]
    return {text for body in bodies for name in retail.spec.pii for text in _texts(at_path(body, name))}


def _content(row):
    return json.loads(row["_payload"] or "{}") if "_payload" in row else row


def personal_words(retail):
    """Values of columns of class pii, long enough not to stand in a text by chance."""
    words = set()
    for row in retail.landed(retail.stream):
        body = json.loads(row["_payload"] or "{}") if "_payload" in row else row
        for name in retail.spec.pii:
            words |= {
                text for text in _texts(at_path(body, name)) if len(text) >= 8 and not re.fullmatch(r"[\d-]+", text)
            }
    return words


def _texts(value):
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)
