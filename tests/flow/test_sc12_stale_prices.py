"""SC-12: the price feed stops. Prices wait, with the reason and the age; customers and products are published."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipelines.cli import main
from pipelines.extract import extract_stream
from pipelines.gates import Gate
from pipelines.publish.store import Plan
from pipelines.resources import now
from pipelines.stream_run import LoadReport
from sources.contract import SOURCES, Contract, load_contracts
from sources.estate import events, shifts
from tests.flow.fixtures import Retailer, retailer_in
from tests.flow.scenes import publish, receipts

FEED = ("pricelists", "pricelist_items")
SLA = "sla: {warn: 10m, fail: 15m}"
PRICES, PRICE = "product_pricelist_item", "13"


@dataclass
class Story:
    """What was seen half an hour after the price feed stopped."""

    backfill: LoadReport
    gates: dict[str, Gate]
    relaxed: dict[str, Gate]
    plan: Plan
    planned: set[tuple[str, str]]
    written: list[dict]
    told: Result
    read_again: dict[str, Gate]
    healed: dict[str, Gate]


@pytest.fixture(scope="module")
def story(demo, tmp_path_factory) -> Story:
    folder = tmp_path_factory.mktemp("stale")
    shutil.copytree(demo.home, folder / "home")
    with pytest.MonkeyPatch.context() as patch, retailer_in(folder / "home", patch) as retailer:
        return tell(retailer, folder / "contracts")


def tell(retailer: Retailer, edited: Path) -> Story:
    settings, contracts, began = retailer.settings, load_contracts(), now()
    shifts.trade(retailer.folder, hours=0.5)
    change_every_domain(retailer)
    retailer.extract([system for system in contracts if system != "odoo"])
    for name in contracts["odoo"].streams:
        if name not in FEED:
            extract_stream(contracts["odoo"], name, settings, now())
    backfill = extract_stream(contracts["odoo"], "pricelist_items", settings, began, full=True)
    assert retailer.build() == {}
    gates, relaxed = retailer.gates(), retailer.gates(with_price_sla(edited, "45m"))
    told = CliRunner().invoke(main, ["freshness"])
    plan, lines = retailer.plan()
    done, read_back = publish(retailer, plan, note="half an hour of changes")
    assert read_back.passed
    retailer.extract(["odoo"])
    read_again = retailer.gates()
    assert retailer.build() == {}
    written = receipts(settings, done.run_id)
    planned = {(line.object, name) for line in lines for name in line.after}
    return Story(backfill, gates, relaxed, plan, planned, written, told, read_again, retailer.gates())


def change_every_domain(retailer: Retailer) -> None:
    """A telephone number, the weight of some variants and a fixed price of the web shop."""
    shop = {stream: events.keys(retailer.folder, "shopify", stream) for stream in ("customers", "variants")}
    number = {"phoneNumber": "+420777123456"}
    events.edit(retailer.folder, "shopify", "customers", shop["customers"][0], defaultPhoneNumber=number)
    for key in shop["variants"][:5]:
        weight = {"measurement": {"weight": {"unit": "GRAMS", "value": 4321}}}
        events.edit(retailer.folder, "shopify", "variants", key, inventoryItem=weight)
    events.edit(retailer.folder, "odoo", "pricelist_items", PRICE, fixed_price=777.0)


def with_price_sla(folder: Path, fail: str) -> dict[str, Contract]:
    """The contracts after somebody edited one file: how old Odoo's prices may be."""
    for path in SOURCES.glob("*/contract.yml"):
        (folder / path.parent.name).mkdir(parents=True)
        shutil.copy(path, folder / path.parent.name)
    odoo = folder / "odoo" / "contract.yml"
    assert odoo.read_text().count(SLA) == 2
    odoo.write_text(odoo.read_text().replace(SLA, SLA.replace("15m", fail)))
    return load_contracts(folder)


def test_prices_are_refused_with_the_reason_and_the_age(story):
    assert not story.gates["prices"].open
    assert story.gates["prices"].reasons == [
        "odoo/pricelists: read to the end 30 min ago, allowed 15 min",
        "odoo/pricelist_items: read to the end 30 min ago, allowed 15 min",
    ]
    assert "odoo/pricelist_items: read to the end 30 min" in story.plan.summary["objects"][PRICES]["closed"]


def test_a_backfill_of_an_old_partition_lands_and_does_not_help(story):
    assert story.backfill.full
    assert story.backfill.received > 100
    assert story.gates["prices"].readings
    assert not story.gates["prices"].open


def test_customers_and_products_are_published(story):
    assert story.gates["customers"].open
    assert story.gates["products"].open
    assert ("res_partner", "phone") in story.planned
    assert ("product_product", "weight") in story.planned
    assert {(row["object"], row["field"]) for row in story.written} >= {
        ("res_partner", "phone"),
        ("product_product", "weight"),
    }


def test_no_stale_price_is_written(story):
    assert PRICES not in {name for name, _ in story.planned}
    assert PRICES not in {row["object"] for row in story.written}


def test_the_allowed_age_is_read_from_the_contract_and_takes_effect_at_once(story):
    assert story.relaxed["prices"].open
    assert story.relaxed["prices"].reasons == []


def test_the_command_line_ends_with_3_and_names_what_is_stale(story):
    assert story.told.exit_code == 3
    assert "odoo/pricelist_items" in story.told.output


def test_what_is_read_and_built_again_opens_the_gate_and_not_before(story):
    assert not story.read_again["prices"].open, "golden is as old as it was"
    assert story.healed["prices"].open
    assert story.healed["prices"].reasons == []
