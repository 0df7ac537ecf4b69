"""`assay …`: the verbs of pipelines/verbs under one command, whose errors are one line.

Exit codes: 0 done, 1 refused or failed with a message, 2 wrong usage, 3 something is stale; 141 if whoever read the
output left before its end, as a shell tells of programs that a closed pipe ends.
"""

from __future__ import annotations

import io
import select
import sys
from typing import Any

import click

from pipelines.disk import refused
from pipelines.plain import plain
from pipelines.resources import MissingReference, is_simulated
from pipelines.verbs import (
    audit,
    edits,
    matching,
    models,
    odoo,
    privacy,
    publishing,
    retailer,
    sources,
    stewarding,
    systems,
    tracing,
)
from sources.contract import ContractError

GROUPS = (retailer, systems, sources, models, publishing, odoo, edits, tracing, matching, stewarding, audit, privacy)

READER_LEFT = 141


class Assay(click.Group):
    """Turns the errors that Assay raises on purpose into one line and exit code 1."""

    def main(self, *args: Any, **options: Any) -> Any:
        """The command; a letter that the terminal does not have is a question mark there and no error."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        output = sys.stdout
        try:
            return super().main(*args, **options)
        except SystemExit:
            # Click puts another in its place after a BrokenPipeError, so that nothing is told at the very end.
            if sys.stdout is not output and nobody_reads(output):
                raise SystemExit(READER_LEFT) from None
            raise

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except said_on_purpose() as error:
            told = f"{error}{where_to_start(error)}"
        except disk_errors() as error:
            if not (told := refused(error)):
                raise
        click.echo(plain(f"assay: {told}"), err=True)
        sys.exit(1)


def nobody_reads(stream: Any) -> bool:
    """Is the stream a pipe whose other end is closed? A connection of ours that breaks is another matter."""
    asked = select.poll()
    asked.register(stream.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in asked.poll(0))


def where_to_start(error: Exception) -> str:
    """The way out when nobody answers because the simulated retailer is not there."""
    from sources.odoo.errors import OdooUnreachable

    if isinstance(error, OdooUnreachable) and is_simulated("env:ODOO_URL"):
        return "; that is the simulated retailer's, which `assay estate up` starts"
    return ""


def disk_errors() -> tuple[type[Exception], ...]:
    """The errors that a disk may be behind; looked up only when there is one, like the others."""
    import duckdb

    return (OSError, duckdb.Error)


def said_on_purpose() -> tuple[type[Exception], ...]:
    """The errors that tell a user what is the matter; looked up only when there is one, for imports cost time."""
    from pipelines.audit import BrokenChain
    from pipelines.decisions import NotDecided
    from pipelines.demo import HomeInUse
    from pipelines.erasure import NotErasable
    from pipelines.ledger import LedgerUnavailable
    from pipelines.lineage import NotFound
    from pipelines.mapping import UnusableInput
    from pipelines.onboarding import NotNew
    from pipelines.publish.refusal import PublishRefused
    from pipelines.recalibrate import TooFewLabels
    from pipelines.retrain import NotTrained
    from pipelines.serve import NotReady
    from pipelines.transform import BuildFailed
    from pipelines.warehouse import WarehouseBusy
    from sources.errors import ExtractError
    from sources.estate.process import NotServing
    from sources.odoo.errors import OdooError

    ours = (
        PublishRefused,
        LedgerUnavailable,
        BuildFailed,
        NotFound,
        NotDecided,
        BrokenChain,
        HomeInUse,
        NotReady,
        NotErasable,
        UnusableInput,
        NotNew,
        NotTrained,
        TooFewLabels,
        NotServing,
        WarehouseBusy,
    )
    return (*ours, MissingReference, ContractError, ExtractError, OdooError)


@click.group(cls=Assay, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Golden records for retailers who run Odoo."""


for group in GROUPS:
    for verb in group.VERBS:
        main.add_command(verb)

if __name__ == "__main__":
    main()
