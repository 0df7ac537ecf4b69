"""`assay privacy …`: what a person may ask of those who keep their data."""

from __future__ import annotations

import sys

import click

from pipelines import resources
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

    settings, contracts, at = resources.settings(), load_contracts(), resources.now()
    records = erasure.members_of(settings, name)
    values = erasure.personal_values(settings, contracts, records)
    click.echo(f"{len(records)} records with {len(values)} personal values: {', '.join(records)}")
    if not yes:
        click.echo("nothing was erased; say --yes to erase")
        return
    done = erasure.erase(settings, contracts, records, basis, resources.actor(), at)
    shared = erasure.traces(settings, values)
    for stream in done.dropped:
        click.echo(f"  {stream}: {done.dropped[stream]} rows dropped, {done.redacted[stream]} without personal fields")
    click.echo(f"  {done.quarantined} files of quarantine, {done.ledger_values} rows of plans and receipts")
    click.echo(f"  {len(shared)} values stay, for they stand on other people's records too")
    click.echo("building anew")
    rebuild.rebuild(settings, at, full=True)
    left = set(erasure.traces(settings, values)) - set(shared)
    click.echo(f"proof: {len(values) - len(shared)} values looked for in every file, {len(left)} found")
    for place in done.in_odoo:
        click.echo(f"still in Odoo: {place}; archive or anonymise it there, as accounting rules allow")
    sys.exit(1 if left else 0)


VERBS = (privacy,)
