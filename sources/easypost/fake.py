"""A stand-in for EasyPost: lists by day of creation, newest first, a month of them unless asked for more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from sources.easypost.fake_seed import stamp
from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, basic, changed, naive, serve
from sources.estate.state import get
from sources.estate.world import World

STREAMS = {"shipments": "shipment", "refunds": "refund", "trackers": "tracker"}
CREDENTIALS = {"EASYPOST_KEY": "EZAKestate"}
_KNOWN = {"before_id", "page_size", "start_datetime", "end_datetime"}
_MADE = "json_extract(body, '$.created_at')"


def _said(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "errors": []}}


SAYS = {
    "throttled": _said("RATE_LIMITED", "You have been rate-limited."),
    "error": _said("INTERNAL_SERVER_ERROR", "We're sorry, something went wrong."),
}


def seed(world: World, path: Path) -> None:
    """Write the account's state."""
    seed_part(world, "easypost", path)


def app(path: Path, faults: Any) -> Starlette:
    """The account at `path`; `faults` answers active(name) and spend(name)."""
    return serve(path, faults, _admit, {f"/v2/{kind}s": partial(_list, kind) for kind in STREAMS.values()})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given fields, or a harmless one; when it was made stays."""
    second = naive(at).replace(microsecond=0)
    harmless = {
        "shipment": {"usps_zone": second.second},
        "refund": {"confirmation_number": stamp(second)},
        "tracker": {"status_detail": f"seen {stamp(second)}"},
    }
    changed(path, STREAMS[stream], key, second, {**(fields or harmless[STREAMS[stream]]), "updated_at": stamp(second)})


def _admit(ask: Ask) -> None:
    known = ask.asked.get("authorization") == basic(CREDENTIALS["EASYPOST_KEY"], "")
    if not known or ask.faults.spend("expired_token") is not None:
        raise Refused(401, _said("APIKEY.INACTIVE", "This api key is no longer active."))
    if ask.faults.active("missing_scope") is not None:
        raise Refused(403, _said("FORBIDDEN", "You are not allowed to perform this action."))


def _list(kind: str, ask: Ask) -> dict[str, Any]:
    if set(ask.given) - _KNOWN:
        raise Refused(422, _said("PARAMETER.INVALID", "Unknown parameter."))
    size = ask.whole("page_size", 20, 1, 100, lambda name: Refused(422, _said("PARAMETER.INVALID", name)))
    until = _time(ask.given.get("end_datetime"), naive(ask.now) + timedelta(seconds=1))
    since = _time(ask.given.get("start_datetime"), until - timedelta(days=31))
    where, values = f"{_MADE} > ? and {_MADE} < ?", [stamp(since), stamp(until)]
    before = ask.given.get("before_id")
    if before and ask.faults.spend("repeating_cursor") is None:
        made = get(ask.state, kind, before).body["created_at"]
        where, values = f"{where} and ({_MADE}, id) < (?, ?)", [*values, made, before]
    found, total = ask.select(kind, where, tuple(values), f"{_MADE} desc, id desc", size)
    return {f"{kind}s": found, "has_more": total > size}


def _time(text: str | None, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None) if text else otherwise
