"""The dbt sources say what the contracts say, and the unions of conformed name every model beside them."""

import shutil

import pytest
import yaml

from pipelines.dbt_sources import STAGING, source_yaml, write_sources
from pipelines.dbt_unions import CONFORMED, listed, members, write_unions
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


@pytest.mark.parametrize("domain", sorted(path.name for path in CONFORMED.iterdir()))
def test_the_committed_unions_name_every_system_that_has_the_domain(domain):
    folder = CONFORMED / domain
    names = members(folder)
    assert len(names) > 2
    assert sorted(listed(folder / f"conformed_{domain}__records.sql")) == names, "run assay contracts sync"


def test_a_union_takes_in_a_new_systems_model_and_lines_in_any_order_stay(tmp_path):
    folder = tmp_path / "customers"
    folder.mkdir()
    for name in ("published", "till", "shop", "placeholders"):
        (folder / f"conformed_customers__{name}.sql").write_text("select 1")
    (path,) = write_unions({"till", "shop"}, tmp_path)
    assert listed(path) == [f"conformed_customers__{name}" for name in ("published", "shop", "till")]
    lines = path.read_text().splitlines()
    lines[2], lines[3] = lines[3], lines[2]
    path.write_text("\n".join(lines))
    merged = path.read_text()
    write_unions({"till", "shop"}, tmp_path)
    assert path.read_text() == merged
    write_unions({"shop"}, tmp_path)
    assert listed(path) == ["conformed_customers__published", "conformed_customers__shop"]
