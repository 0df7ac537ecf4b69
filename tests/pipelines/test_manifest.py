"""dbt parses a project once, whichever home asks, and anew when a file of it is another."""

import shutil
import subprocess
import sys

import pytest

from pipelines import dbt_process, manifest, transform
from pipelines.resources import Settings


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the dbt project that no manifest fits yet; dbt is quicker with what it noted of another parse."""
    copy = tmp_path / "dbt_project"
    shutil.copytree(transform.DBT_PROJECT, copy, ignore=shutil.ignore_patterns("target", "logs"))
    if (noted := transform.DBT_PROJECT / "target" / manifest.FILES[1]).exists():
        (copy / "target").mkdir()
        shutil.copy(noted, copy / "target")
    monkeypatch.setattr(transform, "DBT_PROJECT", copy)
    return copy


def prepared(project, home, parse):
    return manifest.prepared_manifest(Settings(home, "test", f"sqlite:///{home / 'ledger.db'}"), project, parse)


def test_a_second_home_copies_what_the_first_has_parsed(project, tmp_path):
    parses = []

    def parse(settings, folder):
        parses.append(folder)
        for name in manifest.FILES:
            (folder / name).write_text(f"parsed {len(parses)}")

    first, second = (prepared(project, tmp_path / name, parse) for name in ("one", "other"))
    assert (len(parses), first.read_text(), second.read_text()) == (1, "parsed 1", "parsed 1")
    (project / "seeds" / "price_lists.csv").write_text("another\n")
    assert prepared(project, tmp_path / "one", parse).read_text() == "parsed 2"
    (project / "seeds" / "price_lists.csv").unlink()
    assert prepared(project, tmp_path / "one", parse).read_text() == "parsed 3"
    assert prepared(project, tmp_path / "other", parse).read_text() == "parsed 3"
    assert len(parses) == 3


def test_a_project_that_cannot_be_parsed_says_why_and_leaves_nothing_behind(project, tmp_path):
    (project / "models" / "golden" / "broken.sql").write_text("select * from {{ ref('nowhere') }}")
    settings = Settings(tmp_path / "home", "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    settings.home.mkdir()
    with pytest.raises(transform.BuildFailed, match="nowhere"):
        transform.parsed(settings)
    assert not (settings.home / "dbt" / "manifest.json").exists()
    assert not [path for path in (project / "target").iterdir() if path.name.startswith("parsing-")]


def test_a_dbt_process_that_is_never_asked_for_anything_ends_when_its_input_does():
    command = [sys.executable, "-m", "pipelines.dbt_process"]
    done = subprocess.run(command, input="", text=True, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_parsing_makes_no_ledger_for_a_demo_to_find(project, tmp_path):
    settings = Settings(tmp_path / "home", "test", f"sqlite:///{tmp_path / 'home' / 'ledger.db'}")
    settings.home.mkdir()
    transform.parsed(settings, project)
    assert [path.name for path in settings.home.iterdir()] == ["dbt"]


def test_a_child_that_waits_takes_the_project_as_it_was_parsed_last(tmp_path):
    home = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    written = transform.parsed(home).with_name(dbt_process.PARSED)
    first = dbt_process._parsed(written)
    assert dbt_process._parsed(written, first) is first
    outdated = dbt_process.Parsed(first.written + b" ", first.manifest)
    again = dbt_process._parsed(written, outdated)
    assert again.manifest is not first.manifest
    assert again.manifest.nodes.keys() == first.manifest.nodes.keys()


@pytest.mark.usefixtures("dbt_of_its_own")
def test_a_dbt_process_ends_with_its_warehouse_closed_and_nobody_complains(tmp_path):
    home = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    assert transform.run_dbt(home, "seed", "--select", "calling_codes").counts == {"success": 1}
    assert home.warehouse.exists()
    assert not [path.name for path in tmp_path.iterdir() if path.name.endswith((".wal", "-wal"))]
    assert "leaked" not in (tmp_path / "dbt" / transform.LOG).read_text()
