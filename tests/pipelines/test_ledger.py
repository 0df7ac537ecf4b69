"""The ledger opens for everybody at once: created or brought up to date by one, used by all."""

import multiprocessing
import sqlite3
import threading

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from pipelines import ledger
from pipelines.cli import main

AT_ONCE = 6


def open_at_once(url: str) -> list[int]:
    """Exit codes of processes that open the same ledger at the same instant and look into it."""
    forked = multiprocessing.get_context("fork")
    together = forked.Barrier(AT_ONCE)

    def opening() -> None:
        together.wait(60)
        engine = ledger.open_ledger.__wrapped__(url)
        with engine.connect() as connection:
            for table in ledger.metadata.sorted_tables:
                connection.execute(sa.select(table)).all()

    processes = [forked.Process(target=opening) for _ in range(AT_ONCE)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    return [process.exitcode for process in processes]


def make_old(url: str) -> None:
    """A ledger as an earlier version left it: with a row, without a table, a column and an index."""
    engine = ledger.open_ledger.__wrapped__(url)
    with engine.begin() as connection:
        seen = {"domain": "customers", "event": "minted", "golden_id": "C-1", "reason": "build", "run_id": "a run"}
        connection.execute(ledger.id_events.insert().values(seen))
        connection.exec_driver_sql("DROP TABLE id_causes")
        connection.exec_driver_sql("DROP INDEX id_members_moved")
        connection.exec_driver_sql("ALTER TABLE id_events DROP COLUMN other_id")
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_that_create_the_ledger_at_the_same_instant_do_not_clash(empty_database, kind):
    assert open_at_once(empty_database(kind)) == [0] * AT_ONCE


def test_a_ledger_that_another_process_is_about_to_write_to_for_the_first_time_is_waited_for(empty_database):
    url = empty_database("sqlite")
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.5, other.execute, ["COMMIT"])
    ending.start()
    with ledger.open_ledger.__wrapped__(url).connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    ending.join()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_that_bring_an_older_ledger_up_to_date_do_not_clash_and_lose_nothing(empty_database, kind):
    url = empty_database(kind)
    make_old(url)
    assert open_at_once(url) == [0] * AT_ONCE
    with ledger.open_ledger.__wrapped__(url).connect() as connection:
        assert connection.execute(sa.select(ledger.id_events.c.golden_id, ledger.id_events.c.other_id)).all() == [
            ("C-1", None)
        ]
        assert [index["name"] for index in sa.inspect(connection).get_indexes("id_members")] == ["id_members_moved"]


def test_a_file_that_is_no_ledger_is_said_to_be_none_in_one_line_and_left_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    file, other = tmp_path / "ledger.db", b"something else " * 500
    file.write_bytes(other)
    said = CliRunner().invoke(main, ["plan", "--list"], catch_exceptions=False)
    assert said.exit_code == 1
    assert said.output.startswith("assay: the ledger is damaged or is none (file is not a database)")
    assert len(said.output.splitlines()) == 1
    assert file.read_bytes() == other
