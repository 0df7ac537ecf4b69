"""What is deleted or merged at the source is gone here too, and an outage deletes nothing."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from sources.errors import (
    SweepRefused,
)
from sources.records import Page
from tests.sources.conformance.subjects import (
    DELETING,
    MERGING,
    applies,
    changeable,
    with_setting,
)


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


@applies(13, MERGING)
def test_13_a_merged_record_is_gone_and_leads_to_its_survivor(retail):
    retail.extract(retail.stream)
    kept, gone = changeable(retail, 2)
    retail.now += timedelta(hours=1)
    retail.fake.merge_customers(retail.folder / f"{retail.system}.db", kept, gone, retail.now)
    retail.now += max(retail.spec.sweep_every, timedelta(hours=1))
    retail.extract(retail.stream)
    assert gone not in retail.alive(retail.stream)
    assert kept in retail.alive(retail.stream)
    if retail.spec.merge_field:  # other vendors name no survivor in any list
        (taken_up,) = [row for row in retail.landed(retail.stream) if row["_source_key"] == gone and row["_deleted"]]
        assert json.loads(taken_up["_payload"]) == {"merged_into": kept}
