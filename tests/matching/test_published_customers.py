"""What Assay wrote to Odoo and reads there again is no evidence of its own."""

from __future__ import annotations

import json
from datetime import datetime

import sqlalchemy as sa

from pipelines import ledger
from tests.matching.conftest import match, person
from tests.matching.customer_cases import HOME


def test_publishing_changes_no_evidence_and_our_own_partner_follows_its_id(tmp_path, crowd):
    """A partner whose own number was a landline in national form, its town and language unset, its street its own."""
    shop = person("shopify:v", first_name="Zdislava", last_name="Obermajer", email="zobermajer@posta.example")
    shop |= {"phone": "+420737967206", "language": "de", **HOME}
    till = person("pos:v", first_name="Zdislava", last_name="Obermajer", phone="+420737967206")
    partner = person(
        "odoo:9010",
        full_name="Zdislava Obermajer",
        email="z.o@obermajer.example",
        phone="+420545380566",
        street="Lipová 12",
    )
    before = match(tmp_path, [shop, till, partner, *crowd[::3]])
    evidence = before("select * exclude (record_no) from matched_customers__evidence order by record_id")
    golden = dict(before("select record_id, customer_id from matched_customers__ids"))

    published = {"email": shop["email"], "phone": shop["phone"], "language": "de", **HOME}
    echoed = {**partner, **published, "echoes": ["email", "phone", "address", "language"]}
    created = person("odoo:9999", full_name="Someone Else Entirely", email="new@posta.example")
    writes = {"email": ("z.o@obermajer.example", shop["email"]), "phone": ("545 380 566", shop["phone"])}
    writes |= {field: (False, HOME[field]) for field in ("city", "zip")}
    writes |= {"country_id": (False, "CZ"), "lang": (False, "de_DE")}
    golden_id = golden["shopify:v"]
    receipts = [receipt(9010, golden_id, field, old, new) for field, (old, new) in writes.items()]
    receipts.append(receipt(9999, golden_id, "name", None, "Someone Else Entirely", created=True))
    with ledger.open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}").begin() as connection:
        connection.execute(sa.insert(ledger.receipts), receipts)

    after = match(tmp_path, [shop, till, echoed, created, *crowd[::3]])
    assert after("select * exclude (record_no) from matched_customers__evidence order by record_id") == evidence
    assert dict(after("select record_id, customer_id from matched_customers__ids")) == {
        **golden,
        "odoo:9999": golden_id,
    }


def receipt(odoo_id: int, golden_id: str, field: str, before, after, created: bool = False) -> dict:
    return {
        "run_id": "apply", "object": "res_partner", "odoo_id": odoo_id, "field": field, "plan_id": "plan",
        "target": "db", "line": odoo_id, "golden_id": golden_id, "before": json.dumps(before),
        "after": json.dumps(after), "created_record": created, "written_at": datetime(2026, 1, 1),
    }  # fmt: skip
