"""A stand-in for four banks: each sends a statement a day in its own format, and again where one was wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from sources.bank.fake_seed import ACCOUNTS, entry_of
from sources.bank.listing import COLUMNS
from sources.estate import drops
from sources.estate.drops import Folder, bodies
from sources.estate.guests import seed_part
from sources.estate.standin import changed, naive
from sources.estate.state import open_state, put
from sources.estate.world import World

STREAMS = {"statements": "statement", "entries": "entry"}
CREDENTIALS: dict[str, str] = {}
place = Folder
_ENDINGS = {"camt": "xml", "mt940": "sta", "ofx": "ofx", "listing": "csv"}
_CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
Body = dict[str, Any]


def seed(world: World, path: Path) -> None:
    """Write the banks' state and every statement so far, each on the morning after its day."""
    seed_part(world, "bank", path)
    drops.emptied(path)
    for statement in bodies(path, "statement"):
        morning = datetime.fromisoformat(statement["day"]).replace(tzinfo=UTC) + timedelta(days=1, hours=4)
        _send(path, statement, morning)


def touch(path: Path, stream: str, key: str, at: datetime, **fields: Any) -> None:
    """A bank corrects a statement, the given fields or a harmless one, and sends it again under its name."""
    if stream == "entries":
        body = changed(path, "entry", key, naive(at), fields or {"text": f"corrected {at:%d %H%M%S}"})
        (statement,) = bodies(path, "statement", [body["statement_id"]])
    else:
        (statement,) = bodies(path, "statement", [key])
        _book_and_book_back(path, statement, at)
    _send(path, statement, at)


def _book_and_book_back(path: Path, statement: Body, at: datetime) -> None:
    """Two entries more, which leave the closing balance as it is."""
    entries = _entries(path, statement)
    once = Decimal(len(entries) + 1)
    for amount in (once, -once):
        entries.append(entry_of(statement, entries, "Correction", "", amount))
    with closing(open_state(path)) as connection:
        put(connection, "entry", [(one["entry_id"], naive(at), one) for one in entries[-2:]])


def resend(path: Path, stream: str, at: datetime, without: str | None) -> None:
    """The newest statement in camt without its account, or as it should have been."""
    newest = max((one for one in bodies(path, "statement") if one["form"] == "camt"), key=lambda one: one["day"])
    _send(path, newest | ({"account": ""} if without else {}), at)


def _send(path: Path, statement: Body, at: datetime) -> None:
    entries, form = _entries(path, statement), statement["form"]
    account, currency = ACCOUNTS[form]
    text = _WRITERS[form]({"account": account, "currency": currency, **statement}, entries)
    day = statement["day"].replace("-", "")
    drops.drop(
        path, f"{form}_{day}.{_ENDINGS[form]}", text.encode("cp1250" if form == "listing" else "utf-8", "replace"), at
    )


def _entries(path: Path, statement: Body) -> list[Body]:
    found = [one for one in bodies(path, "entry") if one["statement_id"] == statement["statement_id"]]
    return sorted(found, key=lambda one: one["place"])


def _camt(statement: Body, entries: list[Body]) -> str:
    def amount(text: str) -> str:
        side = "CRDT" if Decimal(text) >= 0 else "DBIT"
        value = abs(Decimal(text))
        return f'<Amt Ccy="{statement["currency"]}">{value}</Amt><CdtDbtInd>{side}</CdtDbtInd>'

    def balance(kind: str, text: str) -> str:
        day = f"<Dt><Dt>{statement['day']}</Dt></Dt>"
        return f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{amount(text)}{day}</Bal>"

    def entry(one: Body) -> str:
        party = "Dbtr" if Decimal(one["amount"]) >= 0 else "Cdtr"
        details = f"<Refs><EndToEndId>{escape(one['reference'] or '-')}</EndToEndId></Refs>"
        details += f"<RltdPties><{party}><Pty><Nm>{escape(one['party'])}</Nm></Pty></{party}></RltdPties>"
        details += f"<RmtInf><Ustrd>{escape(one['text'])}</Ustrd></RmtInf>"
        days = "".join(f"<{tag}><Dt>{statement['day']}</Dt></{tag}>" for tag in ("BookgDt", "ValDt"))
        booked = f"{amount(one['amount'])}<Sts><Cd>BOOK</Cd></Sts>{days}"
        return f"<Ntry>{booked}<NtryDtls><TxDtls>{details}</TxDtls></NtryDtls></Ntry>"

    own = statement["statement_id"].partition(":")[2]
    head = f"<Id>{own}</Id><ElctrncSeqNb>{statement['number']}</ElctrncSeqNb>"
    head += f"<Acct><Id><IBAN>{statement['account']}</IBAN></Id><Ccy>{statement['currency']}</Ccy></Acct>"
    body = balance("OPBD", statement["opening_amount"]) + balance("CLBD", statement["closing_amount"])
    body += "".join(map(entry, entries))
    made = f"<GrpHdr><MsgId>{own}</MsgId></GrpHdr>"
    return f'<Document xmlns="{_CAMT}"><BkToCstmrStmt>{made}<Stmt>{head}{body}</Stmt></BkToCstmrStmt></Document>'


def _mt940(statement: Body, entries: list[Body]) -> str:
    day = date.fromisoformat(statement["day"])

    def amount(text: str) -> str:
        return str(abs(Decimal(text))).replace(".", ",")

    def side(text: str) -> str:
        return "C" if Decimal(text) >= 0 else "D"

    def balance(tag: str, text: str) -> str:
        return f":{tag}:{side(text)}{day:%y%m%d}{statement['currency']}{amount(text)}"

    lines = [f":20:ST{day:%Y%m%d}", f":25:{statement['account']}", f":28C:{statement['number']}/1"]
    lines.append(balance("60F", statement["opening_amount"]))
    for one in entries:
        reference = (one["reference"] or "NONREF")[:16]
        booked = f":61:{day:%y%m%d}{day:%m%d}{side(one['amount'])}{amount(one['amount'])}NTRF{reference}"
        lines += [booked, f":86:{one['party']} {one['text']}"]
    return "\r\n".join([*lines, balance("62F", statement["closing_amount"]), "-", ""])


def _ofx(statement: Body, entries: list[Body]) -> str:
    day = statement["day"].replace("-", "")
    lines = ["OFXHEADER:100", "DATA:OFXSGML", "VERSION:102", "CHARSET:1252", "", "<OFX><BANKMSGSRSV1><STMTTRNRS>"]
    lines += ["<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS>", f"<CURDEF>{statement['currency']}"]
    lines += [f"<BANKACCTFROM><BANKID>0800<ACCTID>{statement['account']}<ACCTTYPE>CHECKING</BANKACCTFROM>"]
    lines += [f"<BANKTRANLIST><DTSTART>{day}<DTEND>{day}"]
    for one in entries:
        fields = {"TRNTYPE": "OTHER", "DTPOSTED": day, "TRNAMT": one["amount"]}
        fields |= {"FITID": one["entry_id"].partition(":")[2], "REFNUM": one["reference"]}
        fields |= {"NAME": escape(one["party"]), "MEMO": escape(one["text"])}
        lines.append("<STMTTRN>" + "".join(f"<{tag}>{text}\n" for tag, text in fields.items()) + "</STMTTRN>")
    lines += [f"</BANKTRANLIST><LEDGERBAL><BALAMT>{statement['closing_amount']}<DTASOF>{day}</LEDGERBAL>"]
    return "\r\n".join([*lines, "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"])


def _listing(statement: Body, entries: list[Body]) -> str:
    day = f"{date.fromisoformat(statement['day']):%d.%m.%Y}"

    def line(one: Body) -> list[str]:
        amounts = [one[name].replace(".", ",") for name in ("amount", "balance")]
        money = [amounts[0], statement["currency"], amounts[1]]
        return [statement["account"], day, day, *money, one["reference"], one["party"], "", one["text"]]

    return drops.table(COLUMNS, map(line, entries)).decode()


_WRITERS: dict[str, Callable[[Body, list[Body]], str]] = {
    "camt": _camt, "mt940": _mt940, "ofx": _ofx, "listing": _listing}  # fmt: skip
