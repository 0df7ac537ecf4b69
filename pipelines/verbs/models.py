"""The dbt models: build them, and write their docs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pipelines import resources
from pipelines.console import wide_console
from pipelines.plain import plain

console = wide_console()


@click.command()
@click.option("--select", help="dbt selection, such as +golden_prices")
@click.option("--full-refresh", is_flag=True)
def build(select: str | None, full_refresh: bool) -> None:
    """Run and test the dbt models, then export what others read."""
    from pipelines.publish import report
    from pipelines.rebuild import rebuild
    from pipelines.unheeded import unheeded

    settings = resources.settings()
    with report.models(console) as tick:
        built = rebuild(settings, resources.now(), select, tick, full_refresh)
    for name, count in built.rows.items():
        click.echo(f"{count:>12,}  {name}")
    if not select and not built.failures:
        for told in unheeded(settings):
            click.echo(plain(f"assay: not heeded: {told}"), err=True)
    for name, became in built.failures.items():
        click.echo(f"assay: {name} {became}; its domain is closed for publishing", err=True)
    sys.exit(1 if built.failures else 0)


@click.command()
@click.option("--out", type=click.Path(path_type=Path))
def docs(out: Path | None) -> None:
    """Write the dbt docs as one static file."""
    from pipelines import transform

    click.echo(transform.docs(resources.settings(), out))


VERBS = (build, docs)
