"""A stand-in for Klaviyo's profiles: JSON:API, a filter that leaves out its own second, links from page to page."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import UTC, datetime
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

STREAMS = {"profiles": "profile"}
CREDENTIALS = {"KLAVIYO_KEY": "pk_estate"}
REVISION = "2026-07-15"
_KNOWN = {"filter", "sort", "page[size]", "page[cursor]", "fields[profile]"}
_FILTER = re.compile(r"greater-than\(updated,([^)]+)\)")


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
    return serve(path, faults, _admit, {"/api/profiles": _profiles}, kind="application/vnd.api+json")


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a profile: the given attributes, or a harmless one."""
    second = naive(at).replace(microsecond=0)
    with closing(open_state(path)) as connection:
        attributes = get(connection, STREAMS[stream], key).body["attributes"]
    attributes |= {**(fields or {"properties": {"touched": instant(at)}}), "updated": stamp(second)}
    changed(path, STREAMS[stream], key, second, {"attributes": attributes})


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


def _profiles(ask: Ask) -> dict[str, Any]:
    if set(ask.given) - _KNOWN:
        raise _invalid("parameter")
    size, cursor = ask.whole("page[size]", 20, 1, 100, _invalid), ask.given.get("page[cursor]", "")
    if cursor and ask.faults.spend("repeating_cursor") is not None:
        cursor = ""
    where, values = "id > ?", [cursor]
    if "filter" in ask.given:
        asked = _FILTER.fullmatch(ask.given["filter"]) or _raise(_invalid("filter"))
        since = datetime.fromisoformat(asked[1]).astimezone(UTC).replace(tzinfo=None)
        where, values = f"{where} and updated_at > ?", [*values, instant(since)]
    found, total = ask.select("profile", where, tuple(values), "id", size)
    here = f"http://{ask.asked['host']}/api/profiles"
    links = {"self": here}
    if total > size:
        last = orjson.loads(orjson.dumps(found[-1]))["id"]
        links["next"] = f"{here}?{urlencode({**ask.given, 'page[cursor]': last})}"
    return {"data": found, "links": links}


def _invalid(name: str) -> Refused:
    return Refused(400, _said(400, "invalid", f"Invalid input: {name}"))


def _raise(error: Exception) -> Any:
    raise error
