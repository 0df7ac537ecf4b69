"""QuickBooks, beyond what every contract keeps: its feed of changes lies about deletions, and ends without a word."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from sources.errors import CapCrossed
from sources.estate.state import open_state, put
from sources.estate.world import NOW
from tests.sources.served import first_day, serve

__all__ = ["first_day", "serve"]

HOUR = timedelta(hours=1)


def test_a_record_that_the_feed_calls_deleted_and_a_query_still_finds_stays(serve):
    books = serve("quickbooks")
    books.extract("invoices")
    stays, goes = books.keys("invoices")[:2]
    books.delete("invoices", goes, NOW + HOUR)
    told = {"Id": stays, "status": "Deleted", "MetaData": {"LastUpdatedTime": "2026-03-29T08:00:00-08:00"}}
    with closing(open_state(books.state)) as connection:
        put(connection, "Invoice gone", [(stays, NOW + HOUR, told)])
    report = books.extract("invoices", NOW + 2 * HOUR)
    gone = [key for key, row in books.latest("invoices").items() if row["_deleted"]]
    assert (report.deleted, gone) == (1, [goes])


def test_a_feed_that_may_have_left_out_changes_is_refused_until_everything_is_read_anew(serve):
    books = serve("quickbooks")
    books.extract("payments")
    goes = books.keys("payments")[0]
    books.delete("payments", goes, NOW + HOUR)
    told = {"status": "Deleted", "MetaData": {"LastUpdatedTime": "2026-03-29T08:00:00-08:00"}}
    with closing(open_state(books.state)) as connection:
        put(connection, "Payment gone", [(f"9{n:06}", NOW + HOUR, {"Id": f"9{n:06}", **told}) for n in range(1_000)])
    with pytest.raises(CapCrossed, match="--full"):
        books.extract("payments", NOW + 2 * HOUR)
    report = books.extract("payments", NOW + 2 * HOUR, full=True)
    assert report.deleted == 1
    assert books.latest("payments")[goes]["_deleted"]


def test_an_inactive_customer_is_asked_for_and_gone(serve):
    books = serve("quickbooks")
    key = books.keys("customers")[0]
    books.extract("customers")
    books.delete("customers", key, NOW + HOUR)
    with closing(sqlite3.connect(books.state)) as connection:
        assert connection.execute("select count(*) from objects where id = ? and deleted = 0", (key,)).fetchone()[0]
    assert books.extract("customers", NOW + 2 * HOUR).deleted == 1
