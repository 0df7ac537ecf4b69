"""Somebody asks to be forgotten: one run takes the person out of everything kept, and no later run brings them back."""

import duckdb
import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.erasure import NotErasable, erase, members_of, personal_values, traces
from pipelines.landing import damaged_loads
from pipelines.ledger import ERASED, open_ledger, receipts
from pipelines.publish.apply import apply_plan
from pipelines.publish.approve import approve
from pipelines.publish.erase import plan_erasure
from pipelines.publish.target import open_target
from pipelines.resources import now
from sources.contract import load_contracts
from tests.flow.scenes import in_odoo


def test_an_erased_person_is_in_no_file_of_ours_and_the_next_run_does_not_bring_them_back(retailer_after_demo):
    contracts = load_contracts()
    with retailer_after_demo() as retailer:
        settings = retailer.settings
        golden_id = someone_in_several_systems(settings)
        records = members_of(settings, contracts, golden_id)
        values = personal_values(settings, contracts, records)
        done = erase(settings, contracts, records, "asked in writing", "privacy officer", now())
        assert sum(done.dropped.values()) >= len(records)
        assert [place.split("/")[0] for place in done.in_odoo] == ["res.partner"]
        shared = set(traces(settings, values))
        assert len(shared) < len(values), "nothing told this person from others, so this proves nothing"
        retailer.extract()
        assert retailer.build() == {}
        assert set(traces(settings, values)) <= shared
        assert damaged_loads(settings.landing) == []
        ids = f"{settings.exports}/matched/matched_customers__ids.parquet"
        assert duckdb.sql(f"select count(*) from '{ids}' where record_id in {(*records, '')}").fetchone() == (0,)
        shown = CliRunner().invoke(main, ["golden", "show", golden_id])
        assert "erased or deleted" in shown.stderr or "retired in run" in shown.stderr
        with open_ledger(settings.ledger_url).connect() as connection:
            kept = connection.execute(receipts.select().where(receipts.c.golden_id == golden_id)).all()
        assert kept
        assert {row.after for row in kept if row.field not in ("country_id", "is_company")} == {ERASED}
        officer_erases_in_odoo(settings, done.in_odoo)
        assert not [value for value in values - shared for row in in_odoo().values() if value in str(row)]
        assert retailer.plan()[0].empty


def officer_erases_in_odoo(settings, places):
    """Plan, approve and apply what the command line says that is left."""
    with open_target() as client:
        plan = plan_erasure(settings, client, [int(place.split("/")[1]) for place in places], "asked", now(), "officer")
        approve(settings, plan.plan_id, "a steward", now())
        assert set(apply_plan(settings, client, plan.plan_id, now(), "officer").outcomes) == {"done"}


def test_nobody_by_that_name_is_a_clear_refusal_that_changes_nothing(at_demo):
    with pytest.raises(NotErasable, match="C-NOBODY"):
        members_of(at_demo.settings, load_contracts(), "C-NOBODY")
    said = CliRunner().invoke(main, ["privacy", "erase", "sap:1", "--basis", "asked"])
    assert said.stderr.startswith("assay: sap:1: there is no system 'sap'; known are ")
    with pytest.raises(NotErasable, match="no system 'sap'"):
        erase(at_demo.settings, load_contracts(), ["sap:1"], "asked", "me", now())


def someone_in_several_systems(settings):
    ids = f"{settings.exports}/matched/matched_customers__ids.parquet"
    query = f"""
        select customer_id from '{ids}' group by 1
        having count(distinct split_part(record_id, ':', 1)) >= 3 order by 1 limit 1
    """
    return duckdb.sql(query).fetchone()[0]
