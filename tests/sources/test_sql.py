"""Database streams: exact values, key order, one snapshot, and nothing written."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
import sqlalchemy as sa

from sources import sql
from sources.contract import Contract
from sources.errors import Drift, Unreachable
from sources.records import Window

COLUMNS = {
    "id": {"type": "string"},
    "price": {"type": "decimal", "scale": 2},
    "units": {"type": "integer"},
    "active": {"type": "boolean"},
    "sold_on": {"type": "date"},
    "updated_at": {"type": "timestamp"},
}


def contract(timezone="UTC", **columns):
    stream = {
        "description": "Sales.",
        "domain": "orders",
        "cursor": "updated_at",
        "timezone": timezone,
        "columns": {**COLUMNS, **columns},
    }
    base = {"system": "till", "kind": "sql", "description": "A till.", "owner": "us", "endpoint": "env:TILL"}
    return Contract.model_validate({**base, "streams": {"sales": stream}})


@pytest.fixture
def till(tmp_path):
    path = tmp_path / "till.db"
    with sqlite3.connect(path) as database:
        database.execute(
            "create table sales (id text primary key, price numeric, units integer, active int, sold_on text,"
            " updated_at text)"
        )
        database.executemany(
            "insert into sales values (?, ?, ?, ?, ?, ?)",
            [
                ("a", "19.90", 1, 1, "2026-03-28", "2026-03-29 12:00:00"),
                ("b", 0.1, 2, 0, "2026-03-28", "2026-03-29 12:00:00.500000"),
                ("c", None, None, None, None, None),
                ("d", "-5", 4, 1, "2026-03-29", "2026-03-29 11:59:59"),
            ],
        )
    return path


def pages(path, lower=None, rows=2, **settings):
    promised = contract(**settings)
    database = sql.connect(promised, lambda _: f"sqlite:///{path}").on("sales")
    window = Window(lower, datetime(2026, 3, 29, 15, tzinfo=UTC))
    return list(sql.read(database, promised.streams["sales"], window, rows=rows))


def ids(found):
    return [key for page in found for key in page.records["id"].to_pylist()]


def test_values_arrive_exactly_in_the_contracts_types(till):
    table = pa.Table.from_batches([page.records for page in pages(till)])
    assert table.schema.field("price").type == pa.decimal128(18, 2)
    assert table["price"].to_pylist() == [Decimal("19.90"), Decimal("0.10"), None, Decimal("-5.00")]
    assert table["active"].to_pylist() == [True, False, None, True]
    assert table["sold_on"].to_pylist()[0] == date(2026, 3, 28)
    assert table["updated_at"].to_pylist()[1] == datetime(2026, 3, 29, 12, 0, 0, 500000)


def test_pages_follow_the_key_and_state_the_total(till):
    found = pages(till)
    assert ids(found) == ["a", "b", "c", "d"]
    assert {page.total for page in found} == {4}


def test_the_boundary_second_and_rows_without_a_stamp_are_read(till):
    assert ids(pages(till, datetime(2026, 3, 29, 12, tzinfo=UTC))) == ["a", "b", "c"]


def test_local_stamps_are_compared_and_landed_in_utc(till):
    found = pages(till, datetime(2026, 3, 29, 10, tzinfo=UTC), timezone="Europe/Prague")
    assert ids(found) == ["a", "b", "c"]
    assert found[0].records["updated_at"][0].as_py() == datetime(2026, 3, 29, 10)


def test_every_key_is_listed(till):
    promised = contract()
    database = sql.connect(promised, lambda _: f"sqlite:///{till}").on("sales")
    assert sum(sql.keys(database, promised.streams["sales"], rows=3), []) == ["a", "b", "c", "d"]


def test_nothing_can_be_written(till):
    database = sql.connect(contract(), lambda _: f"sqlite:///{till}")
    with database._connected() as connection, pytest.raises(sa.exc.OperationalError, match="readonly"):
        connection.execute(sa.text("delete from sales"))


def test_a_column_that_the_contract_does_not_know_is_kept_as_text(till):
    with sqlite3.connect(till) as database:
        database.execute("alter table sales add column cashier int default 7")
    batch = pages(till)[0].records
    assert batch["cashier"].to_pylist() == ["7", "7"]


def test_a_lost_column_is_drift_with_the_raw_rows(till):
    with sqlite3.connect(till) as database:
        database.execute("alter table sales rename column price to amount")
    with pytest.raises(Drift, match="till/sales: table sales has lost the column price") as raised:
        pages(till)
    assert raised.value.raw["amount"].to_pylist()[0] == "19.9"


@pytest.mark.parametrize(
    ("column", "value"),
    [("price", "'free'"), ("price", "0.125"), ("units", "'many'"), ("active", "2"), ("updated_at", "'soon'")],
)
def test_a_value_that_does_not_fit_its_type_is_drift_with_the_raw_rows(till, column, value):
    with sqlite3.connect(till) as database:
        database.execute(f"update sales set {column} = {value} where id = 'd'")
    with pytest.raises(Drift, match=f"column {column} holds a value") as raised:
        pages(till)
    assert raised.value.raw.num_rows == 2
    assert "free" not in str(raised.value)


def test_a_text_that_is_not_utf_8_is_drift_that_names_record_and_column_with_the_raw_rows(till):
    with sqlite3.connect(till) as database:
        database.execute("alter table sales add note text")
        database.execute("update sales set note = cast(x'4e6f76e16b' as text) where id = 'b'")
    problem = "till/sales: record b: column note holds a text that is not UTF-8. Remedy: correct it there"
    with pytest.raises(Drift, match=problem) as raised:
        pages(till, note={"type": "string"})
    assert raised.value.raw["note"].to_pylist() == [None, "Nov\ufffdk"]


def test_a_required_column_that_turns_null_is_drift(till):
    with pytest.raises(Drift, match="column units"):
        pages(till, units={"type": "integer", "required": True})


def test_a_missing_table_is_drift(tmp_path):
    sqlite3.connect(tmp_path / "empty.db").close()
    with pytest.raises(Drift, match="no table sales"):
        pages(tmp_path / "empty.db")


def test_a_database_that_cannot_be_opened_is_unreachable(tmp_path):
    with pytest.raises(Unreachable):
        pages(tmp_path / "no such folder" / "till.db")
