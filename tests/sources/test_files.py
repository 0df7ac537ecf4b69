"""Files as partners send them: each row lands once, what cannot be read is named by file and line."""

from __future__ import annotations

import os
import random
import socket
import threading
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
import uvicorn

from pipelines import lineage
from pipelines.erasure import erase
from pipelines.onboarding import check
from pipelines.sent_files import rejects
from sources.errors import BadCredentials, SweepRefused, Unreachable
from sources.estate.sftp import Sftp
from tests.sources.object_store import app
from tests.sources.partner import COLUMNS, HEADER, Partner, mill

__all__ = ["mill"]


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


def test_a_formula_that_failed_is_no_value_and_no_key(tmp_path):
    mill = Partner(tmp_path, full=["*"], stream={"delete_mode": "full_files"})
    mill.send("a.csv", HEADER + "1,Flour,1,\n2,#REF!,2,\n3,Oats,3,\n")
    report = mill.extract()
    assert mill.alive() == {"1": "Flour", "2": None, "3": "Oats"}
    assert "a.csv: name holds #REF!, a formula that failed: taken for empty" in report.warnings
    mill.send("b.csv", HEADER + "1,Flour,1,\n2,Bran,2,\n#N/A,Oats,3,\n#N/A,Rye,4,\n")
    report = mill.extract()
    assert (report.rejected, report.deleted) == (2, 0), "whose lines these are cannot be known"
    assert mill.alive() == {"1": "Flour", "2": "Bran", "3": "Oats"}


def test_letters_that_were_lost_before_a_file_came_are_told(mill):
    mill.send("a.csv", HEADER + "1,M\ufffdsli,1,\n2,M\u00c3\u00bcsli,2,\n3,M\u00fcsli,3,\n4,\u010caj,4,\n")
    report = mill.extract()
    assert report.rows == 4
    assert sorted(report.warnings) == [
        "a.csv: name holds U+FFFD: some of its letters were lost before the file was written",
        "a.csv: name was UTF-8 and was taken for cp1252 before the file was written",
    ]


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


def test_of_an_empty_folder_nothing_is_proven_yet(mill):
    assert mill.extract().proven == "nothing yet"
    mill.send("a.csv", HEADER + "1,Flour,1,\n")
    assert mill.extract().proven.startswith("2026-03-29 ")


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
