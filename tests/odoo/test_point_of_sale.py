"""The tills of a real Odoo that is in use, as a source: receipts, lines, payments and sessions as Odoo has them."""

import json
from decimal import Decimal

import pytest

from pipelines.extract import extract_stream
from sources.contract import load_contracts
from sources.odoo.client import call, search_read
from sources.odoopos.connector import MODELS
from tests.sources.served import landed, settings_at


@pytest.fixture
def read(used_odoo, tmp_path):
    """read(stream) -> {id: record}, which the point of sale's contract lands, as the user provisioned for it."""
    settings, contract = settings_at(tmp_path / "home"), load_contracts()["odoopos"]
    named = used_odoo.least_environment

    def read(stream):
        report = extract_stream(contract, stream, settings, used_odoo.now, lambda reference: named[reference[4:]])
        assert report.warnings == ()
        rows = landed(settings, "odoopos", stream)
        return {int(row["_source_key"]): json.loads(row["_payload"], parse_float=Decimal) for row in rows}

    return read


def test_what_a_real_till_sold_lands_whole(used_odoo, read):
    found = {stream: read(stream) for stream in MODELS}
    client = used_odoo.client()
    for stream, model in MODELS.items():
        assert set(found[stream]) == {row["id"] for row in search_read(client, model, ["id"])}
        known = call(client, model, "fields_get", attributes=["type"])
        assert set(load_contracts()["odoopos"].streams[stream].columns) <= set(known)
    assert len(found["orders"]) == 4
    for key, order in found["orders"].items():
        lines = [line for line in found["order_lines"].values() if line["order_id"] == key]
        paid = [payment for payment in found["payments"].values() if payment["pos_order_id"] == key]
        assert sum(line["price_subtotal_incl"] for line in lines) == order["amount_total"] == 40
        assert sum(payment["amount"] for payment in paid) == order["amount_total"]
        assert found["sessions"][order["session_id"]]["state"] == "closed"
    buyers = {order["partner_id"] for order in found["orders"].values()}
    assert buyers == {used_odoo.ids["partners"][key] for key in ("anna_till", "anna_desk", "plain_1", "plain_2")}
