"""What the pre-check works on: a plan's drafts, the Odoo to ask about them, and the objections that were found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.publish.policy import ObjectPolicy
from pipelines.publish.values import seen
from sources.odoo.client import OdooClient, search_read

PAGE = 2000


@dataclass(frozen=True)
class Draft:
    """One record as the plan would write it: the values to send, relations as ids or Pending."""

    golden_id: str
    odoo_id: int | None
    values: dict[str, Any]


@dataclass
class Objections:
    """Sentences by row number. `rehearsed`: how many records Odoo tried out."""

    by_row: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    rehearsed: int = 0

    def add(self, number: int, name: str, reason: str, remedy: str) -> None:
        self.by_row[number].append(f"{name} {reason}; {remedy}")

    def said(self) -> dict[int, str]:
        """One text per row: all that is the matter with it."""
        return {number: " · ".join(dict.fromkeys(all_of)) for number, all_of in self.by_row.items()}


@dataclass(frozen=True)
class Asking:
    """Whom to ask about which object: `fields` is Odoo's fields_get, `up_to` the number of records to rehearse.

    stated: what golden says of the records that relations name, by column and row number.
    """

    client: OdooClient
    policy: ObjectPolicy
    fields: dict[str, dict[str, Any]]
    up_to: int
    stated: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def model(self) -> str:
        return self.policy.model


def held(asking: Asking, drafts: dict[int, Draft], names: set[str]) -> dict[int, dict[str, Any]]:
    """What the drafts' records will hold in these fields, by row number: the values to write, else Odoo's own."""
    known = sorted(names & asking.fields.keys())
    ids = {draft.odoo_id: n for n, draft in drafts.items() if draft.odoo_id is not None}
    there: dict[int, dict[str, Any]] = defaultdict(dict)
    asked = list(ids) if known else []
    for start in range(0, len(asked), PAGE):
        for row in search_read(asking.client, asking.model, known, [("id", "in", asked[start : start + PAGE])]):
            there[ids[row["id"]]] = {name: seen(asking.fields[name]["type"], row[name]) for name in known}
    return {n: there[n] | {k: v for k, v in draft.values.items() if k in names} for n, draft in drafts.items()}
