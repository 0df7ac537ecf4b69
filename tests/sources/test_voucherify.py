"""Voucherify: the cap of 99 pages, stamps shared by many, drift between pages, hard deletes, and balances."""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.connectors import open_client
from sources.contract import load_contracts
from sources.errors import BadCredentials, CapCrossed, MissingScope, RepeatingCursor, ShortRead, SweepRefused
from sources.estate.state import get, open_state, put
from sources.estate.world import NOW, generate
from sources.http import by_facts
from sources.records import Window
from sources.voucherify import connector
from sources.voucherify.fake import APP_ID, APP_TOKEN
from tests.sources.served import first_day, serve

__all__ = ["first_day", "serve"]

HOUR = timedelta(hours=1)
AUTH = {"x-app-id": APP_ID, "x-app-token": APP_TOKEN}


@pytest.fixture
def voucherify(serve):
    return serve("voucherify")


def payload(row):
    return json.loads(row["_payload"])


def crowd(voucherify, count, stamp):
    """`count` more members; `stamp(n)` is when the n-th was created and last changed."""
    with closing(open_state(voucherify.state)) as state:
        body = get(state, "customer", voucherify.keys("customers")[0]).body
        state.execute("begin")
        for n in range(count):
            at = stamp(n).astimezone(UTC)
            text = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
            put(
                state,
                "customer",
                [(f"crowd{n:06}", at, {**body, "id": f"crowd{n:06}", "created_at": text, "updated_at": text})],
            )
        state.execute("commit")


def test_a_full_read_lands_every_member_and_card_once(voucherify):
    for stream in ("customers", "vouchers"):
        report = voucherify.extract(stream)
        assert report.full
        assert sorted(row["_source_key"] for row in voucherify.rows(stream)) == voucherify.keys(stream)
        assert report.rows > 100


def test_a_cards_balance_is_the_sum_of_its_points_and_orders_of_the_shop_earned_some_of_them(voucherify):
    voucherify.extract("vouchers")
    voucherify.extract("points")
    booked = [json.loads(row["_payload"]) for row in voucherify.rows("points")]
    assert sorted(one["id"] for one in booked) == voucherify.keys("points")
    sums = defaultdict(int)
    for one in booked:
        sums[one["voucher_id"]] += one["details"]["balance"]["points"]
    cards = [json.loads(row["_payload"]) for row in voucherify.rows("vouchers")]
    assert {card["id"]: card["loyalty_card"]["balance"] for card in cards} == {
        card["id"]: sums[card["id"]] for card in cards
    }
    assert sum("order" in one["details"] for one in booked) > 5


def test_new_points_are_read_from_the_newest_down_to_where_the_last_run_ended(voucherify):
    small = voucherify.contract.streams["points"].model_copy(update={"page_size": 20})
    voucherify.contract = voucherify.contract.model_copy(update={"streams": {"points": small}})
    voucherify.extract("points")
    keys = voucherify.keys("points")[:25]
    for number, key in enumerate(keys):
        voucherify.touch("points", key, NOW + timedelta(seconds=number))
    report = voucherify.extract("points", NOW + HOUR)
    assert sorted(row["_source_key"] for row in voucherify.rows("points", report.load_id)) == sorted(keys)
    assert len(keys) <= report.received <= 2 * 20 < len(voucherify.keys("points"))


def test_more_members_than_ninety_nine_pages_hold_all_land(voucherify):
    crowd(voucherify, 9_950, lambda n: NOW - timedelta(hours=1, seconds=n // 250))
    assert voucherify.extract("customers").rows == len(voucherify.keys("customers")) > 9_900


def test_more_members_of_one_stamp_than_pages_can_show_are_refused_not_lost(voucherify):
    short = voucherify.contract.streams["customers"].model_copy(update={"page_size": 20, "page_cap": 6})
    voucherify.contract = voucherify.contract.model_copy(update={"streams": {"customers": short}})
    crowd(voucherify, 119, lambda n: NOW - HOUR)
    assert voucherify.extract("customers").rows > 119
    crowd(voucherify, 160, lambda n: NOW - HOUR)
    with pytest.raises(CapCrossed, match="created_at"):
        voucherify.extract("customers", full=True)


@pytest.mark.parametrize("shift", [0, 1, 33, 66, 67, 68, 99])
def test_however_stamps_and_pages_interlock_nobody_is_left_out(voucherify, shift):
    crowd(voucherify, shift + 900, lambda n: NOW - timedelta(hours=1, seconds=max(0, n - shift) // 300))
    assert voucherify.extract("customers").rows == len(voucherify.keys("customers"))


@pytest.mark.parametrize("params", [{"limit": 101}, {"page": 100}, {"order": "name"}, {"updated_after": "2026"}])
def test_the_stand_in_refuses_what_voucherify_refuses(voucherify, params):
    answer = voucherify.get("/v1/customers", AUTH, **params)
    assert answer.status_code == 400
    assert answer.json()["key"] == "invalid_query_params"


def test_the_filter_by_update_leaves_out_its_own_edge(voucherify):
    key = voucherify.keys("customers")[0]
    voucherify.touch("customers", key, NOW)
    edge = {"updated_at[after]": "2026-03-29T15:00:00.000Z"}
    assert voucherify.get("/v1/customers", AUTH, **edge).json()["total"] == 0
    before = {"updated_at[after]": "2026-03-29T14:59:59.999Z"}
    assert [one["id"] for one in voucherify.get("/v1/customers", AUTH, **before).json()["customers"]] == [key]


def test_a_change_on_the_edge_of_the_window_is_landed(voucherify):
    proven = voucherify.extract("customers").proven_until.replace(tzinfo=UTC)
    key = voucherify.keys("customers")[7]
    voucherify.touch("customers", key, proven - voucherify.contract.streams["customers"].overlap)
    report = voucherify.extract("customers", NOW + HOUR)
    assert [row["_source_key"] for row in voucherify.rows("customers", report.load_id)] == [key]


def test_changes_and_deletions_between_pages_lose_nobody(voucherify):
    voucherify.contract = load_small(voucherify)
    client = open_client(voucherify.contract, connector, voucherify.resolve).on("customers")
    known = set(voucherify.keys("customers"))
    window = Window(datetime(2020, 1, 1, tzinfo=UTC), NOW)
    pages = connector.customers(client, voucherify.contract.streams["customers"], window)
    seen, first = set(), next(pages).records
    voucherify.delete("customers", first[0]["id"], NOW)
    voucherify.touch("customers", first[1]["id"], NOW)
    for page in pages:
        seen |= {record["id"] for record in page.records}
    assert seen | {record["id"] for record in first} == known


def load_small(voucherify):
    small = voucherify.contract.streams["customers"].model_copy(update={"page_size": 10})
    return voucherify.contract.model_copy(update={"streams": {"customers": small}})


def test_a_card_that_was_never_updated_is_landed_when_it_is_new(voucherify):
    voucherify.extract("vouchers")
    with closing(open_state(voucherify.state)) as state:
        body = get(state, "voucher", voucherify.keys("vouchers")[0]).body
        fresh = {**body, "id": "v_fresh", "code": "fresh", "created_at": "2026-03-29T15:30:00.000Z", "updated_at": None}
        put(state, "voucher", [("v_fresh", "", fresh)])
    report = voucherify.extract("vouchers", NOW + HOUR)
    assert [row["_source_key"] for row in voucherify.rows("vouchers", report.load_id)] == ["v_fresh"]


def test_a_deleted_member_is_a_tombstone_after_the_next_sweep(voucherify):
    voucherify.extract("customers")
    key = voucherify.keys("customers")[0]
    voucherify.delete("customers", key, NOW + HOUR)
    assert voucherify.extract("customers", NOW + 2 * HOUR).deleted == 0
    assert voucherify.extract("customers", NOW + timedelta(days=1)).deleted == 1
    assert voucherify.latest("customers")[key]["_deleted"]


def test_an_empty_answer_deletes_nobody(voucherify):
    voucherify.extract("customers")
    with closing(open_state(voucherify.state)) as state:
        state.execute("update objects set deleted = 1 where type = 'customer'")
    with pytest.raises(SweepRefused):
        voucherify.extract("customers", NOW + timedelta(days=1))
    assert not any(row["_deleted"] for row in voucherify.rows("customers"))


def test_balances_are_what_was_earned_less_what_is_gone(voucherify):
    voucherify.extract("vouchers")
    balances = {}
    for row in voucherify.rows("vouchers"):
        card = payload(row)
        points, spent = card["loyalty_card"], card["redemption"]["redeemed_points"]
        assert points["balance"] == points["points"] - points["expired_points"] - points["subtracted_points"] - spent
        balances[card["code"]] = points["balance"]
    truth = generate("retailer2").loyalty
    assert balances == dict(zip(truth["code"].to_pylist(), truth["points"].to_pylist(), strict=True))


def test_only_loyalty_cards_are_asked_for(voucherify):
    with closing(open_state(voucherify.state)) as state:
        body = get(state, "voucher", voucherify.keys("vouchers")[0]).body
        coupon = {**body, "id": "v_coupon", "code": "SPRING", "type": "DISCOUNT_VOUCHER", "category": "COUPON"}
        put(state, "voucher", [("v_coupon", NOW, coupon)])
    voucherify.extract("vouchers")
    assert "v_coupon" not in voucherify.latest("vouchers")
    assert len(voucherify.latest("vouchers")) > 100


def test_a_total_that_is_not_reached_fails_the_run(voucherify):
    def short(client, stream, window):
        pages = list(connector.customers(client, stream, window))
        return pages[1:]

    class Short:
        customers = staticmethod(short)

    with pytest.raises(ShortRead):
        voucherify.extract("customers", connector=Short)
    assert voucherify.rows("customers") == []


@pytest.mark.parametrize(
    ("fault", "error", "about"),
    [("expired_token", BadCredentials, "unauthorized"), ("missing_scope", MissingScope, "access_denied")],
)
def test_refused_credentials_and_roles_are_told_apart(voucherify, fault, error, about):
    voucherify.running.faults.set("voucherify", fault)
    with pytest.raises(error, match=about):
        voucherify.extract("customers")
    assert voucherify.rows("customers") == []


def test_throttling_is_waited_out(voucherify):
    voucherify.running.faults.set("voucherify", "throttled", times=2, retry_after=0)
    assert voucherify.extract("vouchers").rows == len(voucherify.keys("vouchers"))


@pytest.mark.parametrize("stream", ["customers", "vouchers"])
def test_a_list_that_repeats_its_first_page_fails_loudly(voucherify, stream):
    voucherify.running.faults.set("voucherify", "repeating_cursor")
    with pytest.raises(RepeatingCursor):
        voucherify.extract(stream)


def test_errors_never_repeat_what_was_asked_for():
    body = {
        "code": 404,
        "key": "not_found",
        "message": "Resource not found",
        "details": "Cannot find jan@estate.example",
    }
    verdict = by_facts(load_contracts()["voucherify"].error, 404, body)
    assert "jan@" not in verdict.problem
    assert "not_found" in verdict.problem
