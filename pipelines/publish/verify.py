"""Verify: read back from Odoo every field that a run wrote, and compare it with the receipt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines import audit
from pipelines.ledger import open_ledger
from pipelines.publish import receipts
from pipelines.publish.apply import refuse_other_target
from pipelines.publish.policy import Policy, load_policy
from pipelines.publish.readback import read_back
from pipelines.publish.store import chunks
from pipelines.resources import Settings
from sources.odoo.client import OdooClient


@dataclass(frozen=True)
class Verification:
    """Fields by how they stand now. `mismatches` name object, Odoo id, field and what is the matter, never a value."""

    run_id: str
    matched: int
    superseded: int
    mismatches: list[dict[str, Any]]

    @property
    def passed(self) -> bool:
        return not self.mismatches


def verify_run(
    settings: Settings, client: OdooClient, run_id: str, now: datetime, actor: str, policy: Policy | None = None
) -> Verification:
    """Compare every receipt of the run with Odoo and note the result on it. Fields that a later run wrote are left out.

    Raises PublishRefused for an unknown run or another database, and the errors of Odoo's client.
    """
    policy = policy or load_policy()
    engine = open_ledger(settings.ledger_url)
    with engine.connect() as connection:
        run = receipts.find_run(connection, run_id)
        refuse_other_target(run.target, client)
        later = receipts.superseded(connection, run)
    mismatches, right, wrong = [], [], []
    for receipt, problem in read_back(client, policy, receipts.by_record(engine, run)):
        if (receipt.object, receipt.odoo_id, receipt.field) in later:
            continue
        (wrong if problem else right).append(receipt.seq)
        if problem:
            where = {"object": receipt.object, "odoo_id": receipt.odoo_id, "field": receipt.field}
            mismatches.append({**where, "golden_id": receipt.golden_id, "problem": problem})
    with engine.begin() as connection:
        for seqs, verified in ((right, True), (wrong, False)):
            for some in chunks(seqs, 5000):
                receipts.mark_verified(connection, some, verified)
        detail = {"run": run_id, "matched": len(right), "mismatched": len(wrong)}
        audit.append(connection, actor, "verify", detail, now)
    return Verification(run_id, len(right), len(later), mismatches)
