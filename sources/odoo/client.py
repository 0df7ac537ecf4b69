"""The only file that speaks Odoo RPC: JSON-2 for Odoo 19 and newer, /jsonrpc (odoorpc) for older ones.

Both transports take the same calls, give the same values and raise the same errors. What is retried is decided
here, once: reads always, writes only where Odoo is known to have rolled back.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import odoorpc
import orjson

from sources.odoo.errors import (
    OdooAmbiguous,
    OdooDenied,
    OdooError,
    OdooMissing,
    OdooNoSuchMethod,
    OdooRejected,
    OdooRetryable,
    OdooUnreachable,
    from_answer,
)

READS = {"search", "search_read", "read", "search_count", "fields_get", "context_get", "web_read", "name_search"}
READS |= {"get_external_id", "exists", "has_group", "web_search_read", "default_get", "has_access"}
READS |= {"check_access_rights", "formatted_read_group"}
# Never the bot's own language: a value read today must be the value read tomorrow. Reads see archived records too;
# writes do not, or Odoo's own rules would count archived variants and barcodes.
CONTEXT = {"lang": "en_US"}
READ_CONTEXT = {"lang": "en_US", "active_test": False}
DESCRIBED = ("type", "string", "relation", "readonly", "required", "selection", "digits", "store")
DESCRIBED += ("size", "domain", "related", "depends", "translate")
TIMEOUT = 120.0
# Whoever is in one of these may give himself every right.
ADMINISTRATORS = ("base.group_system", "base.group_erp_manager")
ALLOW_ADMINISTRATOR = "env:ODOO_ALLOW_ADMIN"
Send = Callable[[str, str, list[int] | None, dict[str, Any], dict[str, Any], float], Any]


@dataclass
class OdooClient:
    """One user in one database of one Odoo. Make it with `connect`; pass it to the functions below."""

    url: str
    db: str
    login: str
    uid: int
    transport: str
    version: tuple[int, int]
    send: Send
    close: Callable[[], None]
    tries: int = 4
    pause: Callable[[float], None] = time.sleep
    remembered: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> OdooClient:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def connect(url: str, db: str, login: str, key: str, transport: str | None = None) -> OdooClient:
    """A client for the database `db`; `key` is an API key, which both transports accept.

    `transport` is json2 or jsonrpc; by default the version that Odoo states decides. Raises OdooUnreachable or
    OdooDenied.
    """
    url = url.rstrip("/")
    version = _version(url)
    transport = transport or ("json2" if version >= (19, 0) else "jsonrpc")
    try:
        if transport == "json2":
            send, close = _json2(url, db, key)
        else:
            send, close = _jsonrpc(url, db, login, key, f"{version[0]}.{version[1]}")
        client = OdooClient(url, db, login, 0, transport, version, send, close)
        client.uid = call(client, "res.users", "context_get")["uid"]
    except (OdooRejected, OdooMissing, OdooAmbiguous) as error:
        raise OdooUnreachable("res.users", "login", f"no database {db!r} there", "check ODOO_DB") from error
    except OdooUnreachable as error:
        if "HTTP 404" not in str(error):
            raise
        problem = f"no database {db!r} there, or it is away"
        raise OdooUnreachable("res.users", "login", problem, "check ODOO_DB, and that its PostgreSQL runs") from error
    if transport == "json2" and call(client, "res.users", "read", [client.uid], fields=["login"])[0]["login"] != login:
        raise OdooDenied("res.users", "login", "the API key belongs to another user", "check ODOO_LOGIN and ODOO_KEY")
    return client


def call(
    client: OdooClient,
    model: str,
    method: str,
    ids: list[int] | None = None,
    context: dict[str, Any] | None = None,
    timeout: float = TIMEOUT,
    **arguments: Any,
) -> Any:
    """Call a public method with named arguments; decoded JSON as Odoo gave it. `ids` only for record methods.

    One call is one transaction. Raises the errors of `sources.odoo.errors`; an unanswered write is OdooAmbiguous.
    """
    context = (READ_CONTEXT if method in READS else CONTEXT) | (context or {})
    for attempt in range(1, client.tries + 1):
        try:
            return client.send(model, method, ids, context, arguments, timeout)
        except (OdooUnreachable, OdooRetryable) as error:
            failure = error
        except OdooAmbiguous as error:
            if method not in READS:
                raise
            failure = OdooUnreachable(model, method, error.problem, "check that Odoo runs")
        if attempt < client.tries:
            client.pause(patience(attempt))
    raise failure


def patience(attempt: int) -> float:
    """Seconds to wait after the attempt of that number, from 1."""
    return 0.2 * 3 ** (attempt - 1)


def read_by_id(
    client: OdooClient,
    model: str,
    fields: list[str],
    domain: list | None = None,
    page: int = 1000,
    after: int = 0,
    context: dict[str, Any] | None = None,
) -> Iterator[list[dict[str, Any]]]:
    """Pages of every record that matches `domain`, archived ones too, in order of id; relations as plain ids.

    Keyset paging: records created or deleted meanwhile neither repeat nor hide others.
    """
    while True:
        found = search_read(client, model, fields, [*(domain or []), ("id", ">", after)], page, context)
        if found:
            yield found
        if len(found) < page:
            return
        after = found[-1]["id"]


def read_columns(
    client: OdooClient, model: str, fields: list[str], domain: list | None = None, page: int = 20_000
) -> Iterator[list[dict[str, Any]]]:
    """As `read_by_id`, for stored fields with one value: PostgreSQL gathers them, at a quarter of Odoo's own effort.

    Blank is None. Pages hold about `page` records. Raises OdooNoSuchMethod where this Odoo is too old for it.
    """

    def gathered(aggregates: list[str], after: int = 0, up_to: int | None = None) -> dict[str, Any]:
        within = [*(domain or []), ("id", ">", after), *([("id", "<=", up_to)] if up_to else [])]
        return call(client, model, "formatted_read_group", domain=within, groupby=[], aggregates=aggregates)[0]

    found = gathered(["__count", "id:min", "id:max"])
    if not found["__count"]:
        return
    first, last = found["id:min"], found["id:max"]
    width = max(page, (last - first + 1) * page // found["__count"])
    names = ["id", *fields]
    for after in range(first - 1, last, width):
        # Records that come into being meanwhile belong to the last page.
        columns = gathered(
            [f"{name}:array_agg" for name in names], after, after + width if after + width < last else None
        )
        rows = zip(*(columns[f"{name}:array_agg"] for name in names), strict=True)
        yield [dict(zip(names, row, strict=True)) for row in rows]


def search_read(
    client: OdooClient,
    model: str,
    fields: list[str],
    domain: list | None = None,
    limit: int | None = None,
    context: dict[str, Any] | None = None,
    order: str = "id",
) -> list[dict[str, Any]]:
    """The records that match, in order of id unless told; archived ones too, relations as plain ids."""
    asked = {"domain": domain or [], "fields": fields, "limit": limit, "order": order, "load": None}
    return call(client, model, "search_read", context=context, **asked)


def is_administrator(client: OdooClient) -> bool:
    """Whether the client's user may change rights, users or settings."""
    asked = (call(client, "res.users", "has_group", [client.uid], group_ext_id=group) for group in ADMINISTRATORS)
    return any(asked)


def administrator_allowed(resolve: Callable[[str], str]) -> bool:
    """Whether the environment says that Assay may work as an administrator: for trials, such as the demo."""
    try:
        return resolve(ALLOW_ADMINISTRATOR).strip().lower() in ("yes", "true", "1")
    except LookupError:
        return False


def json2_request(model: str, method: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
    """(path, body) of a reading JSON-2 call, for clients of the extraction kernel, which bring their own patience."""
    return f"/json/2/{model}/{method}", {"context": READ_CONTEXT, **arguments}


def json2_headers(db: str, key: str) -> dict[str, str]:
    """Who calls, and which database is meant."""
    return {"Authorization": f"bearer {key}", "X-Odoo-Database": db, "Content-Type": "application/json"}


def fields_get(client: OdooClient, model: str, attributes: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
    """What Odoo says about each field of `model`: type, relation, readonly, required, selection, digits, …"""
    asked = list(attributes or DESCRIBED)
    return call(client, model, "fields_get", attributes=asked)


def write_each(
    client: OdooClient, model: str, values: dict[int, dict[str, Any]], context: dict[str, Any] | None = None
) -> None:
    """Write different values to each record, in one transaction where this Odoo can (`web_save_multi`).

    Older ones get one `write` per distinct set of values: then an error leaves the sets before it written.
    """
    if not values:
        return
    if client.remembered.get("web_save_multi", True):
        try:
            asked = {"vals_list": list(values.values()), "specification": {}}
            call(client, model, "web_save_multi", ids=list(values), context=context, **asked)
            return
        except OdooNoSuchMethod:
            client.remembered["web_save_multi"] = False
    alike = defaultdict(list)
    for record, changed in values.items():
        alike[orjson.dumps(changed, option=orjson.OPT_SORT_KEYS)].append(record)
    for changed, records in alike.items():
        call(client, model, "write", ids=records, context=context, vals=orjson.loads(changed))


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, read once: it takes 30 ms."""
    return httpx.create_ssl_context()


def _version(url: str) -> tuple[int, int]:
    """(19, 0) for Odoo 19; JSON-2 begins there. Older ones only know the address that odoorpc asks."""
    try:
        answer = httpx.get(f"{url}/web/version", timeout=20, follow_redirects=True, verify=_trusted())
        if answer.status_code == 404:
            asked = {"jsonrpc": "2.0", "params": {}}
            answer = httpx.post(f"{url}/web/webclient/version_info", json=asked, timeout=20, verify=_trusted())
            said = answer.json()["result"]["server_version_info"]
        else:
            said = answer.json()["version_info"]
        # Odoo's own cloud numbers its releases "saas~19".
        return int(str(said[0]).rpartition("~")[2]), int(said[1])
    except httpx.TransportError as error:
        raise OdooUnreachable("web", "version", f"no answer ({type(error).__name__})", "check ODOO_URL") from error
    except (ValueError, KeyError, TypeError) as error:
        remedy = "check that ODOO_URL is an Odoo and not its proxy"
        raise OdooUnreachable("web", "version", f"HTTP {answer.status_code}, not a version", remedy) from error


def _json2(url: str, db: str, key: str) -> tuple[Send, Callable[[], None]]:
    """JSON-2: one POST per call, the key as bearer, real HTTP statuses."""
    session = httpx.Client(headers=json2_headers(db, key), follow_redirects=False, verify=_trusted())

    def send(model, method, ids, context, arguments, timeout):
        body = {"context": context, **arguments} | ({} if ids is None else {"ids": ids})
        limits = httpx.Timeout(timeout, connect=10)
        try:
            content = orjson.dumps(body)
            answer = session.post(f"{url}/json/2/{model}/{method}", content=content, timeout=limits)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _unreachable(model, method, error) from error
        except httpx.TransportError as error:
            raise _unanswered(model, method, error) from error
        return _decoded(context.get("active_model", model), method, answer.status_code, answer.content)

    return send, session.close


def _decoded(model: str, method: str, status: int, content: bytes) -> Any:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        if status in (401, 403, 429):
            raise from_answer(model, method, status, None) from error
        # A proxy's page: it gave up waiting, or cut the answer; Odoo may go on behind it. Or Odoo's own page, a 404,
        # while its database is away: what Odoo does not have it says in JSON.
        raise OdooAmbiguous(model, method, f"HTTP {status} without Odoo's answer", "look it up by key") from error
    if isinstance(body, dict) and "jsonrpc" in body and "error" in body:
        raise from_answer(model, method, status, body["error"].get("data"))
    if status >= 400:
        raise from_answer(model, method, status, body)
    return body


def _jsonrpc(url: str, db: str, login: str, key: str, version: str) -> tuple[Send, Callable[[], None]]:
    """/jsonrpc through odoorpc: positional arguments, errors inside HTTP 200, one connection per call.

    Where no header names the database, Odoo opens a new connection to PostgreSQL with every call to list them all.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    protocol, port = ("jsonrpc+ssl", 443) if secure else ("jsonrpc", 80)
    opener = urllib.request.build_opener()
    opener.addheaders.append(("X-Odoo-Database", db))
    with _rpc_errors("res.users", "login"):
        odoo = odoorpc.ODOO(
            parts.hostname, protocol, parts.port or port, timeout=TIMEOUT, version=version, opener=opener
        )
        odoo.login(db, login, key)

    def send(model, method, ids, context, arguments, timeout):
        named = {"context": context, **arguments}
        positional = [] if ids is None else [ids]
        if method == "create":
            positional = [named.pop("vals_list")]
        odoo.config["timeout"] = timeout
        with _rpc_errors(context.get("active_model", model), method):
            return odoo.execute_kw(model, method, positional, named)

    return send, lambda: None


@contextlib.contextmanager
def _rpc_errors(model: str, method: str) -> Iterator[None]:
    """Whatever odoorpc and urllib raise becomes one of Assay's errors."""
    try:
        yield
    except odoorpc.error.RPCError as error:
        if error.info:
            raise from_answer(model, method, None, error.info.get("data")) from None
        raise OdooDenied(model, method, "login refused", "check ODOO_LOGIN and ODOO_KEY") from None
    except urllib.error.HTTPError as error:
        _decoded(model, method, error.code, error.read())
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionRefusedError | socket.gaierror):
            raise _unreachable(model, method, error.reason) from error
        raise _unanswered(model, method, error.reason) from error
    except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
        raise _unanswered(model, method, error) from error


def _unreachable(model: str, method: str, error: BaseException) -> OdooError:
    return OdooUnreachable(model, method, f"no connection ({type(error).__name__})", "check ODOO_URL and that it runs")


def _unanswered(model: str, method: str, error: BaseException) -> OdooError:
    problem = f"sent, but not answered ({type(error).__name__})"
    return OdooAmbiguous(model, method, problem, "it may have been saved: look it up by key before anything else")
