"""What stands in a file: texts, amounts, days and workbooks, well made or not; what is refused, and by which words."""

from __future__ import annotations

import gzip
import io
import os
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest
from openpyxl import Workbook

from pipelines.sent_files import rejects
from sources import tabular
from sources.errors import Drift
from tests.sources.partner import COLUMNS, HEADER, NOW, Partner, mill

__all__ = ["mill"]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-8"), ("cp1250", "cp1250"), ("utf-8", "cp1250")],
)
def test_a_text_is_read_in_the_encoding_that_it_has(tmp_path, encoding, declared):
    mill = Partner(tmp_path, encoding=declared, delimiter=";", decimal=",", thousands="\u00a0.", dates=["%d.%m.%Y"])
    mill.send("a.csv", "code;Název;amount;seen_on\r\n1;Mouka žitná;1.234,50;1.3.2026\r\n", encoding=encoding)
    mill.extract()
    (row,) = mill.landed()
    assert (row["name"], row["amount"], row["seen_on"]) == ("Mouka žitná", Decimal("1234.50"), date(2026, 3, 1))


def test_a_text_in_no_declared_encoding_is_refused_by_name(mill):
    mill.send("a.csv", "code,Název\n1,žito\n", encoding="cp1250")
    with pytest.raises(Drift, match=r"mill/goods: a\.csv is not utf-8, at byte 6"):
        mill.extract()


@pytest.mark.parametrize("names", ["Jiří Dvořák\nTomáš Horáček\nJan Kovář\n", "Małgorzata Dąbrowska\nPaweł Kużniar\n"])
def test_letters_of_cp1250_are_not_taken_for_those_of_cp1252(tmp_path, names):
    file = tmp_path / "names.csv"
    file.write_bytes(names.encode("cp1250"))
    assert tabular.encoding_of(file, "cp1250") == "cp1250"
    with pytest.raises(tabular.BadFile, match="is not cp1252: letters stand side by side in it as those of cp1250"):
        tabular.encoding_of(file, "cp1252")


@pytest.mark.parametrize(
    "western",
    [
        "Bjørn Sjøgård\nJosé Muñoz\nFrançois Lefèvre\nPiù caffè lunedì\nJürgen Weiß\nJoão Simões\nÞórdís Ævarsdóttir\n",
        "¿Qué? 10 m³ água\nvolume 3 m³/h ½\n¾ de litre à l'œuvre\n" * 9,
        "one Dvoøák that came so\n" + "Jürgen Weiß\n" * 9,
    ],
)
def test_western_letters_stay_what_they_are(tmp_path, western):
    file = tmp_path / "names.csv"
    file.write_bytes(western.encode("cp1252"))
    assert tabular.encoding_of(file, "cp1252") == "cp1252"


def test_amounts_that_could_mean_two_things_are_refused_and_not_guessed(tmp_path):
    mill = Partner(tmp_path, delimiter=";", decimal=",", thousands=".")
    lines = ["1;A;12.50;", "2;B;1.250;", "3;C;1.250,5;", "4;D;12,345;", "5;E;1,2,3;", "6;F;abc;", "7;G;-0,05;"]
    good = [f"{n};good;1;" for n in range(10, 40)]
    mill.send("a.csv", "\n".join(["code;Název;amount;seen_on", *lines, *good]))
    report = mill.extract()
    amounts = {row["code"]: row["amount"] for row in mill.landed()}
    assert (amounts["2"], amounts["3"], amounts["7"]) == (Decimal(1250), Decimal("1250.50"), Decimal("-0.05"))
    assert report.rejected == 4
    told = [(one.file, one.line, one.reason) for one in rejects(mill.settings.landing, "mill", "goods")]
    assert told == [
        ("a.csv", 2, "amount is no number as promised"),
        ("a.csv", 5, "amount has more than 2 decimal places"),
        ("a.csv", 6, "amount is no number as promised"),
        ("a.csv", 7, "amount is no number as promised"),
    ]
    assert "a.csv, line 2: amount is no number as promised; not landed" in report.warnings
    assert not [text for text in report.warnings if "12.50" in text]


def test_each_line_that_is_no_record_has_its_reason_and_the_others_land(mill):
    good = "".join(f"{n},good,1,\n" for n in range(100, 140))
    mill.send("a.csv", HEADER + ",no key,1,\n2,short\n3,long,1,,,x\n4,a,1,31.02.2026\n5,a,1,\n5,b,1,\n5,a,1,\n" + good)
    report = mill.extract()
    assert (report.rows, report.rejected) == (41, 5)
    assert [(one.line, one.reason) for one in rejects(mill.settings.landing, "mill", "goods")] == [
        (2, "code is empty"),
        (3, "has 2 fields where the header has 4"),
        (4, "has 6 fields where the header has 4"),
        (5, "seen_on is no day or time as promised"),
        (7, "repeats the key of line 6 with other content"),
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("code,amount,seen_on\n1,1,\n", "has lost the column name"),
        (HEADER + 'code,"Fl\n', "its quoting is broken"),
        (HEADER + "1,a,x,\n2,b,y,\n", "has 2 bad lines of 2, the first is line 2: amount is no number as promised"),
        ("", "is empty: it has not even a header"),
        (HEADER.encode("utf-16-le"), "is no text: it holds zero bytes"),
        (gzip.compress(HEADER.encode()), "is no text: it is a gzip archive"),
        (b"PK\x03\x04\x00\x00binary", "is no text: it is a workbook or zip archive"),
        ("code,Název,amount,seen_on,code\n", "has the column code twice"),
        (HEADER + "1," + "x," * (3 << 20), "has a line longer than 4 MB, before byte 5,242,880"),
        (HEADER.strip() + ",x" * 20_000 + "\n", "has a header of 20,004 columns"),
    ],
)
def test_a_file_that_is_not_what_was_promised_is_refused_whole_and_kept_aside_until_it_is_mended(mill, content, says):
    mill.send("a.csv", content)
    with pytest.raises(Drift, match=says) as raised:
        mill.extract()
    assert "a.csv" in str(raised.value)
    assert "have the file sent again under the same name" in str(raised.value)
    assert list((mill.settings.landing / "_quarantine" / "mill" / "goods").glob("*-raw.parquet"))
    assert mill.landed() == []
    mill.send("a.csv", HEADER + "1,Flour,1,\n")
    mill.extract()
    assert mill.alive() == {"1": "Flour"}


def test_a_column_that_nobody_promised_is_kept_and_told(mill):
    mill.send("a.csv", "code,Název,amount,seen_on,Colour\n1,Flour,1,,white\n")
    mill.send("b.csv", HEADER + "2,Bran,2,\n")
    mill.send("c.csv", "code,Název,amount,seen_on,,x,x,\n3,Oats,2,,a,b,c,\n")
    report = mill.extract()
    assert {row["_source_key"]: row["_more"] for row in mill.landed()} == {
        "1": '{"Colour":"white"}', "2": None, "3": '{"column 5":"a","x":"b","x, column 7":"c"}',
    }  # fmt: skip
    assert [text for text in report.warnings if text.startswith("new column Colour: kept")]


def test_numbers_and_days_without_end_are_bad_lines_like_any_other(tmp_path):
    mill = Partner(tmp_path, excel_dates=True, columns={**COLUMNS, "pieces": "integer"})
    nines = "9" * 5_000
    lines = [f"1,a,{nines},,1", f"2,b,1,{nines},1", f"3,c,1,,{nines}", "4,d,1,2026-03-01,1"]
    mill.send("a.csv", "\n".join([HEADER.strip() + ",pieces", *lines, ""]))
    assert (mill.extract().rows, mill.alive()) == (1, {"4": "d"})
    assert [one.reason for one in rejects(mill.settings.landing, "mill", "goods")] == [
        "amount has more than 18 digits", "seen_on is no day: it is a mere number", "pieces is no whole number",
    ]  # fmt: skip


def _book(change: Callable[[bytes], bytes] = bytes) -> bytes:
    """A workbook of one row, with its sheet's XML changed."""
    book, written, changed = Workbook(), io.BytesIO(), io.BytesIO()
    book.active.append(["code", "Název", "amount", "seen_on"])
    book.active.append(["1", "Flour", 1, None])
    book.save(written)
    with zipfile.ZipFile(written) as parts, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as other:
        for name in parts.namelist():
            other.writestr(name, change(parts.read(name)) if name.endswith("sheet1.xml") else parts.read(name))
    return changed.getvalue()


def _last(row: bytes) -> Callable[[bytes], bytes]:
    return lambda sheet: sheet.replace(b"</sheetData>", row + b"</sheetData>")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (HEADER.encode(), "is no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99, "of the old kind, .xls, or has a password"),
        (_book()[:1500], "is no workbook"),
        (_book(lambda sheet: sheet[:200]), r"is no workbook that can be read \(ParseError\)"),
        (_book(_last(b'<row r="3"><c r="A3" t="s"><v>99</v></c></row>')), r"can be read \(IndexError\)"),
        (_book(_last(b" " * (5 << 20))), "would inflate to 5 MB"),
    ],
)
def test_what_is_called_a_workbook_and_is_none_is_refused_by_name(tmp_path, monkeypatch, content, says):
    monkeypatch.setattr(tabular, "_INFLATED", 4)
    mill = Partner(tmp_path, match=["*.xlsx"], format="xlsx")
    mill.send("a.xlsx", content)
    with pytest.raises(Drift, match=f"mill/goods: a.xlsx .*{says}"):
        mill.extract()
    assert mill.landed() == []


def test_a_workbook_that_calls_itself_endless_is_read_to_its_last_row(tmp_path):
    def endless(sheet: bytes) -> bytes:
        said = re.sub(b'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', sheet)
        return _last(b'<row r="9"><c r="A9"><v>2</v></c></row>')(said)

    mill = Partner(tmp_path, match=["*.xlsx"], format="xlsx")
    mill.send("a.xlsx", _book(endless))
    assert mill.extract().rows == 2
    rows = tabular.read_xlsx(mill.folder / "a.xlsx", mill.contract.streams["goods"])
    assert [(row.line, len(row.cells)) for row in rows] == [(2, 3), (9, 1)]


def test_a_workbook_keeps_its_days_amounts_and_the_zeros_that_a_spreadsheet_drops(tmp_path):
    columns = {**COLUMNS, "phone": {"zeros": "trunk"}, "zip": {"zeros": 5}}
    mill = Partner(tmp_path, match=["*.xlsx"], format="xlsx", sheet="Goods", columns=columns)
    book = Workbook()
    sheet = book.active
    sheet.title = "Goods"
    sheet.append(["code", "Název", "amount", "seen_on", "phone", "zip"])
    sheet.append([1, "Flour", 12.1, datetime(2026, 3, 1), 377123456, 1067])
    sheet.append([2, "Bran", 0.1 + 0.2, 46082, "0377 123 456", "01067"])
    book.save(mill.folder / "a.xlsx")
    os.utime(mill.folder / "a.xlsx", (NOW.timestamp() - 3600,) * 2)
    mill.extract()
    told = [(row["code"], row["amount"], row["seen_on"], row["phone"], row["zip"]) for row in mill.landed()]
    day = date(2026, 3, 1)
    assert told == [
        ("1", Decimal("12.10"), day, "0377123456", "01067"),
        ("2", Decimal("0.30"), day, "0377 123 456", "01067"),
    ]


def test_days_that_a_spreadsheet_counted_are_days_only_where_the_contract_says_so(tmp_path):
    mill = Partner(tmp_path / "a", excel_dates=True)
    mill.send("a.csv", HEADER + "1,Flour,1,46082\n")
    mill.extract()
    assert mill.landed()[0]["seen_on"] == date(2026, 3, 1)
    other = Partner(tmp_path / "b")
    other.send("a.csv", HEADER + "1,Flour,1,46082\n2,Bran,1,\n")
    assert other.extract().rejected == 1
