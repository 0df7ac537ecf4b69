"""Questions about a warehouse that does not hold what is asked for get an answer that helps."""

import duckdb
import pytest

from pipelines import explain
from pipelines.lineage import NotFound
from pipelines.resources import Settings


def test_after_a_build_that_ended_early_the_answer_is_to_build(tmp_path):
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    with duckdb.connect(str(settings.warehouse)) as warehouse:
        warehouse.execute("create schema matched; create table matched.matched_customers__evidence (record_id varchar)")
    told = "did not get so far; run `assay build`.*matched_products__evidence"
    with pytest.raises(NotFound, match=told), explain.warehouse(settings) as db:
        explain.domain_of(db, "pos:1")
