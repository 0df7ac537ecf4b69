"""Reads Stripe: everything from the list endpoints, newest first; changes from the event feed of the last 30 days.

Lists know no updated filter. An event carries the object as it was then; the newest event of an object is its state.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import chain
from typing import Any

from sources import http
from sources.contract import Contract, Stream
from sources.errors import BadCredentials, MissingScope, ServerFault, SourceError, Throttled
from sources.http import Client, Verdict
from sources.paging import follow
from sources.records import Page, Tombstone, Window

CUSTOMER_EVENTS = ["customer.created", "customer.updated", "customer.deleted"]
_OUTCOMES = ("succeeded", "failed", "pending", "captured", "expired", "refunded", "updated")
CHARGE_EVENTS = [f"charge.{outcome}" for outcome in _OUTCOMES]
REFUND_EVENTS = ["charge.refund.updated"]
DISPUTE_EVENTS = [
    f"charge.dispute.{fate}" for fate in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
]
_FATES = ("created", "updated", "paid", "failed", "canceled", "reconciliation_completed")
PAYOUT_EVENTS = [f"payout.{fate}" for fate in _FATES]
_MOVED, _SETTLES = "/v1/balance_transactions", timedelta(days=8)
_LISTS = {
    "rak_customer_read": "/v1/customers",
    "rak_charge_read": "/v1/charges",  # and refunds
    "rak_dispute_read": "/v1/disputes",
    "rak_payout_read": "/v1/payouts",
    "rak_balance_read": _MOVED,
    "rak_event_read": "/v1/events",
}
_ERRORS = {401: BadCredentials, 403: MissingScope, 429: Throttled}


def connect(contract: Contract, resolve: Callable[[str], str], **shared: Any) -> Client:
    """A client that reads Stripe's errors, an answer in another API version among them."""
    return http.connect(contract, resolve, judge=judge(contract.api_version), **shared)


def customers(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Customers; deleted ones come from `deleted`."""
    if window.full:
        return _list(client, stream, "/v1/customers")
    return _changed(client, stream, window, "/v1/customers", CUSTOMER_EVENTS)


def charges(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Charges; a refund, a capture or an edit is a change of the charge."""
    if window.full:
        return _list(client, stream, "/v1/charges")
    return _changed(client, stream, window, "/v1/charges", CHARGE_EVENTS)


def refunds(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Refunds. Before API 2024-10-28 no event tells that one was made, only what became of it: new ones are listed."""
    if window.full:
        return _list(client, stream, "/v1/refunds")
    made = _list(client, stream, "/v1/refunds", **{"created[gte]": int(window.lower.timestamp())})
    return chain(made, _changed(client, stream, window, "/v1/refunds", REFUND_EVENTS))


def payouts(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """Payouts; that one arrived or came back is a change of it."""
    if window.full:
        return _list(client, stream, "/v1/payouts")
    return _changed(client, stream, window, "/v1/payouts", PAYOUT_EVENTS)


def disputes(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """What cardholders contest; evidence, money withdrawn and the end of it are changes of the dispute."""
    if window.full:
        return _list(client, stream, "/v1/disputes")
    return _changed(client, stream, window, "/v1/disputes", DISPUTE_EVENTS)


def balance_transactions(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """What moved the balance, each with the `payout` that took it to the bank: only a list by payout tells of that.

    No event tells that one can be paid out: those of the days in which that happens are read again.
    """
    since = {} if window.full else {"created[gte]": int((window.lower - _SETTLES).timestamp())}
    seen: set[str] = set()
    for page in _list(client, stream, "/v1/payouts", **since):
        for payout in (one["id"] for one in page.records if one["automatic"]):
            for part in _list(client, stream, _MOVED, payout=payout):
                seen.update(one["id"] for one in part.records)
                yield Page([{**one, "payout": payout} for one in part.records])
    for page in _list(client, stream, _MOVED, **since):
        yield Page([{**one, "payout": None} for one in page.records if one["id"] not in seen])


def deleted(client: Client, stream: Stream, window: Window) -> Iterator[Tombstone]:
    """Customers deleted in the window. Stripe never uses an id again."""
    for page in _events(client, stream, window, ["customer.deleted"]):
        for event in page.records:
            yield Tombstone(event["data"]["object"]["id"], str(event["created"]))


def probe(client: Client) -> list[str]:
    """The permissions of the key, found by asking for one object of each list."""
    return client.account.granted(lambda: [named for named, path in _LISTS.items() if _shows(client, path)])


def _shows(client: Client, path: str) -> bool:
    try:
        return client.get(path, {"limit": 1}) is not None
    except MissingScope:
        return False


def judge(version: str) -> http.Judge:
    """Reads Stripe's error object; never its message, which may repeat what was asked for."""

    def read(status: int, headers: Mapping[str, str], body: Any) -> Verdict | None:
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict):
            other = headers.get("stripe-version", version)
            return None if other == version else Verdict(SourceError, f"Stripe answers in API version {other}")
        code = error.get("code") or error.get("type")
        if code == "rate_limit":
            status = 429
        needed = re.search(r"rak_\w+", str(error.get("message", "")))
        about = f"; needed: {needed[0]}" if needed else f"; parameter {error['param']}" if error.get("param") else ""
        kind = _ERRORS.get(status) or (ServerFault if status >= 500 else SourceError)
        return Verdict(kind, f"HTTP {status}, {code}{about}")

    return read


def _list(client: Client, stream: Stream, path: str, **filters: Any) -> Iterator[Page]:
    """All objects of a list, newest first. What is created meanwhile stands before the first page: events bring it."""

    def fetch(behind: str | None) -> Page:
        place = {"starting_after": behind} if behind else {}
        body = client.get(path, {"limit": stream.page_size, **filters, **place})
        return Page(body["data"], body["data"][-1]["id"] if body["has_more"] else None)

    return follow(client, fetch)


def _events(client: Client, stream: Stream, window: Window, types: list[str]) -> Iterator[Page]:
    since = int(window.lower.timestamp())
    return _list(client, stream, "/v1/events", **{"types[]": types, "created[gte]": since})


def _changed(client: Client, stream: Stream, window: Window, path: str, types: list[str]) -> Iterator[Page]:
    """Each changed object once, as its newest event shows it.

    Events are dated to the second. Where an object's newest second holds several, their order is unknown: such objects
    are read once more, from their own list, by the second in which they were created.
    """
    newest: dict[str, int] = {}
    unsure: dict[int, dict[str, int]] = {}
    for page in _events(client, stream, window, types):
        records, said = [], []
        for event in page.records:
            body, at = event["data"]["object"], event["created"]
            if newest.get(body["id"]) == at:
                unsure.setdefault(body["created"], {})[body["id"]] = at
            elif body["id"] not in newest:
                newest[body["id"]] = at
                if not event["type"].endswith(".deleted"):
                    records.append(body)
                    said.append(str(at))
        yield Page(records, event_texts=said)
    for second, ids in unsure.items():
        for page in _list(client, stream, path, created=second):
            found = [body for body in page.records if body["id"] in ids]
            yield Page(found, event_texts=[str(ids[body["id"]]) for body in found])
