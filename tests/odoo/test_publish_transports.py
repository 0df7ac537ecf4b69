"""One Odoo over two transports: the same plan and the same receipts, to the byte; and ways that an Odoo may lack."""

from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from pipelines.ledger import attempts, plan_lines, plans, receipts
from pipelines.publish.policy import load_policy
from sources.odoo import access
from sources.odoo.client import call, connect, search_read
from sources.odoo.errors import OdooDenied
from tests.odoo.fire import export, fill
from tests.odoo.fixtures import KINDS
from tests.odoo.proxy import wire
from tests.odoo.publishing import Shop

pytestmark = pytest.mark.odoo
# What is new with every run, or names the database.
RUNNING = {"plan_id", "run_id", "target", "seq", "content_hash"}


@pytest.fixture
def real(request):
    return request.getfixturevalue("_real_odoo")


def told(shop, table):
    """The table as the ledger holds it, as text, without the ids of runs."""
    with shop.ledger.connect() as connection:
        rows = connection.execute(sa.select(table)).mappings().all()
    return sorted(repr({name: value for name, value in row.items() if name not in RUNNING}) for row in rows)


@contextmanager
def published(real, kind, home):
    """A shop whose whole publish, with an edit by a human in between and a second plan, went over one transport."""
    with real.database("provisioned", kind) as target:
        home.mkdir()
        shop = Shop.of(target, home, load_policy().model_copy(update={"batch": 5}))
        shop.price_list()
        fill(shop, 0)
        plan = shop.approved()
        (old,) = search_read(shop.client, "res.partner", ["id"], [("name", "=", "Old 2")])
        target.human_edit("res.partner", old["id"], {"phone": "+420 1", "name": "Human"})
        report = shop.apply(plan)
        shop.approved()
        yield shop, report, target
        for client in target._open:
            client.close()


def test_json2_and_jsonrpc_make_the_same_plans_and_the_same_receipts_to_the_byte(real, tmp_path):
    with (
        published(real, "real-json2", tmp_path / "json2") as (one, one_run, _),
        published(real, "real-jsonrpc", tmp_path / "jsonrpc") as (other, other_run, _),
    ):
        assert (one.client.transport, other.client.transport) == ("json2", "jsonrpc")
        for table in (plans, plan_lines, attempts, receipts):
            assert told(one, table) == told(other, table)
        assert len(told(one, receipts)) > 100
        assert one_run.outcomes == other_run.outcomes
        assert one_run.exceptions == other_run.exceptions
        assert export(one) == export(other)


def test_the_version_decides_the_transport(real):
    with real.database("provisioned", "real-json2") as target:
        with connect(target.url, target.db, target.login, target.key) as client:
            assert (client.transport, client.version) == ("json2", (19, 0))
        with wire(target.url) as cable:
            cable.next(b'{"version_info": [18, 0, 0, "final", 0, ""]}', times=1, only=b"/web/version")
            with connect(cable.url, target.db, target.login, target.key) as client:
                assert (client.transport, client.version) == ("jsonrpc", (18, 0))
                assert call(client, "res.partner", "search_count", domain=[]) > 0


@pytest.mark.parametrize("least_odoo", KINDS[1:2], indirect=True)
def test_a_publisher_who_may_not_run_our_actions_publishes_with_plain_calls_and_without_web_save_multi_too(
    least_odoo, tmp_path
):
    admin = least_odoo.client()
    known = access.registry(admin)
    ours = [record for xid, record in known.items() if xid.startswith(("assay.compare_and_set", "assay.upsert"))]
    call(admin, "ir.actions.server", "write", ours, vals={"group_ids": [[6, 0, [known["base.group_system"]]]]})
    with wire(least_odoo.url) as cable:
        cable.next(404, times=10**6, only=b"/web_save_multi")
        shop = Shop(tmp_path, least_odoo.least("publisher", url=cable.url))
        fill(Shop(tmp_path, admin), 0)
        report = shop.publish()
        assert report.outcomes == {"done": 27}
        assert shop.client.remembered["web_save_multi"] is False
        assert not {"upsert_res_partner", "compare_and_set_res_partner"} & set(shop.client.remembered["actions"])
        asked = {line.split(b" ")[1] for line in cable.asked}
        assert {
            b"/json/2/res.partner/load",
            b"/json/2/res.partner/web_save_multi",
            b"/json/2/res.partner/write",
        } <= asked
        assert shop.verify(report.run_id).passed
        assert shop.plan().empty
    with pytest.raises(OdooDenied):
        call(least_odoo.least("publisher"), "ir.actions.server", "run", ours[:1], {"assay_items": []})
