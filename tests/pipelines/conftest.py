"""A steward who decides, and the home and the files that decisions go to."""

from datetime import UTC, datetime

import pytest

from pipelines import decisions, transform
from pipelines.resources import Settings

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
