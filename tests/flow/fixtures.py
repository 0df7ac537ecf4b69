"""The small retailer after one `assay demo`, made once for all tests that only look, and copied for those that act."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines import extract, gates
from pipelines.ledger import open_ledger
from pipelines.publish.plan import make_plan
from pipelines.publish.store import Line, Plan, lines
from pipelines.publish.target import open_target
from pipelines.rebuild import rebuild
from pipelines.resources import Settings, now
from pipelines.stream_run import LoadReport
from sources.contract import load_contracts
from sources.estate import endpoints, server

PROFILE = "retailer2"


@dataclass(frozen=True)
class Demo:
    """Where the demo left its state, and what it said."""

    home: Path
    said: str

    @property
    def settings(self) -> Settings:
        return Settings(self.home, "test", f"sqlite:///{self.home / 'ledger.db'}")


@dataclass(frozen=True)
class Retailer:
    """A home of its own with the retailer running, and the steps of the flow as one call each."""

    settings: Settings
    estate: server.Running

    @property
    def folder(self) -> Path:
        return self.estate.folder

    def extract(self, systems: list[str] | None = None) -> list[LoadReport | extract.Failure]:
        return extract.extract_all(load_contracts(), self.settings, now(), systems)

    def build(self) -> dict[str, str]:
        """Build and export; what broke."""
        return rebuild(self.settings, now()).failures

    def gates(self, contracts=None) -> dict[str, gates.Gate]:
        return gates.evaluate(self.settings, contracts or load_contracts(), now())

    def plan(self, contracts=None) -> tuple[Plan, list[Line]]:
        with open_target() as client:
            made = make_plan(self.settings, client, self.gates(contracts), now(), "tester")
        with open_ledger(self.settings.ledger_url).connect() as connection:
            return made, list(lines(connection, made.plan_id))


@pytest.fixture(scope="session")
def demo(tmp_path_factory, worker_id) -> Demo:
    """The state after `assay demo --profile retailer2`, to be looked at and not to be changed.

    Test processes that run side by side share one: the first makes it, the others wait.
    """
    root = tmp_path_factory.getbasetemp()
    root = root if worker_id == "master" else root.parent
    home, said = root / "demo", root / "demo.txt"
    with (root / "demo.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not said.exists():
            said.write_text(_run_demo(home))
    return Demo(home, said.read_text())


def _run_demo(home: Path) -> str:
    shutil.rmtree(home, ignore_errors=True)
    command = [sys.executable, "-m", "pipelines.cli", "demo", "--profile", PROFILE]
    environment = {**os.environ, "ASSAY_HOME": str(home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def at_demo(demo, monkeypatch) -> Demo:
    """The demo's state as this process's own home."""
    monkeypatch.setenv("ASSAY_HOME", str(demo.home))
    return demo


@contextmanager
def retailer_in(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Retailer]:
    """Serve the retailer of a home, which becomes this process's own, on ports of its own.

    Copies of one home would all ask for its ports, and where one was taken down another's would answer.
    """
    (home / "estate" / endpoints.FILE).unlink(missing_ok=True)
    monkeypatch.setenv("ASSAY_HOME", str(home))
    with server.start(PROFILE, home) as running:
        yield Retailer(Settings(home, "test", f"sqlite:///{home / 'ledger.db'}"), running)


@pytest.fixture
def retailer_after_demo(demo, tmp_path, monkeypatch) -> Callable:
    """`with retailer_after_demo("name") as retailer:` a running copy of the state after the demo."""

    def copied(name: str = "home"):
        home = tmp_path / name
        shutil.copytree(demo.home, home)
        return retailer_in(home, monkeypatch)

    return copied
