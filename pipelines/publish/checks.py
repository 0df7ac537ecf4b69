"""What Odoo would refuse, or worse accept, although each value is well formed: clashes between records.

Duplicate barcodes, windows that end before they begin, and price rules of which nobody could say which applies.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

from pipelines.publish.diff import Comparison
from pipelines.publish.golden import Rows
from pipelines.publish.policy import ObjectPolicy
from pipelines.publish.values import seen

ALWAYS, NEVER = "0001-01-01 00:00:00", "9999-12-31 23:59:59"


@dataclass(frozen=True)
class Rule:
    """A record's window in time. `rank` orders records by age in Odoo; `number` is None for those not of golden."""

    start: str
    end: str
    rank: tuple[float, float]
    number: int | None
    name: str

    def holds(self, other: Rule) -> bool:
        """Whether the other window lies in this one and is narrower."""
        return (
            self.start <= other.start and other.end <= self.end and (self.start, self.end) != (other.start, other.end)
        )


def clashes(rows: Rows, policy: ObjectPolicy, found: Comparison) -> dict[int, str]:
    """Why a row that would change something must not be written, by row number."""
    problems = {}
    for name in policy.unique:
        problems |= dict(_duplicates(rows, name, found))
    if policy.window:
        problems |= dict(_overlaps(rows, policy, found))
    return {n: why for n, why in problems.items() if n not in found.changes or found.changes[n][1]}


def widest_first(rows: Rows, policy: ObjectPolicy, number: int) -> tuple[float, str]:
    """Sort key of rows to create: of two rules for one product Odoo lets the newer win, so narrow ones come last."""
    if not policy.window:
        return 0.0, rows.ids[number]
    start, end = (rows.values[name][number] for name in (policy.window.start, policy.window.end))
    return -_seconds(start or ALWAYS, end or NEVER), rows.ids[number]


def _duplicates(rows: Rows, name: str, found: Comparison) -> Iterator[tuple[int, str]]:
    """Rows whose value another row wants too, or another record in Odoo holds, archived ones included."""
    wanted, leaving = defaultdict(list), {}
    for number, value in enumerate(rows.values[name]):
        standing = (found.held[number][name] or None) if number in found.held else None
        if value not in (None, standing) and standing is not None:
            leaving[standing] = found.bound[number]
        value = standing if value is None else value
        if value is not None:
            wanted[value].append(number)
    there = {record[name]: record["id"] for record in found.others if record[name]}
    for value, numbers in wanted.items():
        for number in numbers:
            if number in found.changes and name not in found.changes[number][1]:
                continue
            if value in there:
                yield number, f"{name} {value} is on record {there[value]} in Odoo; correct one of the two"
            elif value in leaving:
                yield (
                    number,
                    f"{name} {value} is on record {leaving[value]} until this plan is applied; plan again then",
                )
            elif len(numbers) > 1:
                ids = ", ".join(rows.ids[number] for number in numbers)
                yield number, f"{name} {value} is wanted by {ids}; correct all but one at their source"


def _overlaps(rows: Rows, policy: ObjectPolicy, found: Comparison) -> Iterator[tuple[int, str]]:
    """Rows whose window is empty, or meets another's so that chance decides which price applies."""
    rules: dict[tuple, list[Rule]] = defaultdict(list)
    for number in range(len(rows.ids)):
        if number not in rows.problems and number not in found.problems:
            key, rule = _rule(rows, policy, found, number)
            if rule.start >= rule.end:
                yield number, f"{policy.window.end} is not after {policy.window.start}; mend it at its source"
            else:
                rules[key].append(rule)
    for record in found.others:
        if not all(record[name] == value for name, value in policy.retire.items()):
            key = tuple(seen("", record[name]) or 0 for name in policy.window.by)
            start, end = record[policy.window.start] or ALWAYS, record[policy.window.end] or NEVER
            rules[key].append(Rule(start, end, (record["id"], 0), None, f"record {record['id']} in Odoo"))
    for sharing in rules.values():
        for one, other in combinations(sharing, 2):
            if one.start < other.end and other.start < one.end and not _decided(one, other):
                for mine, theirs in ((one, other), (other, one)):
                    if mine.number is not None:
                        yield mine.number, f"its window overlaps that of {theirs.name}; end one of the two first"


def _rule(rows: Rows, policy: ObjectPolicy, found: Comparison, number: int) -> tuple[tuple, Rule]:
    """The row as it will stand in Odoo: golden's values, else those that are there."""
    record = found.held.get(number)

    def value(name: str) -> Any:
        golden = rows.values[name][number]
        left = record is not None and not (number in found.retired and name in policy.retire)
        return seen("", record[name]) if golden is None and left else golden

    start, end = value(policy.window.start) or ALWAYS, value(policy.window.end) or NEVER
    rank = (found.bound[number], 0) if number in found.bound else (math.inf, -_seconds(start, end))
    return tuple(value(name) or 0 for name in policy.window.by), Rule(start, end, rank, number, rows.ids[number])


def _decided(one: Rule, other: Rule) -> bool:
    """Whether Odoo will apply the narrower rule: it lies inside the wider one and is the newer record."""
    return (one.holds(other) and other.rank > one.rank) or (other.holds(one) and one.rank > other.rank)


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
