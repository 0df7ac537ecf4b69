"""A vendor's published or recorded answers, given by a transport in the vendor's place to the kernel's own client."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from sources import http
from sources.contract import Contract
from sources.errors import BadBody, BadCredentials, ExtractError, MissingScope, ServerFault, SourceError, Throttled
from tests.sources.served import wait_for_nobody

Said = tuple[int, Any]


def beside(name: str) -> Path:
    """A folder of vendors' data beside the checkout, which need not be there."""
    folders = [parent / "shared/data/vendor" / name for parent in Path(__file__).parents]
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def answered(contract: Contract, say: Callable[[httpx.Request], Said]) -> http.Client:
    """A client of the system, each of whose requests `say` answers with a status and a body."""

    def answer(request: httpx.Request) -> httpx.Response:
        if contract.auth.grant and request.url.path == contract.auth.grant.path:
            return httpx.Response(200, json={"access_token": "token", "expires_in": 3600})
        status, body = say(request)
        headers = {"content-type": "application/json"} if body else {}
        return httpx.Response(status, headers=headers, content=iter([json.dumps(body).encode() if body else b""]))

    client = http.connect(contract, lambda reference: "https://vendor.example")
    client.account.http._transport = httpx.MockTransport(answer)
    wait_for_nobody(client)
    return client


def expected(
    status: int, code: str | None, body: Any, codes: dict[str, type[ExtractError]]
) -> type[ExtractError] | None:
    """What an answer must end in, None where it is data; `codes` are those that say more than their status."""
    if code in codes:
        return codes[code]
    by_status = {401: BadCredentials, 403: MissingScope, 429: Throttled, 408: ServerFault}
    if status in by_status:
        return by_status[status]
    if status >= 500:
        return ServerFault
    if status >= 400 or code:
        return SourceError
    return None if body or status == 204 else BadBody


def data(status: int, body: Any) -> Any:
    """What the kernel makes of an answer that is data: of one without content (204) nothing, whatever came with it."""
    return {} if status == 204 else body
