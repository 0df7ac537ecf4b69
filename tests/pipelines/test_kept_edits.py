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
    take("res_partner", "C-1", "email", "human@example.com")()
    (row,) = [row for row in decisions.overrides(tmp_path / "seeds") if row.record_id == "odoo:12"]
    assert row[:5] == ("customers", "odoo:12", "email", "human@example.com", "eva")
    for name, golden_id, field, says in (
        ("product_pricelist_item", "R-1", "fixed_price", "takes no values by hand"),
        ("res_partner", "C-9", "email", "golden publishes no res_partner C-9"),
        ("res_partner", "C-1", "first+last", "is made of first, last"),
    ):
        with pytest.raises(PublishRefused, match=says):
            take(name, golden_id, field, "x")


def test_a_kept_edit_says_whose_value_it_replaces_and_replaces_it_where_it_stands(tmp_path, monkeypatch):
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    shutil.copytree(transform.DBT_PROJECT / "seeds", tmp_path / "seeds")
    monkeypatch.setattr(decisions, "seeds", lambda: tmp_path / "seeds")
    monkeypatch.setattr(kept, "attributes_of", lambda settings, model, field: [field])
    path = settings.exports / "publish" / "publish_odoo__res_partner.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table({"golden_id": ["C-1"], "record_ids": [["shopify:9", "odoo:12"]]}), path)
    hers = ("customers", "shopify:9", "city", "Olomouc", "jana", "she moved")
    decisions.override(settings, *hers, NOW)
    told = []
    take = kept.keeper(settings, "eva", "the customer said so", NOW, told.append)
    take("res_partner", "C-1", "email", "human@example.com")()
    assert not told
    take("res_partner", "C-1", "city", "Brno")()
    assert told == ["city of C-1 was set on shopify:9 by jana on 2026-03-29 for 'she moved'; this replaces it"]
    rows = {row[1:5] for row in decisions.overrides(tmp_path / "seeds")}
    assert rows == {("odoo:12", "email", "human@example.com", "eva"), ("shopify:9", "city", "Brno", "eva")}


MADE_OF = {"name": ["company_name", "full_name"], "phone": ["mobile", "phone"], "weight": ["weight_g"]}
MADE_OF |= {"barcode": ["gtin14"], "is_company": ["kind"], "lang": ["language"], "city": ["city"]}


@pytest.mark.parametrize(
    ("name", "field", "value", "set_to"),
    [
        ("res_partner", "name", "Anna Bílá", {"full_name": "Anna Bílá"}),
        ("res_partner", "phone", "+420 601 111 222", {"phone": "+420 601 111 222"}),
        ("res_partner", "phone", None, {"phone": "", "mobile": ""}),
        ("res_partner", "is_company", "True", {"kind": "company"}),
        ("res_partner", "lang", "cs_CZ", {"language": "cs"}),
        ("product_product", "weight", "0.35", {"weight_g": "350"}),
        ("product_product", "barcode", "4006381333931", {"gtin14": "04006381333931"}),
        ("product_product", "barcode", "ON-THE-SHELF", "is no GTIN"),
        ("res_partner", "lang", "xx_YY", "not in languages.csv"),
    ],
)
def test_a_kept_value_is_set_in_golden_s_own_form_on_the_attribute_that_decides(
    tmp_path, monkeypatch, name, field, value, set_to
):
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    shutil.copytree(transform.DBT_PROJECT / "seeds", tmp_path / "seeds")
    monkeypatch.setattr(decisions, "seeds", lambda: tmp_path / "seeds")
    monkeypatch.setattr(kept, "attributes_of", lambda settings, model, field: MADE_OF[field])
    path = settings.exports / "publish" / f"publish_odoo__{name}.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table({"golden_id": ["X-1"], "record_ids": [["odoo:12"]], "is_company": [False]}), path)
    take = kept.keeper(settings, "eva", "she said so", NOW)
    if isinstance(set_to, str):
        with pytest.raises(PublishRefused, match=set_to):
            take(name, "X-1", field, value)
    else:
        take(name, "X-1", field, value)()
    rows = {row.attribute: row.value for row in decisions.overrides(tmp_path / "seeds") if row.record_id == "odoo:12"}
    assert rows == ({} if isinstance(set_to, str) else set_to)
