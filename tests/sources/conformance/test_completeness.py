"""What landed is all that the source has: boundaries, late commits, moving pages, caps, counts, pages in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from pipelines.connectors import ability
from sources.contract import NATIVE
from sources.errors import (
    CapCrossed,
    ShortRead,
)
from sources.records import Page
from tests.sources.conformance.subjects import (
    ABOUT,
    CAPPED,
    READERS,
    applies,
    assert_nothing_landed,
    changeable,
    cursor,
    flagged,
)


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
    retail.now = at = retail.now + timedelta(days=2)
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
