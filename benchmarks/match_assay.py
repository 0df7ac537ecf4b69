"""Assay's side of the matching benchmark: dbt is loaded beside everything else, as in the job `full`."""

from pipelines.dbt_child import get_ready
from pipelines.resources import child_environment, settings

RUN = "bench"


def main() -> None:
    """Start dbt before what takes a second to import, then match."""
    get_ready(child_environment(settings(), RUN))
    from benchmarks import match

    match.assay()


if __name__ == "__main__":
    main()
