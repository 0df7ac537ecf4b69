"""Record lineage, both ways, on the state that the demo left: nothing is told that the landing does not hold."""

import re
from dataclasses import replace

import duckdb
import pytest
import sqlalchemy as sa

from pipelines import ledger, lineage
from pipelines.ledger import open_ledger


@pytest.fixture
def settings(at_demo):
    return at_demo.settings


@pytest.fixture
def update(settings):
    """A receipt of an e-mail address that Assay changed in a contact that Odoo had."""
    receipts = ledger.receipts.c
    query = sa.select(ledger.receipts).where(
        receipts.object == "res_partner", receipts.field == "email", receipts.created_record.is_(False)
    )
    with open_ledger(settings.ledger_url).connect() as connection:
        return connection.execute(query.order_by(receipts.odoo_id)).first()


def told(lines) -> str:
    return "\n".join(lines)


def test_a_field_in_odoo_leads_to_source_rule_losers_load_run_and_approval(settings, update):
    text = told(lineage.odoo_field(settings, f"res.partner/{update.odoo_id}.email"))
    assert update.run_id in text
    assert "approved by demo" in text
    assert re.search(r"source    \w+:\S+ says \S+@\S+", text)
    assert "rule      email:" in text
    assert re.search(r"lost      odoo:\d+ says", text)
    file = re.search(r"load      (\S+\.parquet)", text)[1]
    assert (settings.home / file).exists()


def test_the_row_that_it_names_holds_the_value(settings, update):
    text = told(lineage.odoo_field(settings, f"res.partner/{update.odoo_id}.email"))
    key, value = re.search(r"source    \w+:(\S+) says (\S+)", text).groups()
    file = settings.home / re.search(r"load      (\S+\.parquet)", text)[1]
    rows = duckdb.execute("select * from read_parquet(?) where _source_key = ?", [str(file), key]).fetchall()
    assert value.lower() in str(rows).lower()


def test_the_row_leads_forward_to_the_same_field(settings, update):
    text = told(lineage.odoo_field(settings, f"res.partner/{update.odoo_id}.email"))
    record_id = re.search(r"source    (\S+) says", text)[1]
    forward = told(lineage.source_record(settings, record_id))
    assert f"golden    {update.golden_id} (customers)" in forward
    assert "survives  email" in forward
    assert f"res.partner/{update.odoo_id}.email in run {update.run_id}" in forward


def test_a_row_that_lost_says_to_whom(settings, update):
    text = told(lineage.odoo_field(settings, f"res.partner/{update.odoo_id}.email"))
    winner = re.search(r"source    (\S+) says", text)[1]
    loser = re.search(r"lost      (\S+) says", text)[1]
    assert f"loses     email to {winner}" in told(lineage.source_record(settings, loser))


def test_without_a_field_every_owned_field_of_the_record_is_told(settings, update):
    text = told(lineage.odoo_field(settings, f"res.partner/{update.odoo_id}"))
    for field in ("name", "email", "phone", "street", "city"):
        assert f"res.partner/{update.odoo_id}.{field}  golden {update.golden_id}" in text


@pytest.mark.parametrize(
    ("object_name", "model", "field"),
    [
        ("product_template", "product.template", "name"),
        ("product_product", "product.product", "default_code"),
        ("product_pricelist_item", "product.pricelist.item", "fixed_price"),
    ],
)
def test_products_and_prices_are_traced_like_customers(settings, object_name, model, field):
    receipts = ledger.receipts.c
    with open_ledger(settings.ledger_url).connect() as connection:
        query = sa.select(receipts.odoo_id, receipts.golden_id).where(receipts.object == object_name)
        odoo_id, golden_id = connection.execute(query.order_by(receipts.odoo_id)).first()
    text = told(lineage.odoo_field(settings, f"{model}/{odoo_id}.{field}"))
    assert golden_id in text
    assert re.search(r"source    \w+:\S+ says", text)
    assert golden_id in told(lineage.golden_record(settings, golden_id))


def test_a_run_and_a_plan_lead_to_what_they_wrote(settings, update):
    for known in (update.run_id, update.plan_id):
        assert re.search(r"wrote     \S+/\d+: \d+ fields of golden \S+", told(lineage.run(settings, known)))


def test_a_load_leads_to_the_golden_records_that_rest_on_it(settings):
    load_id = next((settings.landing / "shopify" / "customers" / "_manifest").glob("*.json")).stem
    text = told(lineage.run(settings, load_id))
    assert "load      shopify/customers" in text
    assert re.search(r"survives  in \d+ golden customers: C-", text)


def test_a_golden_record_names_its_members_and_its_history(settings, update):
    text = told(lineage.golden_record(settings, update.golden_id))
    assert f"member    odoo:{update.odoo_id}" in text
    assert f"history   {update.golden_id} minted for " in text
    assert "in Odoo   res.partner" in text


def test_an_id_of_which_no_record_is_left_says_when_and_why_it_was_retired(settings, tmp_path):
    elsewhere = replace(settings, ledger_url=f"sqlite:///{tmp_path / 'ledger.db'}")
    event = {"domain": "customers", "event": "retired", "golden_id": "C-GONE", "reason": "no member is left"}
    with open_ledger(elsewhere.ledger_url).begin() as connection:
        connection.execute(ledger.id_events.insert().values(**event, run_id="build-7"))
    with pytest.raises(lineage.NotFound, match="C-GONE: no record is left of it; retired in run build-7: no member is"):
        told(lineage.golden_record(elsewhere, "C-GONE"))
