"""Reads Voucherify: members and loyalty cards, oldest stamp first.

Numbered pages end at 99 and shift under deletions and updates. So each page continues just before the last stamp of
the page before, and numbers serve only where one stamp fills a page. What is read twice collapses.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sources.contract import Stream
from sources.errors import CapCrossed
from sources.http import Client
from sources.paging import follow
from sources.records import Page, Window

_FILTERS = {"customers": {}, "vouchers": {"category": "LOYALTY_CARD"}}


def customers(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Members of the loyalty programme."""
    return _read(client, stream, window)


def vouchers(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Loyalty cards; other vouchers are not asked for."""
    return _read(client, stream, window)


def keys(client: Client, stream: Stream) -> Iterator[list[str]]:
    """The id of every record: a deleted one leaves no trace."""
    for page in _list(client, stream, "created_at", None):
        yield [record["id"] for record in page.records]


def _read(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """All records, or those updated in the window and those created in it that were never updated.

    The source's total is taken at the beginning and at the end: records come and go meanwhile.
    """
    if window.full:
        yield from _list(client, stream, "created_at", None)
        yield Page([], total=_total(client, {}))
        return
    lower = _stamp(window.lower)
    yield from _list(client, stream, "updated_at", lower)
    untouched = 0
    for page in _list(client, stream, "created_at", lower):
        records = [record for record in page.records if record["updated_at"] is None]
        untouched += len(records)
        yield Page(records)
    yield Page([], total=_total(client, {"updated_at[after]": lower}) + untouched)


def _list(client: Client, stream: Stream, field: str, lower: str | None) -> Iterator[Page]:
    """Records in order of `field`, from behind `lower`. Only the first page states the total."""
    root, size = client.stream, stream.page_size
    window = {f"{field}[after]": lower} if lower else {}
    cursor = "starting_after" if root == "customers" else f"{field}[after]"

    def fetch(place: tuple[str, int] | None) -> Page:
        behind, number = place or (None, 1)
        params = {"limit": size, "order": field, **_FILTERS[root], **window}
        params |= {cursor: behind} if behind else {}
        params |= {"page": number} if number > 1 else {}
        body = client.get(f"/v1/{root}", params)
        records = body[root]
        following = place_after(records, behind, number) if body.get("has_more", len(records) == size) else None
        return Page(records, following, body["total"] if place is None else None)

    def place_after(records: list[dict[str, Any]], behind: str | None, number: int) -> tuple[str | None, int]:
        last = records[-1][field]
        before_last = _stamp(datetime.fromisoformat(last) - timedelta(milliseconds=1))
        if before_last > (behind or lower or ""):
            # A page of one stamp only is itself the first page behind its new place.
            return before_last, 2 if records[0][field] == last else 1
        if number == stream.page_cap:
            problem = f"more than {number * size} records have the same {field}"
            raise client.fail(CapCrossed, problem, "ask the vendor for an export of these records")
        return behind, number + 1

    return follow(client, fetch)


def _total(client: Client, window: dict[str, str]) -> int:
    root = client.stream
    return client.get(f"/v1/{root}", {"limit": 1, **_FILTERS[root], **window})["total"]


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
