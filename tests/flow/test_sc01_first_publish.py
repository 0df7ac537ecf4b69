"""SC-01: from nothing to a first governed publish; then our own values come back from Odoo and change nothing."""

import json
from datetime import timedelta

import sqlalchemy as sa

from pipelines import ledger
from pipelines.extract import Failure
from pipelines.landing import manifests
from pipelines.ledger import open_ledger
from pipelines.publish.store import CHANGES
from pipelines.publish.target import open_target
from pipelines.publish.verify import verify_run
from pipelines.resources import now
from sources.contract import load_contracts
from sources.estate.endpoints import advance
from tests.flow.scenes import golden, golden_digests, receipts

OURS = "odoo/external_ids"
LEVELS = {
    "golden_customers": ("golden_customers__provenance", "customer_id", "customer_id", ""),
    "golden_products": ("golden_products__provenance", "product_id", "golden_id", "and level = 'product'"),
    "golden_products__variants": ("golden_products__provenance", "variant_id", "golden_id", "and level = 'variant'"),
}
DERIVED = {"record_count", "system_count", "variant_count", "customer_id", "product_id", "variant_id"}


def first_plan(settings) -> dict[str, dict]:
    with open_ledger(settings.ledger_url).connect() as connection:
        query = sa.select(ledger.plans.c.summary).order_by(ledger.plans.c.seq).limit(1)
        return json.loads(connection.execute(query).scalar_one())["objects"]


def first_run(settings) -> str:
    with open_ledger(settings.ledger_url).connect() as connection:
        return connection.execute(sa.select(ledger.publish_runs.c.run_id)).scalar_one()


def test_every_stream_of_a_live_system_has_landed_rows(at_demo):
    landed = {
        f"{contract.system}/{name}": sum(
            load.rows for load in manifests(at_demo.settings.landing, contract.system, name)
        )
        for contract in load_contracts().values()
        if contract.state == "live"
        for name in contract.streams
    }
    assert len(landed) > 20
    # External ids are those that publishing itself makes: the next run reads them.
    assert [stream for stream, count in landed.items() if not count] == ["odoo/external_ids"]


def test_the_first_plan_creates_updates_and_links_and_rejects_nothing(at_demo):
    plan = first_plan(at_demo.settings)
    people = plan["res_partner"]
    assert people["create"] > 300
    assert 50 < people["update"] + people["link"] <= people["existing"]
    assert plan["product_product"]["rows"] == plan["product_product"]["existing"] == 60
    assert all(counts["reject"] == counts["conflict"] == counts["hold"] == 0 for counts in plan.values())


def test_every_line_was_written_and_every_field_reads_back_as_written(retailer_after_demo):
    with retailer_after_demo() as retailer:
        run_id = first_run(retailer.settings)
        with open_target() as client:
            found = verify_run(retailer.settings, client, run_id, now(), "tester")
    lines = sum(
        counts[action] for counts in first_plan(retailer.settings).values() for action in ("create", "update", "link")
    )
    written = receipts(retailer.settings, run_id)
    assert len({(one["object"], one["odoo_id"]) for one in written}) == lines
    assert found.matched == len(written) > 2000
    assert found.mismatches == []


def test_every_golden_value_says_its_source_its_load_and_its_rule(at_demo):
    for table, (provenance, key, told, level) in LEVELS.items():
        columns = golden(at_demo.settings, f"describe {table}")
        attributes = [row["column_name"] for row in columns if row["column_name"] not in DERIVED]
        as_text = ", ".join(f"cast({name} as varchar) as {name}" for name in attributes)
        values = golden(
            at_demo.settings,
            f"from (unpivot (select {key} as id, {as_text} from {table}) on {', '.join(attributes)}"
            " into name attribute value value)",
        )
        said = {
            (row["id"], row["attribute"]): row
            for row in golden(at_demo.settings, f"select {told} as id, * from {provenance} where true {level}")
        }
        assert len(values) > 60
        assert not [one for one in values if (one["id"], one["attribute"]) not in said], table
        assert all(said[one["id"], one["attribute"]]["value"] == one["value"] for one in values), table
        assert len(said) == len(values), table
        assert all(row["load_id"] and row["rule"] and row["system"] and row["event_at"] for row in said.values())


def test_our_own_values_coming_back_from_odoo_leave_nothing_to_write(retailer_after_demo):
    with retailer_after_demo() as retailer:
        before = golden_digests(retailer.settings)
        advance(retailer.folder, timedelta(minutes=5))
        landed = {f"{one.system}/{one.stream}": one.rows for one in retailer.extract()}
        assert landed["odoo/partners"] > 400
        assert landed[OURS] > 500
        assert not [stream for stream, count in landed.items() if count and not stream.startswith("odoo/")]
        assert retailer.build() == {}
        after = golden_digests(retailer.settings)
        assert after["golden_prices"] == before["golden_prices"]
        plan, lines = retailer.plan()
        assert plan.empty
        assert not [line for line in lines if line.action in CHANGES]


def test_golden_stays_as_it_is_while_odoo_cannot_be_read_after_a_publish(retailer_after_demo):
    with retailer_after_demo() as retailer:
        before = golden_digests(retailer.settings)
        retailer.estate.take_down("odoo")
        advance(retailer.folder, timedelta(minutes=5))
        failed = [one for one in retailer.extract() if isinstance(one, Failure)]
        assert {one.system for one in failed} == {"odoo"}
        assert len(failed) == 6
        retailer.estate.bring_up("odoo")
        assert retailer.build() == {}
        assert golden_digests(retailer.settings) == before
        plan, lines = retailer.plan()
        assert plan.empty
        assert lines == []
