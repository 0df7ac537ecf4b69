"""Extraction against a bare HTTP loop on the same server: what checking, hashing, landing and proving cost.

The bare loop sends the very requests that the extraction sent, over as many connections, decodes the answers and
throws them away. It keeps no vendor's rate, so neither does the extraction beside it, and what the server itself holds
back (Shopify's points) is full again before each. The server runs in a process of its own. At last all systems are
read at once at their vendors' rates, files and databases too, and the calls that each took are counted against what its
budget allows in that time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import httpx
import orjson

from benchmarks.measure import judge
from pipelines.extract import Failure, extract_all
from pipelines.landing import prepare_landing
from pipelines.ledger import open_ledger
from pipelines.resources import Settings
from sources.contract import NATIVE, Contract, load_contracts
from sources.estate.endpoints import read
from sources.estate.server import generate_estate
from sources.facts import Budget

PROFILE = os.environ.get("ASSAY_BENCH_PROFILE", "retailer10")
ROUNDS, TARGET_RATIO = 3, 0.5
SERVE = "import sys; from pathlib import Path; from sources.estate.server import serve_forever; "
SERVE += "serve_forever(Path(sys.argv[1]), sys.argv[2])"
Sent = dict[int, list[httpx.Request]]


def main() -> None:
    """Print seconds of both per system, then of all systems at once, and the ratio bare / extraction; then calls."""
    contracts = load_contracts()
    every = {name: one for name, one in contracts.items() if one.kind not in NATIVE}
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder, _served(Path(folder)) as endpoints:
        now = datetime.fromisoformat(endpoints["ASSAY_NOW"])
        here = {name: one for name, one in contracts.items() if one.endpoint.removeprefix("env:") in endpoints}
        asked = [name for name in every if name in here]
        for systems in [[name] for name in asked] + [asked]:
            chosen = {name: _unhurried(here[name]) for name in systems}
            rest_s = max(_refilled_s(here[name]) for name in systems)
            extract = _extraction(chosen, now, endpoints)
            with _recorded() as sent:
                rows = extract(_fresh(chosen, folder))
            ours, bare = [], []
            for _ in range(ROUNDS):
                settings = _fresh(chosen, folder)
                time.sleep(rest_s)
                ours.append(_seconds(lambda settings=settings, extract=extract: extract(settings)))
                time.sleep(rest_s)
                bare.append(_seconds(lambda sent=sent: _replay(sent)))
            _report("+".join(systems), rows, sum(map(len, sent.values())), ours, bare)
        _budgets(here, now, endpoints, _fresh(here, folder))


def _budgets(contracts: dict[str, Contract], now: datetime, endpoints: dict[str, str], settings: Settings) -> None:
    """All systems at once, and of each: records a second, and its calls against what its budgets allow in that time."""
    began = time.perf_counter()
    with _recorded() as sent:
        outcome = extract_all(contracts, settings, now, resolve=lambda name: endpoints[name.removeprefix("env:")])
    took = time.perf_counter() - began
    ports = Counter(request.url.port for requests in sent.values() for request in requests)
    print(f"all {len(contracts)} systems at once: {took:.2f} s")
    for name, contract in contracts.items():
        rows = sum(one.rows for one in outcome if one.system == name and not isinstance(one, Failure))
        place = urlsplit(endpoints[contract.endpoint.removeprefix("env:")])
        calls = ports[place.port] if place.scheme == "http" else 0
        allowed = sum(one.burst + one.calls / one.per.total_seconds() * took for one in _allowances(contract))
        spent = f"{calls:5,} calls of {allowed:9,.0f} that its budget allows" if calls else "no calls: it is not HTTP"
        failed = ", ".join(one.stream for one in outcome if one.system == name and isinstance(one, Failure))
        print(f"  {name:12} {rows:8,} records {rows / took:9,.0f}/s  {spent}{'  FAILED: ' + failed if failed else ''}")


def _unhurried(contract: Contract) -> Contract:
    """The contract with a burst that no run uses up."""

    def free(budget: Budget) -> Budget:
        return budget.model_copy(update={"burst": 1_000_000})

    streams = {
        name: one.model_copy(update={"budget": free(one.budget)}) if one.budget else one
        for name, one in contract.streams.items()
    }
    return contract.model_copy(update={"budget": free(contract.budget), "streams": streams})


def _refilled_s(contract: Contract) -> float:
    """Seconds until a budget of cost points is full again."""
    budget = contract.budget
    return budget.cost_points / budget.restore_per_second if budget.cost_points and budget.restore_per_second else 0


def _allowances(contract: Contract) -> list[Budget]:
    return [contract.budget, *(stream.budget for stream in contract.streams.values() if stream.budget)]


def _fresh(contracts: dict[str, Contract], folder: str) -> Settings:
    """An environment in which nothing has landed yet."""
    home = Path(tempfile.mkdtemp(dir=folder))
    settings = Settings(home, "bench", f"sqlite:///{home / 'ledger.db'}")
    open_ledger(settings.ledger_url)
    prepare_landing(contracts, settings.landing)
    return settings


def _report(name: str, rows: int, calls: int, ours: list[float], bare: list[float]) -> None:
    ratio = median(alone / whole for alone, whole in zip(bare, ours, strict=True))
    print(f"{name}: {rows:,} records in {calls:,} calls")
    print(f"  extraction  {median(ours):7.2f} s {rows / median(ours):12,.0f} records/s")
    print(f"  bare loop   {median(bare):7.2f} s {rows / median(bare):12,.0f} records/s")
    judge(f"  {name}: bare / extraction {ratio:.2f}", ratio >= TARGET_RATIO, f"at least {TARGET_RATIO}")


def _extraction(contracts: dict[str, Contract], now: datetime, endpoints: dict[str, str]) -> Callable[[Settings], int]:
    def extract(settings: Settings) -> int:
        outcome = extract_all(contracts, settings, now, resolve=lambda name: endpoints[name.removeprefix("env:")])
        failed = [one.message for one in outcome if isinstance(one, Failure)]
        if failed:
            sys.exit("\n".join(failed))
        return sum(one.rows for one in outcome)

    return extract


@contextmanager
def _recorded() -> Iterator[Sent]:
    """Every request that is sent meanwhile, by thread."""
    sent, send = defaultdict(list), httpx.Client.send

    def keep(client: httpx.Client, request: httpx.Request, **settings: object) -> httpx.Response:
        sent[threading.get_ident()].append(request)
        return send(client, request, **settings)

    httpx.Client.send = keep
    try:
        yield sent
    finally:
        httpx.Client.send = send


def _replay(sent: Sent) -> None:
    def one(requests: list[httpx.Request]) -> None:
        with httpx.Client() as client:
            for request in requests:
                answer = orjson.loads(client.send(request).content)
                if isinstance(answer, dict) and answer.get("errors"):
                    sys.exit(f"the bare loop was refused: {request.method} {request.url}")

    with ThreadPoolExecutor(len(sent)) as pool:
        list(pool.map(one, sent.values()))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def _served(folder: Path) -> Iterator[dict[str, str]]:
    """The retailer, served by another process; its endpoints."""
    generate_estate(PROFILE, folder)
    server = subprocess.Popen([sys.executable, "-c", SERVE, str(folder), PROFILE])
    try:
        while "ASSAY_NOW" not in (endpoints := read(folder / "estate")):
            if server.poll() is not None:
                sys.exit("the simulated retailer did not come up")
            time.sleep(0.05)
        yield endpoints
    finally:
        server.terminate()
        server.wait()
