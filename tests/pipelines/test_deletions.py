"""What a source deleted, in each way that a source tells: sweeps, feeds, flags and merges."""

from datetime import timedelta

import pytest

from sources.errors import SweepRefused
from sources.records import Tombstone
from tests.pipelines.one_stream import COLUMNS, NOW, Shelf, contract, cursor, landed, names


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
