"""The outlet's books on their first day: an invoice for each order of its shop, its customer, what was paid on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sources.estate.guests import Part, customers_of, persons
from sources.estate.world import World

Object = tuple[str, datetime, dict[str, Any]]


def invent(world: World) -> Part:
    """The books' part of the retailer: what the outlet's shop sold, they invoice to whoever ordered it."""
    shop = world.part("woocommerce")
    person = dict(zip(shop.appearances["key"].to_pylist(), shop.appearances["person_id"].to_pylist(), strict=True))
    orders = [body for _, _, body in shop.objects["order"]]
    buyers = {person[str(order["customer_id"])] for order in orders}
    invoiced = sorted(one for one in persons(shop.appearances) if f"person-{one:06}" in buyers)
    people = customers_of(world, "quickbooks", "odoo", lambda n: str(101 + n), invoiced)
    customers = {row["person_id"]: _customer(row) for row in people.to_pylist()}
    invoices, payments = [], []
    for number, order in enumerate(orders):
        invoices.append(_invoice(number, order, customers[person[str(order["customer_id"])]][2]))
        if invoices[-1][2]["Balance"] == 0:
            payments.append(_payment(number, order, invoices[-1][2]))
    return Part({"Customer": list(customers.values()), "Invoice": invoices, "Payment": payments}, people)


def stamp(at: datetime) -> str:
    """As QuickBooks writes times: in the company's own zone, which is Pacific in winter."""
    return (at - timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S-08:00")


def _versioned(made: datetime, changed: datetime) -> dict[str, Any]:
    times = {"CreateTime": stamp(made), "LastUpdatedTime": stamp(changed)}
    return {"SyncToken": "0", "domain": "QBO", "sparse": False, "MetaData": times}


def _customer(row: dict[str, Any]) -> Object:
    changed = row["updated_at"].replace(microsecond=0)
    first, _, last = (row["full_name"] or "").rpartition(" ")
    told = {
        "GivenName": first,
        "FamilyName": last,
        "PrimaryEmailAddr": row["email"] and {"Address": row["email"]},
        "PrimaryPhone": row["phone"] and {"FreeFormNumber": row["phone"]},
        "BillAddr": row["street"]
        and {"Id": row["key"], "Line1": row["street"], "City": row["city"], "PostalCode": row["zip"],
             "Country": row["country_code"]},
    }  # fmt: skip
    body = {"Id": row["key"], "DisplayName": row["full_name"], "FullyQualifiedName": row["full_name"], "Active": True}
    body |= {name: value for name, value in told.items() if value}
    body |= {"Taxable": True, "Job": False, "Balance": 0, "CurrencyRef": _currency()}
    return row["key"], changed, body | _versioned(row["created_at"], changed)


def _currency() -> dict[str, str]:
    return {"value": "CZK", "name": "Czech Koruna"}


def _invoice(number: int, order: dict[str, Any], customer: dict[str, Any]) -> Object:
    key, made = str(1_001 + number), datetime.fromisoformat(order["date_created_gmt"]) + timedelta(hours=7)
    total, tax = Decimal(order["total"]), Decimal(order["total_tax"])
    changed, paid = made + timedelta(hours=2), order["date_paid_gmt"] is not None
    lines = [
        {"Id": str(n + 1), "LineNum": n + 1, "Description": line["name"], "Amount": float(line["total"]),
         "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"Qty": line["quantity"]}}
        for n, line in enumerate(order["line_items"])
    ]  # fmt: skip
    body = {
        "Id": key,
        "DocNumber": str(key),
        "TxnDate": made.date().isoformat(),
        "DueDate": (made + timedelta(days=14)).date().isoformat(),
        "CustomerRef": {"value": customer["Id"], "name": customer["DisplayName"]},
        "PrivateNote": f"woocommerce:{order['id']}",
        "Line": lines,
        "TxnTaxDetail": {"TotalTax": float(tax)},
        "GlobalTaxCalculation": "TaxExcluded",
        "TotalAmt": float(total),
        "Balance": 0.0 if paid else float(total),
        "CurrencyRef": _currency(),
        "EmailStatus": "EmailSent",
        "LinkedTxn": [{"TxnId": str(5_001 + number), "TxnType": "Payment"}] if paid else [],
    }
    return key, changed, body | _versioned(made, changed)


def _payment(number: int, order: dict[str, Any], invoice: dict[str, Any]) -> Object:
    key, made = str(5_001 + number), datetime.fromisoformat(order["date_created_gmt"]) + timedelta(hours=9)
    on = [{"Amount": invoice["TotalAmt"], "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}]
    body = {
        "Id": key,
        "TxnDate": made.date().isoformat(),
        "CustomerRef": invoice["CustomerRef"],
        "TotalAmt": invoice["TotalAmt"],
        "UnappliedAmt": 0,
        "PaymentRefNum": order["transaction_id"],
        "CurrencyRef": _currency(),
        "Line": on,
        "ProcessPayment": False,
    }
    return key, made, body | _versioned(made, made)
