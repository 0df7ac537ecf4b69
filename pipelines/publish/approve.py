"""Approve: named people take responsibility for one sealed plan, within the caps or by force with a reason."""

from __future__ import annotations

from datetime import datetime

import orjson
import sqlalchemy as sa

from pipelines import audit, quality
from pipelines.ledger import approvals, open_ledger
from pipelines.ledger import audit as audit_table
from pipelines.publish.authority import Authority, approvals_needed, load_authority, refuse_unauthorised, touched
from pipelines.publish.decide import CHANGES
from pipelines.publish.golden import payloads
from pipelines.publish.policy import Policy, load_policy
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import Plan, load, set_state
from pipelines.resources import Settings, account


def approve(
    settings: Settings,
    plan_id: str,
    principal: str,
    now: datetime,
    note: str = "",
    force: bool = False,
    policy: Policy | None = None,
    authority: Authority | None = None,
) -> Plan:
    """Approve the plan as sealed; when enough people have, it may be applied until it expires.

    Raises PublishRefused: unknown, edited, expired or already used plan, no name or no role that allows it, approved
    by the same person before, or caps exceeded without `force` and a `note` that says why.
    """
    policy, authority = policy or load_policy(), authority or load_authority()
    with open_ledger(settings.ledger_url).begin() as connection:
        plan = load(connection, plan_id)
        if not principal.strip():
            raise PublishRefused("an approval needs a name", "say who approves")
        if plan.state != "planned":
            raise PublishRefused(f"plan {plan_id} is {plan.state} already", "make a new plan")
        refuse_expired(plan, now)
        refuse_outdated(settings, plan, policy, authority)
        caps = plan.summary["caps"]
        if caps and not force:
            raise PublishRefused(
                f"plan {plan_id} reaches too far: {'. '.join(caps)}", "find the cause, or force it, saying why"
            )
        if caps and not note.strip():
            raise PublishRefused("a forced approval needs a reason", "say why in the note")
        refuse_unauthorised(authority, policy, principal, "force" if caps else "approve", touched(plan))
        before = _approvers(connection, plan)
        if principal in before:
            raise PublishRefused(f"{principal} has approved plan {plan_id} already", "let another person look at it")
        if authority.four_eyes.accounts and account() in before.values():
            said = f"plan {plan_id} was approved from the account {account()} already"
            raise PublishRefused(said, "let another person approve it from an account of their own")
        row = {"plan_id": plan_id, "approved_by": principal, "approved_at": audit.naive(now)}
        row |= {"content_hash": plan.content_hash, "forced": bool(caps), "note": note}
        connection.execute(approvals.insert().values(**row))
        enough = len(before) + 1 >= approvals_needed(authority, policy, plan)
        if enough:
            set_state(connection, plan_id, "approved")
        detail = {"plan": plan_id, "content_hash": plan.content_hash, "caps": caps, "forced": bool(caps), "note": note}
        # Anybody may say any name: the account that said it stands beside.
        audit.append(connection, principal, "approve", detail | {"account": account()}, now)
        return load(connection, plan_id)


def refuse_unapproved(
    connection: sa.Connection, plan: Plan, policy: Policy | None = None, authority: Authority | None = None
) -> None:
    """Raises PublishRefused unless people whose roles allow it, and enough of them, approved exactly this content.

    An approval counts only where the audit tells of it too.
    """
    policy, authority = policy or load_policy(), authority or load_authority()
    needed, approvers = approvals_needed(authority, policy, plan), _approvers(connection, plan)
    for person in approvers:
        refuse_unauthorised(authority, policy, person, "force" if plan.summary["caps"] else "approve", touched(plan))
    eyes = set(approvers.values()) if authority.four_eyes.accounts else set(approvers)
    if len(eyes) < needed:
        lacking = f"is approved by {len(approvers)} of {needed} people" if approvers else "is not approved"
        if len(approvers) >= needed:
            lacking += ", but from one account"
        raise PublishRefused(f"plan {plan.plan_id} {lacking}", f"run `assay approve {plan.plan_id}`")


def refuse_expired(plan: Plan, now: datetime) -> None:
    """Raises PublishRefused when Odoo may have moved on too far since the plan was made."""
    if audit.naive(now) > plan.expires_at:
        raise PublishRefused(
            f"plan {plan.plan_id} expired at {plan.expires_at} UTC", "make a new plan; what is done stays"
        )


def refuse_outdated(settings: Settings, plan: Plan, policy: Policy, authority: Authority) -> None:
    """Raises PublishRefused when golden is not what the plan was made of; a machine without exports cannot tell.

    An erasure is not made of golden.
    """
    if "erasure" in plan.summary:
        return
    names = [name for name in policy.objects if name in plan.summary["objects"]]
    now = payloads(settings.exports, names) if authority.expires.golden else None
    if now is not None and now != plan.golden_hash:
        raise PublishRefused(f"golden has changed since plan {plan.plan_id} was made", "make a new plan")


def refuse_closed(settings: Settings, plan: Plan, policy: Policy) -> None:
    """Raises PublishRefused when labels or a limit close a domain that the plan writes to, since it was made.

    An erasure is not for the matching to hold up.
    """
    if "erasure" in plan.summary:
        return
    written = {name for name, counts in plan.summary["objects"].items() if any(counts.get(kind) for kind in CHANGES)}
    for domain in sorted({policy.objects[name].domain for name in written}):
        closed, _ = quality.objections(settings, domain)
        if closed:
            raise PublishRefused(
                f"{domain} is closed since plan {plan.plan_id} was made: {'; '.join(closed)}",
                "make a new plan, which leaves it out",
            )


def _approvers(connection: sa.Connection, plan: Plan) -> dict[str, str]:
    """The machine's account by person who approved exactly this content, by force where it reaches beyond a cap,
    according to the audit as well."""
    wanted = sa.select(approvals).where(approvals.c.plan_id == plan.plan_id)
    rows = connection.execute(wanted.where(approvals.c.content_hash == plan.content_hash)).all()
    told = sa.select(audit_table.c.actor, audit_table.c.detail).where(audit_table.c.action == "approve")
    told = connection.execute(told.where(audit_table.c.detail.contains(plan.content_hash))).all()
    details = [(row.actor, orjson.loads(row.detail)) for row in told]
    said = {actor: detail.get("account", "") for actor, detail in details if detail["plan"] == plan.plan_id}
    people = [row.approved_by for row in rows if row.forced or not plan.summary["caps"]]
    return {person: said[person] for person in people if person in said}
