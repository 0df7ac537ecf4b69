"""A home and a dbt project of the test's own, a steward who decides, and extraction of one stream in memory."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest

from pipelines import decisions, transform
from pipelines.resources import Settings
from tests.pipelines import one_stream

AT = datetime(2026, 3, 29, 15, 0, tzinfo=UTC)
WHO = ("Jana Steward", "She called us")


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    """A home and a dbt project of the test's own, with both files as they are shipped: empty."""
    (tmp_path / "seeds").mkdir()
    for name, row in (("match_overrides", decisions.Decision), ("golden_overrides", decisions.Override)):
        (tmp_path / "seeds" / f"{name}.csv").write_text(",".join(row._fields) + "\n")
    monkeypatch.setattr(transform, "DBT_PROJECT", tmp_path)
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    return Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")


@pytest.fixture
def extract(settings) -> Callable:
    """`extract(shelf)`: one run of its stream into the test's own home."""
    return partial(one_stream.run, settings)
