"""Freshness is told by the time of events: backfills, running-ahead clocks and quiet streams must not fool it."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from pipelines.cursors import State, commit_cursor
from pipelines.freshness import judge, measure, newest_events, spoken
from pipelines.landing import LoadWriter, landing_schema
from pipelines.ledger import open_ledger
from pipelines.resources import Settings
from sources.contract import Contract
from sources.records import NEVER

NOW = datetime(2026, 3, 29, 15, 0, tzinfo=UTC)
AT = NOW.replace(tzinfo=None)
COLUMNS = {"id": {"required": True}, "store": {}, "at": {"type": "timestamp"}}


def contract(**streams: dict) -> Contract:
    body = {"description": "x", "columns": COLUMNS, "cursor": "at", "domain": "customers"}
    return Contract.model_validate(
        {
            "system": "tills",
            "kind": "sql",
            "description": "Tills.",
            "owner": "stores",
            "endpoint": "env:TILLS_URL",
            "streams": {name: body | said for name, said in streams.items()},
        }
    )


@pytest.fixture
def tills() -> dict[str, Contract]:
    by_store = {"basis": "event", "by": "store", "pulse": "receipts", "on_stale": "hold_rows"}
    made = contract(
        customers={"sla": {"warn": "30m", "fail": "2h"}, "freshness": by_store},
        receipts={"sla": {"warn": "30m", "fail": "1h"}, "domain": "orders"},
    )
    return {"tills": made}


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")


def land(settings: Settings, contracts: dict, stream: str, rows: list[tuple], read_at: datetime = AT) -> None:
    """Land rows of (key, store, event time)."""
    made = contracts["tills"]
    schema = landing_schema(made, made.streams[stream])
    load_id = f"{read_at:%Y%m%dT%H%M%S%f}-{len(rows):08x}"
    writer = LoadWriter(settings.landing, "tills", stream, load_id, schema)
    envelope = {"_system": "tills", "_stream": stream, "_load_id": load_id, "_extracted_at": read_at, "_deleted": False}
    records = [
        envelope
        | {"_source_key": key, "_unit": store, "_event_at": at, "_payload_hash": key, "id": key, "store": store}
        for key, store, at in rows
    ]
    writer.write(pa.RecordBatch.from_pylist(records, schema))
    proof = {"full": False, "lower": None, "upper": "", "position": None, "contract_fingerprint": ""}
    writer.commit(proven_until=read_at.isoformat(), extracted_at=read_at.isoformat(), **proof)


def prove(settings: Settings, stream: str, until: datetime) -> None:
    engine = open_ledger(settings.ledger_url)
    load_id = f"{until:%Y%m%dT%H%M%S%f}-00000000"
    commit_cursor(engine, "tills", stream, load_id, State(until, landed=True), until)


def states(settings: Settings, contracts: dict, now: datetime = NOW) -> dict[tuple[str, str | None], str]:
    """State by stream and unit."""
    readings = judge(contracts, measure(settings, contracts), now)
    return {(one.watermark.stream, one.watermark.unit): one.state for one in readings}


def test_a_store_that_stops_selling_is_stale_and_the_others_are_not(settings, tills):
    land(settings, tills, "receipts", [("1", "S1", AT - timedelta(hours=6)), ("2", "S2", AT - timedelta(minutes=5))])
    prove(settings, "customers", AT)
    prove(settings, "receipts", AT)
    found = states(settings, tills)
    assert found["customers", "S1"] == "stale"
    assert found["customers", "S2"] == "fresh"
    assert found["customers", None] == "fresh"


def test_a_backfill_of_old_events_does_not_make_a_store_fresh(settings, tills):
    land(settings, tills, "receipts", [("1", "S1", AT - timedelta(hours=6))], AT - timedelta(hours=6))
    land(settings, tills, "receipts", [("0", "S1", AT - timedelta(days=30))], AT)
    prove(settings, "customers", AT)
    assert states(settings, tills)["customers", "S1"] == "stale"


def test_a_till_whose_clock_runs_ahead_does_not_hide_darkness(settings, tills):
    read = AT - timedelta(hours=6)
    land(settings, tills, "receipts", [("1", "S1", AT + timedelta(days=1))], read)
    prove(settings, "customers", AT)
    assert newest_events(settings, tills["tills"], "receipts") == {"S1": read}
    assert states(settings, tills)["customers", "S1"] == "stale"


def test_a_stream_that_is_no_longer_read_is_stale_however_lively_its_pulse(settings, tills):
    land(settings, tills, "receipts", [("1", "S1", AT)])
    prove(settings, "customers", AT - timedelta(hours=3))
    found = states(settings, tills)
    assert found["customers", "S1"] == "fresh"
    assert found["customers", None] == "stale"


def test_a_store_that_has_customers_but_never_sold_is_stale(settings, tills):
    land(settings, tills, "customers", [("C1", "S9", AT)])
    prove(settings, "customers", AT)
    assert states(settings, tills)["customers", "S9"] == "stale"


def test_what_was_never_read_is_stale(settings, tills):
    assert set(states(settings, tills).values()) == {"stale"}


def test_of_a_source_that_has_shown_nothing_yet_no_age_is_told(settings, tills):
    prove(settings, "customers", NEVER)
    assert {mark.at for mark in measure(settings, tills) if mark.stream == "customers"} == {None}


def test_a_system_that_is_disconnected_grows_stale_once_it_has_landed_anything(settings, tills):
    apart = {"tills": tills["tills"].model_copy(update={"state": "approved"})}
    assert states(settings, apart) == {}
    land(settings, apart, "receipts", [("1", "S1", AT)])
    prove(settings, "receipts", AT - timedelta(hours=3))
    assert states(settings, apart)["receipts", None] == "stale"


def test_the_sla_is_the_one_in_the_contract_at_this_moment(settings, tills):
    prove(settings, "receipts", AT - timedelta(minutes=40))
    marks = measure(settings, tills)
    stricter = {"tills": contract(receipts={"sla": {"warn": "5m", "fail": "10m"}, "domain": "orders"})}
    assert [one.state for one in judge(tills, marks, NOW) if one.watermark.stream == "receipts"] == ["late"]
    assert [one.state for one in judge(stricter, marks, NOW) if one.watermark.stream == "receipts"] == ["stale"]


def test_a_store_may_be_as_quiet_as_its_pulse_may_be(settings, tills):
    strict = contract(
        prices={
            "sla": {"warn": "5m", "fail": "15m"},
            "domain": "prices",
            "freshness": {"basis": "event", "by": "store", "pulse": "receipts", "on_stale": "hold_rows"},
        },
        receipts={"sla": {"warn": "30m", "fail": "1h"}, "domain": "orders"},
    )
    land(settings, {"tills": strict}, "receipts", [("1", "S1", AT - timedelta(minutes=25))])
    prove(settings, "prices", AT - timedelta(minutes=25))
    found = states(settings, {"tills": strict})
    assert found["prices", "S1"] == "fresh"
    assert found["prices", None] == "stale"


def test_a_stale_sentence_names_place_age_and_allowance(settings, tills):
    land(settings, tills, "receipts", [("1", "S1", AT - timedelta(hours=6, minutes=2))])
    dark = next(one for one in judge(tills, measure(settings, tills), NOW) if one.watermark.unit == "S1")
    assert dark.sentence == "tills/S1 (customers): newest event 6 h 2 min ago, allowed 2 h"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (86400 * 3 + 7200, "3 d 2 h"), (3600, "1 h")]
)
def test_ages_are_spoken_in_their_two_largest_units(seconds, text):
    assert spoken(timedelta(seconds=seconds)) == text
