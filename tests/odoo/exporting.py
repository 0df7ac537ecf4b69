"""Exports of a real Odoo's whole database, read beside Odoo: every row of every table, to compare states with."""

from __future__ import annotations

import json
import re
from collections import Counter

from tests.odoo import postgres

# When and by whom a row was last written is not what it says. Ours say which run stands behind a record.
BESIDE = ("write_date", "write_uid", "x_assay_run")
# What Odoo itself keeps about its sessions, its work queues and its history; the history may only grow.
GROWS = (
    "mail_message",
    "mail_message_res_partner_rel",
    "mail_tracking_value",
    "res_users_log",
    "bus_bus",
    "res_device_log",
)
# What Odoo's modules consist of: only counted.
PROGRAM = re.compile(
    r"ir_(ui|act|model$|model_(fields|constraint|access|inherit|relation)|module|rule|cron|asset).*|res_country.*"
)
TABLES = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
WHOLE = "(to_jsonb(t)" + "".join(f" - '{column}'" for column in BESIDE) + ")::text"
Export = dict[str, list[str]]


def export(database: str) -> Export:
    """Every row of every table as text, sorted, without the columns that tell of the writing only."""
    tables = postgres.psql(TABLES, database)
    shown = {table: "''" if PROGRAM.fullmatch(table) else WHOLE for table in tables.split()}
    queries = [f"select '{table}', {what} from \"{table}\" t" for table, what in shown.items()]
    found: Export = {table: [] for table in tables.split()}
    for line in postgres.psql(" union all ".join(queries), database).splitlines():
        table, _, row = line.partition("|")
        found[table].append(row)
    return {table: sorted(rows) for table, rows in found.items()}


def changes(before: Export, after: Export, but: tuple[str, ...] = GROWS) -> dict[str, set[tuple[int, str]]]:
    """(row id, column) that differ, by table, except in tables `but`; a row made or gone differs in its id."""
    found = {}
    for table in before:
        if table in but or table.startswith("orm_signaling") or before[table] == after[table]:
            continue
        old, new = (_only(one, other) for one, other in ((before[table], after[table]), (after[table], before[table])))
        found[table] = {
            (key, column)
            for key in old.keys() | new.keys()
            for column in {*old.get(key, {}), *new.get(key, {})}
            if old.get(key, {}).get(column) != new.get(key, {}).get(column)
        }
    return found


def vanished(before: Export, after: Export) -> dict[str, int]:
    """Tables that have fewer rows than before, with how many."""
    return {table: len(rows) - len(after[table]) for table, rows in before.items() if len(after[table]) < len(rows)}


def _only(some: list[str], others: list[str]) -> dict:
    """The rows that only `some` has, by id, or by themselves in tables of pairs."""
    rows = [json.loads(row) for row in (Counter(some) - Counter(others)).elements()]
    return {row.get("id", json.dumps(row)): row for row in rows}


def digests(database: str) -> dict[str, dict[str, str]]:
    """The same in little room: by table a digest of each row by its id; of rows without one, how often it occurs."""
    asked = "select table_name from information_schema.columns where column_name = 'id' and table_schema = 'public'"
    keyed = set(postgres.psql(asked, database).split())
    found: dict[str, dict[str, str]] = {table: {} for table in postgres.psql(TABLES, database).split()}
    counted = f"select '{{0}}', md5({WHOLE}), count(*)::text from \"{{0}}\" t group by 2"
    by_id = f"select '{{0}}', id::text, md5({WHOLE}) from \"{{0}}\" t"
    queries = [(by_id if table in keyed else counted).format(table) for table in found]
    for line in postgres.psql(" union all ".join(queries), database).splitlines():
        table, key, value = line.split("|")
        found[table][key] = value
    return found
