"""One phase of the pipeline in a process of its own, for the benchmarks: generate, extract, change or build."""

from __future__ import annotations

import sys

from pipelines import exports, extract, resources, transform
from sources.contract import load_contracts
from sources.estate import events, server

CHANGED_SHARE = 0.01


def main(phase: str, profile: str) -> None:
    """Run `phase` for `profile` in the home that ASSAY_HOME names; a failed stream ends it with its message."""
    settings = resources.settings()
    if phase == "generate":
        server.generate_estate(profile, settings.home)
    elif phase == "change":
        events.change_share(settings.home / "estate" / profile, CHANGED_SHARE)
    elif phase == "extract":
        with server.start(profile, settings.home):
            failed = [
                report
                for report in extract.extract_all(load_contracts(), settings, resources.now())
                if isinstance(report, extract.Failure)
            ]
        if failed:
            sys.exit("\n".join(str(failure) for failure in failed))
    elif phase == "build":
        exports.export(settings, transform.build(settings))


if __name__ == "__main__":
    main(*sys.argv[1:3])
