"""Human edits in Odoo: an inbox with who and when; keep, revert and release; other writers are left their fields."""

import pytest

from pipelines.publish.authors import tracked_changes
from pipelines.publish.edits import inbox, rule_on_edit
from pipelines.publish.policy import Policy
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.writers import discover_writers
from sources.odoo.client import call
from tests.odoo.fixtures import KINDS
from tests.odoo.publishing import NOW, Shop, person

pytestmark = pytest.mark.parametrize("odoo_target", KINDS[::2], indirect=True)


@pytest.fixture
def shop(odoo_target, tmp_path):
    """Two published people; somebody has then changed the first one's e-mail and country and the second one's city."""
    shop = Shop.of(odoo_target, tmp_path)
    shop.golden("res_partner", [person(1), person(2)])
    shop.publish()
    country = call(shop.client, "res.country", "search", domain=[("code", "=", "SK")])[0]
    edit(shop, odoo_target, "C-0001", email="human@example.com", country_id=country)
    edit(shop, odoo_target, "C-0002", city="Praha")
    return shop


def edit(shop, odoo_target, golden_id, **values):
    odoo_target.human_edit("res.partner", shop.record("res_partner", golden_id, "id")["id"], values)


def rule(shop, ruling, golden_id, *fields, **more):
    asked = ("res_partner", golden_id, fields, "eva", NOW, "asked the customer")
    return rule_on_edit(shop.settings, shop.client, ruling, *asked, policy=shop.policy, **more)


def seen(shop, client=None):
    return {(one.golden_id, one.field): one for one in inbox(shop.settings, client or shop.client, shop.policy)}


def test_the_inbox_shows_what_was_written_what_stands_there_now_what_golden_wants_and_who_did_it(shop):
    shop.golden("res_partner", [person(1, email="newer@example.com"), person(2, city=None)])
    found = seen(shop)
    assert set(found) == {("C-0001", "email"), ("C-0001", "country_id"), ("C-0002", "city")}
    email = found["C-0001", "email"]
    assert (email.written, email.now, email.golden) == ("p1@example.com", "human@example.com", "newer@example.com")
    country = found["C-0001", "country_id"]
    assert (country.written, country.now, country.golden) == ("CZ", "SK", "CZ")
    assert found["C-0002", "city"].golden is None
    assert {one.by for one in found.values()} == {"steward"}
    assert all(one.at and not one.ruling for one in found.values())


def test_odoo_s_own_tracking_tells_who_changed_a_field_though_assay_wrote_the_record_later(shop):
    # Odoo shows the history of fields to administrators alone.
    if not tracked_changes(shop.admin, "res.partner"):
        pytest.skip("the embedded Odoo keeps no history of fields")
    shop.golden("res_partner", [person(1, city="Olomouc"), person(2)])
    shop.publish()
    assert seen(shop, shop.admin)["C-0001", "email"].by == "steward"


def test_of_several_edits_none_is_kept_unless_all_can_be(shop):
    taken = []

    def take(name, golden_id, field, value):
        if field == "email":
            raise PublishRefused("email takes nothing", "release it")
        return lambda: taken.append(field)

    with pytest.raises(PublishRefused, match="email takes nothing"):
        rule(shop, "keep", "C-0001", take=take)
    assert taken == []
    assert {one.ruling for one in seen(shop).values()} == {""}


def test_a_kept_value_goes_to_golden_a_reverted_one_is_written_over_and_a_released_one_is_left_alone(shop, odoo_target):
    taken = []
    assert rule(shop, "keep", "C-0001", "email", take=lambda *given: lambda: taken.append(given)) == ["email"]
    assert rule(shop, "revert", "C-0001", "country_id") == ["country_id"]
    assert rule(shop, "release", "C-0002", "city") == ["city"]
    assert taken == [("res_partner", "C-0001", "email", "human@example.com")]
    assert {where: one.ruling for where, one in seen(shop).items()} == {
        ("C-0001", "email"): "keep",
        ("C-0001", "country_id"): "revert",
        ("C-0002", "city"): "release",
    }
    shop.golden("res_partner", [person(1, email="human@example.com"), person(2, name="New name")])
    plan = shop.approved()
    country = call(shop.client, "res.country", "search", domain=[("code", "=", "CZ")])[0]
    assert {line.golden_id: line.after for line in shop.lines(plan)} == {
        "C-0001": {"country_id": country},
        "C-0002": {"name": "New name"},
    }
    assert plan.summary["objects"]["res_partner"]["released"] == 1
    shop.apply(plan)
    assert shop.record("res_partner", "C-0002", "city")["city"] == "Praha"
    assert shop.plan().empty
    rule(shop, "take", "C-0002", "city")
    (conflict,) = shop.lines(shop.plan(), "conflict")
    assert (conflict.before, conflict.after) == ({"city": "Praha"}, {"city": "Brno"})


def test_a_ruling_holds_for_the_edit_it_was_made_on_and_not_for_a_later_one(shop, odoo_target):
    rule(shop, "revert", "C-0001", "email")
    edit(shop, odoo_target, "C-0001", email="again@example.com")
    assert seen(shop)["C-0001", "email"].ruling == ""
    assert not [line for line in shop.lines(shop.plan(), "update") if "email" in line.after]


def test_a_released_record_is_left_alone_whole(shop):
    rule(shop, "release", "C-0001")
    shop.golden("res_partner", [person(1, name="Other", street="Long 1"), person(2)])
    assert [line.golden_id for line in shop.lines(shop.plan(), "update", "conflict")] == ["C-0002"]


def test_a_field_that_is_written_back_twice_is_released_by_itself_and_reported(shop, odoo_target):
    shop.apply(shop.approved(overrule=["*"]))
    edit(shop, odoo_target, "C-0001", email="back@example.com")
    plan = shop.approved(overrule=["*"])
    (told,) = shop.lines(plan, "conflict")
    assert told.golden_id == "C-0001"
    assert "email written back 2 times after Assay wrote it; released from now on" in told.reason
    assert plan.empty
    assert shop.told("release edit") == [{"object": "res_partner", "golden_id": "C-0001", "fields": ["email"]}]
    assert shop.plan(overrule=["*"]).summary["objects"]["res_partner"]["released"] == 1
    assert seen(shop)["C-0001", "email"].ruling == "release"
    assert shop.record("res_partner", "C-0001", "email")["email"] == "back@example.com"


@pytest.mark.parametrize(
    ("ruling", "name", "golden_id", "fields", "says"),
    [
        ("revert", "res_users", "C-0001", (), "unknown object res_users"),
        ("revert", "res_partner", "C-0001", ("colour",), "no published field colour"),
        ("revert", "res_partner", "C-0001", ("name",), "nobody edited name of C-0001"),
        ("keep", "res_partner", "C-0001", ("email",), "nowhere to keep"),
        ("release", "res_partner", "C-0001", ("email",), "needs a name and a reason"),
    ],
)
def test_a_ruling_that_does_not_fit_is_refused(shop, ruling, name, golden_id, fields, says):
    by = "" if ruling == "release" else "eva"
    with pytest.raises(PublishRefused, match=says):
        rule_on_edit(shop.settings, shop.client, ruling, name, golden_id, fields, by, NOW, "why", shop.policy)
    assert not any(one.ruling for one in inbox(shop.settings, shop.client, shop.policy))


def test_a_ledger_of_another_odoo_has_no_inbox_here(shop):
    shop.client.db = "t_other"
    with pytest.raises(PublishRefused, match="this ledger is of the database .*, not of t_other"):
        inbox(shop.settings, shop.client, shop.policy)


def test_unregistered_writers_are_found_and_a_registered_one_is_left_its_fields(shop, odoo_target):
    given = call(odoo_target.client(), "product.template", "create", vals_list=[{"name": "Theirs"}])
    xid = {"module": "shopconnector", "name": "p1", "model": "product.template", "res_id": given[0], "noupdate": True}
    call(odoo_target.client(), "ir.model.data", "create", vals_list=[xid])
    ours = {shop.client.login, shop.admin.login}
    found = {(one.kind, one.name): one for one in discover_writers(shop.admin, shop.policy, ours)}
    assert found["user", "steward"].known == found["external ids", "shopconnector"].known == ""
    assert found["user", "steward"].records["res.partner"] == 2
    assert (found["user", shop.client.login].known, found["external ids", "assay"].known) == ("assay", "assay")
    if odoo_target.real:
        assert "email" in found["user", "steward"].fields["res.partner"]
    stated = shop.policy.model_dump()
    stated["writers"] = {"shop": {"logins": ["steward"], "modules": ["shopconnector"]}}
    stated["objects"]["res_partner"]["fields"]["email"]["owner"] = "shop"
    shop.policy = Policy.model_validate(stated)
    assert {one.known for one in discover_writers(shop.client, shop.policy, ours)} >= {"shop", "assay"}
    shop.golden("res_partner", [person(1, email="newest@example.com"), person(2, email="newest@example.com")])
    assert not [line for line in shop.lines(shop.plan()) if "email" in line.after]
    stated["objects"]["res_partner"]["fields"]["email"]["owner"] = "nobody"
    with pytest.raises(ValueError, match="res_partner.email is owned by nobody, which is not among writers"):
        Policy.model_validate(stated)
