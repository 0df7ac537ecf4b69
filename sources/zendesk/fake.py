"""A stand-in for Zendesk's incremental exports: lasting cursors, nothing of the last minute, soft deletion."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, basic, changed, naive, serve
from sources.estate.state import instant
from sources.estate.world import World
from sources.zendesk.fake_seed import stamp

STREAMS = {"users": "user", "tickets": "ticket"}
CREDENTIALS = {"ZENDESK_EMAIL": "data@estate.example", "ZENDESK_TOKEN": "estate-zendesk-token"}
SAYS = {
    "throttled": {
        "error": "APIRateLimitExceeded",
        "description": "Number of allowed incremental ticket export requests",
    },
    "error": {"error": "InternalError", "description": "Something went wrong"},
}
_KNOWN = {"start_time", "cursor", "per_page"}
_GONE = {"user": {"active": False}, "ticket": {"status": "deleted"}}


def seed(world: World, path: Path) -> None:
    """Write the help desk's state."""
    seed_part(world, "zendesk", path)


def app(path: Path, faults: Any) -> Starlette:
    """The help desk at `path`; `faults` answers active(name) and spend(name)."""
    exports = {f"/api/v2/incremental/{kind}s/cursor": partial(_export, kind) for kind in _GONE}
    return serve(path, faults, _admit, exports)


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given fields, or a harmless one."""
    second = naive(at).replace(microsecond=0)
    changed(path, STREAMS[stream], key, second, {**(fields or {"tags": ["touched"]}), "updated_at": stamp(second)})


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Delete a record softly: it stays in the export and says so."""
    touch(path, stream, key, at, **_GONE[STREAMS[stream]])


def _admit(ask: Ask) -> None:
    user, token = CREDENTIALS.values()
    if ask.asked.get("authorization") != basic(f"{user}/token", token) or ask.faults.spend("expired_token") is not None:
        raise Refused(401, {"error": "Couldn't authenticate you"})
    if ask.faults.active("missing_scope") is not None:
        raise Refused(403, {"error": "Forbidden", "description": "You do not have access to this page"})


def _export(kind: str, ask: Ask) -> dict[str, Any]:
    size = ask.whole("per_page", 1000, 1, 1000, _invalid)
    if set(ask.given) - _KNOWN or not {"start_time", "cursor"} & set(ask.given):
        raise _invalid("start_time")
    cursor = ask.given.get("cursor")
    since = datetime.fromtimestamp(ask.whole("start_time", 0, 0, 2**33, _invalid), UTC)
    at, key = orjson.loads(base64.b64decode(cursor)) if cursor else (instant(since), "")
    if cursor and ask.faults.spend("repeating_cursor") is not None:
        at, key = instant(datetime(1970, 1, 1)), ""
    settled = instant(naive(ask.now) - timedelta(minutes=1))
    behind = "(updated_at, id) > (?, ?) and updated_at <= ?"
    found, total = ask.select(kind, behind, (at, key, settled), "updated_at, id", size)
    if found:
        last = ask.state.execute(
            f"select updated_at, id from objects where type = ? and deleted = 0 and {behind}"
            " order by updated_at, id limit 1 offset ?",
            (kind, at, key, settled, len(found) - 1),
        ).fetchone()
        at, key = last
    after = base64.b64encode(orjson.dumps([at, key])).decode()
    url = f"https://estate.example/api/v2/incremental/{kind}s/cursor?cursor={after}"
    return {f"{kind}s": found, "after_cursor": after, "after_url": url, "before_cursor": None,
            "end_of_stream": total <= size}  # fmt: skip


def _invalid(name: str) -> Refused:
    return Refused(400, {"error": "InvalidValue", "description": f"Invalid value for {name}"})
