"""The command line: errors are one line, exit codes mean something, and every verb is told in the README's words."""

import json
import os
import re
import subprocess
import sys
from datetime import datetime, timedelta

import click
import duckdb
import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.stream_run import LoadReport
from sources.estate import endpoints


@pytest.fixture
def assay(tmp_path, monkeypatch):
    """Runs a command in an empty home and returns click's result."""
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    monkeypatch.delenv("ODOO_URL", raising=False)
    return lambda *words: CliRunner().invoke(main, list(words))


@pytest.fixture
def assay_at_demo(at_demo):
    """Runs a command in the state that the demo left."""
    return lambda *words: CliRunner().invoke(main, list(words))


def commands(group, path=()):
    for name, command in group.commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize(
    ("path", "command"), list(commands(main)), ids=lambda value: "-".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_says_what_it_does(path, command):
    assert command.help, path
    assert CliRunner().invoke(main, [*path, "--help"]).exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["plan"], "ODOO"),
        (["approve", "plan-x"], "knows no plan plan-x"),
        (["lineage", "run", "nothing"], "neither a load, nor a plan"),
        (["lineage", "record", "nowhere:1"], "not SYSTEM:KEY"),
        (["lineage", "odoo", "res.users/1.login"], "not MODEL/ID.FIELD"),
        (["golden", "show", "C-000000000000"], "no golden customer"),
        (["review", "--undo", "pos:1", "pos:2"], "nothing of that is decided or set"),
        (["review", "--unset", "customers", "pos:1", "email"], "nothing of that is decided or set"),
    ],
)
def test_what_cannot_be_done_is_one_line_with_exit_code_1(assay, words, told):
    done = assay(*words)
    assert done.exit_code == 1
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.output


def test_a_sample_of_less_than_one_pair_or_one_that_nobody_is_asked_about_is_wrong_usage(assay):
    assert assay("review", "--sample", "-5").exit_code == 2
    assert "--list shows the queue" in assay("review", "--sample", "5", "--list").stderr


def test_a_system_without_a_contract_is_wrong_usage(assay):
    done = assay("extract", "nowhere")
    assert done.exit_code == 2
    assert "no contract for nowhere" in done.stderr


def test_what_a_load_says_of_its_stream_is_told_under_the_table_in_short(assay, monkeypatch):
    said = tuple(f"new field f{n}: kept" for n in range(5))
    report = LoadReport("acme", "things", "load", 7, 1, 9, 0.1, datetime(2026, 3, 29), True, said, rejected=2)
    monkeypatch.setattr("pipelines.extract.extract_all", lambda *_, **__: [report])
    lines = [" ".join(line.split()) for line in assay("extract").stdout.splitlines()]
    assert lines == [
        "stream rows deleted rejected seconds proven until (UTC)",
        "acme/things 7 1 2 0.1 2026-03-29 00:00:00",
        *(f"acme/things: {one}" for one in said[:3]),
        "acme/things: and 2 more, which Dagster's check of the stream lists",
    ]


def test_streams_that_fail_are_one_line_each_and_exit_code_1(assay, monkeypatch):
    done = assay("extract", "stripe")
    assert done.exit_code == 1
    lines = done.stderr.strip().splitlines()
    assert lines
    assert all(line.startswith("assay: stripe/") and "STRIPE" in line for line in lines)


def test_an_empty_home_is_stale_with_exit_code_3(assay):
    assert assay("freshness").exit_code == 3


def test_an_untouched_audit_trail_is_proven(assay_at_demo):
    done = assay_at_demo("audit", "verify")
    assert done.exit_code == 0
    count, said, newest = re.fullmatch(
        r"(\d+) entries stand as they were written, (.*); the newest is (\S+)\n", done.stdout
    ).groups()
    assert int(count) > 3
    assert "--head proves it by an anchor" in said
    assert newest == assay_at_demo("audit", "head").stdout.strip()
    assert "and hold the anchor" in assay_at_demo("audit", "verify", "--head", newest).stdout


def test_freshness_is_also_told_to_machines(assay_at_demo):
    done = assay_at_demo("freshness", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    stores = {reading["unit"] for reading in told if reading["stream"] == "prices" and reading["unit"]}
    assert stores == {"S001", "S002"}
    assert {reading["state"] for reading in told} <= {"fresh", "late"}


def test_plans_are_listed_with_their_state(assay_at_demo):
    done = assay_at_demo("plan", "--list")
    assert done.exit_code == 0
    assert "applied" in done.stdout
    assert "planned" in done.stdout


def test_a_retailer_that_has_gone_does_not_answer(assay_at_demo):
    done = assay_at_demo("estate", "status")
    assert done.exit_code == 1
    assert "does not answer" in done.stdout


def test_the_retailer_of_a_home_stays_the_one_that_was_served_there_last(assay, tmp_path):
    (tmp_path / "estate" / "retailer2").mkdir(parents=True)
    endpoints.announce(tmp_path / "estate", {endpoints.PROFILE: "retailer2"})
    before = endpoints.clock(tmp_path / "estate" / "retailer2")
    assert assay("estate", "advance", "--minutes", "5").exit_code == 0
    assert endpoints.clock(tmp_path / "estate" / "retailer2") == before + timedelta(minutes=5)


@pytest.mark.parametrize("command", ["plan", "privacy erase-in-odoo 1 --basis request"])
def test_an_odoo_that_has_gone_with_its_retailer_says_how_to_start_it(assay_at_demo, monkeypatch, command):
    monkeypatch.delenv("ODOO_URL", raising=False)
    done = assay_at_demo(*command.split())
    assert done.exit_code == 1
    assert "no answer" in done.stderr
    assert "`assay estate up`" in done.stderr


@pytest.mark.parametrize("encoding", ["latin-1", "cp1250"])
def test_a_terminal_that_lacks_a_letter_gets_a_question_mark_and_no_traceback(encoding):
    says = "import click; from pipelines.cli import main; main.add_command(click.Command('say', callback=lambda: "
    says += "click.echo('Nov\\u00e1k \\u2260 \\u041d'))); main(['say'])"
    done = subprocess.run(
        [sys.executable, "-c", says], env=os.environ | {"PYTHONIOENCODING": encoding}, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.endswith(b" ? ?\n")


@pytest.mark.parametrize("words", [["say"], ["say", "--rich"], ["--help"]])
def test_a_command_whose_reader_has_left_ends_quietly_as_other_programs_do(words):
    says = "import click, sys; from pipelines.cli import main; from pipelines.console import wide_console\n"
    says += "def say(rich): [(wide_console().print if rich else click.echo)('x' * 999) for _ in range(99)]\n"
    says += "main.add_command(click.Command('say', callback=say, params=[click.Option(['--rich'], is_flag=True)]))\n"
    says += "sys.stdin.readline(); main()"
    reader, writer = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", says, *words], stdin=subprocess.PIPE, stdout=writer, stderr=subprocess.PIPE
    ) as child:
        os.close(writer)
        os.close(reader)
        _, told = child.communicate(b"\n", timeout=60)
    assert (child.returncode, told) == (141, b"")


def test_help_does_not_wait_for_what_only_the_verbs_themselves_need():
    says = "import sys, pipelines.cli; print([one for one in ('sqlalchemy', 'duckdb', 'httpx') if one in sys.modules])"
    assert subprocess.run([sys.executable, "-c", says], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_home_or_ledger_that_cannot_be_is_told_in_one_line(assay, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ASSAY_LEDGER_URL", "a database")
    told = assay("audit", "verify")
    assert (told.exit_code, told.stderr.count("\n")) == (1, 1)
    assert "ASSAY_LEDGER_URL names no database" in told.stderr
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "file"))
    told = assay("review", "--list")
    assert (told.exit_code, told.stderr.count("\n")) == (1, 1)
    assert "file is no folder and cannot be made one" in told.stderr


def test_a_full_disk_is_told_in_one_line(assay):
    def full() -> None:
        raise duckdb.TransactionException("Failed to commit: Could not write file: No space left on device")

    main.add_command(click.Command("fill", callback=full))
    try:
        for words in (["fill"], ["lineage", "columns", "--out", "/dev/full"]):
            told = assay(*words)
            assert (told.exit_code, told.stderr.count("\n")) == (1, 1)
            assert "No space left on device; see to that disk or folder, then run" in told.stderr
    finally:
        main.commands.pop("fill")


@pytest.mark.parametrize("ruling", ["keep", "revert", "release", "take"])
def test_a_ruling_on_an_edit_takes_a_golden_id_as_people_type_it(ruling):
    command = main.commands["edits"].commands[ruling]
    said = command.make_context(ruling, ["res_partner", " c-0025xn1av82b ", "--note", "x"])
    assert said.params["golden_id"] == "C-0025XN1AV82B"
