"""Kill -9 at any moment of apply and of undo, then run again: the end is the same as without the kills.

Few kills here; `python -m benchmarks fire` has two hundred.
"""

import random
import time

import pytest

from pipelines.publish.policy import load_policy
from sources.odoo.client import call
from tests.odoo.fire import BATCH, killer
from tests.odoo.fixtures import KINDS
from tests.odoo.publishing import Shop, person, price, product

KILLS = {"embedded": 8, "real-json2": 4}
# What a kill leaves does not depend on the transport.
pytestmark = pytest.mark.parametrize("odoo_target", KINDS[:2], indirect=True)
FOREVER = 600


def golden(shop, first):
    """Twelve people, half of them in Odoo, and five products with prices, numbered from `first`; ids in Odoo."""
    rows = [{"name": f"Old {n}", "phone": f"+420 {n}"} for n in range(6)]
    ids = call(shop.client, "res.partner", "create", vals_list=rows)
    shop.golden("res_partner", [person(first + n, odoo_id=ids[n] if n < 6 else None) for n in range(12)])
    made = [product(first + n) for n in range(5)]
    shop.golden("product_template", [template for template, _ in made])
    shop.golden("product_product", [variant for _, variant in made])
    shop.golden("product_pricelist_item", [price(first + n) for n in range(5)])
    return ids


def receipts_of(shop, run_id):
    return [(row.object, row.golden_id, row.field, row.before, row.created_record) for row in shop.receipts(run_id)]


def assert_whole(shop, plan, report, before):
    """Each line of the plan was carried out exactly once, and nothing else happened."""
    lines = shop.lines(plan)
    assert report.outcomes == {"done": len(lines)}
    wanted = {(line.object, line.golden_id, name) for line in lines for name in line.after}
    written = [(row.object, row.golden_id, row.field) for row in shop.receipts(report.run_id)]
    assert sorted(written) == sorted(wanted)
    assert shop.verify(report.run_id).passed
    assert shop.plan().empty
    after = shop.snapshot()
    for name, rows in after.items():
        created = sum(line.object == name and line.action == "create" for line in lines)
        assert {row["id"] for row in before[name]} <= {row["id"] for row in rows}
        assert len(rows) == len(before[name]) + created
    bound = shop.external_ids()
    assert len({name for name, _, _ in bound}) == len({(model, odoo_id) for _, model, odoo_id in bound}) == len(bound)


@pytest.fixture
def shop(odoo_target, tmp_path):
    shop = Shop.of(odoo_target, tmp_path, load_policy().model_copy(update={"batch": BATCH}))
    shop.price_list()
    return shop


def test_an_apply_killed_at_random_points_ends_like_an_undisturbed_one(shop, odoo_target):
    chance = random.Random(7)
    with killer(shop, odoo_target) as run:
        golden(shop, 0)
        before, plan = shop.snapshot(), shop.approved()
        began = time.monotonic()
        assert run("apply", plan.plan_id, FOREVER)
        undisturbed_s = time.monotonic() - began
        assert_whole(shop, plan, shop.apply(plan), before)
        kills, first = 0, 100
        while kills < KILLS[odoo_target.kind]:
            golden(shop, first)
            before, plan = shop.snapshot(), shop.approved()
            while not run("apply", plan.plan_id, chance.uniform(0, undisturbed_s * 0.7)):
                kills += 1
            assert_whole(shop, plan, shop.apply(plan), before)
            first += 100


def test_an_undo_killed_at_random_points_ends_like_an_undisturbed_one(shop, odoo_target):
    chance = random.Random(11)
    with killer(shop, odoo_target) as run:
        ids = golden(shop, 0)
        old = [row for row in shop.snapshot()["res_partner"] if row["id"] in ids]
        report = shop.publish()
        published = receipts_of(shop, report.run_id)
        seconds = 0.05
        while not run("undo", report.run_id, chance.uniform(0, seconds)):
            seconds *= 1.2
        with shop.ledger.connect() as connection:
            (undo,) = connection.exec_driver_sql("select run_id from publish_runs where kind = 'undo'").scalars()
        undone = [row for row in shop.snapshot()["res_partner"] if row["id"] in ids]
        assert [row | {"x_assay_id": False} for row in undone] == old
        put_back = receipts_of(shop, undo)
        assert len(put_back) == len({row[:3] for row in put_back})
        existing = {row[:3] for row in published if not row[4] and row[2] != "x_assay_id"}
        assert existing <= {row[:3] for row in put_back}
        created = {row[:2] for row in published if row[4]}
        assert created <= {row[:2] for row in put_back}
        assert not any(shop.record("res_partner", f"C-{n:04}", "active")["active"] for n in range(6, 12))
