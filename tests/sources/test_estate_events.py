"""Life after the first day: trade, outages, changes and deletions, seen in the systems' own databases."""

import sqlite3
from datetime import datetime, timedelta

import pytest

from sources.estate import events, shifts
from sources.estate.endpoints import advance, clock
from sources.estate.server import generate_estate
from sources.estate.world import NOW


@pytest.fixture
def folder(tmp_path):
    return generate_estate("retailer2", tmp_path, systems=("pos", "shopify"))


def rows(folder, query, *values):
    connection = sqlite3.connect(folder / "pos.db")
    found = connection.execute(query, values).fetchall()
    connection.close()
    return found


def latest(folder) -> dict[str, datetime]:
    found = rows(folder, "select store_code, max(updated_at) from receipts group by 1")
    return {store: datetime.fromisoformat(at) for store, at in found}


def test_the_clock_stands_still_until_advanced(folder):
    assert clock(folder) == NOW
    advance(folder, timedelta(minutes=15))
    assert clock(folder) == NOW + timedelta(minutes=15)


def test_open_stores_sell_and_a_dark_store_is_silent(folder):
    before = latest(folder)
    made = shifts.trade(folder, hours=1, dark=("S002",))
    assert min(made.values()) > 12
    after = latest(folder)
    assert after["S001"] > before["S001"]
    assert after["S002"] == before["S002"]


def test_a_late_store_ends_with_the_same_sales_as_one_that_was_never_dark(tmp_path):
    dark, bright = (generate_estate("retailer2", tmp_path / name, systems=("pos",)) for name in ("dark", "bright"))
    shifts.trade(dark, hours=2, dark=("S002",), receipts=30)
    shifts.reconnect(dark, "S002", fast=timedelta(0))
    shifts.trade(bright, hours=2, receipts=30)
    for query in (
        "select receipt_code, total_amount, sold_at from receipts order by 1",
        "select receipt_code, amount, paid_at from tenders order by tender_code",
        "select line_code, article_code, total_amount from receipt_lines order by 1",
        "select customer_code, last_name, street, phone from customers order by 1",
    ):
        assert rows(dark, query) == rows(bright, query)


def test_a_late_batch_repeats_messages_and_carries_its_fast_clock(folder):
    made = shifts.trade(folder, hours=1, dark=("S002",), receipts=40)["S002"]
    known = rows(folder, "select count(*) from receipts where store_code = 'S002'")[0][0]
    arrived = shifts.reconnect(folder, "S002")
    assert arrived == made + round(made * 0.05)
    assert rows(folder, "select count(*) from receipts where store_code = 'S002'") == [(known + 40,)]
    sold, arrives = rows(folder, "select max(sold_at), max(updated_at) from receipts where receipt_code like 'R002%'")[
        0
    ]
    ahead = datetime.fromisoformat(sold) - timedelta(hours=2) - (NOW.replace(tzinfo=None) + timedelta(hours=1))
    assert timedelta(minutes=3) < ahead < timedelta(minutes=7)
    assert datetime.fromisoformat(arrives) <= clock(folder).replace(tzinfo=None)


def test_messages_of_a_late_batch_arrive_out_of_order(folder):
    shifts.trade(folder, hours=1, dark=("S002",), receipts=200)
    shifts.reconnect(folder, "S002")
    arrived = rows(folder, "select sold_at, updated_at from receipts where receipt_code like 'R002%'")
    by_sale = [updated for _, updated in sorted(arrived)]
    assert by_sale != sorted(by_sale)


def test_a_day_of_change_touches_the_asked_share_and_is_newer_than_the_first_day(folder):
    changed = events.change_share(folder, 0.1)
    assert changed["pos/customers"] == round(0.1 * len(events.keys(folder, "pos", "customers")))
    newer = rows(folder, "select count(*) from customers where updated_at > '2026-03-29 15:30'")
    assert newer == [(changed["pos/customers"],)]
    assert changed["shopify/customers"] > 0


def test_an_edit_a_deletion_and_a_merge_happen_at_the_source(folder):
    one, two, three = events.keys(folder, "shopify", "customers")[:3]
    events.delete(folder, "shopify", "customers", one)
    events.merge_customers(folder, "shopify", two, three)
    left = events.keys(folder, "shopify", "customers")
    assert two in left
    assert not {one, three} & set(left)
    code = events.keys(folder, "pos", "customers")[0]
    events.edit(folder, "pos", "customers", code, last_name="Changed")
    assert rows(folder, "select last_name from customers where customer_code = ?", code) == [("Changed",)]


def test_a_renamed_column_is_gone_under_its_old_name(folder):
    events.rename_column(folder, "customers", "phone", "telephone")
    names = [row[1] for row in rows(folder, "pragma table_info(customers)")]
    assert "telephone" in names
    assert "phone" not in names


def test_what_a_system_cannot_do_is_refused_with_its_name(folder):
    with pytest.raises(events.NotThere, match="pos"):
        events.merge_customers(folder, "pos", "C000001", "C000002")
