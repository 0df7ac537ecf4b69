"""One system of the simulated retailer for one test: its own copy of the first day, really served, and extraction."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from pipelines.connectors import close_client, connector_of, open_client
from pipelines.extract import extract_stream
from pipelines.resources import Settings
from pipelines.stream_run import LoadReport
from sources.budget import Reading
from sources.contract import Contract, load_contracts
from sources.estate.events import keys
from sources.estate.server import Running, generate_estate, start
from sources.estate.world import NOW
from sources.http import Patience

PROFILE = "retailer2"


class Clock:
    """A clock that no test waits for: sleeping moves it on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def wait_for_nobody(client: Any) -> None:
    """The client's budgets and pauses by a clock of their own, its budgets unspent; silence is borne for 5 s."""
    account, clock = client.account, Clock()
    account.patience = Patience(silence_s=5, attempt_s=6, total_s=6, attempts=2, clock=clock, sleep=clock.sleep)
    for allowance in (account.budget, *account.budgets.values()):
        allowance.clock, allowance.sleep = clock, clock.sleep
        allowance.settle(0, Reading(allowance.maximum, allowance.maximum, allowance.restore))


@dataclass
class Served:
    """The system under test; `now` is the time of the next run."""

    system: str
    running: Running
    settings: Settings
    contract: Contract
    now: datetime = NOW
    fake: Any = field(init=False)

    def __post_init__(self) -> None:
        self.fake = importlib.import_module(f"sources.{self.system}.fake")

    @property
    def state(self) -> Path:
        return self.running.folder / f"{self.system}.db"

    @property
    def url(self) -> str:
        return self.running.endpoints[f"{self.system.upper()}_ENDPOINT"]

    def extract(self, stream: str, now: datetime | None = None, client: Any = None, **more: Any) -> LoadReport:
        """One run of the stream at `now`; without a client of the test's own by one that waits for nobody."""
        self.now = now or self.now
        with nullcontext(client) if client else self.impatient() as used:
            return extract_stream(self.contract, stream, self.settings, self.now, self.resolve, client=used, **more)

    @contextmanager
    def impatient(self) -> Iterator[Any]:
        """A client of the account by whose clock budgets and pauses take no time."""
        client = open_client(self.contract, connector_of(self.contract), self.resolve, keep=self.settings.accounts)
        wait_for_nobody(client)
        yield client
        close_client(client)

    def resolve(self, reference: str) -> str:
        return self.running.endpoints[reference.removeprefix("env:")]

    def keys(self, stream: str) -> list[str]:
        return keys(self.running.folder, self.system, stream)

    def touch(self, stream: str, key: str, at: datetime, **fields: Any) -> None:
        self.fake.touch(self.state, stream, key, at, **fields)

    def delete(self, stream: str, key: str, at: datetime) -> None:
        self.fake.delete(self.state, stream, key, at)

    def get(self, path: str, headers: dict[str, str] | None = None, **params: Any) -> httpx.Response:
        """A request of the test's own, past the kernel."""
        return httpx.get(self.url + path, params=params, headers=headers, trust_env=False)

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        """As `get`, with a JSON body."""
        return httpx.post(self.url + path, json=body, headers=headers, trust_env=False)

    def rows(self, stream: str, load_id: str | None = None) -> list[dict[str, Any]]:
        """What landed, in the order of landing; of one load, if its id is given."""
        return landed(self.settings, self.system, stream, load_id)

    def latest(self, stream: str) -> dict[str, dict[str, Any]]:
        """The last landed row of each key."""
        return {row["_source_key"]: row for row in self.rows(stream)}


def landed(settings: Settings, system: str, stream: str, load_id: str | None = None) -> list[dict[str, Any]]:
    """Landed rows as dicts, in the order of landing."""
    folder = settings.landing / system / stream
    rows = pq.ParquetDataset(folder, partitioning=None, ignore_prefixes=["_", "."]).read().to_pylist()
    rows = [row for row in rows if load_id in (None, row["_load_id"])]
    return sorted(rows, key=lambda row: (row["_load_id"], row["_extracted_at"]))


def settings_at(home: Path) -> Settings:
    home.mkdir(parents=True, exist_ok=True)
    return Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")


@pytest.fixture(scope="session")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A home in which the system's first day is generated, made once for each system."""
    homes: dict[str, Path] = {}

    def of(system: str) -> Path:
        if system not in homes:
            homes[system] = tmp_path_factory.mktemp(f"first-day-{system}")
            generate_estate(PROFILE, homes[system], systems=(system,))
        return homes[system]

    return of


def begin(system: str, generated: Path, home: Path) -> Served:
    """The system as on the first day in `generated`, served from a copy in `home`."""
    shutil.copytree(generated / "estate", home / "estate")
    return Served(system, start(PROFILE, home, systems=(system,)), settings_at(home), load_contracts()[system])


@pytest.fixture
def serve(first_day: Callable[[str], Path], tmp_path: Path) -> Iterator[Callable[[str], Served]]:
    """`serve(system)`: that system as on its first day."""
    running: list[Running] = []

    def of(system: str) -> Served:
        served = begin(system, first_day(system), tmp_path / system)
        running.append(served.running)
        return served

    yield of
    for one in running:
        one.stop()
