"""A stand-in for Amazon's Selling Partner API: a token in a header of its own, orders late, listings in twenties."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.applications import Starlette

from sources.amazon.fake_seed import MARKETPLACE, stamp
from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, changed, naive, serve
from sources.estate.state import get, instant, open_state
from sources.estate.world import World

STREAMS = {
    "orders": "order",
    "listings": "listing",
    "inventory": "stock",
    "transactions": "transaction",
    "settlements": "settlement",
}
CREDENTIALS = {
    "AMAZON_LOGIN_ENDPOINT": "{endpoint}",
    "AMAZON_CLIENT_ID": "amzn1.application-oa2-client.estate",
    "AMAZON_CLIENT_SECRET": "amzn1.oa2-cs.v1.estate",
    "AMAZON_REFRESH_TOKEN": "Atzr|estate",
    "AMAZON_SELLER_ID": "A2ESTATESELLER",
}
LAG, MOST, SPAN, POSTED_A_PAGE = timedelta(minutes=2), 1_000, timedelta(days=180), 20
STOCK_A_PAGE, STOCK_KNOWN = 10, timedelta(days=548)  # Amazon does not say how long a page is
_ORDERS = {
    "marketplaceIds",
    "includedData",
    "lastUpdatedAfter",
    "lastUpdatedBefore",
    "paginationToken",
    "maxResultsPerPage",
}
_LISTINGS = {
    "marketplaceIds",
    "includedData",
    "lastUpdatedAfter",
    "lastUpdatedBefore",
    "pageToken",
    "pageSize",
    "sortBy",
    "sortOrder",
}
_STOCK = {"granularityType": "Marketplace", "granularityId": MARKETPLACE, "marketplaceIds": MARKETPLACE}


def _said(code: str, message: str) -> dict[str, Any]:
    return {"errors": [{"code": code, "message": message, "details": ""}]}


SAYS = {
    "throttled": _said("QuotaExceeded", "You exceeded your quota for the requested resource."),
    "error": _said("InternalFailure", "We encountered an internal error. Please try again."),
}


def seed(world: World, path: Path) -> None:
    """Write the marketplace's state."""
    seed_part(world, "amazon", path)


def app(path: Path, faults: Any) -> Starlette:
    """The marketplace at `path`; `faults` answers active(name) and spend(name)."""
    issued: set[str] = set()
    serial = count(1)

    def token(ask: Ask) -> dict[str, Any]:
        given = {name: values[0] for name, values in parse_qs((ask.form or b"").decode()).items()}
        client = (given.get("client_id"), given.get("client_secret"), given.get("refresh_token"))
        if client != tuple(CREDENTIALS.values())[1:4]:
            raise Refused(400, {"error": "invalid_grant", "error_description": "The request has an invalid grant"})
        issued.add(f"Atza|estate-{next(serial)}")
        access = max(issued, key=lambda one: int(one.rpartition("-")[2]))
        return {"access_token": access, "token_type": "bearer", "expires_in": 3600, "refresh_token": client[2]}

    def admit(ask: Ask) -> None:
        known = ask.asked.get("x-amz-access-token") in issued
        if not known or ask.faults.spend("expired_token") is not None or ask.faults.active("missing_scope") is not None:
            raise Refused(403, _said("Unauthorized", "Access to requested resource is denied."))

    lists = {"/orders/2026-01-01/orders": _orders, "/listings/2021-08-01/items/{seller}": _listings}
    lists |= {"/fba/inventory/v1/summaries": _stock, "/finances/2024-06-19/transactions": _transactions}
    lists["/finances/v0/financialEventGroups"] = _settlements
    return serve(path, faults, admit, lists, {"/auth/o2/token": token})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given fields, or a harmless one. What changes of a transaction is when it was posted."""
    kind, second = STREAMS[stream], naive(at).replace(microsecond=0)
    if kind == "transaction":
        changed(path, kind, key, second, {**fields, "postedDate": stamp(second)})
        return
    if kind == "settlement":  # changes by being paid out; when it began stays
        with closing(open_state(path)) as connection:
            began = get(connection, kind, key).updated_at
        changed(path, kind, key, began, fields or {"AccountTail": f"{second:%j}"})
        return
    if kind == "order":
        changed(path, kind, key, second, {**(fields or {"programs": ["PRIME"]}), "lastUpdatedTime": stamp(second)})
        return
    if kind == "stock":
        changed(path, kind, key, second, {**fields, "lastUpdatedTime": stamp(second)})
        return
    with closing(open_state(path)) as connection:
        body = get(connection, kind, key).body
    summary = {**body["summaries"][0], "lastUpdatedDate": stamp(second)}
    harmless = {"productTypes": [{"marketplaceId": MARKETPLACE, "productType": "PRODUCT"}]}
    changed(path, kind, key, second, {**(fields or harmless), "summaries": [summary]})


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Take a listing down, or the last piece out of Amazon's warehouses: it is gone, and nothing tells."""
    with closing(open_state(path)) as connection:
        connection.execute("delete from objects where type = ? and id = ?", (STREAMS[stream], key))


def _orders(ask: Ask) -> dict[str, Any]:
    if (
        set(ask.given) - _ORDERS
        or ask.given.get("marketplaceIds") != MARKETPLACE
        or "lastUpdatedAfter" not in ask.given
    ):
        raise _invalid("lastUpdatedAfter")
    size = ask.whole("maxResultsPerPage", 100, 1, 100, _invalid)
    latest = naive(ask.now) - LAG
    until = _time(ask.given["lastUpdatedBefore"]) if "lastUpdatedBefore" in ask.given else latest
    if until > latest:
        raise _invalid("lastUpdatedBefore")
    bounds = (instant(_time(ask.given["lastUpdatedAfter"])), instant(until))
    start = _start(ask, "paginationToken")
    found, total = ask.select("order", "updated_at >= ? and updated_at <= ?", bounds, "updated_at, id", size, start)
    return {"orders": found, "pagination": _pagination(start + size, total), "lastUpdatedBefore": stamp(until)}


def _listings(ask: Ask) -> dict[str, Any]:
    if set(ask.given) - _LISTINGS or ask.path["seller"] != CREDENTIALS["AMAZON_SELLER_ID"]:
        raise _invalid("sellerId")
    size, start = ask.whole("pageSize", 10, 1, 20, _invalid), _start(ask, "pageToken")
    where, values = "1", []
    for name, operator in (("lastUpdatedAfter", ">="), ("lastUpdatedBefore", "<=")):
        if name in ask.given:
            where, values = f"{where} and updated_at {operator} ?", [*values, instant(_time(ask.given[name]))]
    found, total = ask.select("listing", where, tuple(values), "id", size, start)
    return {"numberOfResults": total, "pagination": _pagination(start + size, min(total, MOST)), "items": found}


def _transactions(ask: Ask) -> dict[str, Any]:
    """What was posted in a time that ends two minutes ago at the latest; of more than 180 days nothing, and no word."""
    if set(ask.given) - {"postedAfter", "postedBefore", "nextToken"} or "postedAfter" not in ask.given:
        raise _invalid("postedAfter")
    since, latest = _time(ask.given["postedAfter"]), naive(ask.now) - LAG
    until = _time(ask.given["postedBefore"]) if "postedBefore" in ask.given else latest
    if max(since, until) > latest:
        raise _invalid("postedBefore")
    if until - since > SPAN:
        return {"payload": {"transactions": []}}
    start, bounds = _start(ask, "nextToken"), (instant(since), instant(until))
    within = "updated_at >= ? and updated_at < ?"
    found, total = ask.select("transaction", within, bounds, "updated_at, id", POSTED_A_PAGE, start)
    return {"payload": {"transactions": found, **_pagination(start + POSTED_A_PAGE, total)}}


def _settlements(ask: Ask) -> dict[str, Any]:
    """Periods that began in a time that ends two minutes ago at the latest."""
    after, before = "FinancialEventGroupStartedAfter", "FinancialEventGroupStartedBefore"
    if set(ask.given) - {after, before, "NextToken", "MaxResultsPerPage"}:
        raise _invalid("parameter")
    latest = naive(ask.now) - LAG
    since = _time(ask.given.get(after, "2000-01-01T00:00:00Z"))
    until = _time(ask.given[before]) if before in ask.given else latest
    if max(since, until) > latest:
        raise _invalid(before)
    size, start = ask.whole("MaxResultsPerPage", 10, 1, 100, _invalid), _start(ask, "NextToken")
    within = "updated_at >= ? and updated_at < ?"
    found, total = ask.select("settlement", within, (instant(since), instant(until)), "updated_at, id", size, start)
    more = {"NextToken": f"next-{start + size}"} if start + size < total else {}
    return {"payload": {"FinancialEventGroupList": found, **more}}


def _stock(ask: Ask) -> dict[str, Any]:
    """What lies in Amazon's warehouses: all, or what changed after a time that is not more than 18 months ago."""
    wanted = set(ask.given) <= {*_STOCK, "details", "startDateTime", "nextToken"}
    if not wanted or any(ask.given.get(name) != value for name, value in _STOCK.items()):
        raise _invalid("granularityId")
    where, values = "1", ()
    if "startDateTime" in ask.given:
        since = _time(ask.given["startDateTime"])
        if since < naive(ask.now) - STOCK_KNOWN:
            raise _invalid("startDateTime")
        where, values = "updated_at > ?", (instant(since),)
    start = _start(ask, "nextToken")
    found, total = ask.select("stock", where, values, "id", STOCK_A_PAGE, start)
    if ask.given.get("details") != "true":
        bodies = [orjson.loads(one.contents) for one in found]
        found = [{name: value for name, value in body.items() if name != "inventoryDetails"} for body in bodies]
    granularity = {"granularityType": "Marketplace", "granularityId": MARKETPLACE}
    said = {"payload": {"granularity": granularity, "inventorySummaries": found}}
    return {**said, "pagination": _pagination(start + STOCK_A_PAGE, total)}


def _start(ask: Ask, name: str) -> int:
    start = int(ask.given.get(name, "0").removeprefix("next-"))
    return 0 if start and ask.faults.spend("repeating_cursor") is not None else start


def _pagination(following: int, total: int) -> dict[str, str]:
    return {"nextToken": f"next-{following}"} if following < total else {}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def _invalid(name: str) -> Refused:
    return Refused(400, _said("InvalidInput", f"Invalid {name}"))
