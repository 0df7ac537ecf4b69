"""The asset graph as a file: a renamed asset, a lost edge or a moved group shows in review.

A line is one fact, an asset in its group or an edge, so that two additions never meet in one line. Renew the file with
ASSAY_RENEW=1 after a change that is meant.
"""

import os
from pathlib import Path

import dagster as dg
import pytest

SNAPSHOT = Path(__file__).with_name("asset_graph.txt")
LAYERS = ["1_landing", "2_staging", "3_conformed", "4_matched", "5_golden", "6_publish", "7_odoo"]


@pytest.fixture(scope="module")
def definitions(tmp_path_factory) -> dg.Definitions:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ASSAY_HOME", str(tmp_path_factory.mktemp("definitions")))
        from pipelines.definitions import defs

        return defs


@pytest.fixture(scope="module")
def graph(definitions):
    return definitions.resolve_asset_graph()


def facts(graph, key: dg.AssetKey) -> list[str]:
    node, name = graph.get(key), key.to_user_string()
    return [f"{node.group_name} {name}", *(f"{name} <- {parent.to_user_string()}" for parent in node.parent_keys)]


def test_the_asset_graph_is_the_one_on_file(graph):
    now = sorted(fact for key in graph.get_all_asset_keys() for fact in facts(graph, key))
    if os.environ.get("ASSAY_RENEW"):
        SNAPSHOT.write_text("\n".join(now) + "\n")
    assert sorted(SNAPSHOT.read_text().splitlines()) == now


def test_every_asset_has_a_group_a_description_an_owner_and_a_kind(graph):
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert node.group_name != "default", key
        assert node.description, key
        assert node.owners or node.group_name == "0_seeds", key
        assert node.kinds, key


def test_data_flows_from_one_layer_to_the_next(graph):
    place = {group: number for number, group in enumerate(LAYERS)}
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        for parent in node.parent_keys:
            if node.group_name in place and graph.get(parent).group_name in place:
                assert place[graph.get(parent).group_name] <= place[node.group_name], f"{parent} -> {key}"


def test_every_stream_of_every_contract_is_an_asset_with_its_sla(graph):
    from sources.contract import load_contracts

    for contract in load_contracts().values():
        for name, stream in contract.streams.items():
            node = graph.get(dg.AssetKey([contract.system, name]))
            policy = node.freshness_policy
            assert (policy is None) == (stream.sla is None)
            if stream.sla:
                assert policy.fail_window.to_timedelta() == stream.sla.fail


def test_published_assets_must_be_as_fresh_as_the_strictest_stream_of_their_domain(graph):
    from sources.contract import load_contracts

    strictest = min(
        stream.sla.fail
        for contract in load_contracts().values()
        for stream in contract.streams.values()
        if stream.sla and stream.domain == "prices"
    )
    policy = graph.get(dg.AssetKey(["published", "odoo", "product_pricelist_item"])).freshness_policy
    assert policy.fail_window.to_timedelta() == strictest


def test_personal_columns_are_tagged(graph):
    columns = graph.get(dg.AssetKey(["golden_customers"])).metadata["dagster/column_schema"].columns
    personal = {column.name for column in columns if "pii" in column.tags}
    assert {"full_name", "email", "phone", "street"} <= personal
    assert "customer_id" not in personal


def test_nothing_runs_by_itself(definitions):
    repository = definitions.get_repository_def()
    assert repository.schedule_defs
    assert repository.sensor_defs
    for each in [*repository.schedule_defs, *repository.sensor_defs]:
        assert each.default_status.value == "STOPPED", each.name


def test_the_jobs_are_those_that_the_readme_names(definitions):
    names = {job.name for job in definitions.get_repository_def().get_all_jobs()} - {"__ASSET_JOB"}
    assert names == {"ingest", "build", "plan", "apply", "undo", "full"}


def test_the_default_executor_stays_in_one_process(definitions):
    assert definitions.get_repository_def().get_job("full").executor_def.name == "in_process"
