"""Plugins of the test suite, a home of its own, the same generated examples on every machine, dbt loaded once, and long
files first."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from pipelines import dbt_child
from tests import memory
from tests.dbt_forks import Forks

pytest_plugins = ["tests.odoo.fixtures", "tests.flow.fixtures", "tests.sources.databases"]

settings.register_profile("repeatable", derandomize=True, database=None)
settings.load_profile("repeatable")

# What takes longest begins first, or one test process works at it while the others have nothing left to do. The real
# Odoo may still be in the making then, so files that need it come later.
LONG = (
    "pipelines/test_incremental.py",
    "flow/test_sc02_dark_store.py",
    "pipelines/test_transform.py",
    "flow/test_stewardship.py",
    "matching/test_customers.py",
    "flow/test_sc04_twin_sisters.py",
    "flow/test_sc11_bad_publish.py",
    "flow/test_sc01_first_publish.py",
    "flow/test_sc12_stale_prices.py",
    "matching/test_eval.py",
    "odoo/test_actions.py",
    "sources/test_vendor_specs.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """Nothing that tests do reaches the home or ledger of whoever runs them: neither one named nor the checkout's."""
    home, patch = tempfile.TemporaryDirectory(prefix="assay-tests-"), pytest.MonkeyPatch()
    patch.setenv("ASSAY_HOME", home.name)
    patch.delenv("ASSAY_LEDGER_URL", raising=False)
    config.add_cleanup(home.cleanup)
    config.add_cleanup(patch.undo)
    if not config.option.basetemp and (folder := memory.room(8)):
        config.option.basetemp = memory.own_folder(folder)
        config.add_cleanup(lambda: shutil.rmtree(config.option.basetemp, ignore_errors=True))


def pytest_make_parametrize_id(val, argname):
    """No test is named after bytes or a whole file: archives hold the time they were made at, and every test process
    must give a test the same name."""
    return argname if isinstance(val, bytes) or (isinstance(val, str) and len(val) > 200) else None


def pytest_collection_modifyitems(items):
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(LONG)))


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
