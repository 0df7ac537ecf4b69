"""The retailer that has every system, really served, read and staged: one order's traces in all of them agree."""

from datetime import datetime

import duckdb
import pytest

from pipelines import extract, transform
from pipelines.resources import Settings, now
from sources.contract import load_contracts
from sources.estate import server

TRACES = [
    "stg_shopify__orders", "stg_shopify__transactions", "stg_shopify__returns", "stg_stripe__charges",
    "stg_stripe__balance_transactions", "stg_stripe__payouts", "stg_bank__entries", "stg_bank__statements",
    "stg_warehouse__movements", "stg_warehouse__shipments", "stg_easypost__trackers", "stg_voucherify__points",
    "stg_zendesk__tickets", "stg_pos__clocks", "stg_pos__receipts", "stg_pos__points", "stg_paypal__transactions",
    "stg_paypal__disputes",
    "stg_hubspot__orders", "stg_hubspot__line_items", "stg_hubspot__products", "stg_hubspot__tickets",
    "stg_klaviyo__events", "stg_klaviyo__metrics", "stg_square__orders", "stg_square__loyalty_accounts",
    "stg_square__loyalty_events", "stg_xero__invoices", "stg_xero__credit_notes", "stg_sendcloud__returns",
    "stg_shopify__refunds", "stg_stripe__refunds", "stg_pos__tenders", "stg_adyen__settlements",
    "stg_amazon__orders", "stg_amazon__transactions", "stg_amazon__settlements",
]  # fmt: skip


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    """The warehouse after one extraction of every system and a build of what an order leaves behind."""
    home = tmp_path_factory.mktemp("all-systems")
    settings = Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")
    with pytest.MonkeyPatch.context() as patch, server.start("retailer3", home):
        patch.setenv("ASSAY_HOME", str(home))
        read = extract.extract_all(load_contracts(), settings, now())
    assert [one for one in read if isinstance(one, extract.Failure)] == []
    # What Odoo has of our ids is empty until something is published.
    assert [f"{one.system}/{one.stream}" for one in read if not one.rows] == ["odoo/external_ids"]
    assert {one.system for one in read} == load_contracts().keys()
    transform.build(settings, select=" ".join(TRACES))
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        connection.execute(f"set file_search_path = '{home}'; set search_path = 'staging'")
        yield connection


def ask(staged, query):
    return staged.execute(query).fetchall()


def test_every_order_that_was_paid_has_one_charge_of_its_total_and_the_shop_says_so_too(staged):
    wrong = ask(
        staged,
        """
        select orders.record_id from stg_shopify__orders as orders
        left join stg_stripe__charges as charges
            on orders.record_id = charges.order_record_id and charges.status = 'succeeded'
        left join stg_shopify__transactions as sales
            on orders.record_id = sales.order_record_id and sales.transaction_kind = 'sale' and sales.status = 'success'
        where orders.financial_status <> 'PENDING'
        group by orders.record_id, orders.total_amount
        having count(distinct charges.record_id) <> 1
            or max(charges.charge_amount) is distinct from orders.total_amount
            or max(sales.transaction_amount) is distinct from orders.total_amount
        """,
    )
    assert wrong == []
    assert ask(staged, "select count(*) from stg_shopify__orders where financial_status <> 'PENDING'")[0][0] > 50


def test_every_charge_went_into_a_payout_that_is_the_sum_of_its_parts_and_on_the_banks_statement(staged):
    wrong = ask(
        staged,
        """
        select payouts.record_id from stg_stripe__payouts as payouts
        inner join stg_stripe__balance_transactions as parts
            on payouts.record_id = parts.payout_record_id and parts.movement_type <> 'payout'
        group by payouts.record_id, payouts.payout_amount
        having sum(parts.net_amount) <> payouts.payout_amount
        """,
    )
    assert wrong == []
    unpaid = ask(
        staged,
        """
        select charges.record_id from stg_stripe__charges as charges
        left join stg_stripe__balance_transactions as parts on charges.record_id = parts.source_record_id
        where charges.status = 'succeeded' and parts.payout_record_id is null
            and charges.event_at < timestamp '2026-03-28'
        """,
    )
    assert unpaid == []
    booked = ask(
        staged,
        """
        with days as (select booked_on from stg_bank__entries where account like 'DE%')
        select payouts.record_id, entries.amount = payouts.payout_amount
        from stg_stripe__payouts as payouts
        left join stg_bank__entries as entries on payouts.statement_descriptor = entries.reference
        where payouts.arrives_on in (from days) and payouts.status = 'paid'
        """,
    )
    assert len(booked) > 3
    assert {same for _, same in booked} == {True}


def test_every_order_that_was_sent_left_the_warehouse_in_one_parcel_that_is_followed(staged):
    parcels = ask(
        staged,
        """
        select orders.record_id, count(shipments.record_id), min(orders.sold_at) < min(shipments.shipped_at)
        from stg_shopify__orders as orders
        left join stg_warehouse__shipments as shipments on orders.record_id = shipments.order_record_id
        where orders.financial_status <> 'PENDING' and orders.sold_at < timestamp '2026-03-28'
        group by orders.record_id
        """,
    )
    assert {tuple(one[1:]) for one in parcels} == {(1, True)}
    pieces = ask(
        staged,
        """
        with ordered as (select record_id, unnest(lines) as line from stg_shopify__orders),
        sums as (
            select record_id, sum(line.quantity) as pieces from ordered where trim(line.sku) <> '' group by record_id
        )
        select sums.pieces = -sum(movements.quantity) from sums
        inner join stg_warehouse__movements as movements
            on sums.record_id = movements.order_record_id and movements.reason = 'sale'
        group by sums.record_id, sums.pieces
        """,
    )
    assert len(pieces) > 40
    assert set(pieces) == {(True,)}


def test_what_came_back_is_in_the_warehouse_again_and_its_money_left_the_charge_and_the_payout(staged):
    goods = ask(
        staged,
        """
        with given as (select order_record_id, unnest(lines) as line from stg_shopify__refunds),
        back as (
            select order_record_id, sum(line.quantity) as pieces from given
            where trim(line.lineItem.sku) <> '' group by order_record_id
        ),
        moved as (
            select order_record_id, sum(quantity) as pieces from stg_warehouse__movements
            where reason = 'return' group by order_record_id
        )
        select back.pieces is not distinct from moved.pieces from back
        inner join stg_shopify__returns as returns on back.order_record_id = returns.order_record_id
        inner join stg_shopify__orders as orders on back.order_record_id = orders.record_id
        full join moved on back.order_record_id = moved.order_record_id
        where returns.status is distinct from 'open' and coalesce(orders.sold_at, '2026-01-01') < '2026-03-28'
        """,
    )
    assert len(goods) > 10
    assert set(goods) == {(True,)}
    money = ask(
        staged,
        """
        select sales.transaction_amount, refunds.refund_amount, -parts.gross_amount, parts.payout_record_id is not null
        from stg_shopify__transactions as sales
        full join (
            select refunds.*, charges.order_record_id from stg_stripe__refunds as refunds
            inner join stg_stripe__charges as charges on refunds.charge_record_id = charges.record_id
            where refunds.status = 'succeeded' and charges.order_record_id is not null
        ) as refunds on sales.order_record_id = refunds.order_record_id
        left join stg_stripe__balance_transactions as parts on refunds.record_id = parts.source_record_id
        where sales.transaction_kind is null or sales.transaction_kind = 'refund'
        """,
    )
    assert money
    assert all(shop == processor == moved and paid for shop, processor, moved, paid in money)


def test_what_a_card_paid_or_got_at_a_till_is_settled_and_each_batch_comes_to_the_bank_in_one_sum(staged):
    tills = ask(
        staged,
        """
        select receipt_record_id, amount from stg_pos__tenders
        where method = 'card' and paid_at < timestamp '2026-03-29' order by all
        """,
    )
    terminals = ask(
        staged,
        """
        select receipt_record_id, gross_amount from stg_adyen__settlements
        where line_type <> 'MerchantPayout' order by all
        """,
    )
    assert tills == terminals
    assert min(amount for _, amount in tills) < 0
    paid = ask(
        staged,
        """
        select lines.batch_number, sum(lines.net_amount), any_value(entries.amount)
        from stg_adyen__settlements as lines
        inner join stg_adyen__settlements as payouts
            on lines.batch_number = payouts.batch_number and payouts.line_type = 'MerchantPayout'
        left join stg_bank__entries as entries on entries.reference = split_part(payouts.source_key, '-', 1)
        where lines.line_type <> 'MerchantPayout' and payouts.event_at < timestamp '2026-03-29'
        group by lines.batch_number
        """,
    )
    assert paid
    assert all(settled == booked for _, settled, booked in paid)


def test_what_the_marketplace_took_for_an_order_is_in_a_settlement_and_the_settlement_on_a_statement(staged):
    unheard = ask(
        staged,
        """
        select orders.record_id from stg_amazon__orders as orders
        left join stg_amazon__transactions as moves
            on orders.record_id = moves.order_record_id and moves.transaction_type = 'Shipment'
        where orders.status = 'SHIPPED' group by orders.record_id, orders.total_amount, orders.sold_at
        having count(moves.record_id) <> 1 or sum(moves.net_amount) > orders.total_amount
            or min(moves.posted_at) < orders.sold_at
        """,
    )
    assert unheard == []
    settled = ask(
        staged,
        """
        select settlements.settled_amount, sum(moves.net_amount), settlements.paid_out_at, any_value(entries.amount)
        from stg_amazon__settlements as settlements
        inner join stg_amazon__transactions as moves on settlements.record_id = moves.settlement_record_id
        left join stg_bank__entries as entries on settlements.trace_key = entries.reference
        group by settlements.record_id, settlements.settled_amount, settlements.paid_out_at
        """,
    )
    assert all(amount == moved for amount, moved, *_ in settled)
    heard = datetime(2026, 3, 15)
    booked = [(amount, seen) for amount, _, paid, seen in settled if paid and paid > heard]
    assert len(booked) > 1
    assert all(amount == seen for amount, seen in booked)


def test_points_are_an_orders_whole_units_and_tickets_come_after_the_order_that_they_are_about(staged):
    points = ask(
        staged,
        """
        select points.points_change = floor(orders.total_amount) from stg_voucherify__points as points
        left join stg_shopify__orders as orders on points.order_record_id = orders.record_id
        where points.order_record_id is not null
        """,
    )
    assert len(points) > 5
    assert set(points) == {(True,)}
    tickets = ask(
        staged,
        """
        select tickets.opened_at > orders.sold_at from stg_zendesk__tickets as tickets
        left join stg_shopify__orders as orders on tickets.order_record_id = orders.record_id
        where tickets.order_record_id like 'shopify:%'
        """,
    )
    assert len(tickets) > 20
    assert set(tickets) == {(True,)}


def test_points_that_a_till_booked_are_those_of_its_receipt_and_stand_on_the_card_that_was_shown(staged):
    booked = ask(
        staged,
        """
        select
            points.points_change = floor(receipts.total_amount / 25), points.booked_at = receipts.sold_at,
            points.customer_record_id = receipts.customer_record_id
        from stg_pos__points as points
        left join stg_pos__receipts as receipts on points.receipt_record_id = receipts.record_id
        """,
    )
    assert len(booked) > 5
    assert set(booked) == {(True, True, True)}
    platform = ask(
        staged,
        """
        select card.points_change = till.points_change from stg_voucherify__points as card
        left join stg_pos__points as till on card.receipt_record_id = till.receipt_record_id
        where card.receipt_record_id is not null
        """,
    )
    assert platform
    assert set(platform) == {(True,)}


def test_what_buyers_contest_is_a_payment_of_the_wallet_and_what_they_won_was_refunded(staged):
    disputes = ask(
        staged,
        """
        select
            disputes.disputed_amount = paid.transaction_amount, disputes.opened_at > paid.initiated_at,
            disputes.order_key = paid.order_key,
            disputes.refunded_amount is not distinct from -refunds.transaction_amount
        from stg_paypal__disputes as disputes
        left join stg_paypal__transactions as paid
            on disputes.transaction_id = paid.transaction_id and paid.event_code = 'T0006'
        left join stg_paypal__transactions as refunds
            on disputes.transaction_id = refunds.reference_id and refunds.event_code = 'T1107'
        """,
    )
    assert len(disputes) > 20
    assert set(disputes) == {(True, True, True, True)}


def test_telephone_orders_are_of_products_of_the_library_and_asked_about_by_whoever_ordered(staged):
    lines = ask(
        staged,
        """
        select products.sku is not distinct from lines.sku, products.product_name = lines.product_name
        from stg_hubspot__line_items as lines
        left join stg_hubspot__products as products on lines.product_record_id = products.record_id
        """,
    )
    assert set(lines) == {(True, True)}
    tickets = ask(
        staged,
        """
        select orders.customer_record_id = tickets.customer_record_id, tickets.opened_at > orders.sold_at
        from stg_hubspot__tickets as tickets
        left join stg_hubspot__orders as orders on tickets.order_record_id = orders.record_id
        """,
    )
    assert len(tickets) > 20
    assert set(tickets) == {(True, True)}


def test_what_marketing_calls_a_placed_order_is_an_order_of_the_shop_at_that_time(staged):
    placed = ask(
        staged,
        """
        select date_trunc('second', orders.sold_at) = events.happened_at from stg_klaviyo__events as events
        inner join stg_klaviyo__metrics as metrics on events.metric_key = metrics.source_key
        left join stg_shopify__orders as orders on orders.record_id = 'shopify:' || events.event_key
        where metrics.metric_name = 'Placed Order'
        """,
    )
    assert placed
    assert set(placed) == {(True,)}


def test_points_of_the_stands_are_those_of_their_orders_and_a_balance_is_their_sum(staged):
    booked = ask(
        staged,
        """
        select events.points_change = floor(orders.total_amount / 25) from stg_square__loyalty_events as events
        left join stg_square__orders as orders on events.order_record_id = orders.record_id
        """,
    )
    assert len(booked) > 20
    assert set(booked) == {(True,)}
    wrong = ask(
        staged,
        """
        select accounts.record_id from stg_square__loyalty_accounts as accounts
        left join stg_square__loyalty_events as events on accounts.record_id = events.account_record_id
        group by accounts.record_id, accounts.points_balance
        having sum(events.points_change) is distinct from accounts.points_balance
        """,
    )
    assert wrong == []


def test_what_comes_back_of_telephone_orders_is_credited_with_what_was_invoiced(staged):
    credited = ask(
        staged,
        """
        select notes.total_amount = invoices.total_amount, notes.total_amount = returns.refund_amount
        from stg_sendcloud__returns as returns
        left join stg_xero__credit_notes as notes on returns.order_number = notes.order_number
        left join stg_xero__invoices as invoices on returns.order_number = invoices.order_number
        """,
    )
    assert len(credited) > 20
    assert set(credited) == {(True, True)}


def test_there_are_orders_with_a_trace_in_every_system(staged):
    whole = ask(
        staged,
        """
        select distinct orders.record_id
        from stg_shopify__orders as orders
        inner join stg_stripe__charges as charges on orders.record_id = charges.order_record_id
        inner join stg_stripe__balance_transactions as parts on charges.record_id = parts.source_record_id
        inner join stg_stripe__payouts as payouts on parts.payout_record_id = payouts.record_id
        inner join stg_bank__entries as entries on payouts.statement_descriptor = entries.reference
        inner join stg_warehouse__movements as movements on orders.record_id = movements.order_record_id
        inner join stg_warehouse__shipments as shipments on orders.record_id = shipments.order_record_id
        inner join stg_easypost__trackers as trackers on shipments.tracking_number = trackers.tracking_code
        inner join stg_voucherify__points as points on orders.record_id = points.order_record_id
        inner join stg_zendesk__tickets as tickets on orders.record_id = tickets.order_record_id
        """,
    )
    assert len(whole) >= 2
