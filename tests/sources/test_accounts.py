"""What processes of one account share: the vendor's allowance, and tokens that are renewed by use."""

from __future__ import annotations

import json
import threading

import httpx
import pytest

from sources.budget import Allowance
from sources.errors import BadCredentials
from sources.facts import Budget, Grant
from sources.tokens import Tokens

SECRETS = {"id": "client", "secret": "hidden", "refresh": "r-0"}
GRANT = Grant(path="/token", kind="refresh_token", basic=("{id}", "{secret}"), refresh="refresh")


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_two_processes_spend_one_allowance(tmp_path):
    clock = Clock()
    ours, theirs = (Allowance(10, 1, clock, clock.sleep, tmp_path / "acme") for _ in range(2))
    for _ in range(10):
        ours.take()
    assert clock.now == 1000
    theirs.take()
    assert clock.now == pytest.approx(1001)
    theirs.pause(30)
    ours.take()
    assert clock.now >= 1031


def test_whoever_is_killed_while_writing_leaves_a_whole_allowance(tmp_path):
    clock = Clock()
    (tmp_path / "acme").write_bytes(b"\x00" * 5)
    allowance = Allowance(10, 1, clock, clock.sleep, tmp_path / "acme")
    for _ in range(10):
        allowance.take()
    assert clock.now == 1000
    allowance.take()
    assert clock.now == pytest.approx(1001)


def test_no_call_left_is_waited_out_before_the_vendor_refuses():
    clock = Clock()
    budget = Budget(left_header="x-left", reset_header="x-reset")
    allowance = Allowance(100, 100, clock, clock.sleep, budget=budget)
    allowance.heed({"x-left": "0", "x-reset": "17"})
    allowance.take()
    assert clock.now == 1017


class Vendor:
    """Gives a new refresh token for each old one, each once; access tokens can be made to expire."""

    def __init__(self):
        self.valid, self.serial, self.burnt = "r-0", 0, []
        self.lock = threading.Lock()

    def __call__(self, request):
        with self.lock:
            if request.url.path != "/token":
                good = request.headers["authorization"] == f"Bearer a-{self.serial}"
                return httpx.Response(200 if good else 401, json={})
            given = dict(httpx.QueryParams(request.content.decode()))["refresh_token"]
            if given != self.valid:
                self.burnt.append(given)
                return httpx.Response(400, json={"error": "invalid_grant"})
            self.serial += 1
            self.valid = f"r-{self.serial}"
            body = {"access_token": f"a-{self.serial}", "refresh_token": self.valid, "expires_in": 1800}
            return httpx.Response(200, json=body)


def client(vendor, keep):
    auth = Tokens("acme", GRANT, "https://acme.example", SECRETS, keep)
    return httpx.Client(transport=httpx.MockTransport(vendor), auth=auth, base_url="https://acme.example")


def test_a_refresh_token_that_rotates_is_kept_before_its_access_token_is_used(tmp_path):
    vendor = Vendor()
    assert client(vendor, tmp_path).get("/things").status_code == 200
    kept = json.loads((tmp_path / "acme.token").read_text())
    assert (kept["access"], kept["refresh"]) == ("a-1", "r-1")
    assert (tmp_path / "acme.token").stat().st_mode & 0o777 == 0o600
    vendor.serial, vendor.valid = 5, "r-1"
    assert client(vendor, tmp_path).get("/things").status_code == 200
    assert vendor.burnt == []


def test_many_at_once_burn_no_refresh_token_twice(tmp_path):
    vendor, seen = Vendor(), []

    def work():
        with client(vendor, tmp_path) as mine:
            seen.append(mine.get("/things").status_code)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [200] * 8
    assert (vendor.serial, vendor.burnt) == (1, [])


def test_a_revoked_token_is_one_clear_message_without_the_token(tmp_path):
    vendor = Vendor()
    vendor.valid = "another"
    with pytest.raises(BadCredentials, match="revoked") as raised:
        client(vendor, tmp_path).get("/things")
    assert "r-0" not in str(raised.value)
    assert not (tmp_path / "acme.token").exists()


def test_a_request_for_a_token_is_borne_no_longer_than_the_one_that_needs_it(tmp_path):
    vendor, borne = Vendor(), []

    def answer(request):
        borne.append(request.extensions["timeout"])
        return vendor(request)

    client(answer, tmp_path).get("/things", timeout=7)
    assert borne == [{"connect": 7, "read": 7, "write": 7, "pool": 7}] * 2
