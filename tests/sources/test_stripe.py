"""Stripe: lists, the event feed with its 30 days, deletions, minor units, and errors in Stripe's own words."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, timedelta
from decimal import Decimal

import pytest

from pipelines.connectors import open_client
from pipelines.extract import extract_stream
from sources.errors import BadCredentials, MissingScope, RepeatingCursor, SourceError
from sources.estate.state import get, instant, list_objects, open_state, put
from sources.estate.world import NOW, generate
from sources.stripe import connector
from sources.stripe.connector import judge
from sources.stripe.fake import API_VERSION, KEY
from sources.stripe.fake_balance import fee_of, movements, payouts
from sources.stripe.fake_settled import refunds
from sources.stripe.money import from_minor, places, to_minor
from tests.sources.served import first_day, serve

__all__ = ["first_day", "serve"]

HOUR = timedelta(hours=1)
CHARGE = {"amount": 1000, "paid": True, "currency": "eur", "payment_intent": "pi_1"}
AUTH = {"authorization": f"Bearer {KEY}"}


@pytest.fixture
def stripe(serve):
    return serve("stripe")


def payload(row):
    return json.loads(row["_payload"])


def epoch(at):
    return str(int(at.timestamp()))


def test_a_full_read_lands_every_customer_charge_refund_and_payout_once(stripe):
    for stream in ("customers", "charges", "refunds", "payouts"):
        report = stripe.extract(stream)
        assert report.full
        assert sorted(row["_source_key"] for row in stripe.rows(stream)) == stripe.keys(stream)
        assert report.rows == len(stripe.keys(stream)) > 10


def test_lists_are_newest_first_and_end_without_more(stripe):
    first = stripe.get("/v1/customers", AUTH, limit=20).json()
    second = stripe.get("/v1/customers", AUTH, limit=100, starting_after=first["data"][-1]["id"]).json()
    stamps = [customer["created"] for customer in first["data"] + second["data"]]
    assert stamps == sorted(stamps, reverse=True)
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert len({customer["id"] for customer in first["data"] + second["data"]}) == len(stripe.keys("customers"))


@pytest.mark.parametrize(
    ("params", "about"),
    [({"limit": 101}, "limit"), ({"updated[gte]": 1}, "updated[gte]"), ({"starting_after": "cus_x"}, "starting_after")],
)
def test_the_stand_in_refuses_what_stripe_refuses(stripe, params, about):
    answer = stripe.get("/v1/customers", AUTH, **params)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["param"] == about


@pytest.mark.parametrize(("bound", "shift"), [("gte", 0), ("gt", 1), ("lte", 0), ("lt", -1)])
def test_bounds_of_creation_are_exact_to_the_second(stripe, bound, shift):
    at = stripe.get("/v1/customers", AUTH, limit=30).json()["data"][-1]["created"]
    found = stripe.get("/v1/customers", AUTH, **{"limit": 100, f"created[{bound}]": at}).json()["data"]
    edge = found[-1] if bound in ("gte", "gt") else found[0]
    assert (edge["created"] == at) is (shift == 0)


def test_an_unchanged_account_lands_nothing_again(stripe):
    stripe.extract("customers")
    again = stripe.extract("customers")
    assert (again.full, again.rows) == (False, 0)
    assert stripe.extract("customers", full=True).rows == 0


def test_a_change_lands_with_the_time_of_its_event(stripe):
    stripe.extract("customers")
    key, at = stripe.keys("customers")[5], NOW + HOUR
    stripe.touch("customers", key, at, email="moved@estate.example")
    report = stripe.extract("customers", at + HOUR)
    (row,) = stripe.rows("customers", report.load_id)
    assert (row["_source_key"], row["_event_text"]) == (key, epoch(at))
    assert row["_event_at"].replace(tzinfo=UTC) == at
    assert payload(row)["email"] == "moved@estate.example"


def test_the_newest_of_several_changes_is_what_lands(stripe):
    stripe.extract("customers")
    key = stripe.keys("customers")[3]
    for minute in (1, 2, 3):
        stripe.touch("customers", key, NOW + timedelta(minutes=minute), description=f"change {minute}")
    report = stripe.extract("customers", NOW + HOUR)
    assert [payload(row)["description"] for row in stripe.rows("customers", report.load_id)] == ["change 3"]


def test_of_two_changes_in_one_second_the_objects_present_state_lands(stripe):
    stripe.extract("charges")
    key, at = stripe.keys("charges")[2], NOW + HOUR
    stripe.touch("charges", key, at, description="first")
    stripe.touch("charges", key, at, description="second")
    with closing(open_state(stripe.state)) as state:
        newest, older = list_objects(state, "event", limit=2, order="updated_at", descending=True)
        assert newest.updated_at == older.updated_at
        for one, other in ((newest, older), (older, newest)):
            put(state, "event", [(one.id, one.updated_at, {**one.body, "data": other.body["data"]})])
    stripe.extract("charges", at + HOUR)
    assert payload(stripe.latest("charges")[key])["description"] == "second"


def test_a_change_on_the_edge_of_the_window_is_landed(stripe):
    proven = stripe.extract("customers").proven_until.replace(tzinfo=UTC)
    key = stripe.keys("customers")[7]
    stripe.touch("customers", key, proven - stripe.contract.streams["customers"].overlap)
    assert stripe.extract("customers", NOW + HOUR).rows == 1
    assert key in stripe.latest("customers")


def test_a_refund_is_a_change_of_its_charge(stripe):
    stripe.extract("charges")
    charge = stripe.keys("charges")[0]
    stripe.touch("charges", charge, NOW + HOUR, amount_refunded=100)
    report = stripe.extract("charges", NOW + 2 * HOUR)
    (row,) = stripe.rows("charges", report.load_id)
    assert payload(row)["amount_refunded"] == 100


def test_a_new_refund_lands_though_no_event_tells_that_it_was_made(stripe):
    stripe.extract("refunds")
    charge = stripe.keys("charges")[0]
    stripe.touch("charges", charge, NOW + HOUR, amount_refunded=100)
    stripe.touch("charges", charge, NOW + HOUR, amount_refunded=150)
    report = stripe.extract("refunds", NOW + 2 * HOUR)
    landed = [payload(row) for row in stripe.rows("refunds", report.load_id)]
    assert sorted((one["charge"], one["amount"], one["status"]) for one in landed) == [
        (charge, 50, "succeeded"),
        (charge, 100, "succeeded"),
    ]
    types = {
        event["type"] for event in stripe.get("/v1/events", AUTH, **{"created[gte]": epoch(NOW + HOUR)}).json()["data"]
    }
    assert types == {"charge.refunded"}


def test_a_refund_that_fails_weeks_later_is_landed_as_failed(stripe):
    stripe.touch("charges", stripe.keys("charges")[0], NOW + HOUR, amount_refunded=100)
    stripe.extract("refunds", NOW + 2 * HOUR)
    (key,) = (key for key, row in stripe.latest("refunds").items() if payload(row)["created"] == int(epoch(NOW + HOUR)))
    stripe.touch("refunds", key, NOW + timedelta(days=20), status="failed", failure_reason="expired_or_canceled_card")
    report = stripe.extract("refunds", NOW + timedelta(days=21))
    (row,) = stripe.rows("refunds", report.load_id)
    assert (row["_source_key"], payload(row)["status"], report.full) == (key, "failed", False)


def test_what_was_given_back_of_a_charge_is_its_refunds_and_a_payout_is_its_days_movements():
    now = NOW.replace(tzinfo=None)
    numbered = [{**CHARGE, "id": f"ch_{n}", "balance_transaction": f"txn_{n}"} for n in range(60)]
    bodies = [
        (body | {"amount_refunded": 300 * (n == 2)}, now - timedelta(days=5 + n % 2), now)
        for n, body in enumerate(numbered)
    ]
    returned, told = refunds(bodies, 7, now)
    assert [one["amount"] for one, *_ in returned if one["status"] == "succeeded"] == [300]
    failed = [one for one, *_ in returned if one["status"] == "failed"]
    assert len(failed) == len({one["charge"] for one in failed}) == len(told) == 12
    assert "ch_2" not in {one["charge"] for one in failed}
    assert all(made <= at <= now for _, made, at in returned)
    later = now + timedelta(days=3)
    sent, _, taken = payouts(movements(bodies, returned, []), later)
    assert {one["status"] for one, *_ in sent} == {"paid"}
    assert sum(one["amount"] for one, *_ in sent) == 60 * (1000 - fee_of(1000)) - 300
    for one, *_ in sent:
        *parts, out = (part for part, _ in taken[one["id"]])
        assert sum(part["net"] for part in parts) == one["amount"] == -out["net"]
    early, _, _ = payouts(movements(bodies, [], []), now - timedelta(days=4))
    assert [one["status"] for one, *_ in early] == ["paid", "in_transit"]


def test_every_movement_lands_once_with_the_payout_that_took_it_and_a_payout_is_their_sum(stripe):
    stripe.extract("balance_transactions")
    stripe.extract("payouts")
    moved = [payload(row) for row in stripe.rows("balance_transactions")]
    assert sorted(one["id"] for one in moved) == stripe.keys("balance_transactions")
    assert any(one["payout"] is None for one in moved)
    for row in stripe.rows("payouts"):
        own = [one for one in moved if one["payout"] == row["_source_key"] and one["type"] != "payout"]
        assert sum(one["net"] for one in own) == payload(row)["amount"]


def test_a_movement_lands_again_once_a_payout_has_taken_it(stripe):
    stripe.extract("balance_transactions")
    waiting = next(row for row in stripe.rows("balance_transactions") if payload(row)["payout"] is None)
    key, at = waiting["_source_key"], NOW + timedelta(days=1)
    with closing(open_state(stripe.state)) as state:
        sent = list_objects(state, "payout", limit=1)[0].body | {"id": "po_next", "created": int(epoch(at))}
        put(state, "payout", [("po_next", at, sent)])
        put(state, "balance_transaction po_next", [(key, at, get(state, "balance_transaction", key).body)])
    report = stripe.extract("balance_transactions", at + HOUR)
    assert [payload(row)["payout"] for row in stripe.rows("balance_transactions", report.load_id)] == ["po_next"]


def test_a_deleted_customer_is_a_tombstone_even_after_a_change_in_the_same_window(stripe):
    stripe.extract("customers")
    key, at = stripe.keys("customers")[4], NOW + HOUR
    stripe.touch("customers", key, NOW + timedelta(minutes=10))
    stripe.delete("customers", key, at)
    report = stripe.extract("customers", at + HOUR)
    (row,) = stripe.rows("customers", report.load_id)
    assert (row["_source_key"], row["_deleted"], row["_payload"]) == (key, True, None)
    assert row["_event_text"] == epoch(at)
    assert stripe.extract("customers", at + 2 * HOUR).rows == 0


def test_a_deleted_customer_answers_by_id_and_stands_in_no_list(stripe):
    key = stripe.keys("customers")[0]
    stripe.delete("customers", key, NOW)
    assert stripe.get(f"/v1/customers/{key}", AUTH).json() == {"id": key, "object": "customer", "deleted": True}
    listed = stripe.get("/v1/customers", AUTH, limit=100).json()["data"]
    assert key not in {customer["id"] for customer in listed}
    assert stripe.get("/v1/customers/cus_never", AUTH).status_code == 404


def test_events_older_than_thirty_days_are_gone(stripe):
    key = stripe.keys("customers")[0]
    stripe.touch("customers", key, NOW)
    stripe.touch("customers", key, NOW + timedelta(days=30))
    stamps = [event["created"] for event in stripe.get("/v1/events", AUTH, limit=100).json()["data"]]
    assert min(stamps) >= int(NOW.timestamp())
    stripe.touch("customers", key, NOW + timedelta(days=31))
    stamps = [event["created"] for event in stripe.get("/v1/events", AUTH, limit=100).json()["data"]]
    assert min(stamps) > int(NOW.timestamp())


@pytest.mark.parametrize(("days", "full"), [(28, False), (29.5, True), (40, True)])
def test_after_an_outage_changes_and_deletions_land_whether_events_still_tell_of_them_or_not(stripe, days, full):
    stripe.extract("customers")
    changed, gone, last = stripe.keys("customers")[:3]
    stripe.touch("customers", changed, NOW + HOUR, description="long ago")
    stripe.delete("customers", gone, NOW + HOUR)
    back = NOW + timedelta(days=days)
    stripe.touch("customers", last, back)
    report = stripe.extract("customers", back + timedelta(minutes=1))
    assert report.full is full
    assert payload(stripe.latest("customers")[changed])["description"] == "long ago"
    assert stripe.latest("customers")[gone]["_deleted"]


def test_amounts_land_as_whole_minor_units_that_name_the_exact_amount(stripe):
    stripe.extract("charges")
    for row in stripe.rows("charges"):
        charge = payload(row)
        assert type(charge["amount"]) is int
        assert from_minor(charge["amount"], charge["currency"]) == Decimal(charge["amount"]) / 100


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("10.50", "EUR", 1050), ("500", "JPY", 500), ("1.234", "KWD", 1234), ("-3.10", "czk", -310), ("7", "UGX", 700)],
)
def test_minor_units_follow_the_currency(amount, currency, minor):
    assert to_minor(Decimal(amount), currency) == minor
    assert from_minor(minor, currency) == Decimal(amount)


def test_a_fraction_of_the_smallest_unit_is_refused():
    with pytest.raises(ValueError, match="JPY"):
        to_minor(Decimal("10.5"), "JPY")
    assert (places("VND"), places("EUR"), places("BHD")) == (0, 2, 3)


def test_no_card_number_lands_whatever_people_type(stripe):
    key = stripe.keys("charges")[0]
    stripe.touch("charges", key, NOW, description="phone order 4242 4242 4242 4242 exp 12/28")
    stripe.extract("charges")
    row = stripe.latest("charges")[key]
    assert "4242 4242" not in row["_payload"]
    assert len(payload(row)["payment_method_details"]["card"]["last4"]) == 4
    assert "number" not in payload(row)["payment_method_details"]["card"]


def test_a_wrong_key_ends_with_one_clear_message(stripe):
    def resolve(reference):
        return "wrong-key-0123" if reference == "env:STRIPE_KEY" else stripe.resolve(reference)

    with pytest.raises(BadCredentials, match="stripe/customers") as failure:
        extract_stream(stripe.contract, "customers", stripe.settings, NOW, resolve)
    assert "0123" not in str(failure.value)
    assert stripe.get("/v1/customers").json()["error"]["message"].startswith("You did not provide")


def test_an_expired_key_and_a_missing_permission_are_named(stripe):
    stripe.running.faults.set("stripe", "expired_token")
    with pytest.raises(BadCredentials, match="api_key_expired"):
        stripe.extract("customers")
    stripe.running.faults.clear()
    stripe.running.faults.set("stripe", "missing_scope")
    with pytest.raises(MissingScope, match="rak_event_read"):
        stripe.extract("customers")
    assert stripe.rows("customers") == []


def test_the_streams_of_one_account_ask_once_what_the_key_may_read(stripe):
    client, asked = open_client(stripe.contract, connector, stripe.resolve), []
    client.account.http.event_hooks["request"].append(lambda request: asked.append(request.url.path))
    stripe.extract("customers", client=client)
    probed = len(asked)
    stripe.extract("disputes", client=client)
    assert [path for path in asked[probed:] if path != "/v1/disputes"] == []
    assert {"/v1/payouts", "/v1/events", "/v1/balance_transactions"} <= set(asked[:probed])


def test_throttling_is_waited_out(stripe):
    stripe.running.faults.set("stripe", "throttled", times=2, retry_after=0)
    assert stripe.extract("customers").rows == len(stripe.keys("customers"))


def test_a_list_that_repeats_its_first_page_fails_loudly(stripe):
    short = stripe.contract.streams["customers"].model_copy(update={"page_size": 10})
    stripe.contract = stripe.contract.model_copy(update={"streams": {"customers": short}})
    stripe.running.faults.set("stripe", "repeating_cursor")
    with pytest.raises(RepeatingCursor):
        stripe.extract("customers")
    assert stripe.rows("customers") == []


def test_an_answer_in_another_api_version_is_refused():
    read = judge(API_VERSION)
    assert read(200, {"stripe-version": API_VERSION}, {"data": []}) is None
    assert read(200, {"stripe-version": "2022-11-15"}, {"data": []}).error is SourceError


def test_errors_never_repeat_what_was_asked_for():
    body = {
        "error": {"type": "invalid_request_error", "message": "No such customer: jan@estate.example", "param": "id"}
    }
    assert "jan@" not in judge(API_VERSION)(400, {}, body).problem


def test_seeding_is_the_same_twice(stripe, tmp_path):
    stripe.fake.seed(generate("retailer2"), tmp_path / "again.db")
    with closing(open_state(tmp_path / "again.db")) as again, closing(open_state(stripe.state)) as state:
        for kind in ("customer", "charge", "event"):
            assert list_objects(again, kind) == list_objects(state, kind)
        assert get(state, "account", "acct_1Estate").updated_at == instant(NOW)
