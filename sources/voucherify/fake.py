"""A stand-in for a Voucherify project: members, cards and their points over HTTP, stateful, strict about parameters.

What it answers belongs here, what was booked on the cards in fake_cards.py, failures of the network in the estate.
Stamps have milliseconds, as there.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sources.estate.appearances import opaque
from sources.estate.state import get, instant, open_state, put, remove, seeding
from sources.estate.world import World
from sources.voucherify.fake_cards import Card, cards_of

APP_ID, APP_TOKEN = "estate-app", "estate-voucherify-token"
STREAMS = {"customers": "customer", "vouchers": "voucher", "points": "points"}
LISTS = ("customers", "vouchers")
SAYS = {
    "throttled": {"code": 429, "key": "too_many_requests", "message": "Too many requests", "details": "Slow down"},
    "error": {"code": 500, "key": "internal_server_error", "message": "Internal server error"},
}
CREDENTIALS = {"VOUCHERIFY_APP_ID": APP_ID, "VOUCHERIFY_APP_TOKEN": APP_TOKEN}
PROGRAMME = {"id": "camp_EstateClub", "name": "Estate Club", "campaign_type": "LOYALTY_PROGRAM", "object": "campaign"}
_CAMPAIGN = {"campaign": PROGRAMME["name"], "campaign_id": PROGRAMME["id"]}
_CREATED = "json_extract(body, '$.created_at')"
_CATEGORY = "json_extract(body, '$.category')"
_INDEXES = (
    f"create index objects_by_creation on objects (type, {_CREATED}, id) where deleted = 0",
    f"create index objects_by_category on objects (type, {_CATEGORY}, {_CREATED}, id) where deleted = 0",
)
_NEXT = ("next_expiration_date", "next_expiration_points")
_BOUND = re.compile(r"(created_at|updated_at)\[(before|after)\]")
_KNOWN = {"customers": {"limit", "page", "order", "starting_after"}, "vouchers": {"limit", "page", "order", "category"}}
_SUMMARY = {
    "redemptions": {"total_redeemed": 0, "total_failed": 0, "total_succeeded": 0, "total_rolled_back": 0},
    "orders": {"total_amount": 0, "total_count": 0, "average_amount": 0, "last_order_amount": 0},
}


class Refused(Exception):
    """A request that Voucherify would answer with an error."""

    def __init__(self, code: int, key: str, message: str, details: str) -> None:
        super().__init__(details)
        self.body = {"code": code, "key": key, "message": message, "details": details, "request_id": "v-estate"}


def seed(world: World, path: Path) -> None:
    """Write the project's state: the world's members and their cards."""
    points = dict(_tuples(world.loyalty, ["customer_key", "points"]))
    cards = list(cards_of(world))
    with seeding(path) as connection:
        put(connection, "customer", _members(world, points))
        put(connection, "voucher", (_card(one) for one in cards))
        put(connection, "points", _points(cards))
        for index in _INDEXES:
            connection.execute(index)


def app(path: Path, faults: Any) -> Starlette:
    """The project at `path` as an ASGI app. `faults` answers active(name) and spend(name)."""
    opened: list[_Project] = []

    def project(request: Request) -> _Project:
        if not opened:
            opened.append(_Project(open_state(path)))
        _admit(request, faults)
        return opened[0]

    async def listed(request: Request) -> Response:
        return _reply(project(request).page(request.path_params["stream"], request.query_params, faults))

    async def programmes(request: Request) -> Response:
        project(request)
        return _reply({"object": "list", "data_ref": "campaigns", "campaigns": [PROGRAMME], "total": 1})

    async def points(request: Request) -> Response:
        return _reply(project(request).points(request.path_params["campaign"], request.query_params, faults))

    async def refused(request: Request, error: Refused) -> Response:
        return _reply(error.body, error.body["code"])

    async def unknown(request: Request, error: HTTPException) -> Response:
        body = {"code": error.status_code, "message": "Not Found", "details": "No such endpoint"}
        return _reply(body, error.status_code)

    routes = [Route("/v1/loyalties", programmes), Route("/v1/campaigns/{campaign}/transactions", points)]
    routes.append(Route("/v1/{stream:str}", listed))
    return Starlette(routes=routes, exception_handlers={Refused: refused, HTTPException: unknown})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given fields, or a harmless one; its update time becomes `at`."""
    with closing(open_state(path)) as connection:
        body = get(connection, STREAMS[stream], key).body
        if stream == "points":  # it never changes; what is touched of it is when it was booked
            put(connection, "points", [(key, _whole_ms(at), {**body, **fields, "created_at": _stamp(at)})])
            return
        fields = fields or {"metadata": {**body.get("metadata", {}), "touched": instant(at)}}
        put(connection, STREAMS[stream], [_stored({**body, **fields}, body["created_at"], at)])


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Delete a record: nothing is left that would tell."""
    with closing(open_state(path)) as connection:
        remove(connection, STREAMS[stream], key, at)


class _Project:
    """Answers from the state; totals are counted once until something changes."""

    def __init__(self, state: sqlite3.Connection) -> None:
        self.state, self._totals, self._version = state, {}, 0

    def page(self, stream: str, given: Mapping[str, str], faults: Any) -> dict[str, Any]:
        if stream not in LISTS:
            raise HTTPException(404)
        _refuse_unknown(stream, given)
        limit, number = _whole(given, "limit", 10, 100), _whole(given, "page", 1, 99)
        field, descending = _order(given)
        where, values = _where(stream, given)
        total = self._total(where, values)
        if given.get("starting_after"):
            where += f" and {_column(field)} {'<' if descending else '>'} ?"
            values = [*values, _bound(field, given["starting_after"])]
        if _continued(given) and faults.spend("repeating_cursor") is not None:
            where, values, number = "type = ? and deleted = 0", [STREAMS[stream]], 1
        order = " desc" if descending else ""
        rows = self.state.execute(
            f"select body from objects where {where} order by {_column(field)}{order}, id{order} limit ? offset ?",
            (*values, limit + 1, (number - 1) * limit),
        ).fetchall()
        data = [orjson.Fragment(row[0]) for row in rows[:limit]]
        more = {"has_more": len(rows) > limit} if stream == "customers" else {}
        return {"object": "list", "data_ref": stream, stream: data, "total": total, **more}

    def points(self, campaign: str, given: Mapping[str, str], faults: Any) -> dict[str, Any]:
        """Changes of balances in the order in which they were booked, behind the one named."""
        if campaign != PROGRAMME["id"] or set(given) - {"limit", "order", "starting_after_id"}:
            raise _invalid("unknown parameter")
        limit, (_, descending) = _whole(given, "limit", 10, 100), _order(given)
        where, values = "type = 'points'", []
        behind = get(self.state, "points", given["starting_after_id"]) if "starting_after_id" in given else None
        if behind and faults.spend("repeating_cursor") is None:
            where, values = (
                f"{where} and (updated_at, id) {'<' if descending else '>'} (?, ?)",
                [behind.updated_at, behind.id],
            )
        order = " desc" if descending else ""
        rows = self.state.execute(
            f"select id, body from objects where {where} order by updated_at{order}, id{order} limit ?",
            (*values, limit + 1),
        ).fetchall()
        shown, more = rows[:limit], len(rows) > limit
        after = {"more_starting_after": shown[-1][0]} if more else {}
        data = [orjson.Fragment(body) for _, body in shown]
        return {"object": "list", "data_ref": "data", "data": data, "has_more": more, **after}

    def _total(self, where: str, values: list[Any]) -> int:
        version = self.state.execute("pragma data_version").fetchone()[0]
        if version != self._version:
            self._totals, self._version = {}, version
        asked = (where, *values)
        if asked not in self._totals:
            counted = self.state.execute(f"select count(*) from objects where {where}", values).fetchone()[0]
            self._totals[asked] = counted
        return self._totals[asked]


def _members(world: World, points: dict[str, int]) -> Iterator[tuple]:
    rows = world.appearances.filter(pc.equal(world.appearances["system"], "voucherify"))
    names = ["key", "full_name", "email", "phone", "birth_on", "street", "city", "zip", "country_code"]
    names += ["loyalty_code", "language", "accepts_marketing", "created_at", "updated_at"]
    for (
        key,
        name,
        email,
        phone,
        born,
        street,
        city,
        code,
        country,
        card,
        language,
        marketing,
        created,
        updated,
    ) in _tuples(rows, names):
        address = {"city": city, "line_1": street, "line_2": None, "postal_code": code, "country": country}
        facts = {"loyalty_code": card, "language": language, "accepts_marketing": marketing}
        balance = points.get(key, 0)
        body = {
            "id": key,
            "source_id": card,
            "object": "customer",
            "name": name,
            "description": None,
            "email": email,
            "phone": phone,
            "birthdate": born.isoformat() if born else None,
            "address": {**address, "state": None} if street or city or code else None,
            "summary": _SUMMARY,
            "loyalty": {"points": balance, "referred_customers": 0, "campaigns": {"Estate Club": {"points": balance}}},
            "referrals": {"total": 0, "campaigns": []},
            "metadata": {name: value for name, value in facts.items() if value is not None},
            "system_metadata": {},
            "assets": {"cockpit_url": f"https://cockpit.example/customers/{key}"},
        }
        yield _stored(body, _stamp(created), updated)


def _card(one: Card) -> tuple:
    """A loyalty card as the platform shows it."""
    points = {"points": one.earned, "balance": one.points, "expired_points": one.expired, "subtracted_points": 0}
    body = {
        "id": one.key,
        "code": one.code,
        **_CAMPAIGN,
        "category": "LOYALTY_CARD",
        "category_id": None,
        "categories": [],
        "type": "LOYALTY_CARD",
        "loyalty_card": {**points, "pending_points": 0, **dict.fromkeys(_NEXT)},
        "start_date": None,
        "expiration_date": None,
        "active": True,
        "additional_info": None,
        "metadata": {},
        "assets": {"qr": {"id": f"qr_{one.key}"}, "barcode": {"id": f"bar_{one.key}"}},
        "is_referral_code": False,
        "holder_id": one.holder,
        "referrer_id": None,
        "object": "voucher",
        "publish": {"object": "list", "count": 1, "url": f"/v1/vouchers/{one.code}/publications"},
        "redemption": {"quantity": None, "redeemed_quantity": one.spent // 100, "redeemed_points": one.spent},
    }
    return _stored(body, _stamp(one.created), one.updated)


def _points(cards: Iterable[Card]) -> Iterator[tuple]:
    """What was booked on each card, oldest first, with the balance after it."""
    for card in cards:
        balance = 0
        for number, (kind, points, at, order, receipt) in enumerate(card.booked()):
            balance += points
            of = {"order": {"id": f"ord_{opaque(order, 0, 16)}", "source_id": order}} if order else {}
            change = {
                "type": "loyalty_card",
                "object": "points",
                "points": points,
                "balance": balance,
                "total": balance,
            }
            by = {"operation_type": "AUTOMATIC", "related_object": {"type": "voucher", "id": card.key}}
            body = {
                "id": f"vtx_{opaque(card.key, number, 24)}",
                "source_id": None,
                "voucher_id": card.key,
                "campaign_id": PROGRAMME["id"],
                "source": "API",
                "reason": receipt and f"Receipt {receipt}",
                "type": kind,
                "details": {"balance": {**change, **by}, **of},
                "related_transaction_id": None,
                "created_at": _stamp(at),
            }
            yield body["id"], _whole_ms(at), orjson.dumps(body)


def _stored(body: dict[str, Any], created: str, updated: datetime) -> tuple[str, datetime, bytes]:
    stamps = {"created_at": created, "updated_at": _stamp(updated)}
    return body["id"], _whole_ms(updated), orjson.dumps({**body, **stamps})


def _whole_ms(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _admit(request: Request, faults: Any) -> None:
    given = (request.headers.get("x-app-id"), request.headers.get("x-app-token"))
    if given != (APP_ID, APP_TOKEN) or faults.spend("expired_token") is not None:
        raise Refused(401, "unauthorized", "Unauthorized", "Application ID or secret key is wrong or has expired")
    if faults.active("missing_scope") is not None:
        raise Refused(403, "access_denied", "Forbidden", "The keys of this role may not list the resource")


def _refuse_unknown(stream: str, given: Mapping[str, str]) -> None:
    for name in given:
        if name not in _KNOWN[stream] and not _BOUND.fullmatch(name):
            raise _invalid(f"unknown parameter {name}")


def _where(stream: str, given: Mapping[str, str]) -> tuple[str, list[Any]]:
    where, values = "type = ? and deleted = 0", [STREAMS[stream]]
    for name, value in given.items():
        if found := _BOUND.fullmatch(name):
            where += f" and {_column(found[1])} {'<' if found[2] == 'before' else '>'} ?"
            values.append(_bound(found[1], value))
    if "category" in given:
        where += f" and {_CATEGORY} = ?"
        values.append(given["category"])
    return where, values


def _order(given: Mapping[str, str]) -> tuple[str, bool]:
    order = given.get("order", "-created_at")
    if order.lstrip("-") not in ("created_at", "updated_at"):
        raise _invalid("order must be created_at, updated_at or one of them with a dash")
    return order.lstrip("-"), order.startswith("-")


def _continued(given: Mapping[str, str]) -> bool:
    return any(name in ("starting_after", "page") or name.endswith("[after]") for name in given)


def _column(field: str) -> str:
    return _CREATED if field == "created_at" else "updated_at"


def _bound(field: str, text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _invalid(f"{field} must be compared with a date in ISO 8601") from None
    return _stamp(at) if field == "created_at" else instant(at)


def _whole(given: Mapping[str, str], name: str, default: int, highest: int) -> int:
    text = given.get(name, str(default))
    if not text.isdigit() or not 1 <= int(text) <= highest:
        raise _invalid(f"{name} must be between 1 and {highest}")
    return int(text)


def _invalid(details: str) -> Refused:
    return Refused(400, "invalid_query_params", "Invalid query params", details)


def _stamp(at: datetime) -> str:
    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%S.") + f"{aware.microsecond // 1000:03}Z"


def _tuples(table: pa.Table, columns: list[str]) -> Iterator[tuple]:
    return zip(*(table[name].to_pylist() for name in columns), strict=True)


def _reply(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
