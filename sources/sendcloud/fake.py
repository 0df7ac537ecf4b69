"""A stand-in for Sendcloud's shipments: times that leave out their own instant, the next page in a Link header."""

from __future__ import annotations

import base64
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, basic, changed, naive, serve
from sources.estate.state import get, instant, open_state
from sources.estate.world import World
from sources.sendcloud.fake_seed import stamp

STREAMS = {"shipments": "shipment"}
CREDENTIALS = {"SENDCLOUD_KEY": "estate-public", "SENDCLOUD_SECRET": "estate-secret"}
_KNOWN = {"updated_after", "updated_before", "page_size", "cursor"}


def _said(status: int, code: str, title: str) -> dict[str, Any]:
    return {"errors": [{"status": str(status), "code": code, "title": title, "detail": f"{title}."}]}


SAYS = {
    "throttled": _said(429, "throttled", "Request was throttled"),
    "error": _said(500, "non_field_errors", "Something went wrong"),
}


def seed(world: World, path: Path) -> None:
    """Write the account's state."""
    seed_part(world, "sendcloud", path)


def app(path: Path, faults: Any) -> Starlette:
    """The account at `path`; `faults` answers active(name) and spend(name)."""
    return serve(path, faults, _admit, {"/api/v3/shipments": _shipments})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a shipment: the given fields, or the status of its parcel; the parcel says when."""
    when = naive(at)
    with closing(open_state(path)) as connection:
        parcel, *others = get(connection, STREAMS[stream], key).body["parcels"]
    status = {"code": "DELIVERED", "message": f"Delivered {when:%H:%M}"}
    parcels = [{**parcel, "status": status, "updated_at": stamp(when)}, *others]
    changed(path, STREAMS[stream], key, when, {"parcels": parcels, **fields})


def _admit(ask: Ask) -> None:
    if ask.asked.get("authorization") != basic(*CREDENTIALS.values()) or ask.faults.spend("expired_token") is not None:
        raise Refused(401, _said(401, "authentication_failed", "Invalid username or password"))
    if ask.faults.active("missing_scope") is not None:
        raise Refused(403, _said(403, "forbidden", "You do not have permission to perform this action"))


def _shipments(ask: Ask) -> dict[str, Any]:
    if set(ask.given) - _KNOWN:
        raise _invalid("parameter")
    size, start = ask.whole("page_size", 10, 1, 100, _invalid), 0
    if "cursor" in ask.given and ask.faults.spend("repeating_cursor") is None:
        start = int(base64.b64decode(ask.given["cursor"]).decode().removeprefix("p="))
    where, values = "cast(id as integer) > ?", [start]
    for name, operator in (("updated_after", ">"), ("updated_before", "<")):
        if name in ask.given:
            at = datetime.fromisoformat(ask.given[name]).astimezone(UTC)
            where, values = f"{where} and updated_at {operator} ?", [*values, instant(at)]
    rows = ask.state.execute(
        f"select id from objects where type = 'shipment' and {where} order by cast(id as integer) limit ?",
        (*values, size + 1),
    ).fetchall()
    found, _ = ask.select("shipment", where, tuple(values), "cast(id as integer)", size)
    if len(rows) > size:
        cursor = base64.b64encode(f"p={rows[size - 1][0]}".encode()).decode()
        asked = urlencode({**ask.given, "cursor": cursor})
        ask.answer_headers["link"] = f'<http://{ask.asked["host"]}/api/v3/shipments?{asked}>; rel="next"'
    return {"data": found}


def _invalid(name: str) -> Refused:
    return Refused(400, _said(400, "invalid", f"{name} is not valid"))
