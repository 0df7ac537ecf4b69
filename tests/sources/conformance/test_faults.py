"""A system that fails, lies or falls silent costs a run at most, and never a record.

Test 4 (kill -9 anywhere) has its own file, tests/pipelines/test_extract_kills.py; here a run dies between two pages.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from sources.contract import NATIVE
from sources.errors import (
    BadCredentials,
    ExtractError,
    MissingScope,
    RepeatingCursor,
    StreamBusy,
    Unreachable,
)
from tests.sources.conformance.subjects import (
    ABOUT,
    READERS,
    SPEAKERS,
    applies,
    assert_nothing_landed,
    cursor,
    flagged,
)


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
