"""SC-04: Anna stands in four systems under two names, her twin Ana beside her; a clerk's dummy mailbox; a steward."""

import json
import shutil
from datetime import date

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from rich.text import Text

from pipelines import explained, ledger, why
from pipelines.cli import main
from pipelines.ledger import open_ledger
from pipelines.lineage import NotFound, source_record
from pipelines.unheeded import unheeded
from sources.estate.scenarios import ANA_MOBILE, ANNA_EMAIL, ANNA_MOBILE, LANDLINE
from tests.flow.fixtures import retailer_in
from tests.flow.scenes import change_seed, export_digests, golden, rows

SET_BY_HAND = "anna.set.by.hand@example.org"
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


@pytest.fixture(scope="module")
def separated(demo, tmp_path_factory):
    """A steward said that Anna in Odoo is not Anna of the loyalty programme but Anna of the shop, and set a golden
    mailbox, which two branches brought beside an older one; of Ana's rows two stewards say what cannot all be true.
    Built once on top of what was."""
    folder = tmp_path_factory.mktemp("separated")
    home = folder / "home"
    shutil.copytree(demo.home, home)
    found = anna(demo.settings)
    left = next(record for record in found if record.startswith("odoo:"))
    right = next(record for record in found if record.startswith("voucherify:"))
    one, other = ana(demo.settings)
    pairs = f"customers,{left},{right},cannot,Jana Steward,Two people says the store,2026-03-29\n"
    account = next(record for record in found if record.startswith("shopify:"))
    pairs += f"customers,{left},{account},must,Jana Steward,Her,2026-03-29\n"
    pairs += f"customers,{one},{other},must,Jana Steward,One person says the till,2026-03-29\n"
    pairs += f"customers,{one},{other},cannot,Petr Steward,Two people says the card,2026-03-29\n"
    values = f"customers,{right},email,{SET_BY_HAND},Jana Steward,She wrote to us,2026-03-29\n"
    values += f"{values}customers,{right},email,before@example.org,Jana Steward,She rang us,2026-03-28\n"
    values += f"customers,{right},birth_on,1988-13-12,Jana Steward,A slip,2026-03-29\n"
    values += f"customers,{one},full_name,,Jana Steward,Nobody knows it,2026-03-29\n"
    values += f"customers,{one},city,Brno by hand,Jana Steward,She said so,2026-03-29\n"
    values += f"customers,{other},city,Olomouc by hand,Petr Steward,She said so,2026-03-29\n"
    with pytest.MonkeyPatch.context() as patch:
        for name, added in (("match_overrides.csv", pairs), ("golden_overrides.csv", values)):
            change_seed(patch, folder, name, lambda text, added=added: text.rstrip("\n") + "\n" + added)
        with retailer_in(home, patch) as retailer:
            assert retailer.build() == {}
            yield retailer, left, right, set(found.values()).pop()


def test_what_stewards_say_holds_and_what_contradicts_itself_waits_loudly(separated):
    retailer, _, right, _ = separated
    settings = retailer.settings
    (customer_id,) = set(records(settings, "record_id = ?", right).values())
    (row,) = golden(settings, "from golden_customers where customer_id = ?", customer_id)
    assert row["email"] == SET_BY_HAND
    told = "from golden_customers__provenance where customer_id = ? and attribute = 'email'"
    (origin,) = golden(settings, told, customer_id)
    assert (origin["rule"], origin["record_id"]) == ("steward", right)
    assert ANNA_EMAIL in origin["losing_values"]
    refused = golden(settings, "from golden_customers__rejected where remedy like '%golden_overrides.csv%'")
    assert sorted((each["attribute"], each["reason"]) for each in refused) == [
        ("birth_on", "not a date"),
        ("city", f"rows of one day contradict each other: {' and '.join(sorted(ana(settings)))}"),
        ("full_name", "a customer has a name"),
    ]
    assert golden(settings, "from golden_customers where coalesce(full_name, company_name) is null") == []
    assert golden(settings, "from golden_customers where city like '%by hand'") == [], "nobody's word wins by chance"
    built = CliRunner().invoke(main, ["build"])
    assert built.exit_code == 0
    told = built.stderr.splitlines()
    assert told == [f"assay: not heeded: {line}" for line in unheeded(settings)]
    assert sum("golden_overrides.csv" in line for line in told) == len(refused)
    assert any("match_overrides.csv: rows contradict each other" in line for line in told)

    hers, gate = ana(settings), retailer.gates()["customers"]
    assert len(set(hers.values())) == 1, "her rows keep the id they had"
    assert gate.open, "the others are published"
    assert set(hers.values()) <= set(gate.held)
    assert all("Jana Steward" in told and "Petr Steward" in told for told in gate.held.values())
    assert all(any(record in reason for reason in gate.reasons) for record in hers)
    with open_ledger(settings.ledger_url).connect() as connection:
        log = ledger.id_events.c
        reasons = connection.scalars(sa.select(log.reason).where(log.golden_id == customer_id)).all()
    assert any("decisions" in reason for reason in reasons), "the new id says why it came"


def test_who_asks_why_is_told_what_was_decided_and_what_the_build_did_not_heed(separated):
    retailer, left, right, once = separated
    settings = retailer.settings
    told = {record: why.of_golden(settings, golden_id) for record, golden_id in anna(settings).items()}
    bonds = [row for row in told[left]["evidence"] if row["because"] == ["decided the same"]]
    assert [{row["left"], row["right"]} & {left} for row in bonds] == [{left}]
    assert json.dumps(told, allow_nan=False), "a decision weighs as much as no number of JSON does"
    (miss,) = (row for row in told[left]["near_misses"] if row["right"] == right)
    assert miss["because"] == ["decided different"]
    (other,) = {each["golden_id"] for each in told.values()} - {once}
    assert any(f"history   {other} split from {once}, with" in line for line in why.lines(told[right]))
    assert explained.of_pair(settings, left, right)["would_turn"] == [], "nothing but another decision turns one"

    one, another = sorted(ana(settings))
    (hers,) = set(ana(settings).values())
    (set_by_hand,) = (line for line in why.lines(why.of_golden(settings, hers)) if f"set       city on {one}" in line)
    assert set_by_hand.endswith(f", but rows of one day contradict each other: {one} and {another}")
    pair = explained.of_pair(settings, one, another)
    assert pair["together"], "they keep the golden id that they have"
    decided = [part.plain for part in explained.parts(pair) if isinstance(part, Text) and "decided:" in part.plain]
    assert ["does not heed" in line for line in decided] == ["cannot by" in line for line in decided] != [False, False]


def test_a_record_that_assay_made_and_no_load_has_read_names_the_golden_record_that_it_was_made_for(separated):
    settings = separated[0].settings
    made, golden_id = rows(
        settings.warehouse,
        """select record_id, customer_id from matched.matched_customers__ids
        where record_id like 'odoo:%' and record_id not in (select record_id from staging.stg_odoo__partners)
        order by record_id limit 1""",
    )[0].values()
    for ask in (lambda: explained.of_pair(settings, made, "pos:nobody"), lambda: list(source_record(settings, made))):
        with pytest.raises(NotFound, match=f"{made}: Assay made it itself, for {golden_id}"):
            ask()


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
