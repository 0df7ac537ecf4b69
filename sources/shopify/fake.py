"""A stand-in for a Shopify shop: Admin GraphQL over HTTP, stateful, with Shopify's own throttling and errors.

What it answers belongs here; the schema, the query engine and the shop's first day are in the fake_* modules beside it.
"""

from __future__ import annotations

import base64
import re
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sources.estate.state import get, instant, list_objects, open_state, put, remove
from sources.shopify.fake_fields import RESOLVERS, item
from sources.shopify.fake_query import Prepared, Refused, prepare
from sources.shopify.fake_schema import VERSION
from sources.shopify.fake_seed import GIDS, LOCATIONS, PRICE_LIST, seed

__all__ = ["STREAMS", "app", "delete", "merge_customers", "seed", "touch"]

TOKEN = "estate-shopify-token"
SCOPES = (
    *("read_customers", "read_products", "read_inventory", "read_locations"),
    *("read_orders", "read_all_orders", "read_returns"),
)
STREAMS = {
    "customers": "customer",
    "products": "product",
    "variants": "variant",
    "price_lists": "price",
    "inventory_levels": "level",
    "orders": "order",
    "refunds": "refund",
    "transactions": "transaction",
    "returns": "return",
}
SAYS = {"error": {"errors": [{"message": "Internal error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}}
CREDENTIALS = {"SHOPIFY_TOKEN": "estate-shopify-token"}
_KINDS = {"customers": "customer", "products": "product", "productVariants": "variant", "orders": "order"}
_NEEDS = {
    "customers": "read_customers",
    "customersCount": "read_customers",
    "orders": "read_orders",
    "ordersCount": "read_orders",
    "order": "read_orders",
    "refund": "read_orders",
    "return": "read_returns",
    "products": "read_products",
    "productsCount": "read_products",
    "productVariants": "read_products",
    "productVariantsCount": "read_products",
    "priceLists": "read_products",
    "priceList": "read_products",
    "inventoryItems": "read_inventory",
    "inventoryItem": "read_inventory",
    "locations": "read_locations",
    "location": "read_locations",
}
_SUBJECTS = {"customer": "CUSTOMER", "product": "PRODUCT", "order": "ORDER"}
_TERM = re.compile(r"(\w+):(>=|<=|>|<)?'?([^']*)'?")
_COMPARED = {"id": "id", "updated_at": "substr(updated_at, 1, 19)", "created_at": "substr(updated_at, 1, 19)"}
LIST_CAP = 25_000
OF_ORDER = {"refund": "note", "transaction": "paymentId", "return": "name"}  # and a text in each that may change


def app(path: Path, faults: Any, points: float = 20_000, restore_per_s: float = 1_000) -> Starlette:
    """The shop at `path` as an ASGI app, by default on the Plus plan. `faults` answers active(name) and spend(name)."""
    shop = _Shop(path, faults, points, restore_per_s)

    async def graphql(request: Request) -> Response:
        if request.headers.get("x-shopify-access-token") != TOKEN or faults.spend("expired_token") is not None:
            problem = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return _reply({"errors": problem}, 401)
        if "json" not in request.headers.get("content-type", ""):
            return _reply({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        asked = orjson.loads(await request.body())
        return _reply(shop.answer(asked.get("query") or "", asked.get("variables") or {}))

    return Starlette(routes=[Route("/admin/api/{version}/graphql.json", graphql, methods=["POST"])])


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the body's `fields`, or just a harmless one; its update time becomes `at`, its order's too."""
    with _opened(path) as state:
        kind = STREAMS[stream]
        stored = get(state, kind, key)
        put(state, kind, [(key, at, {**stored.body, **(fields or _harmless(kind, at))})])
        if kind in OF_ORDER:
            order = key[:-2]
            put(state, "order", [(order, at, get(state, "order", order).body)])


def _harmless(kind: str, at: datetime) -> dict[str, Any]:
    """A change that is another one at another time."""
    number = int(at.timestamp()) // 60 % 100_000
    if kind == "price":
        return {"compareAtPrice": {"amount": f"{number}.00", "currencyCode": "EUR"}}
    if kind == "level":
        return {"quantities": {"available": number, "on_hand": number}}
    if kind in OF_ORDER:
        return {OF_ORDER[kind]: f"touched {number}"}
    return {"position": number} if kind == "variant" else {"tags": [f"touched {number}"]}


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Delete a record; a product takes its variants along, a variant its price and levels, an order its refunds."""
    with _opened(path) as state:
        remove(state, STREAMS[stream], key, at)
        gone = [key] if stream == "variants" else []
        if stream == "orders":
            for below in OF_ORDER:
                state.execute(
                    "update objects set deleted = 1 where type = ? and substr(id, 1, length(id) - 2) = ?", (below, key)
                )
        if stream == "products":
            gone = [variant.id for variant in list_objects(state, "variant") if variant.body["productId"] == key]
        for variant in gone:
            remove(state, "variant", variant, at)
            remove(state, "price", f"{PRICE_LIST}-{variant}", at)
            for location in LOCATIONS:
                remove(state, "level", f"{variant}-{location}", at)


def merge_customers(path: Path, kept: str, gone: str, at: datetime) -> None:
    """Merge one customer into another: the kept one changes, the other is destroyed."""
    touch(path, "customers", kept, at, tags=["merged"])
    delete(path, "customers", gone, at)


class _Shop:
    """The shop's answers and its bucket of cost points."""

    def __init__(self, path: Path, faults: Any, points: float, restore_per_s: float) -> None:
        self.path, self.faults = path, faults
        self.maximum, self.restore = float(points), float(restore_per_s)
        self.available, self.at = self.maximum, time.monotonic()
        self._state: sqlite3.Connection | None = None
        self._memory: dict[tuple[str, str], dict | None] = {}

    @property
    def state(self) -> sqlite3.Connection:
        if self._state is None:
            self._state = open_state(self.path)
        return self._state

    def answer(self, text: str, variables: dict[str, Any]) -> dict[str, Any]:
        self._memory = {}
        try:
            prepared = prepare(text, variables, RESOLVERS)
        except Refused as refused:
            return {"errors": refused.errors}
        now = time.monotonic()
        self.available = min(self.maximum, self.available + (now - self.at) * self.restore)
        self.at = now
        if self.faults.spend("throttled") is not None or prepared.cost > self.available:
            detail = {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"}
            throttled = {"message": "Throttled", "extensions": detail}
            return {"errors": [throttled], "extensions": self._cost(prepared, None)}
        denied = self._denied(prepared)
        data, errors, used = {}, [], 0
        for field in prepared.fields:
            if field.name in denied:
                errors.append(_access_denied(field.key, field.name))
                data[field.key] = None
                continue
            value = ROOTS[field.name](self, field.name, field.arguments)
            if isinstance(value, dict):
                used += len(value.get("nodes", ()))
            data[field.key] = field.project(value, self) if field.project and value is not None else value
        actual = min(prepared.cost, max(1, prepared.cost * used // 250))
        self.available -= actual
        body = {"data": data, "extensions": self._cost(prepared, actual)}
        return {"errors": errors, **body} if errors else body

    def scopes(self) -> list[str]:
        fault = self.faults.active("missing_scope")
        return [scope for scope in SCOPES if fault is None or scope != fault.get("scope", "read_all_orders")]

    def one(self, kind: str, key: str) -> dict[str, Any] | None:
        """A live object as the wire shows it, remembered while one request lasts."""
        if (kind, key) not in self._memory:
            found = get(self.state, kind, key)
            self._memory[kind, key] = _shown(kind, found) if found and not found.deleted else None
        return self._memory[kind, key]

    def page(self, kind: str, arguments: dict[str, Any], extra: str = "", values: tuple = ()) -> dict[str, Any]:
        """A relay connection over the stored objects, in order of id or last update."""
        by_update = arguments.get("sortKey") == "UPDATED_AT"
        keys, first = ("updated_at", "id") if by_update else ("id",), arguments.get("first", 10)
        where, bound = _search(arguments.get("query"))
        after, read = arguments.get("after"), 0
        stuck = after is not None and self.faults.spend("repeating_cursor") is not None
        if after and not stuck:
            read, *last = orjson.loads(base64.b64decode(after))
            where += f" and ({', '.join(keys)}) > ({', '.join('?' * len(keys))})"
            bound += last
        if kind == "order" and "read_all_orders" not in self.scopes():
            where += " and updated_at >= ?"
            bound.append(self._sixty_days_ago())
        rows = self.state.execute(
            f"select id, updated_at, body, deleted from objects where type = ? and deleted = 0 {where} {extra}"
            f" order by {', '.join(keys)} limit ?",
            (kind, *bound, *values, first + 1),
        ).fetchall()
        # Shopify pages through so many objects and no further.
        more, rows = stuck or (len(rows) > first and read + first < LIST_CAP), rows[:first]
        nodes = [_wire(kind, *row[:3]) for row in rows]
        last = (rows[-1][1::-1] if by_update else rows[-1][:1]) if rows else ()
        end = base64.b64encode(orjson.dumps([read + len(rows), *last])).decode() if rows else None
        return {
            "nodes": nodes,
            "pageInfo": {
                "hasNextPage": more,
                "hasPreviousPage": after is not None,
                "startCursor": None,
                "endCursor": after if stuck else end,
            },
        }

    def count(self, kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
        where, bound = _search(arguments.get("query"))
        if kind == "order" and "read_all_orders" not in self.scopes():
            where += " and updated_at >= ?"
            bound.append(self._sixty_days_ago())
        sql = f"select count(*) from objects where type = ? and deleted = 0 {where}"
        found = self.state.execute(sql, (kind, *bound)).fetchone()[0]
        limit = min(arguments.get("limit") or LIST_CAP, LIST_CAP)
        if found > limit:
            return {"count": limit + (limit == LIST_CAP), "precision": "AT_LEAST"}
        return {"count": found, "precision": "EXACT"}

    def destroyed(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Events of deletion, told from the objects that are marked as deleted."""
        terms = dict((found[1], found[3]) for found in _terms(arguments.get("query")))
        kinds = [kind for kind, subject in _SUBJECTS.items() if subject == terms.get("subject_type", subject)]
        since = f"{terms.get('created_at', '')[:19]}"
        last = int(base64.b64decode(arguments["after"])) if arguments.get("after") else 0
        rows = self.state.execute(
            f"select rowid, type, id, updated_at from objects where deleted = 1 and substr(updated_at, 1, 19) >= ?"
            f" and type in ({', '.join('?' * len(kinds))}) and rowid > ? order by rowid limit ?",
            (since, *kinds, last, arguments["first"] + 1),
        ).fetchall()
        shown = rows[: arguments["first"]]
        nodes = [
            {
                "id": f"gid://shopify/BasicEvent/{9_000_000_000_000 + row}",
                "action": "destroy",
                "createdAt": f"{at[:19]}Z",
                "subjectId": f"{GIDS[kind]}{key}",
                "subjectType": _SUBJECTS[kind],
            }
            for row, kind, key, at in shown
        ]
        end = base64.b64encode(str(shown[-1][0]).encode()).decode() if shown else None
        info = {"hasNextPage": len(rows) > len(shown), "hasPreviousPage": False, "startCursor": None, "endCursor": end}
        return {"nodes": nodes, "pageInfo": info}

    def _sixty_days_ago(self) -> str:
        newest = self.state.execute("select max(updated_at) from objects where type = 'order'").fetchone()[0]
        return instant(datetime.fromisoformat(newest) - timedelta(days=60))

    def _denied(self, prepared: Prepared) -> set[str]:
        granted = self.scopes()
        return {field.name for field in prepared.fields if _NEEDS.get(field.name, granted[0]) not in granted}

    def _cost(self, prepared: Prepared, actual: int | None) -> dict[str, Any]:
        status = {
            "maximumAvailable": self.maximum,
            "currentlyAvailable": int(self.available),
            "restoreRate": self.restore,
        }
        return {"cost": {"requestedQueryCost": prepared.cost, "actualQueryCost": actual, "throttleStatus": status}}


def _items(shop: _Shop, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    page = shop.page("variant", arguments)
    return {**page, "nodes": [item(variant) for variant in page["nodes"]]}


def _node(shop: _Shop, name: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
    kind = {"priceList": "price_list"}.get(name, name)
    return shop.one(kind, arguments["id"].rpartition("/")[2])


def _locations(shop: _Shop, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The places where anything lies, all on one page."""
    sql = "select distinct body ->> 'location' from objects where type = 'level' order by 1"
    nodes = [orjson.loads(place) for (place,) in shop.state.execute(sql)]
    info = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    return {"nodes": nodes, "pageInfo": info}


def _location(shop: _Shop, name: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
    places = _locations(shop, name, {})["nodes"]
    return next((place for place in places if place["id"] == arguments["id"]), None)


ROOTS: dict[str, Callable[[_Shop, str, dict[str, Any]], Any]] = {
    **{name: lambda shop, name, given: shop.page(_KINDS[name], given) for name in _KINDS},
    **{f"{name}Count": lambda shop, name, given: shop.count(_KINDS[name[:-5]], given) for name in _KINDS},
    "priceLists": lambda shop, name, given: shop.page("price_list", given),
    "priceList": _node,
    "order": _node,
    "refund": _node,
    "return": _node,
    "inventoryItems": _items,
    "inventoryItem": lambda shop, name, given: item(shop.one("variant", given["id"].rpartition("/")[2])),
    "locations": _locations,
    "location": _location,
    "events": lambda shop, name, given: shop.destroyed(given),
    "currentAppInstallation": lambda shop, name, given: {
        "id": "gid://shopify/AppInstallation/1",
        "accessScopes": [{"handle": scope, "description": scope} for scope in shop.scopes()],
    },
}


def _search(query: str | None) -> tuple[str, list[Any]]:
    """A Shopify search as SQL; a term that the shop does not know is an error here, where Shopify would ignore it."""
    where, bound = "", []
    for found in _terms(query):
        field, operator, value = found[1], found[2] or "=", found[3]
        where += f" and {_COMPARED[field]} {operator} ?"
        bound.append(value[:19] if field != "id" else value)
    return where, bound


def _terms(query: str | None) -> list[re.Match]:
    return [_TERM.fullmatch(term.strip()) for term in query.split(" AND ")] if query else []


def _shown(kind: str, stored: Any) -> dict[str, Any]:
    return _wire(kind, stored.id, stored.updated_at, orjson.dumps(stored.body))


def _wire(kind: str, key: str, updated_at: str, body: str | bytes) -> dict[str, Any]:
    """The stored body with what the shop itself keeps: ids, and the update time in whole seconds."""
    shown = orjson.loads(body)
    shown["id"], shown["legacyResourceId"], shown["updatedAt"] = f"{GIDS[kind]}{key}", key, f"{updated_at[:19]}Z"
    return shown


def _access_denied(key: str, name: str) -> dict[str, Any]:
    access = f"`{_NEEDS[name]}` access scope."
    detail = {
        "code": "ACCESS_DENIED",
        "documentation": "https://shopify.dev/api/usage/access-scopes",
        "requiredAccess": access,
    }
    return {
        "message": f"Access denied for {name} field. Required access: {access}",
        "path": [key],
        "extensions": detail,
    }


def _reply(body: dict[str, Any], status: int = 200) -> Response:
    headers = {"x-shopify-api-version": VERSION}
    return Response(orjson.dumps(body), status, headers, media_type="application/json")


class _opened:
    def __init__(self, path: Path) -> None:
        self.state = open_state(path)

    def __enter__(self) -> sqlite3.Connection:
        return self.state

    def __exit__(self, *_: object) -> None:
        self.state.close()
