"""A stand-in for PayPal: a token first; a transaction search of 31 days at most, three hours late; and disputes."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, basic, changed, naive, serve
from sources.estate.state import get, instant, open_state, put
from sources.estate.world import World
from sources.paypal.fake_disputes import instant_of, summary
from sources.paypal.fake_seed import stamp

STREAMS = {"transactions": "transaction", "disputes": "dispute"}
CREDENTIALS = {"PAYPAL_CLIENT_ID": "estate-client", "PAYPAL_CLIENT_SECRET": "estate-paypal-secret"}
SAYS = {
    "throttled": {"name": "RATE_LIMIT_REACHED", "message": "Too many requests."},
    "error": {"name": "INTERNAL_SERVER_ERROR", "message": "An internal server error occurred."},
}
_DEBUG = "b1d1f06c7246c"
LAG, LONGEST, MOST = timedelta(hours=3), timedelta(days=31), 10_000
KEPT = timedelta(days=180)
_KNOWN = {"start_date", "end_date", "fields", "page", "page_size", "balance_affecting_records_only"}
_OF_DISPUTES = {"update_time_after", "update_time_before", "page_size", "next_page_token"}
_DISPUTES = "/v1/customer/disputes"
_ERRORS = {
    401: ("AUTHENTICATION_FAILURE",
          "Authentication failed due to missing authorization header, or invalid authentication credentials."),
    403: ("NOT_AUTHORIZED", "Authorization failed due to insufficient permissions."),
    404: ("RESOURCE_NOT_FOUND", "The specified resource does not exist."),
}  # fmt: skip


def seed(world: World, path: Path) -> None:
    """Write the account's state."""
    seed_part(world, "paypal", path)


def app(path: Path, faults: Any) -> Starlette:
    """The account at `path`; `faults` answers active(name) and spend(name)."""
    issued: dict[str, int] = {}
    search, token = partial(_search, most=MOST), partial(_token, issued, count(1))
    admit = partial(_admit, issued)
    lists = {"/v1/reporting/transactions": search, _DISPUTES: _disputes, _DISPUTES + "/{id}": _dispute}
    return serve(path, faults, admit, lists, {"/v1/oauth2/token": token})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a dispute, or a transaction, which the search shows only when it is refreshed, hours later."""
    if stream == "disputes":
        when = naive(at).replace(microsecond=naive(at).microsecond // 1000 * 1000)
        own = fields or {"dispute_life_cycle_stage": "ARBITRATION"}
        changed(path, "dispute", key, when, {**own, "update_time": instant_of(when)})
        return
    with closing(open_state(path)) as connection:
        later = get(connection, "later", key)
        body = (later or get(connection, "transaction", key)).body
        own = {
            **(fields or {"transaction_note": f"touched {stamp(at)[:10]}"}),
            "transaction_updated_date": stamp(naive(at)),
        }
        body = {**body, "transaction_info": {**body["transaction_info"], **own}}
        put(connection, "later", [(key, naive(at).replace(microsecond=0), body)])


def _token(issued: dict[str, int], serial: Any, ask: Ask) -> dict[str, Any]:
    if ask.asked.get("authorization") != basic(*CREDENTIALS.values()):
        raise Refused(401, {"error": "invalid_client", "error_description": "Client Authentication failed"})
    token = f"A21.estate-{next(serial)}"
    issued[token] = 1
    return {"access_token": token, "token_type": "Bearer", "expires_in": 32_400, "scope": "reporting"}


def _admit(issued: dict[str, int], ask: Ask) -> None:
    token = ask.asked.get("authorization", "").removeprefix("Bearer ")
    if token not in issued or ask.faults.spend("expired_token") is not None:
        raise _refused(401)
    if ask.faults.active("missing_scope") is not None:
        raise _refused(403)


def _search(ask: Ask, most: int) -> dict[str, Any]:
    if set(ask.given) - _KNOWN or not {"start_date", "end_date"} <= set(ask.given):
        raise _invalid("start_date")
    start, end = (datetime.fromisoformat(ask.given[name]) for name in ("start_date", "end_date"))
    if end - start > LONGEST:
        raise _invalid("end_date")
    refreshed = naive(ask.now) - LAG
    _refresh(ask, instant(refreshed))
    size, page = ask.whole("page_size", 100, 1, 500, _invalid), ask.whole("page", 1, 1, 2**31, _invalid)
    if page > 1 and ask.faults.spend("repeating_cursor") is not None:
        page = 1
    bounds = (instant(start), min(instant(end), instant(refreshed)))
    within = "updated_at >= ? and updated_at <= ?"
    found, total = ask.select("transaction", within, bounds, "updated_at, id", size, (page - 1) * size)
    if total > most:
        raise Refused(400, {"name": "RESULTSET_TOO_LARGE", "message": "Result set size is greater than the limit."})
    shown = {"transaction_details": found} if found else {}
    pages = {"page": page, "total_items": total, "total_pages": -(-total // size)}
    return {**shown, "account_number": "ESTATE0PAYPAL", "last_refreshed_datetime": stamp(refreshed), **pages}


def _disputes(ask: Ask) -> dict[str, Any]:
    """Summaries of what changed within 180 days, the newest first; a token says from which on."""
    if set(ask.given) - _OF_DISPUTES:
        raise _invalid("parameter")
    size, token = ask.whole("page_size", 10, 1, 50, _invalid), ask.given.get("next_page_token", "").replace("/", "-")
    oldest = naive(ask.now) - KEPT
    since = _moment(ask, "update_time_after", oldest)
    if since < oldest:
        raise _invalid("update_time_after")
    if token and ask.faults.spend("repeating_cursor") is not None:
        token = ""
    bounds = (instant(since), instant(_moment(ask, "update_time_before", naive(ask.now) + timedelta(seconds=1))))
    within = "updated_at > ? and updated_at < ? and (? = '' or id < ?)"
    found, total = ask.select("dispute", within, (*bounds, token, token), "id desc", size)
    shown = [summary(orjson.loads(orjson.dumps(one))) for one in found]
    here = f"http://{ask.asked['host']}{_DISPUTES}"
    links = [{"href": here, "rel": "self", "method": "GET"}]
    if total > size:
        following = urlencode({**ask.given, "next_page_token": shown[-1]["dispute_id"].replace("-", "/")})
        links.append({"href": f"{here}?{following}", "rel": "next", "method": "GET"})
    return {"items": shown, "links": links} if shown else {}


def _moment(ask: Ask, name: str, default: datetime) -> datetime:
    return naive(datetime.fromisoformat(ask.given[name])) if name in ask.given else default


def _dispute(ask: Ask) -> Any:
    one = get(ask.state, "dispute", ask.path["id"])
    if one is None:
        raise _refused(404)
    return one.body


def _refresh(ask: Ask, until: str) -> None:
    """What changed up to then is shown from now on."""
    due = ask.state.execute(
        "select id, updated_at, body from objects where type = 'later' and deleted = 0 and updated_at <= ?", (until,)
    ).fetchall()
    if due:
        put(ask.state, "transaction", [(key, at, body.encode()) for key, at, body in due])
        ask.state.executemany("delete from objects where type = 'later' and id = ?", [(key,) for key, _, _ in due])


def _refused(status: int) -> Refused:
    name, message = _ERRORS[status]
    return Refused(status, {"name": name, "message": message, "debug_id": _DEBUG})


def _invalid(field: str) -> Refused:
    details = [{"field": field, "location": "query", "issue": "INVALID_PARAMETER_VALUE"}]
    return Refused(
        400,
        {"name": "INVALID_REQUEST", "message": "Request is not well-formed.", "debug_id": _DEBUG, "details": details},
    )
