"""A stand-in for eBay's Sell APIs: ranges of time in brackets, an offset that counts pages, 404 and 204 for nothing."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette

from sources.ebay.fake_seed import MARKETPLACE, stamp
from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, basic, changed, naive, serve
from sources.estate.state import get, instant, open_state
from sources.estate.world import World

STREAMS = {
    "orders": "order",
    "listings": "listing",
    "offers": "offer",
    "transactions": "transaction",
    "payouts": "payout",
}
CREDENTIALS = {
    "EBAY_FINANCES_ENDPOINT": "{endpoint}",
    "EBAY_CLIENT_ID": "Estate-Outlet-PRD",
    "EBAY_CLIENT_SECRET": "PRD-estate",
    "EBAY_REFRESH_TOKEN": "v^1.1#i^1#r^1#estate",
}
_RANGE = re.compile(r"(\w+):\[([^.\]]+\.\d{3}Z)\.\.([^.\]]+\.\d{3}Z)?\]")
_HORIZON, _UNASKED = timedelta(days=731), timedelta(days=90)


def _said(number: int, domain: str, message: str) -> dict[str, Any]:
    return {"errors": [{"errorId": number, "domain": domain, "category": "REQUEST", "message": message}]}


SAYS = {
    "throttled": _said(2001, "ACCESS", "Too many requests."),
    "error": _said(25001, "API_INVENTORY", "A system error has occurred."),
}


def seed(world: World, path: Path) -> None:
    """Write the marketplace's state."""
    seed_part(world, "ebay", path)


def app(path: Path, faults: Any) -> Starlette:
    """The marketplace at `path`; `faults` answers active(name) and spend(name)."""
    issued: set[str] = set()
    serial = count(1)

    def token(ask: Ask) -> dict[str, Any]:
        given = {name: values[0] for name, values in parse_qs((ask.form or b"").decode()).items()}
        client = basic(CREDENTIALS["EBAY_CLIENT_ID"], CREDENTIALS["EBAY_CLIENT_SECRET"])
        if ask.asked.get("authorization") != client or given.get("refresh_token") != CREDENTIALS["EBAY_REFRESH_TOKEN"]:
            raise Refused(400, {"error": "invalid_grant", "error_description": "the refresh token is invalid"})
        access = f"v^1.1#estate-{next(serial)}"
        issued.add(access)
        return {"access_token": access, "token_type": "User Access Token", "expires_in": 7200}

    def admit(ask: Ask) -> None:
        known = ask.asked.get("authorization", "").removeprefix("Bearer ") in issued
        if not known or ask.faults.spend("expired_token") is not None:
            raise Refused(401, _said(1001, "OAuth", "Invalid access token"))
        if ask.faults.active("missing_scope") is not None:
            raise Refused(403, _said(1100, "ACCESS", "Insufficient permissions to fulfill the request."))

    lists = {
        "/sell/fulfillment/v1/order": partial(_ranged, "order", "lastmodifieddate", 200, False),
        "/sell/inventory/v1/inventory_item": _listings,
        "/sell/inventory/v1/offer": _offers,
        "/sell/finances/v1/transaction": partial(_ranged, "transaction", "transactionDate", 1000, True),
        "/sell/finances/v1/payout": partial(_ranged, "payout", "payoutDate", 200, True),
    }
    return serve(path, faults, admit, lists, {"/identity/v1/oauth2/token": token})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given fields, or a harmless one; only an order says when."""
    kind, when = STREAMS[stream], naive(at).replace(microsecond=0)
    harmless = {
        "order": {"salesRecordReference": instant(when)},
        "listing": {"conditionDescription": f"looked at {when:%Y-%m-%d}"},
        "offer": {"quantityLimitPerBuyer": 1 + when.day},
        "transaction": {"transactionMemo": f"looked at {when:%Y-%m-%d}"},
        "payout": {"payoutMemo": f"looked at {when:%Y-%m-%d}"},
    }
    own = fields or harmless[kind]
    if kind == "order":
        own = {**own, "lastModifiedDate": stamp(when)}
    elif kind in ("transaction", "payout"):
        with closing(open_state(path)) as connection:
            when = get(connection, kind, key).updated_at
    changed(path, kind, key, when, own)


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Take down a listing with its offers, or an offer: it is gone, and nothing tells."""
    with closing(open_state(path)) as connection:
        connection.execute("delete from objects where type = ? and id = ?", (STREAMS[stream], key))
        if stream == "listings":
            connection.execute("delete from objects where type = 'offer' and json_extract(body, '$.sku') = ?", (key,))


def _ranged(kind: str, field: str, most: int, finances: bool, ask: Ask) -> dict[str, Any] | None:
    """A list by time, both ends of the range in it; money newest first and of a marketplace that a header names."""
    if (
        set(ask.given) - {"filter", "limit", "offset"}
        or finances
        and ask.asked.get("x-ebay-c-marketplace-id") != MARKETPLACE
    ):
        raise _invalid(30500, "API_FULFILLMENT", "Invalid request")
    now = naive(ask.now)
    since, until = now - _UNASKED, now + timedelta(days=1)
    if "filter" in ask.given:
        asked = _RANGE.fullmatch(ask.given["filter"])
        if asked is None or asked[1] != field:
            raise _invalid(30700, "API_FULFILLMENT", f"Invalid filter: {field}")
        since, until = _time(asked[2]), _time(asked[3]) if asked[3] else until
        if not finances and since < now - _HORIZON:
            raise _invalid(30810, "API_FULFILLMENT", "The start of the range is beyond two years in the past")
    size, start = _page(ask, most)
    order = "updated_at desc, id desc" if finances else "updated_at, id"
    found, total = ask.select(
        kind, "updated_at >= ? and updated_at <= ?", (instant(since), instant(until)), order, size, start
    )
    if finances and not found:
        return None
    return {f"{kind}s": found, "total": total, "limit": size, "offset": start, "href": str(ask.asked["host"])}


def _listings(ask: Ask) -> dict[str, Any]:
    size, page = _page(ask, 200)
    found, total = ask.select("listing", "1", (), "id", size, page * size)
    return {"inventoryItems": found, "total": total, "size": len(found), "limit": size}


def _offers(ask: Ask) -> dict[str, Any]:
    """Of one SKU; where it has none they say that the offer is not available."""
    size, page = _page(ask, 100)
    of_sku = "json_extract(body, '$.sku') = ?"
    found, total = ask.select("offer", of_sku, (ask.given.get("sku", ""),), "id", size, page * size)
    if not total:
        raise Refused(404, _said(25713, "API_INVENTORY", "This Offer is not available."))
    return {"offers": found, "total": total, "size": len(found), "limit": size}


def _page(ask: Ask, most: int) -> tuple[int, int]:
    """How many are asked for, and what is called the offset."""
    size, start = ask.whole("limit", 25, 1, most, _number), ask.whole("offset", 0, 0, 10**9, _number)
    return size, 0 if start and ask.faults.spend("repeating_cursor") is not None else start


def _number(name: str) -> Refused:
    return _invalid(25704, "API_INVENTORY", f"Invalid {name}")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def _invalid(number: int, domain: str, message: str) -> Refused:
    return Refused(400, _said(number, domain, message))
