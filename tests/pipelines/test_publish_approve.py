"""A plan is approved by name, as sealed, in time and within its caps; otherwise the refusal says what to do."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipelines import audit
from pipelines.ledger import approvals, open_ledger
from pipelines.publish.approve import approve, refuse_unapproved
from pipelines.publish.caps import exceeded
from pipelines.publish.policy import Caps, load_policy
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import Line, Plan, load, save
from pipelines.resources import Settings

NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)
AT = NOW.replace(tzinfo=None)


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")


def planned(settings, caps=(), made_at=AT):
    summary = {"objects": {"res_partner": {"create": 0, "update": 2, "link": 0}}, "caps": list(caps)}
    head = Plan("plan-1", "assay uuid", "g", "p", made_at, made_at + timedelta(hours=24), "bot", summary)
    lines = [
        Line("res_partner", "update", f"C-{n}", n, {"email": "old@example.com"}, {"email": "new@example.com"})
        for n in (1, 2)
    ]
    with open_ledger(settings.ledger_url).begin() as connection:
        return save(connection, head, lines)


def stored(settings, statement):
    with open_ledger(settings.ledger_url).begin() as connection:
        return connection.execute(statement)


def test_a_named_approval_within_the_caps_is_kept_with_the_hash_it_approves(settings):
    plan = planned(settings)
    approve(settings, plan.plan_id, "eva", NOW)
    row = stored(settings, sa.select(approvals)).one()
    assert (row.approved_by, row.content_hash, row.forced) == ("eva", plan.content_hash, False)
    with open_ledger(settings.ledger_url).connect() as connection:
        approved = load(connection, plan.plan_id)
        assert approved.state == "approved"
        refuse_unapproved(connection, approved)
    assert audit.verify_chain(open_ledger(settings.ledger_url)) == 1


@pytest.mark.parametrize(
    "edit",
    [
        'update plan_lines set after = \'{"email":"mallory@example.com"}\' where line = 2',
        "update plan_lines set odoo_id = 99 where line = 1",
        "delete from plan_lines where line = 2",
        "update plans set summary = '{}'",
        "update plans set expires_at = '2099-01-01 00:00:00.000000'",
        "update plans set target = 'production uuid'",
    ],
)
def test_a_plan_that_somebody_edited_is_refused(settings, edit):
    plan = planned(settings)
    stored(settings, sa.text(edit))
    with pytest.raises(PublishRefused, match="was changed after it was made"):
        approve(settings, plan.plan_id, "eva", NOW)
    assert stored(settings, sa.select(approvals)).all() == []


def test_a_plan_beyond_its_caps_needs_force_and_a_reason(settings):
    planned(settings, caps=["res_partner.email: changes on 95% of 40000 records, the cap is 10%"])
    with pytest.raises(PublishRefused, match="res_partner.email: changes on 95% of 40000 records"):
        approve(settings, "plan-1", "eva", NOW)
    with pytest.raises(PublishRefused, match="needs a reason"):
        approve(settings, "plan-1", "eva", NOW, force=True)
    approve(settings, "plan-1", "eva", NOW, note="first load, sampled by hand", force=True)
    row = stored(settings, sa.select(approvals)).one()
    assert (row.forced, row.note) == (True, "first load, sampled by hand")


@pytest.mark.parametrize(
    ("plan_id", "principal", "after", "says"),
    [
        ("plan-9", "eva", 0, "knows no plan plan-9"),
        ("plan-1", "  ", 0, "needs a name"),
        ("plan-1", "eva", 25, "expired"),
    ],
)
def test_an_approval_that_means_nothing_is_refused(settings, plan_id, principal, after, says):
    planned(settings)
    with pytest.raises(PublishRefused, match=says):
        approve(settings, plan_id, principal, NOW + timedelta(hours=after))


def test_a_plan_is_approved_once(settings):
    planned(settings)
    approve(settings, "plan-1", "eva", NOW)
    with pytest.raises(PublishRefused, match="is approved already"):
        approve(settings, "plan-1", "adam", NOW)


def counts(**given):
    return {"existing": 100, "create": 0, "update": 0, "fields": {}} | given


def lines(*changes):
    return [
        Line("product_pricelist_item", "update", f"R-{n}", n, {"fixed_price": old}, {"fixed_price": new})
        for n, (old, new) in enumerate(changes)
    ]


@pytest.mark.parametrize(
    ("counted", "changes", "says"),
    [
        (counts(create=51), [], "51 records would be created, the cap is 50"),
        (counts(update=41), [], "41 records would be updated, the cap is 40"),
        (counts(update=31), [], "31% of 100 records would be updated, the cap is 30%"),
        (counts(update=21, fields={"email": 21}), [], "prices.email: changes on 21% of 100 records, the cap is 20%"),
        (counts(update=1), [(10.0, 14.01)], "1 change by more than 40 %, such as R-0"),
        (counts(update=1), [(0.0, 1.0)], "1 change by more than 40 %"),
    ],
)
def test_each_cap_names_the_figure_and_the_limit(counted, changes, says):
    caps = Caps(created=50, updated=40, floor=5, updated_share=0.3, field_share=0.2, change_percent={"fixed_price": 40})
    policy = load_policy().objects["product_pricelist_item"].model_copy(update={"caps": caps})
    assert says in " ".join(exceeded("prices", policy, counted, lines(*changes)))


def test_small_plans_never_exceed_a_share():
    caps = Caps(created=50, updated=40, floor=5, updated_share=0.01, field_share=0.01)
    policy = load_policy().objects["res_partner"].model_copy(update={"caps": caps})
    assert list(exceeded("res_partner", policy, counts(update=5, fields={"email": 5}), [])) == []
    assert list(exceeded("res_partner", policy, counts(), lines((10.0, 11.0)))) == []
