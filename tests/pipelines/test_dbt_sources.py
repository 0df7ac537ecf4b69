"""The dbt sources say what the contracts say."""

import shutil

import pytest
import yaml

from pipelines.dbt_sources import STAGING, source_yaml, write_sources
from sources.contract import load_contracts

CONTRACTS = load_contracts()


@pytest.mark.parametrize("system", CONTRACTS)
def test_the_committed_sources_are_those_of_the_contracts(system):
    committed = (STAGING / system / f"_{system}__sources.yml").read_text()
    assert committed == source_yaml(CONTRACTS[system]), "run python -m pipelines.dbt_sources"


def test_no_source_outlives_its_contract():
    generated = {path.parent.name for path in STAGING.glob("*/_*__sources.yml")}
    assert generated - {"ledger"} == set(CONTRACTS)


@pytest.mark.parametrize("system", CONTRACTS)
def test_every_table_names_its_dagster_asset_and_its_freshness(system):
    (source,) = yaml.safe_load(source_yaml(CONTRACTS[system]))["sources"]
    for table in source["tables"]:
        stream = CONTRACTS[system].streams[table["name"]]
        assert table["config"]["meta"]["dagster"]["asset_key"] == [system, table["name"]]
        assert ("freshness" in table["config"]) == (stream.sla is not None)


def test_a_table_of_native_columns_carries_their_classes():
    (source,) = yaml.safe_load(source_yaml(CONTRACTS["pos"]))["sources"]
    (customers,) = (table for table in source["tables"] if table["name"] == "customers")
    classes = {column["name"]: column.get("config", {}).get("meta", {}).get("class") for column in customers["columns"]}
    assert classes["email"] == "pii"
    assert classes["customer_code"] == "public"


def test_writing_twice_touches_nothing_the_second_time(tmp_path):
    first = write_sources(CONTRACTS, tmp_path)
    stamps = [path.stat().st_mtime_ns for path in first]
    assert [path.stat().st_mtime_ns for path in write_sources(CONTRACTS, tmp_path)] == stamps
    shutil.rmtree(tmp_path)
