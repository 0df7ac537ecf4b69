"""Mailchimp's members: another address is another id there and the same record here; archiving is a deletion."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from sources.estate.world import NOW
from tests.sources.served import first_day, serve

__all__ = ["first_day", "serve"]


@pytest.fixture
def newsletters(serve):
    served = serve("mailchimp")
    served.extract("members")
    return served


def test_a_member_who_changes_the_address_stays_one_record_under_another_id(newsletters):
    key = newsletters.keys("members")[3]
    before = json.loads(newsletters.latest("members")[key]["_payload"])
    newsletters.touch("members", key, NOW + timedelta(hours=1), email_address="new@estate.example")
    newsletters.extract("members", now=NOW + timedelta(days=2))
    after = json.loads(newsletters.latest("members")[key]["_payload"])
    assert after["email_address"] == "new@estate.example"
    assert after["id"] != before["id"]
    assert {row["_source_key"] for row in newsletters.rows("members")} == set(newsletters.keys("members"))


def test_an_archived_member_is_deleted_by_the_next_run_and_comes_back_with_the_next_one(newsletters):
    key = newsletters.keys("members")[3]
    newsletters.fake.archive(newsletters.state, key, NOW + timedelta(hours=1))
    newsletters.extract("members", now=NOW + timedelta(hours=3))
    assert newsletters.latest("members")[key]["_deleted"]
    newsletters.touch("members", key, NOW + timedelta(hours=4), status="subscribed")
    newsletters.extract("members", now=NOW + timedelta(hours=5))
    assert not newsletters.latest("members")[key]["_deleted"]


def test_members_of_every_audience_and_status_are_read(newsletters):
    told = [json.loads(row["_payload"]) for row in newsletters.latest("members").values()]
    assert len({one["list_id"] for one in told}) == 2
    assert {one["status"] for one in told} == {"subscribed", "unsubscribed", "cleaned", "pending"}
