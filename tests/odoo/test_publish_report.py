"""What a person at a terminal is told of a plan, a run and a verification: counts and reasons, no personal values."""

import io

import pytest
from rich.console import Console

from pipelines.publish import report
from tests.odoo.publishing import Shop, all_open, gate, person


@pytest.fixture
def shop(odoo_target, tmp_path):
    return Shop.of(odoo_target, tmp_path)


def told(show, *about):
    console = Console(file=io.StringIO(), width=200)
    show(console, *about)
    return console.file.getvalue()


def test_a_plan_is_told_with_its_counts_fields_reasons_and_what_comes_next(shop):
    shop.golden("res_partner", [person(1), person(2, country_id="XX"), person(3, country_id="YY")])
    gates = all_open() | {"prices": gate("pos/prices is 7 h old")}
    plan = shop.plan(gates=gates)
    said = told(report.show_plan, shop.settings, plan)
    assert "product_pricelist_item: prices is closed: pos/prices is 7 h old" in said
    assert "reject: res_partner: country_id 'XX' is not known to this Odoo" in said
    assert f"{plan.plan_id}: 1 records to write; next: assay approve {plan.plan_id}" in said
    assert "@" not in said
    assert "nothing to write" in told(report.show_plan, shop.settings, shop.plan(gates={}))


def test_a_run_and_its_verification_are_told_in_counts(shop, odoo_target):
    shop.golden("res_partner", [person(1), person(2)])
    run = shop.publish()
    assert f"{run.run_id}: 2 done; 12 fields" in told(report.show_run, run)
    assert f"{run.run_id}: 12 fields as written, 0 not, 0 later" in told(
        report.show_verification, shop.verify(run.run_id)
    )
    edited = shop.record("res_partner", "C-0001", "id")["id"]
    odoo_target.human_edit("res.partner", edited, {"email": "human@example.com"})
    said = told(report.show_verification, shop.verify(run.run_id))
    assert "11 fields as written, 1 not" in said
    assert "field email" in said
    assert "human@" not in said
