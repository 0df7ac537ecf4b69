"""What publish declines to do: the refusal is clear, and ledger and Odoo stay as they were."""

import threading
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from pipelines import audit
from pipelines.ledger import publish_runs
from pipelines.publish.approve import approve
from pipelines.publish.plan import make_plan
from pipelines.publish.refusal import PublishRefused
from sources.odoo import actions
from sources.odoo.client import call
from tests.odoo.fixtures import KINDS
from tests.odoo.publishing import NOW, Shop, all_open, intercepting, person


@pytest.fixture
def shop(odoo_target, tmp_path):
    shop = Shop.of(odoo_target, tmp_path)
    shop.golden("res_partner", [person(1), person(2)])
    return shop


def assert_nothing_happened(shop):
    assert shop.external_ids() == []
    with shop.ledger.connect() as connection:
        assert connection.execute(sa.select(publish_runs)).all() == []


def ledger_says(shop, statement):
    with shop.ledger.begin() as connection:
        connection.execute(sa.text(statement))


def test_an_unapproved_plan_is_not_applied(shop):
    with pytest.raises(PublishRefused, match="is not approved"):
        shop.apply(shop.plan())
    assert_nothing_happened(shop)


def test_an_expired_approval_is_not_applied(shop):
    plan = shop.approved()
    with pytest.raises(PublishRefused, match="expired"):
        shop.apply(plan, now=NOW + timedelta(hours=25))
    assert_nothing_happened(shop)


def test_a_plan_edited_after_its_approval_is_not_applied(shop):
    plan = shop.approved()
    ledger_says(shop, "update plan_lines set after = replace(after, 'p1@', 'mallory@') where line = 1")
    with pytest.raises(PublishRefused, match="was changed after it was made"):
        shop.apply(plan)
    assert_nothing_happened(shop)


def test_a_plan_whose_approval_was_forged_for_another_content_is_not_applied(shop):
    plan = shop.approved()
    ledger_says(shop, "update approvals set content_hash = 'f00d'")
    with pytest.raises(PublishRefused, match="is not approved"):
        shop.apply(plan)
    assert_nothing_happened(shop)


def test_a_plan_whose_approval_is_forged_in_the_audit_as_well_is_not_applied(shop):
    approved, wanted = shop.approved(), shop.plan()
    for table, column in (("approvals", "content_hash"), ("audit", "detail")):
        ledger_says(
            shop, f"update {table} set {column} = replace({column}, '{approved.content_hash}', '{wanted.content_hash}')"
        )
    ledger_says(shop, f"update approvals set plan_id = '{wanted.plan_id}'")
    ledger_says(shop, f"update audit set detail = replace(detail, '{approved.plan_id}', '{wanted.plan_id}')")
    with pytest.raises(audit.BrokenChain, match="was changed"):
        shop.apply(wanted)
    assert_nothing_happened(shop)


def test_a_plan_for_another_database_is_not_applied_verified_or_undone(shop):
    plan = shop.approved()
    report = shop.apply(plan)
    stranger = intercepting(shop.client, lambda send, *call: send(*call))
    stranger.db = "t_other"
    for refused in (lambda: shop.apply(plan, stranger), lambda: shop.verify(report.run_id)):
        with pytest.raises(PublishRefused, match="made for the database .* not for t_other"):
            refused()
    with pytest.raises(PublishRefused, match="not for t_other"):
        shop.undo(report.run_id)


def test_a_plan_made_under_another_policy_is_not_applied(shop):
    plan = shop.approved()
    shop.policy = shop.policy.model_copy(update={"batch": 3})
    with pytest.raises(PublishRefused, match="odoo.yml changed"):
        shop.apply(plan)
    assert_nothing_happened(shop)


def test_two_applies_at_the_same_time_are_refused_and_the_first_one_ends_well(shop, odoo_target):
    plan, inside, go_on = shop.approved(), threading.Event(), threading.Event()

    def slow(send, model, method, *rest):
        if method == "run" and "assay_items" in rest[1]:
            inside.set()
            go_on.wait(30)
        return send(model, method, *rest)

    reports = []
    slow_client = intercepting(odoo_target.publisher(), slow)
    first = threading.Thread(target=lambda: reports.append(shop.apply(plan, slow_client)))
    first.start()
    assert inside.wait(30)
    with pytest.raises(PublishRefused, match="another apply or undo is under way"):
        shop.apply(plan)
    go_on.set()
    first.join()
    assert reports[0].outcomes == {"done": 2}
    assert len(shop.external_ids()) == 2


def test_applying_a_finished_plan_again_writes_nothing_and_reports_the_same(shop):
    plan = shop.approved()
    report = shop.apply(plan)
    before = shop.snapshot(runs=True)
    assert shop.apply(plan) == report
    assert shop.snapshot(runs=True) == before


def test_every_step_is_in_the_audit_chain_without_personal_values(shop):
    report = shop.publish()
    shop.verify(report.run_id)
    shop.undo(report.run_id)
    with shop.ledger.connect() as connection:
        rows = connection.execute(sa.text("select actor, action, detail from audit order by seq")).all()
    assert [(row.actor, row.action) for row in rows] == [
        ("bot", "plan"),
        ("eva", "approve"),
        ("bot", "apply"),
        ("bot", "applied"),
        ("bot", "verify"),
        ("eva", "undo"),
        ("eva", "undone"),
    ]
    assert not any("example.com" in row.detail or "Person" in row.detail for row in rows)
    assert audit.verify_chain(shop.ledger) == 7


@pytest.mark.parametrize("bare_odoo", KINDS[::2], indirect=True)
def test_an_odoo_without_our_fields_is_told_how_to_get_them(bare_odoo, tmp_path):
    shop = Shop(tmp_path, bare_odoo.client())
    shop.golden("res_partner", [person(1)])
    with pytest.raises(PublishRefused, match="lacks x_assay_id and x_assay_run; run `assay odoo provision`"):
        shop.plan()
    actions.provision(shop.client)
    assert shop.plan().changes == 1


@pytest.mark.parametrize(
    ("objects", "says"),
    [({"res_users"}, "unknown object res_users"), (set(), "")],
    ids=["unknown", "none"],
)
def test_only_objects_of_the_policy_are_planned(shop, objects, says):
    if says:
        with pytest.raises(PublishRefused, match=says):
            shop.plan(objects=objects)
    else:
        assert shop.plan(objects=objects).empty


def test_only_the_objects_asked_for_are_planned(shop):
    plan = shop.plan(objects={"product_pricelist_item"})
    assert plan.empty
    assert list(plan.summary["objects"]) == ["product_pricelist_item"]


def test_exports_that_are_missing_or_broken_are_named(shop):
    shop.golden("res_partner", [person(1), person(1)])
    with pytest.raises(PublishRefused, match="holds a golden id twice"):
        shop.plan()
    (shop.home / "exports" / "publish" / "publish_odoo__res_partner.parquet").unlink()
    with pytest.raises(PublishRefused, match="is not among the exports"):
        make_plan(shop.settings, shop.client, all_open(), NOW, "bot", objects={"res_partner"})


def test_a_plan_that_reaches_too_far_names_the_field_the_rule_and_its_last_change(shop):
    rows = [{"name": f"Person {n}", "email": f"old{n}@example.com", "lang": "en_US"} for n in range(40)]
    ids = call(shop.client, "res.partner", "create", vals_list=rows)
    wanted = [{"golden_id": f"C-{n:04}", "name": f"Person {n}", "email": f"new{n}@example.com"} for n in range(40)]
    shop.golden("res_partner", [row | {"odoo_id": odoo_id} for row, odoo_id in zip(wanted, ids, strict=True)])
    provenance = pa.table(
        {
            "customer_id": [row["golden_id"] for row in wanted],
            "attribute": ["email"] * 40,
            "rule": ["source order"] * 39 + ["newest"],
            "system": ["pos"] * 40,
        }
    )
    path = shop.settings.exports / "golden" / "golden_customers__provenance.parquet"
    path.parent.mkdir()
    pq.write_table(provenance, path)
    plan = shop.plan()
    said = next(cap for cap in plan.summary["caps"] if cap.startswith("res_partner.email"))
    assert "the cap is 10%; 39 by rule 'source order' from pos; 1 by rule 'newest' from pos" in said
    assert "survivorship.csv was last changed by" in said
    with pytest.raises(PublishRefused, match="39 by rule 'source order' from pos"):
        approve(shop.settings, plan.plan_id, "eva", NOW)
    approve(shop.settings, plan.plan_id, "eva", NOW, note="looked at ten of them", force=True)
    assert shop.apply(plan).outcomes == {"done": 40}
