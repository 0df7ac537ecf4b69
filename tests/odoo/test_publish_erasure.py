"""Erasing people inside a used Odoo: blanked and archived by an approved plan; the papers that the law keeps stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.erasure import erase
from pipelines.ledger import ERASED
from pipelines.publish.approve import approve
from pipelines.publish.erase import plan_erasure
from pipelines.publish.refusal import PublishRefused
from sources.contract import load_contracts
from sources.odoo.client import search_read
from tests.odoo import postgres
from tests.odoo.exporting import changes, export, vanished
from tests.odoo.publishing import NOW
from tests.odoo.test_publish_merges import PEOPLE, Shop, linked, shop

__all__ = ["shop"]
PERSONAL = ["name", "email", "phone", "street", "city", "active"]
OLD = ("anna@example.com", "anna+shop@example.com", "601 111 222", "601111222", "Old Street", "A. Novak", "boris@")


def planned(shop: Shop, used_odoo, *keys: str):
    ids = [used_odoo.ids["partners"][key] for key in keys]
    return plan_erasure(shop.settings, shop.client, ids, "request 17", NOW, "officer", **shop.policies)


def erased(shop: Shop, used_odoo, *keys: str):
    plan = planned(shop, used_odoo, *keys)
    approve(shop.settings, plan.plan_id, "eva", NOW, **shop.policies)
    return shop.apply(plan)


def ledger_text(shop: Shop) -> str:
    """Everything that plans and receipts of the ledger hold, as text."""
    with shop.ledger.connect() as connection:
        tables = ("plan_lines", "receipts", "attempts", "audit", "plans")
        return " ".join(str(row) for table in tables for row in connection.exec_driver_sql(f"select * from {table}"))


def held(shop: Shop, record: int) -> dict:
    return search_read(shop.client, "res.partner", PERSONAL, [("id", "=", record)])[0]


def test_a_person_is_blanked_and_archived_and_neither_ledger_nor_odoo_s_history_keeps_what_stood_there(shop, used_odoo):
    ids, keys = used_odoo.ids["partners"], ("anna_till", "anna_web", "anna_married")
    before = export(used_odoo.db)
    plan = planned(shop, used_odoo, *keys)
    assert changes(before, export(used_odoo.db)) == {}
    with pytest.raises(PublishRefused, match="is not approved"):
        shop.apply(plan)
    approve(shop.settings, plan.plan_id, "eva", NOW, **shop.policies)
    run = shop.apply(plan)
    assert (run.outcomes, run.exceptions) == ({"done": 3}, [])
    for key in keys:
        blank = {"id": ids[key], "name": f"Erased {ids[key]}", "active": False}
        assert held(shop, ids[key]) == blank | dict.fromkeys(("email", "phone", "street", "city"), False)
    after = export(used_odoo.db)
    assert not vanished(before, after)
    assert after["mail_tracking_value"] == before["mail_tracking_value"]
    assert {cell[0] for cell in changes(before, after)["res_partner"]} == {ids[key] for key in keys}
    receipts = shop.receipts(run.run_id)
    assert {row.before for row in receipts} == {ERASED}
    assert {(row.field, row.after) for row in receipts} >= {("email", "null"), ("phone", "null"), ("active", "false")}
    assert not [old for old in OLD if old in ledger_text(shop)]
    reasons = {line.odoo_id: line.reason for line in shop.lines(plan)}
    assert "sale.order.partner_id" in reasons[ids["anna_web"]]
    assert "crm.lead.partner_id" in reasons[ids["anna_web"]]
    assert shop.verify(run.run_id).passed
    assert shop.apply(plan) == run
    with pytest.raises(PublishRefused, match="erased people, and what it blanked is kept nowhere"):
        shop.undo(run.run_id)
    assert [told["basis"] for told in shop.told("plan erasure")] == ["request 17"]
    assert shop.told("applied")[-1]["outcomes"] == {"done": 3}


def test_what_posted_documents_show_stays_and_a_company_keeps_its_address(shop, used_odoo):
    ids = used_odoo.ids["partners"]
    firm = held(shop, ids["firm_2"])
    plan = planned(shop, used_odoo, "anna_card", "firm_2_desk", "clerk_1")
    reasons = {line.odoo_id: line.reason for line in shop.lines(plan)}
    assert "city, name, street, which posted documents show" in reasons[ids["anna_card"]]
    assert "account.move.partner_id (a posted document names whom it was issued to)" in reasons[ids["anna_card"]]
    assert "city, vat, which is the company's" in reasons[ids["firm_2_desk"]]
    approve(shop.settings, plan.plan_id, "eva", NOW, **shop.policies)
    assert shop.apply(plan).outcomes == {"done": 2}
    anna = held(shop, ids["anna_card"])
    assert (anna["name"], anna["street"], anna["email"], anna["active"]) == ("Anna Novák", "Old Street 1", False, False)
    invoice = [("id", "=", used_odoo.ids["invoices"]["anna_card"])]
    assert search_read(shop.admin, "account.move", ["partner_id"], invoice)[0]["partner_id"] == ids["anna_card"]
    desk = held(shop, ids["firm_2_desk"])
    assert (desk["name"], desk["city"]) == (f"Erased {desk['id']}", firm["city"])
    assert held(shop, ids["firm_2"]) == firm
    assert held(shop, ids["clerk_1"])["name"] == "Filip Cerny"
    assert "cannot be archived: it belongs to an active user" in reasons[ids["clerk_1"]]


def test_an_undo_brings_no_erased_person_back_and_references_return_nonetheless(shop, used_odoo, tmp_path: Path):
    ids = used_odoo.ids["partners"]
    linked(shop, used_odoo, {"C-anna": PEOPLE["C-anna"], "C-hana": PEOPLE["C-hana"]})
    merge = shop.apply(shop.approved(objects=["res_partner"]))
    run = erased(shop, used_odoo, *PEOPLE["C-anna"])
    erase(shop.settings, load_contracts(), ["odoo:" + str(ids["anna_card"])], "request 17", "officer", NOW)
    assert not [old for old in OLD[:6] if old in ledger_text(shop)]
    undone = shop.undo(merge.run_id)
    web = held(shop, ids["anna_web"])
    assert (web["active"], web["name"], web["email"]) == (False, f"Erased {web['id']}", False)
    order = search_read(shop.admin, "sale.order", ["partner_id"], [("id", "=", used_odoo.ids["orders"]["anna_web"])])
    assert order[0]["partner_id"] == ids["anna_web"]
    (kept,) = undone.exceptions
    assert f"res_partner/{ids['anna_web']}.active" in kept["detail"]["kept"]
    assert run.run_id in kept["detail"]["problem"]
    assert held(shop, ids["plain_2"])["active"]


def test_an_erasure_that_died_is_finished_by_the_next_apply(shop, used_odoo):
    plan = planned(shop, used_odoo, "anna_till", "anna_web")
    approve(shop.settings, plan.plan_id, "eva", NOW, **shop.policies)
    send, died = shop.client.send, []

    def dying(model, method, *rest):
        answer = send(model, method, *rest)
        if method == "run" and rest[1].get("assay_items") and not died:
            died.append(method)
            raise KeyboardInterrupt
        return answer

    shop.client.send = dying
    with pytest.raises(KeyboardInterrupt):
        shop.apply(plan)
    run = shop.apply(plan)
    assert run.outcomes == {"done": 2}
    assert {row.before for row in shop.receipts(run.run_id)} == {ERASED}
    assert len({(row.odoo_id, row.field) for row in shop.receipts(run.run_id)}) == run.fields
    assert "anna" not in postgres.psql(f"select email from res_partner where id = {held_id(used_odoo)}", used_odoo.db)


def held_id(used_odoo) -> int:
    return used_odoo.ids["partners"]["anna_web"]


def test_records_that_are_not_there_are_refused_by_name(shop):
    with pytest.raises(PublishRefused, match="none of these records is in this Odoo"):
        plan_erasure(shop.settings, shop.client, [99999999], "request 17", NOW, "officer", **shop.policies)
