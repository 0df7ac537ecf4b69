"""camt.053 and its relatives (ISO 20022), any version: the namespace is checked, a document type is refused unread.

A document type could hold entities that expand without end or point at files; a bank statement never has one.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from xml.etree import ElementTree as ET

from sources.bank.statement import Balance, Entry, Statement
from sources.tabular import BadFile

_NAMESPACE = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:camt\.(052|053|054)\.001\.\d\d\}Document")
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)


class _Plain(ET.TreeBuilder):
    """Refuses every document type, before the entities that it could declare are worth anything."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise BadFile("has a document type, which no bank statement has: refused unread")


def parse(path: Path, encoding: str = "utf-8", messages: tuple[str, ...] = ("053",)) -> list[Statement]:
    """The statements of a file; `messages` are the kinds of camt that are taken. XML states its encoding itself.

    Raises BadFile.
    """
    try:
        # What S314 warns of is entities, and those need the document type that _Plain refuses.
        root = ET.parse(path, parser=ET.XMLParser(target=_Plain())).getroot()  # noqa: S314
    except ET.ParseError as error:
        raise BadFile(f"is no XML, at line {error.position[0]}") from None
    known = _NAMESPACE.fullmatch(root.tag)
    if not known or known[1] not in messages:
        raise BadFile(f"is no camt.{' or camt.'.join(messages)}: its namespace says otherwise")
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    found = [one for body in root for one in body if one.tag in ("Stmt", "Rpt", "Ntfctn")]
    if not found:
        raise BadFile("holds no statement")
    return [_statement(one, place) for place, one in enumerate(found, 1)]


def _statement(element: ET.Element, place: int) -> Statement:
    where = f"statement {place}"
    balances = [_balance(one, where) for one in element.findall("Bal")]
    account = element.findtext("Acct/Id/IBAN") or _first(element, "Acct/Id//Id") or _first(element, "Acct/Id//*")
    if not account or not element.findtext("Id"):
        raise BadFile(f"{where}: names no account or has no identification")
    opening = next((one for kind in _OPENING for one in balances if one.kind == kind), None)
    closing = next((one for kind in _CLOSING for one in balances if one.kind == kind), None)
    currency = element.findtext("Acct/Ccy") or (opening and opening.currency)
    number = element.findtext("ElctrncSeqNb") or element.findtext("LglSeqNb")
    entries = [_entry(one, f"{where}, entry {n}") for n, one in enumerate(element.findall("Ntry"), 1)]
    page = element.findtext("StmtPgntn/PgNb") or element.findtext("RptPgntn/PgNb")
    identity = element.findtext("Id").strip()
    return Statement(identity, account.strip(), currency, number, opening, closing, balances, entries, page)


def _balance(element: ET.Element, where: str) -> Balance:
    kind = element.findtext("Tp/CdOrPrtry/Cd") or _first(element, "Tp//Cd") or _first(element, "Tp//Prtry") or ""
    amount, currency = _amount(element, where)
    return Balance(kind, amount, currency, _day(element.find("Dt"), where))


def _entry(element: ET.Element, where: str) -> Entry:
    amount, currency = _amount(element, where)
    details = element.findall("NtryDtls/TxDtls")
    one = details[0] if len(details) == 1 else None
    side = "Dbtr" if amount >= 0 else "Cdtr"
    refs = ("EndToEndId", "TxId", "AcctSvcrRef", "MsgId")
    reference = one is not None and next((text for ref in refs if (text := one.findtext(f"Refs/{ref}"))), None)
    told = [text.text for text in element.iter("Ustrd") if text.text] or [element.findtext("AddtlNtryInf") or ""]
    return Entry(
        amount=amount,
        currency=currency,
        booked_on=_day(element.find("BookgDt"), where),
        valued_on=_day(element.find("ValDt"), where),
        status=element.findtext("Sts/Cd") or (element.findtext("Sts") or "BOOK").strip(),
        is_reversal=(element.findtext("RvslInd") or "").strip() in ("true", "1"),
        reference=reference or element.findtext("AcctSvcrRef") or element.findtext("NtryRef"),
        party=_party(one, side),
        party_account=one is not None and _first(one, f"RltdPties/{side}Acct/Id//*") or None,
        text=" ".join(told).strip() or None,
    )


def _party(details: ET.Element | None, side: str) -> str | None:
    if details is None:
        return None
    return details.findtext(f"RltdPties/{side}/Nm") or details.findtext(f"RltdPties/{side}/Pty/Nm")


def _amount(element: ET.Element, where: str) -> tuple[Decimal, str]:
    """The amount of an element, negative where it is a debit."""
    amount, side = element.find("Amt"), element.findtext("CdtDbtInd")
    try:
        value = Decimal((amount.text or "").strip())
        currency = amount.attrib["Ccy"]
    except (AttributeError, InvalidOperation, KeyError):
        raise BadFile(f"{where}: has no amount with a currency") from None
    if side not in ("CRDT", "DBIT") or not value.is_finite():
        raise BadFile(f"{where}: says neither CRDT nor DBIT")
    return (value if side == "CRDT" else -value), currency


def _day(element: ET.Element | None, where: str) -> date | None:
    text = element is not None and (element.findtext("Dt") or element.findtext("DtTm"))
    if not text:
        return None
    try:
        return datetime.fromisoformat(text.strip()).date()
    except ValueError:
        raise BadFile(f"{where}: holds a day that is none") from None


def _first(element: ET.Element, path: str) -> str | None:
    return next((one.text.strip() for one in element.findall(path) if one.text and one.text.strip()), None)
