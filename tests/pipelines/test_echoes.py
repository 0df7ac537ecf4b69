"""What Odoo said before we wrote there is its evidence; our own values coming back are not."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
import sqlalchemy as sa

from pipelines import echoes, ledger


@pytest.fixture
def engine(tmp_path):
    return ledger.open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def write(engine, odoo_id: int, before, after, created=False, field="email", run="run 1", target="db") -> None:
    with engine.begin() as connection:
        connection.execute(
            sa.insert(ledger.receipts).values(
                run_id=run, object="res_partner", odoo_id=odoo_id, field=field, plan_id="plan", target=target, line=1,
                golden_id="C-1", before=json.dumps(before), after=json.dumps(after), created_record=created,
                written_at=datetime(2026, 1, 1),
            )
        )  # fmt: skip


def original(engine, odoo_id: int = 7) -> dict:
    rows = echoes.originals(engine, "res_partner", ["email", "phone"]).to_pylist()
    return next(row for row in rows if row["record_id"] == f"odoo:{odoo_id}")


def test_the_value_before_our_first_write_is_the_record_s_own(engine):
    write(engine, 7, "own@x", "first@x", run="run 1")
    write(engine, 7, "first@x", "second@x", run="run 2")
    assert original(engine)["email"] == "own@x"


def test_a_person_s_edit_in_between_is_the_record_s_own(engine):
    write(engine, 7, "own@x", "ours@x", run="run 1")
    write(engine, 7, "edited@x", "ours again@x", run="run 2")
    assert original(engine)["email"] == "edited@x"


def test_an_undone_write_leaves_what_was_there(engine):
    write(engine, 7, "own@x", "ours@x", run="apply 1")
    write(engine, 7, "ours@x", "own@x", run="undo 1")
    assert original(engine)["email"] == "own@x"


def test_odoo_s_false_is_no_value(engine):
    write(engine, 7, False, "ours@x")
    assert original(engine)["email"] is None


def test_a_record_that_we_created_has_nothing_of_its_own(engine):
    write(engine, 7, None, "ours@x", created=True)
    assert original(engine) == {
        "record_id": "odoo:7", "is_created": True, "golden_id": "C-1", "written": [], "email": None, "phone": None,
    }  # fmt: skip


def test_receipts_of_another_odoo_are_not_read(engine):
    write(engine, 7, "own@x", "ours@x", run="run 1", target="old db")
    write(engine, 8, "own@x", "ours@x", run="run 2", target="new db")
    rows = echoes.originals(engine, "res_partner", ["email"]).to_pylist()
    assert [row["record_id"] for row in rows] == ["odoo:8"]


def test_without_receipts_there_is_nothing(engine):
    assert echoes.originals(engine, "res_partner", ["email"]).num_rows == 0


def test_it_says_which_fields_were_written_so_that_the_others_stay_the_record_s_own(engine):
    write(engine, 7, False, "ours@x")
    assert original(engine)["written"] == ["email"]
