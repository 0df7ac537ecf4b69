"""Odoo as a source: the same landing from the demo, from a real Odoo over JSON-2, and over /jsonrpc as before 19."""

import json
from datetime import datetime, timedelta

import pyarrow.parquet as pq
import pytest

from pipelines.extract import extract_stream
from pipelines.resources import Settings
from sources.contract import load_contracts
from sources.errors import BadCredentials, MissingScope
from sources.odoo.actions import upsert
from sources.odoo.client import call, search_read


@pytest.fixture
def contract(odoo_retailer):
    """Odoo's contract; an api_version below 19 makes the connector speak /jsonrpc."""
    found = load_contracts()["odoo"]
    return found.model_copy(update={"api_version": "18.0"}) if odoo_retailer.transport == "jsonrpc" else found


@pytest.fixture
def extract(odoo_retailer, contract, tmp_path):
    """extract(stream, ...) -> (report, {key: payload, None where deleted} of the load)"""
    settings = Settings(tmp_path / "home", "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    settings.home.mkdir()

    def extract(stream, now=None, **changes):
        named = odoo_retailer.environment | changes
        report = extract_stream(contract, stream, settings, now or odoo_retailer.now, lambda ref: named[ref[4:]])
        folder = settings.landing / "odoo" / stream
        rows = pq.ParquetDataset(folder, partitioning=None, ignore_prefixes=["_", "."]).read().to_pylist()
        rows = [row for row in rows if row["_load_id"] == report.load_id]
        return report, {row["_source_key"]: row["_payload"] and json.loads(row["_payload"]) for row in rows}

    return extract


def test_partners_land_without_odoos_own_people(odoo_retailer, extract):
    _, landed = extract("partners")
    client = odoo_retailer.client()
    held = {str(row["id"]): row for row in search_read(client, "res.partner", ["name", "country_code", "parent_id"])}
    ours = {"My Company", "OdooBot", "Administrator", "Assay", "Steward", "Data Steward", "Public user"}
    people = {key for key, row in held.items() if row["name"] not in ours | {"Portal User Template"}}
    assert landed.keys() == people
    assert len(landed) == 60
    for key, row in landed.items():
        assert row["name"] == held[key]["name"]
        assert row["country_code"] == held[key]["country_code"]
        assert row["parent_id"] == held[key]["parent_id"]
        assert isinstance(row["active"], bool)
        assert datetime.strptime(row["write_date"], "%Y-%m-%d %H:%M:%S")


def test_variants_land_with_their_options_by_name(odoo_retailer, extract):
    _, landed = extract("product_variants")
    _, templates = extract("product_templates")
    assert len(landed) == 60
    assert {str(row["product_tmpl_id"]) for row in landed.values()} == templates.keys()
    optional = [row for row in landed.values() if row["product_template_attribute_value_ids"]]
    assert optional
    for row in optional:
        assert len(row["options"]) == len(row["product_template_attribute_value_ids"])
        assert all(option.keys() == {"attribute", "value"} for option in row["options"])
    assert all(row["options"] == [] for row in landed.values() if row not in optional)


def test_prices_land_exactly_with_their_list(odoo_retailer, extract):
    _, lists = extract("pricelists")
    assert sorted((row["name"], row["currency_id"][1]) for row in lists.values()) == [
        ("Online EUR", "EUR"),
        ("Retail CZK", "CZK"),
    ]
    _, landed = extract("pricelist_items")
    assert {str(row["pricelist_id"]) for row in landed.values()} <= lists.keys()
    variants = search_read(odoo_retailer.client(), "product.product", ["id"])
    assert {row["product_id"] for row in landed.values()} <= {row["id"] for row in variants}
    held = {
        row["id"]: row["fixed_price"]
        for row in search_read(odoo_retailer.client(), "product.pricelist.item", ["fixed_price"])
    }
    assert {row["id"]: row["fixed_price"] for row in landed.values()} == held


def test_only_what_changed_lands_the_second_time_and_deletions_once_a_day(odoo_retailer, extract):
    now = odoo_retailer.now
    _, first = extract("partners", now)
    client = odoo_retailer.client()
    alone = [("parent_id", "=", False), ("child_ids", "=", False), ("id", "in", sorted(map(int, first)))]
    changed, gone = (row["id"] for row in search_read(client, "res.partner", ["id"], alone, limit=2))
    later = now + timedelta(hours=2)
    odoo_retailer.human_edit("res.partner", changed, {"ref": "edited"})
    report, landed = extract("partners", now + timedelta(minutes=1))
    assert str(changed) in landed
    assert report.deleted == 0
    odoo_retailer.human_delete("res.partner", gone)
    assert extract("partners", later)[1].get(str(gone), "not landed") == "not landed"
    report, landed = extract("partners", now + timedelta(days=1, hours=1))
    assert report.deleted == 1
    assert landed[str(gone)] is None


def test_golden_ids_come_back_as_bindings(odoo_retailer, extract):
    client = odoo_retailer.client()
    partner = odoo_retailer.ids["partners"]["1003"]
    upsert(
        client, "res.partner", [{"xid": "C-00000000TEST", "id": partner, "values": {"x_assay_id": "C-00000000TEST"}}]
    )
    _, landed = extract("external_ids")
    bound = [(row["name"], row["model"], row["res_id"]) for row in landed.values()]
    assert ("C-00000000TEST", "res.partner", partner) in bound
    _, partners = extract("partners")
    assert partners[str(partner)]["x_assay_id"] == "C-00000000TEST"


def test_a_wrong_key_and_a_missing_right_are_told_apart(odoo_retailer, extract):
    with pytest.raises(BadCredentials, match="odoo/"):
        extract("partners", ODOO_KEY="wrong")
    with pytest.raises(MissingScope, match="odoo/external_ids"):
        extract("external_ids", ODOO_LOGIN="steward", ODOO_KEY=odoo_retailer.steward_key)


def test_an_odoo_without_assays_fields_is_read_as_well(odoo_retailer, extract):
    client, ours = odoo_retailer.client(), [("model", "=", "res.partner"), ("name", "like", "x_assay_")]
    fields = [row["id"] for row in search_read(client, "ir.model.fields", ["id"], ours)]
    call(client, "ir.model.fields", "unlink", fields)
    _, landed = extract("partners")
    assert len(landed) == 60
    assert all("x_assay_id" not in row for row in landed.values())
    assert call(client, "res.partner", "search_count", domain=[]) > 60
