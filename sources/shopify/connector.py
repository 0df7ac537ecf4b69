"""Reads Shopify's Admin GraphQL API: one generator per stream, records as received."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sources import http
from sources.budget import Reading
from sources.contract import Contract, Stream
from sources.errors import BadCredentials, MissingScope, SourceError, Throttled
from sources.http import Client, Verdict
from sources.paging import follow
from sources.records import Page, Window
from sources.shopify import queries

VERSION = "2026-10"


def connect(contract: Contract, resolve: Callable[[str], str]) -> Client:
    """A client that carries the shop's access token and reads Shopify's errors and cost figures."""
    token = resolve(contract.secrets["token"])
    return http.connect(contract, resolve, headers={"X-Shopify-Access-Token": token}, judge=judge, meter=meter)


def customers(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Customers by last update, or all of them by id."""
    return _connection(client, stream, window, "customers", queries.CUSTOMERS, "customersCount")


def ask(client: Client, document: str, cost: float, **variables: Any) -> dict[str, Any]:
    """The `data` of one query document; `cost` in points, as Shopify would request it."""
    path = f"/admin/api/{VERSION}/graphql.json"
    return client.post(path, {"query": document, "variables": variables}, cost=cost)["data"]


def _connection(
    client: Client, stream: Stream, window: Window, root: str, query: str, count: str | None = None
) -> Iterator[Page]:
    search = None if window.full else f"updated_at:>='{window.lower:%Y-%m-%dT%H:%M:%SZ}'"
    order = {"sortKey": "ID" if window.full else "UPDATED_AT"}

    def fetch(after: str | None) -> Page:
        data = ask(client, query, stream.page_size / 5, first=stream.page_size, after=after, query=search, **order)
        edge = data[root]["pageInfo"]
        total = data[count]["count"] if count else None
        return Page(data[root]["nodes"], edge["endCursor"] if edge["hasNextPage"] else None, total)

    return follow(client, fetch)


def judge(status: int, headers: Mapping[str, str], body: Any) -> Verdict | None:
    """Shopify answers 200 for throttling and missing scopes; the reason is in errors[].extensions.code."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not errors:
        return None
    if isinstance(errors, str):
        return Verdict(BadCredentials, "Shopify does not know the access token") if status == 401 else None
    codes = {error.get("extensions", {}).get("code") for error in errors}
    if "THROTTLED" in codes:
        return Verdict(Throttled, "the query cost exceeds the points left", wait_s=_restored_in(body))
    if "ACCESS_DENIED" in codes:
        needed = [error["extensions"].get("requiredAccess", "a scope") for error in errors if "extensions" in error]
        return Verdict(MissingScope, f"access denied; needed: {'; '.join(needed)}")
    return Verdict(SourceError, f"Shopify refuses the query ({', '.join(sorted(map(str, codes)))})")


def meter(body: Any) -> Reading | None:
    """The points left, from extensions.cost.throttleStatus."""
    status = _cost(body).get("throttleStatus")
    if not status:
        return None
    return Reading(status["currentlyAvailable"], status["maximumAvailable"], status["restoreRate"])


def _restored_in(body: Any) -> float:
    reading, cost = meter(body), _cost(body).get("requestedQueryCost", 0)
    return max(0.0, cost - reading.available) / reading.restore_per_s if reading else 1.0


def _cost(body: Any) -> dict[str, Any]:
    return body.get("extensions", {}).get("cost", {}) if isinstance(body, dict) else {}
