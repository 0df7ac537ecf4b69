"""A stand-in for ShipHero: GraphQL that answers 200 to everything it can read, connections inside a result, credits."""

from __future__ import annotations

from base64 import b64decode, b64encode
from contextlib import closing
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from typing import Any

import orjson
from graphql import GraphQLError, build_schema, execute_sync, parse, validate
from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, changed, naive, serve
from sources.estate.state import get, instant, open_state
from sources.estate.world import World
from sources.records import to_utc
from sources.shiphero.fake_schema import SDL
from sources.shiphero.fake_seed import stamp

STREAMS = {
    "products": "product",
    "stock": "stock",
    "movements": "movement",
    "orders": "order",
    "shipments": "shipment",
}
CREDENTIALS = {"SHIPHERO_REFRESH_TOKEN": "v1.estate-shiphero"}
SCHEMA = build_schema(SDL)
# Each list: what it shows, and the filter that it knows.
LISTS = {
    "products": ("product", "updated_from"),
    "warehouse_products": ("stock", ""),
    "inventory_changes": ("movement", "date_from"),
    "orders": ("order", "updated_from"),
    "shipments": ("shipment", "date_from"),
}
_STAMPED = {"movement": "created_at", "shipment": "created_date"}


def _said(code: int, message: str, **more: Any) -> dict[str, Any]:
    return {
        "errors": [{"message": message, "request_id": "5da7dc13f3079f0def208711", "code": code, **more}],
        "data": None,
    }


SAYS = {"error": _said(1, "Internal error")}


def seed(world: World, path: Path) -> None:
    """Write the warehouse's state."""
    seed_part(world, "shiphero", path)


def app(path: Path, faults: Any) -> Starlette:
    """The warehouse at `path`; `faults` answers active(name) and spend(name)."""
    issued: set[str] = set()
    serial = count(1)

    def token(ask: Ask) -> dict[str, Any]:
        if (ask.sent or {}).get("refresh_token") != CREDENTIALS["SHIPHERO_REFRESH_TOKEN"]:
            raise Refused(401, {"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."})
        access = f"jwt-estate-{next(serial)}"
        issued.add(access)
        return {"access_token": access, "expires_in": 2_419_200, "token_type": "Bearer", "scope": "email profile"}

    def admit(ask: Ask) -> None:
        known = ask.asked.get("authorization", "").removeprefix("Bearer ") in issued
        if not known or ask.faults.spend("expired_token") is not None:
            raise Refused(401, {"code": "invalid_header", "description": "Unable to parse authentication token."})
        if ask.faults.active("missing_scope") is not None:
            raise Refused(403, _said(9, "Not authorized"))

    return serve(path, faults, admit, {"POST /graphql": _graphql}, {"/auth/refresh": token})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given fields, or a harmless one; a shipment keeps its day, a movement is booked anew."""
    kind, second = STREAMS[stream], naive(at).replace(microsecond=0)
    harmless = {
        "product": {"name": f"looked at {second:%H:%M:%S}"},
        "stock": {"backorder": second.hour * 60 + second.minute},
        "movement": {"reason": f"counted {second:%H:%M:%S}"},
        "order": {"fulfillment_status": f"checked {second:%H:%M:%S}"},
        "shipment": {"profile": f"looked at {stamp(second)}"},
    }
    own = fields or harmless[kind]
    if kind == "shipment":
        with closing(open_state(path)) as connection:
            second = to_utc(get(connection, kind, key).updated_at)
    changed(path, kind, key, second, {**own, _STAMPED.get(kind, "updated_at"): stamp(second)})


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Delete a product or its place in the warehouse: gone, and nothing tells."""
    with closing(open_state(path)) as connection:
        connection.execute("delete from objects where type = ? and id = ?", (STREAMS[stream], key))


@lru_cache(maxsize=64)
def _document(text: str) -> tuple[Any, list[GraphQLError]]:
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, [error]
    return document, validate(SCHEMA, document)


def _graphql(ask: Ask) -> dict[str, Any]:
    document, wrong = _document((ask.sent or {}).get("query") or "")
    if wrong:
        raise Refused(400, {"errors": [error.formatted for error in wrong]})
    if ask.faults.spend("throttled") is not None:
        message = "There are not enough credits to perform the requested operation"
        return _said(30, message, required_credits=101, remaining_credits=4, time_remaining="1 seconds")
    roots = {name: partial(_list, ask, *one) for name, one in LISTS.items()} | {"order": partial(_order, ask)}
    result = execute_sync(SCHEMA, document, roots, variable_values=ask.sent.get("variables"))
    if result.errors:
        return {"errors": [{**error.formatted, "code": 3} for error in result.errors], "data": None}
    return {"data": result.data}


def _list(ask: Ask, kind: str, known: str, info: Any, **asked: Any) -> dict[str, Any]:
    """A result: what it costs, and a connection for which the page is asked inside."""
    since = asked.get(known)

    def connection(info: Any, first: int = 100, after: str | None = None) -> dict[str, Any]:
        if after and ask.faults.spend("repeating_cursor") is not None:
            after = None
        behind = int(b64decode(after)) if after else 0
        where, values = "rowid > ?", [behind]
        if since:
            at = datetime.fromisoformat(since)
            where, values = f"{where} and updated_at > ?", [*values, instant(at.astimezone(UTC) if at.tzinfo else at)]
        rows = ask.state.execute(
            f"select rowid, body from objects where type = ? and deleted = 0 and {where} order by rowid limit ?",
            (kind, *values, first + 1),
        ).fetchall()
        return _connection([(number, _told(orjson.loads(body))) for number, body in rows], first)

    return {"request_id": "5da7dc13f3079f0def208711", "complexity": 101, "data": connection}


def _order(ask: Ask, info: Any, id: str | None = None) -> dict[str, Any]:
    stored = get(ask.state, "order", id or "")
    return {"complexity": 1, "data": _told(stored.body) if stored else None}


def _told(body: dict[str, Any]) -> dict[str, Any]:
    """A record whose lines, if it has any, are asked for in pages."""
    lines = list(enumerate(body["line_items"], 1)) if "line_items" in body else None

    def connection(info: Any, first: int = 100, after: str | None = None) -> dict[str, Any]:
        behind = int(b64decode(after)) if after else 0
        return _connection(lines[behind : behind + first + 1], first)

    return body if lines is None else {**body, "line_items": connection}


def _connection(rows: list[tuple[int, dict[str, Any]]], first: int) -> dict[str, Any]:
    """A page of what is there, one more of which was looked up to know whether it goes on."""
    shown = rows[:first]
    end = b64encode(str(shown[-1][0]).encode()).decode() if shown else None
    return {
        "pageInfo": {"hasNextPage": len(rows) > first, "endCursor": end},
        "edges": [{"node": one} for _, one in shown],
    }
