"""A stand-in for Sendcloud: shipments by times that leave out their own instant, the next page in a Link header.

Returns go by times that count their own, both needed, with the next page in the body.
"""

from __future__ import annotations

import base64
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, basic, changed, naive, serve
from sources.estate.state import get, instant, open_state
from sources.estate.world import World
from sources.sendcloud.fake_seed import stamp

STREAMS = {"shipments": "shipment", "returns": "return"}
CREDENTIALS = {"SENDCLOUD_KEY": "estate-public", "SENDCLOUD_SECRET": "estate-secret"}
_BOTH = ("from_date", "to_date")
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
    return serve(path, faults, _admit, {"/api/v3/shipments": _shipments, "/api/v3/returns": _returns})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a shipment: the given fields, or the status of its parcel; the parcel says when, a return does not."""
    when = naive(at)
    if stream == "returns":
        with closing(open_state(path)) as connection:
            made = get(connection, "return", key).updated_at
        changed(path, "return", key, made, fields or {"status": f"Arrived {when:%m-%d %H:%M}"})
        return
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
    where, values = "1", []
    for name, operator in (("updated_after", ">"), ("updated_before", "<")):
        if name in ask.given:
            at = datetime.fromisoformat(ask.given[name]).astimezone(UTC)
            where, values = f"{where} and updated_at {operator} ?", [*values, instant(at)]
    found, following = _page(ask, "shipment", where, values)
    if following:
        ask.answer_headers["link"] = f'<{following}>; rel="next"'
    return {"data": found}


def _returns(ask: Ask) -> dict[str, Any]:
    if set(ask.given) - {"from_date", "to_date", "page_size", "cursor"} or not {"from_date", "to_date"} <= set(
        ask.given
    ):
        raise _invalid("from_date")
    bounds = [instant(datetime.strptime(ask.given[name], "%Y-%m-%d %H:%M:%S")) for name in ("from_date", "to_date")]
    found, following = _page(
        ask, "return", "substr(updated_at, 1, 19) between substr(?, 1, 19) and substr(?, 1, 19)", bounds
    )
    return {"next": following, "previous": None, "data": found}


def _page(ask: Ask, kind: str, where: str, values: list[str]) -> tuple[list[Any], str | None]:
    """A page from behind the number in the cursor, and the address of the next."""
    size, start = ask.whole("page_size", 10, 1, 100, _invalid), 0
    if "cursor" in ask.given and ask.faults.spend("repeating_cursor") is None:
        start = int(base64.b64decode(ask.given["cursor"]).decode().removeprefix("p="))
    where, bound = f"cast(id as integer) > ? and {where}", (start, *values)
    found, total = ask.select(kind, where, bound, "cast(id as integer)", size)
    if total <= size:
        return found, None
    last = orjson.loads(orjson.dumps(found[-1]))["id"]
    asked = urlencode({**ask.given, "cursor": base64.b64encode(f"p={last}".encode()).decode()})
    return found, f"http://{ask.asked['host']}/api/v3/{kind}s?{asked}"


def _invalid(name: str) -> Refused:
    return Refused(400, _said(400, "invalid", f"{name} is not valid"))
