"""What no committed file may hold: a registry's host, a machine's path, a secret, an unhashed dependency."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORBIDDEN = {
    "a package registry's host": re.compile(
        r"https?://[\w.-]*(py" r"pi|python" r"hosted|npm" r"js|debian|node" r"source)\b[\w.-]*\.\w+"
    ),
    "a path of somebody's machine": re.compile(r"(?<![\w.}])/(home|Users|work|root)/[a-z]"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE " r"KEY-----"),
    "a live API key": re.compile(r"\b(sk_" r"live|shpat_[0-9a-f]{32}|AKIA[0-9A-Z]{16})"),
}


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and not name.endswith(".png")]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_committed_file_names(what):
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in committed()
        if path.exists()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]
    assert not found


def test_every_locked_dependency_has_an_exact_version_and_a_hash():
    lock = (ROOT / "requirements.lock").read_text()
    entries = [entry for entry in re.split(r"\n(?=[a-z0-9])", lock) if not entry.startswith("#")]
    assert len(entries) > 50
    assert all("==" in entry.split("\n")[0] and "--hash=sha256:" in entry for entry in entries)


def test_every_direct_dependency_is_locked():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [name for names in project["optional-dependencies"].values() for name in names]
    wanted = {re.match(r"[\w.-]+", name)[0].lower() for name in project["dependencies"] + extras}
    locked = set(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==", (ROOT / "requirements.lock").read_text(), flags=re.M))
    assert wanted <= locked


def test_only_the_scorer_and_the_estate_touch_the_truth():
    readers = {
        str(path.relative_to(ROOT))
        for path in committed()
        if path.suffix in {".py", ".sql", ".yml"}
        and path.exists()
        and re.search(r"""["'/]truth["'/]""", path.read_text())
    }
    allowed = ("sources/estate/", "tests/", "pipelines/evaluate.py", "benchmarks/")
    assert all(name.startswith(allowed) for name in readers), readers


def test_every_file_that_the_test_suite_begins_with_is_there():
    from tests.conftest import LONG

    assert [name for name in LONG if not (ROOT / "tests" / name).exists()] == []


def test_a_test_that_names_no_home_writes_to_none_of_whoever_runs_it(tmp_path):
    test = tmp_path / "test_home.py"
    test.write_text(
        "def test_home():\n    from pipelines import resources\n    assert not print(resources.settings())\n"
    )
    mine = {"ASSAY_HOME": str(tmp_path / "mine"), "ASSAY_LEDGER_URL": f"sqlite:///{tmp_path / 'mine.db'}"}
    command = [sys.executable, "-m", "pytest", "-sq", "-p", "tests.conftest", f"--rootdir={tmp_path}", test]
    said = subprocess.run(command, cwd=ROOT, env=os.environ | mine, capture_output=True, text=True, check=True).stdout
    assert "Settings(" in said
    assert str(tmp_path / "mine") not in said
    assert str(ROOT / ".assay") not in said
