"""A retailer of a dozen records: people, products and prices of four systems that agree, disagree or cannot be."""

import json
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from pipelines import ledger
from tests.pipelines.small_landing import land

WROTE_AT = datetime(2026, 3, 20, 9)


def shopify_customer(first, last, email=None, phone=None, **address):
    return {
        "firstName": first,
        "lastName": last,
        "state": "ENABLED",
        "locale": "cs",
        "defaultEmailAddress": email and {"emailAddress": email, "marketingState": "SUBSCRIBED"},
        "defaultPhoneNumber": phone and {"phoneNumber": phone},
        "defaultAddress": {"countryCodeV2": "CZ", **address} if address else None,
    }


def odoo_partner(number, name, **values):
    blank = dict.fromkeys(("email", "phone", "street", "street2", "city", "zip", "vat", "lang", "x_assay_id"), False)
    named = {"id": number, "name": name, "active": True, "is_company": False, "country_code": "CZ"}
    return blank | named | values


def till_customer(code, **values):
    return {"customer_code": code, "store_code": "S001", "is_deleted": False} | values


def till_price(code, amount, start=None, end=None, article="100001", **values):
    return {
        "price_code": code,
        "article_code": article,
        "price_list": "retail_czk",
        "currency": "CZK",
        "amount": Decimal(amount),
        "tax_basis": "gross",
        "tax_rate": Decimal("21.00"),
        "min_quantity": 1,
        "valid_from_at": start and datetime.fromisoformat(start),
        "valid_to_at": end and datetime.fromisoformat(end),
        "kind": "regular",
    } | values


def odoo_rule(number, amount, pricelist, start=False, **values):
    return {
        "id": number,
        "pricelist_id": [pricelist, "list"],
        "product_id": [2001, "shirt"],
        "applied_on": "0_product_variant",
        "compute_price": "fixed",
        "fixed_price": amount,
        "min_quantity": 0,
        "date_start": start,
        "date_end": False,
        "x_assay_id": False,
    } | values


def land_customers(landing):
    anna = {"phone": "+420601000001", "street": "Dlouhá 1"}
    land(
        landing,
        "shopify",
        "customers",
        [
            ("7001", "2026-03-01T10:00", shopify_customer("Anna", "Nováková", "Anna@Posta.Example ", "+420601000001")),
            ("7002", "2026-03-01T10:00", shopify_customer(None, None, "nameless@posta.example")),
            (
                "7003",
                "2026-03-01T10:00",
                shopify_customer("Petr", "Malý", "petr@posta.example", address1="Nová 1", city="Brno"),
            ),
            ("7004", "2026-03-01T10:00", shopify_customer("Eva", "Stará", "eva.new@posta.example")),
            ("7005", "2026-03-01T10:00", shopify_customer("Jan", "Pryč", "jan@posta.example")),
        ],
    )
    land(
        landing,
        "shopify",
        "customers",
        [("7004", "2026-02-01T10:00", shopify_customer("Eva", "Stará", "eva.old@posta.example"))],
        load=2,
    )
    land(landing, "shopify", "customers", [("7005", "2026-03-20T10:00", None)], load=3)
    land(
        landing,
        "odoo",
        "partners",
        [
            ("11", "2026-03-04T10:00", odoo_partner(11, "Nováková, Anna", city="Praha", zip="110 00", **anna)),
            (
                "13",
                "2026-03-04T10:00",
                odoo_partner(13, "Petr Malý", email="petr@posta.example", street="Stará 2", city="Praha", zip="110 00"),
            ),
        ],
    )
    land(
        landing,
        "pos",
        "customers",
        [
            (
                "C1",
                "2026-03-05T10:00",
                till_customer(
                    "C1", first_name="ANNA", last_name="NOVAKOVA", phone="601 000 001", email="noemail@store001.example"
                ),
            )
        ],
    )
    land(
        landing,
        "stripe",
        "customers",
        [
            (
                "cus_1",
                "2026-03-02T10:00",
                {"name": "Anna Novakova", "email": "anna@posta.example", "metadata": {"shopify_customer_id": "7001"}},
            )
        ],
    )


def land_products(landing):
    shirt = {"gtin": "8590000000015", "tax_rate": Decimal("21.00"), "is_active": True}
    land(
        landing,
        "pos",
        "articles",
        [
            (
                "100001",
                "2026-03-01T10:00",
                {"article_code": "100001", "sku": "SKU-1", "name": "SHIRT", "weight_g": 205, **shirt},
            ),
            (
                "100002",
                "2026-03-01T10:00",
                {"article_code": "100002", "sku": "CAP-1", "name": "CAP", **shirt, "gtin": "8590000000029"},
            ),
        ],
    )
    template = {"id": 1001, "name": "Shirt", "active": True, "x_assay_id": False}
    variant = {"id": 2001, "product_tmpl_id": [1001, "Shirt"], "default_code": " sku-1", "barcode": "8590000000015"}
    land(landing, "odoo", "product_templates", [("1001", "2026-03-01T10:00", template)])
    land(
        landing,
        "odoo",
        "product_variants",
        [("2001", "2026-03-01T10:00", variant | {"weight": 0.0, "active": True, "x_assay_id": False})],
    )
    land(
        landing,
        "shopify",
        "variants",
        [
            (
                "4401",
                "2026-03-01T10:00",
                {
                    "sku": "SKU-1",
                    "barcode": "8590000000015",
                    "price": "19.66",
                    "selectedOptions": [{"name": "Title", "value": "Default Title"}],
                    "product": {"legacyResourceId": "8801", "hasOnlyDefaultVariant": True},
                    "inventoryItem": {"measurement": {"weight": {"value": 0.2, "unit": "KILOGRAMS"}}},
                },
            )
        ],
    )


def land_prices(landing):
    lists = [("1", "Retail CZK", "CZK"), ("2", "Online EUR", "EUR")]
    land(
        landing,
        "odoo",
        "pricelists",
        [
            (key, "2026-01-01", {"id": int(key), "name": name, "active": True, "currency_id": [1, currency]})
            for key, name, currency in lists
        ],
    )
    land(
        landing,
        "odoo",
        "pricelist_items",
        [
            ("1", "2026-03-28T20:00", odoo_rule(1, 19.99, 1, "2026-03-28 23:00:00")),
            ("2", "2026-03-28T20:00", odoo_rule(2, 16.52, 2)),
        ],
    )
    land(
        landing,
        "pos",
        "prices",
        [
            ("P1", "2026-01-02", till_price("P1", "17.99", "2026-01-01T00:00")),
            (
                "P2",
                "2026-03-20",
                till_price("P2", "14.99", "2026-03-29T10:00", "2026-03-29T16:00", store_code="S001", kind="promotion"),
            ),
            ("P3", "2026-03-20", till_price("P3", "0.00")),
            ("P4", "2026-03-20", till_price("P4", "9.99", article="999999")),
            ("P5", "2026-03-20", till_price("P5", "5.00", "2026-03-29T10:00", "2026-03-28T10:00", kind="promotion")),
            ("P6", "2026-03-20", till_price("P6", "99.00", "2026-01-01T00:00", article="100002")),
        ],
    )


def write_receipts(settings, *written, kind="apply", target="odoo-1", of="res_partner", run=None):
    """Receipts of one publish run; `written`: (odoo id, field, before, after)."""
    engine, run = ledger.open_ledger(settings.ledger_url), run or f"{kind}-{target}"
    shared = {"run_id": run, "plan_id": "plan-1", "target": target}
    with engine.begin() as connection:
        connection.execute(sa.insert(ledger.publish_runs), shared | {"kind": kind, "started_at": WROTE_AT})
        for line, (odoo_id, field, before, after) in enumerate(written):
            values = {"object": of, "odoo_id": odoo_id, "field": field, "line": line, "golden_id": "C-1"}
            values |= {"before": json.dumps(before), "after": json.dumps(after)}
            values |= {"created_record": False, "written_at": WROTE_AT}
            connection.execute(sa.insert(ledger.receipts), shared | values)
