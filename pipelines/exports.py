"""Golden, matched and publish tables as Parquet, for every reader but dbt: written after a build, read as they are now.

A table is one file, ordered by its first columns. Of a long one of which few rows change (`IN_PARTS`), that file stays
as it is and `since/<model>.parquet` holds what became other, new or gone since it was written; `relation` is the two.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.resources import Settings
from pipelines.warehouse import open_warehouse

LAYERS = ("golden", "matched", "publish")
MATCHED = ("__ids", "__review", "__contradictions")
MARK = "exported.txt"
IN_PARTS = ("__provenance", "publish_odoo__")
# A shorter table is written in a second; past this share of changed rows, reading two files costs more than it saves.
LONG, FEW = 100_000, 0.1


def export(settings: Settings, built: Any | None = None) -> dict[str, int]:
    """Copy golden, matched and publish tables to `exports/<layer>/<model>.parquet`, ordered by their first columns.

    Each file is replaced atomically and tables that are gone take their files with them; what `built` did not change
    keeps its files, and without `built` every table is written whole. Returns rows per table.
    """
    rows, mark = {}, settings.exports / MARK
    said = mark.read_text() if mark.exists() else ""
    known = built is not None and said == ("expected" if built.seconds_by_model else "done")
    changed = built.changed if known else None
    with open_warehouse(settings) as warehouse:
        _prepare(warehouse, settings)
        for layer in LAYERS:
            folder = settings.exports / layer
            folder.mkdir(parents=True, exist_ok=True)
            models = _models(warehouse, layer)
            for model, key in models.items():
                path = folder / f"{model}.parquet"
                count = _kept(warehouse, layer, model, path, changed)
                rows[f"{layer}/{model}"] = _copy(warehouse, layer, model, key, path) if count is None else count
            for stale in folder.glob("*.parquet"):
                if stale.stem not in models:
                    since(stale).unlink(missing_ok=True)
                    stale.unlink()
    mark.write_text("done")
    return rows


def expect(settings: Settings) -> None:
    """Note that a build goes on: if the export that must follow never comes, the next one exports everything."""
    mark = settings.exports / MARK
    if mark.exists() and mark.read_text() == "done":
        mark.write_text("expected")
    else:
        mark.unlink(missing_ok=True)


def note(warehouse: duckdb.DuckDBPyConnection, ran: Collection[str]) -> None:
    """Add the keys that a build changed, `changed.<model>`, to those in which a table differs from its file.

    Of a model among `ran` that does not say what it changed, everything may differ.
    """
    if "files" not in _tables(warehouse, "since"):
        return
    told = _tables(warehouse, "changed")
    for (model,) in warehouse.execute("select model from since.files").fetchall():
        if model in told:
            warehouse.execute(f"create table if not exists since.{model} as from changed.{model} limit 0")
            warehouse.execute(f"insert into since.{model} from changed.{model} except from since.{model}")
        elif model in ran:
            _forget(warehouse, model)


def since(path: Path) -> Path:
    """Where the changes since the file of a table was written whole are."""
    return path.parent.parent / "since" / path.name


def relation(path: Path) -> str:
    """The rows of a table as they are now, to select from; `path` is its file."""
    changes, said = since(path), _said(path)
    if not said:
        return f"read_parquet('{path}')"
    key = said[b"key"].decode()
    return (
        f"(select * from read_parquet('{path}') as whole anti join read_parquet('{changes}') as since using ({key}) "
        f"union all by name select * exclude (_gone) from read_parquet('{changes}') where not _gone)"
    )


def read(path: Path, columns: Sequence[str] | None = None, filters: list[tuple] | None = None) -> pa.Table:
    """The rows of a table as they are now, in the order of its file; `filters` as pyarrow has them."""
    said = _said(path)
    if not said:
        return pq.read_table(path, columns=columns, filters=filters)
    with duckdb.connect() as memory:
        table = memory.execute(f"from {relation(path)} order by {said[b'key'].decode()}").to_arrow_table()
    table = table.filter(pq.filters_to_expression(filters)) if filters else table
    return table.select(columns) if columns else table


def _said(path: Path) -> dict[bytes, bytes]:
    """What the file of changes says of itself; nothing where there is none, or it is of another file than this one."""
    said = pq.read_metadata(since(path)).metadata if since(path).exists() else {}
    return said if said.get(b"file") == _seen(path).encode() else {}


def _prepare(warehouse: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    warehouse.execute("set preserve_insertion_order = true")
    warehouse.execute("create schema if not exists since")
    warehouse.execute("create table if not exists since.files (model varchar, file varchar)")
    (settings.exports / "since").mkdir(parents=True, exist_ok=True)


def _models(warehouse: duckdb.DuckDBPyConnection, layer: str) -> dict[str, str]:
    """What others read of a layer, by name, with its first columns: they identify a row and so order the file."""
    found = warehouse.execute(
        """
        select table_name, string_agg('"' || column_name || '"', ', ' order by ordinal_position)
        from information_schema.columns
        where table_schema = ? and ordinal_position <= 4 and data_type not like '%[]'
        group by table_name order by table_name
        """,
        [layer],
    ).fetchall()
    models = {name: key for name, key in found if not name.endswith("candidates")}
    return models if layer != "matched" else {n: k for n, k in models.items() if n.endswith(MATCHED)}


def _kept(
    warehouse: duckdb.DuckDBPyConnection, layer: str, model: str, path: Path, changed: Collection[str] | None
) -> int | None:
    """Rows of a table whose file can stay, if need be with its changes written beside it; None where it cannot."""
    if changed is None or not path.exists():
        return None
    differing = _differing(warehouse, model, path)
    if model not in changed and (not differing or _said(path)):
        return pq.read_metadata(path).num_rows if not differing else _count(warehouse, f"{layer}.{model}")
    if not differing or differing > FEW * (count := _count(warehouse, f"{layer}.{model}")):
        return None
    key = ", ".join(name for name, *_ in warehouse.execute(f"describe since.{model}").fetchall())
    query = (
        f"select *, false as _gone from {layer}.{model} semi join since.{model} using ({key}) "
        f"union all by name select *, true as _gone from since.{model} anti join {layer}.{model} using ({key}) "
        f"order by {key}"
    )
    _write(warehouse, query, since(path), f", kv_metadata {{key: '{key}', file: '{_seen(path)}'}}")
    return count


def _differing(warehouse: duckdb.DuckDBPyConnection, model: str, path: Path) -> int | None:
    """How many keys of a table may differ from its file; None where that is not counted."""
    known = "select 1 from since.files where model = ? and file = ?"
    if not warehouse.execute(known, [model, _seen(path)]).fetchone():
        return None
    return _count(warehouse, f"since.{model}") if model in _tables(warehouse, "since") else 0


def _count(warehouse: duckdb.DuckDBPyConnection, table: str) -> int:
    return warehouse.execute(f"select count(*) from {table}").fetchone()[0]


def _copy(warehouse: duckdb.DuckDBPyConnection, layer: str, model: str, key: str, path: Path) -> int:
    """Write a table whole; of a long one, changes count from now on."""
    count = _write(warehouse, f"select * from {layer}.{model} order by {key}", path)
    since(path).unlink(missing_ok=True)
    _forget(warehouse, model)
    if count >= LONG and any(part in model for part in IN_PARTS):
        warehouse.execute("insert into since.files values (?, ?)", [model, _seen(path)])
    return count


def _forget(warehouse: duckdb.DuckDBPyConnection, model: str) -> None:
    warehouse.execute("delete from since.files where model = ?", [model])
    warehouse.execute(f"drop table if exists since.{model}")


def _write(warehouse: duckdb.DuckDBPyConnection, query: str, path: Path, more: str = "") -> int:
    partial = path.with_suffix(".partial")
    count = warehouse.execute(f"copy ({query}) to '{partial}' (format parquet, compression zstd{more})").fetchone()[0]
    os.replace(partial, path)
    return count


def _seen(path: Path) -> str:
    """What tells a Parquet file from every other one: the hash of its footer."""
    with path.open("rb") as file:
        file.seek(-8, os.SEEK_END)
        length = int.from_bytes(file.read(4), "little")
        file.seek(-8 - length, os.SEEK_END)
        return hashlib.sha256(file.read(length)).hexdigest()


def _tables(warehouse: duckdb.DuckDBPyConnection, schema: str) -> set[str]:
    query = "select table_name from information_schema.tables where table_schema = ?"
    return {name for (name,) in warehouse.execute(query, [schema]).fetchall()}
