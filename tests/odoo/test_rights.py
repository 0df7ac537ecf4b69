"""Least privilege: what provisioning gives is all that its users may do, also where Odoo holds more than we read."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from sources.odoo import access, actions, check
from sources.odoo.client import call, is_administrator, search_read
from sources.odoo.errors import OdooDenied
from sources.odoopos.connector import MODELS
from tests.odoo.fixtures import KINDS
from tests.odoo.test_provision import environ

JSON2 = pytest.mark.parametrize("least_odoo", KINDS[1:2], indirect=True)
NOW = datetime.now(UTC)
VERBS = ("read", "write", "create", "unlink")
# What neither user may do, by model: letters of VERBS.
CLOSED = {
    "ir.config_parameter": "rwcd",
    "ir.actions.server": "rwcd",
    "ir.model": "wcd",
    "ir.model.fields": "wcd",
    "ir.model.access": "wcd",
    "ir.model.data": "wcd",
    "ir.rule": "wcd",
    "ir.cron": "rwcd",
    "ir.module.module": "wcd",
    "ir.mail_server": "wcd",
    "ir.ui.view": "wcd",
    "res.groups": "wcd",
    "res.users": "cd",
    "res.company": "wcd",
    "res.currency": "wcd",
    "res.currency.rate": "wcd",
    "res.country": "wcd",
    "res.bank": "wcd",
    "res.partner.bank": "wcd",
    "res.partner": "d",
    "product.template": "d",
    "product.product": "d",
    "product.pricelist.item": "d",
    "product.pricelist": "wcd",
    "product.attribute": "wd",
    "product.attribute.value": "wd",
    "product.supplierinfo": "wcd",
    "uom.uom": "wcd",
    "sale.order": "rwcd",
    "sale.order.line": "rwcd",
    "account.move": "rwcd",
    "account.move.line": "rwcd",
    "account.journal": "wcd",
    "account.account": "wcd",
    "account.payment": "rwcd",
    "account.tax": "wcd",
    "base.partner.merge.automatic.wizard": "rwcd",
}
# What else neither may do where staff, tills, warehouses, loyalty and leads are in Odoo too.
CLOSED_IN_USE = {
    "hr.employee": "rwcd",
    "hr.version": "rwcd",
    "hr.contract.type": "wcd",
    "hr.department": "wcd",
    "hr.job": "wcd",
    "hr.departure.reason": "wcd",
    "pos.order": "rwcd",
    "pos.order.line": "rwcd",
    "pos.session": "rwcd",
    "pos.payment": "rwcd",
    "pos.config": "rwcd",
    "loyalty.card": "rwcd",
    "loyalty.program": "wcd",
    "crm.lead": "rwcd",
    "stock.picking": "rwcd",
    "stock.move": "rwcd",
    "stock.quant": "wcd",
    "account.move": "rwcd",
    "account.payment": "rwcd",
    "account.bank.statement.line": "rwcd",
    "account.journal": "wcd",
}
# Without these Odoo would complain before it looks at rights.
NEEDED = {"ir.ui.view": {"name": "x", "type": "qweb", "arch": "<t/>"}}
# Odoo's own code fails before it comes to rights.
UNTRIED = {("account.move.line", "create")}


def granted(client, groups):
    """(model, verb) that members of `groups` are allowed, by Odoo's own rows."""
    columns = list(access.VERBS.values())
    rows = search_read(
        client, "ir.model.access", ["model_id", *columns], ["|", ("group_id", "=", False), ("group_id", "in", groups)]
    )
    names = {row["id"]: row["model"] for row in search_read(client, "ir.model", ["model"])}
    return {(names[row["model_id"]], letter) for row in rows for letter, name in access.VERBS.items() if row[name]}


@JSON2
def test_the_two_users_may_do_what_a_plain_colleague_may_and_what_access_csv_says_and_nothing_else(least_odoo):
    admin = least_odoo.client()
    internal = call(
        admin,
        "ir.model.data",
        "search_read",
        domain=[("module", "=", "base"), ("name", "=", "group_user")],
        fields=["res_id"],
    )
    plain = search_read(admin, "res.groups", ["all_implied_ids"], [("id", "=", internal[0]["res_id"])])[0][
        "all_implied_ids"
    ]
    usual = granted(admin, plain)
    given = {name: set() for name in access.LOGINS}
    there = actions.ids_of_models(admin, {right.model for right in access.rights()})
    missing = {right.model for right in access.rights()} - there.keys()
    assert missing == {"assay.provenance", "stock.warehouse.orderpoint", *MODELS.values()}
    assert access.TILLS not in access.logins(admin)
    for right in (right for right in access.rights() if right.model in there):
        for name in ("reader", "publisher") if right.group == "reader" else ["publisher"]:
            given[name] |= {(right.model, letter) for letter in right.rights}
    for name, login in access.logins(admin).items():
        groups = search_read(admin, "res.users", ["all_group_ids"], [("login", "=", login)])[0]["all_group_ids"]
        assert granted(admin, groups) == usual | given[name]


@JSON2
@pytest.mark.parametrize("group", ["reader", "publisher"])
def test_each_verb_on_each_model_that_neither_user_needs_is_refused(least_odoo, group):
    admin, client = least_odoo.client(), least_odoo.least(group)
    closed = (
        CLOSED
        if group == "publisher"
        else CLOSED
        | {
            model: "wcd"
            for model in (
                "res.partner",
                "product.template",
                "product.product",
                "product.pricelist.item",
                "product.attribute",
            )
        }
    )
    opened, tried = [], 0
    for model, letters in closed.items():
        known = search_read(admin, model, ["id"], limit=1)
        for letter in letters:
            verb, ids = dict(zip("rwcd", VERBS, strict=True))[letter], [row["id"] for row in known]
            arguments = {
                "read": {"fields": ["id"]},
                "write": {"vals": {"write_date": "2026-01-01 00:00:00"}},
                "unlink": {},
                "create": {"vals_list": [NEEDED.get(model, {})]},
            }[verb]
            tried += 1
            if (not known and verb != "create") or (model, verb) in UNTRIED:
                opened += [(model, verb)] * call(client, model, "has_access", [], operation=verb)
                continue
            try:
                call(client, model, verb, None if verb == "create" else ids, **arguments)
                opened.append((model, verb))
            except OdooDenied:
                pass
    assert opened == []
    assert tried == sum(map(len, closed.values()))


def test_where_people_are_employed_and_tills_and_warehouses_run_our_users_are_kept_out_as_well(
    used_odoo, tmp_path, monkeypatch
):
    there = actions.ids_of_models(used_odoo.client(), CLOSED_IN_USE)
    assert there.keys() == CLOSED_IN_USE.keys()
    opened = {
        (group, model, verb)
        for group in access.LOGINS
        for client in [used_odoo.least(group)]
        for model, letters in CLOSED_IN_USE.items()
        for letter, verb in zip("rwcd", VERBS, strict=True)
        if letter in letters and call(client, model, "has_access", [], operation=verb)
    }
    assert opened == {(access.TILLS, model, "read") for model in MODELS.values()}
    tills = used_odoo.least(access.TILLS)
    assert check.as_user(tills, access.TILLS, NOW) == []
    environ(monkeypatch, used_odoo.least_environment | {"ASSAY_HOME": str(tmp_path)})
    assert CliRunner().invoke(main, ["odoo", "check"], catch_exceptions=False).output == "as provisioned\n"
    monkeypatch.setenv("ODOOPOS_KEY", "another")
    assert "Invalid apikey" in CliRunner().invoke(main, ["odoo", "check"], catch_exceptions=False).output
    golden = ("res.partner", "product.template", "product.product", "product.pricelist.item")
    assert not any(call(tills, model, "has_access", [], operation=verb) for model in golden for verb in VERBS[1:])
    # Of an employee Odoo tells any colleague the name, and no more.
    for model, field in (("hr.employee", "birthday"), ("hr.version", "wage"), ("pos.order", "id"), ("crm.lead", "id")):
        with pytest.raises(OdooDenied):
            search_read(used_odoo.least("publisher"), model, [field])


@JSON2
def test_neither_user_can_widen_his_rights_or_touch_anothers_account(least_odoo):
    admin = least_odoo.client()
    settings = search_read(
        admin, "ir.model.data", ["res_id"], [("module", "=", "base"), ("name", "=", "group_system")]
    )[0]["res_id"]
    for group in access.logins(admin):
        client = least_odoo.least(group)
        for user in (client.uid, admin.uid):
            for vals in ({"group_ids": [[4, settings]]}, {"password": "x" * 20}, {"login": "other"}):
                with pytest.raises(OdooDenied):
                    call(client, "res.users", "write", [user], vals=vals)
        with pytest.raises(OdooDenied):
            call(client, "res.partner", "unlink", [search_read(client, "res.partner", ["id"], limit=1)[0]["id"]])
        assert not is_administrator(client)
    reader = least_odoo.least("reader")
    for what, action in actions.registered(reader).items():
        if what != access.WHICH:
            with pytest.raises(OdooDenied):
                call(reader, "ir.actions.server", "run", [action], {"active_model": "res.partner", "assay_items": []})
    with pytest.raises(OdooDenied):
        call(least_odoo.human(), "ir.actions.server", "run", [actions.registered(admin)["upsert_res_partner"]])
