"""The HTTP kernel against a server that lies, stalls and throttles."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import httpx
import pytest

from sources.budget import Allowance, Reading, allowance
from sources.contract import Contract
from sources.errors import (
    BadBody,
    BadCredentials,
    ExtractError,
    MissingScope,
    ServerFault,
    SourceError,
    StalledBody,
    Throttled,
    TruncatedBody,
    Unreachable,
)
from sources.facts import Budget
from sources.http import Patience, Verdict, connect, told_wait

QUICK = Patience(connect_s=1, silence_s=0.3, attempt_s=0.8, total_s=3, attempts=4, backoff_s=0.02, told_wait_s=5)
JSON = b"content-type: application/json\r\n"


def contract(**settings) -> Contract:
    columns = {"id": {"type": "string"}}
    stream = {"description": "Things.", "domain": "reference", "columns": columns}
    base = {"system": "acme", "kind": "rest", "description": "A shop.", "owner": "us", "endpoint": "env:ACME"}
    return Contract.model_validate({**base, "streams": {"things": stream}, **settings})


def client(url, judge=None, patience=QUICK, exact=False, **settings):
    return connect(contract(**settings), lambda _: url, judge=judge, patience=patience).on("things", exact)


def answer(body=b'{"ok": true}', status="200 OK", headers=JSON, length=None):
    announced = len(body) if length is None else length
    return b"HTTP/1.1 %s\r\n%scontent-length: %d\r\n\r\n%s" % (status.encode(), headers, announced, body)


OPEN = b"HTTP/1.1 200 OK\r\n" + JSON


def http_date(seconds):
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


LIES = {
    "another encoding": (answer('{"name": "Nov\xe1k"}'.encode("latin-1")), BadBody),
    "html": (answer(b"<html>log in</html>", headers=b"content-type: text/html\r\n"), BadBody),
    "html that claims to be json": (answer(b"<html>log in</html>"), BadBody),
    "an empty body": (answer(b""), BadBody),
    "blanks": (answer(b"  \n"), BadBody),
    "no content type": (answer(headers=b""), BadBody),
    "half a document": (answer(b'{"ok": tr'), BadBody),
    "fewer bytes than announced": ([answer(length=500)], TruncatedBody),
    "a chunked body cut off": (
        [b"HTTP/1.1 200 OK\r\n" + JSON + b"transfer-encoding: chunked\r\n\r\nff\r\n{"],
        TruncatedBody,
    ),
    "a server error": (answer(status="503 Service Unavailable"), ServerFault),
    "a request timeout": (answer(status="408 Request Timeout"), ServerFault),
    "silence in the body": ([answer(length=500), 1.0], StalledBody),
    "silence before the answer": ([0.6, answer()], StalledBody),
    "a body that drips": (
        [b"HTTP/1.1 200 OK\r\n" + JSON + b"content-length: 90\r\n\r\n", *[b"1", 0.1] * 30],
        StalledBody,
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_retried_and_the_true_answer_counts(scripted, lie):
    server = scripted(lambda number, path: LIES[lie][0] if number == 1 else answer())
    assert client(server.url).get("/things") == {"ok": True}
    assert server.calls == 2


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_that_stays_is_an_error_in_bounded_time_and_never_an_end_of_data(scripted, lie):
    server = scripted(lambda number, path: LIES[lie][0])
    began = time.monotonic()
    with pytest.raises(LIES[lie][1]) as raised:
        client(server.url).get("/things")
    assert time.monotonic() - began < QUICK.total_s + 1
    assert 2 <= server.calls <= QUICK.attempts
    assert str(raised.value).startswith("acme/things, page 1: ")
    assert "Remedy: " in str(raised.value)


def test_json_in_another_encoding_is_told_as_such_and_not_as_somebody_elses_answer(scripted):
    server = scripted(lambda number, path: LIES["another encoding"][0])
    with pytest.raises(BadBody, match="JSON that is not UTF-8, at byte 13. Remedy: have the system answer in UTF-8"):
        client(server.url).get("/things")


def test_the_usual_patience_ends_a_request_within_ninety_seconds():
    usual = Patience()
    assert usual.total_s < 90
    assert usual.attempt_s <= usual.total_s
    assert usual.silence_s <= usual.attempt_s


def test_a_refused_connection_is_unreachable(unused_tcp_url):
    with pytest.raises(Unreachable):
        client(unused_tcp_url).get("/things")


@pytest.fixture
def unused_tcp_url():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("401 Unauthorized", BadCredentials),
        ("403 Forbidden", MissingScope),
        ("404 Not Found", SourceError),
        ("422 Unprocessable", SourceError),
    ],
)
def test_what_no_repetition_mends_is_asked_once(scripted, status, error):
    server = scripted(lambda number, path: answer(b'{"error": {"type": "x"}}', status=status))
    with pytest.raises(error):
        client(server.url).get("/things")
    assert server.calls == 1


def test_an_error_inside_a_successful_answer_is_an_error(scripted):
    server = scripted(lambda number, path: answer(b'{"error": {"code": 7}, "data": []}'))
    with pytest.raises(SourceError, match="carries an error, without a code"):
        client(server.url, error={"code": ["error"]}).get("/things")


def test_a_connector_may_read_the_vendors_own_throttling(scripted):
    def judge(status, headers, body):
        return Verdict(Throttled, "slow down", wait_s=0.2) if "slow" in body else None

    server = scripted(lambda number, path: answer(b'{"slow": 1}') if number < 3 else answer())
    assert client(server.url, judge).get("/things") == {"ok": True}
    assert server.times[2] - server.times[0] >= 0.4


@pytest.mark.parametrize(
    ("header", "least"),
    [
        (lambda: b"retry-after: 0.5\r\n", 0.5),
        (lambda: b"retry-after: 1\r\n", 1),
        (
            lambda: (
                b"retry-after: " + format_datetime(datetime.now(UTC) + timedelta(seconds=2), True).encode() + b"\r\n"
            ),
            1,
        ),
        (lambda: b"x-ratelimit-reset: 0.4\r\n", 0.4),
        (lambda: b"", 0.01),
    ],
    ids=["fraction", "seconds", "http date", "bucket header", "nothing said"],
)
def test_throttling_waits_at_least_as_told_and_then_finishes(scripted, header, least):
    throttled = answer(b'{"error": "rate"}', "429 Too Many Requests", JSON + header())
    server = scripted(lambda number, path: throttled if number == 1 else answer())
    assert client(server.url).get("/things") == {"ok": True}
    assert server.times[1] - server.times[0] >= least


def test_a_wait_beyond_all_patience_is_an_error(scripted):
    throttled = answer(b"{}", "429 Too Many Requests", JSON + b"retry-after: 86400\r\n")
    server = scripted(lambda number, path: throttled)
    with pytest.raises(Throttled):
        client(server.url).get("/things")
    assert server.calls == 1


def test_a_pause_that_one_stream_is_told_holds_for_all_streams_of_the_account(scripted):
    throttled = answer(b"{}", "429 Too Many Requests", JSON + b"retry-after: 0.6\r\n")
    server = scripted(lambda number, path: throttled if number == 1 else answer())
    shared = client(server.url)
    first = threading.Thread(target=shared.get, args=("/first",))
    first.start()
    while server.calls < 1:
        time.sleep(0.01)
    time.sleep(0.1)
    shared.on("others").get("/others")
    first.join()
    assert min(server.times[1:]) - server.times[0] >= 0.55


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "Sun, 29 Mar 2026 15:00:09 GMT"}, 9),
        ({"retry-after": "Sun, 29 Mar 2026 14:00:00 GMT"}, 0),
        ({"ratelimit-reset": "3"}, 3),
        ({"x-rate-limit-reset": str(int(datetime(2026, 3, 29, 15, 0, 5, tzinfo=UTC).timestamp()))}, 5),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_every_form_of_a_told_wait_is_read(headers, seconds):
    assert told_wait(httpx.Headers(headers), datetime(2026, 3, 29, 15, tzinfo=UTC)) == seconds


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_calls_stay_within_the_published_rate():
    clock = Clock()
    rate = Allowance(20, 10, clock, clock.sleep)
    stamps = []
    for _ in range(200):
        rate.take()
        stamps.append(clock.now)
        rate.settle()
    for start, began in enumerate(stamps):
        within = sum(began <= stamp < began + 1 for stamp in stamps[start:])
        assert within <= 20 + 10
    assert stamps[-1] == pytest.approx((200 - 20) / 10, abs=0.2)


def test_cost_points_follow_what_the_vendor_says_is_left():
    clock = Clock()
    points = Allowance(2000, 100, clock, clock.sleep)
    points.take(50)
    points.settle(50, Reading(available=10, maximum=1000, restore_per_s=50))
    points.take(110)
    assert clock.now == pytest.approx(2.0)


def test_points_in_flight_are_not_counted_as_left():
    clock = Clock()
    points = Allowance(1000, 100, clock, clock.sleep)
    points.take(300)
    points.take(300)
    points.settle(300, Reading(available=500, maximum=1000, restore_per_s=100))
    points.take(300)
    assert clock.now == pytest.approx(1.0)


def test_a_contracts_budget_becomes_an_allowance_shared_by_threads():
    rate = allowance(Budget(calls=100, per="1s", burst=5))
    began = time.monotonic()
    threads = [threading.Thread(target=lambda: [rate.take() for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began >= 0.34


@pytest.mark.parametrize("exact", [False, True])
def test_an_emoji_that_was_cut_in_half_costs_a_character_and_not_the_stream(scripted, exact):
    halves = rb'{"a": "Eva \ud83d", "b": "\uDE00!", "c": "\ud83d\ude00", "d": "C:\\ud83d"}'
    server = scripted(lambda number, path: answer(halves))
    body = client(server.url, exact=exact).get("/things")
    assert body == {"a": "Eva \ufffd", "b": "\ufffd!", "c": "\U0001f600", "d": "C:\\ud83d"}
    assert server.calls == 1


def test_fractions_of_money_stay_exact_where_the_contract_says_float(scripted):
    server = scripted(lambda number, path: answer(b'{"price": 29.1666665, "rate": 0.1000000000000000055}'))
    body = client(server.url, exact=True).get("/things")
    assert body == {"price": Decimal("29.1666665"), "rate": Decimal("0.1000000000000000055")}


def test_no_personal_value_stands_in_errors_or_logs(scripted, caplog):
    caplog.set_level(logging.DEBUG)
    body = b'{"error": {"message": "no such customer jana.novakova@example.com"}}'
    server = scripted(lambda number, path: answer(body, "404 Not Found"))
    with pytest.raises(ExtractError) as raised:
        client(server.url).get("/customers", params={"email": "jana.novakova@example.com"})
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("httpcore")]
    assert "novakova" in server.paths[0]
    assert "novakova" not in str(raised.value) + repr(raised.value) + " ".join(ours)


def test_connections_are_reused(scripted):
    server = scripted(lambda number, path: answer())
    reader = client(server.url)
    for _ in range(20):
        reader.get("/things")
    assert len(reader.account.http._transport._pool.connections) == 1


def test_a_turn_that_comes_later_than_an_answer_may_take_is_no_timeout(scripted):
    server, clock = scripted(lambda number, path: answer()), Clock()
    patience = replace(QUICK, clock=clock, sleep=clock.sleep)
    reader = client(server.url, patience=patience, budget={"calls": 1, "per": "3m", "burst": 1})
    budget = reader.account.budget
    budget.clock, budget.sleep = clock, clock.sleep
    budget.settle(0, Reading(1, 1, 1 / 180))
    assert [reader.get("/things") for _ in range(3)] == [{"ok": True}] * 3
    assert clock.now >= 360
