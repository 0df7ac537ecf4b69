"""`assay …`: each verb calls the function that the Dagster assets call, and prints what it returns.

Exit codes: 0 done, 1 refused or failed with a message, 2 wrong usage, 3 something is stale.
"""

from __future__ import annotations

import importlib
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from pipelines import resources
from pipelines.publish.report import wide_console
from pipelines.resources import MissingReference
from sources.contract import ContractError, load_contracts

if TYPE_CHECKING:
    from pipelines.freshness import Reading

console = wide_console()
of_profile = click.option(
    "--profile",
    type=click.Choice(["retailer2", "retailer10", "retailer40"]),
    default="retailer10",
    show_default=True,
    help="Size of the simulated retailer.",
)


class Assay(click.Group):
    """Turns the errors that Assay raises on purpose into one line and exit code 1."""

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except said_on_purpose() as error:
            click.echo(f"assay: {error}", err=True)
            sys.exit(1)


def said_on_purpose() -> tuple[type[Exception], ...]:
    """The errors that tell a user what is the matter; looked up only when there is one, for imports cost time."""
    from pipelines.audit import BrokenChain
    from pipelines.demo import HomeInUse
    from pipelines.lineage import NotFound
    from pipelines.publish.refusal import PublishRefused
    from pipelines.serve import NotReady
    from pipelines.transform import BuildFailed
    from sources.errors import ExtractError
    from sources.odoo.errors import OdooError

    ours = (PublishRefused, BuildFailed, NotFound, BrokenChain, HomeInUse, NotReady)
    return (*ours, MissingReference, ContractError, ExtractError, OdooError)


@click.group(cls=Assay, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Golden records for retailers who run Odoo."""


@main.command()
@of_profile
@click.option("--keep", is_flag=True, help="Go on from the state of the last demo instead of starting afresh.")
def demo(profile: str, keep: bool) -> None:
    """Run everything on the simulated retailer: extract, build, publish, verify."""
    from pipelines import demo as show

    sys.exit(show.run(profile, keep))


@main.command()
@of_profile
@click.option("--port", default=0, help="Default: a free one.")
@click.option("--own-systems", is_flag=True, help="Use the systems that the environment names; simulate no retailer.")
def dev(profile: str, port: int, own_systems: bool) -> None:
    """Open the Dagster UI beside the simulated retailer; nothing runs by itself."""
    from pipelines import serve

    sys.exit(serve.run(None if own_systems else profile, port))


@main.group()
def estate() -> None:
    """The simulated retailer."""


@estate.command("up")
@of_profile
def estate_up(profile: str) -> None:
    """Serve it until Ctrl-C; other commands find it through its endpoints file."""
    from sources.estate import server

    click.echo(f"Serving {profile}; Ctrl-C ends it.")
    server.serve_forever(resources.settings().home, profile)


@estate.command("generate")
@of_profile
def estate_generate(profile: str) -> None:
    """Write its databases without serving them."""
    from sources.estate import server

    click.echo(server.generate_estate(profile, resources.settings().home))


@estate.command("status")
def estate_status() -> None:
    """Say at which addresses it answers. Exit code 1 if it does not."""
    import socket
    from urllib.parse import urlsplit

    from sources.estate import endpoints

    announced = endpoints.read(resources.settings().estate)
    urls = {name: urlsplit(value) for name, value in announced.items() if value.startswith("http")}
    down = 0
    for name, url in urls.items():
        with socket.socket() as probe:
            answers = probe.connect_ex((url.hostname, url.port)) == 0
        down += not answers
        click.echo(f"{name}={url.geturl()} {'answers' if answers else 'does not answer'}")
    click.echo(f"clock {resources.now().isoformat()}")
    sys.exit(1 if down or not urls else 0)


@estate.command("advance")
@of_profile
@click.option("--minutes", type=int, required=True)
def estate_advance(profile: str, minutes: int) -> None:
    """Move its clock on."""
    from sources.estate import endpoints

    folder = resources.settings().estate / profile
    click.echo(endpoints.advance(folder, timedelta(minutes=minutes)).isoformat())


@main.command()
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
    table = Table("stream", "rows", "deleted", "seconds", "proven until (UTC)", box=None)
    for report in reports:
        if not isinstance(report, extraction.Failure):
            proven = f"{report.proven_until:%Y-%m-%d %H:%M:%S}"
            name = f"{report.system}/{report.stream}"
            table.add_row(name, f"{report.rows:,}", f"{report.deleted:,}", f"{report.seconds:.1f}", proven)
    console.print(table)
    for failure in failures:
        click.echo(f"assay: {failure.message}", err=True)
    sys.exit(1 if failures else 0)


@main.command()
@click.option("--select", help="dbt selection, such as +golden_prices")
@click.option("--full-refresh", is_flag=True)
def build(select: str | None, full_refresh: bool) -> None:
    """Run and test the dbt models, then export what others read."""
    from pipelines.publish import report
    from pipelines.rebuild import rebuild

    with report.models(console) as tick:
        built = rebuild(resources.settings(), resources.now(), select, tick, full_refresh)
    for name, count in built.rows.items():
        click.echo(f"{count:>12,}  {name}")
    for name, became in built.failures.items():
        click.echo(f"assay: {name} {became}; its domain is closed for publishing", err=True)
    sys.exit(1 if built.failures else 0)


@main.command()
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


@main.command()
@click.option("--object", "objects", multiple=True, help="Plan only this object, such as res_partner.")
@click.option("--overrule", multiple=True, help="Golden id whose human edits may be overwritten; * for all.")
@click.option("--list", "listed", is_flag=True, help="List the plans in the ledger.")
def plan(objects: tuple[str, ...], overrule: tuple[str, ...], listed: bool) -> None:
    """Compare golden records with the live Odoo; nothing is written."""
    from pipelines import gates
    from pipelines.publish import report
    from pipelines.publish.plan import make_plan
    from pipelines.publish.target import open_target

    settings, now = resources.settings(), resources.now()
    if listed:
        for line in report.plans(settings):
            click.echo(line)
        return
    gate = gates.evaluate(settings, load_contracts(), now)
    with open_target() as client, console.status("comparing with Odoo"):
        made = make_plan(settings, client, gate, now, resources.actor(), objects or None, overrule)
    for domain, verdict in gate.items():
        for reason in verdict.reasons:
            click.echo(f"{domain}: {reason}")
    report.show_plan(console, settings, made)


@main.command()
@click.argument("plan_id")
@click.option("--by", default=None, help="Who approves; default: you.")
@click.option("--note", default="")
@click.option("--force", is_flag=True, help="Approve beyond the caps; needs a note.")
def approve(plan_id: str, by: str | None, note: str, force: bool) -> None:
    """Take responsibility for a plan."""
    from pipelines.publish.approve import approve as approve_plan

    approved = approve_plan(resources.settings(), plan_id, by or resources.actor(), resources.now(), note, force)
    click.echo(f"{approved.plan_id} approved; apply it with `assay apply {approved.plan_id}`")


@main.command()
@click.argument("plan_id")
def apply(plan_id: str) -> None:
    """Write an approved plan to Odoo; run it again after an interruption."""
    from pipelines.publish import report
    from pipelines.publish.apply import apply_plan
    from pipelines.publish.target import open_target

    with open_target() as client, report.progress(console, "writing to Odoo") as tick:
        done = apply_plan(resources.settings(), client, plan_id, resources.now(), resources.actor(), tick)
    report.show_run(console, done)
    sys.exit(0 if done.complete else 1)


@main.command()
@click.argument("run_id")
def verify(run_id: str) -> None:
    """Read back every field that a run wrote."""
    from pipelines.publish import report
    from pipelines.publish.target import open_target
    from pipelines.publish.verify import verify_run

    with open_target() as client:
        found = verify_run(resources.settings(), client, run_id, resources.now(), resources.actor())
    report.show_verification(console, found)
    sys.exit(0 if found.passed else 1)


@main.command()
@click.argument("run_id")
def undo(run_id: str) -> None:
    """Put back what a run wrote, wherever nobody has edited since."""
    from pipelines.publish import report
    from pipelines.publish.target import open_target
    from pipelines.publish.undo import undo_run

    with open_target() as client, report.progress(console, "putting back") as tick:
        done = undo_run(resources.settings(), client, run_id, resources.now(), resources.actor(), tick)
    report.show_run(console, done)


@main.group()
def lineage() -> None:
    """From a field in Odoo back to the source row, and forward again."""


@lineage.command("odoo")
@click.argument("reference", metavar="MODEL/ID[.FIELD]")
def lineage_odoo(reference: str) -> None:
    """Where a field in Odoo comes from: source rows, rule, losing values, load, run."""
    _tell("odoo_field", reference)


@lineage.command("record")
@click.argument("record_id", metavar="SYSTEM:KEY")
def lineage_record(record_id: str) -> None:
    """All that a source row touched: loads, golden records, fields in Odoo."""
    _tell("source_record", record_id)


@lineage.command("golden")
@click.argument("golden_id")
def lineage_golden(golden_id: str) -> None:
    """What a golden record is made of and where it went."""
    _tell("golden_record", golden_id)


@lineage.command("run")
@click.argument("run_id")
def lineage_run(run_id: str) -> None:
    """All that a run, a load or a plan touched."""
    _tell("run", run_id)


@lineage.command("columns")
@click.option("--out", type=click.Path(path_type=Path), help="Default: lineage.html in Assay's home.")
def lineage_columns(out: Path | None) -> None:
    """Write the column lineage of all models as one page."""
    from pipelines import columns

    click.echo(columns.write_page(resources.settings(), out))


def _tell(what: str, reference: str) -> None:
    from pipelines import lineage as trace

    for line in getattr(trace, what)(resources.settings(), reference):
        click.echo(line)


@main.group()
def golden() -> None:
    """Golden records."""


@golden.command("show")
@click.argument("golden_id")
def golden_show(golden_id: str) -> None:
    """One golden record: attributes, members, history."""
    _tell("golden_record", golden_id)


@main.group()
def match() -> None:
    """Duplicate resolution."""


@match.command("eval")
def match_eval() -> None:
    """Score the last build against the estate's truth."""
    from pipelines import evaluate

    for line in evaluate.report(resources.settings()):
        click.echo(line)


@main.group()
def audit() -> None:
    """The hash-chained record of who did what."""


@audit.command("verify")
def audit_verify() -> None:
    """Prove that no entry was changed, removed or reordered."""
    from pipelines import audit as chain
    from pipelines.ledger import open_ledger

    with open_ledger(resources.settings().ledger_url).connect() as connection:
        click.echo(chain.verify_chain(connection))


@main.group()
def odoo() -> None:
    """The Odoo that is published to."""


@odoo.command("provision")
@click.option("--remove", is_flag=True, help="Take away what provisioning added.")
def odoo_provision(remove: bool) -> None:
    """Add the two fields and the server actions that compare-and-set needs; needs an administrator's key."""
    from pipelines.publish.target import open_target
    from sources.odoo import actions

    with open_target() as client:
        changed = actions.unprovision(client) if remove else actions.provision(client)
    for line in changed or ["nothing to do"]:
        click.echo(line)


@main.group()
def contracts() -> None:
    """What the sources promise."""


@contracts.command("sync")
def contracts_sync() -> None:
    """Write the dbt sources from the contracts."""
    module = importlib.import_module("pipelines.dbt_sources")
    for path in module.write_sources(load_contracts()):
        click.echo(path)


@contracts.command("list")
def contracts_list() -> None:
    """The portfolio: owner, state, API version and days to its sunset, streams."""
    table = Table("system", "owner", "state", "mode", "version", "sunset in", "streams", box=None)
    for contract in load_contracts().values():
        left = f"{(contract.sunset_on - resources.now().date()).days} days" if contract.sunset_on else ""
        streams = ", ".join(contract.streams)
        version = contract.api_version or ""
        table.add_row(contract.system, contract.owner, contract.state, contract.mode, version, left, streams)
    console.print(table)


@main.command()
@click.option("--out", type=click.Path(path_type=Path))
def docs(out: Path | None) -> None:
    """Write the dbt docs as one static file."""
    from pipelines import transform

    click.echo(transform.docs(resources.settings(), out))


if __name__ == "__main__":
    main()
