"""What joined the retailer later agrees with what was there: an order has its invoice, its parcel, its payment."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from sources.estate.guests import at_the_till
from sources.estate.state import list_objects, open_state
from sources.estate.world import World, generate
from sources.pos.fake import tenders
from sources.stripe import fake as stripe


@pytest.fixture(scope="module")
def world() -> World:
    return generate("retailer2")


def bodies(world: World, system: str, kind: str) -> list[dict]:
    return [body for _, _, body in world.part(system).objects[kind]]


def test_every_telephone_order_is_invoiced_to_its_buyer_and_what_is_paid_is_the_invoices_amount(world):
    sales, books = world.part("hubspot").appearances, world.part("xero").appearances
    buyer = dict(zip(sales["key"].to_pylist(), sales["person_id"].to_pylist(), strict=True))
    debtor = dict(zip(books["key"].to_pylist(), books["person_id"].to_pylist(), strict=True))
    invoice = {body["Reference"]: body for body in bodies(world, "xero", "invoice")}
    orders = bodies(world, "hubspot", "order")
    assert len(orders) == len(invoice)
    for order in orders:
        own = invoice[order["properties"]["hs_external_order_id"]]
        assert Decimal(str(own["Total"])) == Decimal(order["properties"]["hs_total_price"])
        assert Decimal(str(own["SubTotal"])) + Decimal(str(own["TotalTax"])) == Decimal(str(own["Total"]))
        ordered_by = order["associations"]["contacts"]["results"][0]["id"]
        assert debtor[own["Contact"]["ContactID"]] == buyer[ordered_by]
    paid = {body["Reference"]: body["Amount"] for body in bodies(world, "xero", "payment")}
    assert paid == {number: body["Total"] for number, body in invoice.items() if body["Status"] == "PAID"}


def test_what_comes_back_of_telephone_orders_is_credited_to_whom_it_was_invoiced(world):
    invoice = {body["Reference"]: body for body in bodies(world, "xero", "invoice")}
    notes = bodies(world, "xero", "credit_note")
    back = {body["order_number"]: bool(body["delivered_at_iso"]) for body in bodies(world, "sendcloud", "return")}
    assert {note["Reference"]: note["Status"] == "AUTHORISED" for note in notes} == back
    for note in notes:
        same = invoice[note["Reference"]]
        assert (note["Total"], note["Contact"]) == (same["Total"], same["Contact"])


def test_every_order_of_the_outlet_is_in_its_books_and_what_the_wallet_paid_is_paid_there(world):
    shop, books = world.part("woocommerce").appearances, world.part("quickbooks").appearances
    placed = dict(zip(shop["key"].to_pylist(), shop["person_id"].to_pylist(), strict=True))
    debtor = dict(zip(books["key"].to_pylist(), books["person_id"].to_pylist(), strict=True))
    invoices = {body["PrivateNote"]: body for body in bodies(world, "quickbooks", "Invoice")}
    paid = {body["PaymentRefNum"]: body["TotalAmt"] for body in bodies(world, "quickbooks", "Payment")}
    orders = bodies(world, "woocommerce", "order")
    assert len(invoices) == len(orders)
    for order in orders:
        own = invoices[f"woocommerce:{order['id']}"]
        assert Decimal(str(own["TotalAmt"])) == Decimal(order["total"])
        lines = sum(Decimal(str(line["Amount"])) for line in own["Line"])
        assert lines + Decimal(str(own["TxnTaxDetail"]["TotalTax"])) == Decimal(order["total"])
        assert debtor[own["CustomerRef"]["value"]] == placed[str(order["customer_id"])]
    wallet = {order["transaction_id"]: float(order["total"]) for order in orders if order["transaction_id"]}
    assert paid == wallet


def test_every_invoice_paid_in_the_books_was_paid_at_a_reader_and_came_into_the_bank_less_its_fee(world):
    made = bodies(world, "sumup", "transaction")
    paid = {one["product_summary"]: one["amount"] for one in made if one["type"] == "PAYMENT"}
    books = {one["Invoice"]["InvoiceNumber"]: one["Amount"] for one in bodies(world, "xero", "payment")}
    assert len(paid) > 20
    assert paid.items() <= books.items()
    amounts = {one["transaction_code"]: Decimal(str(one["amount"])) for one in made if one["type"] == "PAYMENT"}
    payouts = [one for one in bodies(world, "sumup", "payout") if one["type"] == "PAYOUT"]
    for one in payouts:
        assert Decimal(str(one["amount"])) + Decimal(str(one["fee"])) == amounts[one["transaction_code"]]
    booked = {one["reference"]: Decimal(one["amount"]) for one in bodies(world, "bank", "entry")}
    first = min(one["day"] for one in bodies(world, "bank", "statement"))
    last = max(one["day"] for one in bodies(world, "bank", "statement"))
    due = [one for one in bodies(world, "sumup", "payout") if first <= one["date"] <= last]
    assert due
    assert all(booked[one["reference"]] == Decimal(str(one["amount"])) for one in due)


def test_what_the_bank_has_of_the_card_processor_on_a_day_is_the_payout_that_arrived(world, tmp_path):
    stripe.seed(world, tmp_path / "stripe.db")
    with closing(open_state(tmp_path / "stripe.db")) as state:
        sent = [one.body for one in list_objects(state, "payout", limit=1000)]
    days = {one["statement_id"]: one["day"] for one in bodies(world, "bank", "statement")}
    booked = defaultdict(Decimal)
    for entry in bodies(world, "bank", "entry"):
        if entry["party"] == "Stripe":
            booked[days[entry["statement_id"]]] += Decimal(entry["amount"])
    arrived = {
        datetime.fromtimestamp(one["arrival_date"], UTC).date().isoformat(): Decimal(one["amount"]) / 100
        for one in sent
        if one["status"] == "paid"
    }
    assert booked
    assert booked == {day: amount for day, amount in arrived.items() if day in days.values()}


def test_every_question_about_a_telephone_order_is_asked_by_whoever_placed_it(world):
    sales, support = world.part("hubspot").appearances, world.part("gorgias").appearances
    buyer = dict(zip(sales["key"].to_pylist(), sales["person_id"].to_pylist(), strict=True))
    asker = dict(zip(support["key"].to_pylist(), support["person_id"].to_pylist(), strict=True))
    placed = {
        f"hubspot:{order['id']}": buyer[order["associations"]["contacts"]["results"][0]["id"]]
        for order in bodies(world, "hubspot", "order")
    }
    tickets = bodies(world, "gorgias", "ticket")
    assert len(tickets) > 20
    assert all(asker[str(ticket["customer"]["id"])] == placed[ticket["external_id"]] for ticket in tickets)


def test_every_order_of_the_outlet_has_one_parcel_to_the_person_who_placed_it(world):
    shop, parcels = world.part("woocommerce").appearances, world.part("easypost").appearances
    placed = dict(zip(shop["key"].to_pylist(), shop["person_id"].to_pylist(), strict=True))
    received = dict(zip(parcels["key"].to_pylist(), parcels["person_id"].to_pylist(), strict=True))
    sent = {body["reference"]: received[body["to_address"]["id"]] for body in bodies(world, "easypost", "shipment")}
    orders = bodies(world, "woocommerce", "order")
    assert sent == {f"woocommerce:{order['id']}": placed[str(order["customer_id"])] for order in orders}


def test_what_cards_paid_or_got_on_a_closed_day_is_settled_with_its_amount_and_each_batch_is_paid_out(world):
    today = world.now.replace(tzinfo=None, hour=0, minute=0, second=0)
    lines = bodies(world, "adyen", "settlement")
    settled = sorted(
        (one["merchant_reference"], Decimal(one.get("gross_credit", 0)) - Decimal(one.get("gross_debit", 0)))
        for one in lines
        if one["type"] in ("Settled", "Refunded")
    )
    assert settled == sorted(
        (one["receipt_code"], one["amount"])
        for one in tenders(world).to_pylist()
        if one["method"] == "card" and one["paid_at"] < today
    )
    assert min(amount for _, amount in settled) < 0
    for batch in {one["batch_number"] for one in lines}:
        own = [one for one in lines if one["batch_number"] == batch]
        assert sum(Decimal(one.get("net_credit", 0)) - Decimal(one.get("net_debit", 0)) for one in own) == 0


def test_every_variation_of_the_stands_is_a_variant_of_odoos_at_its_retail_price_under_its_items_name(world):
    truth = world.part("square").variants
    names = {one["id"]: one["item_data"]["name"] for one in bodies(world, "square", "item")}
    listed = {row["key"]: row for row in world.listings.to_pylist() if row["system"] == "odoo"}
    price = {
        listed[row["listing_key"]]["variant_id"]: row["amount"]
        for row in world.prices.to_pylist()
        if (row["system"], row["price_list"], row["kind"]) == ("odoo", "retail_czk", "regular")
        and (row["valid_to_at"], row["store_code"], row["min_quantity"]) == (None, None, 1)
    }
    told = {row["variant_id"]: (row["name"], row["sku"], row["gtin"]) for row in listed.values()}
    variations = bodies(world, "square", "variation")
    assert len(variations) > 20
    assert {one["item_variation_data"]["item_id"] for one in variations} == names.keys()
    for one in variations:
        sold, variant = one["item_variation_data"], truth[f"square:{one['id']}"]
        assert Decimal(sold["price_money"]["amount"]) / 100 == price[variant]
        assert (names[sold["item_id"]], sold.get("sku"), sold.get("upc")) == told[variant]


def test_every_order_of_the_stands_has_its_points_and_a_balance_is_the_sum_of_them(world):
    earned = [
        one["accumulate_points"] | {"account": one["loyalty_account_id"]} for one in bodies(world, "square", "event")
    ]
    totals = {order["id"]: order["total_money"]["amount"] for order in bodies(world, "square", "order")}
    assert {one["order_id"]: one["points"] for one in earned} == {key: total // 2500 for key, total in totals.items()}
    for account in bodies(world, "square", "loyalty_account"):
        assert account["balance"] == sum(one["points"] for one in earned if one["account"] == account["id"])


def test_every_order_of_a_delivery_service_is_a_receipt_of_the_tills(world):
    totals = {receipt["key"]: receipt["total_amount"] for receipt in world.receipts.to_pylist()}
    orders = bodies(world, "deliverect", "order")
    assert orders
    for order in orders:
        assert Decimal(order["payment"]["amount"]) / 100 == totals[order["posReceiptId"]]
        assert sum(item["price"] * item["quantity"] for item in order["items"]) == order["payment"]["amount"]


def test_every_menu_of_the_delivery_services_asks_the_tills_price_where_they_deliver_from(world):
    price = {key: (amount, rate) for key, _, _, amount, rate in at_the_till(world)}
    menus = bodies(world, "deliverect", "product")
    assert len(menus) > 20
    for one in menus:
        assert (Decimal(one["price"]) / 100, Decimal(one["deliveryTax"]) / 1000) == price[one["plu"]]
    assert {one["location"] for one in menus} == {order["location"] for order in bodies(world, "deliverect", "order")}


def test_every_waiting_order_of_the_other_service_is_of_articles_at_the_tills_price_in_its_store(world):
    price = {
        row["listing_key"]: row["amount"]
        for row in world.prices.to_pylist()
        if (row["system"], row["kind"], row["store_code"], row["valid_to_at"]) == ("pos", "regular", None, None)
    }
    stores = {store["store_id"] for store in bodies(world, "ubereats", "store")}
    orders = bodies(world, "ubereats", "order")
    assert len(orders) > 20
    for order in orders:
        lines = order["cart"]["items"]
        assert all(line["price"]["unit_price"]["amount"] == price[line["external_data"]] * 100 for line in lines)
        whole = sum(line["price"]["total_price"]["amount"] for line in lines)
        assert whole == order["payment"]["charges"]["total"]["amount"]
        assert order["store"]["id"] in stores


def test_every_receipt_of_the_outlet_is_its_lines_and_its_payments_and_the_drawer_holds_what_was_paid_in_cash(world):
    lines, paid, cash = {}, {}, {}
    for line in bodies(world, "odoopos", "pos.order.line"):
        lines[line["order_id"]] = lines.get(line["order_id"], 0) + line["price_subtotal_incl"]
    for one in bodies(world, "odoopos", "pos.payment"):
        paid[one["pos_order_id"]] = paid.get(one["pos_order_id"], 0) + one["amount"]
        if one["payment_method_id"] == 1:
            cash[one["session_id"]] = cash.get(one["session_id"], 0) + one["amount"]
    orders = bodies(world, "odoopos", "pos.order")
    total = {order["id"]: order["amount_total"] for order in orders}
    assert len(total) > 60
    assert total == lines == paid
    contacts = {row["key"] for row in world.appearances.to_pylist() if row["system"] == "odoo"}
    bought = {str(order["partner_id"]) for order in orders if order["partner_id"]}
    assert bought
    assert bought <= contacts
    for session in bodies(world, "odoopos", "pos.session"):
        drawer = session["cash_register_balance_end_real"] - session["cash_register_balance_start"]
        assert session["state"] != "closed" or drawer == cash.get(session["id"], 0)


def test_every_order_of_a_stand_is_paid(world):
    paid = {body["order_id"]: body["amount_money"] for body in bodies(world, "square", "payment")}
    assert paid == {body["id"]: body["total_money"] for body in bodies(world, "square", "order")}


def test_every_order_of_the_marketplace_is_posted_less_its_fee_and_what_is_given_back_is_the_same(world):
    posted = bodies(world, "amazon", "transaction")
    orders = {body["orderId"]: body for body in bodies(world, "amazon", "order")}
    assert {one["relatedIdentifiers"][0]["relatedIdentifierValue"] for one in posted} == orders.keys()
    for one in posted:
        parts = {part["breakdownType"]: part["breakdownAmount"]["currencyAmount"] for part in one["breakdowns"]}
        total = orders[one["relatedIdentifiers"][0]["relatedIdentifierValue"]]["proceeds"]["grandTotal"]["amount"]
        assert abs(Decimal(str(parts["Sales"]))) == Decimal(total)
        assert Decimal(str(one["totalAmount"]["currencyAmount"])) == sum(Decimal(str(part)) for part in parts.values())


def test_what_the_marketplace_settles_is_what_it_posted_in_the_period_and_the_bank_has_it(world):
    posted, settled = bodies(world, "amazon", "transaction"), bodies(world, "amazon", "settlement")
    sums = defaultdict(Decimal)
    for one in posted:
        named = {pair["relatedIdentifierName"]: pair["relatedIdentifierValue"] for pair in one["relatedIdentifiers"]}
        sums[named["FINANCIAL_EVENT_GROUP_ID"]] += Decimal(str(one["totalAmount"]["currencyAmount"]))
    total = {one["FinancialEventGroupId"]: Decimal(str(one["OriginalTotal"]["CurrencyAmount"])) for one in settled}
    assert total == sums
    lines = {one["reference"]: Decimal(one["amount"]) for one in bodies(world, "bank", "entry")}
    first = min(one["day"] for one in bodies(world, "bank", "statement"))
    due = [one for one in settled if one.get("FundTransferDate", "") >= first]
    assert due
    assert all(lines[one["TraceId"]] == total[one["FinancialEventGroupId"]] for one in due)


def test_what_the_marketplace_offers_is_the_same_article_as_in_the_shop(world):
    true = {row["variant_id"]: row for row in world.variants.to_pylist()}
    part = world.part("amazon")
    assert len(part.variants) == len(part.objects["listing"])
    assert all(record.startswith("amazon:") and variant in true for record, variant in part.variants.items())
    skus = {row["sku"] for row in world.listings.to_pylist() if row["system"] == "shopify"}
    sold = {item["product"]["sellerSku"] for order in bodies(world, "amazon", "order") for item in order["orderItems"]}
    assert sold <= skus


def test_what_lies_in_amazons_warehouses_is_offered_there_and_its_parts_make_the_whole(world):
    stock = bodies(world, "amazon", "stock")
    offered = {body["sku"] for body in bodies(world, "amazon", "listing")}
    assert {one["sellerSku"] for one in stock} == offered
    for one in stock:
        details = one["inventoryDetails"]
        inbound = sum(details[f"inbound{name}Quantity"] for name in ("Working", "Shipped", "Receiving"))
        kept = details["reservedQuantity"]["totalReservedQuantity"]
        broken = details["unfulfillableQuantity"]["totalUnfulfillableQuantity"]
        assert one["totalQuantity"] == details["fulfillableQuantity"] + kept + broken + inbound


def test_every_order_of_the_second_marketplace_is_earned_paid_out_and_on_the_statement(world):
    orders, entries = bodies(world, "ebay", "order"), bodies(world, "ebay", "transaction")
    total = {order["orderId"]: Decimal(order["pricingSummary"]["total"]["value"]) for order in orders}
    earned = {one["orderId"]: one for one in entries if one["transactionType"] == "SALE"}
    assert earned.keys() == total.keys()
    for order, entry in earned.items():
        assert Decimal(entry["amount"]["value"]) + Decimal(entry["totalFeeAmount"]["value"]) == total[order]
    returned = {order["orderId"] for order in orders if order["orderPaymentStatus"] == "FULLY_REFUNDED"}
    assert returned == {one["orderId"] for one in entries if one["transactionType"] == "REFUND"}
    payouts = {one["payoutId"]: one for one in bodies(world, "ebay", "payout")}
    for key, payout in payouts.items():
        own = [one for one in entries if one.get("payoutId") == key]
        signed = [Decimal(one["amount"]["value"]) * (1 if one["bookingEntry"] == "CREDIT" else -1) for one in own]
        assert sum(signed) == Decimal(payout["amount"]["value"])
    lines = {one["reference"]: Decimal(one["amount"]) for one in bodies(world, "bank", "entry")}
    first = min(one["day"] for one in bodies(world, "bank", "statement"))
    due = {
        one["bankReference"]: Decimal(one["amount"]["value"]) for one in payouts.values() if one["payoutDate"] >= first
    }
    assert due
    assert due.items() <= lines.items()


def test_every_order_of_the_outlet_has_its_points_and_a_balance_is_the_sum_of_them(world):
    orders, points = bodies(world, "woocommerce", "order"), bodies(world, "smile", "points")
    earned = {one["description"]: one["points_change"] for one in points if one["points_change"] >= 0}
    assert earned == {f"Order {order['number']}": int(Decimal(order["total"]) // 10) for order in orders}
    taken = {one["description"]: -one["points_change"] for one in points if one["description"].startswith("Refund")}
    assert taken == {
        f"Refund of order {one['number']}": earned[f"Order {one['number']}"] for one in orders if one["refunds"]
    }
    for customer in bodies(world, "smile", "customer"):
        own = [one["points_change"] for one in points if one["customer_id"] == customer["id"]]
        assert sum(own) == customer["points_balance"]


def test_every_order_of_the_second_marketplace_leaves_the_second_warehouse_once_and_its_stock_with_it(world):
    sold = {order["orderId"]: order for order in bodies(world, "ebay", "order")}
    orders = {one["id"]: one for one in bodies(world, "shiphero", "order")}
    assert {one["partner_order_id"]: one["total_price"] for one in orders.values()} == {
        key: float(order["pricingSummary"]["total"]["value"]) for key, order in sold.items()
    }
    assert sorted(one["order_id"] for one in bodies(world, "shiphero", "shipment")) == sorted(orders)
    left = {one["sku"]: one["on_hand"] for one in bodies(world, "shiphero", "stock")}
    offered = {one["sku"]: one["availability"] for one in bodies(world, "ebay", "listing")}
    assert left == {sku: one["shipToLocationAvailability"]["quantity"] for sku, one in offered.items()}
    movements, last = bodies(world, "shiphero", "movement"), {}
    for one in movements:
        assert one["previous_on_hand"] == last.get(one["sku"], one["previous_on_hand"])
        last[one["sku"]] = one["previous_on_hand"] + one["change_in_on_hand"]
    assert last == {sku: left[sku] for sku in last}
    lines = [(order["order_number"], line["sku"]) for order in orders.values() for line in order["line_items"]]
    assert [(one["reason"].split()[1], one["sku"]) for one in movements] == lines


def test_every_telephone_order_has_one_shipment_to_the_contact_who_ordered(world):
    sales, sent = world.part("hubspot").appearances, world.part("sendcloud").appearances
    contact = dict(zip(sales["key"].to_pylist(), sales["person_id"].to_pylist(), strict=True))
    received = dict(zip(sent["key"].to_pylist(), sent["person_id"].to_pylist(), strict=True))
    shipped = {one["order_number"]: received[one["id"]] for one in bodies(world, "sendcloud", "shipment")}
    orders = bodies(world, "hubspot", "order")
    assert shipped == {
        one["properties"]["hs_external_order_id"]: contact[one["associations"]["contacts"]["results"][0]["id"]]
        for one in orders
    }


def test_every_telephone_order_is_the_sum_of_its_lines_and_came_of_one_deal(world):
    lines, deals = bodies(world, "hubspot", "line_item"), bodies(world, "hubspot", "deal")
    for order in bodies(world, "hubspot", "order"):
        total = Decimal(order["properties"]["hs_total_price"])
        own = [one for one in lines if one["associations"]["orders"]["results"][0]["id"] == order["id"]]
        assert sum(Decimal(one["properties"]["amount"]) for one in own) == total
        won = [one for one in deals if one["associations"]["orders"]["results"][0]["id"] == order["id"]]
        assert [Decimal(one["properties"]["amount"]) for one in won] == [total]
        assert won[0]["associations"]["contacts"] == order["associations"]["contacts"]


def test_what_the_first_warehouse_sends_is_followed_by_a_tracker_that_no_label_of_ours_belongs_to(world):
    sent = {one["tracking_no"]: one["carrier"] for one in bodies(world, "warehouse", "shipment")[-60:]}
    trackers = bodies(world, "easypost", "tracker")
    assert sent == {one["tracking_code"]: one["carrier"] for one in trackers if not one["shipment_id"]}
    labelled = {one["id"] for one in bodies(world, "easypost", "shipment")}
    assert labelled == {one["shipment_id"] for one in trackers if one["shipment_id"]}
