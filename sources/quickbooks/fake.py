"""A stand-in for QuickBooks Online: a small query language, a feed of changes that also tells deletions."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, changed, naive, serve, turn
from sources.estate.state import get, instant, open_state, put
from sources.estate.world import World
from sources.quickbooks.fake_seed import stamp

STREAMS = {"customers": "Customer", "invoices": "Invoice", "payments": "Payment"}
CREDENTIALS = {
    "QUICKBOOKS_LOGIN_ENDPOINT": "{endpoint}",
    "QUICKBOOKS_CLIENT_ID": "ABestateclient",
    "QUICKBOOKS_CLIENT_SECRET": "estate-quickbooks-secret",
    "QUICKBOOKS_REFRESH_TOKEN": "estate-quickbooks-consent",
    "QUICKBOOKS_COMPANY_ID": "9130350000000001",
}
_QUERY = re.compile(
    r"select (?P<what>\*|Id|count\(\*\)) from (?P<kind>Customer|Invoice|Payment)"
    r"(?: where (?P<where>.+?))?(?: orderby (?P<order>Id))?"
    r"(?: startposition (?P<place>\d+))?(?: maxresults (?P<size>\d+))?"
)
_SINCE, _IDS = re.compile(r"MetaData\.LastUpdatedTime >= '([^']+)'"), re.compile(r"Id in \(('\d+'(?:, '\d+')*)\)")
_ALL, _FEED = "Active in (true, false)", 1_000


def _fault(kind: str, code: str, message: str) -> dict[str, Any]:
    return {"Fault": {"Error": [{"Message": message, "code": code}], "type": kind}, "time": "2026-03-29T15:00:00Z"}


_TOLD = {"expires_in": 3600, "x_refresh_token_expires_in": 8_726_400, "token_type": "bearer"}
SAYS = {
    "throttled": _fault("ValidationFault", "003001", "ThrottleExceeded"),
    "error": _fault("SystemFault", "10000", "An application error has occurred"),
}


def seed(world: World, path: Path) -> None:
    """Write the books' state."""
    seed_part(world, "quickbooks", path)


def app(path: Path, faults: Any) -> Starlette:
    """The company at `path`; `faults` answers active(name) and spend(name)."""
    issued: set[str] = set()
    routes = {"/v3/company/{company}/query": _query, "/v3/company/{company}/cdc": _changes}
    token = partial(turn, issued, *list(CREDENTIALS.values())[1:4], _TOLD)
    return serve(path, faults, partial(_admit, issued), routes, {"/oauth2/v1/tokens/bearer": token})


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given fields, or a harmless one."""
    second = naive(at).replace(microsecond=0)
    with closing(open_state(path)) as connection:
        times = get(connection, STREAMS[stream], key).body["MetaData"] | {"LastUpdatedTime": stamp(second)}
    own = fields or {"SyncToken": str(int(second.timestamp()))}
    changed(path, STREAMS[stream], key, second, {**own, "MetaData": times})


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Delete an invoice or payment, of which the feed tells. A customer only becomes inactive."""
    if stream == "customers":
        touch(path, stream, key, at, Active=False)
        return
    second, kind = naive(at).replace(microsecond=0), STREAMS[stream]
    told = {"Id": key, "domain": "QBO", "status": "Deleted", "MetaData": {"LastUpdatedTime": stamp(second)}}
    with closing(open_state(path)) as connection:
        connection.execute("delete from objects where type = ? and id = ?", (kind, key))
        put(connection, f"{kind} gone", [(key, second, told)])


def merge_customers(path: Path, kept: str, gone: str, at: datetime) -> None:
    """Merge one customer into another: it becomes inactive."""
    delete(path, "customers", gone, at)


def _admit(issued: set[str], ask: Ask) -> None:
    token = ask.asked.get("authorization", "").removeprefix("Bearer ")
    if token not in issued or ask.faults.spend("expired_token") is not None:
        raise Refused(401, _fault("AuthenticationFault", "3200", "AuthenticationFailed"))
    stranger = ask.path["company"] != CREDENTIALS["QUICKBOOKS_COMPANY_ID"]
    if stranger or ask.faults.active("missing_scope") is not None:
        raise Refused(403, _fault("AuthorizationFault", "3100", "ApplicationAuthorizationFailed"))


def _query(ask: Ask) -> dict[str, Any]:
    """Lists, ids and counts; customers that are inactive only if asked for, a list that is empty not at all."""
    said = _QUERY.fullmatch(ask.given.get("query", ""))
    if not said or set(ask.given) - {"query", "minorversion"}:
        raise _invalid("QueryParserError")
    kind, where, values = said["kind"], ["1"], []
    asked = (said["where"] or "").split(" and ") if said["where"] else []
    if kind == "Customer" and _ALL not in asked:
        where.append("json_extract(body, '$.Active')")
    for term in asked:
        if since := _SINCE.fullmatch(term):
            where.append("updated_at >= ?")
            values.append(_instant(since[1]))
        elif ids := _IDS.fullmatch(term):
            where.append(f"id in ({ids[1]})")
        elif term != _ALL or kind != "Customer":
            raise _invalid("QueryValidationError")
    place, size = int(said["place"] or 1), int(said["size"] or 100)
    if not 1 <= size <= 1000 or place < 1:
        raise _invalid("QueryValidationError")
    if place > 1 and ask.faults.spend("repeating_cursor") is not None:
        place = 1
    found, total = ask.select(kind, " and ".join(where), tuple(values), "id", size, place - 1)
    if said["what"] == "count(*)":
        return _answer(ask, {"totalCount": total})
    return _answer(ask, {kind: found, "startPosition": place, "maxResults": len(found)} if found else {})


def _changes(ask: Ask) -> dict[str, Any]:
    """What changed and what is gone, 30 days back at most, of each kind; a thousand objects and no more."""
    since, parts = _instant(ask.given["changedSince"]), []
    if since < instant(naive(ask.now) - timedelta(days=30)):
        raise _invalid("changedSince is more than 30 days ago")
    for kind in ask.given["entities"].split(","):
        found = ask.select(kind, "updated_at >= ?", (since,), "updated_at, id", _FEED)[0]
        found += ask.select(f"{kind} gone", "updated_at >= ?", (since,), "updated_at, id", _FEED)[0]
        found = found[:_FEED]
        parts.append({kind: found, "startPosition": 1, "maxResults": len(found)} if found else {})
    return {"CDCResponse": [{"QueryResponse": parts}], "time": stamp(naive(ask.now))}


def _answer(ask: Ask, said: dict[str, Any]) -> dict[str, Any]:
    return {"QueryResponse": said, "time": stamp(naive(ask.now))}


def _instant(text: str) -> str:
    return instant(datetime.fromisoformat(text).astimezone(UTC))


def _invalid(message: str) -> Refused:
    return Refused(400, _fault("ValidationFault", "4000", message))
