"""Reads Shopify's Admin GraphQL API: one generator per stream, records as received.

Lists are walked by id with relay cursors. Shopify pages through 25,000 objects at most, so a longer list continues
behind the last id with a fresh cursor. Merged customers come as destroyed ones; only a webhook tells the survivor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sources import http
from sources.budget import Reading
from sources.contract import Contract, Stream
from sources.errors import BadCredentials, MissingScope, SourceError, Throttled
from sources.http import Client, Verdict
from sources.paging import follow
from sources.records import Page, Tombstone, Window
from sources.shopify import queries

VERSION = "2026-10"
LIST_CAP = 25_000
_USUAL_COST = 50


def connect(contract: Contract, resolve: Callable[[str], str], **shared: Any) -> Client:
    """A client that reads Shopify's errors and cost figures."""
    return http.connect(contract, resolve, judge=judge, meter=meter, **shared)


def customers(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Customers, companies with an account among them."""
    return _list(client, stream, window, "customers", queries.CUSTOMERS)


def products(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Products: the templates of variants."""
    return _list(client, stream, window, "products", queries.PRODUCTS)


def variants(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Variants with base price, SKU, barcode and weight. Not sortable by update, so by id like all others."""
    return _list(client, stream, window, "productVariants", queries.VARIANTS)


def orders(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Orders with all their lines, however many."""
    for page in _list(client, stream, window, "orders", queries.ORDERS):
        whole = [_whole(client, order, ("order", "lineItems"), queries.LINE_ITEMS) for order in page.records]
        yield replace(page, records=whole)


def refunds(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Refunds with all their lines."""
    for page in _of_orders(client, stream, window, "refunds", queries.REFUNDS):
        lines = ("refund", "refundLineItems")
        yield replace(page, records=[_whole(client, one, lines, queries.REFUND_LINES) for one in page.records])


def transactions(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """What was paid, authorised and given back; each carries a key of its own, the number in its id."""
    for page in _of_orders(client, stream, window, "transactions", queries.TRANSACTIONS):
        yield replace(page, records=[_keyed(one) for one in page.records])


def returns(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Goods on their way back, with all their lines; each carries a key of its own, the number in its id."""
    for page in _of_orders(client, stream, window, "returns", queries.RETURNS):
        lines = ("return", "returnLineItems")
        whole = [_whole(client, one, lines, queries.RETURN_LINES) for one in page.records]
        yield replace(page, records=[_keyed(one) for one in whole])


def _of_orders(client: Client, stream: Stream, window: Window, name: str, document: str) -> Iterator[Page]:
    """What hangs below the orders that changed, each with its order: it has no list, and moves its order."""
    for page in _list(client, stream, window, "orders", document):
        found = []
        for order in page.records:
            below = order[name]
            if isinstance(below, dict):
                below = _whole(client, order, ("order", name), queries.ORDER_RETURNS)[name]["nodes"]
            named = {"order": {field: value for field, value in order.items() if field != name}}
            found += [{**one, **named} for one in below]
        yield Page(found, page.next)


def _keyed(record: dict[str, Any]) -> dict[str, Any]:
    return {"key": record["id"].rpartition("/")[2], **record}


def inventory_levels(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """What of each item is at each location: all levels of the items that changed, and all levels that did.

    Nothing says that a level's change moves its item, so those are asked for by location. Each carries its item and a
    key of its own, for the id that Shopify gives is no number.
    """
    for page in _list(client, stream, window, "inventoryItems", queries.INVENTORY):
        yield Page([level for item in page.records for level in _levels(client, item)], page.next)
    if not window.full:
        places = [
            place["id"] for page in _pages(client, queries.LOCATIONS, ("locations",), 50) for place in page.records
        ]
        for place in places:
            asked = {"location": place, "query": _changed(window)}
            for page in _pages(client, queries.CHANGED_LEVELS, ("location", "inventoryLevels"), 250, **asked):
                yield Page([_level(level["item"], level) for level in page.records], page.next)


def _levels(client: Client, item: dict[str, Any]) -> list[dict[str, Any]]:
    nodes = item["inventoryLevels"]["nodes"]
    if item["inventoryLevels"]["pageInfo"]["hasNextPage"]:
        whole = _pages(client, queries.INVENTORY_LEVELS, ("inventoryItem", "inventoryLevels"), 50, item=item["id"])
        nodes = [level for page in whole for level in page.records]
    # The page itself stays as it came: that it comes twice is seen by comparing.
    plain = {name: value for name, value in item.items() if name != "inventoryLevels"}
    return [_level(plain, level) for level in nodes]


def _level(item: dict[str, Any], level: dict[str, Any]) -> dict[str, Any]:
    return {"key": f"{_number(item)}-{_number(level['location'])}", "item": item, **level}


def price_lists(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Fixed prices of all market price lists; each carries its list and a key, as Shopify gives them no id.

    Price lists have no updated filter: always everything.
    """
    lists = list(_pages(client, queries.PRICE_LISTS, ("priceLists",), stream.page_size))
    known = [entry for page in lists for entry in page.records]
    total = sum(entry["fixedPricesCount"] for entry in known)
    for entry in known:
        header = {"priceList": {name: value for name, value in entry.items() if name != "fixedPricesCount"}}
        number = entry["id"].rpartition("/")[2]
        path = ("priceList", "prices")
        for page in _pages(client, queries.FIXED_PRICES, path, stream.page_size, list=entry["id"]):
            prices = [{"key": f"{number}-{_number(price['variant'])}", **header, **price} for price in page.records]
            yield Page(prices, page.next, total)


def deleted(client: Client, stream: Stream, window: Window) -> Iterator[Tombstone]:
    """What Shopify's events say was destroyed in the window. Events are kept for a year."""
    subject = {"customers": "CUSTOMER", "products": "PRODUCT", "orders": "ORDER"}[client.stream]
    search = f"action:destroy AND subject_type:{subject} AND created_at:>='{_stamp(window)}'"
    for page in _pages(client, queries.DESTROYED, ("events",), 250, query=search):
        for event in page.records:
            yield Tombstone(event["subjectId"].rpartition("/")[2], event["createdAt"])


def keys(client: Client, stream: Stream) -> Iterator[list[str]]:
    """Every variant's id, or every level's key: what goes with its product leaves no event."""
    everything = Window(None, datetime.max)
    if client.stream == "inventory_levels":
        yield from ([level["key"] for level in page.records] for page in inventory_levels(client, stream, everything))
        return
    for page in _list(client, stream, everything, "productVariants", queries.VARIANT_KEYS):
        yield [_number(variant) for variant in page.records]


def probe(client: Client) -> list[str]:
    """The access scopes of the token; writing implies reading. Without read_all_orders only 60 days of orders show."""
    return client.account.granted(lambda: _scopes(client))


def _scopes(client: Client) -> list[str]:
    scopes = ask(client, queries.SCOPES)["currentAppInstallation"]["accessScopes"]
    handles = {scope["handle"] for scope in scopes}
    return sorted(handles | {handle.replace("write_", "read_", 1) for handle in handles})


def ask(client: Client, document: str, **variables: Any) -> dict[str, Any]:
    """The `data` of one query document."""
    path = f"/admin/api/{VERSION}/graphql.json"
    return client.post(path, {"query": document, "variables": variables}, cost=_USUAL_COST)["data"]


def _list(client: Client, stream: Stream, window: Window, root: str, document: str) -> Iterator[Page]:
    changed = [] if window.full else [_changed(window)]
    size, count = stream.page_size, {"productVariants": "productVariantsCount"}.get(root, f"{root}Count")
    pages_a_cursor = LIST_CAP // size - 1

    def fetch(position: tuple[int, str | None, int] | None) -> Page:
        behind, after, pages = position or (0, None, 0)
        terms = changed + ([f"id:>={behind + 1}"] if behind else [])
        counted = {"total": position is None} if "$total" in document else {}
        data = ask(client, document, first=size, after=after, query=" AND ".join(terms) or None, **counted)
        nodes, info = data[root]["nodes"], data[root]["pageInfo"]
        total = data.get(count)
        exact = total["count"] if total and total["precision"] == "EXACT" else None
        if not info["hasNextPage"]:
            return Page(nodes, None, exact)
        if pages + 1 < pages_a_cursor:
            return Page(nodes, (behind, info["endCursor"], pages + 1), exact)
        return Page(nodes, (int(_number(nodes[-1])), None, 0), exact)

    expected, read = None, 0
    for page in follow(client, fetch):
        expected, read = page.total if page.total is not None else expected, read + len(page)
        yield page
    if expected is not None and read != expected:
        # Records came or went while we read: the source's count now is as true as its count then.
        data = ask(client, document, first=1, query=" AND ".join(changed) or None, total=True)
        yield Page([], total=data[count]["count"])


def _pages(client: Client, document: str, path: tuple[str, ...], size: int, **variables: Any) -> Iterator[Page]:
    def fetch(after: str | None) -> Page:
        found = ask(client, document, first=size, after=after, **variables)
        for step in path:
            found = found[step]
        info = found["pageInfo"]
        return Page(found["nodes"], info["endCursor"] if info["hasNextPage"] else None)

    return follow(client, fetch)


def _whole(client: Client, record: dict[str, Any], path: tuple[str, str], document: str) -> dict[str, Any]:
    """The record with all of a list in it; the page itself stays as it came, so that one that comes twice is known."""
    name = path[1]
    if not record[name]["pageInfo"]["hasNextPage"]:
        return record
    nodes = [node for page in _pages(client, document, path, 250, id=record["id"]) for node in page.records]
    return record | {name: {"nodes": nodes, "pageInfo": {"hasNextPage": False, "endCursor": None}}}


def _number(node: Mapping[str, Any]) -> str:
    return node["legacyResourceId"]


def _changed(window: Window) -> str:
    return f"updated_at:>='{_stamp(window)}'"


def _stamp(window: Window) -> str:
    return f"{window.lower:%Y-%m-%dT%H:%M:%SZ}"


def judge(status: int, headers: Mapping[str, str], body: Any) -> Verdict | None:
    """Shopify answers 200 for throttling and missing scopes; the reason is in errors[].extensions.code."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not errors:
        return _other_version(headers) if status == 200 else None
    if isinstance(errors, str):
        return Verdict(BadCredentials, "Shopify does not know the access token") if status == 401 else None
    details = [error.get("extensions") or {} for error in errors]
    codes = {detail.get("code") for detail in details}
    if "THROTTLED" in codes:
        return Verdict(Throttled, "the query costs more than the points left", wait_s=_restored_in(body))
    if "ACCESS_DENIED" in codes:
        needed = "; ".join(sorted({str(detail.get("requiredAccess", "a scope")) for detail in details}))
        return Verdict(MissingScope, f"access denied; required: {needed}")
    return Verdict(SourceError, f"Shopify refuses the query ({', '.join(sorted(map(str, codes)))})")


def meter(body: Any) -> Reading | None:
    """The points left, from extensions.cost.throttleStatus."""
    status = _cost(body).get("throttleStatus")
    if not status:
        return None
    return Reading(status["currentlyAvailable"], status["maximumAvailable"], status["restoreRate"])


def _other_version(headers: Mapping[str, str]) -> Verdict | None:
    served = headers.get("x-shopify-api-version", VERSION)
    if served == VERSION:
        return None
    problem = f"Shopify served API version {served} instead of {VERSION}, which is no longer or not yet supported"
    return Verdict(SourceError, problem, "move the contract and VERSION to a supported version and run the tests")


def _restored_in(body: Any) -> float:
    reading, cost = meter(body), _cost(body).get("requestedQueryCost", 0)
    return max(0.0, cost - reading.available) / reading.restore_per_s if reading else 1.0


def _cost(body: Any) -> dict[str, Any]:
    return body.get("extensions", {}).get("cost", {}) if isinstance(body, dict) else {}
