"""The outlet's PayPal account on its first day: payments of its shop's orders, holds, refunds, withdrawals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sources.estate.appearances import opaque
from sources.estate.guests import Part, customers_of, persons
from sources.estate.world import World
from sources.paypal.fake_disputes import contested

PAYMENT, HOLD, REFUND, WITHDRAWAL = "T0006", "T1501", "T1107", "T0403"


def invent(world: World) -> Part:
    """The account's part of the retailer: each wallet order of the outlet's shop has its payment here."""
    shop = world.part("woocommerce")
    orders = [body for _, _, body in shop.objects["order"]]
    paid = [order for order in orders if order["payment_method"] == "ppcp-gateway"]
    buyers = {str(order["customer_id"]) for order in paid}
    of_shop = shop.appearances.filter(pc.is_in(shop.appearances["key"], pa.array(sorted(buyers))))
    payers = customers_of(world, "paypal", "stripe", lambda n: opaque("payer", n, 13).upper(), persons(of_shop))
    payer_of = dict(zip(payers["person_id"].to_pylist(), payers.to_pylist(), strict=True))
    person_of = dict(zip(of_shop["key"].to_pylist(), of_shop["person_id"].to_pylist(), strict=True))
    records = []
    for order in paid:
        records += _of_order(order, payer_of[person_of[str(order["customer_id"])]])
    disputes = contested([body for body in records if _event(body) == PAYMENT], refunds_of(records))
    records += [_withdrawal(world.now - timedelta(days=7 * week + 1), week) for week in range(12)]
    transactions = [(key_of(body), _at(body), body) for body in records]
    return Part({"transaction": transactions, "dispute": disputes}, payers)


def refunds_of(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The refund of each payment that has one, by the payment's id."""
    refunds = (body["transaction_info"] for body in records if _event(body) == REFUND)
    return {info["paypal_reference_id"]: info for info in refunds}


def key_of(body: dict[str, Any]) -> str:
    """What names a transaction: its id alone does not."""
    info = body["transaction_info"]
    return "-".join(info[f"transaction_{part}"] for part in ("id", "event_code", "initiation_date"))


def stamp(at: datetime) -> str:
    """As PayPal writes times: whole seconds with an offset."""
    return at.strftime("%Y-%m-%dT%H:%M:%S") + "+00:00"


def _event(body: dict[str, Any]) -> str:
    return body["transaction_info"]["transaction_event_code"]


def _at(body: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(body["transaction_info"]["transaction_updated_date"]).astimezone(UTC)


def _of_order(order: dict[str, Any], payer: dict[str, Any]) -> list[dict[str, Any]]:
    """Payment, for one in three a hold under the same id, and the refunds under ids of their own."""
    at, total = datetime.fromisoformat(order["date_paid_gmt"]), Decimal(order["total"])
    about = {"invoice_id": f"WC-{order['id']}", "custom_field": str(order["id"])}
    key = order["transaction_id"]
    found = [_transaction(key, PAYMENT, at, total, payer, fee_amount=_money(-total * 3 / 100), **about)]
    if order["id"] % 3 == 0:
        found.append(_transaction(key, HOLD, at, -total / 5, payer, **about))
    for refund in order["refunds"]:
        at = datetime.fromisoformat(order["date_modified_gmt"])
        own = opaque("paypal-refund", refund["id"], 17).upper()
        more = {"paypal_reference_id": key, "paypal_reference_id_type": "TXN", **about}
        found.append(_transaction(own, REFUND, at, Decimal(refund["total"]), payer, **more))
    return found


def _withdrawal(at: datetime, week: int) -> dict[str, Any]:
    return _transaction(opaque("withdrawal", week, 17).upper(), WITHDRAWAL, at, Decimal(-20_000), None)


def _transaction(
    key: str, code: str, at: datetime, amount: Decimal, payer: dict[str, Any] | None, **more: Any
) -> dict[str, Any]:
    info = {
        "transaction_id": key,
        "transaction_event_code": code,
        "transaction_initiation_date": stamp(at),
        "transaction_updated_date": stamp(at),
        "transaction_amount": _money(amount),
        "transaction_status": "S",
        "protection_eligibility": "01",
        **more,
    }
    empty = {"payer_info": {}, "shipping_info": {}, "cart_info": {}, "store_info": {}, "auction_info": {}}
    return {"transaction_info": info, **empty, "incentive_info": {}, "payer_info": _payer(payer) if payer else {}}


def _payer(row: dict[str, Any]) -> dict[str, Any]:
    first, _, last = (row["full_name"] or "").rpartition(" ")
    told = {
        "account_id": row["key"],
        "email_address": row["email"],
        "address_status": "Y",
        "payer_status": "Y",
        "payer_name": {"given_name": first, "surname": last, "alternate_full_name": row["full_name"]},
        "country_code": row["country_code"],
    }
    address = {"line1": row["street"], "city": row["city"], "country_code": row["country_code"]}
    if all(address.values()):
        told["address"] = address | ({"postal_code": row["zip"]} if row["zip"] else {})
    return {name: value for name, value in told.items() if value}


def _money(amount: Decimal) -> dict[str, str]:
    return {"currency_code": "CZK", "value": str(amount.quantize(Decimal("0.01")))}
