"""Each fault is seen by a client on a real socket as the vendor, or a broken network, would show it."""

import time

import httpx
import pytest

from sources.estate.faults import FAULTS, Faults, UnknownFault
from sources.estate.server import start

QUERY = {"query": "{ customers(first: 2) { nodes { id firstName } pageInfo { hasNextPage } } }"}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with start("retailer2", tmp_path_factory.mktemp("home"), systems=("shopify",)) as estate:
        yield estate


@pytest.fixture
def faults(running):
    yield running.faults
    running.faults.clear()


def ask(running, timeout=5.0):
    headers = {"X-Shopify-Access-Token": running.endpoints["SHOPIFY_TOKEN"]}
    url = running.endpoints["SHOPIFY_ENDPOINT"] + "/admin/api/2026-10/graphql.json"
    return httpx.post(url, json=QUERY, headers=headers, timeout=timeout)


def test_without_faults_the_stand_in_answers(running, faults):
    assert len(ask(running).json()["data"]["customers"]["nodes"]) == 2


def test_a_system_that_is_down_answers_503_in_html(running, faults):
    faults.set("shopify", "down")
    answer = ask(running)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")


def test_shopify_throttles_inside_http_200(running, faults):
    faults.set("shopify", "throttled")
    answer = ask(running)
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert "throttleStatus" in answer.json()["extensions"]["cost"]


def test_an_error_comes_inside_http_200(running, faults):
    faults.set("shopify", "error_in_200")
    answer = ask(running)
    assert answer.status_code == 200
    assert "data" not in answer.json()
    assert answer.json()["errors"]


def test_html_comes_with_http_200(running, faults):
    faults.set("shopify", "html")
    answer = ask(running)
    assert answer.status_code == 200
    assert answer.text.startswith("<!doctype html>")


def test_a_slow_answer_is_late_but_whole(running, faults):
    faults.set("shopify", "slow", seconds=0.3)
    began = time.monotonic()
    assert ask(running).json()["data"]
    assert time.monotonic() - began >= 0.3


def test_a_truncated_body_is_shorter_than_announced(running, faults):
    faults.set("shopify", "truncated")
    with pytest.raises(httpx.RemoteProtocolError):
        ask(running)


def test_a_stalled_body_never_ends(running, faults):
    faults.set("shopify", "stalled")
    with pytest.raises(httpx.ReadTimeout):
        ask(running, timeout=0.4)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"field": "firstName", "to": "givenName"}, lambda node: "givenName" in node and "firstName" not in node),
        ({"field": "firstName"}, lambda node: "firstName" not in node),
        ({"field": "firstName", "retype": "list"}, lambda node: isinstance(node["firstName"], list)),
    ],
)
def test_drift_renames_drops_or_retypes_a_field(running, faults, settings, expected):
    faults.set("shopify", "drift", **settings)
    assert all(expected(node) for node in ask(running).json()["data"]["customers"]["nodes"])


def test_a_fault_spoils_as_many_requests_as_told_then_is_over(running, faults):
    faults.set("shopify", "html", after=1, times=2)
    kinds = [ask(running).headers["content-type"].split(";")[0] for _ in range(4)]
    assert kinds == ["application/json", "text/html", "text/html", "application/json"]


def test_a_fault_spoils_only_what_mentions_the_text(running, faults):
    faults.set("shopify", "html", only="products")
    assert ask(running).json()["data"]
    faults.set("shopify", "html", only="customers")
    assert ask(running).headers["content-type"].startswith("text/html")


def test_an_expired_token_is_refused_by_the_stand_in_itself(running, faults):
    faults.set("shopify", "expired_token")
    assert ask(running).status_code == 401


def test_switches_are_shared_through_the_file(tmp_path):
    here, there = Faults(tmp_path / "faults.json"), Faults(tmp_path / "faults.json")
    here.set("stripe", "slow", seconds=1)
    assert there.active("stripe", "slow") == {"seconds": 1}
    there.clear("stripe", "slow")
    assert here.active("stripe", "slow") is None


def test_an_unknown_fault_is_refused_with_the_list():
    with pytest.raises(UnknownFault, match="throttled"):
        Faults().set("stripe", "moody")
    assert len(FAULTS) == 11
