"""Reads Uber Eats. Stores and menus are as the contract says. Orders are listed only until a store accepts them, so
each that was seen once is asked for by its id until it has ended; one that nobody saw in time is not to be had.
"""

from __future__ import annotations

from collections.abc import Iterator

from sources import rest
from sources.contract import Stream
from sources.http import Client
from sources.records import Page, Window

ENDED = {"DENIED", "FINISHED", "CANCELED"}


def orders(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """What waits in any store, and what was under way when the last run ended; the position is what still is."""
    waiting = [one["id"] for store in _stores(client, stream) for one in _waiting(client, store)]
    asked = list(dict.fromkeys([*(window.cursor or []), *waiting]))
    going: list[str] = []
    for first in range(0, len(asked), stream.page_size):
        found = [client.get(f"/v2/eats/order/{key}") for key in asked[first : first + stream.page_size]]
        going += [order["id"] for order in found if order["current_state"] not in ENDED]
        yield Page(found, position=[*going, *asked[first + stream.page_size :]])
    if not asked:
        yield Page([], position=[])


def _stores(client: Client, stream: Stream) -> Iterator[str]:
    for page in rest.pages(client, stream.request, stream, {}):
        yield from (store["store_id"] for store in page.records)


def _waiting(client: Client, store: str) -> list[dict[str, str]]:
    return client.get(f"/v1/eats/stores/{store}/created-orders")["orders"]
