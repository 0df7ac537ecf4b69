"""A wire between a client and an Odoo that can be cut: before a request gets through, or after Odoo has done it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

STALL_S = 5.0
# As Odoo says that it has no such method.
PAGES = {404: b'{"name": "werkzeug.exceptions.NotFound", "message": "404 Not Found"}'}


@dataclass
class Wire:
    """`url` leads to the Odoo behind it. `cut` says what befalls the next requests whose head contains `only`.

    "answer": Odoo does what it is asked, and nobody hears of it. "request": Odoo never hears of it. "stall": Odoo does
    it, and the answer comes STALL_S later. A number: an HTTP status, in Odoo's place, with `headers`; bytes: an answer.
    """

    url: str
    cut: str | int | bytes | None = None
    times: int = 0
    only: bytes = b""
    headers: str = ""
    asked: list[bytes] = field(default_factory=list)

    def next(self, cut: str | int | bytes, times: int = 1, only: bytes = b"", headers: str = "") -> None:
        self.cut, self.times, self.only, self.headers = cut, times, only, headers


@contextmanager
def wire(behind: str) -> Iterator[Wire]:
    """A wire to the Odoo at the URL `behind`."""
    target = urlsplit(behind)
    listener = socket.create_server(("127.0.0.1", 0))
    found = Wire(f"http://127.0.0.1:{listener.getsockname()[1]}")
    thread = threading.Thread(target=_accept, args=(listener, found, (target.hostname, target.port)), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        listener.close()


def _accept(listener: socket.socket, found: Wire, behind: tuple[str, int]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(client, found, behind), daemon=True).start()


def _serve(client: socket.socket, found: Wire, behind: tuple[str, int]) -> None:
    with client, suppress(OSError):
        while request := _message(client):
            found.asked.append(request.split(b"\r\n", 1)[0])
            cut = None
            if found.times > 0 and found.only in request:
                cut, found.times = found.cut, found.times - 1
            if cut == "request":
                return
            if isinstance(cut, int | bytes):
                status, body = (cut, PAGES.get(cut, b"<html>busy</html>")) if isinstance(cut, int) else (200, cut)
                head = (
                    f"HTTP/1.1 {status} Busy\r\ncontent-type: text/html\r\n{found.headers}content-length: {len(body)}"
                )
                client.sendall(head.encode() + b"\r\n\r\n" + body)
                continue
            with socket.create_connection(behind) as server:
                server.sendall(request)
                answer = _message(server)
            if cut == "answer":
                return
            if cut == "stall":
                time.sleep(STALL_S)
            client.sendall(answer)


def _message(stream: socket.socket) -> bytes:
    """One HTTP message with its body; empty at the end of the stream."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = stream.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    length = int(fields.get(b"content-length", 0))
    while len(body) < length:
        more = stream.recv(65536)
        if not more:
            return b""
        body += more
    return head + b"\r\n\r\n" + body
