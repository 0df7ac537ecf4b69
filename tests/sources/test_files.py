"""Files as partners send them: each row lands once, what cannot be read is named by file and line."""

from __future__ import annotations

import os
import random
import socket
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
import uvicorn
from openpyxl import Workbook

from pipelines import lineage
from pipelines.erasure import erase
from pipelines.extract import extract_stream
from pipelines.onboarding import check
from pipelines.resources import Settings
from pipelines.sent_files import rejects
from sources.contract import Contract
from sources.errors import BadCredentials, Drift, SweepRefused, Unreachable
from sources.estate.sftp import Sftp
from tests.sources.object_store import app

NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)
COLUMNS = {
    "code": "required",
    "name": {"header": "Název"},
    "amount": {"type": "decimal", "scale": 2},
    "seen_on": "date",
}


class Partner:
    """Somebody who leaves files in a folder, and what has landed of them."""

    def __init__(self, home: Path, location: str | None = None, **facts: object) -> None:
        self.folder, self.location, self.now = home / "in", location or f"file://{home / 'in'}", NOW
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings = Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")
        self.secrets: dict[str, str] = {}
        self.columns = facts.pop("columns", COLUMNS)
        self.stream = facts.pop("stream", {})
        self.facts = {"match": ["*.csv"], **facts}

    def send(
        self, name: str, content: str | bytes, age: timedelta = timedelta(hours=1), encoding: str = "utf-8"
    ) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        at = (self.now - age).timestamp()
        os.utime(path, (at, at))

    def extract(self, **more):
        self.now += timedelta(hours=2)
        stream = {"description": "Goods.", "domain": "products", "primary_key": "code", "columns": self.columns}
        system = {"system": "mill", "kind": "files", "description": "A mill.", "owner": "us", "endpoint": "env:MILL"}
        secrets = {name: f"env:{name}" for name in self.secrets}
        streams = {"goods": {**stream, "files": self.facts, **self.stream}}
        self.contract = Contract.model_validate({**system, "secrets": secrets, "streams": streams})
        return extract_stream(
            self.contract, "goods", self.settings, self.now, self.resolve, connector=SimpleNamespace(), **more
        )

    def resolve(self, reference):
        return {**self.secrets, "MILL": self.location}[reference.removeprefix("env:")]

    def landed(self):
        folder = self.settings.landing / "mill" / "goods"
        rows = pq.ParquetDataset(folder, partitioning=None, ignore_prefixes=["_", "."]).read().to_pylist()
        return sorted(rows, key=lambda row: (row["_load_id"], row["_extracted_at"]))

    def alive(self):
        """Code to name of what is alive, by the rule of staging: the newest event, then the newest load."""
        latest = sorted(self.landed(), key=lambda row: (min(row["_event_at"], row["_extracted_at"]), row["_load_id"]))
        last = {row["_source_key"]: row for row in latest}
        return {key: row["name"] for key, row in last.items() if not row["_deleted"]}


@pytest.fixture
def mill(tmp_path):
    return Partner(tmp_path)


HEADER = "code,Název,amount,seen_on\n"


def test_a_file_is_read_once_and_each_row_says_where_it_stood(mill):
    mill.send("a.csv", HEADER + "1,Flour,12.50,2026-03-01\n2,Bran,3,2026-03-02\n")
    assert mill.extract().rows == 2
    assert mill.extract().rows == 0
    first = mill.landed()[0]
    assert (first["_file"], first["_line"], first["amount"], first["seen_on"]) == (
        "a.csv", 2, Decimal("12.50"), date(2026, 3, 1),
    )  # fmt: skip
    assert first["_event_text"] == "2026-03-29T14:00:00Z"


def test_the_same_content_sent_again_lands_nothing_not_even_over_what_came_after_it(mill):
    old = HEADER + "1,Flour,12.50,\n"
    mill.send("a.csv", old)
    mill.extract()
    mill.send("b.csv", HEADER + "1,Fine flour,12.50,\n")
    mill.extract()
    mill.send("a.csv", old)
    mill.send("a (copy).csv", old)
    report = mill.extract()
    assert report.rows == 0
    assert mill.alive() == {"1": "Fine flour"}
    assert "a (copy).csv holds what another file brought before: not read again" in report.warnings


def test_the_same_name_with_new_content_supersedes_the_rows_of_its_earlier_version(mill):
    mill.stream = {"sweep_limit_percent": 50}
    mill.send("a.csv", HEADER + "1,Flour,1,\n2,Bran,2,\n3,Oats,3,\n")
    mill.extract()
    mill.send("a.csv", HEADER + "1,Flour,1,\n2,Wheat bran,2,\n")
    report = mill.extract()
    assert (report.rows, report.deleted) == (2, 1)
    assert mill.alive() == {"1": "Flour", "2": "Wheat bran"}


def test_a_corrected_file_takes_away_nothing_that_a_later_file_said(mill):
    mill.facts["stamp"], mill.stream = "%Y%m%d", {"sweep_limit_percent": 60}
    mill.send("20260301.csv", HEADER + "1,Flour,1,\n2,Bran,2,\n3,Oats,3,\n")
    mill.send("20260302.csv", HEADER + "2,Bran,2,\n1,Fine flour,1,\n")
    mill.extract()
    mill.send("20260301.csv", HEADER + "1,Coarse flour,1,\n", age=timedelta(minutes=5))
    report = mill.extract()
    assert report.deleted == 1
    assert mill.alive() == {"1": "Fine flour", "2": "Bran"}
    assert mill.extract().rows == 0
    mill.send("20260303.csv", HEADER + "1,Coarse flour,1,\n")
    mill.extract()
    assert mill.alive()["1"] == "Coarse flour"


def test_what_a_full_file_leaves_out_is_gone_and_what_a_delta_leaves_out_is_not(tmp_path):
    mill = Partner(tmp_path, full=["full_*"], stamp="%Y%m%d",
                   stream={"delete_mode": "full_files", "sweep_limit_percent": 50})  # fmt: skip
    mill.send("full_20260301.csv", HEADER + "1,Flour,1,\n2,Bran,2,\n3,Oats,3,\n")
    mill.send("delta_20260302.csv", HEADER + "4,Rye,4,\n")
    assert mill.extract().rows == 4
    mill.send("full_20260303.csv", HEADER + "1,Flour,1,\n2,Bran,2,\n4,Rye,4,\n")
    assert mill.extract().deleted == 1
    assert mill.alive() == {"1": "Flour", "2": "Bran", "4": "Rye"}
    mill.send("delta_20260302b.csv", HEADER + "3,Oats,3,\n")
    assert "delta_20260302b.csv is older than a full file: not read" in mill.extract().warnings


def test_a_full_file_of_a_header_alone_deletes_nothing_and_says_so(tmp_path):
    mill = Partner(tmp_path, full=["*"], stream={"delete_mode": "full_files"})
    mill.send("a.csv", HEADER + "1,Flour,1,\n")
    mill.extract()
    mill.send("b.csv", HEADER)
    with pytest.raises(SweepRefused, match="1 of 1 known records are gone"):
        mill.extract()
    assert mill.alive() == {"1": "Flour"}


def test_a_line_that_cannot_be_read_is_not_a_record_that_is_gone(tmp_path):
    mill = Partner(tmp_path, full=["*"], stream={"delete_mode": "full_files", "sweep_limit_percent": 60})
    mill.send("a.csv", HEADER + "1,Flour,1,\n2,Bran,2,\n3,Oats,3,\n")
    mill.extract()
    mill.send("b.csv", HEADER + "1,Flour,one,\n2,Bran,2,\n")
    assert mill.extract().deleted == 1
    assert mill.alive() == {"1": "Flour", "2": "Bran"}
    mill.send("c.csv", HEADER + ",Flour,1,\n2,Bran,2,\n")
    report = mill.extract()
    assert report.deleted == 0
    assert "c.csv has lines whose key cannot be read: nothing counts as deleted by it" in report.warnings


@pytest.mark.parametrize(
    ("facts", "partial", "whole"),
    [
        ({"settle": "10m"}, ("a.csv", timedelta(minutes=-115)), ("a.csv", timedelta(hours=1))),
        ({"done": "{name}.done"}, ("a.csv", timedelta(hours=1)), ("a.csv.done", timedelta(hours=1))),
        ({}, ("a.csv.part", timedelta(hours=1)), ("a.csv", timedelta(hours=1))),
    ],
    ids=["left alone for a while", "a marker beside it", "its final name"],
)
def test_a_file_is_read_when_it_is_whole_and_not_before(tmp_path, facts, partial, whole):
    mill = Partner(tmp_path, **facts)
    mill.send(partial[0], HEADER + "1,Fl", partial[1])
    report = mill.extract()
    assert report.received == 0
    mill.send("a.csv", HEADER + "1,Flour,1,\n", age=timedelta(hours=1))
    mill.send(*((whole[0], "") if whole[0] != "a.csv" else (whole[0], HEADER + "1,Flour,1,\n")), whole[1])
    assert mill.extract().rows == 1
    assert mill.alive() == {"1": "Flour"}


def test_a_file_that_grows_while_it_is_fetched_waits(mill, monkeypatch):
    from sources.stores import Shelf

    mill.send("a.csv", HEADER + "1,Flour,1,\n")
    fetch = Shelf.fetch

    def growing(self, entry, target):
        fetch(self, entry, target)
        target.write_bytes(target.read_bytes() + b"2,Br")

    monkeypatch.setattr(Shelf, "fetch", growing)
    report = mill.extract()
    assert (report.received, report.warnings) == (0, ("a.csv is being written: not read yet",))
    monkeypatch.undo()
    assert mill.extract().rows == 1


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
        (b"PK\x03\x04\x00\x00binary", "it holds zero bytes"),
        ("code,Název,amount,seen_on,code\n", "has the column code twice"),
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
    report = mill.extract()
    assert {row["_source_key"]: row["_more"] for row in mill.landed()} == {"1": '{"Colour":"white"}', "2": None}
    assert [text for text in report.warnings if text.startswith("new column Colour: kept")]


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


def test_the_newest_file_tells_up_to_when_the_source_is_known(mill):
    assert mill.extract().proven_until == datetime(1970, 1, 1)
    mill.send("a.csv", HEADER + "1,Flour,1,\n")
    assert mill.extract().proven_until == datetime(2026, 3, 29, 16)
    assert mill.extract().proven_until == datetime(2026, 3, 29, 16)


def test_a_card_number_in_a_bad_line_is_masked_in_the_table_of_rejects(mill):
    mill.send("a.csv", HEADER + "1,4111 1111 1111 1111,x,\n2,Bran,1,\n")
    mill.extract()
    (reject,) = rejects(mill.settings.landing, "mill", "goods")
    assert "4111 1111 1111 1111" not in reject.text


@pytest.fixture
def sftp(mill):
    server = Sftp(mill.folder.parent, "mill", "secret")
    server.start()
    mill.location = f"sftp://127.0.0.1:{server.port}/in"
    mill.secrets = {"user": "mill", "password": "secret", "host_key": server.host_key}
    yield server
    if server._thread.is_alive():
        server.stop()


@pytest.fixture
def bucket(mill):
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app(mill.folder.parent, "AKMILL"), log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    mill.location = f"s3://in?endpoint=127.0.0.1:{listener.getsockname()[1]}&scheme=http"
    mill.secrets = {"access_key": "AKMILL", "secret_key": "secret"}
    yield server
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("place", ["sftp", "bucket"])
def test_files_on_a_server_are_read_as_those_in_a_folder_are(mill, request, place):
    request.getfixturevalue(place)
    mill.facts["match"] = ["*.csv", "*/*.csv"]
    mill.send("a.csv", HEADER + "1,Flour,1,\n")
    mill.send("sub/b.csv", HEADER + "2,Bran,2,\n")
    assert mill.extract().rows == 2
    mill.send("sub/b.csv", HEADER + "2,Fine bran,2,\n", age=timedelta(minutes=30))
    assert mill.extract().rows == 1
    assert mill.extract().received == 0
    assert mill.alive() == {"1": "Flour", "2": "Fine bran"}


@pytest.mark.parametrize(
    ("place", "secret", "value"),
    [("sftp", "password", "wrong"), ("sftp", "host_key", None), ("bucket", "access_key", "AKWRONG")],
)
def test_a_wrong_credential_or_a_server_that_is_not_ours_is_one_clear_message(mill, request, place, secret, value):
    request.getfixturevalue(place)
    mill.secrets[secret] = value or Sftp(mill.folder, "", "").host_key
    with pytest.raises(BadCredentials, match="Remedy: "):
        mill.extract()


def test_a_server_that_is_down_is_unreachable_and_the_next_run_goes_on(mill, sftp):
    mill.send("a.csv", HEADER + "1,Flour,1,\n")
    sftp.stop()
    with pytest.raises(Unreachable):
        mill.extract()
    sftp.start()
    assert mill.extract().rows == 1


def test_erasing_a_person_takes_the_bad_lines_along_and_keeps_the_text_of_later_ones_out(tmp_path):
    mill = Partner(
        tmp_path, columns={**COLUMNS, "name": {"header": "Název", "class": "pii"}}, stream={"domain": "customers"}
    )
    mill.send("a.csv", HEADER + "1,Anna,1,\n2,Anna,x,\n")
    mill.extract()
    assert [one.text for one in rejects(mill.settings.landing, "mill", "goods")] == ["2;Anna;x;"]
    erase(mill.settings, {"mill": mill.contract}, ["mill:1"], "asked", "me", mill.now)
    assert rejects(mill.settings.landing, "mill", "goods") == []
    mill.send("b.csv", HEADER + "1,Anna,2,\n2,Anna,y,\n3,Bert,2,\n")
    assert mill.extract().rows == 1
    assert [one.text for one in rejects(mill.settings.landing, "mill", "goods")] == [None]


def test_a_check_of_the_live_system_says_how_its_files_look(mill):
    mill.send("a.csv", HEADER + "1,Flour,1,\n")
    mill.extract()
    said = {one.subject: one for one in check(mill.contract, mill.now, mill.resolve, SimpleNamespace())}
    assert said["goods paging"].said == "1 page(s) of 1"
    assert said["goods contract"].state == "ok"
    mill.location = "file:///nowhere/at/all"
    (gone, *_) = check(mill.contract, mill.now, mill.resolve, SimpleNamespace())
    assert gone.state == "bad"
    assert "the folder or file is not there" in gone.said


def test_a_server_that_says_nothing_is_given_up(mill, monkeypatch):
    from sources import sftp

    monkeypatch.setattr(sftp, "PATIENCE_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mill.location = f"sftp://127.0.0.1:{silent.getsockname()[1]}/in"
        mill.secrets = {"user": "mill", "password": "secret", "host_key": Sftp(mill.folder, "", "").host_key}
        with pytest.raises(Unreachable, match="no connection to the file server"):
            mill.extract()


def test_lineage_leads_a_record_to_its_file_and_line(mill, monkeypatch):
    mill.send("a.csv", HEADER + "1,Flour,1,\n2,Bran,2,\n")
    mill.extract()
    monkeypatch.setattr(lineage, "load_contracts", lambda: {"mill": mill.contract})
    assert "  file      a.csv, line 3" in list(lineage.source_record(mill.settings, "mill:2"))


def test_a_copy_that_a_killed_run_left_is_gone_after_the_next(mill):
    left = mill.settings.accounts / "mill-goods.files" / "copy"
    left.parent.mkdir(parents=True)
    left.write_text(HEADER + "1,Flour,1,\n")
    mill.send("a.csv", HEADER + "2,Bran,2,\n")
    assert mill.extract().rows == 1
    assert not left.parent.exists()


STEPS = int(os.environ.get("ASSAY_TEST_STEPS", "6"))


@pytest.mark.parametrize("seed", range(STEPS))
def test_whenever_and_in_whatever_order_files_come_what_is_alive_is_what_they_say_together(tmp_path, seed):
    chance = random.Random(seed)
    mill = Partner(tmp_path, full=["full_*"], stamp="%Y%m%d",
                   stream={"delete_mode": "full_files", "sweep_limit_percent": 100})  # fmt: skip
    files: dict[str, dict[str, str]] = {}
    for _ in range(10):
        name = f"{chance.choice(['full', 'day', 'day'])}_202603{chance.randint(1, 6):02}.csv"
        files[name] = {key: chance.choice("ab") for key in "12345" if chance.random() < 0.5}
        mill.send(name, HEADER + "".join(f"{key},{value},1,\n" for key, value in files[name].items()))
        if chance.random() < 0.6:
            mill.extract()
    mill.extract()
    told: dict[str, str] = {}
    for name in sorted(files, key=lambda name: (name[-12:], name)):
        told = files[name] if name.startswith("full") else {**told, **files[name]}
    assert mill.alive() == told
    assert mill.extract().rows == 0
