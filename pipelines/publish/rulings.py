"""What people decided on their own edits in Odoo, field by field, and what Assay releases by itself; in the ledger.

keep: golden takes the value over · revert: golden's value is written once · release: Assay leaves the field alone ·
take: Assay looks after it again. The latest ruling on a field holds; `*` is the whole record.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from pipelines import audit
from pipelines.ledger import edit_rulings, receipts
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import chunks, dumps

WHOLE = "*"
FLAPS = 2
Ruling = Literal["keep", "revert", "release", "take"]


@dataclass(frozen=True)
class Rulings:
    """(ruling, hash of the value it was made on, number) by golden id and field, without the reverts that are spent."""

    by_field: Mapping[tuple[str, str], tuple[str, str | None, int]]

    def released(self, golden_id: str, name: str) -> bool:
        """Whether Assay leaves this field alone: the later of a ruling on it and one on its record decides."""
        held = [self.by_field[key] for key in ((golden_id, name), (golden_id, WHOLE)) if key in self.by_field]
        return bool(held) and max(held, key=lambda ruling: ruling[2])[0] == "release"

    def on(self, golden_id: str, name: str, now: Any) -> str:
        """The ruling on this very edit, while the field holds this value; "" where none was made."""
        if self.released(golden_id, name):
            return "release"
        ruling, sealed, _ = self.by_field.get((golden_id, name), ("", None, 0))
        return ruling if ruling in ("keep", "revert") and sealed == seal(golden_id, name, now) else ""


def seal(golden_id: str, name: str, value: Any) -> str:
    """A hash by which a ruling knows again the edit that it was made on; the value itself is not kept."""
    return hashlib.sha256(dumps([golden_id, name, value]).encode()).hexdigest()


def rule(
    connection: sa.Connection,
    ruling: Ruling,
    target: str,
    name: str,
    golden_id: str,
    fields: Mapping[str, str | None],
    by: str,
    at: datetime,
    reason: str,
) -> None:
    """Put down one ruling on `fields`, each with the seal of the edit it is made on, and tell the audit.

    In the caller's transaction. Raises PublishRefused without a person's name, or without a reason.
    """
    if not by.strip() or not reason.strip():
        raise PublishRefused("a ruling on an edit needs a name and a reason", "say who decides, and why")
    shared = {"target": target, "object": name, "golden_id": golden_id, "ruling": ruling}
    shared |= {"ruled_by": by, "ruled_at": audit.naive(at), "reason": reason}
    shared["after_seq"] = connection.execute(sa.select(sa.func.coalesce(sa.func.max(receipts.c.seq), 0))).scalar_one()
    rows = [shared | {"field": field, "value_hash": sealed} for field, sealed in fields.items()]
    connection.execute(edit_rulings.insert(), rows)
    detail = {"object": name, "golden_id": golden_id, "fields": sorted(fields)}
    audit.append(connection, by, f"{ruling} edit", detail, at)


def rulings(connection: sa.Connection, target: str, name: str) -> Rulings:
    """What holds on the fields of object `name`. A revert is spent by the next write of its field."""
    asked = sa.select(edit_rulings).where(edit_rulings.c.target == target, edit_rulings.c.object == name)
    latest = {(row.golden_id, row.field): row for row in connection.execute(asked.order_by(edit_rulings.c.seq))}
    reverts = {key: row.after_seq for key, row in latest.items() if row.ruling == "revert"}
    spent = _written_after(connection, target, name, reverts)
    return Rulings({key: (row.ruling, row.value_hash, row.seq) for key, row in latest.items() if key not in spent})


def written_back(
    connection: sa.Connection, target: str, name: str, odoo_ids: Collection[int]
) -> dict[tuple[int, str], int]:
    """How many times Assay has written a field over what somebody had put in its place, by Odoo id and field."""
    counted: dict[tuple[int, str], int] = defaultdict(int)
    last: dict[tuple[int, str], str] = {}
    columns = (receipts.c.odoo_id, receipts.c.field, receipts.c.before, receipts.c.after)
    asked = sa.select(*columns).where(receipts.c.target == target, receipts.c.object == name)
    for some in chunks(sorted(odoo_ids), 1000):
        for odoo_id, field, before, after in connection.execute(
            asked.where(receipts.c.odoo_id.in_(some)).order_by(receipts.c.seq)
        ):
            counted[odoo_id, field] += last.get((odoo_id, field), before) != before
            last[odoo_id, field] = after
    return {key: count for key, count in counted.items() if count}


def _written_after(
    connection: sa.Connection, target: str, name: str, after: Mapping[tuple[str, str], int]
) -> set[tuple[str, str]]:
    spent: set[tuple[str, str]] = set()
    columns = (receipts.c.golden_id, receipts.c.field, sa.func.max(receipts.c.seq))
    asked = sa.select(*columns).where(receipts.c.target == target, receipts.c.object == name)
    for some in chunks(_ids(after), 1000):
        grouped = asked.where(receipts.c.golden_id.in_(some)).group_by(receipts.c.golden_id, receipts.c.field)
        spent |= {(one, field) for one, field, seq in connection.execute(grouped) if seq > after.get((one, field), seq)}
    return spent


def _ids(keys: Iterable[tuple[str, str]]) -> list[str]:
    return sorted({golden_id for golden_id, _ in keys})
