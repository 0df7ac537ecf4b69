"""Matching is tried on files by a mapping of their columns; what cannot be used is refused in words that help."""

from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from pipelines import curve, labels, trial
from pipelines.cli import main
from pipelines.evaluate import Evaluation, Quality, score
from pipelines.mapping import UnusableInput, conformed_shape, load
from sources.estate import world

PEOPLE = """
records:
  id: id
  source: system
  attributes:
    full_name: full_name
    first_name: first_name
    last_name: last_name
    email: email
    phone: phone
    street: street
    zip: zip
    city: city
    country_code: country_code
    birth_on: {column: born, format: "%d.%m.%Y"}
    loyalty_code: loyalty_code
"""
BY_ENTITY = PEOPLE + "truth: {record: id, entity: person}\n"
BY_PAIR = PEOPLE + "truth: {left: a, right: b, label: same}\n"
TWO_FILES = """
records:
  - {id: id, source: {value: left}, attributes: {full_name: name}}
  - {id: id, source: {value: right}, attributes: {full_name: name}}
truth: {left: a, right: b}
"""
RECORDS = pa.table({"record_id": ["file1:1", "file1:2", "file1:3"], "file": ["1"] * 3, "key": ["1", "2", "3"]})


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("records: [", "is no YAML mapping"),
        (BY_ENTITY.replace("city: city", "town: city"), "customers have no town; they have"),
        (BY_ENTITY.replace("truth:", "labels:"), "truth: Field required"),
        (PEOPLE + "truth: {record: id}\n", "name record and entity"),
        ("records: []\ntruth: {record: id, entity: person}\n", "records: List should have at least 1 item"),
        ("records: {id: id, attributes: {}}\ntruth: {record: id, entity: id}\n", "attributes: Dictionary should have"),
        (BY_ENTITY.replace("%d.%m.%Y", "%Q"), "birth_on: Value error, '%Q' is no format of a date"),
        (BY_ENTITY.replace("city: city", "city: {column: city, format: '%d'}"), "city is no date and has no `format`"),
        (BY_ENTITY.replace("city: city", "city: {}"), "name a column, or columns to join, or a constant"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_with_the_key(tmp_path, text, words):
    with pytest.raises(UnusableInput, match=words):
        load(write(tmp_path / "bad.yml", text))


def test_a_column_may_be_called_what_yaml_takes_for_a_truth_or_a_number(tmp_path):
    text = "records: {id: no, attributes: {full_name: 1, city: {value: 2024-01-01}}}\ntruth: {left: on, right: y}\n"
    mapping = load(write(tmp_path / "m.yml", text))
    (records,) = mapping.records
    assert (records.id, records.attributes["full_name"].column) == ("no", "1")
    assert records.attributes["city"].value == "2024-01-01"
    assert (mapping.truth.left, mapping.truth.right) == ("on", "y")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"id,system,full_name\n", "has no column first_name"),
        (b"id,first_name,first_name\n1,Ana,Eva\n", "has more than one column first_name; give each"),
        ("id,full_name\n1,Jos\u00e9\n".encode("latin-1") * 3, "is not utf-8, at byte .*`encoding` in the mapping"),
        (b"PK\x03\x04" + bytes(30), "is no text: it is a workbook or zip archive; give CSV"),
        (b"id;system\n1;shop\n" + b"2;shop;too;many\n", "check `encoding`, `separator`, quotes, and that all lines"),
        (
            b"id,system\n" + b"1,shop\n" * 3000 + b"2,shop,too,many\n",
            "check `encoding`, `separator`, quotes, and that all lines",
        ),
        (None, "does not exist"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_name(tmp_path, content, words):
    records = tmp_path / "people.csv"
    if content is not None:
        records.write_bytes(content)
    mapping = write(tmp_path / "shop.yml", BY_ENTITY)
    told = CliRunner().invoke(main, ["match", "eval", "--records", records, "--truth", records, "--mapping", mapping])
    assert told.exit_code == 1
    assert "people.csv" in told.output
    assert re.search(words, told.output), told.output


@pytest.mark.parametrize(
    ("encoding", "stated"),
    [(one, one) for one in ("utf-8", "utf-16", "utf-16-le", "latin-1", "windows-1250", "windows-1252")]
    + [("utf-8-sig", "utf-8"), ("utf-16", "utf-8"), ("utf-8", "windows-1250")],
)
def test_a_file_is_read_in_the_encoding_that_it_has_or_the_mapping_states(tmp_path, encoding, stated):
    name = "Jos\u00e9" if encoding in ("latin-1", "windows-1252") else "Zden\u011bk \u0160\u0165astn\u00fd"
    records = tmp_path / "people.csv"
    records.write_bytes(f"id,name\n1,{name}\n".encode(encoding))
    text = (
        f"records: {{id: id, encoding: {stated}, attributes: {{full_name: name}}}}\ntruth: {{record: id, entity: id}}\n"
    )
    laid = trial.lay(tmp_path / "home", load(write(tmp_path / "m.yml", text)), [records])
    with duckdb.connect(str(laid.settings.warehouse)) as warehouse:
        assert warehouse.execute("select full_name from trial.records").fetchall() == [(name,)]


def read(folder: Path, records: Path, columns: str) -> list[tuple]:
    """What stands in the columns of a file's records, as text."""
    text = "records: {id: id, attributes: {full_name: name, zip: zip}}\ntruth: {record: id, entity: id}\n"
    laid = trial.lay(folder / "home", load(write(folder / "read.yml", text)), [records])
    with duckdb.connect(str(laid.settings.warehouse)) as warehouse:
        return warehouse.execute(f"select {columns} from trial.records order by all").fetchall()


def test_ids_that_begin_with_what_might_be_a_comment_are_records_like_others(tmp_path):
    rows = "id,name,zip\n#1,Anna,\n2,Ana,\n#3,Hana,\n"
    assert read(tmp_path, write(tmp_path / "a.csv", rows), "source_key") == [("#1",), ("#3",), ("2",)]


def test_a_parquet_file_is_one_whatever_its_name_and_its_whole_numbers_are_no_fractions(tmp_path):
    table = pa.table({"id": [1.0, 2.0, 2.5], "name": ["Anna"] * 3, "zip": [60200.0, float("nan"), None]})
    pq.write_table(table, tmp_path / "people.pq")
    found = read(tmp_path, tmp_path / "people.pq", "source_key, zip")
    assert found == [("1", "60200"), ("2", None), ("2.5", None)]


@pytest.mark.parametrize("packed", [b"", b"hello", gzip.compress(b"id,name,zip\n1,Anna,\n")[:-9]])
def test_an_archive_that_is_broken_and_a_folder_are_told_as_such(tmp_path, packed):
    (tmp_path / "a.csv.gz").write_bytes(packed)
    with pytest.raises(UnusableInput, match=r"a\.csv\.gz (cannot be unpacked|is empty)"):
        read(tmp_path, tmp_path / "a.csv.gz", "id")
    with pytest.raises(UnusableInput, match="is a folder; name a file"):
        read(tmp_path, tmp_path, "id")


@pytest.mark.parametrize("odd", [[["Anna"]], [b"Anna"], [{"given": "Anna"}]])
def test_a_column_of_lists_bytes_or_structures_is_refused_by_name(tmp_path, odd):
    pq.write_table(pa.table({"id": ["1"], "name": odd}), tmp_path / "odd.parquet")
    text = "records: {id: id, attributes: {full_name: name}}\ntruth: {record: id, entity: person}\n"
    with pytest.raises(UnusableInput, match=r"odd\.parquet: name holds lists, structures or bytes"):
        trial.lay(tmp_path / "home", load(write(tmp_path / "odd.yml", text)), [tmp_path / "odd.parquet"])


def test_spaces_around_an_entity_make_no_other_one(tmp_path):
    truth = write(tmp_path / "truth.csv", "id,person\n1,A\n2, A \n3,B\n1,A \n")
    known = labels.read(load(write(tmp_path / "shop.yml", BY_ENTITY)), [truth], RECORDS)
    assert sorted(known.entities["entity_id"].to_pylist()) == ["A", "A", "B"]


@pytest.mark.parametrize(
    ("late", "read"),
    [
        ('"Bourgondie, van"', "Bourgondie, van"),
        ('"Bou ""B"""', 'Bou "B"'),
        ('"5 inch', '"5 inch'),
        ('5" tube', '5" tube'),
    ],
)
def test_quotes_that_come_late_in_a_long_file_are_quotes_and_one_alone_is_a_mark(tmp_path, late, read):
    early = "".join(f"{n},name {n}\n" for n in range(25000))
    records = write(tmp_path / "a.csv", f"id,name\n{early}last,{late}\n")
    text = "records: {id: id, attributes: {last_name: name}}\ntruth: {record: id, entity: id}\n"
    laid = trial.lay(tmp_path / "home", load(write(tmp_path / "m.yml", text)), [records])
    with duckdb.connect(str(laid.settings.warehouse)) as warehouse:
        last = warehouse.execute("select last_name from trial.records where source_key = 'last'").fetchone()
    assert last == (read,)


def test_a_line_that_cannot_be_read_is_named(tmp_path):
    early = "".join(f"{n},name {n}\n" for n in range(25000))
    records = write(tmp_path / "a.csv", f"id,name\n{early}last,one,two\n")
    text = "records: {id: id, attributes: {last_name: name}}\ntruth: {record: id, entity: id}\n"
    with pytest.raises(UnusableInput, match=r"a\.csv, line 25002, cannot be read"):
        trial.lay(tmp_path / "home", load(write(tmp_path / "m.yml", text)), [records])


def test_an_amount_is_read_with_its_currency_and_thousands_and_one_that_is_none_is_counted(tmp_path):
    rows = ["$1,299.00", "12.50 EUR", "7", "-3.2", "1.299,00 €", "CHF 1'299.50", "1 299,5", "1.299.000"]
    rows += ["1.299 €", "2.499 kr", "0.499 €", "1.299 KWD", "5 - 9", "on request"]
    records = write(tmp_path / "a.csv", "id,price\n" + "".join(f'{n},"{row}"\n' for n, row in enumerate(rows)))
    text = "domain: products\nrecords: {id: id, attributes: {price_amount: price}}\ntruth: {record: id, entity: id}\n"
    laid = trial.lay(tmp_path / "home", load(write(tmp_path / "m.yml", text)), [records])
    with duckdb.connect(str(laid.settings.warehouse)) as warehouse:
        read = warehouse.execute(
            "select price_amount from trial.records order by len(source_key), source_key"
        ).fetchall()
    told = [1299.0, 12.5, 7.0, -3.2, 1299.0, 1299.5, 1299.5, 1299000.0, 1299.0, 2499.0, 0.499, 1.299, None, None]
    assert [amount and float(amount) for (amount,) in read] == told
    assert laid.unread == {"price_amount": 2}


def test_dates_of_one_column_may_be_written_in_several_ways_and_with_two_digits_of_the_year(tmp_path):
    rows = ["5/26/1971", "5/26/71", "26.5.1971", "1971-05-26", "3/1/60", "4/9/04", "5/26/2071", "26th of May"]
    records = write(tmp_path / "a.csv", "id,born\n" + "".join(f"{n},{row}\n" for n, row in enumerate(rows)))
    text = "records: {id: id, attributes: {birth_on: {column: born, format: ['%m/%d/%Y', '%d.%m.%Y']}}}\n"
    mapping = load(write(tmp_path / "m.yml", text + "truth: {record: id, entity: id}\n"))
    laid = trial.lay(tmp_path / "home", mapping, [records])
    with duckdb.connect(str(laid.settings.warehouse)) as warehouse:
        read = warehouse.execute("select cast(birth_on as varchar) from trial.records order by source_key").fetchall()
    assert [born for (born,) in read] == ["1971-05-26"] * 4 + ["1960-03-01", "2004-04-09", "2071-05-26", None]
    assert laid.unread == {"birth_on": 1}


def test_dates_whose_form_no_mapping_says_are_read_where_they_can_be_read_in_one_way(tmp_path):
    rows = [
        *(("till", row) for row in ("25/03/1984", "07/03/1984", "7/3/84", "07-03-1984")),
        *(("shop", row) for row in ("03/25/1984", "03/07/1984", "3-7-84", "03.07.1984")),
        *(("crm", row) for row in ("07.03.1984", "7.3.1984 0:00", "7. 3. 84", "07/03/1984", "31/31/1984", "3/3/1984")),
        *(("crm", row) for row in ("19840307", "19840307.0", "07031984", "30748", "30748.0", "1984-03-07T10:00:00Z")),
        *(("crm", row) for row in ("7 March 1984", "07-Mar-84", "March 7, 1984", "7", "1984", "0000-00-00", "n/a")),
        ("crm", "20121984"),
    ]
    text = "id,system,born\n" + "".join(f'{n},{system},"{row}"\n' for n, (system, row) in enumerate(rows))
    told = "records: {id: id, source: system, attributes: {birth_on: born}}\ntruth: {record: id, entity: id}\n"
    mapping = load(write(tmp_path / "m.yml", told))
    laid = trial.lay(tmp_path / "home", mapping, [write(tmp_path / "a.csv", text)])
    with duckdb.connect(str(laid.settings.warehouse)) as warehouse:
        read = warehouse.execute("select cast(birth_on as varchar) from trial.records order by cast(source_key as int)")
        born = [born for (born,) in read.fetchall()]
    day = "1984-03-07"
    assert born[:8] == ["1984-03-25", day, day, day] * 2
    assert born[8:14] == [day, day, day, None, None, "1984-03-03"]
    assert born[14:] == [day] * 9 + [None] * 4 + ["1984-12-20"]
    assert laid.unread == {"birth_on": 6}


def test_a_mapped_column_without_a_single_value_is_told(tmp_path):
    mapping = write(
        tmp_path / "m.yml",
        "records: {id: id, attributes: {full_name: name, email: mail}}\ntruth: {record: id, entity: person}",
    )
    records = write(tmp_path / "a.csv", 'id,name,mail,person\n1,,a@b.example,1\n2," ",a@b.example,1\n')
    told = CliRunner().invoke(main, ["match", "eval", "--records", records, "--truth", records, "--mapping", mapping])
    assert "no record has full_name, though the mapping says where it stands" in told.output


def test_text_of_windows_that_is_called_latin_1_is_refused(tmp_path):
    records = tmp_path / "people.csv"
    records.write_bytes("id,name\n1,\u0160\u0165astn\u00fd\n".encode("windows-1250"))
    text = "records: {id: id, encoding: latin-1, attributes: {full_name: name}}\ntruth: {record: id, entity: id}\n"
    with pytest.raises(UnusableInput, match="is not latin-1: it holds controls.*`encoding` in the mapping"):
        trial.lay(tmp_path / "home", load(write(tmp_path / "m.yml", text)), [records])


def test_an_id_that_several_records_bear_is_refused(tmp_path):
    mapping = write(
        tmp_path / "m.yml",
        TWO_FILES.replace("  - {id: id, source: {value: right}, attributes: {full_name: name}}\n", ""),
    )
    records = write(tmp_path / "a.csv", "id,name\n1,Anna\n1,Ana\n")
    told = CliRunner().invoke(main, ["match", "eval", "--records", records, "--truth", records, "--mapping", mapping])
    assert told.exit_code == 1
    assert "1 ids stand on several records" in told.output


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
    told = CliRunner().invoke(main, ["match", "eval", "--records", records, "--truth", records])
    assert told.exit_code == 2
    assert "--mapping is missing" in told.output


def test_precision_over_recall_counts_what_was_never_compared():
    known = labels.Labels(pa.table({"record_id": list("abcd"), "entity_id": ["1", "1", "1", "2"]}))
    scores = pa.table({"left_id": ["a", "a"], "right_id": ["b", "d"], "bits": [9.2, 3.0]})
    assert curve.precision_over_recall(scores, known) == [(9.0, 1.0, 1 / 3), (3.0, 0.5, 1 / 3)]


def test_every_mapping_in_the_repository_can_be_loaded():
    mappings = [load(path) for path in sorted((Path(__file__).parent / "mappings").glob("*.yml"))]
    assert {m.domain for m in mappings} == {"customers", "products"}
    assert all(m.files for m in mappings)


def test_the_attributes_of_a_mapping_are_those_of_the_conformed_shape():
    assert {"email", "birth_on", "loyalty_code"} <= set(conformed_shape("customers"))
    assert conformed_shape("customers")["birth_on"] == "date"
