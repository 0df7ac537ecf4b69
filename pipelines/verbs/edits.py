"""Human edits in Odoo: the inbox, what is decided on them, and who else writes to what Assay publishes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.table import Table

from pipelines import resources
from pipelines.console import wide_console
from pipelines.plain import plain
from pipelines.verbs.odoo import odoo
from pipelines.verbs.tracing import GoldenId

if TYPE_CHECKING:
    from pipelines.publish.edits import Edit

console = wide_console()


@click.group(invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="Those that were ruled on, too.")
@click.option("--values", is_flag=True, help="Show the values, which may be personal.")
@click.pass_context
def edits(context: click.Context, everything: bool, values: bool) -> None:
    """Fields where somebody changed in Odoo what Assay had written. Exit code 3 if some wait for a ruling."""
    if context.invoked_subcommand:
        return
    from pipelines.publish.edits import inbox
    from pipelines.publish.target import open_target

    with open_target() as client:
        found = inbox(resources.settings(), client)
    waiting = [edit for edit in found if not edit.ruling]
    _show(found if everything else waiting, values)
    click.echo(f"{len(waiting)} of {len(found)} edited fields wait: keep, revert or release them")
    sys.exit(3 if waiting else 0)


def _show(found: list[Edit], values: bool) -> None:
    columns = ["object", "golden id", "Odoo id", "field", "by", "at (UTC)", "ruling"]
    table = Table(*columns, *(["written", "now", "golden"] if values else []), box=None)
    for edit in found:
        said = [edit.object, edit.golden_id, str(edit.odoo_id), edit.field, edit.by or "?", edit.at, edit.ruling]
        shown = [edit.written, edit.now, edit.golden] if values else []
        table.add_row(*said, *("" if value is None else plain(str(value)) for value in shown))
    console.print(table)


def _ruling(name: str, help_text: str) -> click.Command:
    @edits.command(name, help=help_text)
    @click.argument("object_name", metavar="OBJECT")
    @click.argument("golden_id", type=GoldenId())
    @click.argument("fields", nargs=-1, metavar="[FIELD]...")
    @click.option("--note", required=True, help="Why; no personal data.")
    def verb(object_name: str, golden_id: str, fields: tuple[str, ...], note: str) -> None:
        from pipelines.publish.edits import rule_on_edit
        from pipelines.publish.kept import keeper
        from pipelines.publish.target import open_target

        settings, by, now = resources.settings(), resources.actor(), resources.now()
        take = keeper(settings, by, note, now, lambda told: click.echo(plain(told))) if name == "keep" else None
        with open_target() as client:
            asked = (object_name, golden_id, fields, by, now, note)
            ruled = rule_on_edit(settings, client, name, *asked, take=take)
        click.echo(f"{name}: {', '.join(ruled)} of {golden_id}")

    return verb


_ruling("keep", "Make Odoo's value golden's own, as a steward's decision.")
_ruling("revert", "Write golden's value over the edit with the next plan.")
_ruling("release", "Leave fields of a record, or the whole record, to Odoo's people from now on.")
_ruling("take", "Look after released fields again.")


@odoo.command("discover-writers")
@click.option("--all", "everything", is_flag=True, help="Those that odoo.yml knows, too.")
def discover(everything: bool) -> None:
    """Users and connectors that write to what Assay publishes. Exit code 3 if some are not in odoo.yml."""
    from pipelines.publish.policy import load_policy
    from pipelines.publish.target import logins, named, open_admin, open_source
    from pipelines.publish.writers import discover_writers

    # An administrator, where one is named, sees the history of all fields; the reading user who wrote and where.
    with open_admin() if named(resources.resolve, "ADMIN") else open_source() as client:
        found = discover_writers(client, load_policy(), logins())
    unknown = [writer for writer in found if not writer.known]
    table = Table("writer", "kind", "known as", "records", "fields that Odoo tracked", "last (UTC)", box=None)
    for writer in found if everything else unknown:
        records = ", ".join(f"{model} {count:,}" for model, count in writer.records.items())
        fields = ", ".join(sorted({name for names in writer.fields.values() for name in names}))
        table.add_row(writer.name, writer.kind, writer.known, records, fields, writer.last_at)
    console.print(table)
    click.echo(f"{len(unknown)} of {len(found)} writers are not in pipelines/publish/odoo.yml")
    sys.exit(3 if unknown else 0)


VERBS = (edits,)
