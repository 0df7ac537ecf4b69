"""Whether Odoo has moved on: how many of the records that a plan would change are no longer as it saw them."""

from __future__ import annotations

import sqlalchemy as sa

from pipelines.publish.authority import Authority
from pipelines.publish.policy import Policy
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import Plan, chunks, lines
from pipelines.publish.values import holds
from sources.odoo.client import OdooClient, search_read


def refuse_moved(
    connection: sa.Connection, client: OdooClient, policy: Policy, authority: Authority, plan: Plan
) -> None:
    """Raises PublishRefused when more records than the policy's share were changed or deleted since the plan."""
    total, moved = 0, 0
    for some in chunks(lines(connection, plan.plan_id, ("update",)), 2000):
        for name in dict.fromkeys(line.object for line in some):
            model, mine = policy.objects[name].model, [line for line in some if line.object == name]
            fields = sorted({field for line in mine for field in line.before})
            rows = search_read(client, model, fields, [("id", "in", [line.odoo_id for line in mine])])
            there = {row["id"]: row for row in rows}
            for line in mine:
                row = there.get(line.odoo_id)
                total += 1
                moved += row is None or any(not holds(row[field], value) for field, value in line.before.items())
    if moved > max(authority.expires.floor, authority.expires.moved * total):
        raise PublishRefused(
            f"Odoo has moved on: {moved} of {total} records are not as plan {plan.plan_id} saw them", "make a new plan"
        )
