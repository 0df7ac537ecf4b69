"""The dbt project as its manifest, parsed once for all rules."""

import json
from pathlib import Path

import pytest

from pipelines.resources import Settings
from pipelines.transform import parsed

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def manifest(tmp_path_factory):
    home = tmp_path_factory.mktemp("manifest")
    return json.loads(parsed(Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")).read_bytes())


@pytest.fixture(scope="session")
def models(manifest):
    """Every model by its unique id."""
    return {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
