"""Ways through a list that is longer than one answer; every one proves that it advances."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sources.errors import CapCrossed, RepeatingCursor
from sources.http import Client
from sources.records import Page


def follow(
    client: Client, fetch: Callable[[Any], Page], start: Any = None, page_cap: int | None = None
) -> Iterator[Page]:
    """Pages from `fetch(cursor)` until a page has no `next`.

    Raises RepeatingCursor as soon as a cursor comes a second time or a page equals the one before, and CapCrossed
    when there is more after `page_cap` pages.
    """
    cursor, before, seen, count = start, None, {_text(start)}, 0
    while True:
        page = fetch(cursor)
        count += 1
        if before is not None and len(page) and page.records == before:
            raise client.fail(RepeatingCursor, "the same page came twice in a row")
        yield page
        if page.next is None:
            return
        if _text(page.next) in seen:
            raise client.fail(RepeatingCursor, "the cursor of the next page has been used before")
        if page_cap and count >= page_cap:
            raise client.fail(CapCrossed, f"there is more after the vendor's cap of {page_cap} pages")
        seen.add(_text(page.next))
        cursor, before = page.next, page.records


def count_up(
    client: Client, fetch: Callable[[int], Page], size: int, first: int = 1, page_cap: int | None = None
) -> Iterator[Page]:
    """Pages from `fetch(number)`, numbered from `first`, until one is empty or the source's total is reached.

    A short page ends the list only where the source states no total. Raises as `follow` does.
    """
    read = 0

    def numbered(number: int) -> Page:
        nonlocal read
        page = fetch(number)
        read += len(page)
        short = len(page) < size if page.total is None else read >= page.total
        following = None if not len(page) or short else number + 1
        return Page(page.records, following, page.total, page.position)

    return follow(client, numbered, first, page_cap)


def _text(cursor: Any) -> str:
    return repr(cursor)
