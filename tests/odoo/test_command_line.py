"""What a steward and an officer type, from plan to undo, on a real Odoo as its least-privileged publisher."""

import shutil

import pytest
from click.testing import CliRunner

from pipelines import decisions, gates, transform
from pipelines.cli import main
from pipelines.publish import kept
from sources.odoo.client import call
from tests.odoo.fixtures import KINDS
from tests.odoo.publishing import NOW, TEXT, Shop, all_open, pa, person

pytestmark = pytest.mark.odoo
RECORDS = {"record_ids": pa.list_(TEXT)}


@pytest.fixture
def assay(least_odoo, tmp_path, monkeypatch):
    """`assay WORDS` in a home of its own; what the gates would say of sources that were never read is left out."""
    for name in ("LOGIN", "KEY", "PUBLISH_LOGIN", "PUBLISH_KEY", "ADMIN_LOGIN", "ADMIN_KEY", "ALLOW_ADMIN"):
        monkeypatch.delenv(f"ODOO_{name}", raising=False)
    said = {"ASSAY_HOME": str(tmp_path), "ASSAY_NOW": NOW.isoformat(), "ASSAY_ACTOR": "eva", "ASSAY_LEDGER_URL": ""}
    for name, value in (least_odoo.least_environment | said).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(gates, "evaluate", lambda *_: all_open() | {})
    shutil.copytree(transform.DBT_PROJECT / "seeds", tmp_path / "seeds")
    monkeypatch.setattr(decisions, "seeds", lambda: tmp_path / "seeds")
    monkeypatch.setattr(kept, "attributes_of", lambda settings, model, field: [field])

    def run(*words, code=0):
        done = CliRunner().invoke(main, list(words))
        assert done.exit_code == code, done.output
        return done.output

    return run


def golden(shop, **emails):
    rows = [person(n, email=emails.get(f"p{n}", f"p{n}@example.com")) for n in (1, 2, 3)]
    shop.golden("res_partner", [row | {"record_ids": [f"shopify:{row['golden_id']}"]} for row in rows], more=RECORDS)


def publish(assay):
    """Plan, approve and apply; the run, the plan's id, and what the plan said."""
    told = assay("plan", "--object", "res_partner")
    plan = told.split("next: assay approve ")[1].split()[0]
    assay("approve", plan, "--force", "--note", "a test")
    return assay("apply", plan).split(":")[0].strip(), plan, told


@pytest.mark.parametrize("least_odoo", KINDS[1:2], indirect=True)
def test_edits_are_listed_kept_reverted_and_released_and_writers_are_discovered(
    assay, least_odoo, tmp_path, monkeypatch
):
    shop = Shop.of(least_odoo, tmp_path)
    golden(shop)
    run, _, _ = publish(assay)
    for number in (1, 2, 3):
        record = shop.record("res_partner", f"C-000{number}", "id")["id"]
        least_odoo.human_edit("res.partner", record, {"email": f"human{number}@example.com"})
    told = assay("edits", code=3)
    assert told.count("steward") == 3
    assert "3 of 3 edited fields wait" in told
    assert "example.com" not in told
    assert "human2@example.com" in assay("edits", "--values", code=3)
    assert assay("edits", "keep", "res_partner", "C-0001", "email", "--note", "asked") == "keep: email of C-0001\n"
    assay("edits", "revert", "res_partner", "C-0002", "email", "--note", "asked")
    assay("edits", "release", "res_partner", "C-0003", "email", "--note", "asked")
    assert [row.value for row in decisions.overrides() if row.record_id == "shopify:C-0001"] == ["human1@example.com"]
    assert "0 of 3 edited fields wait" in assay("edits")

    golden(shop, p1="human1@example.com", p3="newer@example.com")
    publish(assay)
    emails = [shop.record("res_partner", f"C-000{n}", "email")["email"] for n in (1, 2, 3)]
    assert emails == ["human1@example.com", "p2@example.com", "human3@example.com"]
    assert "nothing to write" in assay("plan", "--object", "res_partner")
    assay("edits", "take", "res_partner", "C-0003", "email", "--note", "asked")
    assert "edited in Odoo since Assay wrote it" in assay("plan", "--object", "res_partner")

    xid = {"module": "shopconnector", "name": "p1", "model": "res.partner", "res_id": record, "noupdate": True}
    call(shop.admin, "ir.model.data", "create", vals_list=[xid])
    told = assay("odoo", "discover-writers", code=3)
    assert "steward" in told
    assert "shopconnector" in told
    assert "assay_publisher" not in told
    monkeypatch.setenv("ODOO_ADMIN_LOGIN", least_odoo.login)
    monkeypatch.setenv("ODOO_ADMIN_KEY", least_odoo.key)
    line = next(line for line in assay("odoo", "discover-writers", code=3).splitlines() if "steward" in line)
    assert "email" in line

    undone = assay("undo", run)
    assert "email" in undone
    assert "was undone by" in assay("undo", run, code=1)
    assert int(assay("audit", "verify").split()[0]) > 10


@pytest.mark.parametrize("least_odoo", KINDS[1:2], indirect=True)
def test_a_canary_is_chosen_and_a_person_erased_by_command(assay, least_odoo, tmp_path):
    shop = Shop.of(least_odoo, tmp_path)
    golden(shop)
    told = assay("plan", "--object", "res_partner", "--canary", "1")
    assert "canary: 1 records are written first and read back before the others follow" in told
    said = assay("plan", "--object", "res_partner", "--canary-unit", "pos/S9*", code=1)
    assert "the canary names pos/S9*, on which no golden record rests: choose from shopify" in said.replace(";", ":")
    publish(assay)
    record = shop.record("res_partner", "C-0002", "id")["id"]
    assert "is no partner of Odoo" in assay("privacy", "erase-in-odoo", "C-0002", "--basis", "request 17", code=2)
    told = assay("privacy", "erase-in-odoo", f"res.partner/{record}", "--basis", "request 17")
    plan = told.split("next: assay approve ")[1].split()[0]
    assert "example.com" not in told
    assay("approve", plan)
    run = assay("apply", plan).split(":")[0].strip()
    assert "as written, 0 not" in assay("verify", run)
    held = shop.record("res_partner", "C-0002", "name", "email", "active")
    assert held == {"id": record, "name": f"Erased {record}", "email": False, "active": False}
    assert "what it blanked is kept nowhere" in assay("undo", run, code=1)
