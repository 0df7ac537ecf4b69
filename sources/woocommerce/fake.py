"""A stand-in for a WooCommerce shop: lists over HTTP, in pages of at most 100, exclusive bounds, a trash that hides."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, basic, changed, naive, serve
from sources.estate.state import instant, list_objects, open_state
from sources.estate.world import World
from sources.woocommerce.fake_seed import stamp

STREAMS = {name: name[:-1] for name in ("customers", "products", "variations", "orders", "refunds")}
CREDENTIALS = {"WOOCOMMERCE_KEY": "ck_estate", "WOOCOMMERCE_SECRET": "cs_estate-woocommerce"}
SAYS = {
    "throttled": {"code": "too_many_requests", "message": "Too many requests", "data": {"status": 429}},
    "error": {"code": "internal_server_error", "message": "There has been an error", "data": {"status": 500}},
}
_LISTS = {"customer": {"role"}, "product": {"status"}, "variation": set(), "order": {"status"}, "refund": set()}
_FILTERED = {"product", "variation", "order"}
_KNOWN = {
    "per_page",
    "page",
    "offset",
    "orderby",
    "order",
    "modified_after",
    "modified_before",
    "dates_are_gmt",
    "_fields",
}
_SHOP_ZONE = ZoneInfo("America/New_York")


def seed(world: World, path: Path) -> None:
    """Write the shop's state."""
    seed_part(world, "woocommerce", path)


def app(path: Path, faults: Any) -> Starlette:
    """The shop at `path`; `faults` answers active(name) and spend(name)."""
    lists = {f"/wp-json/wc/v3/{kind}s": partial(_list, kind) for kind in _LISTS}
    return serve(path, faults, _admit, lists)


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given fields, or a harmless one."""
    kind, second = STREAMS[stream], naive(at).replace(microsecond=0)
    given = fields or {"meta_data": [{"id": 1, "key": "touched", "value": instant(at)}]}
    own = {"date_created_gmt": stamp(second)} if kind == "refund" else {"date_modified_gmt": stamp(second)}
    changed(path, kind, key, second, {**given, **own})


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Orders and products go to the trash; everything else is gone, and nothing tells."""
    kind = STREAMS[stream]
    if "status" in _LISTS[kind]:
        touch(path, stream, key, at, status="trash")
        return
    with closing(open_state(path)) as connection:
        connection.execute("delete from objects where type = ? and id = ?", (kind, key))


def keys(path: Path, stream: str) -> list[str]:
    """The keys of what the shop shows."""
    with closing(open_state(path)) as connection:
        found = list_objects(connection, STREAMS[stream])
    return [one.id for one in found if one.body.get("status") != "trash"]


def _admit(ask: Ask) -> None:
    if ask.asked.get("authorization") != basic(*CREDENTIALS.values()) or ask.faults.spend("expired_token") is not None:
        raise _refused(401, "woocommerce_rest_authentication_error")
    if ask.faults.active("missing_scope") is not None:
        raise _refused(401, "woocommerce_rest_cannot_view")


def _list(kind: str, ask: Ask) -> Any:
    unknown = set(ask.given) - _KNOWN - _LISTS[kind]
    if unknown:
        raise _refused(400, "rest_invalid_param")
    size = ask.whole("per_page", 10, 1, 100, lambda name: _refused(400, "rest_invalid_param"))
    page = ask.whole("page", 1, 1, 10**6, lambda name: _refused(400, "rest_invalid_param"))
    offset = int(ask.given.get("offset", (page - 1) * size))
    if offset and ask.faults.spend("repeating_cursor") is not None:
        offset = 0
    where, values = "1", []
    if kind in _LISTS and "status" in _LISTS[kind]:
        where = "json_extract(body, '$.status') {} 'trash'".format("=" if ask.given.get("status") == "trash" else "<>")
    if kind in _FILTERED:
        for name, operator in (("modified_after", ">"), ("modified_before", "<")):
            if name in ask.given:
                where, values = f"{where} and updated_at {operator} ?", [*values, _bound(ask, name)]
    order = f"cast(id as integer) {'asc' if ask.given.get('order') == 'asc' else 'desc'}"
    found, total = ask.select(kind, where, tuple(values), order, size, offset)
    ask.answer_headers |= {"x-wp-total": str(total), "x-wp-totalpages": str(-(-total // size))}
    return found


def _bound(ask: Ask, name: str) -> str:
    """A bound as GMT only where the request says so; else it is read in the shop's own zone, whatever its suffix."""
    at = datetime.fromisoformat(ask.given[name].rstrip("Z"))
    return instant(at if ask.given.get("dates_are_gmt") == "true" else at.replace(tzinfo=_SHOP_ZONE))


def _refused(status: int, code: str) -> Refused:
    return Refused(status, {"code": code, "message": "Sorry, you cannot do this.", "data": {"status": status}})
