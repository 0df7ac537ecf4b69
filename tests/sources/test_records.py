"""Times of every kind become UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from sources.records import at_path, to_utc

NOON = datetime(2026, 3, 29, 12, 30, 15)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-29T12:30:15Z",
        "2026-03-29T14:30:15+02:00",
        "2026-03-29 12:30:15",
        "2026-03-29T12:30:15.000000",
        " 2026-03-29T12:30:15Z ",
        "/Date(1774787415000)/",
        "/Date(1774787415000+0200)/",
        1774787415,
        1774787415.0,
        "1774787415",
        1774787415000,
        1774787415000000,
        1774787415000000000,
        datetime(2026, 3, 29, 12, 30, 15, tzinfo=UTC),
        datetime(2026, 3, 29, 14, 30, 15, tzinfo=timezone(timedelta(hours=2))),
        NOON,
    ],
    ids=str,
)
def test_every_form_of_an_instant_is_the_same_instant(value):
    assert to_utc(value) == NOON


@pytest.mark.parametrize("value", [None, "", "soon", "2026-02-30T00:00:00Z", True, 10**40])
def test_what_is_no_time_is_null_and_not_an_error(value):
    assert to_utc(value) is None


def test_microseconds_are_kept():
    assert to_utc("2026-03-29T12:30:15.123456Z") == datetime(2026, 3, 29, 12, 30, 15, 123456)


def test_a_date_is_its_midnight():
    assert to_utc(date(2026, 3, 29)) == to_utc("2026-03-29") == datetime(2026, 3, 29)


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-03-29 01:59:59", datetime(2026, 3, 29, 0, 59, 59)),
        ("2026-03-29 03:00:00", datetime(2026, 3, 29, 1, 0, 0)),
        ("2026-10-25 02:30:00", datetime(2026, 10, 25, 0, 30)),
        ("2026-10-25 03:00:00", datetime(2026, 10, 25, 2, 0)),
    ],
)
def test_local_times_follow_the_clock_change(local, utc):
    assert to_utc(local, "Europe/Prague") == utc


def test_a_zone_does_not_touch_texts_that_state_their_offset():
    assert to_utc("2026-03-29T12:30:15Z", "America/New_York") == NOON


def test_a_path_that_leads_nowhere_is_null():
    assert at_path({"a": {"b": 1}}, "a.b") == 1
    assert at_path({"a": None}, "a.b") is None
    assert at_path({}, "a.b.c") is None
