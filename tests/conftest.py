"""Plugins of the test suite, the same generated examples on every machine, and dbt loaded once."""

import pytest
from hypothesis import settings

from pipelines import dbt_child
from tests.dbt_forks import Forks

pytest_plugins = ["tests.odoo.fixtures", "tests.flow.fixtures", "tests.sources.databases"]

settings.register_profile("repeatable", derandomize=True, database=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def _forks():
    """dbt's children are forks of one process of the session's, which begins when the first is asked for."""
    forks, start = Forks(), dbt_child._start
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt_child, "_start", forks.start)
        yield start
    forks.close()


@pytest.fixture
def dbt_of_its_own(_forks, monkeypatch):
    """dbt is started as it is outside of tests: for what a process of its own leaves behind."""
    monkeypatch.setattr(dbt_child, "_start", _forks)
