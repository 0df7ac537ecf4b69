"""`assay odoo …`: set up, take away and check what extract and publish need inside Odoo."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from pipelines import resources

NAMES = {
    "reader": ("ODOO_LOGIN", "ODOO_KEY"),
    "publisher": ("ODOO_PUBLISH_LOGIN", "ODOO_PUBLISH_KEY"),
    "till_reader": ("ODOOPOS_LOGIN", "ODOOPOS_KEY"),
}


@click.group()
def odoo() -> None:
    """The Odoo that is published to."""


@odoo.command()
@click.option("--apply", "do", is_flag=True, help="Do it; without, nothing is changed.")
@click.option("--remove", is_flag=True, help="Take away what provisioning added; never data.")
@click.option("--renew", is_flag=True, help="Make new API keys although the old ones are valid.")
@click.option("--revoke", is_flag=True, help="With --renew: end the old keys at once.")
@click.option("--days", type=click.IntRange(1, 90), default=90, show_default=True, help="How long new keys last.")
@click.option(
    "--keys", type=click.Path(path_type=Path), help="Where new keys go; default: odoo-keys.env in Assay's home."
)
@click.option("--no-users", is_flag=True, help="Only the fields and server actions, for an Odoo that is tried out.")
def provision(do: bool, remove: bool, renew: bool, revoke: bool, days: int, keys: Path | None, no_users: bool) -> None:
    """Set Odoo up for extract and publish as users who may do nothing else, one of them for what its tills sold.

    Shows what is missing; --apply does it. Works as ODOO_ADMIN_LOGIN with ODOO_ADMIN_KEY, an administrator.
    """
    from pipelines.publish.target import open_admin, refuse_stand_in
    from sources.odoo import access, actions

    with open_admin() as admin:
        if no_users:
            steps = actions.removal(admin) if remove else actions.steps(admin)
        else:
            refuse_stand_in(admin)
            steps = access.removal(admin) if remove else access.plan(admin)
        if do and steps:
            _tell(admin, "unprovision" if remove else "provision", [step.what for step in steps])
        for line in actions.carry_out(admin, steps) if do else [step.what for step in steps]:
            click.echo(line if do else f"to do: {line}")
        if not (remove or no_users):
            steps += _keys(admin, do, renew, revoke, days, keys or resources.settings().home / "odoo-keys.env")
    if not steps:
        click.echo("nothing to do")
    elif not do:
        click.echo("Nothing was changed; --apply does it.")


def _tell(admin, deed: str, steps: list[str]) -> None:
    """Who changes what an Odoo lets Assay do stands in the audit before it is done."""
    from pipelines import audit
    from pipelines.ledger import open_ledger
    from pipelines.publish import live

    detail = {"target": live.fingerprint(admin), "as": admin.login, "steps": steps, "account": resources.account()}
    audit.append(open_ledger(resources.settings().ledger_url), resources.actor(), deed, detail, resources.now())


def _keys(admin, do: bool, renew: bool, revoke: bool, days: int, path: Path) -> list[str]:
    """Make the keys that are missing, or all; the users whose key is, or would be, new."""
    from sources.odoo import access
    from sources.odoo import keys as odoo_keys

    now = resources.now()
    logins = access.logins(admin)
    waiting = [login for login in logins.values() if renew or not odoo_keys.valid(admin, login, now)]
    made = {}
    if do and waiting:
        _tell(admin, "renew keys", [f"{login} for {days} days" + ", old ones ended" * revoke for login in waiting])
    for group, login in logins.items():
        if login in waiting and do:
            key = odoo_keys.renew(admin, login, days, now, revoke)
            made |= dict(zip(NAMES[group], (login, key), strict=True))
            _write_keys(path, made)
            click.echo(f"API key of {login} for {days} days, in {path}")
        elif login in waiting:
            click.echo(f"to do: API key of {login} for {days} days")
    return waiting


def _write_keys(path: Path, made: dict[str, str]) -> None:
    """Put new keys beside those that the file holds, readable for its owner alone, whole or not at all."""
    held = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line) if path.exists() else {}
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("".join(f"{name}={value}\n" for name, value in (held | made).items()))
    partial.rename(path)


@odoo.command()
def check() -> None:
    """Say what is not as provisioned: rights, code, keys that end. Exit code 3 if anything is.

    Each user looks for himself; where ODOO_ADMIN_LOGIN is set, an administrator looks at all.
    """
    from pipelines.publish import target
    from sources.odoo import check as drift

    now, found = resources.now(), []
    with target.open_source() as reader:
        target.refuse_stand_in(reader)
        found += drift.as_user(reader, "reader", now)
    with target.open_publisher() as publisher:
        found += drift.as_user(publisher, "publisher", now)
    if target.provisioned_for_tills():
        with target.open_source(system="odoopos") as tills:
            found += drift.as_user(tills, "till_reader", now)
    if target.named(resources.resolve, "ADMIN"):
        with target.open_admin() as admin:
            found += drift.as_administrator(admin, now)
    for line in found or ["as provisioned"]:
        click.echo(line)
    sys.exit(3 if found else 0)


VERBS = (odoo,)
