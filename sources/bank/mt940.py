"""MT940, read by the mt-940 library; what it leaves open is decided here: signs, days, which balance is whose, silence.

The library logs what it cannot read, with the text; nothing of a statement may stand in a log.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import mt940 as library

from sources.bank.statement import Balance, Entry, Statement
from sources.tabular import BadFile, encoding_of

logging.getLogger("mt940").setLevel(logging.CRITICAL + 1)
_KINDS = ("final_{}_balance", "intermediate_{}_balance", "{}_balance")
_OPTIONS = library.Options.all()


def parse(path: Path, encoding: str = "cp1252") -> list[Statement]:
    """The statements of a file, each begun by its :20:. Raises BadFile."""
    text = path.read_text(encoding_of(path, encoding))
    try:
        found = library.parse_statements(io.StringIO(text), options=_OPTIONS)
    except (RuntimeError, ValueError, KeyError, AttributeError) as error:
        raise BadFile(f"is no MT940: a field cannot be read ({type(error).__name__})") from None
    if not found:
        raise BadFile("holds no statement: no :20: begins one")
    return [_statement(one, f"statement {place}") for place, one in enumerate(found, 1)]


def _statement(one: Any, where: str) -> Statement:
    data = one.data
    account = data.get("account_identification")
    if not account:
        raise BadFile(f"{where}: names no account")
    opening, closing = _balance(data, "opening", "OPBD"), _balance(data, "closing", "CLBD")
    number = "/".join(text for name in ("statement_number", "sequence_number") if (text := data.get(name)))
    begun = opening.on.isoformat() if opening and opening.on else ""
    identity = f"{data.get('transaction_reference') or ''}-{number}-{begun}"
    currency = opening.currency if opening else None
    entries = [_entry(line.data, f"{where}, entry {n}") for n, line in enumerate(_booked(one.transactions), 1)]
    balances = [balance for balance in (opening, closing) if balance]
    return Statement(identity, account, currency, number, opening, closing, balances, entries)


def _booked(lines: Iterable[Any]) -> list[Any]:
    """The entries; a text that stands before the first one is taken for one by the library, without an amount."""
    return [line for line in lines if line.data.get("amount") is not None]


def _balance(data: Mapping[str, Any], side: str, kind: str) -> Balance | None:
    found = next((one for form in _KINDS if (one := data.get(form.format(side)))), None)
    if found is None or found.amount is None:
        return None
    return Balance(kind, found.amount.amount, found.amount.currency, _day(found.date))


def _entry(data: Mapping[str, Any], where: str) -> Entry:
    amount = data["amount"]
    if not amount.currency:
        raise BadFile(f"{where}: has no currency")
    text = " ".join(str(data.get(name) or "") for name in ("transaction_details", "purpose", "extra_details")).split()
    reference = data.get("customer_reference")
    return Entry(
        amount=amount.amount,
        currency=amount.currency,
        booked_on=_day(data.get("entry_date") or data.get("date")),
        valued_on=_day(data.get("date")),
        is_reversal=str(data.get("status") or "").upper().startswith("R"),
        reference=data.get("end_to_end_reference") or (reference if reference not in ("", "NONREF") else None),
        party=data.get("applicant_name"),
        party_account=data.get("applicant_iban"),
        text=" ".join(text) or None,
    )


def _day(value: date | None) -> date | None:
    return date(value.year, value.month, value.day) if value else None
