"""A stand-in for Gorgias: lists without a filter, in four orders, by cursors; what is deleted or merged is gone."""

from __future__ import annotations

import base64
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, basic, changed, naive, serve
from sources.estate.state import open_state
from sources.estate.world import World
from sources.gorgias.fake_seed import stamp

STREAMS = {"customers": "customer", "tickets": "ticket"}
CREDENTIALS = {"GORGIAS_EMAIL": "data@estate.example", "GORGIAS_KEY": "estate-gorgias-key"}
_KNOWN = {"cursor", "limit", "order_by"}
_BY = {"created_datetime": "json_extract(body, '$.created_datetime')", "updated_datetime": "updated_at"}


def _said(message: str) -> dict[str, Any]:
    return {"error": {"msg": message}}


SAYS = {"throttled": _said("Too many requests"), "error": _said("Internal server error")}


def seed(world: World, path: Path) -> None:
    """Write the account's state."""
    seed_part(world, "gorgias", path)


def app(path: Path, faults: Any) -> Starlette:
    """The account at `path`; `faults` answers active(name) and spend(name)."""
    return serve(path, faults, _admit, {f"/api/{stream}": partial(_list, stream) for stream in STREAMS})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given fields, or a harmless one."""
    when = naive(at)
    harmless = {"customer": {"meta": {"seen": stamp(when)}}, "ticket": {"tags": [{"id": 1, "name": "touched"}]}}
    own = fields or harmless[STREAMS[stream]]
    changed(path, STREAMS[stream], key, when, {**own, "updated_datetime": stamp(when)})


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Delete a record: it is gone, and nothing tells."""
    with closing(open_state(path)) as connection:
        connection.execute("delete from objects where type = ? and id = ?", (STREAMS[stream], key))


def merge_customers(path: Path, kept: str, gone: str, at: datetime) -> None:
    """Merge one customer into another: it is gone, and the other has changed."""
    delete(path, "customers", gone, at)
    touch(path, "customers", kept, at)


def _admit(ask: Ask) -> None:
    known = ask.asked.get("authorization") == basic(*CREDENTIALS.values())
    if not known or ask.faults.spend("expired_token") is not None:
        raise Refused(401, _said("Unauthorized"))
    if ask.faults.active("missing_scope") is not None:
        raise Refused(403, _said("Forbidden"))


def _list(stream: str, ask: Ask) -> dict[str, Any]:
    """A page behind the cursor, which holds what the list is ordered by and the id of the last record."""
    if set(ask.given) - _KNOWN:
        raise _invalid("parameter")
    size = ask.whole("limit", 30, 1, 100, _invalid)
    name, _, direction = ask.given.get("order_by", "created_datetime:desc").partition(":")
    if name not in _BY or direction not in ("asc", "desc"):
        raise _invalid("order_by")
    where, values, cursor = "1", [], ask.given.get("cursor")
    if cursor and ask.faults.spend("repeating_cursor") is None:
        where, values = f"({_BY[name]}, id) {'>' if direction == 'asc' else '<'} (?, ?)", orjson.loads(_opened(cursor))
    order = f"{_BY[name]} {direction}, id {direction}"
    found, total = ask.select(STREAMS[stream], where, tuple(values), order, size)
    following = None
    if total > size:
        last = ask.state.execute(
            f"select {_BY[name]}, id from objects where type = ? and deleted = 0 and {where}"
            f" order by {order} limit 1 offset ?",
            (STREAMS[stream], *values, size - 1),
        ).fetchone()
        following = base64.b64encode(orjson.dumps(last)).decode()
    ask.answer_headers["x-gorgias-account-api-call-limit"] = "1/40"
    uri = f"/api/{stream}?limit={size}"
    return {"data": found, "object": "list", "uri": uri, "meta": {"prev_cursor": None, "next_cursor": following}}


def _opened(cursor: str) -> bytes:
    try:
        return base64.b64decode(cursor, validate=True)
    except ValueError:
        raise _invalid("cursor") from None


def _invalid(name: str) -> Refused:
    return Refused(400, _said(f"Invalid {name}"))
