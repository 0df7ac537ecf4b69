"""A web server that misbehaves byte by byte as its script says: what no well-meant framework lets a test do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest


@dataclass
class Scripted:
    """`script(number, path)` gives the answer to the n-th request (from 1): bytes, or pieces, or seconds to wait."""

    url: str
    script: Callable[[int, str], bytes | list]
    paths: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return len(self.paths)


@pytest.fixture
def scripted() -> Iterator[Callable[[Callable], Scripted]]:
    """Starts servers: `scripted(script) -> Scripted`."""
    listeners: list[socket.socket] = []

    def start(script: Callable[[int, str], bytes | list]) -> Scripted:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        server = Scripted(f"http://127.0.0.1:{listener.getsockname()[1]}", script)
        threading.Thread(target=_accept, args=(listener, server), daemon=True).start()
        return server

    yield start
    for listener in listeners:
        listener.close()


def _accept(listener: socket.socket, server: Scripted) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_talk, args=(connection, server), daemon=True).start()


def _talk(connection: socket.socket, server: Scripted) -> None:
    with connection:
        while True:
            request = _request(connection)
            if request is None:
                return
            server.paths.append(request)
            server.times.append(time.monotonic())
            answer = server.script(server.calls, request)
            whole = isinstance(answer, bytes)
            try:
                for piece in [answer] if whole else answer:
                    if isinstance(piece, bytes):
                        connection.sendall(piece)
                    else:
                        time.sleep(piece)
            except OSError:
                return
            if not whole:
                return


def _request(connection: socket.socket) -> str | None:
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            more = connection.recv(65536)
        except OSError:
            return None
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(h.split(b":")[1]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head.split(b" ", 2)[1].decode()
