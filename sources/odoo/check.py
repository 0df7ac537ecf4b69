"""Drift: what of Assay's set-up in Odoo is no longer as provisioned, seen by an administrator or by the users alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from sources.odoo import access, actions
from sources.odoo.client import OdooClient, call, is_administrator
from sources.odoo.errors import OdooMissing
from sources.odoo.keys import expiries
from sources.odoo.wanted import MODULE, registry

SOON = timedelta(days=14)
OPERATIONS = {"r": "read", "w": "write", "c": "create", "d": "unlink"}


def as_administrator(admin: OdooClient, now: datetime) -> list[str]:
    """All that provisioning would do, and keys that end; changed code is told by its hash."""
    found = [f"not as provisioned: {step.what}" for step in access.plan(admin)]
    known = registry(admin)
    for name, login in access.logins(admin).items():
        if user := known.get(f"{MODULE}.user_{name}"):
            found += key_problems(login, expiries(admin, user), now)
    return found


def as_user(client: OdooClient, group: str, now: datetime) -> list[str]:
    """What the user of `group` lacks, has too much of, or is about to lose; by his own key alone."""
    found = []
    if is_administrator(client):
        found.append(f"{client.login} is an administrator; {group} needs no more than access.csv gives")
    for right in _expected(group):
        for letter, operation in OPERATIONS.items():
            try:
                allowed = call(client, right.model, "has_access", [], operation=operation)
            except OdooMissing:
                break
            if allowed != (letter in right.rights):
                found.append(f"{client.login} may {'' if allowed else 'not '}{operation} {right.model}")
    if group == access.PUBLISHER and not actions.provisioned(client):
        found.append(f"{client.login} does not see all server actions; writes are then not atomic")
    return found + key_problems(client.login, expiries(client, client.uid), now)


def key_problems(login: str, ends: list[datetime | None], now: datetime) -> list[str]:
    """Whether the key of `login` that lasts longest has ended or will soon."""
    alive = [end for end in ends if end is None or end > now]
    if not alive:
        return [f"{login} has no valid API key; run `assay odoo provision --apply`"]
    if None in alive:
        return [
            f"{login} has an API key that never ends; revoke it with `assay odoo provision --apply --renew --revoke`"
        ]
    left = alive[0] - now
    if left < SOON:
        return [f"the API key of {login} ends in {left.days} days; run `assay odoo provision --apply --renew`"]
    return []


def _expected(group: str) -> list[access.Right]:
    """The rights of `group` by model: the publisher may do all that the reader may."""
    groups = (group, access.READER) if group == access.PUBLISHER else (group,)
    merged: dict[str, access.Right] = {}
    for right in access.rights():
        if right.group in groups:
            have = merged[right.model].rights if right.model in merged else ""
            letters = "".join(letter for letter in OPERATIONS if letter in have + right.rights)
            merged[right.model] = access.Right(group, right.model, letters, right.why)
    return list(merged.values())
