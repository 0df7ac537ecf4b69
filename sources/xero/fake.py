"""A stand-in for Xero's Accounting API: refresh tokens that are good once, a filter in a header, numbered pages."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from sources.estate.guests import seed_part
from sources.estate.standin import Ask, Refused, changed, naive, serve, turn
from sources.estate.state import instant
from sources.estate.world import World
from sources.xero.fake_seed import named, stamp

STREAMS = {"contacts": "contact", "invoices": "invoice", "payments": "payment", "credit_notes": "credit_note"}
CREDENTIALS = {
    "XERO_LOGIN_ENDPOINT": "{endpoint}",
    "XERO_CLIENT_ID": "ESTATEXEROCLIENT",
    "XERO_CLIENT_SECRET": "estate-xero-secret",
    "XERO_REFRESH_TOKEN": "estate-xero-consent",
    "XERO_TENANT_ID": "70784a63-d24b-46a9-a4db-0e70a274b056",
}
_TOLD = {"expires_in": 1800, "token_type": "Bearer", "scope": "accounting.transactions.read"}
SAYS = {
    "throttled": {"Title": "Too Many Requests", "Status": 429, "Detail": "minute limit exceeded"},
    "error": {"ErrorNumber": 500, "Type": "InternalError", "Message": "An error occurred in Xero."},
}
_KNOWN = {"page", "pageSize", "order", "includeArchived"}


def seed(world: World, path: Path) -> None:
    """Write the books' state."""
    seed_part(world, "xero", path)


def app(path: Path, faults: Any) -> Starlette:
    """The organisation at `path`; `faults` answers active(name) and spend(name)."""
    issued: set[str] = set()
    lists = {f"/{_called(kind)}": partial(_list, kind) for kind in STREAMS.values()}
    return serve(
        path,
        faults,
        partial(_admit, issued),
        lists,
        {"/connect/token": partial(turn, issued, *list(CREDENTIALS.values())[1:4], _TOLD)},
    )


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """Change a record: the given fields, or a harmless one."""
    second = naive(at).replace(microsecond=0)
    harmless = {
        "invoice": {"SentToContact": True},
        "payment": {"IsReconciled": True},
        "credit_note": {"SentToContact": True},
    }
    own = fields or harmless.get(STREAMS[stream], {"HasAttachments": False})
    changed(path, STREAMS[stream], key, second, {**own, "UpdatedDateUTC": stamp(second)})


def delete(path: Path, stream: str, key: str, at: datetime) -> None:
    """Delete an invoice, a payment or a credit note, which then says so. A contact can only be merged into another."""
    if stream == "contacts":
        merge_customers(path, named("contact", 0), key, at)
    else:
        touch(path, stream, key, at, Status="DELETED")


def merge_customers(path: Path, kept: str, gone: str, at: datetime) -> None:
    """Merge one contact into another: it is archived and names the other."""
    touch(path, "contacts", gone, at, ContactStatus="ARCHIVED", MergedToContactID=kept)


def _admit(issued: set[str], ask: Ask) -> None:
    token = ask.asked.get("authorization", "").removeprefix("Bearer ")
    if token not in issued or ask.faults.spend("expired_token") is not None:
        raise Refused(401, {"Title": "Unauthorized", "Status": 401, "Detail": "TokenExpired: token expired"})
    refused = ask.asked.get("xero-tenant-id") != CREDENTIALS["XERO_TENANT_ID"]
    if refused or ask.faults.active("missing_scope") is not None:
        raise Refused(403, {"Title": "Forbidden", "Status": 403, "Detail": "AuthenticationUnsuccessful"})


def _list(kind: str, ask: Ask) -> dict[str, Any]:
    if set(ask.given) - _KNOWN:
        raise _invalid("parameter")
    size, page = ask.whole("pageSize", 100, 1, 1000, _invalid), ask.whole("page", 1, 1, 10**6, _invalid)
    if page > 1 and ask.faults.spend("repeating_cursor") is not None:
        page = 1
    where, values = "1", []
    since = ask.asked.get("if-modified-since")
    if since:
        where, values = "updated_at > ?", [instant(datetime.fromisoformat(since))]
    if kind == "contact" and ask.given.get("includeArchived") != "true":
        where += " and json_extract(body, '$.ContactStatus') <> 'ARCHIVED'"
    found, total = ask.select(kind, where, tuple(values), "id", size, (page - 1) * size)
    pages = {"page": page, "pageSize": size, "pageCount": -(-total // size), "itemCount": total}
    head = {"Id": named("answer", page), "Status": "OK", "ProviderName": "Estate", "DateTimeUTC": stamp(naive(ask.now))}
    return {**head, "pagination": pages, _called(kind): found}


def _called(kind: str) -> str:
    """What a list is called: Contacts, CreditNotes."""
    return kind.title().replace("_", "") + "s"


def _invalid(name: str) -> Refused:
    return Refused(400, {"ErrorNumber": 10, "Type": "ValidationException", "Message": f"Invalid {name}"})
