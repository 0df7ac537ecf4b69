"""A contract that cannot be kept is refused, and the message says where and why."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest
import yaml

from sources.contract import SOURCES, ContractError, load_contract, load_contracts
from sources.facts import parse_duration

STREAM = {"description": "Things.", "domain": "reference", "columns": {"id": {}, "at": {"type": "timestamp"}}}
CONTRACT = {"system": "acme", "kind": "rest", "description": "A shop.", "owner": "us", "endpoint": "env:ACME"}


def write(tmp_path, stream=None, **contract):
    path = tmp_path / "acme" / "contract.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump({**CONTRACT, "streams": {"things": {**STREAM, **(stream or {})}}, **contract}))
    return path


def test_what_a_stream_does_not_state_has_a_default(tmp_path):
    stream = load_contract(write(tmp_path)).streams["things"]
    assert (stream.primary_key, stream.lower_inclusive, stream.overlap) == ("id", True, timedelta(minutes=5))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"colour": "red"}, "streams.things.colour"),
        ({"primary_key": "uuid"}, "primary_key 'uuid' is not among the columns"),
        ({"event_time": "sold_at"}, "event_time 'sold_at' is not among the columns"),
        ({"merge_field": "merged"}, "merge_field 'merged' is not among the columns"),
        ({"freshness": {"basis": "event", "by": "store"}}, "freshness.by 'store' is not among the columns"),
        ({"delete_mode": "flag"}, "delete_flag belongs to delete_mode flag"),
        ({"delete_flag": "gone"}, "delete_flag belongs to delete_mode flag"),
        ({"overlap": "soon"}, "'soon' is not a duration"),
        ({"sla": {"warn": "2h", "fail": "1h"}}, "sla.warn must not be longer"),
        ({"columns": {"id": {"type": "money"}}}, "streams.things.columns.id.type"),
    ],
)
def test_a_stream_that_cannot_be_kept_is_refused(tmp_path, wrong, why):
    with pytest.raises(ContractError, match=r"^acme/contract.yml: ") as raised:
        load_contract(write(tmp_path, wrong))
    assert why in str(raised.value)


def test_a_secret_is_a_reference_and_never_a_value(tmp_path):
    with pytest.raises(ContractError, match="token must be a reference such as env:ACME_TOKEN, never a value"):
        load_contract(write(tmp_path, secrets={"token": "abc"}))


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("6h", 21600), ("7d", 604800), (" 5 m ", 300)]
)
def test_durations_are_a_number_and_a_unit(text, seconds):
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize(("system", "contract"), load_contracts().items())
def test_every_personal_column_of_a_customer_stream_is_classified(system, contract):
    for name, stream in contract.streams.items():
        if stream.domain == "customers":
            assert stream.pii, f"{system}/{name} has no column of class pii"


def test_no_survivorship_order_names_a_system_whose_people_are_evidence_alone():
    with (SOURCES.parent / "dbt_project/seeds/survivorship.csv").open() as seed:
        named = {system for row in csv.DictReader(seed) for system in row["systems"].split(" > ")}
    evidence = {system for system, contract in load_contracts().items() if contract.identity_only}
    assert evidence >= {"paypal", "zendesk", "klaviyo", "xero", "easypost"}
    assert evidence & named == set()


def test_a_column_in_short_says_the_same_as_at_length(tmp_path):
    short = {"amount": "decimal(2) commercial required", "at": "timestamp Europe/Prague", "id": ""}
    long = {
        "amount": {"type": "decimal", "scale": 2, "class": "commercial", "required": True},
        "at": {"type": "timestamp", "timezone": "Europe/Prague"},
        "id": {},
    }
    told = [load_contract(write(tmp_path, {"columns": columns})).streams["things"].columns for columns in (short, long)]
    assert told[0] == told[1]
    with pytest.raises(ContractError, match="'secret' is no type, no class, no time zone and not `required`"):
        load_contract(write(tmp_path, {"columns": {"id": "secret", "at": "timestamp"}}))


def test_columns_that_all_streams_have_are_stated_once_and_taken_away_by_null(tmp_path):
    shared = {"columns": {"id": "public", "at": "timestamp required"}}
    own = {**STREAM, "columns": {"id": "integer", "at": None, "name": "pii"}}
    whole = {**STREAM, "columns": {"name": "pii"}}
    path = write(tmp_path, defaults=shared, streams={"things": own, "others": whole})
    streams = load_contract(path).streams
    assert streams["things"].columns.keys() == {"id", "name"}
    assert streams["things"].columns["id"].type == "integer"
    assert streams["others"].columns.keys() == {"id", "at", "name"}
