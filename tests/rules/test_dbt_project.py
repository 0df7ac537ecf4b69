"""What dbt-project-evaluator asks of a project, asked of the manifest; a waiver is a row in waivers.csv."""

import csv
import re
from collections import Counter, defaultdict
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
def root_models(manifest):
    """A model without parents hides where its data comes from."""
    return [node["name"] for node in models_of(manifest).values() if not parents(node)]


def without_clocks(manifest):
    return [node for node in models_of(manifest).values() if not node["name"].endswith("__clocks")]


@rule
def direct_join_to_source(manifest):
    """Who reads a source reads nothing else, and exactly one source; how its clocks run is a part of reading it."""
    for node in without_clocks(manifest):
        others = [parent for parent in parents(node) if not parent.endswith("__clocks")]
        sources = [parent for parent in others if parent.startswith("source.")]
        if sources and (len(sources) > 1 or len(others) > 1):
            yield node["name"]


@rule
def source_fanout(manifest):
    """Each source is read by exactly one model: no more, and not by none."""
    readers = Counter(parent for node in without_clocks(manifest) for parent in parents(node))
    return [source["name"] for key, source in manifest["sources"].items() if readers[key] != 1]


@rule
def hard_coded_references(manifest):
    """Relations are named by ref and source."""
    schemas = "staging|conformed|matched|golden|publish|seeds|main"
    pattern = re.compile(rf"\b(from|join)\s+[\"`]?({schemas})[\"`]?\.|read_(parquet|csv)", flags=re.I)
    return [node["name"] for node in models_of(manifest).values() if pattern.search(node["raw_code"])]


@rule
def rejoining_of_upstream_concepts(manifest):
    """A model that only hands its single parent's rows to a reader that has that parent too."""
    models, readers = models_of(manifest), defaultdict(set)
    for key, node in models.items():
        for parent in parents(node):
            readers[parent].add(key)
    for key, node in models.items():
        if len(set(parents(node))) == 1 and len(readers[key]) == 1:
            reader = models[next(iter(readers[key]))]
            if parents(node)[0] in parents(reader):
                yield node["name"]


@rule
def model_fanout(manifest):
    """Few models end right after the same parent: more belong in the reader's tool."""
    models = models_of(manifest)
    read = {parent for node in models.values() for parent in parents(node)}
    leaves = Counter(parent for key, node in models.items() if key not in read for parent in set(parents(node)))
    return [models[key]["name"] for key, count in leaves.items() if key in models and count > 3]


@rule
def too_many_parents(manifest):
    return [node["name"] for node in models_of(manifest).values() if len(set(parents(node))) > 7]


@rule
def missing_primary_key_tests(manifest):
    """Every table has a test of its key; a view repeats the rows of tables that have one."""
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") in ("is_key", "unique")
    }
    for key, node in models_of(manifest).items():
        if node["config"]["materialized"] != "view" and key not in tested and not node["name"].endswith("__rejected"):
            yield node["name"]


@rule
def sources_without_freshness(manifest):
    """Our own ledger aside, every source says how old it may be."""
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
def undocumented_sources(manifest):
    return [
        source["name"]
        for source in manifest["sources"].values()
        if not source["description"] or not source["source_description"]
    ]


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
def exposures_on_private_models(manifest):
    """An exposure rests on models that others may read: golden and publish."""
    models = models_of(manifest)
    for exposure in manifest["exposures"].values():
        if not all(is_public(models[key]) for key in parents(exposure)):
            yield exposure["name"]


@rule
def exposures_on_views(manifest):
    """What a channel reads is a table, computed once."""
    models = models_of(manifest)
    for exposure in manifest["exposures"].values():
        for parent in parents(exposure):
            if models[parent]["config"]["materialized"] in ("view", "ephemeral"):
                yield models[parent]["name"]


@rule
def chained_views(manifest):
    """A view on a view on a view … is computed again by each reader: at most four stand on each other."""
    models = models_of(manifest)

    def height(key):
        is_view = key in models and models[key]["config"]["materialized"] in ("view", "ephemeral")
        return 1 + max((height(parent) for parent in parents(models[key])), default=0) if is_view else 0

    return [node["name"] for key, node in models.items() if height(key) > 4]


@rule
def duplicate_sources(manifest):
    """No two sources are one table."""
    tables = defaultdict(list)
    for source in manifest["sources"].values():
        tables[source["relation_name"], str(source["config"].get("meta")), source["identifier"]].append(source["name"])
    return [names[0] for names in tables.values() if len(names) > 1]


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
