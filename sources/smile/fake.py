"""A stand-in for Smile.io: customers changed after a time, points at it or after, a cursor from page to page."""

from __future__ import annotations

import base64
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, changed, naive, serve
from sources.estate.state import instant, open_state
from sources.estate.world import World
from sources.smile.fake_seed import stamp

STREAMS = {"customers": "customer", "points_transactions": "points"}
CREDENTIALS = {"SMILE_KEY": "api_estate-smile"}
_KNOWN = {"updated_at_min", "limit", "cursor"}


def _said(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "request_id": "9363e662-c1a5-4f16-a9cc-654b5ed574a9"}}


SAYS = {"throttled": _said("Too Many Requests"), "error": _said("An internal error occurred in Smile.")}


def seed(world: World, path: Path) -> None:
    """Write the programme's state."""
    seed_part(world, "smile", path)


def app(path: Path, faults: Any) -> Starlette:
    """The programme at `path`; `faults` answers active(name) and spend(name)."""
    operators = {"customers": ">", "points_transactions": ">="}
    return serve(path, faults, _admit, {f"/v1/{name}": partial(_list, name, operators[name]) for name in STREAMS})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given fields, or a harmless one."""
    second = naive(at).replace(microsecond=0)
    harmless = {"customer": {"vip_tier_id": second.minute}, "points": {"internal_note": f"seen {second:%H:%M}"}}
    changed(path, STREAMS[stream], key, second, {**(fields or harmless[STREAMS[stream]]), "updated_at": stamp(second)})


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Forget a customer: gone, and nothing tells."""
    with closing(open_state(path)) as connection:
        connection.execute("delete from objects where type = ? and id = ?", (STREAMS[stream], key))


def _admit(ask: Ask) -> None:
    known = ask.asked.get("authorization") == f"Bearer {CREDENTIALS['SMILE_KEY']}"
    if not known or ask.faults.spend("expired_token") is not None:
        raise Refused(401, _said("Unauthorized"))
    if ask.faults.active("missing_scope") is not None:
        raise Refused(403, _said("You do not have access to this resource."))


def _list(name: str, operator: str, ask: Ask) -> dict[str, Any]:
    if set(ask.given) - _KNOWN:
        raise _invalid("parameter")
    size, cursor = ask.whole("limit", 50, 1, 250, _invalid), ask.given.get("cursor")
    if cursor and ask.faults.spend("repeating_cursor") is not None:
        cursor = None
    where, values = "cast(id as integer) > ?", [orjson.loads(base64.b64decode(cursor)) if cursor else 0]
    if "updated_at_min" in ask.given:
        since = datetime.fromisoformat(ask.given["updated_at_min"]).astimezone(UTC).replace(tzinfo=None)
        where, values = f"{where} and updated_at {operator} ?", [*values, instant(since)]
    found, total = ask.select(STREAMS[name], where, tuple(values), "cast(id as integer)", size)
    following = None
    if total > size:
        following = base64.b64encode(orjson.dumps(orjson.loads(orjson.dumps(found[-1]))["id"])).decode()
    return {name: found, "metadata": {"next_cursor": following, "previous_cursor": None}}


def _invalid(name: str) -> Refused:
    return Refused(400, _said(f"{name} is invalid"))
