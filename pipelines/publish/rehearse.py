"""Rehearsal of drafts: where only Odoo itself can tell, it writes them, says what became of them and takes it back."""

from __future__ import annotations

from typing import Any

from pipelines.publish.attributes import STRUCTURE
from pipelines.publish.drafts import Asking, Draft, Objections
from pipelines.publish.values import Pending, same, seen, sent
from sources.odoo import actions
from sources.odoo.actions import GOLDEN_ID
from sources.odoo.errors import OdooDenied, redacted

CALL = 200
QUIET = {"tracking_disable": True, "mail_create_nolog": True, "mail_create_nosubscribe": True}
_CONTENDED = ("could not serialize", "deadlock detected", "could not obtain lock")


def rehearse(asking: Asking, drafts: dict[int, Draft], found: Objections) -> None:
    """Let Odoo write the drafts that it alone can judge, and some of the others, and take everything back."""
    chosen = _to_rehearse(asking, drafts)
    for start in range(0, len(chosen), CALL):
        some = chosen[start : start + CALL]
        items = [
            {"id": drafts[n].odoo_id or False, "values": {k: sent(v) for k, v in drafts[n].values.items()}}
            for n in some
        ]
        try:
            answers = actions.rehearse(asking.client, asking.model, items, QUIET)
        except OdooDenied:
            answers = None
        if answers is None:
            return
        found.rehearsed += len(answers)
        for number, answer in zip(some, answers, strict=True):
            _told(asking, number, drafts[number], answer, found)


def _told(asking: Asking, number: int, draft: Draft, answer: dict[str, Any], found: Objections) -> None:
    problem = answer["problem"]
    if problem and not any(words in problem for words in _CONTENDED):
        said = redacted(asking.model, str(problem)).rstrip(".;")
        named = next((name for name in draft.values if name in said), GOLDEN_ID)
        found.add(number, named, f"is refused by Odoo in rehearsal: {said}", "correct it at its source or in Odoo")
    for name, kept in answer["differs"].items():
        kind = asking.fields[name]["type"]
        if not same(seen(kind, draft.values[name]), seen(kind, kept)):
            remedy = "publish it in the form that Odoo keeps, or leave the field out of odoo.yml"
            found.add(number, name, "would be changed by Odoo: another value is kept than the one sent", remedy)


def _to_rehearse(asking: Asking, drafts: dict[int, Draft]) -> list[int]:
    """Row numbers: all up to the policy's number; beyond it those that only Odoo can judge, one of each shape, a spread
    of the rest. What rests on records of the same plan cannot be tried alone."""
    if not asking.up_to:
        return []
    able = [n for n, draft in drafts.items() if _alone(asking, draft)]
    if len(able) <= asking.up_to:
        return able
    only_odoo = {name for name, said in asking.fields.items() if said["type"] == "html"}
    only_odoo |= {name for name, each in asking.policy.owned.items() if each.spelling == "website"}
    if "vies_valid" in asking.fields:
        only_odoo.add("vat")
    chosen_of = {name for name, said in asking.fields.items() if said["type"] in ("selection", "boolean")}
    shapes = {_shape(drafts[n], chosen_of): n for n in able}
    chosen = {n for n in able if only_odoo & drafts[n].values.keys()} | set(list(shapes.values())[: asking.up_to])
    step = max(1, len(able) // max(asking.up_to, 1))
    return sorted(chosen | set(able[::step]))


def _shape(draft: Draft, chosen_of: set[str]) -> tuple[Any, ...]:
    """What drafts have in common that Odoo judges alike: the fields, and what was chosen where there is a choice."""
    choices = [(name, draft.values[name]) for name in sorted(chosen_of & draft.values.keys())]
    return draft.odoo_id is None, tuple(sorted(draft.values)), tuple(choices)


def _alone(asking: Asking, draft: Draft) -> bool:
    if draft.odoo_id is None and asking.policy.made_with:
        return False
    return not (STRUCTURE & draft.values.keys() or any(isinstance(value, Pending) for value in draft.values.values()))
