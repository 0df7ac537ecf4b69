"""A bank's CSV of one account, oldest entry first, each line with the balance after it, by which all are proven.

Every bank names its columns otherwise; these are the names that are known.
"""

from __future__ import annotations

import csv
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from sources.bank.statement import Balance, Entry, Statement
from sources.tabular import BadFile, encoding_of

COLUMNS = (
    "account",
    "booked",
    "valued",
    "amount",
    "currency",
    "balance",
    "reference",
    "party",
    "party account",
    "text",
)


def parse(path: Path, encoding: str = "cp1252") -> list[Statement]:
    """The one statement of a file: semicolons, decimal commas, days as day.month.year. Raises BadFile."""
    with path.open(encoding=encoding_of(path, encoding), newline="") as text:
        lines = csv.DictReader(text, delimiter=";")
        lost = [name for name in COLUMNS if name not in (lines.fieldnames or [])]
        if lost:
            raise BadFile(f"has lost the column {', '.join(lost)}")
        found = [
            (_entry(line, f"line {n}"), _amount(line, "balance", f"line {n}"), line) for n, line in enumerate(lines, 2)
        ]
    if not found:
        raise BadFile("holds no entry")
    accounts = {line["account"] for *_, line in found}
    if len(accounts) > 1 or not found[0][2]["account"]:
        raise BadFile("names no account, or several")
    return [_statement([entry for entry, *_ in found], [balance for _, balance, _ in found], accounts.pop())]


def _statement(entries: list[Entry], balances: list[Decimal], account: str) -> Statement:
    first, last = entries[0], entries[-1]
    before = balances[0] - first.amount
    running = before
    for number, (entry, balance) in enumerate(zip(entries, balances, strict=True), 2):
        running += entry.amount
        if running != balance:
            raise BadFile(f"line {number}: the balance before and the amount do not make the balance after")
    opening = Balance("OPBD", before, first.currency, first.booked_on)
    closing = Balance("CLBD", balances[-1], last.currency, last.booked_on)
    identity = f"{first.booked_on:%Y%m%d}-{last.booked_on:%Y%m%d}"
    return Statement(identity, account, first.currency, None, opening, closing, [opening, closing], entries)


def _entry(line: dict[str, str], where: str) -> Entry:
    amount, balance = _amount(line, "amount", where), _amount(line, "balance", where)
    booked = _day(line, "booked", where)
    return Entry(
        amount=amount,
        currency=line["currency"],
        booked_on=booked,
        valued_on=_day(line, "valued", where) if line["valued"] else None,
        # No name of its own: what it made of the balance names it, also where two exports overlap.
        key=f"{booked:%Y%m%d}:{amount}:{balance}",
        reference=line["reference"] or None,
        party=line["party"] or None,
        party_account=line["party account"] or None,
        text=line["text"] or None,
    )


def _amount(line: dict[str, str], name: str, where: str) -> Decimal:
    try:
        return Decimal((line[name] or "").replace("\u00a0", "").replace(" ", "").replace(",", "."))
    except InvalidOperation:
        raise BadFile(f"{where}: {name} is no amount") from None


def _day(line: dict[str, str], name: str, where: str) -> date:
    try:
        return datetime.strptime(line[name] or "", "%d.%m.%Y").date()
    except ValueError:
        raise BadFile(f"{where}: {name} is no day") from None
