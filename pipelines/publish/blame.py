"""Why so many values change at once: the survivorship rules behind them and the commit that last changed the rules."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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
    table = pq.read_table(path, columns=[key, "rule", "system"], filters=[("attribute", "in", attributes)])
    table = table.filter(pc.is_in(table[key], pa.array(golden_ids, pa.string())))
    counted = Counter(zip(table["rule"].to_pylist(), table["system"].to_pylist(), strict=True))
    said = [f"{count} by rule {rule!r} from {system}" for (rule, system), count in counted.most_common(2)]
    return "; ".join([*said, *_last_commit()])


def _last_commit() -> list[str]:
    """The commit that last changed the rules, in a checkout: a merged pull request says its number there."""
    command = ["git", "-C", str(PROJECT), "log", "-1", "--format=%h %s", "--", RULES]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return []
    return [f"{RULES} was last changed by {found}"] if found else []
