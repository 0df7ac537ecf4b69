"""API keys of Assay's own users: made, counted and revoked. Odoo gives a key only to a user in a web session.

So an administrator sets a password that nobody is told, and the session is opened with it; only the key is kept.
Odoo allows no more days than the user's groups state.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from sources.odoo.client import OdooClient, call, search_read
from sources.odoo.errors import OdooDenied, OdooError, OdooUnreachable, from_answer

STAMP = "%Y-%m-%d %H:%M:%S"
KEYS, ASKED = "res.users.apikeys", "res.users.apikeys.description"
BY_HAND = """no key could be made for {login}: {problem}. By hand, one of:
  - sign in to Odoo as {login} and choose Preferences, Account Security, New API Key
  - in `odoo shell`: env["res.users.apikeys"].with_user(env["res.users"].search([("login", "=", "{login}")]))
      ._generate("rpc", "assay", datetime.datetime.now() + datetime.timedelta(days={days})); env.cr.commit()"""


@dataclass(frozen=True)
class Session:
    """A web session of one user, which knows his password, as Odoo asks for it before it shows a key."""

    http: httpx.Client
    password: str

    def call(self, model: str, method: str, arguments: list, context: dict[str, Any] | None = None) -> Any:
        """Call a method as the web client would. Raises the errors of `sources.odoo.errors`."""
        named = {"context": context or {}}
        asked = {"model": model, "method": method, "args": arguments, "kwargs": named}
        return _ask(self.http, f"/web/dataset/call_kw/{model}/{method}", model, method, asked)

    def confirmed(self, model: str, method: str, ids: list[int]) -> dict[str, Any]:
        """Call a method for which Odoo wants the password once more."""
        answer = self.call(model, method, [ids])
        if answer.get("res_model") != "res.users.identitycheck":
            return answer
        return self.call(answer["res_model"], "run_check", [[answer["res_id"]]], {"password": self.password})


def renew(admin: OdooClient, login: str, days: int, now: datetime, revoke: bool = False) -> str:
    """A new API key for `login` that ends after `days`; with `revoke` his other keys end at once.

    Raises OdooDenied with the steps by hand where this Odoo asks for more than a password (two factors, single
    sign-on), and the other errors of Odoo's client.
    """
    user = search_read(admin, "res.users", ["login"], [("login", "=", login)])[0]["id"]
    password = secrets.token_urlsafe(32)
    try:
        call(admin, "res.users", "write", [user], vals={"password": password})
        with _session(admin, login, password) as session:
            old = session.call(KEYS, "search", [[["user_id", "=", user]]])
            until = (now + timedelta(days=days)).astimezone(UTC)
            asked = {"name": f"assay {now:%Y-%m-%d}", "duration": "-1", "expiration_date": until.strftime(STAMP)}
            description = session.call(ASKED, "create", [asked])
            key = session.confirmed(ASKED, "make_key", [description])["context"]["default_key"]
            if revoke and old:
                session.confirmed(KEYS, "remove", old)
            return key
    except OdooUnreachable:
        raise
    except (OdooError, KeyError, TypeError, AttributeError) as error:
        problem = error.problem if isinstance(error, OdooError) else "its web session answered something unknown"
        said = BY_HAND.format(login=login, problem=problem, days=days)
        raise OdooDenied("res.users", "make_key", said) from error


def expiries(client: OdooClient, user: int) -> list[datetime | None]:
    """When the keys of a user end, the last one first; None for a key that never does. Expired ones are left out."""
    rows = search_read(client, KEYS, ["expiration_date"], [("user_id", "=", user)])
    ends = [row["expiration_date"] and datetime.strptime(row["expiration_date"], STAMP) for row in rows]
    if not all(ends):
        return [None, *sorted((end.replace(tzinfo=UTC) for end in ends if end), reverse=True)]
    return sorted((end.replace(tzinfo=UTC) for end in ends), reverse=True)


def valid(admin: OdooClient, login: str, now: datetime) -> bool:
    """Whether the active user `login` has a key that has not ended."""
    users = search_read(admin, "res.users", ["id"], [("login", "=", login), ("active", "=", True)])
    return any(end is None or end > now for user in users for end in expiries(admin, user["id"]))


@contextmanager
def _session(admin: OdooClient, login: str, password: str) -> Iterator[Session]:
    with httpx.Client(base_url=admin.url, timeout=60) as http:
        asked = {"db": admin.db, "login": login, "password": password}
        if not _ask(http, "/web/session/authenticate", "res.users", "authenticate", asked).get("uid"):
            raise OdooDenied("res.users", "authenticate", "Odoo asks for a second factor")
        yield Session(http, password)


def _ask(http: httpx.Client, path: str, model: str, method: str, params: dict[str, Any]) -> Any:
    try:
        answer = http.post(path, json={"jsonrpc": "2.0", "method": "call", "params": params}).json()
    except httpx.TransportError as error:
        raise OdooUnreachable(model, method, f"no answer ({type(error).__name__})", "check ODOO_URL") from error
    except ValueError as error:
        raise OdooDenied(model, method, "no web session here, its proxy answered") from error
    if "error" in answer:
        raise from_answer(model, method, None, answer["error"].get("data"))
    return answer["result"]
