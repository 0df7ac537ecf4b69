"""Publishing to every kind of Odoo: what is written, what is left alone, and that a second run has nothing to do."""

import pytest

from sources.odoo.client import call, search_read
from tests.odoo.fixtures import KINDS
from tests.odoo.publishing import Shop, all_open, gate, person, price, product, stock


@pytest.fixture
def shop(odoo_target, tmp_path):
    return Shop.of(odoo_target, tmp_path)


def partner(shop, **values):
    return call(shop.client, "res.partner", "create", vals_list=[values])[0]


def test_a_first_publish_writes_every_record_once_and_a_second_plan_is_empty(shop):
    stock(shop, people=7, products=3)
    before = {name: len(rows) for name, rows in shop.snapshot().items()}
    report = shop.publish()
    assert report.outcomes == {"done": 7 + 3 + 3 + 3}
    assert report.exceptions == []
    after = {name: len(rows) for name, rows in shop.snapshot().items()}
    grown = {"res_partner": 7, "product_template": 3, "product_product": 3, "product_pricelist_item": 3}
    assert {name: after[name] - before[name] for name in after} == grown
    assert shop.plan().empty
    verified = shop.verify(report.run_id)
    assert verified.passed
    assert verified.matched == report.fields == len(shop.receipts(report.run_id))


def test_golden_id_run_and_external_id_stand_on_the_record(shop):
    stock(shop, people=2, products=1)
    report = shop.publish()
    for name, golden_id in (
        ("res_partner", "C-0001"),
        ("product_product", "V-0000"),
        ("product_pricelist_item", "R-0000"),
    ):
        assert shop.record(name, golden_id, "x_assay_run")["x_assay_run"] == report.run_id
    names = [name for name, _, _ in shop.external_ids()]
    assert names == ["C-0000", "C-0001", "P-0000", "R-0000", "V-0000"]
    rows = shop.snapshot()["product_product"]
    variant = shop.record("product_product", "V-0000", "product_tmpl_id", "barcode", "weight")
    assert len([row for row in rows if row["product_tmpl_id"] == variant["product_tmpl_id"]]) == 1
    assert (variant["barcode"], variant["weight"]) == ("8590000000", 0.25)


def test_every_field_has_a_receipt_with_its_value_before_and_after(shop):
    existing = partner(shop, name="Old name", city="Brno", phone="+420 111")
    shop.golden("res_partner", [person(1, odoo_id=existing, name="New name", email=None)])
    report = shop.publish()
    written = {row.field: (row.before, row.after, row.created_record) for row in shop.receipts(report.run_id)}
    country = search_read(shop.client, "res.country", ["id"], [("code", "=", "CZ")])[0]["id"]
    assert written == {
        "name": ('"Old name"', '"New name"', False),
        "country_id": ("null", str(country), False),
        "x_assay_id": ("null", '"C-0001"', False),
    }
    row = shop.record("res_partner", "C-0001", "name", "city", "phone")
    assert (row["id"], row["name"], row["city"], row["phone"]) == (existing, "New name", "Brno", "+420 111")


def test_a_null_in_golden_never_blanks_a_field(shop):
    existing = partner(shop, name="Person 1", phone="+420 777", street="Long 1")
    shop.golden("res_partner", [person(1, odoo_id=existing, phone=None, street="  ", email=None)])
    shop.publish()
    row = shop.record("res_partner", "C-0001", "phone", "street")
    assert (row["phone"], row["street"]) == ("+420 777", "Long 1")


def test_a_telephone_number_stays_as_people_wrote_it_unless_it_is_another_number(shop):
    written = ("+420 601 000 001", "(00420) 601-000-002", "601 000 003")
    ids = [partner(shop, name=f"Person {n}", phone=phone) for n, phone in enumerate(written, 1)]
    golden = [{"golden_id": f"C-{n}", "name": f"Person {n}", "phone": f"+42060100000{n}"} for n in (1, 2, 3)]
    shop.golden("res_partner", [row | {"odoo_id": odoo_id} for row, odoo_id in zip(golden, ids, strict=True)])
    shop.publish()
    phones = [shop.record("res_partner", f"C-{n}", "phone")["phone"] for n in (1, 2, 3)]
    assert phones == ["+420 601 000 001", "(00420) 601-000-002", "+420601000003"]
    assert shop.plan().empty


def test_a_record_that_already_agrees_is_only_linked(shop):
    existing = partner(shop, name="Person 1", lang="en_US")
    shop.golden("res_partner", [{"golden_id": "C-0001", "name": "Person 1", "odoo_id": existing}])
    plan = shop.approved()
    assert [line.action for line in shop.lines(plan)] == ["link"]
    shop.apply(plan)
    assert shop.external_ids() == [("C-0001", "res.partner", existing)]
    assert shop.plan().empty


def test_a_person_s_edit_between_plan_and_apply_is_kept_and_reported(shop, odoo_target):
    first, second = (partner(shop, name=f"Old {n}", email=f"old{n}@example.com") for n in (1, 2))
    shop.golden("res_partner", [person(1, odoo_id=first), person(2, odoo_id=second)])
    plan = shop.approved()
    odoo_target.human_edit("res.partner", first, {"email": "human@example.com"})
    report = shop.apply(plan)
    assert [(each["odoo_id"], each["detail"]["kept"]) for each in report.exceptions] == [(first, ["email"])]
    row = shop.record("res_partner", "C-0001", "email", "name", "city")
    assert (row["email"], row["name"], row["city"]) == ("human@example.com", "Person 1", "Brno")
    assert "email" not in {row.field for row in shop.receipts(report.run_id) if row.odoo_id == first}
    assert shop.record("res_partner", "C-0002", "email")["email"] == "p2@example.com"


def test_a_person_s_edit_after_a_publish_is_a_conflict_until_it_is_overruled(shop, odoo_target):
    shop.golden("res_partner", [person(1), person(2)])
    shop.publish()
    edited = shop.record("res_partner", "C-0001", "id")["id"]
    odoo_target.human_edit("res.partner", edited, {"email": "human@example.com"})
    shop.golden("res_partner", [person(1, email="newer@example.com", city="Olomouc"), person(2)])
    plan = shop.approved()
    (update,), (conflict,) = shop.lines(plan, "update"), shop.lines(plan, "conflict")
    assert update.after == {"city": "Olomouc"}
    assert (conflict.before, conflict.after) == ({"email": "human@example.com"}, {"email": "newer@example.com"})
    shop.apply(plan)
    assert shop.record("res_partner", "C-0001", "email")["email"] == "human@example.com"
    shop.apply(shop.approved(overrule={"C-0001"}))
    assert shop.record("res_partner", "C-0001", "email")["email"] == "newer@example.com"
    assert shop.plan().empty


def test_odoo_keeps_a_shared_field_that_it_filled_itself(shop):
    filled, empty = partner(shop, name="A", vat="CZ20000014"), partner(shop, name="B")
    shop.golden(
        "res_partner", [person(1, odoo_id=filled, vat="CZ20000774"), person(2, odoo_id=empty, vat="CZ20000022")]
    )
    shop.publish()
    assert shop.record("res_partner", "C-0001", "vat")["vat"] == "CZ20000014"
    assert shop.record("res_partner", "C-0002", "vat")["vat"] == "CZ20000022"
    assert shop.plan().empty
    shop.golden("res_partner", [person(1, vat="CZ20000774"), person(2, vat="CZ20001231")])
    shop.publish()
    assert shop.record("res_partner", "C-0002", "vat")["vat"] == "CZ20001231"


def test_a_record_deleted_between_plan_and_apply_is_reported_and_blocks_nobody(shop, odoo_target):
    first, second = partner(shop, name="Old 1"), partner(shop, name="Old 2")
    shop.golden("res_partner", [person(1, odoo_id=first), person(2, odoo_id=second)])
    plan = shop.approved()
    odoo_target.human_delete("res.partner", first)
    report = shop.apply(plan)
    assert report.outcomes == {"done": 1, "gone": 1}
    assert shop.record("res_partner", "C-0002", "name")["name"] == "Person 2"


def test_a_record_deleted_after_a_publish_is_made_anew_only_when_overruled(shop, odoo_target):
    shop.golden("res_partner", [person(1)])
    shop.publish()
    odoo_target.human_delete("res.partner", shop.record("res_partner", "C-0001", "id")["id"])
    plan = shop.plan()
    assert plan.empty
    assert "was deleted in Odoo" in shop.lines(plan, "conflict")[0].reason
    shop.apply(shop.approved(overrule=["*"]))
    assert shop.record("res_partner", "C-0001", "name")["name"] == "Person 1"
    assert shop.plan().empty


def test_a_contact_s_address_follows_its_company(shop):
    company = partner(shop, name="Firm", is_company=True, city="Praha", street="Main 1")
    contact = partner(shop, name="Contact", parent_id=company)
    shop.golden("res_partner", [person(1, odoo_id=contact, city="Brno", street="Home 2", country_id=None)])
    shop.publish()
    row = shop.record("res_partner", "C-0001", "city", "name", "email")
    assert (row["city"], row["name"], row["email"]) == ("Praha", "Person 1", "p1@example.com")
    there = search_read(shop.client, "res.partner", ["city", "street"], [("id", "=", company)])[0]
    assert (there["city"], there["street"]) == ("Praha", "Main 1")
    assert shop.plan().empty


def test_rows_on_a_stale_store_wait_and_the_others_go_on(shop):
    existing = partner(shop, name="Person 3", email="p3@example.com", city="Brno")
    rows = [person(1, units=["pos/S017", "shopify"]), person(2), {"golden_id": "C-0003", "name": "Person 3"}]
    shop.golden("res_partner", [*rows[:2], rows[2] | {"odoo_id": existing, "units": ["pos/S017"]}])
    plan = shop.approved(gates=all_open() | {"customers": gate(stale={"pos/S017"})})
    assert {line.golden_id: line.reason for line in shop.lines(plan, "hold")} == {
        "C-0001": "rests on pos/S017, which is stale",
        "C-0003": "rests on pos/S017, which is stale",
    }
    assert shop.apply(plan).outcomes == {"done": 1}
    assert [line.golden_id for line in shop.lines(shop.plan(), "create", "link")] == ["C-0001", "C-0003"]


def test_a_closed_domain_publishes_nothing_and_says_why(shop):
    stock(shop, people=2, products=2)
    gates = all_open() | {"products": gate("shopify/variants is 7 h old")}
    plan = shop.plan(gates=gates)
    assert plan.summary["objects"]["product_product"]["closed"] == "products is closed: shopify/variants is 7 h old"
    assert {line.object for line in shop.lines(plan, "create")} == {"res_partner"}
    refused = shop.lines(plan, "reject")
    assert {line.object for line in refused} == {"product_pricelist_item"}
    assert "rests on V-0000, which is not in Odoo: products is closed" in refused[0].reason
    assert shop.plan(gates={}).changes == 0


def test_what_odoo_would_refuse_is_rejected_in_the_plan_with_reason_and_remedy(shop):
    other = call(shop.client, "product.template", "create", vals_list=[{"name": "Other"}])[0]
    held = search_read(shop.client, "product.product", ["id"], [("product_tmpl_id", "=", other)])[0]["id"]
    call(shop.client, "product.product", "write", [held], vals={"barcode": "8590000002"})
    call(shop.client, "product.template", "write", [other], vals={"active": False})
    stock(shop, people=0, products=3)
    shop.golden("res_partner", [person(1, country_id="XX"), person(2, name=None), person(3, lang="xx_YY"), person(4)])
    shop.golden(
        "product_pricelist_item",
        [
            price(0, pricelist_id="No such list"),
            price(1, date_start="2026-03-02", date_end="2026-03-01") | dates("2026-03-02", "2026-03-01"),
            price(2, product_id="V-0002"),
        ],
    )
    plan = shop.approved()
    reasons = {line.golden_id: line.reason for line in shop.lines(plan, "reject")}
    assert set(reasons) == {"C-0001", "C-0002", "V-0002", "R-0000", "R-0001", "R-0002"}
    assert "country_id 'XX' is not known to this Odoo" in reasons["C-0001"]
    assert "name is required" in reasons["C-0002"]
    assert "barcode 8590000002 is on record" in reasons["V-0002"]
    assert "pricelist_id 'No such list'" in reasons["R-0000"]
    assert "date_end is not after date_start" in reasons["R-0001"]
    assert "rests on V-0002, which is not in Odoo" in reasons["R-0002"]
    report = shop.apply(plan)
    assert report.exceptions == []
    assert shop.record("res_partner", "C-0003", "lang")["lang"] == "en_US"


def dates(start, end):
    from datetime import datetime

    return {"date_start": datetime.fromisoformat(start), "date_end": datetime.fromisoformat(end)}


def test_prices_are_rounded_to_their_currency_and_a_promotion_is_created_after_the_regular_price(shop):
    stock(shop, people=0, products=1)
    promotion = price(9, "149.999", product_id="V-0000", golden_id="A-0000") | dates("2026-03-28", "2026-04-02")
    shop.golden("product_pricelist_item", [promotion, price(0, "199.9049")])
    shop.publish()
    regular = shop.record("product_pricelist_item", "R-0000", "fixed_price", "product_tmpl_id", "date_start")
    promoted = shop.record("product_pricelist_item", "A-0000", "fixed_price", "date_start", "date_end")
    assert (regular["fixed_price"], promoted["fixed_price"]) == (199.9, 150.0)
    assert (promoted["date_start"], promoted["date_end"]) == ("2026-03-28 00:00:00", "2026-04-02 00:00:00")
    assert promoted["id"] > regular["id"]
    assert shop.plan().empty


def test_a_variant_that_odoo_made_with_its_template_is_bound_also_by_a_later_plan(shop):
    stock(shop, people=0, products=1)
    shop.publish()
    made = call(shop.client, "product.template", "create", vals_list=[{"name": "Thing 1"}])[0]
    template, variant = product(1)
    shop.golden("product_template", [product(0)[0], template | {"odoo_id": made}])
    shop.golden("product_product", [product(0)[1], variant])
    plan = shop.approved()
    assert [line.action for line in shop.lines(plan)] == ["link", "update"]
    shop.apply(plan)
    assert shop.record("product_product", "V-0001", "product_tmpl_id")["product_tmpl_id"] == made
    assert shop.plan().empty


@pytest.mark.parametrize("odoo_target", KINDS[:2], indirect=True)
def test_both_transports_make_the_same_plan(odoo_target, tmp_path):
    existing = call(odoo_target.publisher(), "res.partner", "create", vals_list=[{"name": "Old", "phone": "1"}])[0]
    said = []
    for transport in ("json2", "jsonrpc"):
        shop = Shop(tmp_path / transport, odoo_target.publisher(transport), admin=odoo_target.client())
        if not said:
            stock(shop, people=3, products=2)
        else:
            for path in (tmp_path / "json2" / "exports" / "publish").iterdir():
                (shop.home / "exports" / "publish").mkdir(parents=True, exist_ok=True)
                (shop.home / "exports" / "publish" / path.name).write_bytes(path.read_bytes())
        if not said:
            shop.golden("res_partner", [person(0, odoo_id=existing), person(1), person(2, country_id="XX")])
            plan = shop.plan()
            said.append((plan.golden_hash, plan.target, plan.summary, shop.lines(plan)))
        else:
            plan = shop.plan()
            said.append((plan.golden_hash, plan.target, plan.summary, shop.lines(plan)))
    assert said[0] == said[1]


def test_one_record_that_odoo_refuses_does_not_block_the_others(shop, odoo_target):
    stock(shop, people=0, products=40)
    plan = shop.approved()
    stolen = call(shop.client, "product.template", "create", vals_list=[{"name": "Bought by hand"}])[0]
    taken = search_read(shop.client, "product.product", ["id"], [("product_tmpl_id", "=", stolen)])[0]["id"]
    odoo_target.human_edit("product.product", taken, {"barcode": "8590000017"})
    report = shop.apply(plan)
    (refused, price_of_it) = report.exceptions
    assert (refused["golden_id"], refused["state"]) == ("V-0017", "rejected")
    assert "already assigned" in refused["detail"]["problem"]
    assert price_of_it["golden_id"] == "R-0017"
    assert "rests on V-0017, which was not written" in price_of_it["detail"]["problem"]
    assert report.outcomes == {"done": 118, "rejected": 2}


def test_golden_records_that_vanish_are_counted_and_left_alone(shop):
    shop.golden("res_partner", [person(1), person(2)])
    shop.publish()
    shop.golden("res_partner", [person(1)])
    plan = shop.plan()
    assert plan.empty
    assert plan.summary["objects"]["res_partner"]["unlisted"] == 1
    assert shop.record("res_partner", "C-0002", "active")["active"]
