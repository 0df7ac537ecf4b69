"""OFX 1 (SGML) and 2 (XML) bank and card statements, read as the tags stand, so that nothing is ever expanded.

A statement has a closing balance and no opening one: that it begins where the last one ended is proven in staging.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

from sources.bank.statement import Balance, Entry, Statement
from sources.tabular import BadFile, encoding_of

_TAG = re.compile(r"<(/?)([A-Z0-9._]+)[^>]*>([^<]*)", re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_STATEMENTS = ("STMTRS", "CCSTMTRS")


def parse(path: Path, encoding: str = "cp1252") -> list[Statement]:
    """The bank and card statements of a file. Raises BadFile."""
    text = path.read_text(encoding_of(path, encoding))
    start = text.upper().find("<OFX>")
    if start < 0:
        raise BadFile("is no OFX: it has no element OFX")
    root = _tree(_CDATA.sub(lambda found: found[1].replace("<", "&lt;"), text[start:]))
    refused = [code for one in root.iter("STATUS") if (code := _text(one, "CODE")) not in (None, "0")]
    if refused:
        raise BadFile(f"carries the bank's refusal {refused[0]} in place of a statement")
    found = [one for one in root.iter() if one.tag in _STATEMENTS]
    if not found:
        raise BadFile("holds no bank or card statement")
    return [_statement(one, f"statement {place}") for place, one in enumerate(found, 1)]


def _tree(text: str) -> ET.Element:
    """Tags as a tree: one with a text is a leaf, closed or not; what is not closed ends with what it stands in."""
    root = ET.Element("FILE")
    stack = [root]
    for closing, name, content in _TAG.findall(text):
        tag = name.upper()
        if closing:
            if any(one.tag == tag for one in stack[1:]):
                while stack.pop().tag != tag:
                    pass
        elif content.strip():
            ET.SubElement(stack[-1], tag).text = unescape(content.strip())
        else:
            stack.append(ET.SubElement(stack[-1], tag))
    return root


def _statement(element: ET.Element, where: str) -> Statement:
    account, currency = _text(element, "ACCTID"), _text(element, "CURDEF")
    if not account or not currency:
        raise BadFile(f"{where}: names no {'account' if not account else 'currency'}")
    ledger = element.find(".//LEDGERBAL")
    if ledger is None:
        raise BadFile(f"{where}: states no closing balance")
    closing = Balance("CLBD", _amount(ledger, "BALAMT", where), currency, _day(ledger, "DTASOF", where))
    lines = enumerate(element.iter("STMTTRN"), 1)
    entries = [_entry(one, currency, f"{where}, entry {n}") for n, one in lines]
    first = closing.amount - sum((entry.amount for entry in entries), Decimal(0))
    begun = _text(element, "DTSTART")
    opening = Balance("OPBD", first, currency, _day(element, "DTSTART", where) if begun else None)
    identity = f"{(begun or '')[:8]}-{closing.on:%Y%m%d}"
    return Statement(identity, account, currency, None, opening, closing, [closing], entries)


def _entry(element: ET.Element, currency: str, where: str) -> Entry:
    key = _text(element, "FITID")
    if not key:
        raise BadFile(f"{where}: has no FITID to know it again by")
    valued = _day(element, "DTAVAIL", where) if _text(element, "DTAVAIL") else None
    return Entry(
        amount=_amount(element, "TRNAMT", where),
        currency=_text(element, "CURSYM") or currency,
        booked_on=_day(element, "DTPOSTED", where),
        valued_on=valued,
        key=key,
        reference=_text(element, "REFNUM") or _text(element, "CHECKNUM"),
        party=_text(element, "NAME"),
        text=_text(element, "MEMO"),
    )


def _text(element: ET.Element, tag: str) -> str | None:
    found = element.find(f".//{tag}")
    return found.text.strip() if found is not None and found.text else None


def _amount(element: ET.Element, tag: str, where: str) -> Decimal:
    try:
        amount = Decimal((_text(element, tag) or "").replace(",", "."))
    except InvalidOperation:
        raise BadFile(f"{where}: {tag} is no amount") from None
    if not amount.is_finite():
        raise BadFile(f"{where}: {tag} is no amount")
    return amount


def _day(element: ET.Element, tag: str, where: str) -> date:
    try:
        return datetime.strptime((_text(element, tag) or "")[:8], "%Y%m%d").date()
    except ValueError:
        raise BadFile(f"{where}: {tag} is no day") from None
