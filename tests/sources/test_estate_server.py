"""The estate answers on real ports, comes back on the same ones, and is generated only once."""

import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from sources.estate import server
from sources.estate.endpoints import PROFILE, read
from sources.estate.process import NotServing, retailer_beside
from sources.estate.server import generate_estate, start

QUERY = {"query": "{ customersCount { count } }"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


def ask(endpoints, **kwargs):
    headers = {"X-Shopify-Access-Token": endpoints["SHOPIFY_TOKEN"]}
    url = endpoints["SHOPIFY_ENDPOINT"] + "/admin/api/2026-10/graphql.json"
    return httpx.post(url, json=QUERY, headers=headers, timeout=5, **kwargs)


def test_a_started_system_answers_and_is_announced(home):
    with start("retailer2", home, systems=("shopify", "pos")) as running:
        assert ask(running.endpoints).status_code == 200
        assert read(home / "estate") == running.endpoints
        assert running.endpoints[PROFILE] == running.folder.name
        assert running.endpoints["POS_URL"].startswith("sqlite:///file:")
        assert running.endpoints["ASSAY_NOW"] == "2026-03-29T15:00:00+00:00"


def test_a_retailer_beside_answers_until_the_block_ends(home):
    with retailer_beside("retailer2", home) as answers:
        answers()
        endpoints = read(home / "estate")
        assert ask(endpoints).status_code == 200
    with pytest.raises(httpx.ConnectError):
        ask(endpoints)


def test_a_retailer_beside_that_cannot_start_says_so(tmp_path, capfd):
    with pytest.raises(NotServing, match="did not start"), retailer_beside("retailer0", tmp_path) as answers:
        answers()
    assert "retailer0" in capfd.readouterr().err


def test_a_stopped_estate_refuses_and_restarts_on_the_same_ports(home):
    running = start("retailer2", home, systems=("shopify",))
    running.stop()
    with pytest.raises(httpx.ConnectError):
        ask(running.endpoints)
    with start("retailer2", home, systems=("shopify",)) as again:
        assert again.endpoints["SHOPIFY_ENDPOINT"] == running.endpoints["SHOPIFY_ENDPOINT"]


def test_a_taken_port_is_replaced_by_another(home):
    running = start("retailer2", home, systems=("shopify",))
    running.stop()
    port = int(running.endpoints["SHOPIFY_ENDPOINT"].rsplit(":", 1)[1])
    with (
        socket.create_server(("127.0.0.1", port)),
        start("retailer2", home, systems=("shopify",)) as moved,
    ):
        assert moved.endpoints["SHOPIFY_ENDPOINT"] != running.endpoints["SHOPIFY_ENDPOINT"]
        assert ask(moved.endpoints).status_code == 200


def test_a_system_can_be_taken_down_and_brought_up(home):
    with start("retailer2", home, systems=("shopify", "pos")) as running:
        running.take_down("shopify")
        running.take_down("pos")
        with pytest.raises(httpx.ConnectError):
            ask(running.endpoints)
        port = int(running.endpoints["SHOPIFY_ENDPOINT"].rsplit(":", 1)[1])
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        assert not (running.folder / "pos.db").exists()
        running.bring_up("shopify")
        running.bring_up("pos")
        assert ask(running.endpoints).status_code == 200
        assert (running.folder / "pos.db").exists()


def test_databases_are_byte_equal_for_the_same_seed(tmp_path):
    one, other = (generate_estate("retailer2", tmp_path / name) for name in ("one", "other"))
    built = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert {"pos.db", "shopify.db"} <= {path.name for path in built}
    different = [path.name for path in built if (one / path).read_bytes() != (other / path).read_bytes()]
    assert different == []


def test_generating_again_leaves_what_has_happened_since(tmp_path):
    folder = generate_estate("retailer2", tmp_path, systems=("pos",))
    os.utime(folder / "pos.db", (1, 1))
    generate_estate("retailer2", tmp_path, systems=("pos",))
    assert (folder / "pos.db").stat().st_mtime == 1


def test_another_seed_or_other_code_generates_anew(tmp_path, monkeypatch):
    folder = generate_estate("retailer2", tmp_path, systems=("pos",))
    first = (folder / "pos.db").read_bytes()
    generate_estate("retailer2", tmp_path, seed=8, systems=("pos",))
    assert (folder / "pos.db").read_bytes() != first
    os.utime(folder / "pos.db", (1, 1))
    monkeypatch.setattr(server, "_version", lambda system, seed: "newer code")
    generate_estate("retailer2", tmp_path, seed=8, systems=("pos",))
    assert (folder / "pos.db").stat().st_mtime != 1


def test_the_truth_is_written_beside_the_databases(tmp_path):
    folder = generate_estate("retailer2", tmp_path, systems=("pos",))
    written = {path.name for path in (folder / "truth").iterdir()}
    expected = {"customers", "variants", "traps", "listings", "prices"}
    assert written == {f"{name}.parquet" for name in expected} | {"counts.json"}


def test_serving_ends_cleanly_when_told_to(tmp_path):
    code = (
        "import sys; from pathlib import Path; from sources.estate.server import serve_forever;"
        "serve_forever(Path(sys.argv[1]), 'retailer2', systems=('shopify',))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not read(tmp_path / "estate") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ask(read(tmp_path / "estate")).status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    assert process.stderr.read() == b""


def test_each_step_of_generation_is_told(tmp_path):
    steps = []
    generate_estate("retailer2", tmp_path, systems=("pos",), tell=steps.append)
    generate_estate("retailer2", tmp_path, systems=("pos",), tell=steps.append)
    assert steps == ["inventing retailer2", "filling pos"]
