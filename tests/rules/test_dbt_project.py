"""What we ask of the dbt project beyond dbt-project-evaluator (test_evaluator.py); a waiver is a row in waivers.csv."""

import csv
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
with (HERE / "waivers.csv").open() as rows:
    WAIVED = {(row["rule"], row["node"]) for row in csv.DictReader(rows)}
RULES = {}


def rule(check):
    """Register a rule: a function from the manifest to the names of the nodes that break it."""
    RULES[check.__name__] = check
    return check


def models_of(manifest):
    return {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}


def parents(node):
    return node["depends_on"].get("nodes", [])


def is_public(node):
    return node["config"]["access"] == "public"


@rule
def hard_coded_references(manifest):
    """Relations are named by ref and source, files by source, wherever in a query they stand."""
    schemas = "staging|conformed|matched|golden|publish|seeds|main"
    pattern = re.compile(rf"\b(from|join)\s+[\"`]?({schemas})[\"`]?\.|read_(parquet|csv)", flags=re.I)
    return [node["name"] for node in models_of(manifest).values() if pattern.search(node["raw_code"])]


@rule
def missing_primary_key_tests(manifest):
    """Every table has a test of its key, whatever pattern of names the evaluator is told to leave out."""
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") in ("is_key", "unique")
    }
    for key, node in models_of(manifest).items():
        if node["config"]["materialized"] != "view" and key not in tested:
            yield node["name"]


@rule
def changes_that_are_tested_on_views(manifest):
    """A build of what changed leaves out views and all tests that read one: tests made for it read tables."""
    views = {key for key, node in models_of(manifest).items() if node["config"]["materialized"] == "view"}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and "keys_to_test" in node["raw_code"] and views & set(parents(node)):
            yield node["name"]


@rule
def sources_without_freshness(manifest):
    """Our own ledger aside, every source says how old is too old."""
    for source in manifest["sources"].values():
        freshness = source["freshness"] or {}
        if source["source_name"] != "ledger" and not (freshness.get("error_after") or {}).get("count"):
            yield f"{source['source_name']}.{source['name']}"


@rule
def undocumented_models(manifest):
    """Every description ends with the grain."""
    for node in models_of(manifest).values():
        if not re.search(r"One row per [^.]+\.", node["description"]):
            yield node["name"]


@rule
def undocumented_seeds(manifest):
    seeds = [node for node in manifest["nodes"].values() if node["resource_type"] == "seed"]
    return [seed["name"] for seed in seeds if not seed["description"] or not seed["columns"]]


@rule
def public_models_without_contract(manifest):
    """What others read keeps its columns: contract enforced, every column described with its grain."""
    for node in models_of(manifest).values():
        described = all(re.search(r"\bPer [^.]+\.$", column["description"]) for column in node["columns"].values())
        if is_public(node) and not (node["config"]["contract"]["enforced"] and described and node["columns"]):
            yield node["name"]


@rule
def properties_elsewhere(manifest):
    """The properties of a model stand beside it, in a file of the same name."""
    for node in models_of(manifest).values():
        beside = str(Path(node["original_file_path"]).with_suffix(".yml"))
        if not node["patch_path"] or not node["patch_path"].endswith(beside):
            yield node["name"]


@rule
def naming_and_directories(manifest):
    """stg_<system>__<plural> in staging/<system>; <layer>_<domain>[__<part>] in <layer>/<domain>."""
    for node in models_of(manifest).values():
        _, layer, folder, name = node["fqn"]
        prefix = {"staging": f"stg_{folder}__", "publish": f"publish_{folder}__"}.get(layer, f"{layer}_{folder}")
        if not re.fullmatch(rf"{prefix}\w+" if prefix.endswith("__") else rf"{prefix}(__\w+)?", name):
            yield name


@rule
def singular_tests_are_sentences(manifest):
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    return [test["name"] for test in tests if not test.get("test_metadata") and not test["name"].startswith("assert_")]


@rule
def models_without_owner(manifest):
    owned = {group["name"] for group in manifest["groups"].values() if group["owner"]["email"]}
    return [node["name"] for node in models_of(manifest).values() if node["config"]["group"] not in owned]


@pytest.mark.parametrize("name", RULES)
def test_no_model_breaks(name, manifest):
    found = [node for node in RULES[name](manifest) if (name, node) not in WAIVED]
    assert not found


def test_every_waiver_is_still_needed(manifest):
    stale = [(name, node) for name, node in WAIVED if node not in list(RULES[name](manifest))]
    assert not stale


def test_there_are_models_to_judge(manifest):
    assert len(models_of(manifest)) > 40


def windows(sql):
    """The inside of every `over (…)` and `window name as (…)`."""
    for start in re.finditer(r"\bover \(|\bwindow \w+ as \(", sql):
        depth, at = 1, start.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[at], 0)
            at += 1
        yield sql[start.end() : at - 1]


def test_every_order_in_a_window_ends_in_what_identifies_a_row():
    """Ties would fall as the threads run: the last term is a key."""
    project, loose = HERE.parents[1] / "dbt_project", []
    for path in [*project.glob("models/**/*.sql"), *project.glob("macros/**/*.sql")]:
        for window in windows(path.read_text()):
            _, ordered, terms = window.partition("order by")
            terms = re.sub(r"\s+(rows|range) .*|\s+(desc|asc|nulls (first|last))", "", terms.strip())
            last = terms.split(",")[-1].strip()
            if ordered and not re.search(r"(_id|_no|payload_hash|\bseq|\bplace|\btoken)$", last):
                loose.append(f"{path.relative_to(project)}: {last}")
    assert not loose
