"""Finance on its first day: an invoice for each telephone order, most payments, and what came back is credited."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sources.estate.guests import Part, customers_of
from sources.estate.world import World


def invent(world: World) -> Part:
    """Finance's part of the retailer: what telephone sales took orders for, it invoices."""
    sales = world.part("hubspot")
    person = dict(zip(sales.appearances["key"].to_pylist(), sales.appearances["person_id"].to_pylist(), strict=True))
    orders = [body for _, _, body in sales.objects["order"]]
    buyers = [person[order["associations"]["contacts"]["results"][0]["id"]] for order in orders]
    invoiced = sorted({int(one[7:]) for one in buyers})
    people = customers_of(world, "xero", "odoo", lambda n: named("contact", n), invoiced)
    contacts = {row["person_id"]: _contact(row) for row in people.to_pylist()}
    invoices, payments = [], []
    for number, (order, buyer) in enumerate(zip(orders, buyers, strict=True)):
        invoice = _invoice(number, order, contacts[buyer][2])
        if number % 4:
            payments.append(_payment(number, invoice[2]))
        invoices.append(invoice)
    invoice_of = {body["Reference"]: body for _, _, body in invoices}
    returns = [body for _, _, body in world.part("sendcloud").objects["return"]]
    credited = [_credit_note(number, back, invoice_of[back["order_number"]]) for number, back in enumerate(returns)]
    objects = {"contact": list(contacts.values()), "invoice": invoices, "payment": payments, "credit_note": credited}
    return Part(objects, people)


def named(kind: str, number: int) -> str:
    """The number's id, a UUID as Xero has them."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://estate.example/xero/{kind}/{number}"))


def stamp(at: datetime) -> str:
    """As Xero writes times: milliseconds since 1970 in Microsoft's words."""
    return f"/Date({int(at.replace(tzinfo=UTC).timestamp() * 1000)}+0000)/"


def _contact(row: dict[str, Any]) -> tuple[str, datetime, dict[str, Any]]:
    updated = row["updated_at"].replace(microsecond=0)
    first, _, last = (row["full_name"] or "").rpartition(" ")
    street = {"AddressLine1": row["street"] or "", "City": row["city"] or "", "PostalCode": row["zip"] or ""}
    body = {
        "ContactID": row["key"],
        "ContactStatus": "ACTIVE",
        "Name": row["full_name"],
        "FirstName": first,
        "LastName": last,
        "EmailAddress": row["email"] or "",
        "Addresses": [{"AddressType": "STREET", **street, "Country": row["country_code"] or ""}],
        "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": row["phone"] or "", "PhoneAreaCode": ""}],
        "IsSupplier": False,
        "IsCustomer": True,
        "UpdatedDateUTC": stamp(updated),
    }
    return row["key"], updated, body


def _invoice(number: int, order: dict[str, Any], contact: dict[str, Any]) -> tuple[str, datetime, dict[str, Any]]:
    properties = order["properties"]
    at = datetime.fromisoformat(properties["hs_external_created_date"]).replace(tzinfo=None)
    total = Decimal(properties["hs_total_price"])
    net = (total / Decimal("1.21")).quantize(Decimal("0.01"), ROUND_HALF_UP)
    changed, paid = at + timedelta(hours=8), total if number % 4 else Decimal(0)
    line = {"Description": properties["hs_order_name"], "Quantity": 1.0, "UnitAmount": float(total)}
    body = {
        "InvoiceID": named("invoice", number),
        "Type": "ACCREC",
        "InvoiceNumber": f"INV-{number + 1:04}",
        "Reference": properties["hs_external_order_id"],
        "Contact": {"ContactID": contact["ContactID"], "Name": contact["Name"]},
        "Date": stamp(at.replace(hour=0, minute=0, second=0)),
        "DueDate": stamp(at.replace(hour=0, minute=0, second=0) + timedelta(days=14)),
        "Status": "PAID" if paid else "AUTHORISED",
        "LineAmountTypes": "Inclusive",
        "LineItems": [{**line, "LineAmount": float(total), "TaxType": "OUTPUT2", "TaxAmount": float(total - net)}],
        "SubTotal": float(net),
        "TotalTax": float(total - net),
        "Total": float(total),
        "AmountDue": float(total - paid),
        "AmountPaid": float(paid),
        "CurrencyCode": "CZK",
        "UpdatedDateUTC": stamp(changed),
    }
    return body["InvoiceID"], changed, body


def _payment(number: int, invoice: dict[str, Any]) -> tuple[str, datetime, dict[str, Any]]:
    day = datetime.fromtimestamp(int(invoice["Date"][6:19]) / 1000, UTC).replace(tzinfo=None)
    changed = min(day + timedelta(days=1 + number % 9), datetime(2026, 3, 29))
    about = {name: invoice[name] for name in ("InvoiceID", "InvoiceNumber", "Type", "CurrencyCode", "Contact")}
    body = {
        "PaymentID": named("payment", number),
        "Date": stamp(changed),
        "Amount": invoice["AmountPaid"],
        "BankAmount": invoice["AmountPaid"],
        "Reference": invoice["Reference"],
        "Status": "AUTHORISED",
        "PaymentType": "ACCRECPAYMENT",
        "IsReconciled": False,
        "Invoice": about,
        "UpdatedDateUTC": stamp(changed),
    }
    return body["PaymentID"], changed, body


def _credit_note(number: int, back: dict[str, Any], invoice: dict[str, Any]) -> tuple[str, datetime, dict[str, Any]]:
    """What a return is worth: a draft while it is on its way, and owed once it has arrived."""
    arrived = back["delivered_at_iso"]
    at = datetime.fromisoformat(arrived or back["created_at"]).replace(tzinfo=None, microsecond=0)
    same = ("Reference", "Contact", "LineAmountTypes", "LineItems", "SubTotal", "TotalTax", "Total", "CurrencyCode")
    body = {
        "CreditNoteID": named("credit", number),
        "Type": "ACCRECCREDIT",
        "CreditNoteNumber": f"CN-{number + 1:04}",
        "Date": stamp(at.replace(hour=0, minute=0, second=0)),
        "Status": "AUTHORISED" if arrived else "DRAFT",
        **{name: invoice[name] for name in same},
        "RemainingCredit": invoice["Total"],
        "UpdatedDateUTC": stamp(at),
    }
    return body["CreditNoteID"], at, body
