"""dbt-project-evaluator is clean: its rules offline, each seen to find what breaks it, and itself where installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules.evaluated import EVALUATOR, EXCEPTIONS, RULES, Graph, broken, covers

INSTALLED = EVALUATOR / "dbt_packages" / "dbt_project_evaluator"


@pytest.mark.parametrize("name", RULES)
def test_the_project_breaks_no_rule(name, manifest):
    assert broken(name, manifest) == []


def test_every_exception_covers_what_a_rule_finds_and_says_why(manifest):
    graph = Graph(manifest)
    stale = [
        exception
        for exception in EXCEPTIONS
        if not exception["comment"] or not any(covers(exception, row) for row in RULES[exception["fct_name"]](graph))
    ]
    assert not stale


def source(system, stream, **other):
    path = f"models/staging/{system}/_{system}__sources.yml"
    place = {"database": "w", "schema": system, "identifier": stream}
    said = {"description": "A stream.", "source_description": "A system.", "freshness": {"warn_after": {"count": 1}}}
    return {"source_name": system, "name": stream, "original_file_path": path} | place | said | other


def model(name, path, reads, **config):
    """A model as the manifest has it: `reads` are ids, `config` is laid over one that no rule minds."""
    calm = {"materialized": "table", "access": "protected", "contract": {"enforced": False}}
    return {
        "resource_type": "model",
        "name": name,
        "original_file_path": f"models/{path}/{name}.sql",
        "language": "sql",
        "raw_code": config.pop("raw_code", "select 1"),
        "description": config.pop("description", "A model."),
        "columns": {},
        "config": calm | config,
        "depends_on": {"nodes": [*reads], "macros": []},
    }


@pytest.fixture(scope="module")
def spoilt():
    """A manifest in which something breaks each of the rules."""
    shop, silent = "source.x.shop.orders", "source.x.till.receipts"
    rejects = [f"stg_shop__{word}" for word in ("a", "b", "c", "d", "e", "f", "g", "h")]
    layers = {
        "stg_shop__orders": ("staging/till", [shop, silent]),
        "stg_shop__again": ("staging/shop", [shop, "model.x.stg_shop__orders"]),
        "stg_shop__back": ("staging/shop", ["model.x.golden_shop"]),
        "golden_shop": ("golden/shop", [shop]),
        "conformed_shop": ("conformed/shop", ["model.x.stg_shop__orders"]),
        "matched_shop": ("matched/shop", ["model.x.stg_shop__orders", "model.x.conformed_shop"]),
        "rootless": ("golden/shop", []),
        **{name: ("staging/shop", ["model.x.stg_shop__again"]) for name in rejects},
        "golden_union": ("golden/shop", [f"model.x.{name}" for name in rejects[:7]]),
        **{f"golden_end{no}": ("golden/shop", ["model.x.matched_shop"]) for no in range(4)},
        "view0": ("golden/shop", ["model.x.golden_union"]),
        **{f"view{no}": ("golden/shop", [f"model.x.view{no - 1}"]) for no in range(1, 6)},
    }
    nodes = {f"model.x.{name}": model(name, path, reads) for name, (path, reads) in layers.items()}
    for no in range(5):
        nodes[f"model.x.view{no}"]["config"]["materialized"] = "view"
    nodes["model.x.rootless"] |= {"description": "", "raw_code": "select 1\nfrom golden.customers\n"}
    nodes["model.x.golden_end0"]["config"]["access"] = "public"
    nodes["test.x.elsewhere"] = {
        "resource_type": "test",
        "name": "not_null_golden_shop",
        "test_metadata": {"name": "not_null"},
        "column_name": "id",
        "original_file_path": "models/staging/shop/shop.yml",
        "depends_on": {"nodes": ["model.x.golden_shop"], "macros": ["macro.dbt.test_not_null"]},
    }
    sources = {
        shop: source("shop", "orders"),
        silent: source("till", "receipts", description="", source_description="", freshness=None),
        "source.x.shop.unread": source(
            "shop", "unread", identifier="orders", original_file_path="models/staging/till/till.yml"
        ),
    }
    dashboard = {"name": "dashboard", "depends_on": {"nodes": ["model.x.view0"]}}
    return {"nodes": nodes, "sources": sources, "exposures": {"exposure.x.dashboard": dashboard}}


FOUND = {
    "fct_root_models": {"child": "rootless"},
    "fct_direct_join_to_source": {"parent": "shop.orders", "child": "stg_shop__again"},
    "fct_multiple_sources_joined": {"child": "stg_shop__orders", "source_parents": "shop.orders, till.receipts"},
    "fct_source_fanout": {"parent": "shop.orders", "model_children": "golden_shop, stg_shop__again, stg_shop__orders"},
    "fct_unused_sources": {"parent": "shop.unread"},
    "fct_duplicate_sources": {"source_names": "shop.orders, shop.unread"},
    "fct_hard_coded_references": {"model": "rootless"},
    "fct_staging_dependent_on_staging": {"parent": "stg_shop__orders", "child": "stg_shop__again"},
    "fct_staging_dependent_on_marts_or_intermediate": {"parent": "golden_shop", "child": "stg_shop__back"},
    "fct_marts_or_intermediate_dependent_on_source": {"parent": "shop.orders", "child": "golden_shop"},
    "fct_rejoining_of_upstream_concepts": {
        "parent": "stg_shop__orders",
        "child": "matched_shop",
        "parent_and_child": "conformed_shop",
    },
    "fct_model_fanout": {"parent": "matched_shop"},
    "fct_too_many_joins": {"resource_name": "golden_union"},
    "fct_missing_primary_key_tests": {"resource_name": "golden_shop"},
    "fct_test_coverage": {"test_coverage_pct": "3.85"},
    "fct_sources_without_freshness": {"resource_name": "till.receipts"},
    "fct_undocumented_models": {"resource_name": "rootless"},
    "fct_documentation_coverage": {"documentation_coverage_pct": "96.15"},
    "fct_undocumented_source_tables": {"resource_name": "till.receipts"},
    "fct_undocumented_sources": {"source_name": "till"},
    "fct_model_naming_conventions": {"resource_name": "rootless"},
    "fct_model_directories": {"resource_name": "stg_shop__orders"},
    "fct_source_directories": {"resource_name": "shop.unread"},
    "fct_test_directories": {"test_name": "not_null_golden_shop", "model_name": "golden_shop"},
    "fct_chained_views_dependencies": {"child": "view5"},
    "fct_exposure_parents_materializations": {"parent_resource_name": "view0", "exposure_name": "dashboard"},
    "fct_exposures_dependent_on_private_models": {"parent_resource_name": "view0", "exposure_name": "dashboard"},
    "fct_public_models_without_contract": {"resource_name": "golden_end0"},
    "fct_undocumented_public_models": {"resource_name": "golden_end0"},
}


@pytest.mark.parametrize("name", RULES)
def test_each_rule_finds_what_breaks_it(name, spoilt):
    assert FOUND[name] in list(RULES[name](Graph(spoilt)))


def test_an_exception_covers_what_its_pattern_is_like():
    exception = {"column_name": "child", "id_to_exclude": "stg_%__clocks"}
    assert covers(exception, {"child": "stg_pos__clocks"})
    assert not covers(exception, {"child": "stg_pos__clocks_of_old"})


@pytest.mark.skipif(
    not INSTALLED.is_dir(),
    reason="dbt-project-evaluator is not installed: `make evaluate-project` fetches it; its rules are proven above",
)
def test_the_real_evaluator_knows_the_same_rules_and_finds_nothing(tmp_path):
    listed = (INSTALLED / "models" / "marts").rglob("fct_*.sql")
    assert {path.stem for path in listed if path.parent.name != "core"} == set(RULES)
    dbt = Path(sys.executable).with_name("dbt")
    chosen = ["package:dbt_project_evaluator", "dbt_project_evaluator_exceptions"]
    command = [dbt, "build", "--target-path", tmp_path / "target", "--log-path", tmp_path, "--select", *chosen]
    ran = subprocess.run(command, cwd=EVALUATOR, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stdout
