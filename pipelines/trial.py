"""Runs the matching models over records from files: the same SQL and configuration as every build, in its own home.

No label, decision or id of the retailer's takes part; the home is thrown away by whoever made it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines import ledger, splink_backend, transform
from pipelines.crowds import Crowd, crowds
from pipelines.dates import month_is_first, read_date
from pipelines.mapping import Attribute, Mapping, UnusableInput, conformed_shape, named, view
from pipelines.resources import PROJECT, Settings
from pipelines.warehouse import open_warehouse

ENVELOPE = {
    "record_id": "varchar",
    "system": "varchar",
    "source_key": "varchar",
    "unit": "varchar",
    "load_id": "varchar",
    "event_at": "timestamp",
    "extracted_at": "timestamp",
    "is_deleted": "boolean",
}


@dataclass(frozen=True)
class Laid:
    """Records that wait to be matched in a home: `records` has record_id, file, key.

    `unread` counts values that did not fit their attribute's type; `empty` are mapped attributes that no record has.
    """

    settings: Settings
    domain: str
    records: pa.Table
    unread: dict[str, int]
    empty: list[str]


@dataclass(frozen=True)
class Trial:
    """What matching made of records: `clusters` has record_id, cluster_id.

    `scores` has left_id, right_id, bits, one row per compared pair, where they were asked for. `crowds` are the values
    that too many share.
    """

    clusters: pa.Table
    scores: pa.Table | None
    seconds: float
    crowds: list[Crowd]


def lay(home: Path, mapping: Mapping, files: Sequence[Path]) -> Laid:
    """Read the records of `files` into a home of their own. Raises UnusableInput for what cannot be read."""
    if len(mapping.records) > 1 and len(mapping.records) != len(files):
        raise UnusableInput(f"the mapping describes {len(mapping.records)} files of records, {len(files)} were given")
    home.mkdir(parents=True, exist_ok=True)
    settings = Settings(home, "eval", f"sqlite:///{home / 'ledger.db'}")
    for of_another_set in (settings.warehouse, *home.glob("ledger.db*")):
        of_another_set.unlink(missing_ok=True)
    ledger.open_ledger(settings.ledger_url)
    with open_warehouse(settings) as warehouse:
        unread = _lay(warehouse, mapping, files)
        named_by = "select record_id, unit as file, source_key as key from trial.records"
        records = warehouse.execute(named_by).to_arrow_table()
        return Laid(settings, mapping.domain, records, unread, _empty(warehouse, mapping))


def run(laid: Laid, backend: str = "own", scored: bool = True) -> Trial:
    """Match what was laid by our own models, or by Splink on our evidence as `backend`. Raises BuildFailed.

    Of a million records the scores of all pairs take a gigabyte: they come only where `scored`.
    """
    began = time.perf_counter()
    match(laid.settings, laid.domain, *(["evidence"] if backend == "splink" else []))
    if backend == "splink":
        clusters, scores = _by_splink(laid.settings)
        return Trial(clusters, scores, time.perf_counter() - began, [])
    seconds = time.perf_counter() - began
    with duckdb.connect(str(laid.settings.warehouse), read_only=True) as warehouse:
        layer = f"matched.matched_{laid.domain}__"
        clusters = warehouse.execute(f"select record_id, cluster_id from {layer}clusters").to_arrow_table()
        pairs = f"""
            select l.record_id as left_id, r.record_id as right_id, bits
            from {layer}scores as scores
            join {layer}evidence as l on scores.left_no = l.record_no
            join {layer}evidence as r on scores.right_no = r.record_no
        """
        scores = warehouse.execute(pairs).to_arrow_table() if scored else None
        return Trial(clusters, scores, seconds, crowds(warehouse, laid.domain))


def _by_splink(settings: Settings) -> tuple[pa.Table, pa.Table]:
    columns = ", ".join(("record_id", *splink_backend.EVIDENCE))
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        evidence = warehouse.execute(f"select {columns} from matched.matched_customers__evidence").to_arrow_table()
    return splink_backend.match(evidence)


def match(settings: Settings, domain: str, *parts: str) -> None:
    """Build the matched layer of a domain up to `parts`, its clusters and scores if none is named.

    The conformed records are already laid.
    """
    transform.prepare(settings)
    wanted = [f"+matched_{domain}__{part}" for part in parts or ("clusters", "scores")]
    laid = ["path:models/staging", *_systems(domain)]
    kinds = ["--resource-type", "model", "--resource-type", "seed"]
    transform.run_dbt(settings, "build", *kinds, "--select", *wanted, "--exclude", *laid)


def _systems(domain: str) -> list[str]:
    """The conformed models that read staging: those of the single systems, and the placeholders of the stores."""
    folder = PROJECT / "dbt_project" / "models" / "conformed" / domain
    return sorted(path.stem for path in folder.glob(f"conformed_{domain}__*.sql") if "ref('stg_" in path.read_text())


def _lay(warehouse: duckdb.DuckDBPyConnection, mapping: Mapping, files: Sequence[Path]) -> dict[str, int]:
    """Put the records where one system's would stand, and nothing where the others' would."""
    shape = conformed_shape(mapping.domain)
    columns = ", ".join(f"{name} {type}" for name, type in {**ENVELOPE, **shape}.items())
    warehouse.execute(f"create schema trial; create table trial.records ({columns})")
    unread: dict[str, int] = {}
    for position, path in enumerate(files):
        for name, lost in _read(warehouse, mapping, position, path, shape).items():
            unread[name] = unread.get(name, 0) + lost
    twice = "select source_key from trial.records group by record_id, source_key having count(*) > 1 order by all"
    repeated = warehouse.execute(twice).fetchall()
    if repeated:
        raise UnusableInput(
            f"{len(repeated):,} ids stand on several records, '{repeated[0][0][:40]}' for one; an id is of one"
        )
    warehouse.execute("create schema conformed")
    for model in _systems(mapping.domain):
        rows = "" if model.endswith("__odoo") else "limit 0"
        if model.endswith("__placeholders"):
            seed = PROJECT / "dbt_project" / "seeds" / "placeholder_values.csv"
            warehouse.execute(f"create table conformed.{model} as from read_csv('{seed}', all_varchar=true)")
        else:
            warehouse.execute(f"create view conformed.{model} as from trial.records {rows}")
    return unread


def _empty(warehouse: duckdb.DuckDBPyConnection, mapping: Mapping) -> list[str]:
    mapped = sorted({name for file in mapping.records for name in file.attributes})
    counts = warehouse.execute(f"select {', '.join(f'count({name})' for name in mapped)} from trial.records").fetchone()
    return [name for name, count in zip(mapped, counts, strict=True) if not count]


def _read(
    warehouse: duckdb.DuckDBPyConnection, mapping: Mapping, position: int, path: Path, shape: dict[str, str]
) -> dict[str, int]:
    given = mapping.record_file(position)
    attributes = given.attributes
    needed = [given.id, *given.source.names, *(name for a in attributes.values() for name in a.names)]
    rows = view(warehouse, "given", path, given, needed)
    key = f"nullif(trim({named(given.id)}), '')"
    anonymous = warehouse.execute(f"select count(*) from given where {key} is null").fetchone()[0]
    if anonymous:
        raise UnusableInput(f"{path.name}: {anonymous:,} of {rows:,} records have no {given.id}")
    read = {
        name: _value(warehouse, attributes[name], type, given.source.text)
        for name, type in shape.items()
        if name in attributes
    }
    values = [read.get(name, "null") for name in shape]
    envelope = [f"'file{position + 1}:' || {key}", given.source.text, key, f"'{position + 1}'"]
    envelope += ["null", "null", "null", "false"]
    warehouse.execute(f"insert into trial.records select {', '.join([*envelope, *values])} from given")
    typed = [name for name in attributes if shape[name] != "varchar"]
    lost = [f"count({attributes[name].text}) - count({read[name]})" for name in typed]
    counts = warehouse.execute(f"select {', '.join(lost)} from given").fetchone() if lost else ()
    return {name: count for name, count in zip(typed, counts, strict=True) if count}


def _value(warehouse: duckdb.DuckDBPyConnection, attribute: Attribute, type: str, source: str) -> str:
    """An attribute of `given` as SQL of its type; a date that is not as the mapping says as it can be read."""
    if type != "date":
        return attribute.sql(type)
    months = month_is_first(warehouse, attribute.text, source)
    return f"coalesce({attribute.sql(type)}, {read_date(attribute.text, source, months)})"
