"""What publish declines to do: the refusal is clear, and ledger and Odoo stay as they were."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pipelines import audit
from pipelines.ledger import publish_runs
from pipelines.publish.plan import make_plan
from pipelines.publish.refusal import PublishRefused
from sources.odoo import actions
from tests.odoo.publishing import NOW, Shop, all_open, intercepting, person


@pytest.fixture
def shop(odoo_target, tmp_path):
    shop = Shop(tmp_path, odoo_target.client())
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
        if method == "run":
            inside.set()
            go_on.wait(30)
        return send(model, method, *rest)

    reports = []
    slow_client = intercepting(odoo_target.client(), slow)
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
