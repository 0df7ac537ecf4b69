"""The 29 rules of dbt-project-evaluator, asked of the manifest offline.

Each lists what breaks it, as the evaluator's table of the same name does. Variables and exceptions are those of
`evaluator/`, which `make evaluate-project` runs for real.
"""

import csv
import re
from collections import Counter, defaultdict
from functools import cached_property
from pathlib import Path, PurePosixPath

import yaml

EVALUATOR = Path(__file__).parent / "evaluator"
VARIABLES = yaml.safe_load((EVALUATOR / "dbt_project.yml").read_text())["vars"]["dbt_project_evaluator"]
with (EVALUATOR / "seeds" / "dbt_project_evaluator_exceptions.csv").open() as lines:
    EXCEPTIONS = list(csv.DictReader(lines))
# The evaluator's defaults, where `evaluator/` leaves them.
TOO_MANY_PARENTS, DOCUMENTED = 7, 100
WRITTEN_OUT = re.compile(
    r"(?<!distinct\s)\b(?:from|join)\s+"
    r"(?:\{\{\s*var\s*\(|[\[`\"']?\w+[\]`\"']?(?:\.[\[`\"']?\w+[\]`\"']?){1,2}(?=\s|$)|[\[`\"']\w+[\]`\"'](?=\s|$))",
    flags=re.I,
)
RULES = {}


def rule(check):
    """Register a rule: a function from the graph to rows, each a dict of the evaluator's columns."""
    RULES[f"fct_{check.__name__}"] = check
    return check


def broken(name, manifest):
    """The rows of rule `name` that no exception covers."""
    excepted = [row for row in EXCEPTIONS if row["fct_name"] == name]
    return [row for row in RULES[name](Graph(manifest)) if not any(covers(exception, row) for exception in excepted)]


def covers(exception, row):
    """Whether a row is LIKE what an exception names."""
    pattern = re.escape(exception["id_to_exclude"]).replace("%", ".*").replace("_", ".")
    return re.fullmatch(pattern, row[exception["column_name"]]) is not None


class Graph:
    """A manifest as the rules read it: everything by id, parents without repetition, children that are models."""

    def __init__(self, manifest):
        self.nodes, self.sources, self.exposures = manifest["nodes"], manifest["sources"], manifest["exposures"]
        self.models = {key: node for key, node in self.nodes.items() if node["resource_type"] == "model"}
        self.tests = [node for node in self.nodes.values() if node["resource_type"] == "test"]
        self.children = defaultdict(list)
        for key, node in self.models.items():
            for parent in self.parents(node):
                self.children[parent].append(key)

    @staticmethod
    def parents(node):
        return list(dict.fromkeys(node["depends_on"].get("nodes", [])))

    def name(self, key):
        """A model's name, a source's as `<system>.<stream>`."""
        node = self.sources.get(key) or self.nodes.get(key)
        return f"{node['source_name']}.{node['name']}" if key in self.sources else node["name"]

    def layer(self, key):
        """The layer that a node's prefix says, else the one that its folder says; None for what is no model."""
        node = self.models.get(key)
        return node and (layer_of_name(node["name"]) or layer_of_folder(node["original_file_path"]) or "other")

    def above(self, key):
        """Everything that a model rests on, however far above."""
        seen, ahead = set(), [key]
        while ahead:
            fresh = set(self.parents(self.models[ahead.pop()])) - seen
            seen |= fresh
            ahead += fresh & set(self.models)
        return seen

    def edges(self):
        """Parent and model of every direct relationship."""
        return [(parent, key) for key, node in self.models.items() for parent in self.parents(node)]

    def exposed(self):
        """Node and exposure of every direct relationship."""
        return [(parent, exposure) for exposure in self.exposures.values() for parent in self.parents(exposure)]

    @cached_property
    def tests_of(self):
        """The tests of each node; a test of several belongs to the one that it names last."""
        found = defaultdict(list)
        for test in self.tests:
            for key in test["depends_on"]["nodes"][-1:]:
                found[key].append(test)
        return found


def layer_of_name(name):
    layers = VARIABLES["model_types"]
    return next(
        (layer for layer in layers for prefix in VARIABLES[f"{layer}_prefixes"] if name.startswith(prefix)), None
    )


def layer_of_folder(path):
    """The layer whose folder is nearest to the file."""
    folders = {VARIABLES.get(f"{layer}_folder_name", layer): layer for layer in VARIABLES["model_types"]}
    return next((folders[part] for part in reversed(PurePosixPath(path).parts[:-1]) if part in folders), None)


def is_view(node):
    return node["config"]["materialized"] in ("view", "ephemeral")


def is_public(node):
    return node["config"]["access"] == "public"


# Modelling


@rule
def root_models(graph):
    """A model without parents hides where its data comes from."""
    return [{"child": node["name"]} for node in graph.models.values() if not graph.parents(node)]


@rule
def direct_join_to_source(graph):
    """Who reads a source reads no model beside it."""
    for node in graph.models.values():
        read = [key for key in graph.parents(node) if key in graph.models or key in graph.sources]
        if {key in graph.sources for key in read} == {True, False}:
            yield from ({"parent": graph.name(key), "child": node["name"]} for key in read)


@rule
def multiple_sources_joined(graph):
    """A model reads one source."""
    for node in graph.models.values():
        read = sorted(graph.name(key) for key in graph.parents(node) if key in graph.sources)
        if len(read) > 1:
            yield {"child": node["name"], "source_parents": ", ".join(read)}


@rule
def source_fanout(graph):
    """A source is read by one model."""
    for key in graph.sources:
        readers = sorted(graph.name(child) for child in graph.children[key])
        if len(readers) > 1:
            yield {"parent": graph.name(key), "model_children": ", ".join(readers)}


@rule
def unused_sources(graph):
    """What is landed is staged."""
    return [{"parent": graph.name(key)} for key in graph.sources if not graph.children[key]]


@rule
def duplicate_sources(graph):
    """No two sources are one relation."""
    places = defaultdict(list)
    for key, source in graph.sources.items():
        places[source["database"], source["schema"], source["identifier"]].append(graph.name(key))
    return [{"source_names": ", ".join(sorted(names))} for names in places.values() if len(names) > 1]


@rule
def hard_coded_references(graph):
    """Relations are named by ref and source: no table written out, quoted or taken from a variable."""
    for node in graph.models.values():
        if node["language"] == "sql" and WRITTEN_OUT.search(node["raw_code"]):
            yield {"model": node["name"]}


@rule
def staging_dependent_on_staging(graph):
    """A staged stream stands on its source alone."""
    for parent, key in graph.edges():
        if graph.layer(parent) == graph.layer(key) == "staging":
            yield {"parent": graph.name(parent), "child": graph.name(key)}


@rule
def staging_dependent_on_marts_or_intermediate(graph):
    """Data flows from staging upwards; every later layer is what the evaluator calls intermediate and marts."""
    for parent, key in graph.edges():
        if graph.layer(key) == "staging" and graph.layer(parent) not in (None, "staging"):
            yield {"parent": graph.name(parent), "child": graph.name(key)}


@rule
def marts_or_intermediate_dependent_on_source(graph):
    """Only staging reads sources."""
    for parent, key in graph.edges():
        if parent in graph.sources and graph.layer(key) != "staging":
            yield {"parent": graph.name(parent), "child": graph.name(key)}


@rule
def rejoining_of_upstream_concepts(graph):
    """A model with one reader, which reads a parent of that model too, could be a part of its reader."""
    for between, readers in list(graph.children.items()):
        if between in graph.models and len(readers) == 1:
            child = graph.models[readers[0]]
            for parent in set(graph.parents(graph.models[between])) & set(graph.parents(child)):
                yield {"parent": graph.name(parent), "child": child["name"], "parent_and_child": graph.name(between)}


@rule
def model_fanout(graph):
    """Few models end right after the same parent: more belong in the reader's tool."""
    ends = Counter(parent for parent, key in graph.edges() if not graph.children[key])
    return [{"parent": graph.name(key)} for key, count in ends.items() if count >= VARIABLES["models_fanout_threshold"]]


@rule
def too_many_joins(graph):
    """A model that rests on many others is several steps in one."""
    return [{"resource_name": m["name"]} for m in graph.models.values() if len(graph.parents(m)) >= TOO_MANY_PARENTS]


# Testing


@rule
def missing_primary_key_tests(graph):
    """One of the sets of tests that prove a key stands on one column, or unique beside a not null constraint."""
    for key, node in graph.models.items():
        proven = defaultdict(set)
        for test in graph.tests_of[key]:
            proven[test.get("column_name")] |= {macro.removeprefix("macro.") for macro in test["depends_on"]["macros"]}
        for name, column in node["columns"].items():
            if "not_null" in [constraint["type"] for constraint in column.get("constraints") or []]:
                proven[name].add("dbt.test_not_null")
        ways = [*VARIABLES["primary_key_test_macros"], ["dbt.test_unique", "dbt.test_not_null"]]
        if not any(set(way) <= macros for macros in proven.values() for way in ways):
            yield {"resource_name": node["name"]}


@rule
def test_coverage(graph):
    """So many of a hundred models have a test at least."""
    share = round(100 * sum(bool(graph.tests_of[key]) for key in graph.models) / len(graph.models), 2)
    return [{"test_coverage_pct": str(share)}] if share < VARIABLES["test_coverage_target"] else []


@rule
def sources_without_freshness(graph):
    """Every source says how old it may be."""
    for key, source in graph.sources.items():
        limits = source["freshness"] or {}
        if not any((limits.get(kind) or {}).get("count") for kind in ("warn_after", "error_after")):
            yield {"resource_name": graph.name(key)}


# Documentation


@rule
def undocumented_models(graph):
    return [{"resource_name": node["name"]} for node in graph.models.values() if not node["description"]]


@rule
def documentation_coverage(graph):
    share = round(100 * sum(bool(node["description"]) for node in graph.models.values()) / len(graph.models), 2)
    return [{"documentation_coverage_pct": str(share)}] if share < DOCUMENTED else []


@rule
def undocumented_source_tables(graph):
    return [{"resource_name": graph.name(key)} for key, source in graph.sources.items() if not source["description"]]


@rule
def undocumented_sources(graph):
    unsaid = {source["source_name"] for source in graph.sources.values() if not source["source_description"]}
    return [{"source_name": name} for name in sorted(unsaid)]


# Structure


@rule
def model_naming_conventions(graph):
    """A model's name begins with the word of a layer."""
    return [{"resource_name": node["name"]} for node in graph.models.values() if not layer_of_name(node["name"])]


@rule
def model_directories(graph):
    """A model lies in the folder of its layer, a staged one in that of every system that it rests on."""
    for key, node in graph.models.items():
        folder = str(PurePosixPath(node["original_file_path"]).parent)
        systems = {graph.sources[above]["source_name"] for above in graph.above(key) if above in graph.sources}
        astray = layer_of_folder(node["original_file_path"]) not in (None, graph.layer(key))
        if astray or (graph.layer(key) == "staging" and any(system not in folder for system in systems)):
            yield {"resource_name": node["name"]}


@rule
def source_directories(graph):
    """A source is declared in the folder of its system."""
    for key, source in graph.sources.items():
        if source["source_name"] not in str(PurePosixPath(source["original_file_path"]).parent):
            yield {"resource_name": graph.name(key)}


@rule
def test_directories(graph):
    """The tests of a model are declared in the model's folder."""
    for key, node in graph.models.items():
        for test in graph.tests_of[key]:
            declared, lies = (PurePosixPath(at["original_file_path"]).parent for at in (test, node))
            if test.get("test_metadata") and declared != lies:
                yield {"test_name": test["name"], "model_name": node["name"]}


# Performance


@rule
def chained_views_dependencies(graph):
    """A view on a view on a view … is computed again by each reader."""

    def chain(key):
        """How many views stand on each other, `key` the last."""
        node = graph.models.get(key)
        return 1 + max(map(chain, graph.parents(node)), default=0) if node and is_view(node) else 0

    for node in graph.models.values():
        if max(map(chain, graph.parents(node)), default=0) > VARIABLES["chained_views_threshold"]:
            yield {"child": node["name"]}


@rule
def exposure_parents_materializations(graph):
    """What a channel reads is a table, computed once."""
    for key, exposure in graph.exposed():
        if key in graph.sources or is_view(graph.models[key]):
            yield {"parent_resource_name": graph.name(key), "exposure_name": exposure["name"]}


# Governance


@rule
def exposures_dependent_on_private_models(graph):
    """An exposure rests on models that others may read: golden and publish."""
    for key, exposure in graph.exposed():
        if key not in graph.models or not is_public(graph.models[key]):
            yield {"parent_resource_name": graph.name(key), "exposure_name": exposure["name"]}


@rule
def public_models_without_contract(graph):
    """What others read keeps its columns."""
    models = filter(is_public, graph.models.values())
    return [{"resource_name": node["name"]} for node in models if not node["config"]["contract"]["enforced"]]


@rule
def undocumented_public_models(graph):
    """What others read says what each of its columns is."""
    for node in filter(is_public, graph.models.values()):
        columns = node["columns"].values()
        if not node["description"] or not columns or not all(column["description"] for column in columns):
            yield {"resource_name": node["name"]}
