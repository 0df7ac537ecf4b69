"""What stand-ins of list APIs share: routes over one state, refusals, and a page of a list with its total.

Credentials, parameters and the shape of answers are the vendor's and stay in each fake.py.
"""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sources.estate.endpoints import clock
from sources.estate.state import get, open_state, put


class Refused(Exception):
    """A request that the vendor would answer with an error: HTTP status and body."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


@dataclass
class Ask:
    """One request: the query, the values in its path, its headers, and what it is answered from.

    `sent` is its JSON body, `form` any other; `now` is the retailer's clock; whoever answers may set `answer_headers`.
    """

    state: sqlite3.Connection
    given: Mapping[str, str]
    path: Mapping[str, str]
    asked: Mapping[str, str]
    faults: Any
    folder: Path
    answer_headers: dict[str, str]
    sent: Any = None
    form: bytes = b""

    @property
    def now(self) -> datetime:
        return clock(self.folder)

    def whole(self, name: str, default: int, lowest: int, highest: int, refusal: Callable[[str], Refused]) -> int:
        """A whole number among the parameters, within bounds."""
        text = self.given.get(name, str(default))
        if not text.isdigit() or not lowest <= int(text) <= highest:
            raise refusal(name)
        return int(text)

    def select(
        self, kind: str, where: str = "1", values: tuple = (), order: str = "id", limit: int = -1, offset: int = 0
    ) -> tuple[list[Any], int]:
        """The bodies of one page, still encoded, and how many records match in all."""
        matching = f"from objects where type = ? and deleted = 0 and {where}"
        rows = self.state.execute(
            f"select body {matching} order by {order} limit ? offset ?", (kind, *values, limit, offset)
        )
        found = [orjson.Fragment(row[0]) for row in rows]
        return found, self.state.execute(f"select count(*) {matching}", (kind, *values)).fetchone()[0]


def serve(
    path: Path,
    faults: Any,
    admit: Callable[[Ask], None],
    routes: Mapping[str, Callable[[Ask], Any]],
    open_routes: Mapping[str, Callable[[Ask], Any]] | None = None,
    kind: str = "application/json",
) -> Starlette:
    """An app over the state at `path`: each route's answer as JSON, after `admit` has let the request in.

    A route takes a GET, or a POST if its path begins so: `POST /search`; what it has nothing to say to is answered with
    204. `open_routes` take a POST and need no credentials of their own: token endpoints. `kind` is the content type of
    answers.
    """
    opened: list[sqlite3.Connection] = []

    async def ask(request: Request) -> Ask:
        if not opened:
            opened.append(open_state(path))
        given, headers = request.query_params, request.headers
        body = await request.body()
        is_json = bool(body) and headers.get("content-type", "").endswith("json")
        sent, form = (orjson.loads(body), b"") if is_json else (None, body)
        return Ask(opened[0], given, request.path_params, headers, faults, path.parent, {}, sent, form)

    def answering(answer: Callable[[Ask], Any], guarded: bool) -> Callable:
        async def endpoint(request: Request) -> Response:
            one = await ask(request)
            if guarded:
                admit(one)
            said = answer(one)
            return _reply(said, 204 if said is None else 200, one.answer_headers, kind)

        return endpoint

    async def refused(request: Request, error: Refused) -> Response:
        return _reply(error.body, error.status)

    async def unknown(request: Request, error: HTTPException) -> Response:
        return _reply({"code": "not_found"}, error.status_code)

    every = [
        Route(at.removeprefix("POST "), answering(answer, True), methods=["POST" if at.startswith("POST ") else "GET"])
        for at, answer in routes.items()
    ]
    every += [Route(at, answering(answer, False), methods=["POST"]) for at, answer in (open_routes or {}).items()]
    return Starlette(routes=every, exception_handlers={Refused: refused, HTTPException: unknown})


def basic(user: str, password: str) -> str:
    """The authorization header of a user and password."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def turn(issued: set[str], client: str, secret: str, consent: str, said: Mapping[str, Any], ask: Ask) -> dict[str, Any]:
    """A new pair for a refresh token. What consent gave stays good; of those that followed only the last, and once.

    `said` is what else the vendor says with a pair; the access token joins those `issued`.
    """
    given, last = parse_qs(ask.form.decode()).get("refresh_token", [""])[0], get(ask.state, "token", "last")
    number = last.body if last else 0
    known = given == consent or number and given == f"estate-refresh-{number}"
    if ask.asked.get("authorization") != basic(client, secret) or not known:
        raise Refused(400, {"error": "invalid_grant"})
    put(ask.state, "token", [("last", ask.now, number + 1)])
    issued.add(f"estate-access-{number + 1}")
    return {"access_token": f"estate-access-{number + 1}", "refresh_token": f"estate-refresh-{number + 1}", **said}


def changed(path: Path, kind: str, key: str, at: datetime, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Store a record with these fields changed at `at`; returns it."""
    with closing(open_state(path)) as connection:
        body = {**get(connection, kind, key).body, **fields}
        put(connection, kind, [(key, at, body)])
    return body


def naive(at: datetime) -> datetime:
    """The instant as naive UTC."""
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def _reply(body: Any, status: int, headers: dict[str, str] | None = None, kind: str = "application/json") -> Response:
    return Response(b"" if body is None else orjson.dumps(body), status, headers, kind)
