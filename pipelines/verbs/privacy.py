"""`assay privacy …`: what a person may ask of those who keep their data."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from pipelines import resources
from pipelines.console import wide_console
from pipelines.resources import Settings
from sources.contract import load_contracts


@click.group()
def privacy() -> None:
    """Erase people who ask for it."""


@privacy.command()
@click.argument("name")
@click.option("--basis", required=True, help="Why, for the audit: the request or the rule, without personal data.")
@click.option("--yes", is_flag=True, help="Erase; without it, only say what would go.")
def erase(name: str, basis: str, yes: bool) -> None:
    """Take the person behind NAME (C-… or a record such as shopify:123) out of all that Assay keeps.

    Exit code 1 while personal values are left that no other person's record explains.
    """
    from pipelines import erasure, rebuild
    from pipelines.warehouse import building

    settings, contracts, at = resources.settings(), load_contracts(), resources.now()
    records = erasure.members_of(settings, contracts, name)
    values = erasure.personal_values(settings, contracts, records)
    click.echo(f"{len(records)} records with {len(values)} personal values: {', '.join(records)}")
    if not values:
        click.echo("nothing personal of them has landed: see that the key is right, or whether they are erased already")
    if not yes:
        click.echo("nothing was erased; say --yes to erase")
        return
    with building(settings):  # one that goes on would bring it all back
        done = erasure.erase(settings, contracts, records, basis, resources.actor(), at)
    shared = erasure.traces(settings, values)
    for stream in done.dropped:
        click.echo(f"  {stream}: {done.dropped[stream]} rows dropped, {done.redacted[stream]} without personal fields")
    click.echo(f"  {done.quarantined} files of quarantine, {done.ledger_values} rows of plans and receipts")
    if done.shared_mailboxes:
        click.echo(
            f"  {done.shared_mailboxes} mailboxes are other people's too: rows of guests with them stay as they are"
        )
    click.echo(f"  {len(shared)} values stay, for they stand on other people's records too")
    click.echo("building anew")
    rebuild.rebuild(settings, at, full=True)
    left = set(erasure.traces(settings, values)) - set(shared)
    click.echo(f"proof: {len(values) - len(shared)} values looked for in every file, {len(left)} found")
    if done.in_odoo:
        _plan_in_odoo(settings, [int(place.partition("/")[2]) for place in done.in_odoo], basis, at)
    sys.exit(1 if left else 0)


@privacy.command("erase-in-odoo")
@click.argument("records", nargs=-1, required=True, metavar="ODOO_ID...")
@click.option("--basis", required=True, help="Why, for the audit: the request or the rule, without personal data.")
def erase_in_odoo(records: tuple[str, ...], basis: str) -> None:
    """Plan to blank what is personal on these partners of Odoo, and to archive them; nothing is deleted.

    Approve and apply the plan like any other. It cannot be undone: what the records held is kept nowhere.
    """
    ids = [record.removeprefix("res.partner/").removeprefix("odoo:") for record in records]
    if strange := [record for record, one in zip(records, ids, strict=True) if not one.isdecimal()]:
        raise click.BadParameter(f"{strange[0]} is no partner of Odoo; name it as 123, odoo:123 or res.partner/123")
    _plan_in_odoo(resources.settings(), [int(one) for one in ids], basis, resources.now())


def _plan_in_odoo(settings: Settings, records: list[int], basis: str, at: datetime) -> None:
    """Make and show the plan that takes people out of Odoo itself; where Odoo is away, say what to do later."""
    from pipelines.cli import where_to_start
    from pipelines.publish import report
    from pipelines.publish.erase import plan_erasure
    from pipelines.publish.refusal import PublishRefused
    from pipelines.publish.target import open_target
    from sources.odoo.errors import OdooError

    try:
        with open_target() as client:
            plan = plan_erasure(settings, client, records, basis, at, resources.actor())
    except (LookupError, OdooError, PublishRefused) as error:
        click.echo(f"still in Odoo, which could not be asked: {error}{where_to_start(error)}", err=True)
        names = " ".join(map(str, records))
        raise click.ClickException(f"when it can, run `assay privacy erase-in-odoo {names} --basis …`") from error
    report.show_plan(wide_console(), settings, plan)
    click.echo("what stands in Odoo goes when that plan has been approved and applied")


VERBS = (privacy,)
