"""What files hold is read as a mapping says; what cannot be used is told by name, in words that help."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from pipelines import trial
from pipelines.cli import main
from pipelines.mapping import UnusableInput, conformed_shape, load
from tests.matching.mapped import BY_ENTITY, PEOPLE, TWO_FILES, write


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
        (BY_ENTITY + "truth: {record: id, entity: city}\n", "truth stands there twice"),
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


def test_every_mapping_in_the_repository_can_be_loaded():
    mappings = [load(path) for path in sorted((Path(__file__).parent / "mappings").glob("*.yml"))]
    assert {m.domain for m in mappings} == {"customers", "products"}
    assert all(m.files for m in mappings)


def test_the_attributes_of_a_mapping_are_those_of_the_conformed_shape():
    assert {"email", "birth_on", "loyalty_code"} <= set(conformed_shape("customers"))
    assert conformed_shape("customers")["birth_on"] == "date"
