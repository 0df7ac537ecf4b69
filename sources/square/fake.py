"""A stand-in for Square: searches in a body, cursors, lists of a location, nothing where there is nothing."""

from __future__ import annotations

import base64
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, changed, naive, serve
from sources.estate.state import instant, open_state
from sources.estate.world import World
from sources.square.fake_seed import LOCATIONS, count_key, stamp

STREAMS = {
    "customers": "customer",
    "orders": "order",
    "payments": "payment",
    "items": "item",
    "variations": "variation",
    "taxes": "tax",
    "refunds": "refund",
    "inventory": "count",
    "loyalty_accounts": "loyalty_account",
    "loyalty_events": "event",
}
_CATALOGUE = {"ITEM": "item", "ITEM_VARIATION": "variation", "TAX": "tax"}
_EVER = "1970-01-01T00:00:00Z"
CREDENTIALS = {"SQUARE_TOKEN": "EAAAestate-square"}


def _said(category: str, code: str) -> dict[str, Any]:
    return {"errors": [{"category": category, "code": code, "detail": code.replace("_", " ").capitalize()}]}


SAYS = {
    "throttled": _said("RATE_LIMIT_ERROR", "RATE_LIMITED"),
    "error": _said("API_ERROR", "INTERNAL_SERVER_ERROR"),
}


def seed(world: World, path: Path) -> None:
    """Write the stands' state."""
    seed_part(world, "square", path)


def app(path: Path, faults: Any) -> Starlette:
    """The account at `path`; `faults` answers active(name) and spend(name)."""
    searches = {"POST /v2/customers/search": _customers, "POST /v2/orders/search": _orders}
    searches |= {"POST /v2/catalog/search": _catalogue, "POST /v2/inventory/counts/batch-retrieve": _counts}
    searches |= {"POST /v2/loyalty/accounts/search": _accounts, "POST /v2/loyalty/events/search": _events}
    lists = {"/v2/payments": lambda ask: _paid(ask, "payment"), "/v2/refunds": lambda ask: _paid(ask, "refund")}
    return serve(path, faults, _admit, {"/v2/locations": _locations, **lists, **searches})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given fields, or a harmless one."""
    when = naive(at).replace(microsecond=0)
    if STREAMS[stream] == "count":
        changed(path, "count", key, when, {"quantity": str(when.minute), **fields, "calculated_at": stamp(when)})
        return
    if STREAMS[stream] == "event":  # it never changes; what is touched of it is when it was booked
        changed(path, "event", key, when, {**fields, "created_at": stamp(when)})
        return
    harmless = {"customer": {"reference_id": instant(at)}, "order": {"reference_id": instant(at)}}
    harmless["refund"] = {"reason": instant(at)}
    own = fields or harmless.get(STREAMS[stream], {"version_token": instant(at)})
    if STREAMS[stream] in _CATALOGUE.values():
        own = {**fields, "version": int(at.timestamp() * 1000)}
    changed(path, STREAMS[stream], key, when, {**own, "updated_at": stamp(when)})


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Delete a customer: it is gone, and nothing tells; or what is in the catalogue: it stays, and says that it is."""
    if STREAMS[stream] in _CATALOGUE.values():
        touch(path, stream, key, at, is_deleted=True)
        return
    with closing(open_state(path)) as connection:
        connection.execute("delete from objects where type = ? and id = ?", (STREAMS[stream], key))


def _admit(ask: Ask) -> None:
    known = ask.asked.get("authorization") == f"Bearer {CREDENTIALS['SQUARE_TOKEN']}"
    if not known or not ask.asked.get("square-version") or ask.faults.spend("expired_token") is not None:
        raise Refused(401, _said("AUTHENTICATION_ERROR", "UNAUTHORIZED"))
    if ask.faults.active("missing_scope") is not None:
        raise Refused(403, _said("AUTHENTICATION_ERROR", "INSUFFICIENT_SCOPES"))


def _locations(ask: Ask) -> dict[str, Any]:
    return {"locations": ask.select("location")[0]}


def _customers(ask: Ask) -> dict[str, Any]:
    sent = ask.sent
    since = sent["query"]["filter"]["updated_at"]["start_at"]
    counted = ask.select("customer", "updated_at >= ?", (_instant(since),), limit=0)[1]
    return _page(ask, "customer", since, sent.get("limit", 100), 100, sent.get("cursor")) | {"count": counted}


def _orders(ask: Ask) -> dict[str, Any]:
    """Only of the locations asked for, and only if sorted by what is filtered."""
    query, sent = ask.sent["query"], ask.sent
    if query["sort"]["sort_field"] != "UPDATED_AT" or not sent.get("location_ids"):
        raise _invalid()
    since = query["filter"]["date_time_filter"]["updated_at"]["start_at"]
    return _page(ask, "order", since, sent.get("limit", 500), 1000, sent.get("cursor"), sent["location_ids"][0])


def _catalogue(ask: Ask) -> dict[str, Any]:
    """Of one type. `begin_time` is exclusive, and with it what was deleted is shown whether asked for or not."""
    sent = ask.sent
    kind = _CATALOGUE.get("".join(sent.get("object_types", [])))
    if kind is None:
        raise _invalid()
    shown = (
        "1"
        if sent.get("begin_time") or sent.get("include_deleted_objects")
        else "not json_extract(body, '$.is_deleted')"
    )
    since = sent.get("begin_time", _EVER)
    return _page(
        ask, kind, since, sent.get("limit", 100), 1000, sent.get("cursor"), where=shown, after="~", named="objects"
    )


def _paid(ask: Ask, kind: str) -> dict[str, Any]:
    """Payments or refunds: of the main location and a year unless asked for more."""
    given, year = ask.given, naive(ask.now) - timedelta(days=365)
    since = given.get("updated_at_begin_time") or given.get("begin_time") or stamp(year)
    size = ask.whole("limit", 100, 1, 100, lambda name: _invalid())
    return _page(ask, kind, since, size, 100, given.get("cursor"), given.get("location_id", LOCATIONS[0]))


def _counts(ask: Ask) -> dict[str, Any]:
    """What was calculated after a time, of all variations and locations."""
    sent = ask.sent
    since = sent.get("updated_after", _EVER)
    return _page(ask, "count", since, sent.get("limit", 100), 1000, sent.get("cursor"), after="~")


def _accounts(ask: Ask) -> dict[str, Any]:
    """Every account: the search can ask for customers and telephones, and for no time."""
    return _page(ask, "loyalty_account", _EVER, ask.sent.get("limit", 30), 200, ask.sent.get("cursor"))


def _events(ask: Ask) -> dict[str, Any]:
    """What was booked at a time or after it."""
    asked = ask.sent.get("query", {}).get("filter", {}).get("date_time_filter", {}).get("created_at", {})
    return _page(ask, "event", asked.get("start_at", _EVER), ask.sent.get("limit", 30), 30, ask.sent.get("cursor"))


def _page(
    ask: Ask,
    kind: str,
    since: str,
    size: int,
    most: int,
    cursor: str | None,
    location: str | None = None,
    where: str = "1",
    after: str = "",
    named: str | None = None,
) -> dict[str, Any]:
    """A page from just behind `since` and the key `after`: "" before all keys of that instant, "~" behind them."""
    if not 1 <= size <= most:
        raise _invalid()
    at, key = orjson.loads(base64.b64decode(cursor)) if cursor else (_instant(since), after)
    if cursor and ask.faults.spend("repeating_cursor") is not None:
        at, key = _instant(since), after
    where, values = f"{where} and (updated_at, id) > (?, ?)", [at, key]
    if location:
        where, values = f"{where} and json_extract(body, '$.location_id') = ?", [*values, location]
    found, total = ask.select(kind, where, tuple(values), "updated_at, id", size)
    if not found:
        return {}
    last = orjson.loads(orjson.dumps(found[-1]))
    place = [
        _instant(last.get("updated_at") or last.get("calculated_at") or last["created_at"]),
        last.get("id") or count_key(last),
    ]
    after = base64.b64encode(orjson.dumps(place)).decode()
    return {named or f"{kind}s": found} | ({"cursor": after} if total > size else {})


def _instant(text: str) -> str:
    return instant(datetime.fromisoformat(text).astimezone(UTC))


def _invalid() -> Refused:
    return Refused(400, _said("INVALID_REQUEST_ERROR", "BAD_REQUEST"))
