"""Kill -9 at any point of an extraction: nothing is lost, nothing counts twice, no half file can be read."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
import uvicorn

from pipelines.extract import Failure, extract_all
from pipelines.landing import damaged_loads, recover
from pipelines.resources import Settings
from sources.contract import load_contracts
from sources.estate.faults import Faults
from sources.estate.state import list_objects, open_state
from sources.estate.world import generate
from sources.shopify import fake

NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)
KILLS = 25

# Forks a warm child for each line of input and lets it kill itself at its n-th call: any call, or one that touches the
# disk for good.
KILLER = """
import json, os, signal, sys, threading
from datetime import datetime
from pathlib import Path
import sources.shopify.connector
from pipelines.extract import extract_all
from pipelines.resources import Settings
from sources.contract import load_contracts

DURABLE = {"replace", "fsync", "commit", "unlink", "close", "rename"}

def die_at(kind, count):
    seen = [0]
    def profile(frame, event, called):
        if event not in ("call", "c_call", "c_return"):
            return
        if kind == "disk" and (event == "call" or called.__name__ not in DURABLE):
            return
        seen[0] += 1
        if seen[0] >= count:
            os.kill(os.getpid(), signal.SIGKILL)
    threading.setprofile(profile)
    sys.setprofile(profile)

contracts = {"shopify": load_contracts()["shopify"]}
for line in sys.stdin:
    job = json.loads(line)
    settings = Settings(Path(job["home"]), "test", job["ledger"])
    child = os.fork()
    if child == 0:
        die_at(job["kind"], job["count"])
        now, resolve = datetime.fromisoformat(job["now"]), job["references"].__getitem__
        extract_all(contracts, settings, now, resolve=resolve, workers=2)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def shop(tmp_path):
    """The shop's database and the references to reach it over a socket."""
    path = tmp_path / "shopify.db"
    fake.seed(generate("retailer2"), path)
    app = fake.app(path, Faults().of("shopify"))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield path, {"env:SHOPIFY_ENDPOINT": f"http://127.0.0.1:{port}", "env:SHOPIFY_TOKEN": fake.TOKEN}
    server.should_exit = True
    thread.join()


@pytest.fixture
def killer():
    helper = subprocess.Popen([sys.executable, "-c", KILLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield helper
    helper.stdin.close()
    helper.wait(10)


def test_killed_at_random_points_extraction_loses_nothing_and_counts_nothing_twice(shop, killer, tmp_path):
    path, references = shop
    home = tmp_path / "home"
    home.mkdir()
    settings = Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")
    dice, keys, now, killed = random.Random(7), _keys(path), NOW, 0
    for attempt in range(4 * KILLS):
        if killed == KILLS:
            break
        kind = ("any", "disk")[attempt % 2]
        count = dice.randrange(1, 9000) if kind == "any" else dice.randrange(1, 60)
        job = {"home": str(home), "ledger": settings.ledger_url, "now": now.isoformat(), "references": references}
        killer.stdin.write(json.dumps({**job, "kind": kind, "count": count}) + "\n")
        killer.stdin.flush()
        killed += killer.stdout.readline().strip() == "-9"
        _assert_every_visible_file_is_whole(settings.landing)
        now += timedelta(minutes=3)
        for stream, known in keys.items():
            fake.touch(path, stream, dice.choice(known), now - timedelta(minutes=1), tags=[f"attempt {attempt}"])
    assert killed == KILLS

    contracts = {"shopify": load_contracts()["shopify"]}
    outcome = extract_all(contracts, settings, now, resolve=references.__getitem__)
    assert [one for one in outcome if isinstance(one, Failure)] == []
    recover(settings.landing)
    assert damaged_loads(settings.landing) == []
    for stream, kind in fake.STREAMS.items():
        _assert_landing_equals_source(settings.landing, stream, path, kind)


def _keys(path: Path) -> dict[str, list[str]]:
    state = open_state(path)
    found = {name: [one.id for one in list_objects(state, fake.STREAMS[name])] for name in ("customers", "products")}
    state.close()
    return found


def _assert_every_visible_file_is_whole(landing: Path) -> None:
    for file in landing.glob("*/*/*.parquet"):
        assert pq.ParquetFile(file).metadata.num_rows >= 0


def _assert_landing_equals_source(landing: Path, stream: str, path: Path, kind: str) -> None:
    glob = f"{landing}/shopify/{stream}/*.parquet"
    rows = duckdb.sql(
        f"select _source_key, _payload_hash, arg_max(_payload, _extracted_at) over (partition by _source_key)"
        f" from read_parquet('{glob}')"
    ).fetchall()
    assert len({(key, digest) for key, digest, _ in rows}) == len(rows), f"{stream}: a record landed twice unchanged"
    state = open_state(path)
    source = {one.id: one for one in list_objects(state, kind)}
    state.close()
    latest = {key: json.loads(payload) for key, _, payload in rows}
    assert latest.keys() == source.keys()
    if stream in ("customers", "products"):
        assert {key: payload["tags"] for key, payload in latest.items()} == {
            key: one.body["tags"] for key, one in source.items()
        }
