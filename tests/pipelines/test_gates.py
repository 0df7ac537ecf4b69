"""A gate closes the domain that is stale or broken, holds what rests on a dark store, and lets the rest go on."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.freshness import Watermark
from pipelines.gates import domains_of, evaluate, last_build, record_build
from pipelines.resources import Settings
from sources.contract import load_contracts

NOW = datetime(2026, 3, 29, 15, 0, tzinfo=UTC)
AT = NOW.replace(tzinfo=None)
CONTRACTS = load_contracts()


def node(name: str, layer: str, domain: str, parents: list[str]) -> dict:
    return {
        "name": name,
        "fqn": ["assay", layer, domain, name],
        "depends_on": {"nodes": parents},
        "resource_type": "model",
    }


NODES = {
    "model.assay.stg_pos__prices": node("stg_pos__prices", "staging", "pos", ["source.assay.pos.prices"]),
    "model.assay.golden_customers": node("golden_customers", "golden", "customers", []),
    "model.assay.publish_odoo__product_product": node("publish_odoo__product_product", "publish", "odoo", []),
    "test.assay.customers_have_names": {
        "name": "customers_have_names",
        "fqn": ["assay", "customers_have_names"],
        "attached_node": "model.assay.golden_customers",
        "resource_type": "test",
    },
    "test.assay.prices_are_positive": {
        "name": "prices_are_positive",
        "fqn": ["assay", "prices_are_positive"],
        "resource_type": "test",
    },
}
SOURCES = {
    f"source.assay.{system}.{name}": {"config": {"meta": {"domain": stream.domain}}}
    for system, contract in CONTRACTS.items()
    for name, stream in contract.streams.items()
}
MANIFEST = {
    "nodes": NODES,
    "sources": SOURCES,
    "parent_map": {
        "model.assay.stg_pos__prices": ["source.assay.pos.prices"],
        "test.assay.prices_are_positive": ["model.assay.stg_pos__prices"],
    },
}


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")


def dbt_said(settings: Settings, **statuses: str) -> None:
    """Artifacts as dbt leaves them: a status by the name of a node."""
    target = settings.home / "dbt"
    target.mkdir(exist_ok=True)
    results = [
        {"unique_id": key, "status": statuses.get(one["name"], "success"), "failures": 3} for key, one in NODES.items()
    ]
    results.append({"unique_id": "exposure.assay.odoo", "status": "skipped", "failures": None})
    (target / "manifest.json").write_text(json.dumps(MANIFEST))
    (target / "run_results.json").write_text(json.dumps({"results": results}))


def all_fresh() -> list[Watermark]:
    """Every stream read to its end just now, and two stores that sell."""
    marks = []
    for system, contract in CONTRACTS.items():
        for name, stream in contract.streams.items():
            marks.append(Watermark(system, name, None, "proven", AT))
            if stream.freshness.basis == "event":
                marks += [Watermark(system, name, store, "event", AT) for store in ("S001", "S017")]
    return marks


def aged(marks: list[Watermark], age: timedelta, **where: str) -> list[Watermark]:
    return [
        Watermark(mark.system, mark.stream, mark.unit, mark.basis, AT - age)
        if all(getattr(mark, name) == value for name, value in where.items())
        else mark
        for mark in marks
    ]


def test_before_the_first_build_every_gate_is_closed(settings):
    assert not any(gate.open for gate in evaluate(settings, CONTRACTS, NOW).values())


def test_fresh_and_tested_domains_are_open_and_hold_nothing(settings):
    dbt_said(settings)
    record_build(settings, all_fresh(), NOW)
    gates = evaluate(settings, CONTRACTS, NOW)
    assert all(gate.open and not gate.reasons and not gate.stale_units for gate in gates.values())
    assert {"customers", "products", "prices"} <= set(gates)


def test_one_dark_store_is_named_and_held_while_its_domain_stays_open(settings):
    dbt_said(settings)
    record_build(settings, aged(all_fresh(), timedelta(hours=6), unit="S017"), NOW)
    gate = evaluate(settings, CONTRACTS, NOW)["customers"]
    assert gate.open
    assert gate.stale_units == {"pos/S017"}
    assert any("pos/S017" in reason and "6 h" in reason for reason in gate.reasons)


def test_all_stores_dark_hold_the_rows_without_a_store_too(settings):
    dbt_said(settings)
    record_build(settings, aged(all_fresh(), timedelta(hours=6), basis="event"), NOW)
    assert evaluate(settings, CONTRACTS, NOW)["prices"].stale_units == {"pos", "pos/S001", "pos/S017"}


def test_a_till_stream_that_is_not_read_holds_all_stores(settings):
    dbt_said(settings)
    marks = aged(all_fresh(), timedelta(hours=6), system="pos", stream="customers", basis="proven")
    record_build(settings, marks, NOW)
    gates = evaluate(settings, CONTRACTS, NOW)
    assert gates["customers"].stale_units == {"pos", "pos/S001", "pos/S017"}
    assert not gates["prices"].stale_units


def test_a_stale_price_list_closes_prices_and_nothing_else(settings):
    dbt_said(settings)
    record_build(settings, aged(all_fresh(), timedelta(days=3), system="shopify", stream="price_lists"), NOW)
    gates = evaluate(settings, CONTRACTS, NOW)
    assert not gates["prices"].open
    assert any("shopify/price_lists" in reason and "3 d" in reason for reason in gates["prices"].reasons)
    assert gates["customers"].open
    assert gates["products"].open


def test_data_that_landed_after_the_build_does_not_make_old_golden_records_fresh(settings):
    dbt_said(settings)
    record_build(settings, all_fresh(), NOW)
    later = evaluate(settings, CONTRACTS, NOW + timedelta(days=9))
    assert not later["customers"].open


def test_a_partial_build_makes_nothing_younger(settings):
    dbt_said(settings)
    record_build(settings, aged(all_fresh(), timedelta(days=3), system="shopify", stream="price_lists"), NOW)
    record_build(settings, None, NOW)
    assert not evaluate(settings, CONTRACTS, NOW)["prices"].open


def test_a_failed_test_closes_the_domain_it_is_about(settings):
    dbt_said(settings, customers_have_names="fail")
    record_build(settings, all_fresh(), NOW)
    gates = evaluate(settings, CONTRACTS, NOW)
    assert not gates["customers"].open
    assert gates["customers"].reasons == ["customers_have_names fails for 3 rows"]
    assert gates["prices"].open


def test_a_warning_closes_nothing(settings):
    dbt_said(settings, customers_have_names="warn")
    record_build(settings, all_fresh(), NOW)
    assert evaluate(settings, CONTRACTS, NOW)["customers"].open


def test_a_model_that_was_not_reached_closes_its_domain(settings):
    dbt_said(settings, publish_odoo__product_product="skipped")
    record_build(settings, all_fresh(), NOW)
    assert evaluate(settings, CONTRACTS, NOW)["products"].reasons == ["publish_odoo__product_product was not reached"]


def test_a_staging_test_concerns_the_domain_of_its_stream():
    assert domains_of(MANIFEST, "test.assay.prices_are_positive") == {"prices"}


def test_a_later_success_opens_the_domain_again(settings):
    dbt_said(settings, customers_have_names="fail")
    record_build(settings, all_fresh(), NOW)
    dbt_said(settings)
    record_build(settings, all_fresh(), NOW)
    assert last_build(settings).failures == {}
    assert evaluate(settings, CONTRACTS, NOW)["customers"].open


@pytest.mark.parametrize(
    ("built", "says"),
    [
        ({"largest": 3000, "where": "pos:1", "expected": 0.99}, "3,000 records"),
        ({"largest": 7, "where": "pos:1", "expected": 0.5}, "expects of itself a precision of 0.500"),
    ],
    ids=["a cluster too large", "too little expected"],
)
def test_matching_that_is_not_good_enough_closes_its_domain_and_no_other(settings, built, says):
    dbt_said(settings)
    record_build(settings, all_fresh(), NOW)
    good = {"largest": 7, "where": "pos:1", "expected": 0.99}
    settings.exports.mkdir(exist_ok=True)
    (settings.exports / "quality.json").write_text(json.dumps({"customers": built, "products": good}))
    gates = evaluate(settings, CONTRACTS, NOW)
    assert not gates["customers"].open
    assert any(says in reason for reason in gates["customers"].reasons)
    assert gates["products"].open
