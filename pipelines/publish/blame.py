"""Why so many values change at once: the survivorship rules behind them and the commit that last changed the rules."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable

import duckdb
import pyarrow.parquet as pq

from pipelines import exports
from pipelines.resources import PROJECT, Settings

RULES = "dbt_project/seeds/survivorship.csv"
KEYS = ("golden_id", "customer_id", "price_id")


def behind(settings: Settings, domain: str, name: str, field: str, golden_ids: Iterable[str]) -> str:
    """By which rules and from which systems the values of a field come, and the rules' last commit; "" if unknown."""
    path = settings.exports / "golden" / f"golden_{domain}__provenance.parquet"
    if not path.exists():
        return ""
    # Parsing SQL is slow to load, and only needed when a plan reaches too far.
    from pipelines.columns import attributes_of

    attributes = attributes_of(settings, f"publish_odoo__{name}", field) or [field]
    key = next(column for column in KEYS if column in pq.read_schema(path).names)
    query = f"""
        select count(*), rule, system from {exports.relation(path)}
        where attribute in (select unnest(?::varchar[])) and {key} in (select unnest(?::varchar[]))
        group by rule, system order by count(*) desc, rule, system limit 2
    """
    with duckdb.connect() as memory:
        counted = memory.execute(query, [attributes, list(golden_ids)]).fetchall()
    said = [f"{count} by rule {rule!r} from {system}" for count, rule, system in counted]
    return "; ".join([*said, *_last_commit()])


def _last_commit() -> list[str]:
    """The commit that last changed the rules, in a checkout: a merged pull request says its number there."""
    command = ["git", "-C", str(PROJECT), "log", "-1", "--format=%h %s", "--", RULES]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return []
    return [f"{RULES} was last changed by {found}"] if found else []
