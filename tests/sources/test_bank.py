"""Bank statements against what others made of the same files, and every statement proven or refused by name."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from pipelines.extract import extract_stream
from pipelines.resources import Settings
from sources.bank import camt, mt940, ofx
from sources.contract import load_contracts
from sources.errors import Drift
from sources.tabular import BadFile

VENDOR = next(
    (
        path / "shared/data/vendor"
        for path in Path(__file__).resolve().parents
        if (path / "shared/data/vendor").exists()
    ),
    None,
)
needs_samples = pytest.mark.skipif(VENDOR is None, reason="the public bank samples are not on this machine")
CAMT = sorted((VENDOR / "camt_genkgo/test/data").glob("*.json")) if VENDOR else []
STA = sorted((VENDOR / "mt940_wolph").rglob("*.sta")) if VENDOR else []
OFX = sorted((VENDOR / "ofx_jseutter").rglob("*.ofx")) if VENDOR else []
KINDS = {
    "OPBD": "opening", "PRCD": "opening", "OPAV": "opening_available", "CLBD": "closing", "CLAV": "closing_available",
    "FWAV": "forward_available", "INFO": "information", "ITAV": "interim_available", "ITBD": "interim",
    "XPCD": "expected_credit",
}  # fmt: skip


def minor(one):
    """An amount in the smallest unit, as the oracle has it: yen have no other, five decimals are rounded."""
    unit = 1 if one.currency == "JPY" else 100
    return int((one.amount * unit).quantize(Decimal(1), ROUND_HALF_UP))


def told(node, *classes):
    """Every object of the classes that an oracle tells of, in its order."""
    if isinstance(node, dict):
        if str(node.get("__CLASS__", "")).rsplit("\\", 1)[-1] in classes:
            yield node
        for inner in node.values():
            yield from told(inner, *classes)
    elif isinstance(node, list):
        for inner in node:
            yield from told(inner, *classes)


def money(node):
    return int(node["getAmount"]["getAmount"]), node["getAmount"]["getCurrency"]["getCode"]


def day(node):
    return node["0"][:10] if node else "None"


@needs_samples
@pytest.mark.parametrize("oracle", CAMT, ids=lambda path: path.stem)
def test_camt_of_every_version_is_read_as_another_reader_reads_it(oracle):
    expected = json.loads(oracle.read_text())
    statements = camt.parse(oracle.with_suffix(".xml"), messages=("052", "053", "054"))
    assert len(statements) == len(expected["getRecords"])
    known = {one.id: one for one in statements}
    heads = list(told(expected, "Statement", "Report", "Notification"))
    assert {head["getId"] for head in heads} <= known.keys()
    for head in heads:
        statement = known[head["getId"]]
        assert statement.account == head["getAccount"]["getIdentification"]
        theirs = [(one["getType"], *money(one), day(one["getDate"])) for one in head.get("getBalances", [])]
        mine = [balance for balance in statement.balances if balance.kind in KINDS]
        assert theirs == [(KINDS[one.kind], minor(one), one.currency, str(one.on)) for one in mine]
    mine = [booked(entry) for one in statements for entry in one.entries]
    theirs = [
        (*money(one), one["getCreditDebitIndicator"], day(one["getBookingDate"]), day(one["getValueDate"]),
         bool(one["getReversalIndicator"]), one["getStatus"])
        for one in told(expected, "Entry")
    ]  # fmt: skip
    assert theirs == mine if len(statements) == 1 else set(theirs) <= set(mine)


def booked(entry):
    side = "CRDT" if entry.amount >= 0 else "DBIT"
    days = (str(entry.booked_on), str(entry.valued_on))
    return (minor(entry), entry.currency, side, *days, entry.is_reversal, entry.status)


def at(node, *steps):
    """The node of a YAML tree at a path of names; its classes are another reader's, and some point back at it."""
    for step in steps:
        node = next((value for key, value in node.value if key.value == step), None) if node else None
    return node


def amounts_of(oracle):
    """Of every entry: amount, currency and mark of debit or credit."""
    lines = [at(line, "data") for line in at(yaml.compose(oracle.read_text()), "transactions").value]
    booked = [line for line in lines if at(line, "amount", "amount")]
    return [
        (
            Decimal(at(line, "amount", "amount").value[0].value),
            at(line, "amount", "currency").value,
            at(line, "status").value,
        )
        for line in booked
    ]


@needs_samples
@pytest.mark.parametrize("sample", STA, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_mt940_of_twenty_banks_is_read_as_its_oracle_says_or_refused_by_name(sample):
    expected = amounts_of(sample.with_suffix(".yml"))
    if said := REFUSED.get(sample.stem):
        with pytest.raises(BadFile, match=said):
            mt940.parse(sample)
        return
    statements = mt940.parse(sample, "cp852")
    mine = [(entry.amount, entry.currency) for one in statements for entry in one.entries]
    # The oracle has a reversed credit as money that came.
    assert mine == [(-amount if status == "RC" else amount, currency) for amount, currency, status in expected]


# Fragments, written to try one field of another reader's.
REFUSED = {
    **dict.fromkeys(("empty_line", "reference"), "statement 1: names no account"),
    **dict.fromkeys(
        (
            "amount_formats", "currency_in_25", "empty_86", "empty_entry_date", "missing_crlf_at_end",
            "account_balance_credit", "account_balance_debit", "account_identification_iban",
            "account_identification_legacy", "available_balance", "closing_balance", "statement_details",
            "statement_line", "statement_number", "empty_non_swift", "invalid_statement", "sparkassen",
        ),
        "holds no statement: no :20: begins one",
    ),
}  # fmt: skip


@needs_samples
def test_mt940_that_cannot_be_read_is_refused_and_nothing_of_it_stands_in_a_log(caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(BadFile, match=r"is no MT940: a field cannot be read"):
        mt940.parse(VENDOR / "mt940_wolph/mt940_tests/ASNB/mt940.txt")
    assert "NOVBNL47" not in caplog.text


PROVEN = {"anzcc": 1, "bank_medium": 3, "checking": 3, "multiple_accounts": 0, "multiple_accounts2": 0, "suncorp": 1}
BROKEN = {
    "date_missing": "statement 1, entry 1: DTPOSTED is no day",
    "decimal_error": "statement 1, entry 1: TRNAMT is no amount",
    "empty_balance": "statement 1: BALAMT is no amount",
    "error_message": "carries the bank's refusal 2000 in place of a statement",
    "signon_fail": "carries the bank's refusal 15500 in place of a statement",
    "ofx-v102-empty-tags": "statement 1: names no currency",
}


@needs_samples
@pytest.mark.parametrize("sample", OFX, ids=lambda path: path.stem)
def test_ofx_of_either_form_is_read_or_refused_by_name(sample):
    if sample.stem in PROVEN:
        statements = ofx.parse(sample)
        assert sum(len(one.entries) for one in statements) == PROVEN[sample.stem]
        for place, one in enumerate(statements, 1):
            one.prove(place)
    else:
        with pytest.raises(BadFile, match=BROKEN.get(sample.stem, "holds no bank or card statement")):
            ofx.parse(sample)


@needs_samples
def test_each_sample_is_proven_or_refused_for_what_its_own_balances_say():
    """Samples were cut and made anonymous: most no longer add up. Which do is known; none passes by chance."""
    said = {}
    for sample in [*(path.with_suffix(".xml") for path in CAMT), *STA]:
        try:
            for place, one in enumerate((camt if sample.suffix == ".xml" else mt940).parse(sample), 1):
                one.prove(place)
        except BadFile as bad:
            said[sample.stem] = str(bad)
    proven = {path.stem for path in [*CAMT, *STA]} - said.keys()
    assert {"camt053.v2.multi.statement", "rabobank-iban", "sns", "with_binary_character"} <= proven
    assert said["camt053.v2.five.decimals"] == "statement 1: opening + entries differ from closing by 0.05"
    assert said["camt053.v8"] == "statement 1: balances and entries are in EUR, SEK"
    assert said["camt052.v8"].startswith("is no camt.053")
    assert said["ing"] == "statement 1: opening + entries differ from closing by 49.06"


def camt_of(tmp_path, entries="", closing="27.00", head="", namespace="camt.053.001.08"):
    def balance(kind, amount):
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt>"
            "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-01</Dt></Dt></Bal>"
        )

    path = tmp_path / "statement.xml"
    path.write_text(
        f"{head}<Document xmlns='urn:iso:std:iso:20022:tech:xsd:{namespace}'><BkToCstmrStmt><Stmt><Id>1</Id>"
        f"<Acct><Id><IBAN>NL26VAYB8060476890</IBAN></Id></Acct>{balance('OPBD', '18.15')}{balance('CLBD', closing)}"
        f"{entries}</Stmt></BkToCstmrStmt></Document>"
    )
    return path


ENTRY = "<Ntry><Amt Ccy='EUR'>{}</Amt><CdtDbtInd>{}</CdtDbtInd><Sts><Cd>{}</Cd></Sts></Ntry>"


def test_only_what_is_booked_counts_and_a_debit_is_money_that_left(tmp_path):
    lines = ENTRY.format("10.00", "CRDT", "BOOK") + ENTRY.format("1.15", "DBIT", "BOOK")
    (statement,) = camt.parse(camt_of(tmp_path, lines + ENTRY.format("99", "CRDT", "PDNG")))
    statement.prove(1)
    assert [entry.amount for entry in statement.entries] == [Decimal("10.00"), Decimal("-1.15"), Decimal(99)]


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"namespace": "camt.054.001.08"}, r"is no camt\.053"),
        ({"namespace": "pain.001.001.03"}, r"is no camt\.053"),
        ({"entries": ENTRY.format("10.00", "", "BOOK")}, "statement 1, entry 1: says neither CRDT nor DBIT"),
        ({"entries": ENTRY.format("ten", "CRDT", "BOOK")}, "statement 1, entry 1: has no amount with a currency"),
        ({"entries": "<Ntry>"}, "is no XML, at line 1"),
        ({"head": "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>"}, "has a document type"),
        ({"head": "<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>", "closing": "&f;"}, "has a document type"),
    ],
)
def test_a_statement_that_is_not_camt_is_refused_by_what_is_wrong_with_it(tmp_path, broken, says):
    with pytest.raises(BadFile, match=says):
        camt.parse(camt_of(tmp_path, **broken))


def test_a_statement_that_does_not_add_up_is_refused(tmp_path):
    (statement,) = camt.parse(camt_of(tmp_path, ENTRY.format("8.84", "CRDT", "BOOK")))
    with pytest.raises(BadFile, match=r"statement 1: opening \+ entries differ from closing by 0\.01"):
        statement.prove(1)


class Account:
    """A folder of statements, and what has landed of them."""

    def __init__(self, home):
        self.folder, self.now = home / "in", datetime(2026, 3, 29, 15, tzinfo=UTC)
        self.folder.mkdir()
        self.settings = Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")

    def send(self, name, text):
        (self.folder / name).write_text(text)
        at = (self.now - timedelta(hours=1)).timestamp()
        os.utime(self.folder / name, (at, at))

    def extract(self, stream="entries"):
        self.now += timedelta(hours=2)
        place = f"file://{self.folder}"
        return extract_stream(load_contracts()["bank"], stream, self.settings, self.now, lambda _: place)

    def landed(self, stream="entries"):
        folder = self.settings.landing / "bank" / stream
        return pq.ParquetDataset(folder, partitioning=None, ignore_prefixes=["_", "."]).read().to_pylist()


@pytest.fixture
def account(tmp_path):
    return Account(tmp_path)


def two_days(message="1", second_amount="1.15"):
    def amounts(kind, amount):
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt>"
            "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-01</Dt></Dt></Bal>"
        )

    def statement(number, opening, closing, entry):
        days = "<BookgDt><Dt>2026-03-01</Dt></BookgDt></Ntry>"
        head = f"<Id>S{number}</Id><Acct><Id><IBAN>NL26VAYB8060476890</IBAN></Id></Acct>"
        return (
            f"<Stmt>{head}{amounts('OPBD', opening)}{amounts('CLBD', closing)}{entry.replace('</Ntry>', days)}</Stmt>"
        )

    first = statement(1, "10.00", "20.00", ENTRY.format("10.00", "CRDT", "BOOK"))
    second = statement(2, "20.00", "18.85", ENTRY.format(second_amount, "DBIT", "BOOK"))
    head = f"<GrpHdr><MsgId>{message}</MsgId></GrpHdr>"
    space = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
    return f"<Document xmlns='{space}'><BkToCstmrStmt>{head}{first}{second}</BkToCstmrStmt></Document>"


def test_several_statements_of_a_file_land_and_a_statement_that_comes_twice_lands_once(account):
    account.send("a_20260301.xml", two_days())
    assert account.extract().rows == 2
    assert account.extract("statements").rows == 2
    account.send("b_20260302.xml", two_days(message="2"))
    assert account.extract().rows == account.extract("statements").rows == 0
    assert sorted(row["amount"] for row in account.landed()) == [Decimal("-1.15"), Decimal("10.00")]


def test_a_file_of_which_one_statement_does_not_add_up_lands_not_at_all_until_it_is_sent_right(account):
    account.send("a_20260301.xml", two_days(second_amount="1.16"))
    with pytest.raises(
        Drift, match=r"bank/entries: a_20260301\.xml statement 2: opening \+ entries differ from closing"
    ):
        account.extract()
    assert account.landed() == []
    account.send("a_20260301.xml", two_days())
    assert account.extract().rows == 2
