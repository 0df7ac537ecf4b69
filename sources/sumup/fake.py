"""A stand-in for SumUp: a history by last change that goes on by links, and payouts by day in one answer."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, changed, naive, serve
from sources.estate.state import instant
from sources.estate.world import World
from sources.sumup.fake_seed import stamp

STREAMS = {"transactions": "transaction", "payouts": "payout"}
CREDENTIALS = {"SUMUP_KEY": "estate_sup_sk_key", "SUMUP_MERCHANT_CODE": "MESTATE1"}
_KNOWN = {"changes_since", "oldest_ref", "limit", "order"}
_MADE = "json_extract(body, '$.timestamp')"


def _problem(status: int, title: str) -> dict[str, Any]:
    return {"type": "https://developer.sumup.com/problem", "title": title, "status": status, "detail": title}


SAYS = {"throttled": _problem(429, "Too Many Requests"), "error": {"error_code": "INTERNAL", "message": "Try later"}}


def seed(world: World, path: Path) -> None:
    """Write the merchant's state."""
    seed_part(world, "sumup", path)


def app(path: Path, faults: Any) -> Starlette:
    """The merchant at `path`; `faults` answers active(name) and spend(name)."""
    merchant = "merchants/{merchant}"
    routes = {f"/v2.1/{merchant}/transactions/history": _history, f"/v1.0/{merchant}/payouts": _payouts}
    return serve(path, faults, _admit, routes)


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given fields, or a harmless one; when it was made stays, and nothing tells of the change."""
    when = naive(at)
    harmless = {"transaction": "client_transaction_id", "payout": "reference"}
    changed(path, STREAMS[stream], key, when, fields or {harmless[STREAMS[stream]]: f"urn:{stamp(when)}"})


def _admit(ask: Ask) -> None:
    known = ask.asked.get("authorization") == f"Bearer {CREDENTIALS['SUMUP_KEY']}"
    if not known or ask.faults.spend("expired_token") is not None:
        raise Refused(401, _problem(401, "Unauthorized"))
    stranger = ask.path["merchant"] != CREDENTIALS["SUMUP_MERCHANT_CODE"]
    if stranger or ask.faults.active("missing_scope") is not None:
        raise Refused(403, {"error_code": "FORBIDDEN", "error_message": "request_not_allowed", "status_code": "403"})


def _history(ask: Ask) -> dict[str, Any]:
    """Transactions in the order in which they were made, behind the one that the link names."""
    if set(ask.given) - _KNOWN or ask.given.get("order", "ascending") != "ascending":
        raise _invalid("parameter")
    size, given = ask.whole("limit", 10, 1, 100, _invalid), dict(ask.given)
    where, values = "1", []
    if since := given.get("changes_since"):
        where, values = "updated_at >= ?", [instant(datetime.fromisoformat(since).astimezone(UTC))]
    if (ref := given.get("oldest_ref")) and ask.faults.spend("repeating_cursor") is None:
        behind = f"select {_MADE}, id from objects where type = 'transaction' and json_extract(body, '$.id') = ?"
        where, values = f"{where} and ({_MADE}, id) > ({behind})", [*values, ref]
    found, total = ask.select("transaction", where, tuple(values), f"{_MADE}, id", size)
    links = []
    if total > size:
        last = orjson.loads(orjson.dumps(found[-1]))["id"]
        links = [{"rel": "next", "href": urlencode(given | {"limit": size, "oldest_ref": last})}]
    return {"items": found, "links": links}


def _payouts(ask: Ask) -> list[Any]:
    """Of whole days, the first and last of them too; as many as asked for, and nothing says that there are more."""
    if missing := [name for name in ("start_date", "end_date") if name not in ask.given]:
        raise Refused(400, [{"error_code": "MISSING", "message": "Validation error: required", "param": missing[0]}])
    since, until = (date.fromisoformat(ask.given[name]).isoformat() for name in ("start_date", "end_date"))
    day = "json_extract(body, '$.date')"
    size = ask.whole("limit", 9999, 1, 9999, _invalid)
    return ask.select("payout", f"{day} between ? and ?", (since, until), f"{day}, id", size)[0]


def _invalid(name: str) -> Refused:
    return Refused(400, {"error_code": "INVALID", "message": f"Validation error: {name}"})
