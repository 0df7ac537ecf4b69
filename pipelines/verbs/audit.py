"""The hash-chained record of who did what."""

from __future__ import annotations

import click

from pipelines import resources


@click.group()
def audit() -> None:
    """The hash-chained record of who did what."""


@audit.command("head")
def audit_head() -> None:
    """Print the newest entry as number:hash, to be kept elsewhere and given to `verify` later."""
    from pipelines import audit as chain
    from pipelines.ledger import open_ledger

    with open_ledger(resources.settings().ledger_url).connect() as connection:
        click.echo(chain.head(connection))


@audit.command("verify")
@click.option("--head", "anchor", help="What `assay audit head` printed earlier: shows a chain that was made anew.")
def audit_verify(anchor: str | None) -> None:
    """Prove that no entry was changed, removed or reordered; says how many there are and which is the newest."""
    from pipelines import audit as chain
    from pipelines.ledger import open_ledger

    with open_ledger(resources.settings().ledger_url).connect() as connection:
        count, newest = chain.verify_chain(connection, anchor), chain.head(connection)
    kept = "and hold the anchor" if anchor else "as far as the chain alone can tell; --head proves it by an anchor"
    click.echo(f"{count} entries stand as they were written, {kept}; the newest is {newest}")


VERBS = (audit,)
