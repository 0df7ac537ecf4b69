"""Column lineage of every model, down to the raw column of a source, computed from the SQL that dbt compiled.

It follows values: what only decides which value is taken (a condition, a window's order) is left out where a value
remains. Python models state theirs in `meta: {lineage: {column: [model.column]}}`, else columns keep their names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope, find_all_in_scope

from pipelines.resources import Settings

Column = tuple[str, str]
"""A model or source (`golden_customers`, `shopify/customers`) and one of its columns."""
Graph = dict[str, dict[str, list[Column]]]
PAYLOAD, ROW = "_payload", "*"


def graph(settings: Settings) -> Graph:
    """Direct upstream columns by model and column, from the last build; {} before the first."""
    target = settings.home / "dbt"
    files = [target / "manifest.json", target / "relations.json"]
    if not all(path.exists() for path in files):
        return {}
    return _graph(target, files[1].stat().st_mtime_ns)


def attributes_of(settings: Settings, model: str, column: str) -> list[str]:
    """Names of the golden columns that a published column is made of."""
    upstream = graph(settings).get(model, {}).get(column, [])
    return sorted({name for source, name in upstream if source.startswith("golden_")})


def roots(found: Graph, model: str, column: str) -> set[Column]:
    """The columns of sources and seeds that a column rests on."""
    waiting, seen, raw = [(model, column)], set(), set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if not found.get(current[0]):
            raw.add(current)
        waiting += found.get(current[0], {}).get(current[1], [])
    return raw


def write_page(settings: Settings, out: Path | None = None) -> Path:
    """Write the page (default: lineage.html in Assay's home) and return its path."""
    template = Path(__file__).with_name("columns.html").read_text(encoding="utf-8")
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
def _graph(target: Path, _changed: int) -> Graph:
    manifest = json.loads((target / "manifest.json").read_bytes())
    relations = json.loads((target / "relations.json").read_bytes())
    known = Relations(manifest, relations)
    found: Graph = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model":
            continue
        if node["language"] == "python":
            found[node["name"]] = _stated(node, relations)
        else:
            compiled = target / "compiled" / node["package_name"] / node["original_file_path"]
            found[node["name"]] = _traced(compiled, known) if compiled.exists() else {}
    return found


class Relations:
    """What the relations of compiled SQL are called by us, and which columns they have."""

    def __init__(self, manifest: Mapping[str, Any], relations: Mapping[str, Mapping[str, str]]) -> None:
        self.names: dict[str, str] = {}
        self.schema: dict[str, dict[str, str]] = {}
        for source in manifest["sources"].values():
            name = f"{source['source_name']}/{source['name']}"
            self.names[_plain(source["relation_name"])] = name
            self.schema[_identifier(name)] = dict.fromkeys([*source["columns"], PAYLOAD], "varchar")
        for node in manifest["nodes"].values():
            if node["name"] in relations and node.get("relation_name"):
                self.names[_plain(node["relation_name"])] = node["name"]
                self.schema[_identifier(node["name"])] = dict(relations[node["name"]])
        seeds = (node for node in manifest["nodes"].values() if node["resource_type"] == "seed")
        self.seeds = {_identifier(node["name"]) for node in seeds}
        self.back = {_identifier(name): name for name in self.names.values()}

    def renamed(self, code: str) -> exp.Expression:
        """The SQL as a tree in which every relation, file scans included, is a plain table of ours."""
        tree = parse_one(code, dialect="duckdb")
        for table in list(tree.find_all(exp.Table)):
            bare = table.copy()
            bare.set("alias", None)
            name = self.names.get(_plain(bare.sql(dialect="duckdb", comments=False)))
            if name:
                table.replace(exp.alias_(exp.to_table(_identifier(name)), table.alias or _identifier(name), table=True))
        return tree


def _traced(compiled: Path, known: Relations) -> dict[str, list[Column]]:
    code = compiled.read_text(encoding="utf-8")
    try:
        tree = qualify(
            known.renamed(code),
            dialect="duckdb",
            schema=known.schema,
            validate_qualify_columns=False,
            quote_identifiers=False,
            identify=False,
        )
    except SqlglotError:
        return {}
    root, trace = build_scope(tree), _Trace(known.back, known.seeds)
    spelled = {word.lower(): word for word in re.findall(r"\w+", code) if word != word.lower()}
    return {name: sorted(set(_told(trace.output(root, place), spelled))) for place, name in enumerate(_names(root))}


def _stated(node: Mapping[str, Any], relations: Mapping[str, Mapping[str, str]]) -> dict[str, list[Column]]:
    """A Python model's lineage as it states it; else by name, and what is new rests on all that the model reads."""
    stated = node["config"]["meta"].get("lineage", {})
    read = [(key.split(".")[-1], name) for key in node["depends_on"]["nodes"] for name in relations[key.split(".")[-1]]]
    return {
        column: [tuple(one.rsplit(".", 1)) for one in stated[column]]
        if column in stated
        else [one for one in read if one[1] == column] or read
        for column in relations.get(node["name"], {})
    }


class _Trace:
    """Follows the output columns of a query to the tables it reads; paths into documents stay on the name."""

    def __init__(self, tables: Mapping[str, str], seeds: set[str]) -> None:
        self.tables, self.seeds = tables, seeds
        self.known: dict[tuple[int, int], set[Column]] = {}

    def output(self, scope: Scope, place: int) -> set[Column]:
        """The columns behind the output column at `place`."""
        key = (id(scope), place)
        if key not in self.known:
            self.known[key] = set()
            if scope.set_operation_scopes:
                found = [self.output(branch, at) for branch, at in _branches(scope, place)]
                self.known[key] = set().union(*found)
            else:
                self.known[key] = self.behind(scope, scope.expression.selects[place])
        return self.known[key]

    def behind(self, scope: Scope, expression: exp.Expression) -> set[Column]:
        """The columns whose values make up an expression; those of its conditions if there are no others."""
        columns = list(find_all_in_scope(expression, (exp.Column, exp.TableColumn)))
        chosen = [column for column in columns if not _decides(column, expression)]
        found = set().union(*(self.leaf(scope, column) for column in chosen))
        for query in expression.find_all(exp.Query):
            found |= self.subquery(scope, query)
        return found or set().union(*(self.leaf(scope, column) for column in columns))

    def subquery(self, scope: Scope, query: exp.Query) -> set[Column]:
        inner = next((one for one in scope.subquery_scopes if one.expression is query), None)
        if inner is None:
            return set()
        return set().union(*(self.output(inner, place) for place in range(len(query.selects))))

    def leaf(self, scope: Scope, column: exp.Column | exp.TableColumn) -> set[Column]:
        """The columns behind one reference, with the path that it takes into a document or a whole row."""
        path = _path(column)
        if isinstance(column, exp.TableColumn):
            row = scope.sources.get(column.name)
            return {(self.tables[row.name], ROW + path)} if isinstance(row, exp.Table) else set()
        source = scope.sources.get(column.table)
        if isinstance(source, exp.Table):
            if source.name not in self.tables:
                return set()
            return {(self.tables[source.name], column.name + path)} | self.translated(scope, source, column.table)
        if not isinstance(source, Scope):
            return set()
        if source.is_udtf:
            return {(model, name + path) for model, name in self.behind(source, source.expression)}
        places = [place for place, name in enumerate(_names(source)) if name == column.name]
        return {(model, name + path) for place in places for model, name in self.output(source, place)}

    def translated(self, scope: Scope, source: exp.Table, alias: str) -> set[Column]:
        """What a value was looked up by, if the table is a seed: a translation rests on what is translated."""
        if source.name not in self.seeds:
            return set()
        joins = [join for join in scope.expression.args.get("joins") or [] if join.this.alias_or_name == alias]
        keys = [column for join in joins for column in (join.args.get("on") or join).find_all(exp.Column)]
        return set().union(*(self.leaf(scope, column) for column in keys if column.table != alias))


def _names(scope: Scope) -> list[str]:
    """Of the output columns, in their order; a union by name has those of all its queries."""
    if scope.expression.args.get("by_name"):
        return list(dict.fromkeys(name for branch in scope.set_operation_scopes for name in _names(branch)))
    return [select.alias_or_name for select in scope.expression.selects]


def _branches(scope: Scope, place: int) -> Iterator[tuple[Scope, int]]:
    """The queries of a union that have its output column at `place`, and where they have it."""
    name = _names(scope)[place]
    for branch in scope.set_operation_scopes:
        if not scope.expression.args.get("by_name"):
            yield branch, place
        elif name in (names := _names(branch)):
            yield branch, names.index(name)


def _decides(column: exp.Column | exp.TableColumn, within: exp.Expression) -> bool:
    """Whether the column only decides which value is taken: a CASE's condition, a filter, a window's order."""
    node: exp.Expression = column
    while node is not within and node.parent is not None:
        parent = node.parent
        if isinstance(parent, exp.If) and node is parent.this and isinstance(parent.parent, exp.Case):
            return True
        if isinstance(parent, exp.Filter) and node is parent.expression:
            return True
        if isinstance(parent, exp.Window) and node is not parent.this:
            return True
        if isinstance(parent, exp.Order | exp.Ordered):
            return True
        node = parent
    return False


def _path(column: exp.Column | exp.TableColumn) -> str:
    """`.defaultAddress.city` where the column is a document of which one member is read."""
    steps, node = [], column
    while node.parent is not None and node.parent.this is node and isinstance(node.parent, exp.Dot | exp.Bracket):
        node = node.parent
        if isinstance(node, exp.Dot):
            steps.append(node.expression.name)
    return "".join(f".{step}" for step in steps)


def _told(found: set[Column], spelled: Mapping[str, str]) -> Iterator[Column]:
    """Columns as people know them: a payload's member by its path in the source's spelling, any other by its name."""
    for model, name in found:
        column, _, path = name.partition(".")
        if column == PAYLOAD and path:
            yield model, ".".join(spelled.get(step, step) for step in path.split("."))
        elif column == ROW and path:
            yield model, path.partition(".")[0]
        else:
            yield model, column


def _plain(relation: str) -> str:
    return re.sub(r"[\s\"]+", "", relation).lower()


def _identifier(name: str) -> str:
    return name.replace("/", "___").lower()
