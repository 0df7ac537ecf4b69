"""The demo: one command from nothing to a verified publish, and what it leaves behind for the next three commands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
import duckdb
import sqlalchemy as sa

from pipelines import ledger, lineage
from pipelines.instance import instance
from pipelines.ledger import open_ledger
from sources.contract import load_contracts


def runs(demo) -> list[tuple[str, str]]:
    with instance(demo.settings) as store:
        return [(run.job_name, run.status.value) for run in store.get_runs()]


def assay(demo, *arguments: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "ASSAY_HOME": str(demo.home)}
    command = [sys.executable, "-m", "pipelines.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_it_says_what_it_found_and_that_a_second_plan_is_empty(demo):
    for what in ("customer records: odoo", "duplicates resolved", "in conflict", "fields written", "read back"):
        assert what in demo.said
    assert "second plan: nothing" in demo.said


def test_the_commands_that_it_names_work_when_the_demo_has_ended(demo):
    named = re.findall(r"^  \S*assay (.+)$", demo.said, flags=re.M)
    assert len(named) >= 2
    for words in named:
        done = assay(demo, *words.split())
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()


def test_the_lineage_that_the_readme_names_is_there_after_the_demo(demo):
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    named = dict(re.findall(r"`assay lineage (odoo|record) (\S+)`", readme))
    assert named.keys() == {"odoo", "record"}
    for found in (
        lineage.odoo_field(demo.settings, named["odoo"]),
        lineage.source_record(demo.settings, named["record"]),
    ):
        assert len(list(found)) > 1


def test_the_ui_shows_the_runs_of_the_demo(demo):
    assert sorted(runs(demo)) == [("full", "SUCCESS"), ("plan", "SUCCESS")]


def test_every_stream_of_a_live_system_is_materialised_with_its_row_count(demo):
    live = [contract for contract in load_contracts().values() if contract.state == "live"]
    with instance(demo.settings) as store:
        for contract in live:
            for name in contract.streams:
                event = store.get_latest_materialization_event(dg.AssetKey([contract.system, name]))
                assert event is not None, f"{contract.system}/{name}"
                assert "dagster/row_count" in event.asset_materialization.metadata


def test_row_counts_of_models_are_those_of_the_tables(demo):
    customers = demo.settings.exports / "golden" / "golden_customers.parquet"
    with instance(demo.settings) as store:
        event = store.get_latest_materialization_event(dg.AssetKey(["golden_customers"]))
    counted = event.asset_materialization.metadata["dagster/row_count"].value
    assert counted == duckdb.execute("select count(*) from read_parquet(?)", [str(customers)]).fetchone()[0]


def test_published_assets_carry_a_passed_check_that_they_read_back(demo):
    key = dg.AssetCheckKey(dg.AssetKey(["published", "odoo", "res_partner"]), "reads_back_as_written")
    with instance(demo.settings) as store:
        found = store.event_log_storage.get_latest_asset_check_execution_by_key([key])
    assert found[key].evaluation.passed


def test_nothing_personal_stands_in_the_events_of_dagster(demo):
    customers = demo.settings.exports / "golden" / "golden_customers.parquet"
    query = "select email from read_parquet(?) where email is not null"
    emails = {row[0] for row in duckdb.execute(query, [str(customers)]).fetchall()}
    with instance(demo.settings) as store:
        told = "".join(entry.to_json() for run in store.get_runs() for entry in store.all_logs(run.run_id))
    assert len(emails) > 100
    assert not [email for email in emails if email in told]


def test_it_refuses_to_forget_a_ledger_that_no_demo_made(tmp_path):
    (tmp_path / "ledger.db").touch()
    environment = {**os.environ, "ASSAY_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "pipelines.cli", "demo", "--profile", "retailer2"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no demo made" in done.stderr
    assert (tmp_path / "ledger.db").exists()


def test_every_event_of_a_golden_id_names_the_dagster_run_that_built_it(demo):
    with instance(demo.settings) as store:
        ours = {run.run_id for run in store.get_runs()}
    with open_ledger(demo.settings.ledger_url).connect() as connection:
        named = set(connection.scalars(sa.select(ledger.id_events.c.run_id).distinct()))
        built = dict(connection.execute(sa.select(ledger.runs.c.run_id, ledger.runs.c.status)).all())
    assert named
    assert named <= ours
    assert {built[run_id] for run_id in named} == {"succeeded"}
