"""Undo puts back what a run changed where nobody touched it since, lists the rest, deletes nothing."""

import pytest

from pipelines.publish.refusal import PublishRefused
from sources.odoo.client import call, search_read
from tests.odoo.publishing import Shop, person, stock


@pytest.fixture
def shop(odoo_target, tmp_path):
    return Shop.of(odoo_target, tmp_path)


def partners(shop, count, **values):
    rows = [{"name": f"Old {n}", "email": f"old{n}@example.com", "phone": f"+420 {n}", **values} for n in range(count)]
    return call(shop.client, "res.partner", "create", vals_list=rows)


def values(shop, without=()):
    rows = [row for rows in shop.snapshot().values() for row in rows]
    return [
        {name: value for name, value in row.items() if name != "x_assay_id" and name not in without} for row in rows
    ]


def test_undo_restores_every_field_of_existing_records(shop):
    ids = partners(shop, 6, city="Praha", country_id=False)
    before = values(shop)
    shop.golden("res_partner", [person(n, odoo_id=odoo_id, phone=None) for n, odoo_id in enumerate(ids)])
    report = shop.publish()
    assert values(shop) != before
    undone = shop.undo(report.run_id)
    assert undone.exceptions == []
    assert values(shop) == before
    assert shop.verify(undone.run_id).passed
    stamps = search_read(shop.client, "res.partner", ["x_assay_run"], [("id", "in", ids)])
    assert {row["x_assay_run"] for row in stamps} == {undone.run_id}


def test_undo_leaves_what_people_touched_since_and_lists_it(shop, odoo_target):
    ids = partners(shop, 4)
    before = values(shop)
    shop.golden("res_partner", [person(n, odoo_id=odoo_id) for n, odoo_id in enumerate(ids)])
    report = shop.publish()
    odoo_target.human_edit("res.partner", ids[1], {"email": "human@example.com"})
    odoo_target.human_edit("res.partner", ids[2], {"phone": "+420 human"})
    undone = shop.undo(report.run_id)
    (kept,) = undone.exceptions
    assert (kept["object"], kept["odoo_id"], kept["golden_id"]) == ("res_partner", ids[1], "C-0001")
    assert kept["detail"] == {"kept": ["email"], "problem": "touched in Odoo since the run; kept"}
    after = values(shop)
    differs = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [(new["id"], {name for name in new if new[name] != old[name]}) for old, new in differs] == [
        (ids[1], {"email"}),
        (ids[2], {"phone"}),
    ]


def test_undo_retires_what_the_run_created_and_a_later_plan_brings_it_back(shop):
    stock(shop, people=3, products=2)
    before = {name: {row["id"] for row in rows} for name, rows in shop.snapshot().items()}
    report = shop.publish()
    bound = shop.external_ids()
    shop.undo(report.run_id)
    after = shop.snapshot()
    for name in ("res_partner", "product_template", "product_product"):
        created = [row for row in after[name] if row["id"] not in before[name]]
        assert created
        assert not any(row["active"] for row in created)
    rule = shop.record("product_pricelist_item", "R-0000", "date_start", "date_end")
    assert (rule["date_start"], rule["date_end"]) == ("2000-01-01 00:00:00", "2000-01-01 00:00:01")
    assert shop.external_ids() == bound
    again = shop.publish()
    assert again.outcomes == {"done": 9}
    assert shop.external_ids() == bound
    assert shop.plan().empty
    assert all(shop.record("res_partner", f"C-000{n}", "active")["active"] for n in range(3))
    rule = shop.record("product_pricelist_item", "R-0000", "date_start", "date_end")
    assert (rule["date_start"], rule["date_end"]) == (False, False)


def test_undo_does_not_archive_a_created_record_that_somebody_works_with(shop, odoo_target):
    shop.golden("res_partner", [person(1), person(2)])
    report = shop.publish()
    used = shop.record("res_partner", "C-0001", "id")["id"]
    odoo_target.human_edit("res.partner", used, {"email": "human@example.com"})
    undone = shop.undo(report.run_id)
    assert [(each["odoo_id"], each["detail"]["kept"]) for each in undone.exceptions] == [(used, ["email"])]
    assert shop.record("res_partner", "C-0001", "active")["active"]
    assert not shop.record("res_partner", "C-0002", "active")["active"]


def test_a_record_that_people_archived_is_not_brought_back(shop, odoo_target):
    shop.golden("res_partner", [person(1)])
    shop.publish()
    odoo_target.human_edit("res.partner", shop.record("res_partner", "C-0001", "id")["id"], {"active": False})
    shop.golden("res_partner", [person(1, city="Olomouc")])
    plan = shop.plan()
    assert [line.after for line in shop.lines(plan, "update")] == [{"city": "Olomouc"}]


def test_what_a_later_run_wrote_is_undone_with_that_run_first(shop):
    ids = partners(shop, 2)
    before = values(shop)
    shop.golden("res_partner", [person(n, odoo_id=odoo_id) for n, odoo_id in enumerate(ids)])
    first = shop.publish()
    shop.golden("res_partner", [person(0, email="later@example.com"), person(1)])
    second = shop.publish()
    partly = shop.undo(first.run_id)
    assert [each["detail"]["kept"] for each in partly.exceptions] == [["email"]]
    assert f"written again by {second.run_id}" in partly.exceptions[0]["detail"]["problem"]
    row = search_read(shop.client, "res.partner", ["email", "name"], [("id", "=", ids[0])])[0]
    assert (row["email"], row["name"]) == ("later@example.com", "Old 0")
    shop.undo(second.run_id)
    row = search_read(shop.client, "res.partner", ["email"], [("id", "=", ids[0])])[0]
    assert row["email"] == "p0@example.com"
    assert values(shop, without={"email"}) == [
        {name: value for name, value in row.items() if name != "email"} for row in before
    ]


def test_an_undo_runs_once_and_is_not_undone_itself(shop):
    shop.golden("res_partner", [person(1)])
    report = shop.publish()
    with pytest.raises(PublishRefused, match=f"a plan, which run {report.run_id} applied: name the run"):
        shop.undo(report.plan_id)
    undone = shop.undo(report.run_id)
    with pytest.raises(PublishRefused, match=f"was undone by {undone.run_id}"):
        shop.undo(report.run_id)
    with pytest.raises(PublishRefused, match="is itself an undo"):
        shop.undo(undone.run_id)
    with pytest.raises(PublishRefused, match="was undone; make a new plan"):
        shop.apply(report.plan_id)
    with pytest.raises(PublishRefused, match="knows no run apply-404"):
        shop.undo("apply-404")
