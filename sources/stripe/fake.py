"""A stand-in for a Stripe account: list, retrieve and events endpoints over HTTP, stateful, strict about parameters.

What it answers belongs here; the account's first day is in fake_seed.py, failures of the network in the estate.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sources.estate.state import Stored, count, get, instant, list_objects, open_state, put, remove
from sources.stripe.fake_balance import move
from sources.stripe.fake_seed import API_VERSION, HORIZON, MOVED, event, seed
from sources.stripe.fake_settled import epoch, refund

__all__ = ["STREAMS", "app", "delete", "seed", "touch"]

KEY = "estate-stripe-key"
STREAMS = {
    "customers": "customer",
    "charges": "charge",
    "refunds": "refund",
    "disputes": "dispute",
    "payouts": "payout",
    "balance_transactions": MOVED,
}
SAYS = {
    "throttled": {"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many requests"}},
    "error": {"error": {"type": "api_error", "message": "An unknown error occurred"}},
}
CREDENTIALS = {"STRIPE_KEY": KEY}
_LISTS = {
    "/v1/customers": ("customer", "rak_customer_read", {"email"}),
    "/v1/charges": ("charge", "rak_charge_read", {"customer"}),
    "/v1/refunds": ("refund", "rak_charge_read", {"charge"}),
    "/v1/disputes": ("dispute", "rak_dispute_read", {"charge"}),
    "/v1/payouts": ("payout", "rak_payout_read", {"status"}),
    "/v1/balance_transactions": (MOVED, "rak_balance_read", {"payout"}),
    "/v1/events": ("event", "rak_event_read", {"type", "types"}),
}
_FILTERS = ("email", "customer", "charge", "status")
_BOUNDS = {"gt": (1, None), "gte": (0, None), "lt": (None, -1), "lte": (None, 0)}
_CREATED = re.compile(r"created(?:\[(gt|gte|lt|lte)\])?")


class Refused(Exception):
    """A request that Stripe would answer with an error: HTTP status and the error object."""

    def __init__(self, status: int, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status, self.error = status, {"message": message, "type": "invalid_request_error", **details}


def app(path: Path, faults: Any) -> Starlette:
    """The account at `path` as an ASGI app. `faults` answers active(name) and spend(name)."""
    opened: list[sqlite3.Connection] = []

    def state() -> sqlite3.Connection:
        if not opened:
            opened.append(open_state(path))
        return opened[0]

    async def listed(request: Request) -> Response:
        kind, permission, filters = _LISTS[request.url.path]
        _admit(request, permission, faults)
        return _reply(_list(state(), kind, request, filters, faults))

    async def customer(request: Request) -> Response:
        _admit(request, "rak_customer_read", faults)
        key = request.path_params["customer"]
        found = get(state(), "customer", key)
        if found is None:
            raise Refused(404, f"No such customer: '{key}'", code="resource_missing", param="id")
        return _reply({"id": key, "object": "customer", "deleted": True} if found.deleted else found.body)

    routes = [Route(path, listed) for path in _LISTS] + [Route("/v1/customers/{customer}", customer)]
    return Starlette(routes=routes, exception_handlers={Refused: _refused, HTTPException: _unknown})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change an object: the given fields, or a harmless one; an event says so. More refunded is one more refund."""
    kind = STREAMS[stream]
    with closing(open_state(path)) as connection:
        stored = get(connection, kind, key)
        text = f"changed {instant(at)}"
        if kind == MOVED:
            _move_again(connection, key, at, {"description": text, **fields})
            return
        fields = fields or ({"metadata": {"note": text}} if kind in ("refund", "dispute") else {"description": text})
        before = {name: stored.body.get(name) for name in fields}
        body = {**stored.body, **fields}
        put(connection, kind, [(key, stored.updated_at, body)])
        _record(connection, _happened(kind, fields), body, at, before)
        if (back := body.get("amount_refunded", 0) - stored.body.get("amount_refunded", 0)) > 0:
            made = refund(body, back, at, count(connection, "refund") + 2)
            put(connection, "refund", [(made["id"], at.replace(microsecond=0), made)])
            moved, _ = move(made["balance_transaction"], "refund", made, at, sign=-1)
            put(connection, MOVED, [(moved["id"], at.replace(microsecond=0), moved)])


def _move_again(connection: sqlite3.Connection, key: str, at: datetime, fields: dict[str, Any]) -> None:
    """A movement does not change: what is touched of it is when it was made, also as part of its payout."""
    of = [row[0] for row in connection.execute("select type from objects where id = ?", (key,))]
    body = get(connection, MOVED, key).body | {**fields, "created": epoch(at)}
    for kind in of:
        put(connection, kind, [(key, at.replace(microsecond=0), body)])


def _happened(kind: str, fields: dict[str, Any]) -> str:
    """The event's type. In this API version the refund of a card has none of its own when it is made."""
    if kind in ("refund", "dispute"):
        return f"charge.{kind}.updated"
    return f"{kind}.refunded" if "amount_refunded" in fields else f"{kind}.updated"


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Delete a customer: it leaves the list, answers `deleted: true` by its id, and an event says so."""
    kind = STREAMS[stream]
    with closing(open_state(path)) as connection:
        stored = get(connection, kind, key)
        remove(connection, kind, key, at)
        _record(connection, f"{kind}.deleted", stored.body, at)


def _record(
    connection: sqlite3.Connection, kind: str, body: dict[str, Any], at: datetime, before: dict[str, Any] | None = None
) -> None:
    put(connection, "event", [event(count(connection, "event") + 1, kind, body, at, before)])


def _admit(request: Request, permission: str, faults: Any) -> None:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not given:
        raise Refused(401, "You did not provide an API key.")
    if given != KEY:
        raise Refused(401, f"Invalid API Key provided: {'*' * 8}{given[-4:]}")
    if faults.spend("expired_token") is not None:
        raise Refused(401, f"Expired API Key provided: {'*' * 8}{given[-4:]}", code="api_key_expired")
    missing = faults.active("missing_scope")
    if missing is not None and missing.get("scope", "rak_event_read") == permission:
        problem = "does not have the required permissions for this endpoint on account 'acct_1Estate'"
        raise Refused(
            403,
            f"The provided key {problem}. Having the '{permission}' permission would allow this request to continue.",
        )
    version = request.headers.get("stripe-version", API_VERSION)
    if version != API_VERSION:
        raise Refused(400, f"Invalid Stripe API version: {version}")


def _list(
    connection: sqlite3.Connection, kind: str, request: Request, filters: set[str], faults: Any
) -> dict[str, Any]:
    given = _parameters(request, filters)
    limit = _whole(given.get("limit", "10"), "limit")
    if not 1 <= limit <= 100:
        raise Refused(400, "This value must be between 1 and 100.", param="limit")
    lower, upper = _created(given)
    if kind == "event":
        lower = max(lower or "", instant(_now(connection) - HORIZON))
    behind, kind = given.get("starting_after"), f"{kind} {given['payout']}" if "payout" in given else kind
    place = None if behind is None or faults.spend("repeating_cursor") is not None else _place(connection, kind, behind)
    keep = _filter(kind, given)
    rows: list[Stored] = []
    while len(rows) <= limit:
        found = list_objects(
            connection,
            kind,
            after=place,
            limit=limit + 1 if keep is None else 1_000,
            updated_from=lower,
            updated_to=upper,
            order="updated_at",
            descending=True,
        )
        rows += found if keep is None else [row for row in found if keep(row.body)]
        if keep is None or len(found) < 1_000:
            break
        place = (found[-1].updated_at, found[-1].id)
    data = [row.body for row in rows[:limit]]
    return {"object": "list", "data": data, "has_more": len(rows) > limit, "url": request.url.path}


def _parameters(request: Request, filters: set[str]) -> dict[str, Any]:
    """The query as Stripe reads it; a parameter that the endpoint does not know is an error, as it is there."""
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name == "types[]":
            given.setdefault("types", []).append(value)
        elif name in {"limit", "starting_after", *filters} or _CREATED.fullmatch(name):
            given[name] = value
        else:
            raise Refused(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
    if "types" in given and ("type" in given or len(given["types"]) > 20):
        raise Refused(400, "Pass either `type` or at most 20 `types`.", param="types")
    if "types" in given and "types" not in filters:
        raise Refused(400, "Received unknown parameter: types", code="parameter_unknown", param="types")
    return given


def _created(given: dict[str, Any]) -> tuple[str | None, str | None]:
    """Both bounds of the creation time, inclusive, as the state writes them."""
    lower, upper = [], []
    for name, value in given.items():
        if not (found := _CREATED.fullmatch(name)):
            continue
        second = _whole(value, "created")
        above, below = _BOUNDS[found[1]] if found[1] else (0, 0)
        lower += [] if above is None else [second + above]
        upper += [] if below is None else [second + below]
    return (_instant(max(lower)) if lower else None, _instant(min(upper)) if upper else None)


def _filter(kind: str, given: dict[str, Any]) -> Callable[[dict[str, Any]], bool] | None:
    if kind == "event":
        types = set(given.get("types") or filter(None, [given.get("type")]))
        return (lambda body: body["type"] in types) if types else None
    for name in _FILTERS:
        if name in given:
            return lambda body: body[name] == given[name]
    return None


def _place(connection: sqlite3.Connection, kind: str, key: str) -> tuple[str, str]:
    """Where an object stands in its list, deleted ones too."""
    found = get(connection, kind, key)
    if found is None:
        raise Refused(400, f"No such {kind}: '{key}'", code="resource_missing", param="starting_after")
    return _instant(found.body["created"]), key


def _now(connection: sqlite3.Connection) -> datetime:
    """The account's clock: that of its newest object."""
    newest = connection.execute("select max(updated_at) from objects where type in ('account', 'event')").fetchone()[0]
    return datetime.fromisoformat(newest)


def _whole(text: str, name: str) -> int:
    if not re.fullmatch(r"-?\d+", text):
        raise Refused(400, f"Invalid integer: {text}", param=name)
    return int(text)


def _instant(second: int) -> str:
    return instant(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second))


def _reply(body: Any, status: int = 200) -> Response:
    headers = {"stripe-version": API_VERSION, "request-id": "req_estate"}
    return Response(orjson.dumps(body), status, headers, "application/json")


async def _refused(request: Request, refused: Refused) -> Response:
    return _reply({"error": refused.error}, refused.status)


async def _unknown(request: Request, error: HTTPException) -> Response:
    problem = f"Unrecognized request URL ({request.method}: {request.url.path})."
    return _reply({"error": {"message": problem, "type": "invalid_request_error"}}, error.status_code)
