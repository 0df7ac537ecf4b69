"""Uber Eats, beyond what every contract keeps: an order is listed until it is accepted, and followed until it ends."""

from __future__ import annotations

import json
from datetime import timedelta

from sources.estate.world import NOW
from tests.sources.served import first_day, serve

__all__ = ["first_day", "serve"]


def states(uber):
    return {key: json.loads(row["_payload"])["current_state"] for key, row in uber.latest("orders").items()}


def test_an_order_that_was_seen_waiting_is_followed_until_it_has_ended(serve):
    uber = serve("ubereats")
    uber.extract("orders")
    eaten, refused, going = uber.keys("orders")[:3]
    for minutes, (key, state) in enumerate([(eaten, "ACCEPTED"), (refused, "DENIED"), (going, "ACCEPTED")], 1):
        uber.touch("orders", key, NOW + timedelta(minutes=minutes), current_state=state)
    uber.extract("orders", NOW + timedelta(minutes=10))
    assert [states(uber)[key] for key in (eaten, refused, going)] == ["ACCEPTED", "DENIED", "ACCEPTED"]
    uber.touch("orders", eaten, NOW + timedelta(minutes=40), current_state="FINISHED")
    uber.extract("orders", NOW + timedelta(minutes=50))
    assert states(uber)[eaten] == "FINISHED"
    before = len(uber.rows("orders"))
    uber.touch("orders", refused, NOW + timedelta(hours=1), external_reference_id="too late")
    uber.extract("orders", NOW + timedelta(hours=2))
    assert len(uber.rows("orders")) == before


def test_a_menu_is_of_the_store_that_it_was_asked_for(serve):
    uber = serve("ubereats")
    uber.extract("stores")
    uber.extract("menu_items")
    items = [json.loads(row["_payload"]) for row in uber.rows("menu_items")]
    assert {item["store_id"] for item in items} == set(uber.latest("stores"))
