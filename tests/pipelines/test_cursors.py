"""Which windows a stream reads next, and when its cursor moves."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from pipelines.cursors import State, commit_cursor, next_windows, read_state
from pipelines.extract import extract_stream
from pipelines.ledger import cursors, open_ledger
from sources.records import Page
from tests.pipelines.one_stream import AT, NOW, Shelf, contract, cursor


@pytest.mark.parametrize(
    ("settings_of_stream", "lowers", "uppers"),
    [
        ({}, [-65], [0]),
        ({"overlap": "1h"}, [-120], [0]),
        ({"lower_inclusive": False, "resolution": "1m"}, [-66], [0]),
        ({"upper_inclusive": False, "resolution": "1m"}, [-65], [1]),
        ({"max_window": "30m"}, [-65, -35, -5], [-35, -5, 0]),
        ({"max_window": "30m", "lower_inclusive": False, "resolution": "1m"}, [-66, -36, -6], [-35, -5, 0]),
        (
            {"max_window": "30m", "settle_lag": "10m", "request": {"path": "/things", "behind": "10m"}},
            [-65, -35],
            [-35, 0],
        ),
    ],
)
def test_windows_meet_at_their_edges_and_exclusive_bounds_are_widened(settings_of_stream, lowers, uppers):
    stream = contract(**settings_of_stream).streams["things"]
    found = next_windows(stream, State(AT - timedelta(hours=1)), NOW)
    assert [(window.lower - NOW) // timedelta(minutes=1) for window in found] == lowers
    assert [(window.upper - NOW) // timedelta(minutes=1) for window in found] == uppers


@pytest.mark.parametrize(
    ("settings_of_stream", "state", "full"),
    [
        ({}, State(), False),
        ({}, State(AT), True),
        ({"cursor": None}, State(AT), False),
        ({"horizon": "30d"}, State(AT - timedelta(days=31)), False),
    ],
    ids=["first run", "on demand", "no cursor field", "outage beyond the horizon"],
)
def test_everything_is_read_where_a_window_proves_nothing(settings_of_stream, state, full):
    stream = contract(**settings_of_stream).streams["things"]
    assert [window.lower for window in next_windows(stream, state, NOW, full)] == [None]


def test_the_second_window_overlaps_the_first(extract):
    shelf = Shelf("ann")
    extract(shelf)
    extract(shelf, now=NOW + timedelta(hours=1))
    assert [window.lower for window in shelf.windows] == [None, NOW - timedelta(minutes=5)]


def test_a_source_whose_clock_lags_behind_ours_is_not_credited_with_the_difference(settings):
    shelf = Shelf("ann")
    lagging = SimpleNamespace(server_at=NOW - timedelta(minutes=20))
    report = extract_stream(contract(), "things", settings, NOW, None, client=lagging,
                            connector=SimpleNamespace(things=shelf.things))  # fmt: skip
    assert report.proven_until == AT - timedelta(minutes=20)


def test_an_opaque_position_is_kept_for_the_next_run(extract):
    shelf = Shelf()
    asked = []

    def things(client, stream, window):
        asked.append(window.cursor)
        yield Page([], position={"after": len(asked)})

    shelf.things = things
    for _ in range(3):
        extract(shelf)
    assert asked == [None, {"after": 1}, {"after": 2}]


def test_the_cursor_never_goes_back(settings):
    engine = open_ledger(settings.ledger_url)
    commit_cursor(engine, "acme", "things", "20260329T150000000001-ffffffff", State(AT, landed=True), AT)
    earlier = State(AT - timedelta(days=1), landed=True)
    commit_cursor(engine, "acme", "things", "20260329T150000000000-ffffffff", earlier, AT)
    assert cursor(settings).proven_until_at == AT


def test_a_load_whose_cursor_was_lost_in_a_crash_is_adopted(extract, settings):
    shelf = Shelf("ann")
    report = extract(shelf)
    with open_ledger(settings.ledger_url).begin() as connection:
        connection.execute(sa.delete(cursors))
    state = read_state(open_ledger(settings.ledger_url), settings.landing, "acme", "things")
    assert (state.proven_until, state.load_id) == (AT, report.load_id)
    assert cursor(settings).load_id == report.load_id


def test_a_lost_landing_is_read_again_in_full_though_the_cursor_stands(extract, settings):
    shelf = Shelf("ann", "bob")
    extract(shelf)
    for path in (settings.landing / "acme" / "things").rglob("*.*"):
        path.unlink()
    assert extract(shelf, now=NOW + timedelta(hours=1)).rows == 2
