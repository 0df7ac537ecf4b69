"""The ledger: the tables that hold what must never be lost, and the one way to open them.

Cursors, golden ids, trained models, plans, approvals, receipts and the audit chain live here. Nothing derived does.
SQLite by default, PostgreSQL for a team; all access is SQLAlchemy Core.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

if TYPE_CHECKING:
    import pyarrow as pa

metadata = MetaData()

ERASED = '"[erased]"'
"""What stands in a receipt in the place of an erased person's value, JSON."""

cursors = Table(
    "cursors",
    metadata,
    Column("system", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("value", Text, comment="opaque position of the stream, JSON"),
    Column("proven_until_at", DateTime, comment="everything the source stamped up to here has landed, UTC"),
    Column("load_id", String, nullable=False),
    Column("committed_at", DateTime, nullable=False),
)

golden_ids = Table(
    "golden_ids",
    metadata,
    Column("domain", String, primary_key=True),
    Column("golden_id", String, primary_key=True),
    Column("founder_record_id", String, nullable=False),
    Column("state", String, nullable=False, comment="active, redirected or retired"),
    Column("redirected_to", String),
    Column("born_seq", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # of a million rows the key alone is kept, and kept once
)
IDLE = sa.text("state <> 'active'")
# Few rows of many, and each whole in the index: SQLite would go through the table for less.
of_idle = (golden_ids.c[name] for name in ("domain", "state", "founder_record_id", "redirected_to"))
Index("golden_ids_idle", *of_idle, sqlite_where=IDLE, postgresql_where=IDLE)

id_members = Table(
    "id_members",
    metadata,
    Column("domain", String, primary_key=True),
    Column("record_id", String, primary_key=True),
    Column(
        "native_id",
        String,
        nullable=False,
        comment="the first id it had, or got by a split; a merge keeps it, an unmerge returns to it",
    ),
    Column("golden_id", String, nullable=False),
    sqlite_with_rowid=False,
)
MOVED = sa.text("native_id <> golden_id")
of_moved = (id_members.c[name] for name in ("domain", "native_id", "golden_id"))
Index("id_members_moved", *of_moved, sqlite_where=MOVED, postgresql_where=MOVED)

id_events = Table(
    "id_events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("domain", String, nullable=False),
    Column("event", String, nullable=False, comment="minted, joined, merged, split, redirected, retired, revived"),
    Column("golden_id", String, nullable=False),
    Column("other_id", String),
    Column("record_id", String),
    Column("reason", Text, nullable=False),
    Column("run_id", String, nullable=False),
)

id_causes = Table(
    "id_causes",
    metadata,
    Column("domain", String, primary_key=True),
    Column("causes", Text, nullable=False, comment="JSON: what the last build rested on besides records, by name"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("system", String, primary_key=True),
    Column(
        "digest", String, primary_key=True, comment="of the erased record's key; of a mailbox where the system is *"
    ),
    Column("basis", String, nullable=False, comment="why it was erased"),
    Column("erased_by", String, nullable=False),
    Column("erased_at", DateTime, nullable=False),
)

match_models = Table(
    "match_models",
    metadata,
    Column("domain", String, primary_key=True),
    Column("version", String, primary_key=True, comment="hash of all that it learnt"),
    Column("seq", Integer, nullable=False, comment="the highest of a domain is in use"),
    Column("declared", String, nullable=False, comment="hash of the declaration that it was trained for"),
    Column("records", BigInteger, nullable=False, comment="how many it was learnt from"),
    Column("run_id", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("parts", LargeBinary, nullable=False, comment="a zip of one Parquet file per part"),
)

review_samples = Table(
    "review_samples",
    metadata,
    Column("sample_id", String, primary_key=True),
    Column("left_record_id", String, primary_key=True),
    Column("right_record_id", String, primary_key=True),
    Column("domain", String, nullable=False),
    Column("stratum", String, nullable=False, comment="kind of pair within which it was drawn at random"),
    Column("pairs", BigInteger, nullable=False, comment="pairs of that kind when it was drawn"),
    Column("joined", Boolean, nullable=False, comment="whether the build had put both into one cluster"),
    Column("model_version", String),
    Column("drawn_at", DateTime, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("kind", String, nullable=False, comment="extract, build, plan, apply, verify, undo"),
    Column("started_at", DateTime, nullable=False),
    Column("ended_at", DateTime),
    Column("status", String, nullable=False, comment="running, succeeded, failed"),
    Column("summary", Text, comment="JSON, never personal data"),
)

plans = Table(
    "plans",
    metadata,
    Column("plan_id", String, primary_key=True),
    Column("seq", Integer, nullable=False, unique=True, comment="1, 2, 3 …: clocks may be pinned, this is not"),
    Column("target", String, nullable=False, comment="identity of the Odoo database the plan was made against"),
    Column("golden_hash", String, nullable=False, comment="over the payload hashes of all rows considered"),
    Column("policy_hash", String, nullable=False),
    Column("content_hash", String, nullable=False, comment="over all of the above and all lines; an edit is refused"),
    Column("made_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
    Column("made_by", String, nullable=False),
    Column("state", String, nullable=False, comment="planned, approved, applying, applied, halted, undone"),
    Column("summary", Text, nullable=False, comment="JSON, never personal data"),
)

plan_lines = Table(
    "plan_lines",
    metadata,
    Column("plan_id", String, primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("object", String, nullable=False, comment="res_partner, product_template, …"),
    Column("action", String, nullable=False, comment="create, update, link, conflict, hold, reject"),
    Column("golden_id", String, nullable=False),
    Column("odoo_id", Integer),
    Column("before", Text, comment="JSON field -> value last seen in Odoo"),
    Column("after", Text, comment="JSON field -> value to write"),
    Column("reason", Text),
    Index("plan_lines_by_golden_id", "golden_id"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("plan_id", String, primary_key=True),
    Column("approved_by", String, primary_key=True),
    Column("approved_at", DateTime, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("forced", Boolean, nullable=False, comment="approved although a cap is exceeded"),
    Column("note", Text),
)

publish_runs = Table(
    "publish_runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("kind", String, nullable=False, comment="apply, undo"),
    Column("plan_id", String, nullable=False),
    Column("target", String, nullable=False),
    Column("undoes", String, unique=True, comment="the run that this one undoes"),
    Column("started_at", DateTime, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True, comment="what one process may do at a time"),
    Column("holder", String, nullable=False, comment="host:pid:token"),
    Column("until", Float, nullable=False, comment="seconds since 1970 by the real clock"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("plan_id", String, nullable=False),
    Column("state", String, nullable=False, comment="sent, done, conflict, rejected, gone, busy"),
    Column("odoo_id", Integer),
    Column("detail", Text, comment="JSON: fields kept, or what Odoo said"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("seq", Integer, primary_key=True, comment="order of writing"),
    Column("run_id", String, nullable=False),
    Column("object", String, nullable=False),
    Column("odoo_id", Integer, nullable=False),
    Column("field", String, nullable=False),
    Column("plan_id", String, nullable=False),
    Column("target", String, nullable=False),
    Column("line", Integer, nullable=False),
    Column("golden_id", String, nullable=False),
    Column("before", Text, comment="JSON value"),
    Column("after", Text, comment="JSON value"),
    Column("created_record", Boolean, nullable=False),
    Column("written_at", DateTime, nullable=False),
    Column("verified", Boolean),
    UniqueConstraint("run_id", "object", "odoo_id", "field"),
    Index("receipts_by_odoo_field", "object", "odoo_id", "field"),
    Index("receipts_by_line", "run_id", "line"),
    Index("receipts_by_golden_id", "golden_id"),
)

edit_rulings = Table(
    "edit_rulings",
    metadata,
    Column("seq", Integer, primary_key=True, comment="order of ruling"),
    Column("target", String, nullable=False),
    Column("object", String, nullable=False),
    Column("golden_id", String, nullable=False),
    Column("field", String, nullable=False, comment="* is the whole record"),
    Column("ruling", String, nullable=False, comment="keep, revert, release, take"),
    Column("value_hash", String, comment="of the value in Odoo that was ruled on"),
    Column("after_seq", Integer, nullable=False, comment="the newest receipt when it was ruled"),
    Column("ruled_by", String, nullable=False),
    Column("ruled_at", DateTime, nullable=False),
    Column("reason", Text, nullable=False, comment="never personal data"),
    Index("edit_rulings_by_golden_id", "golden_id"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", DateTime, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("detail", Text, nullable=False, comment="JSON, never personal data"),
    Column("previous_hash", String, nullable=False),
    Column("hash", String, nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False, comment="always 1"),
    Column("seq", Integer, nullable=False, comment="number of entries: a cut tail shows"),
    Column("hash", String, nullable=False),
)


# Rows that one statement inserts into SQLite, and rows that are made ready at once.
TOGETHER, AT_ONCE = 100, 50_000
# How long a writer waits for another one before it gives up, and how much SQLite may keep in memory.
PATIENCE_MS, CACHE_KB = 30_000, 64 * 1024


class LedgerUnavailable(Exception):
    """The ledger cannot be read or written now; what was committed stands, and running again goes on from there."""


@lru_cache(maxsize=8)
def open_ledger(url: str) -> sa.Engine:
    """An engine on the ledger at `url`, all tables, columns and indexes present. SQLite runs in WAL mode, fsynced."""
    try:
        engine = sa.create_engine(url)
    except (sa.exc.ArgumentError, ImportError) as unfit:
        raise LedgerUnavailable(f"ASSAY_LEDGER_URL names no database that can be opened here: {unfit}") from None
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _sqlite_pragmas)
    sa.event.listen(engine, "handle_error", _say_unavailable)
    if _lacking(engine):
        _bring_up_to_date(engine)
    return engine


def insert(connection: sa.Connection, table: sa.Table, rows: pa.Table, **same: str | None) -> None:
    """Insert rows that hold the table's columns in order, but those that the database counts and what is the `same`.

    Many go to a statement: of a million rows SQLAlchemy would make a million dictionaries first, and a database begin
    and end a statement a million times.
    """
    names = [c.name for c in table.columns if c.autoincrement is not True and c.name not in same]
    for start in range(0, len(rows), AT_ONCE):
        some = rows.slice(start, AT_ONCE).rename_columns(names)
        if connection.dialect.name == "postgresql":
            _insert_into_postgresql(connection, table, some, same)
        else:
            _insert_into_sqlite(connection, table, some, same)


def _insert_into_postgresql(connection: sa.Connection, table: sa.Table, rows: pa.Table, same: Mapping) -> None:
    """A column goes as one text, which no driver looks into."""
    columns = {name: json.dumps(rows[name].to_pylist(), ensure_ascii=False) for name in rows.column_names}
    values = {name: f"json_array_elements_text(CAST(:{name} AS json))" for name in columns}
    values |= {name: f":{name}" for name in same}
    kinds = {name: table.c[name].type.compile(connection.dialect) for name in values}
    selected = ", ".join(f"CAST({value} AS {kinds[name]})" for name, value in values.items())
    statement = sa.text(f"INSERT INTO {table.name} ({', '.join(values)}) SELECT {selected}")
    connection.execute(statement, {**columns, **same})


def _insert_into_sqlite(connection: sa.Connection, table: sa.Table, rows: pa.Table, same: Mapping) -> None:
    """What is the same is bound once to a statement."""
    width, names = rows.num_columns, ", ".join([*same, *rows.column_names])
    flat: list = [None] * (width * len(rows))
    for place, column in enumerate(rows.columns):
        flat[place::width] = column.to_pylist()
    fixed, first, done = tuple(same.values()), len(same) + 1, 0
    for together in (TOGETHER, 1):
        size = together * width
        upto = done + (len(flat) - done) // size * size
        values = [(*fixed, *flat[n : n + size]) for n in range(done, upto, size)]
        numbers = [(*range(1, first), *range(n, n + width)) for n in range(first, first + size, width)]
        places = ", ".join("(" + ", ".join(f"?{number}" for number in row) + ")" for row in numbers)
        if values:
            connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES {places}", values)
        done = upto


def _lacking(bind: sa.Engine | sa.Connection) -> list[sa.Table | sa.Column | Index]:
    """Tables that the ledger does not have yet, and columns and indexes that its tables do not."""
    inspector = sa.inspect(bind)
    present = set(inspector.get_table_names())
    lacking: list[sa.Table | sa.Column | Index] = [
        table for table in metadata.sorted_tables if table.name not in present
    ]
    for table in metadata.sorted_tables:
        if table.name in present:
            known = {column["name"] for column in inspector.get_columns(table.name)}
            lacking += [column for column in table.columns if column.name not in known]
            if table.indexes:
                known = {index["name"] for index in inspector.get_indexes(table.name)}
                lacking += [index for index in table.indexes if index.name not in known]
    return lacking


def _bring_up_to_date(engine: sa.Engine) -> None:
    """Add what the ledger lacks, in one transaction that only one process at a time can be in."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("assay ledger"))))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        for lacking in _lacking(connection):
            if isinstance(lacking, sa.Table | Index):
                lacking.create(connection)
            else:
                kind = lacking.type.compile(engine.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {lacking.table.name} ADD COLUMN {lacking.name} {kind}")
        connection.commit()


def _sqlite_pragmas(connection, _record) -> None:
    """The change to WAL needs the file for itself, and of several that want it at once SQLite refuses some unasked."""
    until = time.monotonic() + PATIENCE_MS / 1000
    connection.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", f"cache_size=-{CACHE_KB}"):
        connection.execute(f"PRAGMA {pragma}")


def _say_unavailable(context: sa.engine.ExceptionContext) -> None:
    """What befalls disk, locks, connection or file is the operator's matter: one line, no statement, no values."""
    said = " ".join(str(context.original_exception).split())
    # What SQLite cannot read as a database is of the general kind; every other error has one of its own.
    if type(context.sqlalchemy_exception) is sa.exc.DatabaseError:
        remedy = "look at what ASSAY_LEDGER_URL or Assay's home names, and bring back a copy of the ledger"
        raise LedgerUnavailable(f"the ledger is damaged or is none ({said}); {remedy}") from context.original_exception
    if isinstance(context.sqlalchemy_exception, sa.exc.OperationalError):
        remedy = "see to its disk and to who else uses it, then run the same command again: it goes on where it ended"
        raise LedgerUnavailable(f"the ledger is not available ({said}); {remedy}") from context.original_exception
