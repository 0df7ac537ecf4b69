"""The tills' database on SQLite, PostgreSQL and MariaDB: exact values, store time, late commits, deletions."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from pipelines.extract import extract_stream
from pipelines.landing import native_fields
from pipelines.resources import Settings
from sources import sql
from sources.contract import Contract, load_contracts
from sources.errors import BadCredentials, Drift, Unreachable
from sources.estate.world import NOW, World, generate
from sources.pos import fake
from sources.pos.tables import METADATA
from sources.records import Window
from tests.sources.databases import KINDS, _servers, empty_database
from tests.sources.served import landed, settings_at

__all__ = ["_servers", "empty_database"]

CONTRACT = load_contracts()["pos"]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STREAMS = list(CONTRACT.streams)


@dataclass
class Tills:
    """A filled database and a landing beside it."""

    url: str
    settings: Settings
    contract: Contract = CONTRACT

    def extract(self, stream: str, now: datetime = NOW, **more: Any):
        return extract_stream(self.contract, stream, self.settings, now, lambda reference: self.url, **more)

    def rows(self, stream: str, load_id: str | None = None) -> list[dict[str, Any]]:
        return landed(self.settings, "pos", stream, load_id)

    def latest(self, stream: str) -> dict[str, dict[str, Any]]:
        return {row["_source_key"]: row for row in self.rows(stream)}

    @contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        engine = sa.create_engine(self.url)
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def count(self, stream: str) -> int:
        with self.connection() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(METADATA.tables[stream])).scalar_one()


@functools.cache
def world() -> World:
    return generate("retailer2")


@pytest.fixture(params=KINDS)
def tills(request, empty_database, tmp_path) -> Tills:
    url = empty_database(request.param)
    if request.param == "sqlite":
        fake.seed(world(), Path(sa.engine.make_url(url).database))
    else:
        fake.load(world(), url)
    return Tills(url, settings_at(tmp_path / "home"))


@pytest.fixture
def till(empty_database, tmp_path) -> Tills:
    """On SQLite only, for what does not differ between databases."""
    url = empty_database("sqlite")
    fake.seed(world(), Path(sa.engine.make_url(url).database))
    return Tills(url, settings_at(tmp_path / "home"))


def receipt(code: str, sold_at: datetime, **more: Any) -> dict[str, Any]:
    plain = {"store_code": "S001", "till": 1, "number": 1, "customer_code": None, "currency": "CZK", "payment": "cash"}
    return {"receipt_code": code, **plain, "total_amount": Decimal("19.90"), "sold_at": sold_at, **more}


def test_every_table_lands_whole_in_the_contracts_exact_types(tills):
    for stream in STREAMS:
        report = tills.extract(stream)
        assert report.rows == tills.count(stream) == len(tills.latest(stream)) > 0
        path = tills.settings.landing / "pos" / stream / f"{report.load_id}.parquet"
        schema = pq.read_schema(path)
        assert [schema.field(one.name) for one in native_fields(CONTRACT.streams[stream])] == native_fields(
            CONTRACT.streams[stream]
        )


def test_amounts_are_the_worlds_to_the_last_cent(tills):
    tills.extract("receipts")
    tills.extract("receipt_lines")
    assert sum(row["total_amount"] for row in tills.rows("receipts")) == sum(
        world().receipts["total_amount"].to_pylist()
    )
    lines: dict[str, Decimal] = {}
    for row in tills.rows("receipt_lines"):
        assert row["total_amount"] == row["unit_amount"] * row["quantity"]
        lines[row["receipt_code"]] = lines.get(row["receipt_code"], Decimal(0)) + row["total_amount"]
    assert lines == {row["receipt_code"]: row["total_amount"] for row in tills.rows("receipts")}


def test_the_payments_of_every_receipt_make_its_total_and_what_is_given_back_is_negative(tills):
    tills.extract("tenders")
    paid: dict[str, Decimal] = {}
    for row in tills.rows("tenders"):
        assert (row["amount"] < 0) == (row["kind"] == "refund")
        if row["kind"] == "payment":
            paid[row["receipt_code"]] = paid.get(row["receipt_code"], Decimal(0)) + row["amount"]
    assert paid == dict(
        zip(world().receipts["key"].to_pylist(), world().receipts["total_amount"].to_pylist(), strict=True)
    )
    found = {(row["kind"], row["method"]) for row in tills.rows("tenders")}
    assert found > {("payment", "cash"), ("payment", "card"), ("payment", "voucher")}
    back = {row["receipt_code"]: -row["amount"] for row in tills.rows("tenders") if row["kind"] == "refund"}
    assert back
    assert back.items() <= paid.items()


def test_store_time_lands_in_utc_and_keeps_its_own_words(tills):
    tills.extract("receipts")
    truth = dict(zip(world().receipts["key"].to_pylist(), world().receipts["sold_at"].to_pylist(), strict=True))
    for row in tills.rows("receipts"):
        assert row["_event_at"] == row["sold_at"] == truth[row["_source_key"]]
        said = datetime.fromisoformat(row["_event_text"])
        offset = HOUR if truth[row["_source_key"]] < datetime(2026, 3, 29, 1) else 2 * HOUR
        assert said - truth[row["_source_key"]] == offset


def test_the_hours_in_which_clocks_change(tills):
    before, after = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    twice = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    sales = {"SPRING-1": before, "SPRING-2": after, "AUTUMN-1": twice, "AUTUMN-2": twice + HOUR}
    fake.insert(tills.url, "receipts", [receipt(code, at) for code, at in sales.items()], NOW - HOUR)
    skipped = receipt("SPRING-X", datetime(2026, 3, 29, 0, 30, tzinfo=UTC))
    fake.insert(tills.url, "receipts", [skipped], NOW - HOUR)
    with tills.connection() as connection:
        table = METADATA.tables["receipts"]
        wrong = "2026-03-29 02:30:00" if connection.dialect.name == "sqlite" else datetime(2026, 3, 29, 2, 30)
        connection.execute(sa.update(table).where(table.c.receipt_code == "SPRING-X").values(sold_at=wrong))
        connection.commit()
    tills.extract("receipts")
    found = {key: row["_event_at"].replace(tzinfo=UTC) for key, row in tills.latest("receipts").items()}
    assert (found["SPRING-1"], found["SPRING-2"]) == (before, after)
    assert found["SPRING-X"] == datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "a till that did not change over runs on"
    assert found["AUTUMN-1"] == found["AUTUMN-2"] == twice, "the text alone cannot tell the two passes apart"
    texts = {key: row["_event_text"] for key, row in tills.latest("receipts").items()}
    assert texts["SPRING-2"].startswith("2026-03-29 03:00:00")
    assert texts["SPRING-X"].startswith("2026-03-29 02:30:00")


def test_a_till_whose_clock_runs_fast_hides_no_sale_and_both_clocks_land(tills):
    tills.extract("receipts")
    fake.insert(tills.url, "receipts", [receipt("FAST", NOW + 10 * timedelta(minutes=1))], NOW)
    fake.insert(tills.url, "receipts", [receipt("LATE", NOW - 6 * HOUR)], NOW)
    report = tills.extract("receipts", NOW + HOUR)
    rows = {row["_source_key"]: row for row in tills.rows("receipts", report.load_id)}
    assert rows.keys() == {"FAST", "LATE"}
    assert rows["FAST"]["_event_at"] - rows["FAST"]["updated_at"] == timedelta(minutes=10)
    assert rows["LATE"]["updated_at"] - rows["LATE"]["_event_at"] == timedelta(hours=6)


@pytest.mark.parametrize("stream", [name for name in STREAMS if name != "stores"])
def test_a_change_on_the_edge_of_the_window_is_landed(till, stream):
    proven = till.extract(stream).proven_until.replace(tzinfo=UTC)
    key = sorted(till.latest(stream))[3]
    fake.touch(till.url, stream, key, proven - CONTRACT.streams[stream].overlap)
    report = till.extract(stream, NOW + HOUR)
    assert [row["_source_key"] for row in till.rows(stream, report.load_id)] == [key]


def test_a_sale_that_commits_after_the_read_is_landed_by_the_next_run(tills):
    tills.extract("receipts")
    table = METADATA.tables["receipts"]
    with tills.connection() as writer:
        at = NOW - CONTRACT.streams["receipts"].settle_lag
        writer.execute(sa.insert(table), fake.stored(writer.dialect, {**receipt("SLOW", at), "updated_at": at}))
        tills.extract("receipts")
        assert "SLOW" not in tills.latest("receipts")
        writer.commit()
    tills.extract("receipts", NOW + HOUR)
    assert "SLOW" in tills.latest("receipts")


def test_the_unit_is_the_store_and_the_chains_prices_have_none(tills):
    for stream in ("customers", "receipts", "receipt_lines", "prices"):
        tills.extract(stream)
        assert all(row["_unit"] == row["store_code"] for row in tills.rows(stream))
    assert {row["_unit"] for row in tills.rows("prices")} >= {None}
    assert {row["_unit"] for row in tills.rows("receipts")} == {"S001", "S002"}


def test_a_customer_flagged_as_deleted_is_a_tombstone_and_comes_back(tills):
    tills.extract("customers")
    key = sorted(tills.latest("customers"))[0]
    fake.delete(tills.url, "customers", key, NOW + HOUR)
    assert tills.extract("customers", NOW + 2 * HOUR).deleted == 1
    gone = tills.latest("customers")[key]
    assert (gone["_deleted"], gone["last_name"], gone["phone"]) == (True, None, None)
    fake.touch(tills.url, "customers", key, NOW + 3 * HOUR, is_deleted=False)
    tills.extract("customers", NOW + 4 * HOUR)
    assert not tills.latest("customers")[key]["_deleted"]


@pytest.mark.parametrize("stream", ["stores", "articles", "prices"])
def test_what_vanishes_without_a_trace_is_a_tombstone_after_the_next_sweep(till, stream):
    wide = till.contract.streams[stream].model_copy(update={"sweep_limit_percent": 60.0})
    till.contract = till.contract.model_copy(update={"streams": {stream: wide}})
    till.extract(stream)
    key = sorted(till.latest(stream))[0]
    fake.delete(till.url, stream, key, NOW + HOUR)
    assert till.extract(stream, NOW + DAY).deleted == 1
    assert till.latest(stream)[key]["_deleted"]


def test_what_a_till_sends_twice_is_one_receipt(tills):
    tills.extract("receipts")
    again = receipt("TWICE", NOW)
    for minute in (1, 2):
        fake.insert(tills.url, "receipts", [again], NOW + timedelta(minutes=minute))
    tills.extract("receipts", NOW + HOUR)
    assert [row["_source_key"] for row in tills.rows("receipts")].count("TWICE") == 1
    assert len(tills.latest("receipts")) == tills.count("receipts")


def test_nothing_is_read_twice_when_nothing_has_changed(tills):
    for stream in STREAMS:
        tills.extract(stream)
        assert tills.extract(stream, NOW + HOUR).rows == 0


def test_a_renamed_column_stops_its_stream_and_no_other(tills):
    with tills.connection() as connection:
        connection.exec_driver_sql("alter table receipts rename column sold_at to sold")
        connection.commit()
    with pytest.raises(Drift, match="sold_at"):
        tills.extract("receipts")
    assert tills.extract("receipt_lines").rows == tills.count("receipt_lines")


def test_the_databases_own_clock_is_heard(tills):
    client = sql.connect(CONTRACT, lambda reference: tills.url)
    heard = client.server_at
    client.close()
    if tills.url.startswith("sqlite"):
        assert heard is None
    else:
        assert abs(heard - datetime.now(UTC)) < timedelta(minutes=1)


def test_the_tables_are_the_contracts(till):
    for stream, spec in CONTRACT.streams.items():
        assert {column.name for column in METADATA.tables[stream].columns} == set(spec.columns)


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_refused_login_and_a_closed_port_are_told_apart_without_the_password(empty_database, tmp_path, kind):
    url = sa.engine.make_url(empty_database(kind))
    closed = Tills(url.set(port=1, password="hunter2").render_as_string(False), settings_at(tmp_path / "home"))
    with pytest.raises(Unreachable) as unreachable:
        closed.extract("stores")
    assert "hunter2" not in str(unreachable.value)
    if kind == "mariadb":
        stranger = Tills(url.set(username="nobody", password="hunter2").render_as_string(False), closed.settings)
        with pytest.raises(BadCredentials) as refused:
            stranger.extract("stores")
        assert "hunter2" not in str(refused.value)


def test_a_long_table_comes_in_pages_of_bounded_size(till):
    fake.insert(till.url, "receipts", [receipt(f"MANY-{n:05}", NOW) for n in range(300)], NOW)
    client = sql.connect(CONTRACT, lambda reference: till.url).on("receipts")
    window = Window(None, NOW)
    sizes = [len(page) for page in sql.read(client, CONTRACT.streams["receipts"], window, rows=100)]
    client.close()
    assert max(sizes) == 100
    assert sum(sizes) == till.count("receipts")
