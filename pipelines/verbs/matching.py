"""Duplicate resolution."""

from __future__ import annotations

import click

from pipelines import resources


@click.group()
def match() -> None:
    """Duplicate resolution."""


@match.command("eval")
def match_eval() -> None:
    """Score the last build against the estate's truth."""
    from pipelines import evaluate

    for line in evaluate.report(resources.settings()):
        click.echo(line)


VERBS = (match,)
