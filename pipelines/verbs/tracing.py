"""Where a value comes from and what a golden record is made of."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines import resources


@click.group()
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


@click.group()
def golden() -> None:
    """Golden records."""


@golden.command("show")
@click.argument("golden_id")
def golden_show(golden_id: str) -> None:
    """One golden record: attributes, members, history."""
    _tell("golden_record", golden_id)


VERBS = (lineage, golden)
