"""A stand-in for Uber Eats: stores by cursor, a menu in one answer, orders that are listed until they are accepted."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, changed, naive, serve
from sources.estate.state import get, instant, open_state
from sources.estate.world import World

STREAMS = {"stores": "store", "menu_items": "item", "orders": "order"}
CREDENTIALS = {
    "UBEREATS_LOGIN_ENDPOINT": "{endpoint}",
    "UBEREATS_CLIENT_ID": "estate-ubereats",
    "UBEREATS_CLIENT_SECRET": "estate-ubereats-secret",
}
_WAITS = "json_extract(body, '$.current_state') = 'CREATED'"


def _said(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "message": message}


SAYS = {
    "throttled": _said("rate_limited", "Too many requests"),
    "error": _said("internal_server_error", "An unexpected error has occurred"),
}


def seed(world: World, path: Path) -> None:
    """Write the service's state."""
    seed_part(world, "ubereats", path)


def app(path: Path, faults: Any) -> Starlette:
    """The service at `path`; `faults` answers active(name) and spend(name)."""
    issued: set[str] = set()
    routes = {
        "/v1/eats/stores": _stores,
        "/v2/eats/stores/{store}/menus": _menu,
        "/v1/eats/stores/{store}/created-orders": _waiting,
        "/v2/eats/order/{order}": _order,
    }
    token = partial(_token, issued, count(1))
    return serve(path, faults, partial(_admit, issued), routes, {"/oauth/v2/token": token})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given fields, or a harmless one."""
    when = instant(naive(at))
    harmless = {"store": {"web_url": f"https://estate.example/{when}"}, "item": {"tax_info": {"seen": when}}}
    changed(
        path, STREAMS[stream], key, naive(at), fields or harmless.get(STREAMS[stream], {"external_reference_id": when})
    )


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Take a store with all that is its own, or an item of a menu, away: it is gone, and nothing tells."""
    with closing(open_state(path)) as connection:
        connection.execute("delete from objects where type = ? and id = ?", (STREAMS[stream], key))
        if stream == "stores":
            connection.execute("delete from objects where ? in (body ->> '$.store', body ->> '$.store.id')", (key,))


def _token(issued: set[str], serial: Any, ask: Ask) -> dict[str, Any]:
    given = {name: values[0] for name, values in parse_qs(ask.form.decode()).items()}
    if (given.get("client_id"), given.get("client_secret")) != tuple(CREDENTIALS.values())[1:] or not given.get(
        "scope"
    ):
        raise Refused(401, {"error": "invalid_client"})
    token = f"estate-ubereats-{next(serial)}"
    issued.add(token)
    return {"access_token": token, "expires_in": 2_592_000, "token_type": "Bearer", "scope": given["scope"]}


def _admit(issued: set[str], ask: Ask) -> None:
    token = ask.asked.get("authorization", "").removeprefix("Bearer ")
    if token not in issued or ask.faults.spend("expired_token") is not None:
        raise Refused(401, _said("unauthorized", "Invalid OAuth 2.0 credentials provided."))
    if ask.faults.active("missing_scope") is not None:
        raise Refused(403, _said("forbidden", "Your application does not have permission"))


def _stores(ask: Ask) -> dict[str, Any]:
    size = ask.whole("limit", 50, 1, 900, lambda name: Refused(400, _said("invalid_param", name)))
    found, total = ask.select("store", "id > ?", (ask.given.get("start_key", ""),), "id", size)
    following = orjson.loads(orjson.dumps(found[-1]))["store_id"] if total > size else ""
    return {"next_key": following, "stores": found}


def _menu(ask: Ask) -> dict[str, Any]:
    """The store's whole menu; that an item is of this store its address says, not the item."""
    of_store = "json_extract(body, '$.store') = ?"
    rows = [orjson.loads(orjson.dumps(one)) for one in ask.select("item", of_store, (ask.path["store"],))[0]]
    items = [{name: value for name, value in row.items() if name != "store"} for row in rows]
    category = {"id": "all", "entities": [{"id": one["id"]} for one in items]}
    return {"menus": [{"id": "day", "category_ids": ["all"]}], "categories": [category], "items": items,
            "modifier_groups": []}  # fmt: skip


def _waiting(ask: Ask) -> dict[str, Any]:
    of_store = f"{_WAITS} and json_extract(body, '$.store.id') = ?"
    rows = [orjson.loads(orjson.dumps(one)) for one in ask.select("order", of_store, (ask.path["store"],))[0]]
    return {"orders": [{name: row[name] for name in ("id", "current_state", "placed_at")} for row in rows]}


def _order(ask: Ask) -> dict[str, Any]:
    found = get(ask.state, "order", ask.path["order"])
    if found is None:
        raise Refused(404, _said("not_found", "Order not found"))
    return found.body
