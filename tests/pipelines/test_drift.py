"""What keeps the contract no longer goes to quarantine; what is only new is told."""

import json

import duckdb
import pytest

from sources.errors import Drift
from sources.records import Page
from tests.pipelines.one_stream import COLUMNS, Shelf, contract, cursor, landed, names

BREAKS = {
    "a required field is missing": (lambda record: record.pop("id"), "required field id is missing"),
    "a key is empty": (lambda record: record.update(id=""), "required field id is empty"),
    "a required field turned null": (lambda record: record.update(id=None), "required field id is null"),
    "a field changed its type": (
        lambda record: record.update(size="L"),
        "field size should be integer but came as str",
    ),
    "a time became an object": (lambda record: record.update(updated={}), "field updated should be timestamp"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_breaking_change_puts_the_raw_page_into_quarantine(extract, settings, name):
    change, problem = BREAKS[name]
    shelf = Shelf("ann", "bob", "cid")
    change(shelf.records["3"])
    with pytest.raises(Drift, match=problem):
        extract(shelf)
    assert landed(settings) == []
    assert cursor(settings) is None
    folder = settings.landing / "_quarantine" / "acme" / "things"
    reason = json.loads(next(folder.glob("*.json")).read_text())
    assert problem in reason["problem"]
    raw = duckdb.sql(f"select _payload from read_parquet('{folder}/*.parquet')").fetchall()
    assert len(raw) == 3
    extract(Shelf("ann", "bob", "cid"))
    assert len(names(settings)) == 3


def test_an_answer_of_another_shape_is_drift_and_names_no_value(extract):
    shelf = Shelf("ann")

    def things(client, stream, window):
        yield Page([shelf.records["1"]["no such field"]])

    shelf.things = things
    with pytest.raises(Drift, match="not the shape that the connector knows"):
        extract(shelf)


def test_a_new_field_and_a_new_value_of_an_enum_are_kept_and_reported(extract, settings):
    enum = {**COLUMNS, "size": {"type": "string", "enum": ["S", "M"]}}
    shelf = Shelf()
    shelf.put("1", "ann", size="XL", shoe=42)
    report = extract(shelf, contract(columns=enum))
    assert landed(settings)[0][2]["shoe"] == 42
    assert [warning.split(":")[0] for warning in report.warnings] == [
        "field size holds a value outside its enum",
        "new field shoe",
    ]


def test_false_is_null_in_odoo_and_a_wrong_type_elsewhere(extract):
    shelf = Shelf()
    shelf.put("1", False)
    assert extract(shelf, contract(kind="odoo")).rows == 1
    with pytest.raises(Drift, match="field name should be string but came as bool"):
        extract(shelf, full=True)


def test_a_card_number_never_lands(extract, settings):
    columns = {**COLUMNS, "cvc": {"type": "string", "class": "pci"}}
    shelf = Shelf()
    shelf.put("1", "ann 4111 1111 1111 1111", cvc="737")
    report = extract(shelf, contract(columns=columns))
    payload = landed(settings)[0][2]
    assert payload["name"] == "ann [card number removed, ends 1111]"
    assert payload["cvc"] is None
    assert [warning.split(":")[0] for warning in report.warnings] == [
        "field cvc is of class pci",
        "field name held a card number",
    ]
