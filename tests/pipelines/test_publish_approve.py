"""A plan is approved by name, as sealed, in time and within its caps; otherwise the refusal says what to do."""

import json
import os
import pwd
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from pipelines import audit, ledger, resources
from pipelines.ledger import approvals, open_ledger
from pipelines.publish.approve import approve, refuse_closed, refuse_unapproved
from pipelines.publish.authority import Authority, beyond_in_all, load_authority, refuse_unauthorised
from pipelines.publish.caps import exceeded
from pipelines.publish.plan_file import plan_in_file, write_plan
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
    told = orjson.loads(stored(settings, sa.select(ledger.audit.c.detail)).scalar_one())
    assert (told["account"], told["content_hash"]) == (resources.account(), plan.content_hash)


def test_the_audit_names_the_account_that_approved_under_any_name(settings, monkeypatch):
    monkeypatch.setenv("ASSAY_ACTOR", "the director")
    monkeypatch.setenv("LOGNAME", "the director")
    approve(settings, planned(settings).plan_id, "the director", NOW)
    row = stored(settings, sa.select(ledger.audit)).one()
    assert row.actor == "the director"
    assert orjson.loads(row.detail)["account"] == pwd.getpwuid(os.getuid()).pw_name


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


def authority(**more):
    roles = {
        "stewards": {"people": ["eva", "adam"], "approve": {"domains": ["customers"], "records": 100}},
        "finance": {"people": ["petr", "ivo"], "approve": {}, "force": {"domains": ["customers"]}, "undo": {}},
    }
    return Authority.model_validate({"roles": roles} | more)


def test_only_a_role_that_covers_domain_object_and_size_may_approve_force_or_undo():
    policy, rules = load_policy(), authority()
    for person, deed, changed in (
        ("eva", "approve", {"res_partner": 100}),
        ("petr", "approve", {"res_partner": 5000, "product_pricelist_item": 1}),
        ("petr", "force", {"res_partner": 5000}),
        ("petr", "undo", {"product_product": 1}),
        ("eva", "approve", {"res_partner": 100, "product_pricelist_item": 0}),
    ):
        refuse_unauthorised(rules, policy, person, deed, changed)
    for person, deed, changed, says in (
        (
            "eva",
            "approve",
            {"res_partner": 101},
            "eva may not approve res_partner .* 101 records; ask somebody of finance",
        ),
        ("eva", "approve", {"product_template": 1}, "eva may not approve product_template"),
        ("eva", "force", {"res_partner": 1}, "eva may not force res_partner .*ask somebody of finance"),
        ("petr", "force", {"product_pricelist_item": 1}, "may not force .*widen a role in approvals.yml"),
        ("adam", "undo", {"res_partner": 1}, "adam may not undo"),
        ("nobody", "approve", {"res_partner": 1}, "nobody may not approve"),
    ):
        with pytest.raises(PublishRefused, match=says):
            refuse_unauthorised(rules, policy, person, deed, changed)


def test_where_four_eyes_are_asked_two_different_people_with_the_role_must_approve(settings):
    planned(settings, caps=["too many"])
    rules = authority(four_eyes={"forced": True})
    given = {"note": "counted", "force": True, "authority": rules}
    with pytest.raises(PublishRefused, match="eva may not force"):
        approve(settings, "plan-1", "eva", NOW, **given)
    assert approve(settings, "plan-1", "petr", NOW, **given).state == "planned"
    with open_ledger(settings.ledger_url).connect() as connection:
        half = load(connection, "plan-1")
        with pytest.raises(PublishRefused, match="is approved by 1 of 2 people"):
            refuse_unapproved(connection, half, authority=rules)
    with pytest.raises(PublishRefused, match="petr has approved plan plan-1 already"):
        approve(settings, "plan-1", "petr", NOW, **given)
    assert approve(settings, "plan-1", "ivo", NOW, **given).state == "approved"
    with open_ledger(settings.ledger_url).connect() as connection:
        refuse_unapproved(connection, load(connection, "plan-1"), authority=rules)


def test_one_account_that_says_two_names_is_not_four_eyes_where_accounts_count(settings):
    planned(settings, caps=["too many"])
    rules, lax = (authority(four_eyes={"forced": True, "accounts": accounts}) for accounts in (True, False))
    given = {"note": "counted", "force": True}
    approve(settings, "plan-1", "petr", NOW, **given, authority=rules)
    with pytest.raises(PublishRefused, match="was approved from the account .* already"):
        approve(settings, "plan-1", "ivo", NOW, **given, authority=rules)
    approve(settings, "plan-1", "ivo", NOW, **given, authority=lax)
    with open_ledger(settings.ledger_url).connect() as connection:
        both = load(connection, "plan-1")
        with pytest.raises(PublishRefused, match="is approved by 2 of 2 people, but from one account"):
            refuse_unapproved(connection, both, authority=rules)
        refuse_unapproved(connection, both, authority=lax)


def test_an_approval_that_the_audit_does_not_tell_of_does_not_count(settings):
    plan = planned(settings)
    forged = {"plan_id": "plan-1", "approved_by": "eva", "approved_at": AT, "content_hash": plan.content_hash}
    stored(settings, approvals.insert().values(**forged, forced=False, note=""))
    with open_ledger(settings.ledger_url).connect() as connection, pytest.raises(PublishRefused, match="not approved"):
        refuse_unapproved(connection, plan)


def test_the_approval_of_somebody_who_has_lost_the_role_does_not_count(settings):
    plan = planned(settings)
    approve(settings, "plan-1", "eva", NOW, authority=authority())
    roles = {"finance": {"people": ["petr"], "approve": {}}}
    with open_ledger(settings.ledger_url).connect() as connection, pytest.raises(PublishRefused, match="eva may not"):
        refuse_unapproved(connection, plan, authority=Authority(roles=roles))


def test_caps_of_a_domain_and_of_the_whole_run_count_all_that_is_done(settings):
    caps = {"run": {"created": 10, "merged": 1}, "domains": {"products": {"updated": 5}}}
    objects = {name: counts() for name in ("res_partner", "product_template", "product_product")}
    objects["res_partner"] |= {"create": 6, "merge": 2}
    objects["product_template"] |= {"create": 5, "update": 3}
    objects["product_product"] |= {"update": 3}
    assert list(beyond_in_all(authority(caps=caps), load_policy(), objects)) == [
        "products: 6 records would be updated, the cap is 5",
        "the run: 11 records would be created, the cap is 10",
        "the run: 2 records would be merged, the cap is 1",
    ]


@pytest.mark.parametrize(
    ("own", "says"), [({"records": 3}, "the cap is 3 records"), ({"share": 0.03}, "the cap is 3%")]
)
def test_a_field_may_have_a_cap_of_its_own(own, says):
    caps = Caps(created=50, updated=50, field_share=0.5, fields={"email": own})
    policy = load_policy().objects["res_partner"].model_copy(update={"caps": caps})
    counted = counts(update=4, fields={"email": 4, "phone": 4})
    assert list(exceeded("p", policy, counted, [])) == [f"p.email: changes on 4% of 100 records, {says}"]


def test_an_unknown_key_of_the_approval_policy_is_an_error():
    with pytest.raises(ValidationError, match="roels"):
        Authority.model_validate({"roels": {}})
    with pytest.raises(ValidationError, match="approve.recrods"):
        Authority.model_validate({"roles": {"all": {"people": ["*"], "approve": {"recrods": 5}}}})
    assert load_authority().roles


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (
            lambda text: text.replace("new@example.com", "mallory@example.com", 1),
            "line 2 of plan.jsonl is not what plan-1",
        ),
        (lambda text: "".join(text.splitlines(keepends=True)[:-1]), "line 3 of plan.jsonl is not what plan-1"),
        (lambda text: text + "{}\n", "line 4 of plan.jsonl is not what plan-1"),
        (lambda text: text.replace('"update":2', '"update":1', 1), "line 1 of plan.jsonl is not what plan-1"),
        (lambda text: text.replace("plan-1", "plan-9", 1), "the ledger knows no plan plan-9"),
        (lambda text: "hello", "is no plan"),
        (lambda text: "\udcff\udcfe", "is no plan"),
    ],
)
def test_a_plan_file_is_approved_only_as_it_was_written(settings, tmp_path, edit, says):
    planned(settings)
    path = tmp_path / "plan.jsonl"
    with open_ledger(settings.ledger_url).connect() as connection:
        write_plan(connection, "plan-1", path)
        assert plan_in_file(connection, path) == "plan-1"
        assert path.stat().st_mode & 0o077 == 0
        path.write_text(edit(path.read_text()), errors="surrogateescape")
        with pytest.raises(PublishRefused, match=says.replace("plan-1", "plan plan-1")):
            plan_in_file(connection, path)
    assert stored(settings, sa.select(approvals)).all() == []


def test_a_plan_for_a_domain_that_closed_since_is_refused_and_an_erasure_is_not(settings):
    plan, policy = planned(settings), load_policy()
    settings.exports.mkdir()
    told = {"expected": 0.99, "largest": 7, "where": "pos:1"}
    (settings.exports / "quality.json").write_text(json.dumps({"customers": told, "products": told | {"largest": 999}}))
    refuse_closed(settings, plan, policy)
    (settings.exports / "quality.json").write_text(json.dumps({"customers": told | {"largest": 999}}))
    with pytest.raises(
        PublishRefused, match="customers is closed since plan plan-1 was made: the cluster around pos:1"
    ):
        refuse_closed(settings, plan, policy)
    refuse_closed(settings, replace(plan, summary=plan.summary | {"erasure": {}}), policy)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("roels: {}\n", "rules.yml: .*roels: Extra inputs"),
        ("roles: [\n", "rules.yml is no YAML"),
        ("a: 1\na: 2\n", "a stands"),
    ],
)
@pytest.mark.parametrize("loaded", [load_policy, load_authority])
def test_a_policy_that_cannot_be_used_is_refused_with_its_file_and_key(tmp_path, loaded, text, told):
    (tmp_path / "rules.yml").write_text(text)
    with pytest.raises(PublishRefused, match=told) as refused:
        loaded(tmp_path / "rules.yml")
    assert "\n" not in str(refused.value)
