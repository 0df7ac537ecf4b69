"""Provisioning reads the machine's own apt configuration; no mirror is written in this repository."""

import os
from contextlib import closing

import pytest

from sources.odoo.client import call
from tests.odoo import machine, postgres, templates
from tests.odoo.debian import mirror_in
from tests.odoo.templates import template_name

MIRROR = "http://mirror.example/debian"
ONE_LINE = f"""
# deb http://old.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] {MIRROR}/ bookworm main contrib
"""
DEB822 = f"""Types: deb
# http://snapshot.example/archive/debian/20250520T000000Z
URIs: {MIRROR}
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
FOREIGN = """deb http://packages.example/apt cloud-sdk-bookworm main

Types: deb
URIs: https://node.example/node_20.x
Suites: nodistro
"""


@pytest.mark.parametrize("sources", [ONE_LINE, DEB822, FOREIGN + "\n\n" + DEB822, ONE_LINE + FOREIGN])
def test_the_mirror_is_the_one_that_serves_the_machines_own_suite(sources):
    assert mirror_in(sources, "bookworm") == MIRROR


@pytest.mark.parametrize("sources", ["", FOREIGN, DEB822.replace("Types: deb\n#", "Types: deb\nEnabled: no\n#")])
def test_where_no_entry_serves_the_suite_there_is_no_mirror(sources):
    assert mirror_in(sources, "bookworm") is None


def test_equal_sets_of_modules_share_a_template():
    assert template_name("base,contacts") == template_name("contacts,base")
    assert template_name("base,contacts") != template_name("base,contacts,stock")


@pytest.mark.odoo
@pytest.mark.usefixtures("_real_odoo")
def test_templates_that_nobody_has_cloned_for_days_are_dropped():
    mine = f"t_{os.getpid()}_1000"
    old, new = f"tpl_old_{os.getpid()}", f"tpl_new_{os.getpid()}"
    for name in (old, new):
        postgres.psql(f'create database "{name}"', user="odoo")
        templates.clone(name, mine)
        postgres.drop(mine)
    for name in (old, template_name()):
        templates.unused_days(name)
        os.utime(machine.HOME / "cloned" / name, (0, 0))
    templates.sweep()
    assert old not in postgres.databases()
    assert {new, template_name()} <= postgres.databases()
    postgres.drop(new)
    (machine.HOME / "cloned" / new).unlink()


@pytest.mark.odoo
def test_a_database_that_has_the_name_of_an_earlier_one_is_as_new(request):
    """Odoo keeps in memory what a table says that it seldom reads, and which fields a model has."""
    real, key = request.getfixturevalue("_real_odoo"), "database.uuid"

    def uuid(client):
        return call(client, "ir.config_parameter", "get_param", key=key)

    def fields(client):
        return call(client, "res.partner", "fields_get", attributes=["type"])

    with real.database("bare", "real-json2") as first, closing(first.client()) as client:
        postgres.psql(f"update ir_config_parameter set value = 'mine' where key = '{key}'", first.db)
        assert uuid(client) == "mine"
    with real.database("bare", "real-json2") as second, closing(second.client()) as client:
        assert uuid(client) != "mine"
        (model,) = call(client, "ir.model", "search", domain=[("model", "=", "res.partner")])
        call(client, "ir.model.fields", "create", vals_list=[{"name": "x_mine", "model_id": model, "ttype": "char"}])
        assert "x_mine" in fields(client)
    with real.database("bare", "real-json2") as third, closing(third.client()) as client:
        assert "x_mine" not in fields(client)
    assert first.db == second.db == third.db
