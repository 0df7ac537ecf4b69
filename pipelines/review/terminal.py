"""The queue at a terminal: one case after the other, told in full, decided with a letter and a reason."""

from __future__ import annotations

from collections.abc import Callable

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.decisions import NotDecided
from pipelines.explain import Explained
from pipelines.plain import plain
from pipelines.review.cases import Case
from pipelines.review.desk import Desk
from pipelines.review.waterfall import steps

CHOICES = "(s)ame, (d)ifferent, (l)ater, s(p)lit, (o)verride, (u)ndo, (n)ext, (q)uit"
DIFFERS, BAR = "≠", "█"
PLAIN_DIFFERS, PLAIN_BAR = "!", "#"
"""The same for a terminal without these letters."""


def work(console: Console, desk: Desk, ask: Callable[..., str] = click.prompt) -> int:
    """Go through the queue until it is empty or the steward leaves; returns how much was decided.

    Ctrl-C within a decision gives that decision up, at the choice it ends the work.
    """
    passed: set[str] = set()
    while True:
        told = desk.follow()
        waiting = [case for case in desk.open if case.case_id not in passed]
        if told:
            console.print(Text(plain(told), "green"))
        if not waiting:
            break
        case = waiting[0]
        console.print()
        show(console, case, f"{len(waiting)} to decide")
        try:
            answer = ask(CHOICES, default="next", show_default=False).strip().lower()[:1]
        except click.Abort:
            answer = "q"
        if answer == "q":
            break
        if answer in ("", "n"):
            passed.add(case.case_id)
            continue
        try:
            console.print(Text(plain(_answer(desk, case, answer, ask)), "green"))
        except NotDecided as why:
            console.print(Text(plain(str(why)), "red"))
        except click.Abort:
            console.print(Text("\nnothing decided", "red"))
    return len(desk.done)


def show(console: Console, case: Case, place: str = "") -> None:
    """A case: both records side by side, differences marked, the evidence, who else is in it, what would follow."""
    console.rule(f"{case.domain}, {case.kind}, worth {case.worth:.1f} · {place}", align="left")
    console.print(Text(plain(case.reason)))
    table, marks = Table("", box=None), (DIFFERS, BAR) if _has(console, DIFFERS + BAR) else (PLAIN_DIFFERS, PLAIN_BAR)
    for record in case.heads:
        table.add_column(_side(record.record_id), overflow="fold")
    for name, left, right, differs in case.fields():
        shown = (left, right)[: len(case.heads)]
        table.add_row(f"{marks[0] if differs else ' '} {name}", *(_side(value, differs) for value in shown))
    console.print(table)
    for side in (case.left, case.right):
        if len(side) > 1:
            console.print(Text(plain(f"with {', '.join(record.record_id for record in side[1:])}"), "dim"))
    if case.explained:
        pair = case.explained
        console.print(Text(pair.question, "dim"))
        console.print(waterfall(pair, max(console.width // 4, 8), marks[1]))
        verdict = "would join them by itself" if pair.links else "would not join them by itself"
        console.print(Text(f"{pair.bits:+.1f} altogether: {pair.probability:.1%} one party, {pair.basis}; {verdict}"))
    for outcome in case.outcomes:
        console.print(Text(plain(outcome), "dim"))


def waterfall(pair: Explained, width: int, filled: str = BAR) -> Table:
    """Each comparison as a bar that starts where the one before ended; all of them are `width` characters wide."""
    found = steps(pair)
    points = [0.0, *(step.end for step in found)]
    low, scale = min(points), width / max(max(points) - min(points), 1.0)
    table = Table("bits", box=None)
    for name in ("evidence", "level"):
        table.add_column(name, overflow="fold")
    table.add_column(width=width + 1)
    for step in found:
        left, right = sorted((round((step.start - low) * scale), round((step.end - low) * scale)))
        bar = Text(" " * left + filled * max(right - left, 1), style="green" if step.bits > 0 else "red")
        table.add_row(f"{step.bits:+.1f}", step.name, step.label, bar)
    return table


def _answer(desk: Desk, case: Case, answer: str, ask: Callable[..., str]) -> str:
    words = {"s": "same", "d": "different", "l": "later"}
    if answer == "u":
        if not desk.done:
            raise NotDecided("nothing was decided here yet")
        return f"taken back: {desk.undo(desk.done[-1].number).told}"
    if answer == "o":
        first = case.left[0].record_id
        record = ask("record of the golden record", default=first)
        attribute, value = ask("attribute"), ask("value, empty: none", default="", show_default=False)
        return desk.override(case.case_id, record, attribute, value, ask("why")).told
    if answer == "p":
        apart = [record.strip() for record in ask("records to split off, by comma").split(",")]
        return desk.split(case.case_id, apart, ask("why")).told
    if answer not in words:
        raise NotDecided(f"choose one letter of {CHOICES}")
    return desk.decide(case.case_id, words[answer], ask("why")).told


def _has(console: Console, letters: str) -> bool:
    """Whether the terminal can show letters."""
    try:
        letters.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _side(value: str, differs: bool = False) -> Text:
    return Text(plain(value), style="bold yellow" if differs else "")
