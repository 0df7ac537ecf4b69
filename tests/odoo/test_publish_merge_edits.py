"""Whose value it is after a merge: what people changed since stays and is listed, and nothing is written unseen."""

from __future__ import annotations

from dataclasses import replace

import psycopg2
import pytest

from pipelines.publish.policy import load_policy
from sources.odoo import merging
from sources.odoo.client import call, search_read
from sources.odoo.merging import MERGED_INTO
from tests.odoo.exporting import changes, export
from tests.odoo.fire import sql
from tests.odoo.test_publish_merges import DERIVED, PEOPLE, Shop, golden, linked, shop

__all__ = ["shop"]
FIRM = {"C-firm": PEOPLE["C-firm"]}


def column(used_odoo, table: str, record: int, field: str):
    with sql(used_odoo.db) as cursor:
        cursor.execute(f'select "{field}" from "{table}" where id = %s', (record,))
        return cursor.fetchone()[0]


def repointed(shop: Shop, used_odoo, run_id: str, to: int) -> set[str]:
    """Every reference that the run moved, of every kind, pointed at another record beside Odoo; their names."""
    told, done = merging.references()["res.partner"]["moves"], set()
    with sql(used_odoo.db) as cursor:
        for row in shop.receipts(run_id):
            if row.field not in told.get(row.object, {}).get("fields", []):
                continue
            try:
                cursor.execute(
                    f'update "{row.object.replace(".", "_")}" set "{row.field}" = %s where id = %s', (to, row.odoo_id)
                )
            except psycopg2.errors.UniqueViolation:
                continue
            done.add(f"{row.object}/{row.odoo_id}.{row.field}")
    return done


def test_every_reference_that_people_gave_somebody_else_since_a_merge_stays_where_they_put_it(shop, used_odoo):
    linked(shop, used_odoo)
    run = shop.apply(shop.approved(objects=["res_partner"]))
    assert run.outcomes == {"done": 6}
    twin = used_odoo.ids["partners"]["ana_twin"]
    theirs = repointed(shop, used_odoo, run.run_id, twin)
    models = {name.split("/")[0] for name in theirs}
    assert models >= {"sale.order", "pos.order", "crm.lead", "loyalty.card", "account.move", "res.partner"}
    assert models >= {"mail.followers", "mail.activity", "ir.attachment", "res.partner.bank", "stock.picking"}
    before = export(used_odoo.db)
    undone = shop.undo(run.run_id)
    kept = {name for each in undone.exceptions for name in each["detail"]["kept"]}
    assert kept == theirs
    for name in theirs:
        model, _, rest = name.partition("/")
        record, _, field = rest.partition(".")
        assert column(used_odoo, model.replace(".", "_"), int(record), field) == twin
    touched = {
        f"{table}/{one}.{field}"
        for table, cells in changes(before, export(used_odoo.db)).items()
        for one, field in cells
    }
    assert not touched & {name.replace(".", "_", name.count(".") - 1) for name in theirs}
    losers = [used_odoo.ids["partners"][key] for keys in PEOPLE.values() for key in keys[1:]]
    back = search_read(shop.client, "res.partner", ["active", MERGED_INTO], [("id", "in", losers)])
    assert all(row["active"] and not row[MERGED_INTO] for row in back)


def test_an_address_that_people_gave_a_merged_contact_stays_theirs_and_reaches_no_company(shop, used_odoo):
    ids = used_odoo.ids["partners"]
    desk, firms = ids["firm_2_desk"], [ids["firm_1"], ids["firm_2"]]
    call(shop.admin, "res.partner", "write", [firms[0]], vals={"street": "Main 1"})
    linked(shop, used_odoo, FIRM)
    run = shop.apply(shop.approved(objects=["res_partner"]))
    assert run.outcomes == {"done": 1}
    assert column(used_odoo, "res_partner", desk, "street") == "Main 1"
    with sql(used_odoo.db) as cursor:
        cursor.execute("update res_partner set street = 'By hand 7' where id = %s", (desk,))
    undone = shop.undo(run.run_id)
    assert [each["detail"]["kept"] for each in undone.exceptions] == [[f"res.partner/{desk}.street"]]
    assert column(used_odoo, "res_partner", desk, "street") == "By hand 7"
    assert column(used_odoo, "res_partner", desk, "parent_id") == firms[1]
    assert [column(used_odoo, "res_partner", firm, "street") for firm in firms] == ["Main 1", None]


def test_a_company_without_address_and_vat_takes_none_from_a_contact_that_a_merge_gives_it(shop, used_odoo):
    ids = used_odoo.ids["partners"]
    blank = {"street": False, "city": False, "country_id": False, "vat": False}
    call(shop.admin, "res.partner", "write", [ids["firm_1"]], vals=blank)
    call(shop.admin, "res.partner", "write", [ids["firm_2"]], vals={"street": "Long 2"})
    linked(shop, used_odoo, FIRM)
    before = export(used_odoo.db)
    run = shop.apply(shop.approved(objects=["res_partner"]))
    assert run.outcomes == {"done": 1}
    merged = changes(before, export(used_odoo.db))
    told = {(row.object.replace(".", "_"), row.odoo_id, row.field) for row in shop.receipts(run.run_id)}
    cells = {(table, *cell) for table, of in merged.items() for cell in of if cell[1] not in DERIVED}
    assert cells == told
    assert ids["firm_1"] not in {record for table, record, _ in cells if table == "res_partner"}
    assert shop.undo(run.run_id).exceptions == []
    assert changes(before, export(used_odoo.db)) == {}


def test_a_contact_s_address_that_changed_since_the_plan_stops_its_merge(shop, used_odoo):
    ids = used_odoo.ids["partners"]
    call(shop.admin, "res.partner", "write", [ids["firm_1"]], vals={"street": "Main 1"})
    linked(shop, used_odoo, FIRM)
    plan, before = shop.approved(objects=["res_partner"]), None
    with sql(used_odoo.db) as cursor:
        cursor.execute("update res_partner set street = 'By hand 7' where id = %s", (ids["firm_2_desk"],))
    before = export(used_odoo.db)
    (exception,) = shop.apply(plan).exceptions
    assert exception["detail"]["problem"] == (
        f"street of res.partner {ids['firm_2_desk']} was changed since the plan; plan again"
    )
    assert changes(before, export(used_odoo.db)) == {}


def test_sixty_duplicates_become_one_and_sixty_again(shop, used_odoo):
    ids = call(shop.admin, "res.partner", "create", vals_list=[{"name": f"Copy {n}"} for n in range(60)])
    leads = [{"name": f"Lead {n}", "partner_id": one, "type": "opportunity"} for n, one in enumerate(ids)]
    leads = call(shop.admin, "crm.lead", "create", vals_list=leads)
    shop.golden("res_partner", [{"golden_id": "C-60", "odoo_id": ids[0], "odoo_ids": ids, "name": "Copy 0"}])
    linking = replace(shop, policy=load_policy())
    linking.apply(linking.approved(objects=["res_partner"]))
    before = export(used_odoo.db)
    run = shop.apply(shop.approved(objects=["res_partner"]))
    assert run.outcomes == {"done": 1}
    held = search_read(shop.admin, "crm.lead", ["partner_id"], [("id", "in", leads)])
    assert {row["partner_id"] for row in held} == {ids[0]}
    assert call(shop.admin, "res.partner", "search_count", domain=[("id", "in", ids), ("active", "=", True)]) == 1
    assert shop.undo(run.run_id).exceptions == []
    assert changes(before, export(used_odoo.db)) == {}


@pytest.mark.parametrize("used_odoo", ["real-jsonrpc"], indirect=True)
def test_a_merge_taken_back_and_made_again_has_receipts_for_addresses_too(shop, used_odoo):
    ids = used_odoo.ids["partners"]
    call(shop.admin, "res.partner", "write", [ids["firm_1"]], vals={"street": "Main 1"})
    linked(shop, used_odoo, FIRM)
    shop.apply(shop.approved(objects=["res_partner"]))
    merged = export(used_odoo.db)
    linked_again = {"C-firm": ["firm_1"], "C-other": ["firm_2"]}
    golden(shop, used_odoo, linked_again)
    split = shop.apply(shop.approved(objects=["res_partner"]))
    assert column(used_odoo, "res_partner", ids["firm_2_desk"], "street") is None
    undone = shop.undo(split.run_id)
    assert undone.exceptions == []
    assert f"res.partner/{ids['firm_2_desk']}.street" in {
        f"{row.object}/{row.odoo_id}.{row.field}" for row in shop.receipts(undone.run_id)
    }
    again = changes(merged, export(used_odoo.db))
    assert {cell for cell in again.get("res_partner", set()) if cell[1] != "x_assay_id"} == set()
