"""The dbt project as its manifest, parsed once for all rules."""

import json
from pathlib import Path

import pytest

from pipelines.resources import Settings
from pipelines.transform import run_dbt

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def manifest(tmp_path_factory):
    home = tmp_path_factory.mktemp("manifest")
    run_dbt(Settings(home, "test", f"sqlite:///{home / 'ledger.db'}"), "parse")
    return json.loads((home / "dbt" / "manifest.json").read_bytes())


@pytest.fixture(scope="session")
def models(manifest):
    """Every model by its unique id."""
    return {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
