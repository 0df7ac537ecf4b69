"""Matching is tried on files by a mapping of their columns; what cannot be used is refused in words that help."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from pipelines import curve, labels, trial
from pipelines.cli import main
from pipelines.evaluate import Evaluation, Quality, score
from pipelines.mapping import UnusableInput, load
from sources.estate import world
from tests.matching.mapped import BY_ENTITY, BY_PAIR, TWO_FILES, write

RECORDS = pa.table({"record_id": ["file1:1", "file1:2", "file1:3"], "file": ["1"] * 3, "key": ["1", "2", "3"]})


def table(path: Path, rows: list[dict]) -> Path:
    with path.open("w", newline="") as file:
        out = csv.DictWriter(file, rows[0].keys())
        out.writeheader()
        out.writerows(rows)
    return path


@pytest.fixture
def people() -> list[dict]:
    rows = world.generate("retailer2", seed=5).appearances.to_pylist()
    return [
        {
            **{n: r[n] for n in ("system", "full_name", "first_name", "last_name", "email", "phone", "loyalty_code")},
            **{n: r[n] for n in ("street", "zip", "city", "country_code")},
            "id": n,
            "born": f"{r['birth_on']:%d.%m.%Y}" if r["birth_on"] else "unknown" if n == 7 else "",
            "person": r["person_id"],
        }
        for n, r in enumerate(rows)
    ]


def evaluated(folder: Path, people: list[dict], *options: str) -> dict:
    """The figures of `assay match eval` over people, with more options."""
    records = table(folder / "people.csv", people)
    mapping = write(folder / "shop.yml", BY_ENTITY)
    asked = ["match", "eval", "--records", records, "--truth", records, "--mapping", mapping]
    told = CliRunner().invoke(main, [*asked, "--json", folder / "figures.json", *options])
    assert told.exit_code == 0, told.output
    assert f"shop: customers, {len(people)} records" in told.output
    return json.loads((folder / "figures.json").read_text())[0]


def test_the_command_matches_a_file_without_its_labels_and_tells_every_figure(tmp_path, people):
    figures = evaluated(tmp_path, people, "--curve", tmp_path / "curve.svg")
    assert figures["quality"]["precision"] >= 0.98
    assert figures["quality"]["recall"] >= 0.85
    assert figures["quality"]["really"] == len({r["person"] for r in people})
    assert "polyline" in (tmp_path / "curve.svg").read_text()


def test_splink_can_be_asked_for_instead_and_takes_households_for_persons(tmp_path, people):
    quality = evaluated(tmp_path, people, "--backend", "splink")["quality"]
    assert quality["records"] == len(people)
    assert 0.3 <= quality["precision"] <= 0.8
    assert quality["recall"] >= 0.5


def test_spaces_around_an_entity_make_no_other_one(tmp_path):
    truth = write(tmp_path / "truth.csv", "id,person\n1,A\n2, A \n3,B\n1,A \n")
    known = labels.read(load(write(tmp_path / "shop.yml", BY_ENTITY)), [truth], RECORDS)
    assert sorted(known.entities["entity_id"].to_pylist()) == ["A", "A", "B"]


@pytest.mark.parametrize(
    ("truth", "mapping", "words"),
    [
        ("id,person\n1,x\n1,y\n", BY_ENTITY, "stand in two entities"),
        ("id,person\n9,x\n", BY_ENTITY, "in no file of records, for one 9"),
        ("a,b,same\n1,2,1\n2,1,0\n", BY_PAIR, "both the same and different"),
        ("a,b,same\n1,2,True\n2,1,false\n", BY_PAIR, "both the same and different"),
        ("a,b,same\n1,2,1\n2,3,1\n1,3,0\n", BY_PAIR, "other labels make them the same"),
        ("a,b,same\n1,7,1\n", BY_PAIR, "name a record that is in no file"),
        ("a,b,same\n1,,1\n1,2,1\n", BY_PAIR, "name a record that is in no file of records, for one 1 and nothing"),
        ("a,b,same\n1,2,maybe\n", BY_PAIR, "a label that is neither"),
        ("a,b,same\n1,2,nan\n", BY_PAIR, "a label that is neither"),
        ("a,b,same\n1,2,0.7\n", BY_PAIR, "a label that is neither"),
        ("id,person\n1,x\n ,y\n", BY_ENTITY, "for one an empty id"),
    ],
)
def test_labels_that_contradict_are_refused_with_an_example(tmp_path, truth, mapping, words):
    with pytest.raises(UnusableInput, match=words):
        labels.read(load(write(tmp_path / "m.yml", mapping)), [write(tmp_path / "t.csv", truth)], RECORDS)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"truth": "a,b\n1,2\n1,9\n"}, "name a record that is in no file of records, for one 1 and 9"),
        ({"test": "a,b\n1,2\n7,1\n"}, "name a record that is in no file of records, for one 7 and 1"),
        ({"test": "l,r\n1,2\n"}, "has no column a, b; it has l, r"),
        ({"curve": None}, "a curve is written as .csv or .svg"),
    ],
)
def test_labels_that_cannot_be_used_are_told_before_anything_is_matched(tmp_path, monkeypatch, files, words):
    monkeypatch.setattr(trial, "match", lambda *asked: pytest.fail("it was matched first"))
    mapping = write(tmp_path / "m.yml", TWO_FILES)
    records = [write(tmp_path / f"{side}.csv", "id,name\n1,Anna\n2,Ana\n") for side in "lr"]
    asked = {"truth": "a,b\n1,2\n"} | files
    options = [f"--{name}={write(tmp_path / f'{name}.x', text or '')}" for name, text in asked.items()]
    told = CliRunner().invoke(
        main, ["match", "eval", f"--mapping={mapping}", *(f"--records={one}" for one in records), *options]
    )
    assert told.exit_code == 1
    assert words in told.output, told.output


def test_a_truth_about_some_of_the_records_says_how_many_the_figures_rest_on():
    quality = Quality(10, 5, 4, 1.0, 0.8, 1.0, 0.9, 0, 3, 3)
    told = list(Evaluation("shop", "customers", 119, quality, 1.0, []).lines())
    assert "  scored on 10 records; of the other 109 the truth says nothing" in told
    assert not any("scored on" in line for line in Evaluation("shop", "customers", 10, quality, 1.0, []).lines())


def test_a_truth_in_which_no_two_records_are_one_says_nothing_of_recall():
    alone = pa.table({"record_id": ["a", "b", "c"], "entity_id": ["1", "2", "3"]})
    joined = pa.table({"record_id": ["a", "b", "c"], "cluster_id": ["x", "x", "y"]})
    told = Evaluation("shop", "customers", 3, score(joined, alone), 1.0, [])
    pairs = next(line for line in told.lines() if line.startswith("  pairs"))
    assert pairs.split() == ["pairs", "0.0000", "unknown", "unknown"]
    assert any("what was missed cannot be known" in line for line in told.lines())
    assert told.as_dict()["quality"]["recall"] is told.as_dict()["quality"]["f1"] is None


def test_a_split_of_pairs_needs_a_mapping_that_names_both_sides(tmp_path):
    mapping = load(write(tmp_path / "m.yml", BY_ENTITY))
    with pytest.raises(UnusableInput, match="must name `left` and `right`"):
        labels.read_tested(mapping, write(tmp_path / "t.csv", "id,person\n1,x\n"), RECORDS)


def test_a_truth_that_names_no_entity_is_empty(tmp_path):
    mapping = load(write(tmp_path / "m.yml", BY_ENTITY))
    with pytest.raises(UnusableInput, match="no row has both id and person"):
        labels.read(mapping, [write(tmp_path / "t.csv", "id,person\n1,\n")], RECORDS)


def test_pairs_within_one_file_are_closed_to_entities(tmp_path):
    known = labels.read(
        load(write(tmp_path / "m.yml", BY_PAIR)), [write(tmp_path / "t.csv", "a,b,same\n1,2,1\n2,3,1\n")], RECORDS
    )
    assert len(set(known.entities["entity_id"].to_pylist())) == 1
    assert known.pairs is None


def test_pairs_across_two_files_stay_pairs_and_their_ids_may_be_equal(tmp_path):
    records = pa.table({"record_id": ["file1:1", "file2:1"], "file": ["1", "2"], "key": ["1", "1"]})
    known = labels.read(load(write(tmp_path / "m.yml", TWO_FILES)), [write(tmp_path / "t.csv", "a,b\n1,1\n")], records)
    assert known.pairs.to_pylist() == [{"left_id": "file1:1", "right_id": "file2:1"}]


def test_pairs_within_and_across_the_parts_of_one_set_are_all_entities(tmp_path):
    parts = [("1", "1"), ("1", "2"), ("2", "3")]
    records = pa.table({"record_id": [f"file{n}:{key}" for n, key in parts], "file": [n for n, _ in parts]})
    records = records.append_column("key", pa.array([key for _, key in parts]))
    mapping, truth = (write(tmp_path / "m.yml", BY_PAIR), write(tmp_path / "t.csv", "a,b,same\n3,1,1\n1,2,1\n"))
    known = labels.read(load(mapping), [truth], records)
    assert known.pairs is None
    assert len(set(known.entities["entity_id"].to_pylist())) == 1


def test_files_without_a_mapping_are_not_passed_over(tmp_path):
    records = write(tmp_path / "a.csv", "id,name\n1,Anna\n")
    for option in ("--records", "--truth", "--test", "--json"):
        told = CliRunner().invoke(main, ["match", "eval", option, records])
        assert told.exit_code == 2
        assert "--mapping is missing" in told.output


def test_precision_over_recall_counts_what_was_never_compared():
    known = labels.Labels(pa.table({"record_id": list("abcd"), "entity_id": ["1", "1", "1", "2"]}))
    scores = pa.table({"left_id": ["a", "a"], "right_id": ["b", "d"], "bits": [9.2, 3.0]})
    assert curve.precision_over_recall(scores, known) == [(9.0, 1.0, 1 / 3), (3.0, 0.5, 1 / 3)]
