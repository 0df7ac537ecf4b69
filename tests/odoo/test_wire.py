"""What the client does when the wire fails: reads go on, writes are never sent twice without knowing."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg2
import pytest

from pipelines.publish.authority import Authority, load_authority
from pipelines.publish.refusal import PublishRefused
from sources.odoo.actions import compare_and_set, upsert
from sources.odoo.client import call, search_read
from sources.odoo.errors import OdooAmbiguous, OdooRetryable, OdooUnreachable
from tests.odoo import proxy
from tests.odoo.fixtures import KINDS
from tests.odoo.postgres import cluster
from tests.odoo.proxy import wire
from tests.odoo.publishing import Shop, person


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


@pytest.mark.parametrize("odoo_target", KINDS[:1], indirect=True)
def test_each_call_over_jsonrpc_names_its_database_or_odoo_would_list_them_all(odoo_target):
    with wire(odoo_target.url) as found:
        client = odoo_target.client("jsonrpc", found.url)
        found.next(b'{"result": "named"}', only=f"X-Odoo-Database: {odoo_target.db}\r\n".encode())
        assert call(client, "res.partner", "search_count", domain=[]) == "named"


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
    assert compare_and_set(client, "res.partner", [item]) == {"done": [made], "conflict": [], "gone": [], "busy": []}


@contextmanager
def held(target, record):
    """Somebody's transaction that has the record locked; ends with the block, or with its `rollback`."""
    with closing(psycopg2.connect(host=cluster(), port=5432, user="odoo", dbname=target.db)) as other:
        other.cursor().execute("select id from res_partner where id = %s for update", (record,))
        yield other


@pytest.mark.parametrize("odoo_target", KINDS[1:], indirect=True)
def test_only_a_record_that_somebody_holds_is_tried_again_and_then_reported_as_busy(odoo_target):
    client = odoo_target.client()
    made = call(client, "res.partner", "create", vals_list=[{"name": "Wire", "city": "Praha"} for _ in range(3)])
    items = [{"id": one, "base": {"city": "Praha"}, "values": {"city": "Brno"}} for one in made]
    send, sizes = client.send, []

    def counted(model, method, ids, context, *rest):
        sizes.append(len(context["assay_items"])) if method == "run" else None
        return send(model, method, ids, context, *rest)

    client.send, waits = counted, []
    client.pause = waits.append
    with held(odoo_target, made[1]) as other:
        answer = compare_and_set(client, "res.partner", items)
        assert answer == {"done": [made[0], made[2]], "conflict": [], "gone": [], "busy": [made[1]]}
        assert sizes == [3, 1, 1, 1]
        assert len(waits) == 3
        client.pause = lambda seconds: other.rollback()
        assert compare_and_set(client, "res.partner", [items[1]])["done"] == [made[1]]


@pytest.mark.parametrize("odoo_target", KINDS[1:2], indirect=True)
def test_a_record_that_stays_held_is_named_by_the_run_and_written_by_the_next_apply(odoo_target, tmp_path):
    shop = Shop.of(odoo_target, tmp_path)
    shop.client.pause = lambda seconds: None
    made = call(shop.client, "res.partner", "create", vals_list=[{"name": f"Old {n}"} for n in range(4)])
    shop.golden("res_partner", [person(n, odoo_id=one) for n, one in enumerate(made)])
    plan = shop.approved()
    with held(odoo_target, made[2]):
        report = shop.apply(plan)
    assert report.outcomes == {"done": 3, "busy": 1}
    assert not report.complete
    assert [(each["odoo_id"], each["state"]) for each in report.exceptions] == [(made[2], "busy")]
    assert not [row for row in shop.receipts(report.run_id) if row.odoo_id == made[2]]
    again = shop.apply(plan)
    assert (again.run_id, again.outcomes) == (report.run_id, {"done": 4})
    assert shop.verify(report.run_id).passed


@pytest.mark.parametrize("odoo_target", KINDS[1:2], indirect=True)
def test_nothing_follows_a_canary_that_somebody_holds_until_it_is_written(odoo_target, tmp_path):
    shop = Shop.of(odoo_target, tmp_path)
    shop.client.pause = lambda seconds: None
    shop.authority = Authority.model_validate(load_authority().model_dump() | {"canary": {"customers": {"records": 1}}})
    made = call(shop.client, "res.partner", "create", vals_list=[{"name": f"Old {n}"} for n in range(3)])
    shop.golden("res_partner", [person(n, odoo_id=one) for n, one in enumerate(made)])
    plan = shop.approved()
    with held(odoo_target, made[0]), pytest.raises(PublishRefused, match="holds 1 of the 1 records.*apply again"):
        shop.apply(plan)
    assert [row["name"] for row in search_read(shop.client, "res.partner", ["name"], [("id", "in", made)])] == [
        "Old 0",
        "Old 1",
        "Old 2",
    ]
    assert shop.apply(plan).outcomes == {"done": 3}
    assert len(shop.told("canary passed")) == 1


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


@contextmanager
def human_at_work(target, records):
    """Somebody who changes one record after the other until the block ends; yields the edits, (record, city)."""
    edits, stop, steward = [], threading.Event(), target.human()

    def work():
        for number in itertools.count():
            record, city = records[number % len(records)], f"human {number}"
            call(steward, "res.partner", "write", [record], vals={"city": city})
            edits.append((record, city))
            if stop.wait(0.005):
                return

    with ThreadPoolExecutor(1) as executor:
        working = executor.submit(work)
        try:
            yield edits
        finally:
            stop.set()
    working.result()


@pytest.mark.parametrize("odoo_target", KINDS[1:2], indirect=True)
def test_no_edit_is_lost_while_a_human_writes_at_the_same_time(odoo_target):
    client = odoo_target.client()
    made = call(client, "res.partner", "create", vals_list=[{"name": "Wire", "city": "0"} for _ in range(8)])
    lost, seen, known = [], {}, 0
    with human_at_work(odoo_target, made) as edits:
        for turn in range(20):
            since, known = known, len(edits)
            before, rows = seen, search_read(client, "res.partner", ["city"], [("id", "in", made)])
            seen = {row["id"]: row["city"] for row in rows}
            last = dict(edits[since:known])
            lost += [one for one, city in last.items() if seen[one] == f"run {turn - 1}" and before[one] != city]
            items = [{"id": n, "base": {"city": city}, "values": {"city": f"run {turn}"}} for n, city in seen.items()]
            answer = compare_and_set(client, "res.partner", items)
            kept = [one["id"] for one in answer["conflict"]]
            assert sorted([*answer["done"], *kept, *answer["busy"]]) == made
    assert lost == []
    assert edits
