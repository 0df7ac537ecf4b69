"""ShipHero's GraphQL API: its contract has the queries; here are long orders' lines and the wait that it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sources import http, rest
from sources.contract import Contract, Stream
from sources.errors import Throttled
from sources.http import Client, Verdict
from sources.paging import follow
from sources.records import Page, Window

NO_CREDITS = 30
LINES = """query Lines($order: String!, $first: Int!, $after: String) {
  order(id: $order) { data { line_items(first: $first, after: $after) { pageInfo { hasNextPage endCursor }
  edges { node { id sku quantity quantity_shipped price product_name } } } } } }"""


def connect(contract: Contract, resolve: Callable[[str], str], **shared: Any) -> Client:
    """A client that waits as long as ShipHero says."""
    return http.connect(contract, resolve, judge=judge, **shared)


def orders(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Orders with all their lines: a query tells ten of each, for every line of every order that it may tell costs."""
    for page in rest.read(client, stream, window):
        for record in page.records:
            _complete(client, record)
        yield page


def judge(status: int, headers: Mapping[str, str], body: Any) -> Verdict | None:
    """Too few credits are answered with 200 and the time until there are enough."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not errors or errors[0].get("code") != NO_CREDITS:
        return None
    seconds = str(errors[0].get("time_remaining", "")).partition(" ")[0]
    return Verdict(Throttled, "the query costs more credits than are left", wait_s=float(seconds or 1))


def _complete(client: Client, order: dict[str, Any]) -> None:
    lines = order["line_items"]
    info = lines["pageInfo"]
    if not info["hasNextPage"]:
        return

    def fetch(after: str) -> Page:
        variables = {"order": order["id"], "first": 100, "after": after}
        found = client.post("/graphql", {"query": LINES, "variables": variables})["data"]["order"]["data"]["line_items"]
        following = found["pageInfo"]
        return Page(found["edges"], following["endCursor"] if following["hasNextPage"] else None)

    lines["edges"] += [edge for page in follow(client, fetch, info["endCursor"]) for edge in page.records]
    lines["pageInfo"] = {"hasNextPage": False, "endCursor": None}
