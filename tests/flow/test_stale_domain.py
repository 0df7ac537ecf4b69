"""A domain whose data is late is not published, says why, and holds up no other domain."""

from datetime import timedelta

from click.testing import CliRunner

from pipelines.cli import main
from sources.contract import Sla, load_contracts
from sources.estate import shifts
from tests.flow.fixtures import Retailer

OTHERS = ["odoo", "pos", "stripe", "voucherify"]


def with_price_sla(fail: timedelta) -> dict:
    """The contracts after somebody edited one line: how old Shopify's price lists may be."""
    contracts = load_contracts()
    shopify = contracts["shopify"]
    stricter = shopify.streams["price_lists"].model_copy(update={"sla": Sla(warn=fail, fail=fail)})
    edited = shopify.model_copy(update={"streams": shopify.streams | {"price_lists": stricter}})
    return contracts | {"shopify": edited}


def price_lines(plan) -> dict:
    return plan.summary["objects"]["product_pricelist_item"]


def half_an_hour_without_the_shop(retailer: Retailer) -> None:
    shifts.trade(retailer.folder, hours=0.5)
    retailer.extract(OTHERS)
    retailer.build()


def test_prices_are_refused_with_reason_and_age_while_customers_and_products_go_on(retailer_after_demo):
    with retailer_after_demo() as retailer:
        half_an_hour_without_the_shop(retailer)
        assert retailer.gates()["prices"].open
        contracts = with_price_sla(timedelta(minutes=15))
        gates = retailer.gates(contracts)
        assert not gates["prices"].open
        assert any("shopify/price_lists" in reason and "30 min" in reason for reason in gates["prices"].reasons)
        assert gates["customers"].open
        assert gates["products"].open
        plan, lines = retailer.plan(contracts)
        assert "shopify/price_lists" in price_lines(plan)["closed"]
        assert not [line for line in lines if line.object == "product_pricelist_item"]
        assert [line for line in lines if line.object == "res_partner" and line.after]


def test_reading_old_data_again_does_not_open_the_gate(retailer_after_demo):
    with retailer_after_demo() as retailer:
        half_an_hour_without_the_shop(retailer)
        retailer.build()
        assert not retailer.gates(with_price_sla(timedelta(minutes=15)))["prices"].open
        retailer.extract(["shopify"])
        assert not retailer.gates(with_price_sla(timedelta(minutes=15)))["prices"].open, "golden is as old as it was"
        retailer.build()
        assert retailer.gates(with_price_sla(timedelta(minutes=15)))["prices"].open


def test_the_command_line_ends_with_3_and_names_what_is_stale(retailer_after_demo):
    with retailer_after_demo() as retailer:
        shifts.trade(retailer.folder, hours=7, receipts=2)
        said = CliRunner().invoke(main, ["freshness"])
        assert said.exit_code == 3
        assert "shopify/customers" in said.output
        retailer.extract()
        fresh = CliRunner().invoke(main, ["freshness"])
        assert fresh.exit_code == 0, fresh.output
