"""Least privilege: what provisioning gives and takes away, and that extract and publish need no more."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from pipelines import ledger
from pipelines.cli import main
from pipelines.extract import extract_stream
from pipelines.ledger import open_ledger
from pipelines.publish import live
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.target import open_target
from pipelines.resources import Settings
from sources.contract import load_contracts
from sources.errors import MissingScope
from sources.odoo import access, actions, check, keys
from sources.odoo.client import call, connect, search_read
from sources.odoo.errors import OdooDenied
from tests.odoo.fixtures import KINDS
from tests.odoo.publishing import Shop, intercepting, person, product, stock

JSON2 = pytest.mark.parametrize("least_odoo", KINDS[1:2], indirect=True)
BARE = pytest.mark.parametrize("bare_odoo", KINDS[1:2], indirect=True)
NOW = datetime.now(UTC)


def environ(monkeypatch, named, **more):
    for name in ("LOGIN", "KEY", "PUBLISH_LOGIN", "PUBLISH_KEY", "ADMIN_LOGIN", "ADMIN_KEY", "ALLOW_ADMIN"):
        monkeypatch.delenv(f"ODOO_{name}", raising=False)
    for name, value in (named | more).items():
        monkeypatch.setenv(name, value)


def audited(home):
    """What the audit of a home tells, in order."""
    with open_ledger(f"sqlite:///{home / 'ledger.db'}").connect() as connection:
        rows = connection.execute(sa.select(ledger.audit).order_by(ledger.audit.c.seq)).all()
    return [{"deed": row.action, **json.loads(row.detail)} for row in rows]


@BARE
def test_provisioning_plans_applies_and_removes(bare_odoo, tmp_path, monkeypatch):
    admin = bare_odoo.client()
    partners = search_read(admin, "res.partner", ["name"])
    named = bare_odoo.environment | {"ASSAY_HOME": str(tmp_path)}
    environ(monkeypatch, named, ODOO_ADMIN_LOGIN=bare_odoo.login, ODOO_ADMIN_KEY=bare_odoo.key)

    def run(*words):
        return CliRunner().invoke(main, ["odoo", *words], catch_exceptions=False)

    planned = run("provision").output.splitlines()
    assert planned[-1] == "Nothing was changed; --apply does it."
    assert run("provision").output.splitlines() == planned
    assert "x_assay_id" not in call(admin, "res.partner", "fields_get", attributes=["type"])
    done = run("provision", "--apply").output.splitlines()
    assert [line for line in done if "API key" not in line] == [
        line[7:] for line in planned[:-1] if "API key" not in line
    ]
    path = tmp_path / "odoo-keys.env"
    assert path.stat().st_mode & 0o777 == 0o600
    made = dict(line.split("=", 1) for line in path.read_text().splitlines())
    assert not any(value in "".join(done) for name, value in made.items() if name.endswith("_KEY"))
    assert run("provision").output == "nothing to do\n"

    environ(monkeypatch, named | made, ODOO_ADMIN_LOGIN=bare_odoo.login, ODOO_ADMIN_KEY=bare_odoo.key)
    monkeypatch.delenv("ODOO_ALLOW_ADMIN", raising=False)
    said = run("check")
    assert (said.output, said.exit_code) == ("as provisioned\n", 0)
    with open_target() as client:
        assert client.login == "assay_publisher"
        made_here = actions.upsert(
            client, "res.partner", [{"xid": "C-1", "values": {"name": "Eva", "x_assay_id": "C-1"}}]
        )
    held = made_here["C-1"]["id"]
    call(admin, "res.partner", "write", [partners[0]["id"]], vals={"x_assay_id": "C-2"})

    removed = run("provision", "--remove", "--apply").output
    assert "res.partner: 1 golden ids kept as external ids" in removed
    assert run("provision", "--remove").output == "nothing to do\n"
    assert [row["name"] for row in search_read(admin, "res.groups", ["name"], [("name", "like", "Assay")])] == []
    assert search_read(admin, "ir.model.access", ["name"], [("name", "like", "Assay")]) == []
    for login in access.logins(admin).values():
        with pytest.raises(OdooDenied):
            connect(bare_odoo.url, bare_odoo.db, login, made["ODOO_KEY"])
    assert {row["id"] for row in partners} < {row["id"] for row in search_read(admin, "res.partner", ["name"])}
    kept = search_read(
        admin, "ir.model.data", ["name", "res_id"], [("module", "=", "assay"), ("model", "=", "res.partner")]
    )
    assert {row["name"]: row["res_id"] for row in kept} == {"C-1": held, "C-2": partners[0]["id"]}

    assert [(one["deed"], len(one["steps"]) > 1) for one in audited(tmp_path)] == [
        ("provision", True),
        ("renew keys", True),
        ("unprovision", True),
    ]
    assert not any(value in str(audited(tmp_path)) for name, value in made.items() if name.endswith("_KEY"))
    assert "user assay_reader renewed" in run("provision", "--apply").output
    assert search_read(admin, "res.partner", ["x_assay_id"], [("id", "=", held)])[0]["x_assay_id"] is False


def test_every_stream_is_read_as_the_reader(least_odoo, tmp_path):
    contract = load_contracts()["odoo"]
    if least_odoo.transport == "jsonrpc":
        contract = contract.model_copy(update={"api_version": "18.0"})
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    named = least_odoo.least_environment
    rows = {
        name: extract_stream(contract, name, settings, NOW, lambda reference: named[reference[4:]]).rows
        for name in contract.streams
    }
    assert min(rows[name] for name in rows if name != "external_ids") > 0
    assert set(rows) == set(contract.streams)


@JSON2
def test_a_whole_publish_goes_through_as_the_publisher(least_odoo, tmp_path):
    shop = Shop(tmp_path, least_odoo.least("publisher"))
    admin = least_odoo.client()
    stock(Shop(tmp_path, admin), people=3, products=3)
    ours = [user["partner_id"] for user in search_read(admin, "res.users", ["partner_id"], [("id", ">", 0)])]
    old = search_read(
        admin,
        "res.partner",
        ["name", "email"],
        [("email", "!=", False), ("is_company", "=", False), ("id", "not in", ours)],
        limit=2,
    )
    shop.golden(
        "res_partner", [person(n, odoo_id=row["id"]) for n, row in enumerate(old)] + [person(n) for n in range(2, 5)]
    )
    shirt, made = product(9)
    sizes = [
        {**made, "golden_id": f"V-9{size}", "barcode": f"85900{n}", "default_code": size, "option_1": size}
        for n, size in enumerate("SM")
    ]
    shop.golden("product_template", [*(product(n)[0] for n in range(3)), shirt])
    shop.golden("product_product", [*(product(n)[1] for n in range(3)), *sizes])
    before = {model: call(admin, model, "search_count", domain=[]) for model in ("res.partner", "product.template")}
    report = shop.publish()
    assert set(report.outcomes) == {"done"}
    assert shop.verify(report.run_id).passed
    assert shop.plan().empty
    assert {
        row["write_uid"] for row in search_read(admin, "res.partner", ["write_uid"], [("x_assay_id", "!=", False)])
    } == {shop.client.uid}
    undone = shop.undo(report.run_id)
    assert set(undone.outcomes) == {"done"}
    assert search_read(admin, "res.partner", ["name", "email"], [("id", "in", [row["id"] for row in old])]) == old
    assert call(admin, "res.partner", "search_count", domain=[]) == before["res.partner"] + 3
    assert call(admin, "product.template", "search_count", domain=[]) == before["product.template"] + 4


@JSON2
def test_plans_of_the_administrator_and_of_the_publisher_are_for_the_same_database(least_odoo):
    seen = {
        live.fingerprint(client)
        for client in (least_odoo.client(), least_odoo.least("publisher"), least_odoo.least("reader"))
    }
    assert len(seen) == 1
    assert least_odoo.db in seen.pop()


@JSON2
def test_a_key_that_odoo_does_not_take_at_one_moment_makes_no_other_database_of_it(least_odoo):
    def refusing(unheard):
        def around(send, model, method, *rest):
            if method == unheard:
                raise OdooDenied(model, method, "Invalid apikey", kind="werkzeug.exceptions.Unauthorized")
            return send(model, method, *rest)

        return intercepting(least_odoo.least("publisher"), around)

    for unheard in ("run", "search_read"):
        with pytest.raises(OdooDenied, match="Invalid apikey"):
            live.fingerprint(refusing(unheard))


@pytest.mark.parametrize("odoo_target", KINDS[:2], indirect=True)
def test_extract_and_publish_refuse_an_administrators_key_unless_told_otherwise(odoo_target, tmp_path):
    named = {name: value for name, value in odoo_target.environment.items() if name != "ODOO_ALLOW_ADMIN"}
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")

    def resolve(reference):
        return named[reference[4:]]

    with pytest.raises(PublishRefused, match="is an administrator of Odoo.*assay odoo provision"):
        open_target(resolve)
    with pytest.raises(MissingScope, match="administrator's.*assay odoo provision"):
        extract_stream(load_contracts()["odoo"], "pricelists", settings, NOW, resolve)
    named["ODOO_ALLOW_ADMIN"] = "yes"
    open_target(resolve).close()
    extract_stream(load_contracts()["odoo"], "pricelists", settings, NOW, resolve)


@JSON2
def test_check_tells_drift_of_rights_code_and_keys(least_odoo):
    admin, publisher = least_odoo.client(), least_odoo.least("publisher")
    assert check.as_administrator(admin, NOW) == []
    for group in access.logins(admin):
        assert check.as_user(least_odoo.least(group), group, NOW) == []
    later = NOW + timedelta(days=access.KEY_DAYS - 5, hours=1)
    assert check.as_administrator(admin, later) == [
        f"the API key of {login} ends in 4 days; run `assay odoo provision --apply --renew`"
        for login in access.logins(admin).values()
    ]
    known = access.registry(admin)
    call(admin, "ir.model.access", "write", [known["assay.access_publisher_res_partner"]], vals={"perm_unlink": True})
    assert check.as_user(publisher, "publisher", NOW) == ["assay_publisher may unlink res.partner"]
    call(
        admin,
        "ir.model.access",
        "write",
        [known["assay.access_publisher_res_partner"]],
        vals={"perm_unlink": False, "perm_write": False},
    )
    assert check.as_user(publisher, "publisher", NOW) == ["assay_publisher may not write res.partner"]
    models = actions.ids_of_models(admin, ["ir.cron"])
    extra = {"name": "wide", "model_id": models["ir.cron"], "group_id": known["assay.group_reader"], "perm_read": True}
    call(admin, "ir.model.access", "create", vals_list=[extra])
    call(admin, "ir.actions.server", "write", [known["assay.upsert_res_partner"]], vals={"code": "action = {}"})
    settings = call(admin, "res.users", "read", [admin.uid], fields=["group_ids"])[0]["group_ids"]
    call(admin, "res.users", "write", [known["assay.user_reader"]], vals={"group_ids": [[4, settings[0]]]})
    told = "\n".join(check.as_administrator(admin, NOW))
    for said in (
        "right Assay publisher: res.partner rwc renewed (perm_write differed)",
        "right wide taken away",
        "res.partner: action assay: keyed upsert renewed (its code had hash ",
        "user assay_reader renewed (group_ids differed)",
    ):
        assert said in told
    actions.carry_out(admin, access.plan(admin))
    assert check.as_administrator(admin, NOW) == []


@JSON2
def test_a_revoked_key_is_refused_at_once_and_the_new_one_works(least_odoo):
    admin, reader = least_odoo.client(), least_odoo.least("reader")
    new = keys.renew(admin, "assay_reader", 1, NOW)
    assert call(reader, "res.partner", "search_count", domain=[]) > 0
    assert len(keys.expiries(admin, reader.uid)) == 2
    newest = keys.renew(admin, "assay_reader", 1, NOW, revoke=True)
    for gone in (reader, connect(least_odoo.url, least_odoo.db, "assay_reader", newest)):
        gone.tries = 1
    with pytest.raises(OdooDenied):
        call(reader, "res.partner", "search_count", domain=[])
    with pytest.raises(OdooDenied):
        connect(least_odoo.url, least_odoo.db, "assay_reader", new)
    with connect(least_odoo.url, least_odoo.db, "assay_reader", newest) as fresh:
        assert call(fresh, "res.partner", "search_count", domain=[]) > 0
    with pytest.raises(OdooDenied, match="New API Key"):
        keys.renew(admin, "assay_reader", 900, NOW)
    assert json.dumps(newest) not in repr(fresh)


@JSON2
def test_a_contact_that_odoo_keeps_from_the_publisher_is_rejected_alone(least_odoo, tmp_path):
    admin = least_odoo.client()
    colleague = call(admin, "res.users", "read", [admin.uid], fields=["partner_id"])[0]["partner_id"][0]
    shop = Shop(tmp_path, least_odoo.least("publisher"))
    shop.golden("res_partner", [person(0, odoo_id=colleague), *(person(n) for n in range(1, 6))])
    (told,) = shop.lines(shop.plan(), "reject")
    assert told.odoo_id == colleague
    assert "not allowed" in told.reason
    # As with an Odoo that cannot rehearse: apply finds out, and the others go on.
    shop.policy = shop.policy.model_copy(update={"rehearsal": shop.policy.rehearsal.model_copy(update={"up_to": 0})})
    report = shop.publish()
    assert report.outcomes == {"done": 5, "rejected": 1}
    assert [each["odoo_id"] for each in report.exceptions] == [colleague]
    shop.golden("res_partner", [person(n, city="Plzen") for n in range(1, 6)])
    plan = shop.approved()
    known = access.registry(admin)["assay.access_publisher_res_partner"]
    call(admin, "ir.model.access", "write", [known], vals={"perm_write": False, "perm_create": False})
    with pytest.raises(OdooDenied):
        shop.apply(plan)


@pytest.mark.parametrize("bare_odoo", KINDS[:1], indirect=True)
@pytest.mark.parametrize("words", [["provision", "--apply"], ["provision", "--remove"], ["check"]])
def test_the_demos_odoo_is_said_to_be_a_stand_in_without_users(bare_odoo, words, tmp_path, monkeypatch):
    environ(monkeypatch, bare_odoo.environment | {"ASSAY_HOME": str(tmp_path)})
    said = CliRunner().invoke(main, ["odoo", *words])
    assert said.exit_code == 1
    assert "stand-in, which has neither users nor groups" in said.output
    assert "point ODOO_URL and ODOO_DB to a real one" in said.output
    assert "x_assay_id" not in call(bare_odoo.client(), "res.partner", "fields_get", attributes=["type"])
    for remove in ([], ["--remove"]):
        asked = ["odoo", "provision", "--no-users", "--apply", *remove]
        assert CliRunner().invoke(main, asked, catch_exceptions=False).exit_code == 0
        there = call(bare_odoo.client(), "res.partner", "fields_get", attributes=["type"])
        assert ("x_assay_id" in there) == (not remove)
