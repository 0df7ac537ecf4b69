"""Where a value comes from and what a golden record is made of."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipelines import resources
from pipelines.plain import plain


class GoldenId(click.ParamType):
    """A golden id as people type or paste it: in any case, with spaces around."""

    name = "golden_id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The id as the ledger has it; a record's key, which a colon tells, as it is."""
        from pipelines import lineage as trace

        return trace.as_typed(value)


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
@click.argument("golden_id", type=GoldenId())
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
        click.echo(plain(line))


@click.group()
def golden() -> None:
    """Golden records."""


@golden.command("show")
@click.argument("golden_id", type=GoldenId())
@click.option("--json", "as_json", is_flag=True, help="All but the attributes' values, for machines.")
def golden_show(golden_id: str, as_json: bool) -> None:
    """One golden record: values, members, what holds them together, near misses, decisions, history."""
    from pipelines import lineage as trace
    from pipelines import why

    settings = resources.settings()
    if as_json:
        click.echo(json.dumps(why.of_golden(settings, golden_id), indent=1, ensure_ascii=False))
        return
    for line in trace.golden_values(settings, golden_id):
        click.echo(plain(line))
    if why.is_matched(golden_id):
        told = why.of_golden(settings, golden_id)
        golden_id = told["golden_id"]
        for line in why.lines(told):
            click.echo(plain(line))
    for line in trace.in_odoo(settings, golden_id):
        click.echo(plain(line))


VERBS = (lineage, golden)
