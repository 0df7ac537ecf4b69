"""The Splink that the matching benchmark runs against is no straw man: it finds people, and no rule of its explodes."""

import json
import re

import duckdb
import pyarrow.parquet as pq

from benchmarks import match_splink
from benchmarks.people import generate
from pipelines import evaluate

ROWS = 2000


def test_splink_in_the_benchmark_finds_people_and_no_rule_of_its_explodes(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    monkeypatch.setattr(match_splink, "U_PAIRS", 1e5)
    generate(tmp_path / "customers.parquet", ROWS)
    match_splink.splink()
    given = f"select record_id, cast(entity_id as varchar) as entity_id from '{tmp_path}/customers.parquet'"
    quality = evaluate.score(pq.read_table(tmp_path / "expert.parquet"), duckdb.sql(given).to_arrow_table())
    assert quality.f1 > 0.85, "what a careful user of Splink gets"
    told = json.loads((tmp_path / "expert.json").read_text())
    by_email = re.search(r"\(email ([0-9,]+)", told["pairs"])[1]
    assert int(by_email.replace(",", "")) < ROWS, "a placeholder that many records share would make more"
    assert told["to_clusters_s"] >= told["seconds"]["block"]
    assert told["cpu_s"].keys() == told["seconds"].keys()
