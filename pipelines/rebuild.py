"""One build as one act: measure what is known, run dbt, judge each domain, export. The CLI and Dagster both call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pipelines import freshness, gates, transform
from pipelines.resources import Settings
from sources.contract import load_contracts


@dataclass(frozen=True)
class Rebuilt:
    """What a build did: dbt's counts, rows per exported file, and what broke by dbt node (empty if nothing did)."""

    result: transform.BuildResult | None
    rows: dict[str, int]
    failures: dict[str, str]


def rebuild(
    settings: Settings,
    now: datetime,
    select: str | None = None,
    on_event: Callable[[transform.Event], None] | None = None,
    full: bool = False,
) -> Rebuilt:
    """Build and test (what `select` names of) the dbt project, record the verdict per domain, export.

    Failed tests and models do not raise: they close the gates of their domains. Raises BuildFailed when dbt stopped
    before it ran anything.
    """
    marks = None if select else freshness.measure(settings, load_contracts())
    result = None
    try:
        result = transform.build(settings, select, on_event, full)
    except transform.BuildFailed:
        if not (settings.home / "dbt" / "run_results.json").exists():
            raise
    built = gates.record_build(settings, marks, now)
    rows = transform.export(settings)
    return Rebuilt(result, rows, {name: failure["became"] for name, failure in built.failures.items()})
