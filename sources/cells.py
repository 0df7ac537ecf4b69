"""One cell of a file as its contract says: text, number, amount, day, time, yes or no; ValueError says what is wrong.

Nothing here knows files. What cannot be read is refused, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from sources.contract import Column
from sources.facts import Files

_FIRST_DAY = datetime(1899, 12, 30)
_DAYS = range(1, 100_000)
NO_VALUES = {"#CALC!", "#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#SPILL!", "#VALUE!"}
"""What stands in a cell whose formula fails; a workbook has these words in every language."""


def reader(column: Column, facts: Files) -> Callable[[Any], Any]:
    """What makes of a cell the column's value, None of an empty one. Cells are texts, or a workbook's own values."""
    read = {
        "string": _text,
        "json": _text,
        "integer": lambda cell: _whole(_amount(cell, facts)),
        "decimal": lambda cell: _scaled(_amount(cell, facts), column.scale),
        "boolean": lambda cell: _truth(cell, facts),
        "date": lambda cell: _day(_time(cell, facts)),
        "timestamp": lambda cell: _time(cell, facts),
    }[column.type]
    if column.zeros:
        return lambda cell: None if _empty(cell) else _with_zeros(_text(cell), column.zeros)
    return lambda cell: None if _empty(cell) else read(cell)


def lost_letters(text: str) -> str | None:
    """What tells that a text was read in another encoding than it was written in, before it came here."""
    if "\ufffd" in text:
        return "holds U+FFFD: some of its letters were lost before the file was written"
    if text.isascii():
        return None
    try:
        text.encode("cp1252").decode()
    except ValueError:
        return None
    return "was UTF-8 and was taken for cp1252 before the file was written"


def _empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        # A workbook keeps fifteen digits; 777123456.0 was typed without a point.
        return f"{cell:.15g}" if not cell.is_integer() else str(int(cell))
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _with_zeros(text: str, zeros: int | str) -> str:
    if not text.isdigit():
        return text
    return text.zfill(zeros) if isinstance(zeros, int) else text if text[0] == "0" else f"0{text}"


def _amount(cell: Any, facts: Files) -> Decimal:
    if isinstance(cell, Decimal):
        return cell
    if isinstance(cell, bool | date):
        raise ValueError("is no number")
    if not isinstance(cell, str):
        return Decimal(_text(cell))
    text = cell.strip()
    if not _amount_form(facts.decimal, facts.thousands).fullmatch(text):
        raise ValueError("is no number as promised")
    for mark in facts.thousands:
        text = text.replace(mark, "")
    return Decimal(text.replace(facts.decimal, "."))


@cache
def _amount_form(decimal: str, thousands: str) -> re.Pattern[str]:
    """Marks of thousands stand before three digits or nowhere: else 12.50 would be taken for 1250."""
    grouped = rf"|\d{{1,3}}([{re.escape(thousands)}]\d{{3}})+" if thousands else ""
    return re.compile(rf"[+-]?(\d+{grouped})({re.escape(decimal)}\d+)?")


def _whole(amount: Decimal) -> int:
    if not _bounded(amount) or amount != amount.to_integral_value() or abs(amount) >= 2**63:
        raise ValueError("is no whole number")
    return int(amount)


def _scaled(amount: Decimal, scale: int) -> Decimal:
    if not _bounded(amount):
        raise ValueError("has more than 18 digits")
    exact = round(amount, scale)
    if exact != amount:
        raise ValueError(f"has more than {scale} decimal places")
    if abs(exact.scaleb(scale)) >= 10**18:
        raise ValueError("has more than 18 digits")
    return exact


def _bounded(amount: Decimal) -> bool:
    """Whether it is a number that arithmetic with 28 digits can round."""
    return amount.is_finite() and amount.adjusted() < 20


def _truth(cell: Any, facts: Files) -> bool:
    text = _text(cell).lower()
    if text in facts.true_words or text in facts.false_words:
        return text in facts.true_words
    raise ValueError(f"is none of {', '.join(facts.true_words + facts.false_words)}")


def _time(cell: Any, facts: Files) -> datetime:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    text = _text(cell)
    for written in facts.dates:
        try:
            return datetime.strptime(text, written)
        except ValueError:
            continue
    counted = not isinstance(cell, str) or facts.excel_dates
    if counted and re.fullmatch(r"\d{1,6}(\.\d+)?", text) and int(float(text)) in _DAYS:
        return _FIRST_DAY + timedelta(seconds=round(float(text) * 86_400))
    if text.isdigit():
        raise ValueError("is no day: it is a mere number")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is no day or time as promised") from None


def _day(at: datetime) -> date:
    return at.date()
