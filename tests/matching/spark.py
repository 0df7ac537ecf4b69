"""The matcher's SQL as Spark has it: sqlglot's translation, and what that leaves to its callers.

What Spark has under no name goes through macros that dispatch, or is a function that `spark_functions` makes.
"""

from __future__ import annotations

import re
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.dialects import DuckDB

from pipelines.transform import DBT_PROJECT

MACROS = DBT_PROJECT / "macros" / "matching"
# Of those that we call, what Spark 4.0 lists as its own: spark.apache.org/docs/4.0.0/api/sql.
BUILT_IN = frozenset(Path(__file__).with_name("spark_built_in.txt").read_text().split())
WORDS = frozenset(
    {
        "and",
        "as",
        "by",
        "case",
        "distinct",
        "else",
        "exists",
        "from",
        "in",
        "not",
        "on",
        "or",
        "over",
        "select",
        "then",
        "using",
        "when",
        "where",
    }
)
# What the macro of the same part of the name calls in DuckDB and otherwise in Spark.
DISPATCHED = {"hash": "block_key", "md5_number_lower": "record_number"}


class PlacesAsWritten(DuckDB):
    """DuckDB's dialect, of whose places in lists, which count from 1, sqlglot takes nothing off."""

    INDEX_OFFSET = 0


def translated(sql: str) -> str:
    """A query of DuckDB's as one of Spark's; tables are called by their last name.

    Raises sqlglot's UnsupportedError for what has no counterpart.
    """
    query = sqlglot.parse_one(sql, read=PlacesAsWritten).transform(_spoken)
    return query.sql("spark", unsupported_level=sqlglot.ErrorLevel.RAISE)


def foreign(home: Path, domain: str) -> dict[str, set[str]]:
    """The functions that Spark would not find, by model of a domain, of what was compiled below a home."""
    made = set(re.findall(r"temporary function (\w+)", (MACROS / "spark_functions.sql").read_text()))
    ours = " ".join(path.read_text() for path in MACROS.glob("*.sql"))
    made |= {name for name, macro in DISPATCHED.items() if f"macro spark__{macro}(" in ours}
    found = {}
    for path in sorted((home / "dbt" / "compiled" / "assay" / "models" / "matched" / domain).glob("*.sql")):
        query = sqlglot.parse_one(translated(path.read_text()), read="spark")
        found[path.stem] = {name for name in _called(query) if name not in BUILT_IN | made}
    return found


def _called(query: exp.Expression) -> set[str]:
    plain = re.sub(r"'(?:[^'\\]|\\.)*'|`[^`]*`", "", query.sql("spark"))
    return {name.lower() for name in re.findall(r"\b(\w+)\(", plain)} - WORDS


def _spoken(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.Table) and node.args.get("db"):
        return exp.to_table(node.name, alias=node.alias or None)
    if isinstance(node, exp.CTE):
        node.set("materialized", None)  # said for speed alone
    elif isinstance(node, exp.ArrayOverlaps):
        return exp.func("arrays_overlap", node.this, node.expression)
    elif isinstance(node, exp.JarowinklerSimilarity):
        return exp.func("jaro_winkler_similarity", node.this, node.expression)
    elif isinstance(node, exp.Max) and node.args.get("count"):
        rows = exp.func("sort_array", exp.func("collect_list", node.this), exp.false())
        return exp.func("slice", rows, exp.Literal.number(1), node.args["count"])
    elif isinstance(node, exp.Bracket) and isinstance(node.expressions[0], exp.Slice):
        first, last = node.expressions[0].this or exp.Literal.number(1), node.expressions[0].expression
        return exp.func("slice", node.this.transform(_spoken), first, exp.paren(last - first + 1))
    elif isinstance(node, exp.Bracket):
        return exp.func("try_element_at", node.this, node.expressions[0])
    elif isinstance(node, exp.RegexpReplace) and node.args["replacement"].is_string:
        node.set("replacement", exp.Literal.string(re.sub(r"\\(\d)", r"$\1", node.args["replacement"].this)))
    elif isinstance(node, exp.Anonymous) and node.this.lower() == "list_intersect":
        return exp.func("array_intersect", *node.expressions)
    return node
