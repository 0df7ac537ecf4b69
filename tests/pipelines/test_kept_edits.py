"""A kept edit becomes a row of golden_overrides.csv, named by a record and not by a golden id."""

import shutil
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import decisions, transform
from pipelines.publish import kept
from pipelines.publish.refusal import PublishRefused
from pipelines.resources import Settings

NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)


def test_a_kept_value_is_set_by_the_steward_on_odoo_s_own_record(tmp_path, monkeypatch):
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    shutil.copytree(transform.DBT_PROJECT / "seeds", tmp_path / "seeds")
    monkeypatch.setattr(decisions, "seeds", lambda: tmp_path / "seeds")
    monkeypatch.setattr(kept, "attributes_of", lambda settings, model, field: field.split("+"))
    path = settings.exports / "publish" / "publish_odoo__res_partner.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table({"golden_id": ["C-1"], "record_ids": [["shopify:9", "odoo:12"]]}), path)
    take = kept.keeper(settings, "eva", "the customer said so", NOW)
    take("res_partner", "C-1", "email", "human@example.com")
    (row,) = [row for row in decisions.overrides(tmp_path / "seeds") if row.record_id == "odoo:12"]
    assert row[:5] == ("customers", "odoo:12", "email", "human@example.com", "eva")
    for name, golden_id, field, says in (
        ("product_pricelist_item", "R-1", "fixed_price", "takes no values by hand"),
        ("res_partner", "C-9", "email", "golden publishes no res_partner C-9"),
        ("res_partner", "C-1", "first+last", "is made of first, last"),
    ):
        with pytest.raises(PublishRefused, match=says):
            take(name, golden_id, field, "x")
