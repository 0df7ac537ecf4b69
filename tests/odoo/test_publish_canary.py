"""The canary goes first and stops the run by itself; a plan is void when golden or Odoo has moved on; roles hold."""

import pyarrow as pa
import pytest

from pipelines.publish.approve import approve
from pipelines.publish.authority import Authority, Canary, load_authority
from pipelines.publish.policy import FieldPolicy, Rehearsal
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.undo import undo_run
from sources.odoo.client import call, search_read
from tests.odoo.fixtures import KINDS
from tests.odoo.publishing import NOW, Shop, person, price, product, stock

pytestmark = pytest.mark.parametrize("odoo_target", KINDS[::2], indirect=True)


@pytest.fixture
def shop(odoo_target, tmp_path):
    return Shop.of(odoo_target, tmp_path)


def ruled(**more):
    """The shipped approval policy with something else."""
    return Authority.model_validate(load_authority().model_dump() | more)


def test_the_canary_holds_what_it_rests_on_is_read_back_and_then_the_rest_follows(shop):
    shop.authority = ruled(canary={"prices": {"records": 2, "units": ["pos/S00?"]}, "customers": {"records": 1}})
    stock(shop, people=3, products=4)
    units = {0: "pos/S017", 1: "pos/S004", 2: "pos/S001", 3: "shopify"}
    promotion = price(9, "99", golden_id="A-0001", product_id="V-0001", date_start=NOW.replace(tzinfo=None))
    shop.golden("product_pricelist_item", [promotion, *(price(n, units=[units[n]]) for n in range(4))])
    plan = shop.approved()
    first = [line.golden_id for line in shop.lines(plan)][: plan.summary["canary"]]
    assert first == ["C-0000", "P-0001", "P-0002", "V-0001", "V-0002", "R-0001", "R-0002", "A-0001"]
    report = shop.apply(plan)
    assert report.outcomes == {"done": plan.changes}
    told = shop.told("canary passed")
    assert told == [{"run": report.run_id, "lines": 8, "fields": told[0]["fields"], "differ": 0, "rejected": 0}]
    promoted, regular = (shop.record("product_pricelist_item", name, "id")["id"] for name in ("A-0001", "R-0001"))
    assert promoted > regular
    assert shop.plan().empty


def first_of(shop, plan):
    return [line.golden_id for line in shop.lines(plan)][: plan.summary["canary"]]


def stores(shop, units, **more):
    """Four products with prices, each price on one of these units."""
    stock(shop, people=0, products=4)
    shop.golden("product_pricelist_item", [price(n, units=[unit], **more) for n, unit in enumerate(units)])


def test_one_plan_may_ask_for_stores_of_its_own_besides_what_the_policy_says(shop):
    stores(shop, ["pos/S001", "pos/S002", "pos/S003", "online/1"])
    shop.authority = ruled(canary={"prices": {"units": ["pos/S003"]}})
    plan = shop.approved(canary=Canary(units=["pos/S001", "online*"]))
    assert [one for one in first_of(shop, plan) if one.startswith("R")] == ["R-0000", "R-0002", "R-0003"]
    report = shop.apply(plan)
    assert report.outcomes == {"done": plan.changes}
    assert shop.told("canary passed")[0]["lines"] == plan.summary["canary"] == 9
    shop.golden("product_pricelist_item", [price(1, "5", units=["pos/S002"]), price(3, "6", units=["pos/S003"])])
    assert first_of(shop, shop.plan()) == ["R-0003"]


def test_a_company_s_records_go_first_those_that_refer_to_it_too(shop, odoo_target):
    admin = odoo_target.client()
    company = call(admin, "res.company", "search", domain=[], limit=1)[0]
    name = search_read(admin, "res.company", ["name"], [("id", "=", company)])[0]["name"]
    stores(shop, ["shopify"] * 4)
    lists = search_read(admin, "product.pricelist", ["id"], [("name", "=", "Retail CZK")])
    call(admin, "product.pricelist", "write", [lists[0]["id"]], vals={"company_id": False})
    call(admin, "product.pricelist", "write", [shop.price_list("Own list")], vals={"company_id": company})
    given = [price(n, pricelist_id="Own list" if n == 2 else "Retail CZK") for n in range(4)]
    ids = call(admin, "res.partner", "create", vals_list=[{"name": "Old"}, {"name": "Old", "company_id": company}])
    shop.golden("product_pricelist_item", given)
    shop.golden("res_partner", [person(n, odoo_id=odoo_id) for n, odoo_id in enumerate(ids)])
    plan = shop.approved(canary=Canary(companies=[name[:3] + "*"]))
    assert first_of(shop, plan) == ["C-0001", "P-0002", "V-0002", "R-0002"]
    assert shop.apply(plan).outcomes == {"done": plan.changes}


def test_where_the_chosen_stores_have_nothing_to_change_the_first_records_there_are_go_first(shop):
    stores(shop, ["pos/S001", "pos/S002", "pos/S003", "pos/S004"])
    shop.publish()
    shop.authority = ruled(canary={"prices": {"records": 1, "units": ["pos/S004"]}})
    given = [price(n, "5" if n < 3 else "199.90", units=[f"pos/S00{n + 1}"]) for n in range(4)]
    shop.golden("product_pricelist_item", given)
    plan = shop.approved()
    assert (plan.changes, first_of(shop, plan)) == (3, ["R-0000"])


def test_a_canary_that_can_choose_nothing_is_refused_by_name(shop):
    stores(shop, ["pos/S001", "pos/S002", "pos/S003", "pos/S004"])
    with pytest.raises(PublishRefused, match=r"names pos/S9\*, on which no golden record rests; choose from pos/S001"):
        shop.plan(canary=Canary(units=["pos/S9*"]))
    with pytest.raises(PublishRefused, match="names Nowhere Ltd, a company that .* does not see; choose from "):
        shop.plan(canary=Canary(companies=["Nowhere Ltd"]))
    shop.authority = ruled(canary={"prices": {"records": 1, "units": ["pos/S1"]}})
    with pytest.raises(PublishRefused, match="names pos/S1, on which no golden record rests"):
        shop.plan()
    shop.authority = ruled(canary={"price": {"records": 1}})
    with pytest.raises(PublishRefused, match="approvals.yml names price, to which no object"):
        shop.plan()
    shop.authority = load_authority()
    shop.publish()
    shop.golden("product_pricelist_item", [price(0, "5", units=["pos/S001"]), price(1, units=["pos/S002"])])
    with pytest.raises(PublishRefused, match="nothing to write belongs to pos/S002"):
        shop.plan(canary=Canary(units=["pos/S002"]))
    with pytest.raises(ValueError, match="how many records, or of which units or companies"):
        Canary()


def test_a_canary_that_reads_back_otherwise_halts_the_plan_and_can_be_undone(shop, odoo_target):
    fields = shop.policy.objects["res_partner"].fields | {"website": FieldPolicy()}
    mangled = shop.policy.objects["res_partner"].model_copy(update={"fields": fields})
    objects = shop.policy.objects | {"res_partner": mangled}
    shop.policy = shop.policy.model_copy(update={"objects": objects, "rehearsal": Rehearsal(up_to=0)})
    shop.authority = ruled(canary={"customers": {"records": 2}})
    ids = [call(shop.client, "res.partner", "create", vals_list=[{"name": f"Old {n}"}])[0] for n in range(6)]
    rows = [person(n, odoo_id=odoo_id, city=f"Brno {n}") for n, odoo_id in enumerate(ids)]
    shop.golden("res_partner", [row | {"website": "shop.example"} for row in rows], more={"website": pa.string()})
    plan = shop.approved()
    with pytest.raises(
        PublishRefused, match=r"canary of plan .* failed and nothing followed it: 2 of \d+ fields .*website"
    ):
        shop.apply(plan)
    names = [row["name"] for row in search_read(shop.client, "res.partner", ["name"], [("id", "in", ids)])]
    assert names == ["Person 0", "Person 1", "Old 2", "Old 3", "Old 4", "Old 5"]
    (failed,) = shop.told("canary failed")
    assert (failed["lines"], failed["differ"]) == (2, 2)
    with pytest.raises(PublishRefused, match=f"halted by its canary; undo {failed['run']}"):
        shop.apply(plan)
    shop.undo(failed["run"])
    names = [row["name"] for row in search_read(shop.client, "res.partner", ["name"], [("id", "in", ids)])]
    assert names == [f"Old {n}" for n in range(6)]


def test_a_plan_is_void_when_golden_has_changed_or_too_much_of_odoo_is_no_longer_as_it_saw_it(shop, odoo_target):
    shop.authority = ruled(expires={"moved": 0.3, "floor": 1})
    ids = call(shop.client, "res.partner", "create", vals_list=[{"name": f"Old {n}"} for n in range(4)])
    rows = [person(n, odoo_id=odoo_id) for n, odoo_id in enumerate(ids)]
    shop.golden("res_partner", rows)
    unapproved, approved = shop.plan(), shop.approved()
    shop.golden("res_partner", [row | {"payload_hash": "1"} for row in rows])
    with pytest.raises(PublishRefused, match="golden has changed since"):
        approve(shop.settings, unapproved.plan_id, "eva", NOW, note="x", force=True, **shop.policies)
    with pytest.raises(PublishRefused, match="golden has changed since"):
        shop.apply(approved)
    plan = shop.approved()
    odoo_target.human_edit("res.partner", ids[0], {"name": "By hand 0"})
    odoo_target.human_delete("res.partner", ids[1])
    with pytest.raises(PublishRefused, match="Odoo has moved on: 2 of 4 records"):
        shop.apply(plan)
    shop.authority = ruled(expires={"moved": 0.6, "floor": 1})
    assert shop.apply(shop.approved()).outcomes == {"done": 3}


def test_who_may_neither_approve_nor_undo_is_told_whom_to_ask(shop):
    stewards = {"people": ["eva"], "approve": {"domains": ["customers"]}, "force": {}}
    shop.authority = ruled(roles={"stewards": stewards, "finance": {"people": ["petr"], "approve": {}, "undo": {}}})
    shop.price_list()
    template, variant = product(0)
    shop.golden("product_template", [template])
    shop.golden("product_product", [variant])
    plan = shop.plan()
    with pytest.raises(PublishRefused, match="eva may not approve product_.*; ask somebody of finance"):
        approve(shop.settings, plan.plan_id, "eva", NOW, **shop.policies)
    approve(shop.settings, plan.plan_id, "petr", NOW, **shop.policies)
    report = shop.apply(plan)
    with pytest.raises(PublishRefused, match="eva may not undo"):
        shop.undo(report.run_id)
    undo_run(shop.settings, shop.client, report.run_id, NOW, "petr", **shop.policies)
    assert not shop.record("product_template", "P-0000", "active")["active"]
