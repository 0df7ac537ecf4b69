"""A store goes dark for six hours and comes back late, shuffled, in part twice and with a fast clock."""

from datetime import timedelta

import duckdb
import pytest

from pipelines.freshness import judge, measure
from pipelines.resources import now
from sources.contract import load_contracts
from sources.estate import shifts
from tests.flow.fixtures import Retailer

DARK = "pos/S002"
# Ids name who came first, and times carry the fast clock; all else must be as if the line had never been cut.
COMPARED = {
    "golden_customers": "* exclude (customer_id)",
    "golden_products__variants": "*",
    "golden_prices": "*",
}


def outage(retailer: Retailer) -> None:
    """Six hours in which S002 keeps selling and nobody hears of it; the others are read at the end."""
    shifts.trade(retailer.folder, hours=6, dark=("S002",))
    retailer.extract()


def golden(retailer: Retailer, table: str, columns: str) -> list[tuple]:
    path = retailer.settings.exports / "golden" / f"{table}.parquet"
    return duckdb.execute(f"select {columns} from read_parquet(?) order by all", [str(path)]).fetchall()


@pytest.fixture
def after_outage(retailer_after_demo):
    with retailer_after_demo() as retailer:
        outage(retailer)
        yield retailer


def test_the_dark_store_is_held_back_and_all_others_are_published(after_outage):
    after_outage.build()
    gate = after_outage.gates()["customers"]
    assert gate.open
    assert gate.stale_units == {DARK}
    assert any(DARK in reason and "6 h" in reason for reason in gate.reasons)
    plan, lines = after_outage.plan()
    customers = [line for line in lines if line.object == "res_partner"]
    changed = [line for line in customers if line.action in ("create", "update", "link")]
    assert changed, "the sign-ups and edits of the other store are published"
    held = [line for line in customers if line.action == "hold"]
    assert all(DARK in line.reason for line in held)
    written = {line.golden_id for line in changed}
    path = after_outage.settings.exports / "publish" / "publish_odoo__res_partner.parquet"
    rest_on_dark = duckdb.execute(
        "select golden_id from read_parquet(?) where list_contains(units, ?)", [str(path), DARK]
    ).fetchall()
    assert rest_on_dark
    assert not written & {row[0] for row in rest_on_dark}


def test_what_the_store_sends_late_counts_as_if_it_had_never_been_dark(after_outage, retailer_after_demo):
    shifts.reconnect(after_outage.folder, "S002", fast=timedelta(minutes=7))
    after_outage.extract()
    after_outage.build()
    readings = judge(load_contracts(), measure(after_outage.settings, load_contracts()), now())
    assert not [reading.sentence for reading in readings if reading.state == "stale"]
    assert not after_outage.gates()["customers"].stale_units
    late = {table: golden(after_outage, table, columns) for table, columns in COMPARED.items()}
    with retailer_after_demo("bright") as bright:
        shifts.trade(bright.folder, hours=6)
        bright.extract()
        bright.build()
        for table, columns in COMPARED.items():
            assert golden(bright, table, columns) == late[table], table
