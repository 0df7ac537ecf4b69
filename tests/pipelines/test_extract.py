"""What one run of a stream lands, or refuses to."""

import errno
import os
import threading
from datetime import datetime, timedelta

import duckdb
import pytest

from pipelines.extract import extract_all
from pipelines.landing import manifests
from sources.contract import load_contracts
from sources.errors import MissingScope, ShortRead, SourceError, StreamBusy
from sources.records import Page
from tests.pipelines.one_stream import AT, NOW, Shelf, contract, cursor, landed, names


def test_the_first_run_lands_everything_and_the_next_only_what_changed(extract, settings):
    shelf = Shelf("ann", "bob", "cid")
    first = extract(shelf)
    assert (first.rows, first.full, first.proven_until) == (3, True, AT)
    shelf.put("2", "bea", NOW + timedelta(minutes=1))
    second = extract(shelf, now=NOW + timedelta(hours=1))
    assert (second.rows, second.full) == (1, False)
    assert names(settings) == {"1": "ann", "2": "bea", "3": "cid"}
    assert cursor(settings).load_id == second.load_id > first.load_id


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


def test_what_a_full_disk_refuses_is_told_as_such_stream_by_stream(settings):
    def resolve(_reference):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/srv/assay/landing/pos")

    told = extract_all(load_contracts(), settings, AT, ["pos"], resolve=resolve)
    assert len(told) == len(load_contracts()["pos"].streams)
    for failure in told:
        assert "No space left on device: '/srv/assay/landing/pos'; see to that disk or folder" in failure.message
