"""What tests of sources stand on: a web server that misbehaves byte by byte, and the simulated retailer, served."""

from __future__ import annotations

import importlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipelines.connectors import ability, open_client
from pipelines.extract import extract_stream
from pipelines.resources import Settings
from pipelines.stream_run import LoadReport
from sources.contract import Stream, load_contracts
from sources.estate.endpoints import clock, write_whole
from sources.estate.events import keys
from sources.estate.faults import Faults
from sources.estate.server import start
from sources.records import Page, Window
from tests.sources.served import wait_for_nobody


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


CONTRACTS = load_contracts()


class Retail:
    """One system of the simulated retailer, really served, and extraction from it into a landing of the test's own.

    Its clock only moves on: every test begins a day later than the one before. `page_size` is small, so that there are
    pages to go wrong between.
    """

    def __init__(self, system: str, home: Path) -> None:
        self.system, self.faults = system, Faults()
        self.running = start("retailer2", home, self.faults, systems=(system,))
        self.folder, self.now = self.running.folder, clock(self.running.folder)
        self.fake = importlib.import_module(f"sources.{system}.fake")
        self.connector = importlib.import_module(f"sources.{system}.connector")
        if hasattr(self.fake, "bind"):
            self.fake.bind(self.folder / f"{system}.db", 20)
        self.settings, self.contract, self.client, self.sent = None, None, None, 0

    def begin(self, home: Path, **streams: Any) -> Retail:
        """A new test: an empty landing below `home`, no faults, a day later; `streams` changes their contracts."""
        home.mkdir(exist_ok=True)
        self.faults.clear()
        self.sent, self.now = 0, self.now + timedelta(days=1)
        self.settings = Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")
        contract = CONTRACTS[self.system]
        changed = {
            name: stream.model_copy(
                update={"page_size": 10, "sweep_limit_percent": 60.0, **_at_once(stream), **streams}
            )
            for name, stream in contract.streams.items()
        }
        self.contract = contract.model_copy(update={"streams": changed})
        self.client = open_client(self.contract, self.connector, self.resolve)
        if hasattr(self.client, "account"):
            self.client.account.http.event_hooks["request"].append(self._count)
            wait_for_nobody(self.client)
        return self

    def _count(self, request: Any) -> None:
        self.sent += 1

    def silence(self, seconds: float) -> None:
        """Bear no longer silence of the system than this."""
        if hasattr(self.client, "account"):
            account = self.client.account
            account.patience = replace(account.patience, silence_s=seconds)

    def resolve(self, reference: str) -> str:
        return self.running.endpoints[reference.removeprefix("env:")]

    def extract(self, stream: str, connector: Any = None, **more: Any) -> LoadReport:
        """One run of the stream at the retail's present time, which is the stand-ins' too."""
        now = more.pop("now", self.now)
        write_whole(self.folder / "clock", now.isoformat())
        return extract_stream(self.contract, stream, self.settings, now, self.resolve,
                              client=self.client, connector=connector or self.connector, **more)  # fmt: skip

    def wrapped(self, stream: str, between: Callable[[int], None]) -> Any:
        """The connector, with `between(n)` called after the n-th page of the stream has been taken."""
        read = ability(self.connector, self.contract, stream)

        def pages(client: Any, spec: Stream, window: Window) -> Iterator[Page]:
            for number, page in enumerate(read(client, spec, window), 1):
                yield page
                between(number)

        parts = {name: getattr(self.connector, name) for name in dir(self.connector) if not name.startswith("_")}
        return SimpleNamespace(**{**parts, stream: pages})

    def keys(self, stream: str) -> list[str]:
        """The keys of the records that live at the source."""
        return keys(self.folder, self.system, stream)

    def touch(self, stream: str, key: str, at: datetime, **fields: Any) -> None:
        self.fake.touch(self.folder / f"{self.system}.db", stream, key, at, **fields)

    def delete(self, stream: str, key: str, at: datetime) -> None:
        self.fake.delete(self.folder / f"{self.system}.db", stream, key, at)

    def landed(self, stream: str, load_id: str | None = None) -> list[dict[str, Any]]:
        """Every landed row as a dict, oldest first; of one load, if its id is given."""
        folder = self.settings.landing / self.system / stream
        rows = pq.ParquetDataset(folder, partitioning=None, ignore_prefixes=["_", "."]).read().to_pylist()
        rows = [row for row in rows if load_id in (None, row["_load_id"])]
        return sorted(rows, key=lambda row: (row["_extracted_at"], row["_source_key"]))

    def alive(self, stream: str) -> dict[str, dict[str, Any]]:
        """The last landed row of each key, without those that were deleted last."""
        latest = {row["_source_key"]: row for row in self.landed(stream)}
        return {key: row for key, row in latest.items() if not row["_deleted"]}


def _at_once(stream: Stream) -> dict[str, Any]:
    """Files are read as soon as they are there: that they settle first has its own tests."""
    return {"files": stream.files.model_copy(update={"settle": timedelta(0)})} if stream.files else {}


@pytest.fixture(scope="session")
def _estate_template(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("estate")


@pytest.fixture(scope="session")
def retails(_estate_template) -> Iterator[Callable[[str], Retail]]:
    """The served systems, each started when a test first asks for it."""
    served: dict[str, Retail] = {}

    def of(system: str) -> Retail:
        if system not in served:
            served[system] = Retail(system, _estate_template / system)
        return served[system]

    yield of
    for retail in served.values():
        retail.running.stop()
