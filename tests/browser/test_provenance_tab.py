"""The optional addon in a real Odoo and a real browser: what an employee sees of a contact, a product and a price."""

import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.publish.approve import approve
from pipelines.publish.erase import plan_erasure
from pipelines.publish.shown import show
from sources.odoo import access, actions
from sources.odoo.client import call, connect, search_read
from sources.odoo.errors import OdooDenied
from tests.browser.test_dagster_ui import IMAGES
from tests.odoo import debian, fire, machine, templates
from tests.odoo.fixtures import KINDS
from tests.odoo.publishing import NOW, Shop, person, price, product

pytestmark = [pytest.mark.browser, pytest.mark.odoo, pytest.mark.parametrize("least_odoo", KINDS[1:2], indirect=True)]
STANDARD = machine.HOME / "root/usr/lib/python3/dist-packages/odoo/addons"
ADDONS = f"--addons-path={STANDARD},{machine.ROOT / 'odoo_addons'}"
PASSWORD = "clerk-of-the-test"
LOST = [{"value": "anna@old.example", "record_id": "pos:7", "system": "pos", "why": "older"}]


def provenance(shop, domain, key, rows):
    """Write the export of a golden model's provenance: [(golden id, attribute, record, rule, losing values)]."""
    path = shop.home / "exports" / "golden" / f"golden_{domain}__provenance.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    names = (key, "attribute", "record_id", "rule", "losing_values")
    table = pa.table({name: [row[n] for row in rows] for n, name in enumerate(names)})
    pq.write_table(table.append_column("system", pa.array([row[2].split(":")[0] for row in rows])), path)


def golden(shop):
    """One person, one product with a price, and where their values come from."""
    shop.golden("res_partner", [person(1, name="Anna Novak", email="anna@example.com")])
    template, variant = product(1)
    shop.golden("product_template", [template])
    shop.golden("product_product", [variant])
    shop.golden("product_pricelist_item", [price(1)])
    people = [
        ("C-0001", "name", "shopify:1", "source order", "[]"),
        ("C-0001", "email", "shopify:1", "newest", json.dumps(LOST)),
    ]
    provenance(shop, "customers", "customer_id", people)
    provenance(shop, "products", "golden_id", [("P-0001", "name", "odoo:2001", "only candidate", "[]")])
    lost = [{"fixed_price": 189.9, "record_id": "pos:9", "why": "ended"}]
    provenance(shop, "prices", "price_id", [("R-0001", "fixed_price", "shopify:5", "newest", json.dumps(lost))])


def install(database):
    words = ("server", "-c", machine.HOME / "odoo.conf", ADDONS, "-d", database, "-i", "assay_provenance")
    machine.run(
        *debian.odoo_command(*words, "--stop-after-init", "--no-http"), env=debian.odoo_environment(), cwd=machine.HOME
    )


def test_people_in_odoo_see_where_a_value_comes_from_and_cannot_change_it(page, least_odoo, tmp_path):
    shop = Shop(tmp_path, least_odoo.least("publisher"))
    golden(shop)
    without = shop.publish()
    assert without.complete
    assert show(shop.settings, shop.client, without.run_id) == 0

    install(least_odoo.db)
    with fire.odoo_of_our_own(ADDONS) as odoo:
        url, admin = odoo.running.url, least_odoo.client(url=odoo.running.url)
        assert [step.what for step in access.plan(admin)] == ["right Assay publisher: assay.provenance rwc"]
        actions.carry_out(admin, access.plan(admin))
        call(
            admin, "ir.config_parameter", "set_param", key="assay.run_url", value="https://assay.example.com/runs/{run}"
        )
        shop.client = least_odoo.least("publisher", url=url)
        told = show(shop.settings, shop.client, without.run_id)
        assert told == sum(row.field != "x_assay_id" for row in shop.receipts(without.run_id))
        assert show(shop.settings, shop.client, without.run_id) == told
        assert call(admin, "assay.provenance", "search_count", domain=[]) == told

        internal = search_read(
            admin, "ir.model.data", ["res_id"], [("module", "=", "base"), ("name", "=", "group_user")]
        )
        pricelists = search_read(admin, "ir.model.data", ["res_id"], [("name", "=", "group_product_pricelist")])
        groups = [row["res_id"] for row in (*internal, *pricelists)]
        clerk = {"name": "Clerk", "login": "clerk", "password": PASSWORD, "group_ids": [[6, 0, groups]]}
        call(admin, "res.users", "create", context={"no_reset_password": True}, vals_list=[clerk])
        row = search_read(admin, "assay.provenance", ["id"], limit=1)[0]["id"]
        steward = connect(url, least_odoo.db, templates.HUMAN, least_odoo.steward_key)
        for verb, given in (("write", {"vals": {"value": "x"}}), ("unlink", {})):
            with pytest.raises(OdooDenied):
                call(steward, "assay.provenance", verb, [row], **given)

        known = {"db": least_odoo.db, "login": "clerk", "password": PASSWORD}
        entered = page.request.post(f"{url}/web/session/authenticate", data={"jsonrpc": "2.0", "params": known})
        assert entered.json()["result"]["username"] == "clerk"
        for name, golden_id, shown in (
            ("res_partner", "C-0001", ("shopify:1", "newest", "pos:7: anna@old.example (older)", "Czech Republic")),
            ("product_template", "P-0001", ("odoo:2001", "only candidate")),
            ("product_pricelist_item", "R-0001", ("shopify:5", "pos:9: 189.9 (ended)", "Retail CZK")),
        ):
            record = shop.record(name, golden_id, "name")["id"]
            page.goto(f"{url}/odoo/{shop.policy.objects[name].model}/{record}")
            page.get_by_role("tab", name="Provenance").click()
            tab = page.locator(".tab-pane.active")
            tab.get_by_text(golden_id).first.wait_for()
            for text in shown:
                tab.get_by_text(text).first.wait_for()
            assert page.locator(f"a[href='https://assay.example.com/runs/{without.run_id}']").count() == 1
            assert tab.locator(".o_field_x2many_list_row_add, .o_list_record_remove").count() == 0
            page.screenshot(path=tmp_path / f"{name}.png")
            if os.environ.get("ASSAY_SCREENSHOTS") and name == "res_partner":
                page.screenshot(path=IMAGES / "provenance.png")

        record = shop.record("res_partner", "C-0001", "name")["id"]
        plan = plan_erasure(shop.settings, shop.client, [record], "request 17", NOW, "officer")
        approve(shop.settings, plan.plan_id, "eva", NOW)
        show(shop.settings, shop.client, shop.apply(plan).run_id)
        about = [("res_model", "=", "res.partner"), ("res_id", "=", record)]
        told = search_read(admin, "assay.provenance", ["field_name", "value", "source", "rule", "losing"], about)
        assert not [row for row in told if "anna" in str(row).lower()]
        assert {row["rule"] for row in told if row["field_name"] == "email"} == {"erased, as the person asked"}
        call(admin, "res.partner", "unlink", [record])
        left = search_read(admin, "assay.provenance", ["res_model"])
        assert "res.partner" not in {row["res_model"] for row in left}
        assert left
        undone = shop.undo(without.run_id)
        assert show(shop.settings, shop.client, undone.run_id) > 0
        rules = {
            row["rule"] for row in search_read(admin, "assay.provenance", ["rule"], [("run_id", "=", undone.run_id)])
        }
        assert rules == {f"put back as it was before {without.run_id}"}
