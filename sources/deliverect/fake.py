"""A stand-in for Deliverect's orders and products: a token asked for in JSON, filters and pages as Eve has them."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette

from sources.deliverect.fake_seed import named, stamp
from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, changed, naive, serve
from sources.estate.state import instant, open_state
from sources.estate.world import World

STREAMS = {"orders": "order", "products": "product"}
CREDENTIALS = {"DELIVERECT_CLIENT_ID": "estate-deliverect", "DELIVERECT_CLIENT_SECRET": "estate-deliverect-secret"}
_KNOWN = {"where", "sort", "page", "max_results"}


def _said(code: int, message: str) -> dict[str, Any]:
    return {"_status": "ERR", "_error": {"code": code, "message": message}}


SAYS = {"throttled": _said(429, "Rate limit exceeded"), "error": _said(500, "Internal server error")}


def seed(world: World, path: Path) -> None:
    """Write the account's state."""
    seed_part(world, "deliverect", path)


def app(path: Path, faults: Any) -> Starlette:
    """The account at `path`; `faults` answers active(name) and spend(name)."""
    issued: set[str] = set()
    token, admit = partial(_token, issued, count(1)), partial(_admit, issued)
    return serve(path, faults, admit, {"/orders": _orders, "/products": _products}, {"/oauth/token": token})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change an order or a product: the given fields, or a harmless one."""
    second = naive(at).replace(microsecond=0)
    own = {**(fields or {"_etag": named("etag", instant(at))}), "_updated": stamp(second)}
    changed(path, STREAMS[stream], key, second, own)


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Take a product off the menu of its location: the next list is without it, and nothing tells."""
    with closing(open_state(path)) as connection:
        connection.execute("delete from objects where type = ? and id = ?", (STREAMS[stream], key))


def _token(issued: set[str], serial: Any, ask: Ask) -> dict[str, Any]:
    sent = ask.sent or {}
    if (sent.get("client_id"), sent.get("client_secret")) != tuple(CREDENTIALS.values()) or sent[
        "grant_type"
    ] != "token":
        raise Refused(401, _said(401, "Unauthorized"))
    token = f"estate-deliverect-{next(serial)}"
    issued.add(token)
    return {"access_token": token, "expires_in": 86_400, "token_type": "Bearer"}


def _admit(issued: set[str], ask: Ask) -> None:
    token = ask.asked.get("authorization", "").removeprefix("Bearer ")
    if token not in issued or ask.faults.spend("expired_token") is not None:
        raise Refused(401, _said(401, "Please provide proper credentials"))
    if ask.faults.active("missing_scope") is not None:
        raise Refused(403, _said(403, "Forbidden"))


def _orders(ask: Ask) -> dict[str, Any]:
    where, values = "1", []
    if "where" in ask.given:
        since = datetime.fromisoformat(orjson.loads(ask.given["where"])["_updated"]["$gte"]).astimezone(UTC)
        where, values = "updated_at >= ?", [instant(since)]
    return _page(ask, "order", where, values)


def _products(ask: Ask) -> dict[str, Any]:
    """Of all locations; `where` knows the account and the location alone, by which nobody asks here."""
    if "where" in ask.given:
        raise _invalid("where")
    return _page(ask, "product", "1", [])


def _page(ask: Ask, kind: str, where: str, values: list[str]) -> dict[str, Any]:
    if set(ask.given) - _KNOWN:
        raise _invalid("parameter")
    size, page = ask.whole("max_results", 25, 1, 500, _invalid), ask.whole("page", 1, 1, 10**6, _invalid)
    if page > 1 and ask.faults.spend("repeating_cursor") is not None:
        page = 1
    order = "json_extract(body, '$._created'), id"
    found, total = ask.select(kind, where, tuple(values), order, size, (page - 1) * size)
    return {"_items": found, "_links": {}, "_meta": {"page": page, "max_results": size, "total": total}}


def _invalid(name: str) -> Refused:
    return Refused(400, _said(400, f"Invalid {name}"))
