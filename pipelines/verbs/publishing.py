"""Publishing to Odoo: plan, approve, apply, verify, undo, and what the Odoo itself needs for it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from pipelines import resources
from pipelines.console import wide_console
from sources.contract import load_contracts

console = wide_console()


@click.command()
@click.option("--object", "objects", multiple=True, help="Plan only this object, such as res_partner.")
@click.option("--overrule", multiple=True, help="Golden id whose human edits may be overwritten; * for all.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the plan as a file too; it holds values.")
@click.option("--list", "listed", is_flag=True, help="List the plans in the ledger.")
@click.option("--canary", "records", type=click.IntRange(1), help="So many records of each object go first.")
@click.option("--canary-unit", "units", multiple=True, help="What rests on this store or system goes first: pos/S00?.")
@click.option("--canary-company", "companies", multiple=True, help="What belongs to this company of Odoo goes first.")
def plan(
    objects: tuple[str, ...],
    overrule: tuple[str, ...],
    out: Path | None,
    listed: bool,
    records: int | None,
    units: tuple[str, ...],
    companies: tuple[str, ...],
) -> None:
    """Compare golden records with the live Odoo; nothing is written.

    What goes first (a canary) is read back before the apply goes on, and halts it unless all stands as written.
    """
    from pipelines import gates
    from pipelines.publish import report
    from pipelines.publish.authority import Canary
    from pipelines.publish.plan import make_plan
    from pipelines.publish.target import open_target

    settings, now = resources.settings(), resources.now()
    if listed:
        for line in report.plans(settings):
            click.echo(line)
        return
    gate = gates.evaluate(settings, load_contracts(), now)
    chosen = {"records": records, "units": units, "companies": companies}
    canary = Canary(**chosen) if any(chosen.values()) else None
    began, spent = time.perf_counter(), {}
    with open_target() as client, console.status("comparing with Odoo"):
        asked = {"objects": objects or None, "overrule": overrule, "spent": spent, "canary": canary}
        made = make_plan(settings, client, gate, now, resources.actor(), **asked)
    took = time.perf_counter() - began
    for domain, verdict in gate.items():
        for reason in verdict.reasons:
            click.echo(f"{domain}: {reason}")
    report.show_plan(console, settings, made)
    if out:
        from pipelines.ledger import open_ledger
        from pipelines.publish.plan_file import write_plan

        with open_ledger(settings.ledger_url).connect() as connection:
            write_plan(connection, made.plan_id, out)
    checked = spent.get("precheck", 0.0)
    click.echo(f"pre-check: {checked:.1f} of {took:.1f} s, {checked / took:.0%} of the plan")


@click.command()
@click.argument("plan_id", metavar="PLAN")
@click.option("--by", default=None, help="Who approves; default: you.")
@click.option("--note", default="")
@click.option("--force", is_flag=True, help="Approve beyond the caps; needs a note.")
def approve(plan_id: str, by: str | None, note: str, force: bool) -> None:
    """Take responsibility for a plan, given by its id or by the file that tells it."""
    from pipelines.ledger import open_ledger
    from pipelines.publish.approve import approve as approve_plan
    from pipelines.publish.plan_file import plan_in_file

    settings = resources.settings()
    if Path(plan_id).is_file():
        with open_ledger(settings.ledger_url).connect() as connection:
            plan_id = plan_in_file(connection, Path(plan_id))
    approved = approve_plan(settings, plan_id, by or resources.actor(), resources.now(), note, force)
    if approved.state == "planned":
        click.echo(f"{plan_id} waits for the approval of another person")
    else:
        click.echo(f"{plan_id} approved; apply it with `assay apply {plan_id}`")


@click.command()
@click.argument("plan_id")
def apply(plan_id: str) -> None:
    """Write an approved plan to Odoo; run it again after an interruption."""
    from pipelines.publish import report
    from pipelines.publish.apply import apply_plan
    from pipelines.publish.shown import show
    from pipelines.publish.target import open_target

    with open_target() as client, report.progress(console, "writing to Odoo") as tick:
        done = apply_plan(resources.settings(), client, plan_id, resources.now(), resources.actor(), tick)
        show(resources.settings(), client, done.run_id)
    report.show_run(console, done)
    sys.exit(0 if done.complete else 1)


@click.command()
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


@click.command()
@click.argument("run_id")
def undo(run_id: str) -> None:
    """Put back what a run wrote, wherever nobody has edited since."""
    from pipelines.publish import report
    from pipelines.publish.shown import show
    from pipelines.publish.target import open_target
    from pipelines.publish.undo import undo_run

    with open_target() as client, report.progress(console, "putting back") as tick:
        done = undo_run(resources.settings(), client, run_id, resources.now(), resources.actor(), tick)
        show(resources.settings(), client, done.run_id)
    report.show_run(console, done)


VERBS = (plan, approve, apply, verify, undo)
