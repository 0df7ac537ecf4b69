"""What stewards do: work through the queue, and see what their decisions change."""

from __future__ import annotations

import sys
from typing import Any

import click

from pipelines import resources
from pipelines.console import wide_console
from pipelines.plain import plain

console = wide_console()


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID [ID]]")
@click.option("--web", is_flag=True, help="Open a page on this machine instead of the terminal.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of the page; default: a free one.")
@click.option(
    "--domain", type=click.Choice(["customers", "products"]), help="Only this domain; of keys in both, this one's."
)
@click.option("--as", "steward", default=None, help="Who decides; default: you.")
@click.option("--sample", type=click.IntRange(1), help="Decide N pairs drawn at random: they measure the matching.")
@click.option("--undo", nargs=2, multiple=True, metavar="RECORD RECORD", help="Take the decision on a pair back.")
@click.option(
    "--unset", nargs=3, multiple=True, metavar="DOMAIN RECORD ATTRIBUTE", help="Take back a value set by hand."
)
@click.option("--list", "listed", is_flag=True, help="Only list the cases, the most valuable first.")
def review(
    ids: tuple[str, ...],
    web: bool,
    port: int,
    domain: str | None,
    steward: str | None,
    sample: int | None,
    listed: bool,
    **back: Any,
) -> None:
    """Decide doubtful matches, the most valuable first; decisions are rows that git reviews.

    Or open any golden record by a golden ID or a record's SYSTEM:KEY, and any pair by two of them.
    """
    if len(ids) > 2 or (ids and (sample or any(back.values()))):
        raise click.UsageError("name one ID or two, and without --sample, --undo and --unset")
    if sample and listed:
        raise click.UsageError("--list shows the queue; a sample is drawn to be decided, so leave one of both out")
    from pipelines import decisions, quality
    from pipelines.review import cases, terminal
    from pipelines.review.desk import Desk, Notes
    from pipelines.review.opened import opened
    from pipelines.unheeded import unheeded

    def read() -> list[cases.Case]:
        if ids:
            return opened(settings, ids, domain)
        if sample:
            return cases.between(settings, drawn, pairs, "drawn at random: your decision measures the matching")
        return cases.queue(settings, domain)

    settings = resources.settings()
    who = steward or resources.actor()
    if any(back.values()):
        taken = decisions.undecide(settings, domain, back["undo"], who, resources.now())
        taken += sum(bool(decisions.undo_override(settings, *key, who, resources.now())) for key in back["unset"])
        if not taken:
            raise decisions.NotDecided("nothing of that is decided or set, so nothing was taken back; check the keys")
        click.echo(f"{taken} taken back; it counts from the next `assay build`")
        return
    with console.status("reading the queue"):
        notes = Notes(settings, lambda: unheeded(settings) + cases.shared_by_too_many(settings))
        told = notes.now()
        drawn = domain or "customers"
        pairs = quality.draw(settings, drawn, sample, resources.now(), who) if sample else []
        desk = Desk(settings, who, read, resources.now)
    if not web:
        for line in told:
            click.echo(plain(f"assay: {line}"), err=True)
    if listed:
        for case in desk.cases:
            click.echo(plain(f"{case.worth:6.2f}  {case.case_id}  {case.reason}"))
        return
    if web:
        from pipelines.review import web as page

        page.serve(desk, port, notes.now, lambda url: click.echo(f"{url} shows the queue; Ctrl-C ends it."))
        return
    click.echo(f"{terminal.work(console, desk)} decided; they count from the next `assay build`")


@click.command()
@click.option("--decisions", "ref", required=True, metavar="BRANCH", help="Git branch or commit with the other files.")
@click.option("--values", is_flag=True, help="Also show the values of the examples; they may be personal.")
def diff(ref: str, values: bool) -> None:
    """What golden records would change with the decisions of BRANCH. Exit code 1 if too many ids would, or they clash.

    Tried on copies; the warehouse and the ledger are not touched.
    """
    from pipelines import decision_diff

    with console.status("building golden records with these decisions"):
        found = decision_diff.compare(resources.settings(), ref)
    for line in found.lines(values):
        click.echo(plain(line))
    sys.exit(0 if found.passes else 1)


VERBS = (review, diff)
