"""How faults look on the wire: the wrapper around every stand-in that answers late, wrongly, in part or not at all.

When a fault is on is decided in faults.py; what a healthy system answers is in its fake.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sources.estate.faults import SystemFaults

Receive = Callable[[], Awaitable[dict]]
Send = Callable[[dict], Awaitable[None]]
App = Callable[[dict, Receive, Send], Awaitable[None]]
Says = Mapping[str, Any]
Answer = Callable[[dict[str, Any]], tuple[int, Any, dict[str, str]]]


def faulty(app: App, faults: SystemFaults, says: Says) -> App:
    """The app as the network shows it while faults are on.

    `says`: the vendor's own bodies for `throttled` (none where throttling is the stand-in's affair) and for an `error`.
    """

    async def served(scope: dict, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not faults.any():
            await app(scope, receive, send)
            return
        body = await _body(receive)
        asked = f"{scope['path']}?{scope['query_string'].decode()} {body.decode(errors='replace')}"
        if (slow := faults.spend("slow", asked)) is not None:
            await asyncio.sleep(slow.get("seconds", 2.0))
        for fault, answer in ANSWERS.items():
            made = answer(says)
            if made and (settings := faults.spend(fault, asked)) is not None:
                await _send(send, *made(settings))
                return
        started, content = await _answer(app, scope, receive, body)
        headers = [(name, value) for name, value in started["headers"] if name != b"content-length"]
        if (drift := faults.spend("drift", asked)) is not None and content[:1] in (b"{", b"["):
            content = json.dumps(_drifted(json.loads(content), drift), ensure_ascii=False).encode()
        headers.append((b"content-length", str(len(content)).encode()))
        await send({**started, "headers": headers})
        stalled = faults.spend("stalled", asked)
        if stalled is None and faults.spend("truncated", asked) is None:
            await send({"type": "http.response.body", "body": content})
            return
        await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
        if stalled is not None:
            await _until_disconnected(receive, stalled.get("seconds", 600.0))

    return served


def _throttled(says: Says) -> Answer | None:
    body = says.get("throttled")
    if body is None:
        return None

    def answer(settings: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        wait = settings.get("retry_after", 1)
        return 429, body, {} if wait is None else {"retry-after": str(wait)}

    return answer


def _error_in_200(says: Says) -> Answer:
    return lambda settings: (200, says["error"], {})


def _down(says: Says) -> Answer:
    return lambda settings: (settings.get("status", 503), "<html><h1>503 Service Unavailable</h1></html>", {})


def _html(says: Says) -> Answer:
    return lambda settings: (200, "<!doctype html><html><title>Maintenance</title><p>Back soon.</p></html>", {})


ANSWERS = {"down": _down, "throttled": _throttled, "error_in_200": _error_in_200, "html": _html}


async def _send(send: Send, status: int, body: Any, headers: dict[str, str]) -> None:
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kind = "text/html; charset=utf-8" if isinstance(body, str) else "application/json"
    sent = {"content-type": kind, "content-length": str(len(content)), **headers}
    encoded = [(name.encode(), value.encode()) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": content})


async def _body(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _answer(app: App, scope: dict, receive: Receive, body: bytes) -> tuple[dict, bytes]:
    """What the app answers to a request whose body is already read: the start message and the whole content."""
    pending, started, parts = [{"type": "http.request", "body": body}], {}, []

    async def replay() -> dict:
        return pending.pop() if pending else await receive()

    async def collect(message: dict) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, replay, collect)
    return started, b"".join(parts)


def _drifted(value: Any, settings: dict[str, Any]) -> Any:
    """The same JSON with `field` renamed `to` something, removed, or with its values retyped, at any depth."""
    if isinstance(value, list):
        return [_drifted(one, settings) for one in value]
    if not isinstance(value, dict):
        return value
    field, out = settings["field"], {}
    for name, content in value.items():
        content = _drifted(content, settings)
        if name != field:
            out[name] = content
        elif "to" in settings:
            out[settings["to"]] = content
        elif "retype" in settings:
            out[name] = {"text": str, "list": lambda v: [v], "number": lambda v: 1}[settings["retype"]](content)
    return out


async def _until_disconnected(receive: Receive, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
