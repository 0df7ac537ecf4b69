"""Approve: a named person takes responsibility for one sealed plan, within the caps or by force with a reason."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from pipelines import audit
from pipelines.ledger import approvals, open_ledger
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import Plan, load, set_state
from pipelines.resources import Settings


def approve(
    settings: Settings, plan_id: str, principal: str, now: datetime, note: str = "", force: bool = False
) -> Plan:
    """Approve the plan as sealed; it may then be applied until it expires.

    Raises PublishRefused: unknown, edited, expired or already used plan, no name, or caps exceeded without
    `force` and a `note` that says why.
    """
    with open_ledger(settings.ledger_url).begin() as connection:
        plan = load(connection, plan_id)
        if not principal.strip():
            raise PublishRefused("an approval needs a name", "say who approves")
        if plan.state != "planned":
            raise PublishRefused(f"plan {plan_id} is {plan.state} already", "make a new plan")
        refuse_expired(plan, now)
        caps = plan.summary["caps"]
        if caps and not force:
            raise PublishRefused(
                f"plan {plan_id} reaches too far: {'. '.join(caps)}", "find the cause, or force it, saying why"
            )
        if caps and not note.strip():
            raise PublishRefused("a forced approval needs a reason", "say why in the note")
        at, forced = audit.naive(now), bool(caps)
        row = {"plan_id": plan_id, "approved_by": principal, "approved_at": at, "content_hash": plan.content_hash}
        connection.execute(approvals.insert().values(**row, forced=forced, note=note))
        set_state(connection, plan_id, "approved")
        detail = {"plan": plan_id, "content_hash": plan.content_hash, "caps": caps, "forced": forced, "note": note}
        audit.append(connection, principal, "approve", detail, now)
    return plan


def refuse_unapproved(connection: sa.Connection, plan: Plan) -> None:
    """Raises PublishRefused unless somebody approved exactly this content."""
    sealed = sa.select(approvals.c.content_hash).where(approvals.c.plan_id == plan.plan_id)
    if plan.content_hash not in connection.execute(sealed).scalars().all():
        raise PublishRefused(f"plan {plan.plan_id} is not approved", f"run `assay approve {plan.plan_id}`")


def refuse_expired(plan: Plan, now: datetime) -> None:
    """Raises PublishRefused when Odoo may have moved on too far since the plan was made."""
    if audit.naive(now) > plan.expires_at:
        raise PublishRefused(
            f"plan {plan.plan_id} expired at {plan.expires_at} UTC", "make a new plan; what is done stays"
        )
