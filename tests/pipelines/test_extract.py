"""What a stream reads next, what it lands, and when its cursor moves."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import duckdb
import pytest
import sqlalchemy as sa

from pipelines.cursors import State, commit_cursor, next_windows, read_state
from pipelines.extract import extract_stream
from pipelines.landing import manifests
from pipelines.ledger import cursors, open_ledger
from pipelines.resources import Settings
from sources.contract import Contract
from sources.errors import Drift, MissingScope, ShortRead, SourceError, StreamBusy, SweepRefused
from sources.records import Page, Tombstone

NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)
AT = NOW.replace(tzinfo=None)
COLUMNS = {
    "id": {"type": "string", "required": True},
    "name": {"type": "string", "class": "pii"},
    "size": {"type": "integer", "enum": None},
    "updated": {"type": "timestamp"},
}


def contract(kind="rest", **settings):
    stream = {"description": "Things.", "domain": "reference", "cursor": "updated", "columns": COLUMNS, **settings}
    base = {"system": "acme", "kind": kind, "description": "A shop.", "owner": "us", "endpoint": "env:ACME"}
    return Contract.model_validate({**base, "streams": {"things": stream}})


class Shelf:
    """A source in memory: `records` by id, changed by `put` and `drop`; remembers the windows it was asked for."""

    def __init__(self, *names, size=2):
        self.records, self.windows, self.size, self.gone = {}, [], size, []
        for number, name in enumerate(names, 1):
            self.put(str(number), name)

    def put(self, key, name, at=NOW - timedelta(days=1), **more):
        self.records[key] = {"id": key, "name": name, "size": 1, "updated": at.isoformat(), **more}

    def things(self, client, stream, window):
        self.windows.append(window)
        inside = [one for one in self.records.values() if self._within(one, window)]
        for start in range(0, len(inside), self.size):
            yield Page([dict(one) for one in inside[start : start + self.size]], total=len(inside))

    def _within(self, record, window):
        return window.full or datetime.fromisoformat(record["updated"]) >= window.lower

    def keys(self, client, stream):
        yield list(self.records)


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")


@pytest.fixture
def extract(settings):
    def run(shelf, promised=None, now=NOW, **more):
        connector = shelf if isinstance(shelf, SimpleNamespace) else SimpleNamespace(**_parts(shelf))
        return extract_stream(promised or contract(), "things", settings, now, None, client=object(),
                              connector=connector, **more)  # fmt: skip

    return run


def _parts(shelf):
    return {name: getattr(shelf, name) for name in ("things", "keys", "deleted", "probe") if hasattr(shelf, name)}


def landed(settings):
    """Every landed row as (key, deleted, payload), oldest first."""
    glob = f"{settings.landing}/acme/things/*.parquet"
    rows = duckdb.sql(f"select _source_key, _deleted, _payload from read_parquet('{glob}') order by _extracted_at, 1")
    return [(key, deleted, payload and json.loads(payload)) for key, deleted, payload in rows.fetchall()]


def names(settings):
    """The latest name of each live key."""
    latest = {key: (deleted, payload) for key, deleted, payload in landed(settings)}
    return {key: payload["name"] for key, (deleted, payload) in latest.items() if not deleted}


def cursor(settings):
    with open_ledger(settings.ledger_url).connect() as connection:
        return connection.execute(sa.select(cursors)).one_or_none()


def test_the_first_run_lands_everything_and_the_next_only_what_changed(extract, settings):
    shelf = Shelf("ann", "bob", "cid")
    first = extract(shelf)
    assert (first.rows, first.full, first.proven_until) == (3, True, AT)
    shelf.put("2", "bea", NOW + timedelta(minutes=1))
    second = extract(shelf, now=NOW + timedelta(hours=1))
    assert (second.rows, second.full) == (1, False)
    assert names(settings) == {"1": "ann", "2": "bea", "3": "cid"}
    assert cursor(settings).load_id == second.load_id > first.load_id


def test_the_second_window_overlaps_the_first(extract):
    shelf = Shelf("ann")
    extract(shelf)
    extract(shelf, now=NOW + timedelta(hours=1))
    assert [window.lower for window in shelf.windows] == [None, NOW - timedelta(minutes=5)]


def test_a_record_that_did_not_change_is_not_landed_again(extract, settings):
    shelf = Shelf()
    shelf.put("1", "ann", NOW)
    assert [extract(shelf).rows, extract(shelf).rows, extract(shelf, full=True).rows] == [1, 0, 0]
    assert len(landed(settings)) == 1


def test_a_late_record_stamped_before_the_cursor_is_landed(extract, settings):
    promised = contract(settle_lag="10m")
    shelf = Shelf("ann")
    extract(shelf, promised)
    shelf.put("2", "late", NOW - timedelta(minutes=14))
    extract(shelf, promised, NOW + timedelta(hours=1))
    assert names(settings) == {"1": "ann", "2": "late"}


def test_the_envelope_says_whence_when_and_in_which_words(extract, settings):
    shelf = Shelf()
    shelf.put("7", "ann", datetime.fromisoformat("2026-03-29T14:30:00+02:00"))
    report = extract(shelf)
    relation = duckdb.sql(f"select * from read_parquet('{settings.landing}/acme/things/*.parquet')")
    row = dict(zip(relation.columns, relation.fetchone(), strict=True))
    assert (row["_system"], row["_stream"], row["_source_key"], row["_load_id"]) == (
        "acme",
        "things",
        "7",
        report.load_id,
    )
    assert row["_event_at"] == datetime(2026, 3, 29, 12, 30)
    assert row["_event_text"] == "2026-03-29T14:30:00+02:00"
    assert len(row["_payload_hash"]) == 64


def test_the_unit_of_a_row_is_named_where_freshness_has_units(extract, settings):
    promised = contract(freshness={"basis": "event", "by": "name"})
    extract(Shelf("S001"), promised)
    found = duckdb.sql(f"select _unit from read_parquet('{settings.landing}/acme/things/*.parquet')").fetchall()
    assert found == [("S001",)]


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


def test_a_failing_page_lands_nothing_and_moves_no_cursor(extract, settings):
    shelf = Shelf("ann", "bob")
    read = shelf.things

    def things(client, stream, window):
        yield next(read(client, stream, window))
        raise SourceError("acme", "things", "no more")

    shelf.things = things
    with pytest.raises(SourceError):
        extract(shelf)
    assert landed(settings) == []
    assert cursor(settings) is None
    assert list((settings.landing / "acme" / "things").glob("*.partial")) == []


def test_a_total_that_is_not_reached_fails_the_run(extract, settings):
    shelf = Shelf("ann", "bob")
    shelf.things = lambda client, stream, window: iter([Page([dict(shelf.records["1"])], total=2)])
    with pytest.raises(ShortRead, match="1 distinct records came, but the source counts 2"):
        extract(shelf, contract(expected_total=True))
    assert landed(settings) == []


def test_a_record_that_comes_twice_counts_once_and_lands_once(extract, settings):
    shelf = Shelf("ann", "bob")
    one, two = shelf.records.values()
    shelf.things = lambda *_: iter([Page([dict(one), dict(two)], total=2), Page([dict(two)], total=2)])
    assert extract(shelf, contract(expected_total=True)).rows == 2
    assert len(landed(settings)) == 2


def test_two_records_of_one_id_in_one_answer_are_told_where_no_time_says_which_counts(extract, settings):
    shelf = Shelf("ann", "bob")
    one, two = shelf.records.values()
    later = {"name": "bo", "updated": NOW.isoformat()}
    shelf.things = lambda *_: iter([Page([one, two, one | {"name": "anna"}, two | later])])
    assert extract(shelf).warnings == (
        "1 ids came twice in one answer with different content and one time, so that either may count: 1; "
        "have the source say which is right",
    )
    shelf.things = lambda *_: iter([Page([one, dict(one), two])])
    assert not extract(shelf, full=True).warnings


def test_a_full_sweep_turns_what_vanished_into_tombstones_and_revives_what_returns(extract, settings):
    promised = contract(delete_mode="full_sweep", sweep_limit_percent=50)
    shelf = Shelf("ann", "bob", "cid")
    extract(shelf, promised)
    bob = shelf.records.pop("2")
    assert extract(shelf, promised, NOW + timedelta(hours=1)).deleted == 0
    report = extract(shelf, promised, NOW + timedelta(days=1, hours=1))
    assert (report.rows, report.deleted) == (1, 1)
    assert names(settings) == {"1": "ann", "3": "cid"}
    shelf.put("2", bob["name"], NOW + timedelta(days=1, hours=1))
    extract(shelf, promised, NOW + timedelta(days=2))
    assert names(settings) == {"1": "ann", "2": "bob", "3": "cid"}


def test_a_stream_without_a_cursor_field_is_swept_by_every_run(extract, settings):
    promised = contract(cursor=None, delete_mode="full_sweep", sweep_limit_percent=50)
    shelf = Shelf("ann", "bob", "cid")
    extract(shelf, promised)
    del shelf.records["2"]
    assert extract(shelf, promised).deleted == 1


@pytest.mark.parametrize("left", [0, 94])
def test_an_outage_that_shows_too_little_deletes_nothing(extract, settings, left):
    promised = contract(cursor=None, delete_mode="full_sweep")
    shelf = Shelf(*[f"person {n}" for n in range(100)])
    extract(shelf, promised)
    before = cursor(settings)
    everything, shelf.records = shelf.records, dict(list(shelf.records.items())[:left])
    with pytest.raises(SweepRefused, match=f"{100 - left} of 100 known records are gone, more than the 5%"):
        extract(shelf, promised)
    assert len(names(settings)) == 100
    assert cursor(settings) == before
    shelf.records = dict(list(everything.items())[:95])
    assert extract(shelf, promised).deleted == 5


def test_a_tombstone_feed_is_read_before_the_records_so_that_a_return_wins(extract, settings):
    promised = contract(delete_mode="tombstone_feed")
    shelf = Shelf("ann", "bob", "cid")
    shelf.deleted = lambda client, stream, window: iter(shelf.gone if window.lower < NOW else [])
    extract(shelf, promised)
    shelf.gone = [Tombstone("1", "2026-03-29T15:30:00Z", merged_into="3"), "2"]
    shelf.put("2", "bob", NOW + timedelta(minutes=40))
    del shelf.records["1"]
    assert extract(shelf, promised, NOW + timedelta(hours=1)).deleted == 2
    assert names(settings) == {"2": "bob", "3": "cid"}
    assert ("1", True, {"merged_into": "3"}) in landed(settings)
    assert extract(shelf, promised, NOW + timedelta(hours=1)).rows == 0


def test_records_that_another_took_up_point_to_it(extract, settings):
    promised = contract(merge_field="merged_ids", columns={**COLUMNS, "merged_ids": {"type": "json"}})
    shelf = Shelf("ann", "bob", "cid")
    extract(shelf, promised)
    del shelf.records["1"]
    shelf.put("3", "cid", NOW, merged_ids=["1", "3", "never landed"])
    assert extract(shelf, promised, NOW + timedelta(hours=1)).deleted == 1
    assert names(settings) == {"2": "bob", "3": "cid"}
    assert ("1", True, {"merged_into": "3"}) in landed(settings)


@pytest.mark.parametrize(
    ("flag", "dead", "alive"),
    [
        ("deleted", {"deleted": True}, {"deleted": False}),
        ("!active", {"active": False}, {"active": True}),
        ("status=gone", {"status": "gone"}, {"status": "here"}),
        ("meta.deleted_at", {"meta": {"deleted_at": "2026"}}, {"meta": {"deleted_at": None}}),
    ],
)
def test_a_soft_deleted_record_becomes_a_tombstone_and_revives(extract, settings, flag, dead, alive):
    promised = contract(delete_mode="flag", delete_flag=flag)
    shelf = Shelf()
    for minute, more in enumerate([alive, dead, alive]):
        shelf.put("1", "ann", NOW + timedelta(minutes=minute), **more)
        extract(shelf, promised, NOW + timedelta(minutes=minute))
    assert [(deleted, payload is None) for _, deleted, payload in landed(settings)] == [
        (False, False),
        (True, True),
        (False, False),
    ]


BREAKS = {
    "a required field is missing": (lambda record: record.pop("id"), "required field id is missing"),
    "a key is empty": (lambda record: record.update(id=""), "required field id is empty"),
    "a required field turned null": (lambda record: record.update(id=None), "required field id is null"),
    "a field changed its type": (
        lambda record: record.update(size="L"),
        "field size should be integer but came as str",
    ),
    "a time became an object": (lambda record: record.update(updated={}), "field updated should be timestamp"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_breaking_change_puts_the_raw_page_into_quarantine(extract, settings, name):
    change, problem = BREAKS[name]
    shelf = Shelf("ann", "bob", "cid")
    change(shelf.records["3"])
    with pytest.raises(Drift, match=problem):
        extract(shelf)
    assert landed(settings) == []
    assert cursor(settings) is None
    folder = settings.landing / "_quarantine" / "acme" / "things"
    reason = json.loads(next(folder.glob("*.json")).read_text())
    assert problem in reason["problem"]
    raw = duckdb.sql(f"select _payload from read_parquet('{folder}/*.parquet')").fetchall()
    assert len(raw) == 3
    extract(Shelf("ann", "bob", "cid"))
    assert len(names(settings)) == 3


def test_an_answer_of_another_shape_is_drift_and_names_no_value(extract):
    shelf = Shelf("ann")

    def things(client, stream, window):
        yield Page([shelf.records["1"]["no such field"]])

    shelf.things = things
    with pytest.raises(Drift, match="not the shape that the connector knows"):
        extract(shelf)


def test_a_new_field_and_a_new_value_of_an_enum_are_kept_and_reported(extract, settings):
    enum = {**COLUMNS, "size": {"type": "string", "enum": ["S", "M"]}}
    shelf = Shelf()
    shelf.put("1", "ann", size="XL", shoe=42)
    report = extract(shelf, contract(columns=enum))
    assert landed(settings)[0][2]["shoe"] == 42
    assert [warning.split(":")[0] for warning in report.warnings] == [
        "field size holds a value outside its enum",
        "new field shoe",
    ]


def test_false_is_null_in_odoo_and_a_wrong_type_elsewhere(extract):
    shelf = Shelf()
    shelf.put("1", False)
    assert extract(shelf, contract(kind="odoo")).rows == 1
    with pytest.raises(Drift, match="field name should be string but came as bool"):
        extract(shelf, full=True)


def test_a_card_number_never_lands(extract, settings):
    columns = {**COLUMNS, "cvc": {"type": "string", "class": "pci"}}
    shelf = Shelf()
    shelf.put("1", "ann 4111 1111 1111 1111", cvc="737")
    report = extract(shelf, contract(columns=columns))
    payload = landed(settings)[0][2]
    assert payload["name"] == "ann [card number removed, ends 1111]"
    assert payload["cvc"] is None
    assert [warning.split(":")[0] for warning in report.warnings] == [
        "field cvc is of class pci",
        "field name held a card number",
    ]


def test_a_missing_scope_is_named_and_nothing_lands(extract, settings):
    shelf = Shelf("ann")
    shelf.probe = lambda client: ["read_things"]
    with pytest.raises(MissingScope, match="the credential lacks read_all_things"):
        extract(shelf, contract(required_scopes=["read_things", "read_all_things"]))
    assert landed(settings) == []


def test_a_second_run_of_the_same_stream_refuses_while_the_first_is_under_way(extract, settings):
    shelf, inside, go_on = Shelf("ann"), threading.Event(), threading.Event()
    read = shelf.things

    def things(client, stream, window):
        inside.set()
        go_on.wait(10)
        yield from read(client, stream, window)

    shelf.things = things
    first = threading.Thread(target=extract, args=(shelf,))
    first.start()
    assert inside.wait(10)
    with pytest.raises(StreamBusy):
        extract(Shelf("ann"))
    go_on.set()
    first.join()
    assert names(settings) == {"1": "ann"}


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


def test_manifests_state_the_window_that_was_proven(extract, settings):
    shelf = Shelf("ann")
    extract(shelf)
    shelf.put("2", "bob", NOW)
    extract(shelf, now=NOW + timedelta(hours=1))
    first, second = manifests(settings.landing, "acme", "things")
    assert (first.lower, first.upper, first.full) == (None, AT.isoformat(), True)
    assert (second.lower, second.full) == ((AT - timedelta(minutes=5)).isoformat(), False)
    assert first.schema_fingerprint == second.schema_fingerprint
    assert first.contract_fingerprint == second.contract_fingerprint
