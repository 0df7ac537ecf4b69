"""Column lineage follows values through every model down to the raw column, members of JSON documents included."""

import json
import re

import pytest

from pipelines import columns
from pipelines.unheard import unheard_models
from sources.contract import load_contracts

READ = ("odoo", "pos", "shopify", "stripe", "voucherify")


@pytest.fixture(scope="module")
def graph(demo):
    return columns.graph(demo.settings)


@pytest.fixture(scope="module")
def manifest(demo):
    return json.loads((demo.home / "dbt" / "manifest.json").read_bytes())


@pytest.mark.parametrize(
    ("model", "column", "raw"),
    [
        ("golden_customers", "email", ("shopify/customers", "defaultEmailAddress.emailAddress")),
        ("golden_customers", "email", ("pos/customers", "email")),
        ("publish_odoo__res_partner", "name", ("shopify/customers", "defaultAddress.company")),
        ("publish_odoo__product_pricelist_item", "fixed_price", ("pos/prices", "amount")),
        ("golden_prices", "amount", ("shopify/price_lists", "price.amount")),
        ("golden_products__variants", "gtin14", ("odoo/product_variants", "barcode")),
        ("golden_customers__provenance", "value", ("voucherify/customers", "email")),
    ],
)
def test_a_golden_column_rests_on_the_raw_column_of_a_source(graph, model, column, raw):
    assert raw in columns.roots(graph, model, column)


def test_an_email_rests_on_no_telephone(graph):
    for source, name in columns.roots(graph, "golden_customers", "email"):
        assert "phone" not in name.lower(), f"{source}.{name}"


def test_every_sql_model_that_was_built_is_traced_and_every_edge_leads_to_a_known_column(graph, manifest):
    models = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    seeds = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "seed"}
    sources = {f"{source['source_name']}/{source['name']}" for source in manifest["sources"].values()}
    assert set(graph) == models
    assert {model for model in models if not graph[model]} == set(unheard_models(manifest, READ))
    for model, found in graph.items():
        for column, upstream in found.items():
            for source, name in upstream:
                where = f"{model}.{column} <- {source}.{name}"
                assert source in models | seeds | sources, where
                assert source not in models or name in graph[source], where


def test_a_union_by_name_has_the_columns_of_all_its_queries(tmp_path):
    union = " union all by name ".join(["select id, zip from one", "select name, id from two", "select city from two"])
    nodes = {}
    for model, code in {"one": "", "two": "", "both": f"with every as ({union}) select * from every"}.items():
        path = tmp_path / "compiled" / "shop" / f"{model}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code or "select 1 as one")
        nodes[model] = {"name": model, "resource_type": "model", "language": "sql", "package_name": "shop"}
        nodes[model] |= {"original_file_path": path.name, "relation_name": model}
    (tmp_path / "manifest.json").write_text(json.dumps({"nodes": nodes, "sources": {}}))
    relations = {"one": {"id": "int", "zip": "text"}, "two": {"id": "int", "name": "text", "city": "text"}}
    (tmp_path / "relations.json").write_text(json.dumps(relations))
    assert columns._graph(tmp_path, 0)["both"] == {
        "id": [("one", "id"), ("two", "id")],
        "zip": [("one", "zip")],
        "name": [("two", "name")],
        "city": [("two", "city")],
    }


def test_raw_columns_of_a_source_are_those_of_its_contract_or_its_envelope(graph):
    contracts = load_contracts()
    for model, found in graph.items():
        for column, upstream in found.items():
            for source, name in upstream:
                system, _, stream = source.partition("/")
                if stream and system in contracts and not name.startswith("_"):
                    known = {path.split(".")[0] for path in contracts[system].streams[stream].columns}
                    assert name.split(".")[0] in known, f"{model}.{column} <- {source}.{name}"


def test_every_published_field_has_golden_columns_behind_it(graph, demo):
    from pipelines.publish.policy import load_policy

    constant = {"applied_on", "compute_price"}
    for name, policy in load_policy().objects.items():
        for field in set(policy.owned) - constant:
            assert columns.attributes_of(demo.settings, f"publish_odoo__{name}", field), f"{name}.{field}"


def test_a_python_model_states_its_lineage_or_rests_on_all_it_reads(graph, manifest):
    python = [node["name"] for node in manifest["nodes"].values() if node.get("language") == "python"]
    assert python
    for model in python:
        assert all(graph[model].values()), model


def test_the_page_holds_every_edge_and_asks_nothing_of_the_network(demo, graph, tmp_path):
    page = columns.write_page(demo.settings, tmp_path / "lineage.html").read_text()
    edges = json.loads(re.search(r"const edges = (\[.*?\]);\n", page)[1])
    assert len(edges) == sum(len(upstream) for found in graph.values() for upstream in found.values())
    assert not re.search(r"https?://|src=|@import", page)
