"""The portfolio of systems: a new one, whether one works, and how all of them stand."""

from __future__ import annotations

import sys

import click
from rich.table import Table
from rich.text import Text

from pipelines import resources
from pipelines.console import wide_console
from pipelines.plain import plain
from sources.contract import load_contracts

console = wide_console()
KINDS = click.Choice(["rest", "graphql", "sql", "files"])
COLOURS = {"ok": "green", "note": "yellow", "bad": "red"}


@click.group()
def source() -> None:
    """Systems that are read: add one, check one, list all."""


@source.command("new")
@click.argument("name")
@click.option("--kind", type=KINDS, required=True)
def source_new(name: str, kind: str) -> None:
    """Write the folder of a new system; its conformance suite runs at once, and fails until it is written."""
    from pipelines import onboarding

    for path in onboarding.scaffold(name, kind):
        click.echo(path.relative_to(resources.PROJECT))
    click.echo(f"Next: pytest tests/sources/conformance -k {name}, then the recipe in CONTRIBUTING.md")


@source.command("check")
@click.argument("name")
def source_check(name: str) -> None:
    """Ask the live system for two pages of each stream and say what works. Exit code 1 if something does not."""
    from pipelines import onboarding

    contracts = load_contracts()
    if name not in contracts:
        raise click.UsageError(f"no contract for {name}; there are {', '.join(contracts)}")
    table, bad = Table("what", "", "found", box=None), False
    for finding in onboarding.in_short(onboarding.check(contracts[name], resources.now())):
        bad = bad or finding.state == "bad"
        table.add_row(finding.subject, Text(finding.state, COLOURS[finding.state]), plain(finding.said))
    console.print(table)
    sys.exit(1 if bad else 0)


@source.command("rejects")
@click.argument("name")
def source_rejects(name: str) -> None:
    """Lines of a system's files that are no records: file, line and reason, oldest load first."""
    from pipelines.sent_files import rejects

    contracts = load_contracts()
    if name not in contracts:
        raise click.UsageError(f"no contract for {name}; there are {', '.join(contracts)}")
    table = Table("stream", "file", "line", "reason", box=None)
    for stream in contracts[name].streams:
        for one in rejects(resources.settings().landing, name, stream):
            table.add_row(stream, plain(one.file), str(one.line), plain(one.reason))
    console.print(table)


@source.command("list")
def source_list() -> None:
    """The portfolio: owner, state, version and its end, age of the credential, latency, last event, streams."""
    from pipelines import portfolio

    names = (
        "system",
        "owner",
        "state",
        "version",
        "sunset or review in",
        "credential",
        "rotate in",
        "latency",
        "last event",
        "streams",
    )
    table = Table(*names, box=None)
    for entry in portfolio.portfolio(load_contracts(), resources.settings(), resources.now()):
        contract, latency = entry.contract, dict.fromkeys(one.latency_class for one in entry.contract.streams.values())
        state = contract.state + ("" if entry.connected else ", not connected")
        event = f"{entry.last_event_at:%Y-%m-%d %H:%M}" if entry.last_event_at else ""
        ends = _days(entry.sunset_in) or (entry.review_in is not None and f"{entry.review_in} d, review") or ""
        days = [ends, *(_days(one) for one in (entry.credential_age, entry.rotation_in))]
        table.add_row(
            contract.system, contract.owner, state, contract.api_version or "", *days, ", ".join(latency), event,
            ", ".join(contract.streams),
        )  # fmt: skip
    console.print(table)


def _days(count: int | None) -> str:
    return "" if count is None else f"{count} d"


VERBS = (source,)
