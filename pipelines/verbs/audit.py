"""The hash-chained record of who did what."""

from __future__ import annotations

import click

from pipelines import resources


@click.group()
def audit() -> None:
    """The hash-chained record of who did what."""


@audit.command("verify")
def audit_verify() -> None:
    """Prove that no entry was changed, removed or reordered."""
    from pipelines import audit as chain
    from pipelines.ledger import open_ledger

    with open_ledger(resources.settings().ledger_url).connect() as connection:
        click.echo(chain.verify_chain(connection))


VERBS = (audit,)
