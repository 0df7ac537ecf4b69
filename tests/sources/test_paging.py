"""Paging proves that it advances."""

from __future__ import annotations

import pytest

from sources.errors import CapCrossed, RepeatingCursor
from sources.paging import count_up, follow
from sources.records import Page


class Reader:
    """Stands where a client stands: it only words errors."""

    def fail(self, error, problem, remedy=None):
        return error("acme", "things", problem, remedy)


def read(pages):
    return [record["id"] for page in pages for record in page.records]


def things(*ids):
    return [{"id": number} for number in ids]


def test_cursors_are_followed_to_the_end():
    book = {None: Page(things(1, 2), "b"), "b": Page(things(3), "c"), "c": Page([], None)}
    assert read(follow(Reader(), book.__getitem__)) == [1, 2, 3]


def test_a_repeating_cursor_fails_within_two_pages():
    asked = []

    def fetch(cursor):
        asked.append(cursor)
        return Page(things(len(asked)), "same")

    with pytest.raises(RepeatingCursor, match=r"acme/things: the cursor of the next page has been used before"):
        read(follow(Reader(), fetch))
    assert len(asked) == 2


def test_a_cycle_of_cursors_fails():
    book = {None: Page(things(1), "b"), "b": Page(things(2), "c"), "c": Page(things(3), "b")}
    with pytest.raises(RepeatingCursor):
        read(follow(Reader(), book.__getitem__))


def test_the_same_page_under_new_cursors_fails_within_two_pages():
    asked = []

    def fetch(cursor):
        asked.append(cursor)
        return Page(things(1, 2), len(asked))

    with pytest.raises(RepeatingCursor, match="the same page came twice"):
        read(follow(Reader(), fetch))
    assert len(asked) == 2


def test_empty_pages_in_the_middle_do_not_end_the_list():
    book = {None: Page(things(1), "b"), "b": Page([], "c"), "c": Page([], "d"), "d": Page(things(2), None)}
    assert read(follow(Reader(), book.__getitem__)) == [1, 2]


def test_more_than_the_vendors_cap_is_refused_not_cut():
    with pytest.raises(CapCrossed, match="cap of 3 pages"):
        read(follow(Reader(), lambda cursor: Page(things(cursor or 0), (cursor or 0) + 1), page_cap=3))


def test_numbered_pages_end_with_a_short_one():
    book = {1: Page(things(1, 2)), 2: Page(things(3, 4)), 3: Page(things(5))}
    assert read(count_up(Reader(), book.__getitem__, size=2)) == [1, 2, 3, 4, 5]


def test_numbered_pages_end_with_an_empty_one():
    book = {1: Page(things(1, 2)), 2: Page([])}
    assert read(count_up(Reader(), book.__getitem__, size=2)) == [1, 2]


def test_a_short_page_does_not_end_a_list_whose_total_is_known():
    book = {1: Page(things(1), total=3), 2: Page(things(2), total=3), 3: Page(things(3), total=3)}
    assert read(count_up(Reader(), book.__getitem__, size=2)) == [1, 2, 3]
