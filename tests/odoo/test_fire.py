"""Under fire on a real Odoo: whatever dies, hangs, fills up or is revoked, the publish ends as an undisturbed one.

Small numbers here; `python -m benchmarks fire` kills the publisher 200 times and what it talks to 50 times.
"""

import random
import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime

import pytest

from pipelines import audit, ledger
from pipelines.ledger import LedgerUnavailable
from sources.odoo import access, keys
from sources.odoo.client import call, search_read
from sources.odoo.errors import OdooDenied
from tests.odoo import fire
from tests.odoo.fire import Toll, assert_alike, fill, small, sql, until_done
from tests.odoo.fixtures import KINDS
from tests.odoo.proxy import wire
from tests.odoo.publishing import Shop, person

pytestmark = pytest.mark.odoo
REAL = pytest.mark.parametrize("odoo_target", KINDS[1:2], indirect=True)
LEAST = pytest.mark.parametrize("least_odoo", KINDS[1:2], indirect=True)


@pytest.fixture(scope="module")
def twin(_real_odoo, tmp_path_factory):
    """The same shop in another database, where nothing goes wrong: (shop, run of its publish, seconds it took)."""
    with _real_odoo.database("provisioned", "real-json2") as target:
        calm = small(target, tmp_path_factory.mktemp("calm"))
        fill(calm, 0)
        yield calm, *fire.calm_publish(calm)
        for client in target._open:
            client.close()


@pytest.fixture
def shop(odoo_target, tmp_path):
    found = small(odoo_target, tmp_path / "burnt")
    fill(found, 0)
    return found


@REAL
@pytest.mark.parametrize("harm", ["odoo is killed", "postgresql hangs up"])
def test_a_publish_survives_what_it_talks_to(odoo_target, shop, twin, harm):
    chance, toll, plan = random.Random(3), Toll(), shop.approved()
    with fire.odoo_of_our_own() as odoo:
        harms = {"odoo is killed": odoo.kill, "postgresql hangs up": lambda: fire.cut_postgres(odoo_target.db)}
        with fire.meanwhile(harms[harm], harm, twin[2] / 2, chance, toll):
            run = until_done(shop, plan.plan_id, lambda: odoo.client(odoo_target), toll)
    assert toll.counts[harm] >= 1
    assert_alike(shop, run, *twin[:2])


@REAL
def test_a_publish_survives_dropped_and_stalled_connections(odoo_target, shop, twin):
    chance, toll, plan = random.Random(5), Toll(), shop.approved()
    with wire(odoo_target.url) as cable:

        def client():
            found = odoo_target.publisher(url=cable.url)
            send = found.send
            found.send = lambda model, method, ids, context, arguments, _: send(
                model, method, ids, context, arguments, 3
            )
            found.pause = lambda seconds: None
            return found

        def harm():
            cable.next(chance.choice(["answer", "request", "stall", 502, 504]), only=b"ir.actions.server")
            return True

        with fire.meanwhile(harm, "connections cut", twin[2] / 8, chance, toll):
            run = until_done(shop, plan.plan_id, client, toll)
    assert toll.counts["connections cut"] >= 2
    assert_alike(shop, run, *twin[:2])


@REAL
def test_a_batch_that_takes_longer_than_odoo_allows_is_halved_until_it_goes_through(odoo_target, tmp_path):
    shop = Shop.of(odoo_target, tmp_path)
    shop.golden("res_partner", [person(n) for n in range(4)])
    plan, toll = shop.approved(), Toll()
    with sql(odoo_target.db) as cursor:
        cursor.execute(
            "create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(4); return new; end'"
        )
        cursor.execute("create trigger slow before insert on res_partner for each row execute function slow()")
    limits = ("--workers=1", "--limit-time-real=9", f"--gevent-port={fire.free_port()}")
    with fire.odoo_of_our_own(*limits) as odoo:
        seen = []

        def client():
            found = odoo.client(odoo_target)
            send = found.send

            def watched(model, method, ids, context, *rest):
                if "assay_items" in context:
                    seen.append(len(context["assay_items"]))
                return send(model, method, ids, context, *rest)

            found.send = watched
            return found

        run = until_done(shop, plan.plan_id, client, toll)
    assert max(seen) == 4
    assert min(seen) <= 2
    assert len({row.golden_id for row in shop.receipts(run)}) == 4
    assert sorted(name for name, _, _ in shop.external_ids()) == [f"C-{n:04}" for n in range(4)]


@REAL
def test_a_publish_and_a_competing_writer_lose_neither_ones_values(odoo_target, shop, twin):
    chance, toll, plan, turns = random.Random(7), Toll(), shop.approved(), [0]
    ids = [row["id"] for row in search_read(shop.client, "res.partner", ["id"], [("name", "like", "Old %")])]

    def locked():
        return fire.held_locks(odoo_target.db, ids, chance.uniform(0, 0.5))

    with (
        fire.meanwhile(lambda: fire.competing(odoo_target, ids, turns), "writes of another user", 0.05, chance, toll),
        fire.meanwhile(locked, "locks of another transaction", 0.3, chance, toll),
    ):
        run = until_done(shop, plan.plan_id, odoo_target.publisher, toll)
        time.sleep(0.3)
    assert toll.counts["writes of another user"] >= 1
    assert toll.counts["locks of another transaction"] >= 1
    assert any(row["function"] for row in search_read(shop.client, "res.partner", ["function"], [("id", "in", ids)]))
    assert_alike(shop, run, *twin[:2])


@LEAST
@pytest.mark.parametrize("end", ["expired", "revoked"])
def test_a_key_that_ends_in_the_middle_stops_the_publish_and_a_new_one_finishes_it(least_odoo, tmp_path, end):
    admin, publisher = least_odoo.client(), least_odoo.least("publisher")
    small(least_odoo, tmp_path / "admin")
    shop = Shop(tmp_path, publisher, small(least_odoo, tmp_path / "policy").policy)
    shop.golden("res_partner", [person(n) for n in range(9)])
    plan, key = shop.approved(), []
    send, calls = publisher.send, []

    def ending(model, method, *rest):
        calls.append(method)
        if calls.count("run") == 2 and not key:
            if end == "expired":
                with sql(least_odoo.db) as cursor:
                    cursor.execute(
                        "update res_users_apikeys set expiration_date = now() at time zone 'utc' - interval '1 h'"
                    )
                key.append(None)
            else:
                key.append(keys.renew(admin, "assay_publisher", 1, datetime.now(UTC), revoke=True))
        return send(model, method, *rest)

    publisher.send = ending
    with pytest.raises(OdooDenied):
        shop.apply(plan)
    with sql(least_odoo.db) as cursor:
        cursor.execute("update res_users_apikeys set expiration_date = now() + interval '1 day'")
    fresh = key[0] or least_odoo.user_keys["assay_publisher"]
    with least_odoo._opened(least_odoo.url, access.LOGINS["publisher"], fresh, None) as client:
        report = shop.apply(plan, client)
        assert report.outcomes == {"done": 9}
        assert len({row.golden_id for row in shop.receipts(report.run_id)}) == 9
        shop.client = client
        assert shop.verify(report.run_id).passed
    assert call(admin, "res.partner", "search_count", domain=[("x_assay_id", "like", "C-%")]) == 9


@REAL
def test_a_full_disk_stops_the_ledger_without_harm_and_the_same_process_goes_on_when_there_is_room(
    odoo_target, shop, twin
):
    plan = shop.approved()
    assert fire.starved(shop, odoo_target, plan.plan_id) >= 2
    run = shop.apply(plan).run_id
    with shop.ledger.connect() as connection:
        audit.verify_chain(connection)
    assert_alike(shop, run, *twin[:2])


@REAL
def test_a_ledger_that_another_process_holds_is_waited_for_and_then_reported(odoo_target, shop, twin, monkeypatch):
    plan = shop.approved()
    monkeypatch.setattr(ledger, "PATIENCE_MS", 1500)
    ledger.open_ledger.cache_clear()
    with closing(sqlite3.connect(shop.home / "ledger.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("begin immediate")
        with pytest.raises(LedgerUnavailable, match="database is locked.*run the same command again"):
            shop.apply(plan)
        release = threading.Timer(0.5, other.execute, ["rollback"])
        release.start()
        report = shop.apply(plan)
        release.join()
    ledger.open_ledger.cache_clear()
    assert set(report.outcomes) == {"done"}
    assert_alike(shop, report.run_id, *twin[:2])
