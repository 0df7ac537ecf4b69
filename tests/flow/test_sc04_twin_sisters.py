"""SC-04: Anna stands in four systems under two names, her twin Ana beside her; a clerk's dummy mailbox; a steward."""

import shutil
from datetime import date

import pytest

from sources.estate.scenarios import ANA_MOBILE, ANNA_EMAIL, ANNA_MOBILE, LANDLINE
from tests.flow.fixtures import retailer_in
from tests.flow.scenes import change_seed, export_digests, golden, rows

DUMMY = "noemail@store001.example"


def digits(number: str) -> str:
    return number.replace(" ", "")


def records(settings, condition: str, *values) -> dict[str, str]:
    """The golden customer of each record, by record."""
    query = f"select record_id, customer_id from matched.matched_customers where {condition}"
    return {row["record_id"]: row["customer_id"] for row in rows(settings.warehouse, query, *values)}


def anna(settings) -> dict[str, str]:
    """Her rows: the mobile at the till, the shop and Odoo; the mailbox in the loyalty programme."""
    known = "(? in (phone, mobile) or email = ?) and published_id is null"
    return records(settings, known, digits(ANNA_MOBILE), ANNA_EMAIL)


def ana(settings) -> dict[str, str]:
    known = "(? in (phone, mobile) or loyalty_code = '2900000000025') and published_id is null"
    return records(settings, known, digits(ANA_MOBILE))


def test_four_rows_of_anna_become_one_golden_customer(at_demo):
    found = anna(at_demo.settings)
    assert sorted(record.split(":")[0] for record in found) == ["odoo", "pos", "shopify", "voucherify"]
    assert len(set(found.values())) == 1


def test_the_twin_at_the_same_landline_stays_another_person(at_demo):
    hers, sisters = anna(at_demo.settings), ana(at_demo.settings)
    assert sorted(record.split(":")[0] for record in sisters) == ["pos", "voucherify"]
    assert len(set(sisters.values())) == 1
    assert not set(hers.values()) & set(sisters.values())
    shared = records(at_demo.settings, "? in (phone, mobile)", digits(LANDLINE))
    assert set(shared.values()) == {*hers.values(), *sisters.values()}, "both gave it, and it did not join them"


def test_anna_survives_with_her_own_values_and_the_losing_ones_are_kept(at_demo):
    (customer_id,) = set(anna(at_demo.settings).values())
    (row,) = golden(at_demo.settings, "from golden_customers where customer_id = ?", customer_id)
    assert row["city"] == "Olomouc"
    assert row["birth_on"] == date(1988, 4, 12)
    assert row["loyalty_code"] == "2900000000018"
    assert row["record_count"] == row["system_count"] == 4
    lost = golden(
        at_demo.settings,
        "select losing_values from golden_customers__provenance where customer_id = ? and attribute = 'street'",
        customer_id,
    )
    assert "Jasanová 8" in lost[0]["losing_values"]


def test_the_clerks_dummy_mailbox_links_nobody_and_is_nobodys_golden_mailbox(at_demo):
    tills = "select record_id from staging.stg_pos__customers where lower(email) = ?"
    raw = rows(at_demo.settings.warehouse, tills, DUMMY)
    marks = ", ".join(f"'{row['record_id']}'" for row in raw)
    holders = rows(
        at_demo.settings.warehouse,
        f"select customer_id, last_name, email from matched.matched_customers where record_id in ({marks})",
    )
    assert len(holders) > 5
    assert not [row for row in holders if row["email"]]
    assert len({row["customer_id"] for row in holders}) >= len({row["last_name"] for row in holders}) > 4
    assert golden(at_demo.settings, "from golden_customers where email = ?", DUMMY) == []


@pytest.fixture
def separated(demo, tmp_path, monkeypatch):
    """A steward said that Anna in Odoo is not Anna of the loyalty programme; built once on top of what was."""
    home = tmp_path / "home"
    shutil.copytree(demo.home, home)
    found = anna(demo.settings)
    left = next(record for record in found if record.startswith("odoo:"))
    right = next(record for record in found if record.startswith("voucherify:"))
    decision = f"{left},{right},cannot,Jana Steward,Two people says the store,2026-03-29\n"
    change_seed(monkeypatch, tmp_path, "match_overrides.csv", lambda text: text.rstrip("\n") + "\n" + decision)
    with retailer_in(home, monkeypatch) as retailer:
        assert retailer.build() == {}
        yield retailer, left, right, set(found.values()).pop()


def test_a_stewards_no_survives_a_rebuild_from_an_emptied_warehouse_byte_by_byte(separated):
    retailer, left, right, once = separated
    apart = records(retailer.settings, "record_id in (?, ?)", left, right)
    assert apart[left] != apart[right]
    assert once in apart.values(), "the id stays with those who were first bound to it"
    exported = export_digests(retailer.settings)
    assert len(exported) > 20
    retailer.settings.warehouse.unlink()
    shutil.rmtree(retailer.settings.exports)
    shutil.rmtree(retailer.settings.home / "dbt")
    assert retailer.build() == {}
    assert records(retailer.settings, "record_id in (?, ?)", left, right) == apart
    assert export_digests(retailer.settings) == exported
