"""The systems that are read: extraction, how old what they said is, and what their contracts promise."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from pipelines import resources
from pipelines.console import wide_console
from pipelines.plain import plain
from sources.contract import load_contracts

if TYPE_CHECKING:
    from pipelines.freshness import Reading

console = wide_console()
SAID = 3


@click.command()
@click.argument("systems", nargs=-1)
@click.option("--full", is_flag=True, help="Read everything again, not only what is new.")
def extract(systems: tuple[str, ...], full: bool) -> None:
    """Read the systems into the landing, all of them by default. Exit code 1 if a stream failed."""
    from pipelines import extract as extraction

    contracts = load_contracts()
    unknown = sorted(set(systems) - set(contracts))
    if unknown:
        raise click.UsageError(f"no contract for {', '.join(unknown)}; there are {', '.join(contracts)}")
    reports = extraction.extract_all(
        contracts, resources.settings(), resources.now(), systems=systems or None, full=full
    )
    failures = [report for report in reports if isinstance(report, extraction.Failure)]
    table, said = Table("stream", "rows", "deleted", "rejected", "seconds", "proven until (UTC)", box=None), []
    for report in reports:
        if not isinstance(report, extraction.Failure):
            name = f"{report.system}/{report.stream}"
            counts = (f"{count:,}" for count in (report.rows, report.deleted, report.rejected))
            table.add_row(name, *counts, f"{report.seconds:.1f}", report.proven)
            said += [f"{name}: {warning}" for warning in _in_short(report.warnings)]
    console.print(table)
    for line in said:
        click.echo(plain(line))
    for failure in failures:
        click.echo(f"assay: {failure.message}", err=True)
    sys.exit(1 if failures else 0)


def _in_short(warnings: Sequence[str]) -> Iterator[str]:
    yield from warnings[:SAID]
    if len(warnings) > SAID:
        yield f"and {len(warnings) - SAID:,} more, which Dagster's check of the stream lists"


@click.command()
@click.option("--json", "as_json", is_flag=True)
def freshness(as_json: bool) -> None:
    """Say how old each stream is, per store where it matters. Exit code 3 if one is stale."""
    from pipelines import freshness as fresh

    contracts = load_contracts()
    readings = fresh.judge(contracts, fresh.measure(resources.settings(), contracts), resources.now())
    if as_json:
        click.echo(json.dumps([_as_json(reading) for reading in readings], indent=1))
    else:
        table = Table("domain", "where", "known by", "age", "allowed", "state", box=None)
        for reading in sorted(readings, key=lambda one: (one.domain, one.watermark.place)):
            mark, age = reading.watermark, reading.age
            known = f"{mark.stream}, {'newest event' if mark.basis == 'event' else 'read to the end'}"
            spelled = "never" if age is None else fresh.spoken(age)
            table.add_row(reading.domain, mark.place, known, spelled, fresh.spoken(reading.sla.fail), reading.state)
        console.print(table)
    sys.exit(3 if any(reading.state == "stale" for reading in readings) else 0)


def _as_json(reading: Reading) -> dict[str, Any]:
    mark = reading.watermark
    return {
        "domain": reading.domain,
        "system": mark.system,
        "stream": mark.stream,
        "unit": mark.unit,
        "basis": mark.basis,
        "state": reading.state,
        "at": mark.at.isoformat() if mark.at else None,
        "age_s": reading.age.total_seconds() if reading.age is not None else None,
        "fail_s": reading.sla.fail.total_seconds(),
    }


@click.group()
def contracts() -> None:
    """What the sources promise."""


@contracts.command("sync")
def contracts_sync() -> None:
    """Write the dbt sources from the contracts, and the unions of what systems have in one shape."""
    sources, unions = (importlib.import_module(f"pipelines.dbt_{name}") for name in ("sources", "unions"))
    for path in [*sources.write_sources(load_contracts()), *unions.write_unions()]:
        click.echo(path)


VERBS = (extract, freshness, contracts)
