"""HubSpot's search beyond its cap of results, all with one timestamp, as a bulk edit leaves them."""

from __future__ import annotations

import os
from contextlib import closing

from sources.estate.state import get, open_state, put
from sources.hubspot import fake
from tests.sources.served import first_day, serve

__all__ = ["first_day", "serve"]

# The vendor's cap is 10,000; by default it is made small.
CAP = int(os.environ.get("ASSAY_TEST_CAP", "60"))


def test_more_contacts_of_one_timestamp_than_a_search_shows_all_land(serve, monkeypatch):
    monkeypatch.setattr(fake, "MOST", CAP)
    crm = serve("hubspot")
    contacts = crm.contract.streams["contacts"].model_copy(update={"page_size": min(200, CAP // 3)})
    crm.contract = crm.contract.model_copy(update={"streams": {"contacts": contacts}})
    with closing(open_state(crm.state)) as connection:
        body = get(connection, "contact", crm.keys("contacts")[0]).body
        at = body["updatedAt"]
        edited = [(str(key), at, {**body, "id": str(key)}) for key in range(500_000, 500_001 + 2 * CAP)]
        put(connection, "contact", edited)
    report = crm.extract("contacts")
    assert {row["_source_key"] for row in crm.rows("contacts")} == set(crm.keys("contacts"))
    assert report.rows > 2 * CAP


def test_the_search_itself_refuses_what_lies_beyond_its_cap(serve):
    crm = serve("hubspot")
    headers = {"authorization": f"Bearer {fake.CREDENTIALS['HUBSPOT_TOKEN']}"}
    asked = {"limit": 200, "after": "9900", "sorts": ["hs_object_id"], "filterGroups": []}
    answer = crm.post("/crm/v3/objects/contacts/search", asked, headers)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
