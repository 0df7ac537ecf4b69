"""What every bank format says, whatever it looks like: statements, balances and entries, and the proof of them.

Amounts are signed, seen from the account: money that came is positive. Parsing is in camt.py, mt940.py and ofx.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sources.contract import Stream
from sources.tabular import BadFile, Row


@dataclass(frozen=True)
class Balance:
    """An amount at the end of a day; `kind` as camt calls it: OPBD, CLBD, PRCD, ITBD and others."""

    kind: str
    amount: Decimal
    currency: str
    on: date | None


@dataclass(frozen=True)
class Entry:
    """One booking. `key` names it within its account, for ever, where the bank gives such a name."""

    amount: Decimal
    currency: str
    booked_on: date | None
    valued_on: date | None = None
    status: str = "BOOK"
    is_reversal: bool = False
    key: str | None = None
    reference: str | None = None
    party: str | None = None
    party_account: str | None = None
    text: str | None = None


@dataclass
class Statement:
    """One account over some days. `opening` and `closing` are None where the format has none.

    `page`: of a statement that comes in several pages, each with balances of its own.
    """

    id: str
    account: str
    currency: str | None
    number: str | None = None
    opening: Balance | None = None
    closing: Balance | None = None
    balances: list[Balance] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    page: str | None = None

    @property
    def key(self) -> str:
        """What names it among all statements of all accounts."""
        return f"{self.account}:{self.id}" + (f"/{self.page}" if self.page else "")

    def prove(self, place: int) -> None:
        """Raises BadFile, naming the statement by its place in the file, unless opening + entries = closing."""
        start, end = self.opening, self.closing
        if start is None or end is None:
            missing = "opening" if start is None else "closing"
            raise BadFile(f"statement {place}: states no {missing} balance, so its entries cannot be proven")
        units = {start.currency, end.currency, *(entry.currency for entry in self.entries)}
        if len(units) > 1:
            raise BadFile(f"statement {place}: balances and entries are in {', '.join(sorted(units))}")
        booked = sum((entry.amount for entry in self.entries if entry.status == "BOOK"), Decimal(0))
        off = end.amount - start.amount - booked
        if off:
            raise BadFile(f"statement {place}: opening + entries differ from closing by {off.normalize():f}")


Parse = Callable[[Path, str], list[Statement]]


def rows(parse: Parse) -> Callable[[Path, Stream], Iterator[Row]]:
    """A format for the files kernel: the statements of a file, each proven, or their entries, as the stream asks."""

    def of_file(path: Path, stream: Stream) -> Iterator[Row]:
        statements = parse(path, stream.files.encoding)
        if not statements:
            raise BadFile("holds no statement")
        line = 0
        for place, statement in enumerate(statements, 1):
            statement.prove(place)
            for values in _entries(statement) if "entry_id" in stream.columns else [_head(statement)]:
                line += 1
                yield Row(line, values)

    return of_file


def _head(statement: Statement) -> dict[str, Any]:
    opening, closing = statement.opening, statement.closing
    return {
        "statement_id": statement.key,
        "account": statement.account,
        "number": statement.number,
        "currency": statement.currency,
        "opening_amount": opening and opening.amount,
        "opened_on": opening and opening.on,
        "closing_amount": closing and closing.amount,
        "closed_on": closing and closing.on,
        "entry_count": Decimal(len(statement.entries)),
    }


def _entries(statement: Statement) -> Iterator[dict[str, Any]]:
    for place, entry in enumerate(statement.entries, 1):
        yield {
            "entry_id": f"{statement.account}:{entry.key}" if entry.key else f"{statement.key}:{place}",
            "statement_id": statement.key,
            "account": statement.account,
            "booked_on": entry.booked_on or entry.valued_on,
            "valued_on": entry.valued_on,
            "amount": entry.amount,
            "currency": entry.currency,
            "status": entry.status,
            "is_reversal": entry.is_reversal,
            "reference": entry.reference,
            "party": entry.party,
            "party_account": entry.party_account,
            "text": entry.text,
        }
