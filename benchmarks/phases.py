"""What the pipeline's benchmark runs in a process of its own: generate, change, the path (extract, then build), queue.

The path goes as the job `full` does: dbt is loaded while the systems are read.
"""

from __future__ import annotations

import json
import sys

from benchmarks.measure import end_phase
from pipelines import explain, exports, extract, resources, transform
from pipelines.review import cases
from sources.contract import load_contracts
from sources.estate import events, server

CHANGED_SHARE, RUN = 0.01, "benchmark"


def main(phase: str, profile: str) -> None:
    """Run `phase` for `profile` in the home that ASSAY_HOME names."""
    settings = resources.settings()
    if phase == "generate":
        server.generate_estate(profile, settings.home)
    elif phase == "change":
        events.change_share(settings.home / "estate" / profile, CHANGED_SHARE)
    elif phase == "extract":
        read(profile, settings)
    elif phase == "build":
        build(settings)
    elif phase == "path":
        transform.get_ready(settings, RUN)
        read(profile, settings)
        end_phase()
        build(settings)
    elif phase == "queue":
        queue(settings)


def read(profile: str, settings: resources.Settings) -> None:
    """Read all that is new of all systems; a failed stream ends the benchmark with its message."""
    with server.start(profile, settings.home):
        reports = extract.extract_all(load_contracts(), settings, resources.now())
    failed = [str(report) for report in reports if isinstance(report, extract.Failure)]
    if failed:
        sys.exit("\n".join(failed))


def build(settings: resources.Settings) -> None:
    """Build what is new and export it."""
    exports.export(settings, transform.build(settings, run_id=RUN))


def queue(settings: resources.Settings) -> None:
    """Read the stewards' queue; queue.json tells its cases and the pairs that matching compared."""
    open_cases = len(cases.queue(settings))
    with explain.warehouse(settings) as db:
        counts = [db.sql(f"select count(*) from matched.matched_{domain}__scores") for domain in explain.DOMAINS]
        pairs = sum(count.fetchone()[0] for count in counts)
    (settings.home / "queue.json").write_text(json.dumps({"cases": open_cases, "pairs": pairs}))


if __name__ == "__main__":
    main(*sys.argv[1:3])
