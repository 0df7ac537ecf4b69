"""Duplicate resolution."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from pipelines import resources
from pipelines.console import wide_console

console = wide_console()
a_file = click.Path(path_type=Path)


@click.group()
def match() -> None:
    """Duplicate resolution."""


@match.command("eval")
@click.option("--records", multiple=True, type=a_file, help="Records, CSV or Parquet; twice to link two files.")
@click.option("--truth", multiple=True, type=a_file, help="What is the same: entities or pairs; several add up.")
@click.option("--test", type=a_file, help="Labelled pairs of a published test split, scored by themselves.")
@click.option("--mapping", multiple=True, type=a_file, help="What their columns mean (YAML); a folder means all in it.")
@click.option("--data", type=a_file, help="Folder of the files that the mappings name.")
@click.option("--domain", type=click.Choice(["customers", "products"]), help="Only mappings of this domain.")
@click.option("--json", "as_json", type=a_file, help="Write the figures here too.")
@click.option(
    "--labels", type=int, default=0, help="Calibrate on so many labels drawn by band of score; say what it gains."
)
@click.option("--backend", type=click.Choice(["own", "splink"]), default="own", help="Let Splink match our evidence.")
@click.option("--curve", type=a_file, help="Draw precision over recall here, .svg or .csv.")
def match_eval(**options: Any) -> None:
    """Match records from files without their labels and score the result with them.

    Without --mapping it scores the last build against the simulated retailer's truth.
    """
    from pipelines import evaluate, evaluate_sets

    asked = options | {"backend": options["backend"] != "own"}
    if not options["mapping"] and any(asked.values()):
        raise click.UsageError("--mapping is missing: what the columns of these files mean; docs/matching.md has one")
    told = evaluate_sets.report(**options) if options["mapping"] else evaluate.report(resources.settings())
    for line in told:
        click.echo(line)


@match.command("expect")
def match_expect() -> None:
    """What share of the joined pairs the last build expects to be right, and on how many labels that rests."""
    from pipelines import quality

    for line in quality.expectations(resources.settings()):
        click.echo(line)


@match.command("calibrate")
@click.argument("domain", type=click.Choice(["customers", "products"]))
@click.option("--adopt", is_flag=True, help="Let the next build join by what the labels say.")
def match_calibrate(domain: str, adopt: bool) -> None:
    """What the declared probabilities take by stewards' labels, in bits; replaces nothing unless it is adopted."""
    from pipelines import recalibrate

    for line in recalibrate.calibrate(resources.settings(), domain, adopt):
        click.echo(line)


@match.command("train")
@click.argument("domain", type=click.Choice(["customers", "products"]))
@click.option("--adopt", is_flag=True, help="Let the next build use the new model.")
@click.option("--force", is_flag=True, help="Adopt it although more than 1 % of the records would get another id.")
def match_train(domain: str, adopt: bool, force: bool) -> None:
    """Learn from all records anew; tells what would change, and replaces nothing unless it is adopted."""
    from pipelines import retrain

    for line in retrain.train(resources.settings(), domain, adopt, force).lines():
        click.echo(line)
    click.echo(
        "  adopted; the next build uses it" if adopt else "  nothing is replaced; --adopt lets the next build use it"
    )


@match.command("explain")
@click.argument("left", metavar="RECORD")
@click.argument("right", metavar="RECORD")
@click.option("--domain", type=click.Choice(["customers", "products"]), help="Where a system numbers both alike.")
@click.option("--json", "as_json", is_flag=True)
def match_explain(left: str, right: str, domain: str | None, as_json: bool) -> None:
    """Why two records, SYSTEM:KEY each, are one or are not: evidence, threshold, decision, what would turn it."""
    from pipelines import explained

    told = explained.of_pair(resources.settings(), left, right, domain)
    if as_json:
        click.echo(json.dumps(told, indent=1, ensure_ascii=False))
        return
    for part in explained.parts(told):
        console.print(part)


VERBS = (match,)
