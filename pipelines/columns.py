"""Column lineage of every SQL model, down to the raw column, computed from what dbt compiled.

sqlglot resolves names and stars; this module follows each column through subqueries to the models and sources it
reads, and writes the result as one page. Python models state theirs in `meta: {lineage: {column: [model.column]}}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from pipelines.resources import Settings

Column = tuple[str, str]
"""A model or source (`golden_customers`, `shopify/customers`) and one of its columns."""
Graph = dict[str, dict[str, list[Column]]]
PAYLOAD = "_payload"


def graph(settings: Settings) -> Graph:
    """Direct upstream columns by model and column, from the manifest of the last build; {} before the first."""
    path = settings.home / "dbt" / "manifest.json"
    return _graph(str(path), path.stat().st_mtime) if path.exists() else {}


def attributes_of(settings: Settings, model: str, column: str) -> list[str]:
    """Names of the golden columns that a published column is made of."""
    upstream = graph(settings).get(model, {}).get(column, [])
    return sorted({name for source, name in upstream if source.startswith("golden_")})


def roots(found: Graph, model: str, column: str) -> set[Column]:
    """The raw columns that a column rests on."""
    waiting, seen, raw = [(model, column)], set(), set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if current[0] not in found:
            raw.add(current)
        waiting += found.get(current[0], {}).get(current[1], [])
    return raw


def write_page(settings: Settings, out: Path | None = None) -> Path:
    """Write the page (default: lineage.html in Assay's home) and return its path."""
    template = Path(__file__).with_name("columns.html").read_text()
    edges = [
        [model, column, source, name]
        for model, columns in graph(settings).items()
        for column, upstream in columns.items()
        for source, name in upstream
    ]
    path = out or settings.home / "lineage.html"
    path.write_text(template.replace("/*EDGES*/[]", json.dumps(edges, separators=(",", ":"))))
    return path


@lru_cache(maxsize=2)
def _graph(manifest: str, _changed: float) -> Graph:
    content = json.loads(Path(manifest).read_bytes())
    names = _names(content)
    schema: dict[str, dict[str, str]] = {}
    for source in content["sources"].values():
        schema[f"{source['source_name']}/{source['name']}"] = dict.fromkeys(_source_columns(source), "varchar")
    found: Graph = {}
    for node in _in_order(content["nodes"]):
        name = node["name"]
        if node["resource_type"] == "seed" or node.get("language") == "python":
            found[name] = _declared(node)
        else:
            found[name] = _traced(node, names, schema)
        schema[name] = dict.fromkeys(found[name], "varchar")
    return found


def _in_order(nodes: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Models and seeds, each after what it reads."""
    wanted = {key: node for key, node in nodes.items() if node["resource_type"] in ("model", "seed")}
    done: set[str] = set()

    def visit(key: str) -> Iterator[dict[str, Any]]:
        if key in done or key not in wanted:
            return
        done.add(key)
        for upstream in wanted[key].get("depends_on", {}).get("nodes", []):
            yield from visit(upstream)
        yield wanted[key]

    for key in sorted(wanted):
        yield from visit(key)


def _names(content: dict[str, Any]) -> dict[str, str]:
    """What a relation is called in compiled SQL -> what we call it."""
    nodes = {
        _plain(node["relation_name"]): node["name"] for node in content["nodes"].values() if node.get("relation_name")
    }
    sources = {
        _plain(source["relation_name"]): f"{source['source_name']}/{source['name']}"
        for source in content["sources"].values()
    }
    return nodes | sources


def _source_columns(source: dict[str, Any]) -> list[str]:
    envelope = ["_system", "_stream", "_source_key", "_unit", "_event_at", "_event_text", "_extracted_at"]
    return [*envelope, "_load_id", "_payload_hash", "_deleted", PAYLOAD, *source["columns"]]


def _declared(node: dict[str, Any]) -> dict[str, list[Column]]:
    stated = node.get("config", {}).get("meta", {}).get("lineage", {})
    columns = {column: [tuple(one.rsplit(".", 1)) for one in stated.get(column, [])] for column in node["columns"]}
    return columns | {column: [tuple(one.rsplit(".", 1)) for one in upstream] for column, upstream in stated.items()}


def _traced(node: dict[str, Any], names: dict[str, str], schema: dict[str, dict[str, str]]) -> dict[str, list[Column]]:
    code = node.get("compiled_code")
    if not code:
        return {column: [] for column in node["columns"]}
    tables = {_identifier(name): columns for name, columns in schema.items()}
    try:
        tree = qualify(
            _renamed(code, names),
            dialect="duckdb",
            schema=tables,
            validate_qualify_columns=False,
            identify=False,
            quote_identifiers=False,
        )
        root = build_scope(tree)
    except SqlglotError:
        return _by_name(node, names, schema)
    ours = {_identifier(name): name for name in schema}
    trace = _Trace(ours)
    return {
        select.alias_or_name: sorted(trace.column(root, position))
        for position, select in enumerate(root.expression.selects)
    }


def _by_name(node: dict[str, Any], names: dict[str, str], schema: dict[str, dict[str, str]]) -> dict:
    """Where SQL cannot be parsed: a column comes from the columns of the same name upstream."""
    upstream = [key.split(".")[-1] for key in node["depends_on"]["nodes"]]
    return {
        column: [(model, column) for model in upstream if column in schema.get(model, {})] for column in node["columns"]
    }


def _renamed(code: str, names: dict[str, str]) -> str:
    """Every relation, file scans included, under a plain identifier of ours."""
    for relation in sorted(names, key=len, reverse=True):
        if relation.startswith("read_parquet"):
            code = re.sub(_loose(relation), _identifier(names[relation]), code)
    tree = parse_one(code, dialect="duckdb")
    for table in list(tree.find_all(exp.Table)):
        known = names.get(_plain(table.sql(dialect="duckdb", comments=False).split(" AS ")[0]))
        if known:
            table.replace(exp.alias_(exp.to_table(_identifier(known)), table.alias_or_name, table=True))
    return tree.sql(dialect="duckdb")


def _loose(relation: str) -> str:
    return r"\s*".join(re.escape(part) for part in relation.split())


def _plain(relation: str) -> str:
    return " ".join(relation.replace('"', "").split())


def _identifier(name: str) -> str:
    return name.replace("/", "___").lower()


class _Trace:
    """Follows output columns of scopes to the tables they read, remembering each answer."""

    def __init__(self, tables: dict[str, str]) -> None:
        self.tables = tables
        self.known: dict[tuple[int, int], set[Column]] = {}

    def column(self, scope: Scope, position: int) -> set[Column]:
        key = (id(scope), position)
        if key not in self.known:
            self.known[key] = set()
            if scope.union_scopes:
                found = (self.column(branch, position) for branch in scope.union_scopes)
                self.known[key] = set().union(*found)
            else:
                self.known[key] = self._expression(scope, scope.expression.selects[position])
        return self.known[key]

    def _expression(self, scope: Scope, expression: exp.Expression) -> set[Column]:
        found: set[Column] = set()
        for column in expression.find_all(exp.Column):
            found |= self._leaf(scope, column)
        for subquery in expression.find_all(exp.Subquery):
            inner = build_scope(subquery.this)
            if inner:
                found |= set().union(*(self.column(inner, n) for n in range(len(inner.expression.selects))), set())
        return found

    def _leaf(self, scope: Scope, column: exp.Column) -> set[Column]:
        source = scope.sources.get(column.table)
        path = _path(column)
        if isinstance(source, Scope):
            selects = source.expression.selects
            positions = [n for n, select in enumerate(selects) if select.alias_or_name == column.name]
            found = set().union(*(self.column(source, n) for n in positions), set())
            if not positions and source.sources:
                found = self._everywhere(source, column.name)
            return {_with_path(one, path) for one in found}
        if isinstance(source, exp.Table) and source.name in self.tables:
            return {_with_path((self.tables[source.name], column.name), path)}
        return set()

    def _everywhere(self, scope: Scope, name: str) -> set[Column]:
        """A column of an unnested or pivoted table: whatever the table's own sources give under that name."""
        found: set[Column] = set()
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and source.name in self.tables:
                found.add((self.tables[source.name], name))
        return found


def _path(column: exp.Column) -> str:
    """`defaultAddress.city` where the column is a document of which one member is read."""
    steps, node = [], column
    while isinstance(node.parent, exp.Dot) and node.parent.this is node:
        node = node.parent
        steps.append(node.expression.name)
    return ".".join(steps)


def _with_path(column: Column, path: str) -> Column:
    model, name = column
    if not path or (name != PAYLOAD and not name.startswith(f"{PAYLOAD}.")):
        return column
    return (model, path if name == PAYLOAD else f"{name}.{path}")
