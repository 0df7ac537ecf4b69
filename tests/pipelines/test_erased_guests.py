"""Who bought as a guest is erased too: rows that name no customer are found by the mailbox that stands on them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.erasure import erase
from pipelines.landing import damaged_loads
from pipelines.suppression import ANYWHERE, Suppression, digest, mailboxes
from sources.contract import load_contracts
from sources.estate.world import NOW
from tests.sources.served import first_day, serve

__all__ = ["first_day", "serve"]

MINE, OURS = "only.mine@mail.example", "both.of.us@mail.example"


def charge_of(stripe, key):
    rows = [json.loads(row["_payload"]) for row in stripe.rows("charges") if row["_source_key"] == key]
    return rows[-1]


def test_a_guests_charge_loses_the_address_of_who_was_erased_and_keeps_it_where_others_have_it_too(serve):
    stripe = serve("stripe")
    somebody, spouse = stripe.keys("customers")[:2]
    for key in (somebody, spouse):
        stripe.touch("customers", key, NOW, email=OURS.upper())
    stripe.extract("customers")
    stripe.touch("customers", somebody, NOW + timedelta(hours=1), email=MINE)
    own, shared, named = stripe.keys("charges")[:3]
    for key, address, customer in ((own, MINE, None), (shared, OURS, None), (named, MINE, spouse)):
        stripe.touch("charges", key, NOW, receipt_email=address, customer=customer, description=f"For {address}")
    for stream in ("customers", "charges"):
        stripe.extract(stream, now=NOW + timedelta(hours=2))
    amount = charge_of(stripe, own)["amount"]
    done = erase(stripe.settings, {"stripe": stripe.contract}, [f"stripe:{somebody}"], "asked", "me", NOW)
    assert done.redacted["stripe/charges"] >= 1
    assert done.shared_mailboxes == 1
    assert damaged_loads(stripe.settings.landing) == []
    for again in (False, True):
        charge = charge_of(stripe, own)
        assert (charge["amount"], charge["receipt_email"], charge["description"]) == (amount, None, None), again
        assert charge_of(stripe, shared)["receipt_email"] == OURS
        assert charge_of(stripe, named)["receipt_email"] == MINE, "whom a charge names decides, not the address on it"
        report = stripe.extract("charges", now=NOW + timedelta(hours=3), full=True)
        assert report.rows == 0


@pytest.mark.parametrize(
    ("stream", "row"),
    [
        ("woocommerce/orders", {"customer_id": 0, "billing": {"email": MINE}}),
        ("shiphero/orders", {"email": MINE.title()}),
        ("stripe/disputes", {"evidence": {"customer_email_address": MINE}}),
        ("sendcloud/returns", {"from_address": {"email": MINE}}),
        ("zendesk/tickets", {"requester_id": None, "description": f"Write to <{MINE}>."}),
        ("bank/entries", {"text": f"order of {MINE}, thanks"}),
    ],
)
def test_every_stream_that_may_hold_a_guests_address_is_searched_for_it(stream, row):
    system, name = stream.split("/")
    theirs = frozenset({digest(ANYWHERE, MINE)})
    erased = Suppression(system, load_contracts()[system].streams[name], frozenset(), theirs)
    other = json.loads(json.dumps(row).replace(MINE, OURS).replace(MINE.title(), OURS))
    assert erased
    assert erased.erased([], [row, other, {}]) == [True, False, False]


def test_a_line_of_a_file_is_searched_like_any_record():
    stream = load_contracts()["bank"].streams["entries"]
    erased = Suppression("bank", stream, frozenset(), frozenset({digest(ANYWHERE, MINE)}))
    batch = pa.RecordBatch.from_pydict(
        {"party": ["A", "B"], "text": [f"Refund {MINE}", "Refund"], "amount": ["1", "2"]}
    )
    assert erased.batch(batch).to_pydict() == {"party": [None, "B"], "text": [None, "Refund"], "amount": ["1", "2"]}


def test_addresses_are_found_in_any_text_and_nothing_else_is():
    said = {
        "note": "mailto:A.b@C.example, or (x@y.example)",
        "name": "Ann @ home",
        "of": [{"at": "z@w.example."}],
        "n": 1,
    }
    assert list(mailboxes(said)) == ["a.b@c.example", "x@y.example", "z@w.example"]
    assert not list(mailboxes({"path": str(Path("a") / "b"), "none": None}))
