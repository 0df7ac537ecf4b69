"""A stand-in for Mailchimp's audiences: members by status, filters that leave out their own second."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, basic, changed, naive, serve
from sources.estate.state import get, instant, open_state
from sources.estate.world import World
from sources.mailchimp.fake_seed import hashed, stamp

STREAMS = {"members": "member"}
CREDENTIALS = {"MAILCHIMP_KEY": "0123estate-us19"}
_KNOWN = {"fields", "count", "offset", "status", "since_last_changed", "before_last_changed", "sort_field", "sort_dir"}
_SORTED = ("timestamp_opt", "timestamp_signup", "last_changed")


def _said(status: int, title: str, detail: str) -> dict[str, Any]:
    kind, instance = "https://mailchimp.com/developer/marketing/docs/errors/", "995c5cb0-3280-4a6e-808b-3b096d0bb219"
    return {"type": kind, "title": title, "status": status, "detail": detail, "instance": instance}


SAYS = {
    "throttled": _said(429, "Too Many Requests", "You have exceeded the limit of 10 simultaneous connections."),
    "error": _said(500, "Internal Server Error", "An unexpected internal error has occurred."),
}


def seed(world: World, path: Path) -> None:
    """Write the account's state."""
    seed_part(world, "mailchimp", path)


def app(path: Path, faults: Any) -> Starlette:
    """The account at `path`; `faults` answers active(name) and spend(name)."""
    return serve(path, faults, _admit, {"/3.0/lists": _lists, "/3.0/lists/{list}/members": _members})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a member: the given fields, or a harmless one; another address is another id."""
    second = naive(at).replace(microsecond=0)
    own = fields or {"tags_count": second.minute, "source": f"touched {stamp(second)}"}
    if "email_address" in own:
        own = {**own, "id": hashed(own["email_address"])}
    changed(path, STREAMS[stream], key, second, {**own, "last_changed": stamp(second)})


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Delete a member for good: it is gone, and nothing tells."""
    with closing(open_state(path)) as connection:
        connection.execute("delete from objects where type = ? and id = ?", (STREAMS[stream], key))


def archive(path: Path, key: str, at: datetime) -> None:
    """Archive a member: it is shown to those alone who ask for the archived."""
    touch(path, "members", key, at, status="archived")


def _admit(ask: Ask) -> None:
    known = ask.asked.get("authorization") == basic("assay", CREDENTIALS["MAILCHIMP_KEY"])
    if not known or ask.faults.spend("expired_token") is not None:
        raise Refused(401, _said(401, "API Key Invalid", "Your API key may be invalid."))
    if ask.faults.active("missing_scope") is not None:
        raise Refused(403, _said(403, "Forbidden", "You are not permitted to access this resource."))


def _lists(ask: Ask) -> dict[str, Any]:
    size, start = _page(ask)
    found, total = ask.select("list", "1", (), "id", size, start)
    return {"lists": found, "total_items": total}


def _members(ask: Ask) -> dict[str, Any]:
    """Of one audience; the archived only when asked for."""
    audience, given = ask.path["list"], ask.given
    if set(given) - _KNOWN or given.get("sort_field", "timestamp_opt") not in _SORTED:
        raise _invalid("parameter")
    if get(ask.state, "list", audience) is None:
        raise Refused(404, _said(404, "Resource Not Found", "The requested resource could not be found."))
    where, values = "json_extract(body, '$.list_id') = ?", [audience]
    status = "json_extract(body, '$.status')"
    where, values = (
        (f"{where} and {status} = ?", [*values, given["status"]])
        if "status" in given
        else (f"{where} and {status} <> 'archived'", values)
    )
    for name, operator in (("since_last_changed", ">"), ("before_last_changed", "<")):
        if name in given:
            where, values = f"{where} and updated_at {operator} ?", [*values, instant(_time(given[name]))]
    size, start = _page(ask)
    order = f"json_extract(body, '$.{given.get('sort_field', 'timestamp_opt')}'), id"
    found, total = ask.select("member", where, tuple(values), order, size, start)
    return {"members": found, "list_id": audience, "total_items": total}


def _page(ask: Ask) -> tuple[int, int]:
    size, start = ask.whole("count", 10, 0, 1000, _invalid), ask.whole("offset", 0, 0, 10**9, _invalid)
    return size, 0 if start and ask.faults.spend("repeating_cursor") is not None else start


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def _invalid(name: str) -> Refused:
    return Refused(400, _said(400, "Invalid Resource", f"The value of {name} is not valid."))
