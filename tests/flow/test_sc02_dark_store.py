"""SC-02: S002 is dark for six hours, keeps selling, and sends all late, shuffled, in part twice, by a fast clock.

Meanwhile five of its card holders change their telephone number both at its till and in the web shop.
"""

import json
import shutil
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from pipelines.freshness import judge, measure
from pipelines.gates import Gate
from pipelines.publish.store import Line
from pipelines.resources import Settings, now
from sources.contract import load_contracts
from sources.estate import events, shifts
from sources.estate.endpoints import advance, clock
from sources.pos import fake as pos
from tests.flow.fixtures import Retailer, retailer_in
from tests.flow.scenes import Row, change_seed, golden, golden_digests, publish, receipts, rows

STORE, DARK = "S002", "pos/S002"
TRUSTED = "customers,phone,shopify > odoo > voucherify > pos > stripe"
EQUAL = "customers,phone,shopify = pos > odoo > voucherify > stripe"
CALLERS = """
    select
        customer_id,
        min(record_id) filter (where unit = 'S002') as card,
        min(record_id) filter (where system = 'shopify') as account
    from matched.matched_customers
    where published_id is null
    group by customer_id
    having count(*) filter (where system = 'pos') = 1 and count(*) filter (where system = 'shopify') = 1
        and count(*) filter (where unit = 'S002' and phone is not null) = 1
    order by customer_id
    limit 5
"""


@dataclass
class Outage:
    """What was seen while the store was dark, and after."""

    gates: dict[str, Gate] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)
    sentences_after_backfill: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    units: dict[str, list[str]] = field(default_factory=dict)
    held_again: list[str] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    verified: bool = False
    made: int = 0
    arrived: int = 0


@dataclass
class End:
    """Golden and the orders when all has arrived."""

    digests: dict[str, str]
    phones: dict[str, Row]
    receipts: list[Row]
    lines: list[Row]
    sign_ups: int
    gates: dict[str, Gate]


@dataclass
class Story:
    callers: list[Row]
    outage: Outage
    late: End
    bright: End


@pytest.fixture(scope="module")
def story(demo, tmp_path_factory) -> Story:
    folder = tmp_path_factory.mktemp("dark")
    callers, outage = rows(demo.settings.warehouse, CALLERS), Outage()
    assert len(callers) == 5
    with pytest.MonkeyPatch.context() as patch:
        change_seed(patch, folder, "survivorship.csv", lambda text: text.replace(TRUSTED, EQUAL))
        change_seed(patch, folder, "match_overrides.csv", lambda text: text.rstrip("\n") + "\n" + confirmed(callers))
        shutil.copytree(demo.home, folder / "late")
        with retailer_in(folder / "late", patch) as retailer:
            six_hours(retailer, callers, outage, dark=True)
            look(retailer, outage)
            shutil.copytree(folder / "late", folder / "published")
            outage.arrived = shifts.reconnect(retailer.folder, STORE, duplicates=0.05, fast=timedelta(minutes=7))
            ended = clock(retailer.folder)
            late = settle(retailer, callers)
        with retailer_in(folder / "published", patch) as retailer:
            publish_the_others(retailer, outage)
        shutil.copytree(demo.home, folder / "bright")
        with retailer_in(folder / "bright", patch) as retailer:
            six_hours(retailer, callers, Outage(), dark=False)
            advance(retailer.folder, ended - clock(retailer.folder))
            bright = settle(retailer, callers)
    return Story(callers, outage, late, bright)


def confirmed(callers: list[Row]) -> str:
    """A steward knows that card and account are one person, whatever becomes of the number that joined them."""
    decided = "must,Jana Steward,Showed both at the till,2026-03-01"
    return "".join(f"customers,{caller['card']},{caller['account']},{decided}\n" for caller in callers)


def six_hours(retailer: Retailer, callers: list[Row], outage: Outage, dark: bool) -> None:
    """Trade; after three hours each caller changes the number in the web shop, two of them later at the till again.

    The third did so at the till six minutes before: by the fast clock that is after the web shop. The last quarter of
    an hour is busy, so that somebody pays shortly before the store is back.
    """
    folder, began = retailer.folder, clock(retailer.folder)
    closed = (STORE,) if dark else ()
    outage.made += shifts.trade(folder, 3, closed)[STORE]
    for n, caller in enumerate(callers):
        number = {"phoneNumber": f"+42060200000{n}"}
        events.edit(folder, "shopify", "customers", caller["account"].split(":")[1], defaultPhoneNumber=number)
    outage.made += shifts.trade(folder, 2.75, closed)[STORE]
    outage.made += shifts.trade(folder, 0.25, closed, receipts=240)[STORE]
    for n, caller in enumerate(callers):
        at = (
            began
            + (timedelta(hours=5), timedelta(hours=5), timedelta(hours=3, minutes=-6), *[timedelta(hours=1)] * 2)[n]
        )
        card = caller["card"].split(":")[1]
        shifts.edit_card(folder, STORE, card, at, dark, phone=f"+420 777 000 00{n}")
    outage.made += len(callers)


def look(retailer: Retailer, outage: Outage) -> None:
    """Read, backfill a week-old day of the dark store, read again, build and plan."""
    retailer.extract()
    outage.sentences = stale(retailer.settings)
    backfill(retailer)
    retailer.extract()
    outage.sentences_after_backfill = stale(retailer.settings)
    assert retailer.build() == {}
    outage.gates = retailer.gates()
    _, outage.lines = retailer.plan()
    published = rows(retailer.settings.exports / "publish", "select golden_id, units from publish_odoo__res_partner")
    outage.units = {row["golden_id"]: row["units"] for row in published}


def backfill(retailer: Retailer) -> None:
    """Fifty receipts of last week that only now reach the central database."""
    week_ago, arrives = clock(retailer.folder) - timedelta(days=7), advance(retailer.folder, timedelta(minutes=2))
    old = [
        {"receipt_code": f"OLD{n:04}", "store_code": STORE, "till": 9, "number": n, "currency": "CZK",
         "total_amount": 1, "payment": "cash", "sold_at": week_ago + timedelta(minutes=n)}
        for n in range(50)
    ]  # fmt: skip
    pos.insert(retailer.folder / "pos.db", "receipts", old, arrives)
    advance(retailer.folder, timedelta(minutes=2))


def publish_the_others(retailer: Retailer, outage: Outage) -> None:
    """Publish what the dark store does not hold up; what waits must still wait in the next plan."""
    plan, _ = retailer.plan()
    done, found = publish(retailer, plan, note="six hours of trade")
    outage.verified = found.passed
    outage.written = {row["golden_id"] for row in receipts(retailer.settings, done.run_id)}
    _, lines = retailer.plan()
    outage.held_again = sorted((line.action, line.golden_id) for line in lines)


def settle(retailer: Retailer, callers: list[Row]) -> End:
    """Read and build what has arrived."""
    advance(retailer.folder, timedelta(minutes=2))
    retailer.extract()
    assert retailer.build() == {}
    settings = retailer.settings
    phones = golden(settings, "from golden_customers__provenance where attribute = 'phone'")
    wanted = {caller["customer_id"] for caller in callers}
    of_store = "from staging.stg_pos__receipts where store_code = ? and source_key not like 'OLD%' order by all"
    return End(
        golden_digests(settings),
        {row["customer_id"]: row for row in phones if row["customer_id"] in wanted},
        rows(settings.warehouse, f"select source_key, total_amount {of_store}", STORE),
        rows(settings.warehouse, "select source_key, total_amount from staging.stg_pos__receipt_lines order by all"),
        len(rows(settings.warehouse, "from staging.stg_pos__customers where source_key like 'C9002%'")),
        retailer.gates(),
    )


def stale(settings: Settings) -> list[str]:
    readings = judge(load_contracts(), measure(settings, load_contracts()), now())
    return [reading.sentence for reading in readings if reading.state == "stale"]


def test_the_gate_names_the_dark_store_its_age_and_the_domains_that_rest_on_it(story):
    assert all(sentence.startswith(f"{DARK} (") for sentence in story.outage.sentences)
    assert {sentence.split("(")[1].split(")")[0] for sentence in story.outage.sentences} == {
        "customers",
        "prices",
        "receipts",
        "receipt_lines",
        "tenders",
        "points",
    }
    for domain in ("customers", "prices", "orders"):
        assert story.outage.gates[domain].stale_units == {DARK}
        assert "newest event 6 h" in story.outage.gates[domain].reasons[0]
    assert story.outage.gates["products"].stale_units == set()


def test_no_domain_is_closed_by_one_dark_store(story):
    assert all(gate.open for gate in story.outage.gates.values())


def test_a_backfill_of_last_week_does_not_turn_the_store_fresh(story):
    assert len(story.outage.sentences_after_backfill) == len(story.outage.sentences) == 6


def test_only_rows_that_rest_on_the_dark_store_are_held(story):
    held = {line.golden_id for line in story.outage.lines if line.action == "hold"}
    assert all(DARK in story.outage.units[golden_id] for golden_id in held)
    changed = {line.golden_id for line in story.outage.lines if line.action in ("create", "update", "link")}
    assert len(changed) > 10
    assert not [golden_id for golden_id in changed if DARK in story.outage.units.get(golden_id, [])]


def test_the_others_are_published_and_what_was_held_still_waits(story):
    held = sorted(line.golden_id for line in story.outage.lines if line.action == "hold")
    assert story.outage.verified
    assert len(story.outage.written) > 10
    assert not story.outage.written & set(held)
    assert story.outage.held_again == [("hold", golden_id) for golden_id in held]


def test_the_late_batch_came_shuffled_with_a_twentieth_of_it_twice(story):
    assert story.outage.made > 150
    assert story.outage.arrived == story.outage.made + round(story.outage.made * 0.05)


def test_no_order_is_lost_or_doubled(story):
    assert story.late.receipts == story.bright.receipts
    assert story.late.lines == story.bright.lines
    assert len({row["source_key"] for row in story.late.receipts}) == len(story.late.receipts)
    assert story.late.sign_ups == story.bright.sign_ups == 21


def test_golden_is_the_same_as_if_the_store_had_never_been_dark(story):
    assert story.late.digests == story.bright.digests
    assert len(story.late.digests) > 10


def test_conflicting_edits_resolve_by_the_time_they_happened(story):
    for n, caller in enumerate(story.callers):
        row = story.late.phones[caller["customer_id"]]
        assert row["rule"] == "newest"
        at_till, in_shop = f"+42077700000{n}", f"+42060200000{n}"
        assert row["value"] == (at_till if n < 2 else in_shop)
        assert row["system"] == ("pos" if n < 2 else "shopify")


def test_the_value_that_lost_is_kept_with_its_record_and_the_reason(story):
    for n, caller in enumerate(story.callers):
        lost = json.loads(story.late.phones[caller["customer_id"]]["losing_values"])
        value = f"+42060200000{n}" if n < 2 else f"+42077700000{n}"
        kept = [one for one in lost if one["value"] == value]
        assert [one["record_id"] for one in kept] == [caller["account"] if n < 2 else caller["card"]]
        assert kept[0]["why"] == "older"


def test_after_the_catch_up_nothing_is_held_any_more(story):
    assert not [gate.domain for gate in story.late.gates.values() if gate.stale_units or not gate.open]
