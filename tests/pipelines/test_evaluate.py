"""Scores of clusters: every pair of the truth counts, also those that were never compared."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import evaluate
from pipelines.mapping import UnusableInput
from pipelines.resources import Settings


def table(column: str, groups: dict[str, str]) -> pa.Table:
    """`groups` maps a label to a word of one-letter records."""
    rows = [(record, label) for label, word in groups.items() for record in word]
    return pa.table({"record_id": [r for r, _ in rows], column: [label for _, label in rows]})


def score(clusters: dict[str, str], truth: dict[str, str], traps=None) -> evaluate.Quality:
    return evaluate.score(table("cluster_id", clusters), table("entity_id", truth), traps)


def test_perfect_clusters_score_one():
    quality = score({"x": "abc", "y": "d"}, {"1": "abc", "2": "d"})
    assert (quality.precision, quality.recall, quality.f1, quality.b_cubed) == (1, 1, 1, 1)
    assert (quality.mixed, quality.largest, quality.found, quality.really) == (0, 3, 2, 2)


def test_pairs_are_counted_over_the_whole_truth():
    quality = score({"x": "ab", "y": "cd"}, {"1": "abc", "2": "d"})
    assert quality.precision == pytest.approx(1 / 2)
    assert quality.recall == pytest.approx(1 / 3)
    assert quality.mixed == 1


def test_a_record_that_no_cluster_holds_is_alone_and_its_pairs_are_missed():
    quality = score({"x": "ab"}, {"1": "abc"})
    assert quality.precision == 1
    assert quality.recall == pytest.approx(1 / 3)


def test_b_cubed_is_the_mean_over_records():
    quality = score({"x": "abcd"}, {"1": "ab", "2": "cd"})
    assert quality.b_cubed == pytest.approx(2 * 0.5 / 1.5)


def test_traps_that_were_fallen_into_are_counted_by_kind():
    traps = pa.table({"record_id": ["a", "c"], "other_record_id": ["b", "d"], "kind": ["twins", "twins"]})
    assert score({"x": "ab", "y": "c", "z": "d"}, {"1": "a", "2": "b", "3": "c", "4": "d"}, traps).traps == {
        "twins": (2, 1)
    }


@pytest.mark.parametrize(("truth", "words"), [({}, "is empty"), ({"1": "ab", "2": "b"}, "1 records into two")])
def test_a_truth_that_is_empty_or_contradicts_itself_is_refused(truth, words):
    empty = pa.table({"record_id": pa.array([], pa.string()), "entity_id": pa.array([], pa.string())})
    with pytest.raises(UnusableInput, match=words):
        evaluate.score(table("cluster_id", {"x": "ab"}), table("entity_id", truth) if truth else empty)


def test_without_an_estate_the_report_says_what_to_do(tmp_path):
    with pytest.raises(UnusableInput, match="assay estate generate"):
        list(evaluate.report(Settings(tmp_path, "test", "sqlite://")))


def test_the_report_reads_the_exports_and_the_estate_s_truth(tmp_path):
    truth, matched = tmp_path / "estate" / "small" / "truth", tmp_path / "exports" / "matched"
    truth.mkdir(parents=True)
    matched.mkdir(parents=True)
    pq.write_table(pa.table({"record_id": ["a", "b"], "person_id": ["1", "1"]}), truth / "customers.parquet")
    pq.write_table(pa.table({"record_id": ["a", "b"], "variant_id": ["1", "2"]}), truth / "variants.parquet")
    traps = {name: pa.array([], pa.string()) for name in ("record_id", "other_record_id", "kind")}
    pq.write_table(pa.table(traps), truth / "traps.parquet")
    pq.write_table(
        pa.table({"record_id": ["a", "b"], "customer_id": ["C-1", "C-1"]}), matched / "matched_customers__ids.parquet"
    )
    pq.write_table(
        pa.table({"record_id": ["a", "b"], "variant_id": ["V-1", "V-1"]}), matched / "matched_products__ids.parquet"
    )
    lines = list(evaluate.report(Settings(tmp_path, "test", "sqlite://")))
    assert "customers: 2 records, 1 found, 1 in truth" in lines
    assert any("precision 0.0000  recall unknown  F1 unknown" in line for line in lines)
