"""Who may import what: sources talk to systems and know nothing of how they are run; one file reads the environment."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MACHINERY = {"dagster", "dagster_dbt", "dbt", "duckdb", "pipelines"}
ENVIRONMENT = {"environ", "getenv", "getpass"}


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The top names of all modules that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def touched(path: Path) -> set[str]:
    """Names of the environment's doors that a file uses."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}
    return names & ENVIRONMENT


@pytest.mark.parametrize("path", files("sources"), ids=lambda path: str(path.relative_to(ROOT)))
def test_sources_import_no_machinery(path):
    assert not imported(path) & MACHINERY


def test_only_resources_reads_the_environment():
    readers = {path.relative_to(ROOT).as_posix() for path in files("sources") + files("pipelines") if touched(path)}
    assert readers == {"pipelines/resources.py"}


def test_publishing_and_the_kernel_know_nothing_of_dagster():
    with_dagster = {path.stem for path in files("pipelines") if "dagster" in imported(path)}
    assert with_dagster == {
        "definitions",
        "demo",
        "full_job",
        "instance",
        "model_assets",
        "published_assets",
        "raw_assets",
        "schedules",
    }
