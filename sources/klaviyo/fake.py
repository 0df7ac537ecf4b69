"""A stand-in for Klaviyo: JSON:API, filters of which one leaves out its own second, links from page to page."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, changed, naive, serve
from sources.estate.state import get, instant, open_state
from sources.estate.world import World
from sources.klaviyo.fake_seed import stamp

STREAMS = {"profiles": "profile", "events": "event", "metrics": "metric"}
CREDENTIALS = {"KLAVIYO_KEY": "pk_estate"}
REVISION = "2026-07-15"


@dataclass(frozen=True)
class List:
    """What a list can be asked for: by which time and how, in which order, how many at once."""

    known: frozenset[str]
    filter: re.Pattern[str] = re.compile("(?!)")
    since: str = ""
    sort: str | None = None
    order: str = "id"
    sizes: tuple[int, int] = (200, 200)


_SIZED = frozenset({"filter", "sort", "page[size]", "page[cursor]"})
LISTS = {
    "profile": List(
        _SIZED | {"fields[profile]"}, re.compile(r"greater-than\(updated,([^)]+)\)"), ">", "id", sizes=(20, 100)
    ),
    "event": List(
        _SIZED,
        re.compile(r"greater-or-equal\(datetime,([^)]+)\)"),
        ">=",
        "datetime",
        "updated_at || id",
        (200, 1000),
    ),
    "metric": List(frozenset({"page[cursor]"})),
}
_CHANGED = {"profile": "updated", "event": "datetime", "metric": "updated"}


def _said(status: int, code: str, title: str) -> dict[str, Any]:
    one = {"id": "00000000-0000-4000-8000-000000000000", "status": status, "code": code, "title": title}
    return {"errors": [{**one, "detail": title, "source": {"pointer": "/data"}}]}


SAYS = {
    "throttled": _said(429, "throttled", "Request was throttled."),
    "error": _said(500, "error", "A server error occurred."),
}


def seed(world: World, path: Path) -> None:
    """Write the account's state."""
    seed_part(world, "klaviyo", path)


def app(path: Path, faults: Any) -> Starlette:
    """The account at `path`; `faults` answers active(name) and spend(name)."""
    lists = {f"/api/{stream}": partial(_list, stream, kind) for stream, kind in STREAMS.items()}
    return serve(path, faults, _admit, lists, kind="application/vnd.api+json")


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given attributes, or a harmless one; an event becomes one of that time."""
    second, kind = naive(at).replace(microsecond=0), STREAMS[stream]
    with closing(open_state(path)) as connection:
        attributes = get(connection, kind, key).body["attributes"]
    harmless = {"profile": {"properties": {"touched": instant(at)}}}.get(kind, {})
    attributes |= {**(fields or harmless), _CHANGED[kind]: stamp(second)}
    changed(path, kind, key, second, {"attributes": attributes})


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Forget a profile: it is gone, and nothing tells."""
    with closing(open_state(path)) as connection:
        connection.execute("delete from objects where type = ? and id = ?", (STREAMS[stream], key))


def _admit(ask: Ask) -> None:
    known = ask.asked.get("authorization") == f"Klaviyo-API-Key {CREDENTIALS['KLAVIYO_KEY']}"
    if not known or ask.faults.spend("expired_token") is not None:
        raise Refused(401, _said(401, "not_authenticated", "Authentication credentials were not provided."))
    if ask.faults.active("missing_scope") is not None:
        raise Refused(403, _said(403, "permission_denied", "You do not have permission to perform this action."))
    if ask.asked.get("revision") != REVISION:
        raise _invalid("revision")


def _list(stream: str, kind: str, ask: Ask) -> dict[str, Any]:
    one = LISTS[kind]
    if set(ask.given) - one.known or ask.given.get("sort", one.sort) != one.sort:
        raise _invalid("parameter")
    size, cursor = ask.whole("page[size]", one.sizes[0], 1, one.sizes[1], _invalid), ask.given.get("page[cursor]", "")
    if cursor and ask.faults.spend("repeating_cursor") is not None:
        cursor = ""
    where, values = f"{one.order} > ?", [cursor]
    if "filter" in ask.given:
        asked = one.filter.fullmatch(ask.given["filter"]) or _raise(_invalid("filter"))
        since = datetime.fromisoformat(asked[1]).astimezone(UTC).replace(tzinfo=None)
        where, values = f"{where} and updated_at {one.since} ?", [*values, instant(since)]
    found, total = ask.select(kind, where, tuple(values), one.order, size)
    here = f"http://{ask.asked['host']}/api/{stream}"
    links = {"self": here}
    if total > size:
        last = orjson.loads(orjson.dumps(found[-1]))
        place = last["id"]
        if one.order != "id":
            at = datetime.fromisoformat(last["attributes"][_CHANGED[kind]]).astimezone(UTC)
            place = instant(at.replace(tzinfo=None)) + place
        links["next"] = f"{here}?{urlencode({**ask.given, 'page[cursor]': place})}"
    return {"data": found, "links": links}


def _invalid(name: str) -> Refused:
    return Refused(400, _said(400, "invalid", f"Invalid input: {name}"))


def _raise(error: Exception) -> Any:
    raise error
