"""Reads what is known to be the same, for the scorer only: entities per record or pairs of records, never both.

A label that contradicts another is refused here, before anything is scored on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pipelines.mapping import Mapping, TruthFile, UnusableInput, named, view


@dataclass(frozen=True)
class Labels:
    """`entities` has record_id, entity_id; `pairs` left_id, right_id where only pairs across two files are known."""

    entities: pa.Table
    pairs: pa.Table | None = None


def read(mapping: Mapping, files: Sequence[Path], records: pa.Table) -> Labels:
    """The labels in `files` about `records` (record_id, file, key). Raises UnusableInput where they contradict."""
    with duckdb.connect() as db:
        db.register("records", records)
        if mapping.truth.record:
            return Labels(_entities(db, mapping.truth, files))
        return _from_pairs(db, mapping, files)


def read_tested(mapping: Mapping, file: Path, records: pa.Table) -> pa.Table:
    """left_id, right_id, same of a published split: pairs that others scored themselves on. Raises UnusableInput."""
    if not mapping.truth.left:
        raise UnusableInput(f"{file.name}: a test split is of pairs, so the mapping must name `left` and `right`")
    with duckdb.connect() as db:
        db.register("records", records)
        _pairs(db, mapping, [file])
        return db.execute("select left_id, right_id, same from labelled").to_arrow_table()


def _entities(db: duckdb.DuckDBPyConnection, how: TruthFile, files: Sequence[Path]) -> pa.Table:
    db.execute("create table known (key varchar, entity_id varchar)")
    for file in files:
        view(db, "given", file, how, [how.record, how.entity])
        entity = f"nullif(trim({named(how.entity)}), '')"
        db.execute(f"insert into known select distinct trim({named(how.record)}), {entity} from given")
    db.execute("delete from known where key is null or entity_id is null")
    if not db.execute("select count(*) from known").fetchone()[0]:
        raise UnusableInput(f"the truth is empty: no row has both {how.record} and {how.entity}")
    _refuse(
        db,
        "select key from known group by key having count(distinct entity_id) > 1",
        "stand in two entities or more; a record is one thing",
    )
    _refuse(db, "select key from known anti join records using (key)", "are in the truth but in no file of records")
    _refuse(
        db,
        "select key from records semi join known using (key) group by key having count(*) > 1",
        "are ids of several files, so a truth by record cannot tell them apart; make ids unique",
    )
    return db.execute("select distinct record_id, entity_id from known join records using (key)").to_arrow_table()


def _pairs(db: duckdb.DuckDBPyConnection, mapping: Mapping, files: Sequence[Path]) -> None:
    """Make the table labelled (left_id, right_id, same).

    Of two files left ids are of the first, unless one entry of the mapping describes both and no id stands in both.
    """
    how = mapping.truth
    db.execute("create table said (l varchar, r varchar, label varchar)")
    label = "'1'"
    if how.label:
        label = f"case lower({named(how.label)}) when 'true' then '1' when 'false' then '0' else {named(how.label)} end"
    for file in files:
        view(db, "given", file, how, [how.left, how.right, *([how.label] if how.label else [])])
        db.execute(
            f"insert into said select distinct trim({named(how.left)}), trim({named(how.right)}), {label} from given"
        )
    unreadable = "select l from said where coalesce(try_cast(label as double) not in (0, 1), true)"
    _refuse(db, unreadable, "have a label that is neither; 1 or true is the same, 0 or false is different")
    several, unique = db.execute("select max(file) > '1', count(distinct key) = count(*) from records").fetchone()
    by_side = several and not (unique and len(mapping.records) == 1)
    left, right = ("file = '1'", "file = '2'") if by_side else ("true", "true")
    db.execute(f"""
        create table labelled as
        select distinct
            l.record_id as left_id, r.record_id as right_id, try_cast(label as double) = 1 as same, said.l, said.r
        from said
        left join (from records where {left}) as l on said.l = l.key
        left join (from records where {right}) as r on said.r = r.key
    """)
    lost = """
        select coalesce(l, 'nothing') || ' and ' || coalesce(r, 'nothing') from labelled
        where left_id is null or right_id is null
    """
    _refuse(db, lost, "name a record that is in no file of records")
    both = """
        select min(l || ' and ' || r) from labelled
        group by least(left_id, right_id), greatest(left_id, right_id) having count(distinct same) > 1
    """
    _refuse(db, both, "are labelled both the same and different")


def _from_pairs(db: duckdb.DuckDBPyConnection, mapping: Mapping, files: Sequence[Path]) -> Labels:
    _pairs(db, mapping, files)
    ids = db.execute("select record_id from records order by record_id").to_arrow_table()["record_id"].to_pylist()
    place = {record_id: n for n, record_id in enumerate(ids)}
    same = db.execute("select distinct left_id, right_id from labelled where same").to_arrow_table()
    left, right = ([place[i] for i in same[side].to_pylist()] for side in ("left_id", "right_id"))
    links = coo_matrix((np.ones(len(left), bool), (left, right)), shape=(len(ids), len(ids)))
    _, entity = connected_components(links, directed=False)
    entities = pa.table({"record_id": ids, "entity_id": [f"{e}" for e in entity]})
    db.register("same", same)
    across = db.execute("""
        select count(*) > 0 and bool_and(l.file <> r.file)
        from same join records as l on left_id = l.record_id join records as r on right_id = r.record_id
    """).fetchone()[0]
    if across:
        return Labels(entities, same)
    db.register("entities", entities)
    _refuse(
        db,
        """
        select labelled.l || ' and ' || labelled.r from labelled
        join entities as a on left_id = a.record_id
        join entities as b on right_id = b.record_id
        where not same and a.entity_id = b.entity_id
        """,
        "are labelled different, but other labels make them the same",
    )
    return Labels(entities)


def _refuse(db: duckdb.DuckDBPyConnection, offending: str, why: str) -> None:
    found = db.execute(f"select * from ({offending}) order by all").fetchall()
    if found:
        count, one = len(found), found[0][0][:80] or "an empty id"
        raise UnusableInput(f"the truth contradicts itself or the records: {count:,} ids or pairs {why}, for one {one}")
