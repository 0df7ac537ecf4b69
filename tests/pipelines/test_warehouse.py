"""The warehouse file: its format, and who may open it: nobody else during a build, dbt itself when memory runs out."""

import fcntl
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import jinja2
import pytest
import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.environments.local import LocalEnvironment

from pipelines import changes
from pipelines import warehouse as the_warehouse
from pipelines.rebuild import rebuild
from pipelines.resources import PROJECT, Settings
from pipelines.transform import DBT_PROJECT
from pipelines.trying import leftovers, trying
from pipelines.warehouse import WarehouseBusy, building, open_warehouse
from tests.pipelines.conftest import AT


def as_dbt_opens_it(home, memory):
    said = {"ASSAY_HOME": str(home), "ASSAY_DUCKDB_MEMORY": memory}
    text = (DBT_PROJECT / "profiles.yml").read_text()
    rendered = jinja2.Template(text).render(env_var=said.get, var=lambda _name, default=None: default)
    return LocalEnvironment(DuckDBCredentials.from_dict(yaml.safe_load(rendered)["assay"]["outputs"]["duckdb"]))


def test_a_new_warehouse_is_of_the_format_of_the_duckdb_that_is_pinned_whoever_makes_it(tmp_path):
    formats = []
    for maker in ("assay", "dbt"):
        home = tmp_path / maker
        home.mkdir()
        if maker == "assay":
            with open_warehouse(Settings(home, "test", "")) as made:
                made.execute("create table made as select 'a' as text")
        else:
            made = as_dbt_opens_it(home, "1GB")
            made.handle().cursor().execute("create table made as select 'a' as text")
            made.close()
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as made:
            query = "select tags['storage_version'] from duckdb_databases() where database_name = 'warehouse'"
            formats += made.execute(query).fetchone()
    assert len(set(formats)) == 1
    assert formats[0] > "v1.4", f"{formats[0]} writes texts in twice the time"


def test_dbt_opens_further_connections_after_something_was_spilled(tmp_path):
    warehouse = as_dbt_opens_it(tmp_path, "40MB")
    first = warehouse.handle().cursor()
    first.execute("set threads = 1")
    first.execute("create temp table shuffled as select md5(i::varchar) as text from range(1000000) as r (i)")
    assert first.execute("select count(*) from (select text from shuffled order by text)").fetchone() == (1000000,)
    assert first.execute("select sum(size) from duckdb_temporary_files()").fetchone()[0], "nothing was spilled"
    assert warehouse.handle().cursor().execute("select 1").fetchone() == (1,)
    warehouse.close()


BUILDING = """
import sys, threading, time
from pathlib import Path
import duckdb
from pipelines.dbt_process import FLUSHED_S, write_out
threading.Thread(target=write_out, args=(Path(sys.argv[1]),), daemon=True).start()
with duckdb.connect(sys.argv[1]) as warehouse:
    warehouse.execute("create table t as select 1")
    time.sleep(3 * FLUSHED_S)
    print("open", flush=True)
    sys.stdin.read()
"""


def test_nobody_reads_a_warehouse_whose_rows_are_being_brought_to_the_disk(tmp_path):
    file = str(tmp_path / "warehouse.duckdb")
    command = [sys.executable, "-c", BUILDING, file]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as build:
        assert build.stdout.readline() == "open\n"
        with pytest.raises(duckdb.IOException, match="lock"):
            duckdb.connect(file, read_only=True)
        build.stdin.close()


READING = """
import sys
import duckdb
with duckdb.connect(sys.argv[1], read_only=True):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_who_builds_waits_for_those_who_read_and_says_so_where_they_do_not_end(settings, monkeypatch):
    open_warehouse(settings).close()
    command = [sys.executable, "-c", READING, str(settings.warehouse)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout.readline() == "open\n"
        monkeypatch.setattr(the_warehouse, "PATIENCE_S", -1)
        with pytest.raises(WarehouseBusy, match="another program reads"):
            open_warehouse(settings)
        monkeypatch.setattr(the_warehouse, "PATIENCE_S", 60)
        monkeypatch.setattr(the_warehouse.time, "sleep", lambda _: reader.communicate())
        open_warehouse(settings).close()


def test_of_two_builds_at_once_the_second_is_refused_before_it_touches_anything(settings):
    with building(settings), pytest.raises(WarehouseBusy, match="let it end, then build again"):
        rebuild(settings, AT)
    assert not settings.warehouse.exists()
    assert not settings.exports.exists()


def test_a_build_that_a_full_disk_ended_at_its_very_end_is_none_for_the_next(settings):
    with open_warehouse(settings) as warehouse:
        warehouse.execute("create schema complete; create table complete.build (content varchar)")
    assert changes.find(settings, DBT_PROJECT).news is None


TRYING = """
import sys
from pathlib import Path
from pipelines.resources import Settings
from pipelines.trying import trying
home = Path(sys.argv[1])
with trying(Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_copies_that_a_killed_process_left_go_when_the_next_one_makes_its_own(settings):
    open_warehouse(settings).close()
    command = [sys.executable, "-c", TRYING, str(settings.home)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout.readline() == "open\n"
        (left,) = settings.home.glob("trying-*")
        assert (left / "warehouse.duckdb").exists()
        assert not list(leftovers(settings)), "somebody is at work there"
        killed.kill()
    assert list(leftovers(settings)) == [left]
    with trying(settings) as ours:
        assert list(settings.home.glob("trying-*")) == [ours.home]
    assert not list(settings.home.glob("trying-*"))


def test_a_home_that_is_just_being_made_is_no_leftover_for_another_command(settings, monkeypatch):
    open_warehouse(settings).close()
    lock, others = fcntl.flock, []

    def try_something_else():
        with trying(settings):
            pass

    def locked_late(file, how):
        """Before the first one has the lock of its home, another one comes."""
        if Path(str(getattr(file, "name", ""))).name == "lock" and not others:
            others.append(threading.Thread(target=try_something_else))
            others[0].start()
            others[0].join(1)
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", locked_late)
    with trying(settings) as ours:
        others[0].join()
        assert (ours.home / "warehouse.duckdb").exists()


def test_homes_without_a_lock_that_killed_commands_and_older_versions_left_go_too(settings):
    open_warehouse(settings).close()
    for name in ("trying-x1", "deciding-x2", "training-x3"):
        (settings.home / name).mkdir()
        (settings.home / name / "warehouse.duckdb").touch()
    with trying(settings) as ours:
        assert list(settings.home.glob("*/warehouse.duckdb")) == [ours.home / "warehouse.duckdb"]
