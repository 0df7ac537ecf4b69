"""The embedded demo Odoo over HTTP: /json/2 and /jsonrpc, so that Assay's client cannot tell it from a real Odoo 19.

Wire formats and authentication belong here; records and their behaviour are in `sources/odoo/demo/`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sources.estate.faults import SystemFaults
from sources.odoo.demo import answers
from sources.odoo.demo.answers import OdooFault
from sources.odoo.demo.events import STREAMS, bind, delete, keys, merge_customers, touch
from sources.odoo.demo.models import ADMIN_ONLY
from sources.odoo.demo.records import Environment, Records
from sources.odoo.demo.seed import CREDENTIALS, seed
from sources.odoo.demo.store import Store

__all__ = ["CREDENTIALS", "STREAMS", "app", "bind", "delete", "keys", "merge_customers", "seed", "touch"]

SAYS = {
    "throttled": {"name": "werkzeug.exceptions.TooManyRequests", "message": "429 Too Many Requests", "arguments": []},
    "error": {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "builtins.Exception"}},
    },
}
VERSION = [19, 0, 0, "final", 0, ""]
ON_MODEL = {"search", "search_read", "search_count", "create", "fields_get", "load", "context_get", "default_get"}
ON_RECORDS = {"read", "write", "unlink", "web_save_multi", "get_external_id", "run", "exists"}
ON_RECORDS |= {"has_group", "has_access"}
ONLY_ON = {"context_get": "res.users", "has_group": "res.users", "run": "ir.actions.server"}
VERBS = {"create": "create", "write": "modify", "unlink": "delete"}


def app(path: Path, faults: SystemFaults | None = None) -> Starlette:
    """The demo Odoo on the database at `path`. The estate's middleware adds the faults of transport."""
    store = Store(path)

    async def version(_: Request) -> Response:
        return _json({"version_info": VERSION, "version": "19.0"})

    async def version_info(request: Request) -> Response:
        asked = orjson.loads(await request.body() or b"{}")
        return _json({"jsonrpc": "2.0", "id": asked.get("id"), "result": _about()})

    async def json2(request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(_json2, store, faults, request.path_params, request.headers, body)

    async def jsonrpc(request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(_jsonrpc, store, body)

    async def login(_: Request) -> Response:
        return Response(
            "<title>Odoo</title><p>This is Assay's demo Odoo. It has no web client.</p>", media_type="text/html"
        )

    routes = [
        Route("/web/version", version),
        Route("/web/webclient/version_info", version_info, methods=["POST"]),
        Route("/json/2/{model}/{method}", json2, methods=["POST"]),
        Route("/jsonrpc", jsonrpc, methods=["POST"]),
        Route("/", login),
        Route("/web/login", login),
    ]
    demo = Starlette(routes=routes)
    demo.state.store = store
    return demo


def _json2(store: Store, faults: SystemFaults | None, path: dict[str, str], headers: Any, body: bytes) -> Response:
    try:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise answers.unauthorized("User not authenticated, use an API Key with a Bearer Authorization header.")
        if headers.get("x-odoo-database", store.name) != store.name:
            raise answers.not_found("404: Not Found")
        expired = faults is not None and faults.spend("expired_token", f"{path['model']}/{path['method']}") is not None
        uid = None if expired else store.user(None, key)
        if uid is None:
            raise answers.unauthorized()
        try:
            named = orjson.loads(body or b"{}")
        except orjson.JSONDecodeError as error:
            message = f"could not parse the body as json: {error}"
            raise OdooFault("werkzeug.exceptions.BadRequest", message, 400) from error
        named = named if isinstance(named, dict) else {}
        if faults is not None and path["method"] == "search_read" and faults.spend("repeating_cursor") is not None:
            named["domain"] = [term for term in named["domain"] if list(term)[:2] != ["id", ">"]]
        ids, context = named.pop("ids", None), named.pop("context", {})
        return _json(_call(store, uid, path["model"], path["method"], ids, [], named, context))
    except OdooFault as fault:
        return _json(fault.body(), fault.status)


def _jsonrpc(store: Store, body: bytes) -> Response:
    asked = orjson.loads(body)
    answer = {"jsonrpc": "2.0", "id": asked.get("id")}
    try:
        service, method, args = (asked["params"][name] for name in ("service", "method", "args"))
        answer["result"] = _serve(store, service, method, args)
    except OdooFault as fault:
        answer["error"] = {"code": 0, "message": "Odoo Server Error", "data": fault.body()}
    return _json(answer)


def _serve(store: Store, service: str, method: str, args: list) -> Any:
    match service, method:
        case "common", "version":
            return _about()
        case "common", "login" | "authenticate":
            _check_database(store, args[0])
            return store.user(args[1], args[2]) or False
        case "db", "list":
            return [store.name]
        case "object", "execute" | "execute_kw":
            database, uid, key, model, name, *rest = args
            _check_database(store, database)
            if uid != store.user(None, key):
                raise OdooFault("odoo.exceptions.AccessDenied", "Access Denied", 403)
            positional, named = (rest[0], dict(rest[1]) if rest[1:] else {}) if method == "execute_kw" else (rest, {})
            context = named.pop("context", {})
            ids, positional = (positional[0], positional[1:]) if name in ON_RECORDS else (None, positional)
            return _call(store, uid, model, name, ids, positional, named, context)
    raise OdooFault("builtins.NameError", f"Method not available {service}.{method}", 500)


def _call(
    store: Store,
    uid: int,
    model: str,
    method: str,
    ids: list[int] | None,
    positional: list,
    named: dict[str, Any],
    context: dict[str, Any],
) -> Any:
    """One call is one transaction: all of it is kept, or none."""
    with store.transaction():
        function = _public(store, model, method, ids)
        if model in ADMIN_ONLY and method != "run" and not store.may_administrate(uid):
            raise answers.denied(VERBS.get(method, "access"), model)
        records = Environment(store, uid, context)[model].browse(ids)
        try:
            inspect.signature(function).bind(records, *positional, **named)
        except TypeError as error:
            if method == "search_read":
                raise OdooFault("builtins.TypeError", str(error), 500) from error
            raise OdooFault("werkzeug.exceptions.UnprocessableEntity", str(error), 422) from error
        result = function(records, *positional, **named)
        if isinstance(result, Records):
            single = method == "create" and positional and isinstance(positional[0], dict)
            return result.id if single else result.ids
        return result


def _public(store: Store, model: str, method: str, ids: list[int] | None) -> Callable:
    if model not in store.models:
        raise answers.not_found(f"the model {model!r} does not exist")
    if method.startswith("_"):
        raise answers.private(model, method)
    if method not in ON_MODEL | ON_RECORDS or ONLY_ON.get(method, model) != model:
        raise answers.not_found(f"The method '{model}.{method}' does not exist")
    if method in ON_MODEL and ids:
        message = f"cannot call {model}.{method} with ids"
        raise OdooFault("werkzeug.exceptions.UnprocessableEntity", message, 422)
    return getattr(Records, method)


def _check_database(store: Store, name: str) -> None:
    if name != store.name:
        message = f'connection to server failed: FATAL:  database "{name}" does not exist'
        raise OdooFault("psycopg2.OperationalError", message, 500)


def _about() -> dict[str, Any]:
    return {
        "server_version": "19.0",
        "server_version_info": VERSION,
        "server_serie": "19.0",
        "protocol_version": 1,
    }


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), status, media_type="application/json")
