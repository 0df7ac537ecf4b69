"""What the client does when the wire fails: reads go on, writes are never sent twice without knowing."""

import threading
import time
from contextlib import closing

import psycopg2
import pytest

from sources.odoo.actions import compare_and_set, upsert
from sources.odoo.client import call, search_read
from sources.odoo.errors import OdooAmbiguous, OdooRetryable, OdooUnreachable
from tests.odoo import proxy
from tests.odoo.fixtures import KINDS
from tests.odoo.proxy import wire
from tests.odoo.server import cluster


@pytest.fixture
def through(odoo_target):
    """(client, wire): a client of the target whose every request runs over a wire."""
    with wire(odoo_target.url) as found:
        client = odoo_target.client(url=found.url)
        client.pause = lambda seconds: None
        yield client, found


def names(client):
    return [row["name"] for row in search_read(client, "res.partner", ["name"], [("name", "like", "Wire")])]


def test_a_read_survives_three_failures_but_not_four(through):
    client, found = through
    for cut in ("request", "answer", 502, 503, 504):
        found.next(cut, times=3)
        assert names(client) == []
        found.next(cut, times=4)
        with pytest.raises(OdooUnreachable):
            names(client)


def test_an_unanswered_write_is_ambiguous_and_sent_once(through):
    client, found = through
    for cut, there in (("request", 0), (502, 0), (504, 0), ("answer", 1)):
        found.next(cut)
        with pytest.raises(OdooAmbiguous):
            call(client, "res.partner", "create", vals_list=[{"name": "Wire"}])
        assert len(names(client)) == there


def test_an_odoo_whose_database_is_away_is_not_taken_for_one_without_the_method(monkeypatch, through):
    client, found = through
    monkeypatch.setitem(proxy.PAGES, 404, b"<!doctype html><title>404 Not Found</title>")
    found.next(404, times=2)
    assert names(client) == []
    found.next(404)
    with pytest.raises(OdooAmbiguous):
        call(client, "res.partner", "web_save_multi", ids=[1], vals_list=[{}], specification={})


def test_throttling_is_waited_out_for_writes_too(through):
    client, found = through
    found.next(429, times=2, headers="retry-after: 0\r\n")
    call(client, "res.partner", "create", vals_list=[{"name": "Wire"}])
    assert names(client) == ["Wire"]
    found.next(429, times=4)
    with pytest.raises(OdooRetryable):
        call(client, "res.partner", "create", vals_list=[{"name": "Wire"}])


@pytest.mark.parametrize("cut", ["request", "answer"])
def test_an_ambiguous_upsert_is_settled_by_sending_it_again(through, cut):
    client, found = through
    items = [{"xid": "C-1", "values": {"name": "Wire", "x_assay_id": "C-1"}}]
    upsert(client, "res.partner", [{"xid": "C-0", "values": {"name": "first"}}])
    found.next(cut, only=b"ir.actions.server")
    with pytest.raises(OdooAmbiguous):
        upsert(client, "res.partner", items)
    assert upsert(client, "res.partner", items)["C-1"]["created"] == (cut == "request")
    assert names(client) == ["Wire"]


def test_an_ambiguous_compare_and_set_is_settled_by_sending_it_again(through):
    client, found = through
    made = call(client, "res.partner", "create", vals_list=[{"name": "Wire", "city": "Praha"}])[0]
    item = {"id": made, "base": {"city": "Praha"}, "values": {"city": "Brno"}}
    compare_and_set(client, "res.partner", [{"id": made, "base": {}, "values": {"zip": "1"}}])
    found.next("answer", only=b"ir.actions.server")
    with pytest.raises(OdooAmbiguous):
        compare_and_set(client, "res.partner", [item])
    assert compare_and_set(client, "res.partner", [item]) == {"done": [made], "conflict": [], "gone": []}


@pytest.mark.parametrize("odoo_target", KINDS[1:], indirect=True)
def test_a_record_that_somebody_holds_is_tried_again_and_then_reported_as_busy(odoo_target):
    client = odoo_target.client()
    made = call(client, "res.partner", "create", vals_list=[{"name": "Wire", "city": "Praha"}])[0]
    item = {"id": made, "base": {"city": "Praha"}, "values": {"city": "Brno"}}
    waits = []
    client.pause = waits.append
    with closing(psycopg2.connect(host=cluster(), port=5432, user="odoo", dbname=odoo_target.db)) as other:
        other.cursor().execute("select id from res_partner where id = %s for update", (made,))
        with pytest.raises(OdooRetryable):
            compare_and_set(client, "res.partner", [item])
        assert len(waits) == 3
        client.pause = lambda seconds: other.rollback()
        assert compare_and_set(client, "res.partner", [item])["done"] == [made]


@pytest.mark.parametrize("odoo_target", KINDS[1:2], indirect=True)
def test_two_runs_that_race_create_every_record_once(odoo_target):
    items = [{"xid": f"C-{n}", "values": {"name": f"Wire {n}", "x_assay_id": f"C-{n}"}} for n in range(60)]
    found: list[dict] = []

    def run():
        client = odoo_target.client()
        found.append(upsert(client, "res.partner", items))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    ids = [{xid: one["id"] for xid, one in answer.items()} for answer in found]
    assert ids[0] == ids[1] == ids[2]
    assert sum(one["created"] for answer in found for one in answer.values()) == 60
    assert len(names(odoo_target.client())) == 60


@pytest.mark.parametrize("odoo_target", KINDS[1:2], indirect=True)
def test_no_edit_is_lost_while_a_human_writes_at_the_same_time(odoo_target):
    client = odoo_target.client()
    made = call(client, "res.partner", "create", vals_list=[{"name": "Wire", "city": "0"} for _ in range(8)])
    stop, edits = threading.Event(), []

    def human():
        steward = odoo_target.human()
        for number in range(200):
            if stop.is_set():
                return
            call(steward, "res.partner", "write", [made[number % 8]], vals={"city": f"human {number}"})
            edits.append((made[number % 8], f"human {number}"))

    editor = threading.Thread(target=human)
    editor.start()
    lost = []
    for turn in range(20):
        seen = {row["id"]: row["city"] for row in search_read(client, "res.partner", ["city"], [("id", "in", made)])}
        before = len(edits)
        items = [{"id": one, "base": {"city": city}, "values": {"city": f"run {turn}"}} for one, city in seen.items()]
        answer = compare_and_set(client, "res.partner", items)
        kept = {one["id"]: one["current"] for one in answer["conflict"]}
        lost += [one for one, city in kept.items() if city == seen[one]]
        assert set(answer["done"]) | kept.keys() == set(made)
        assert len(edits) >= before
        time.sleep(0.01)
    stop.set()
    editor.join()
    assert lost == []
    assert edits
