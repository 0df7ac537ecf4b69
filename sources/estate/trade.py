"""What happens in the simulated retailer: stores, till receipts, web orders, card charges and loyalty balances.

Customers, listings and prices are given; everything here refers to them by the systems' own keys.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.estate.appearances import opaque
from sources.estate.names import plain
from sources.estate.places import places, postal_code, store_phones
from sources.estate.pricing import DST_DAY, local
from sources.estate.tables import (
    CHARGES,
    LOYALTY,
    ORDER_LINES,
    ORDERS,
    RECEIPT_LINES,
    RECEIPTS,
    STORES,
    decimals,
)

_MINUTE = np.timedelta64(60_000_000, "us")


def stores(count: int) -> pa.Table:
    """The table `tables.STORES`: Czech towns in turn, each store with a dummy mailbox and a telephone."""
    gazetteer, (first, last) = places(), places().towns["CZ"]
    town = first + np.arange(count) % (last - first)
    street = np.arange(*places().streets["CZ"])[(np.arange(count) * 7) % 50]
    land = np.full(count, "CZ", dtype=object)
    codes = [f"S{n:03}" for n in range(1, count + 1)]
    round_ = np.arange(count) // (last - first) + 1
    names = [f"{name} {n}" if n > 1 else name for name, n in zip(gazetteer.town[town], round_, strict=True)]
    opened = np.datetime64("2024-01-08T09:00:00", "us") + np.arange(count) * np.timedelta64(1, "D")
    columns = {
        "store_code": codes,
        "name": names,
        "street": [f"{plain(name)} {n * 3 + 2}" for n, name in enumerate(gazetteer.street[street])],
        "city": gazetteer.town[town],
        "zip": [postal_code("CZ", t, s) for t, s in zip(town.tolist(), street.tolist(), strict=True)],
        "country_code": land,
        "timezone": np.full(count, "Europe/Prague", dtype=object),
        "email": [f"noemail@store{n:03}.example" for n in range(1, count + 1)],
        "phone": store_phones(np.arange(1, count + 1)),
        "updated_at": opened,
    }
    return _table(columns, STORES)


def receipts(
    customers: pa.Table, articles: pa.Table, prices: pa.Table, count: int, days: int, per_day: int, seed: int,
    now: np.datetime64,
) -> tuple[pa.Table, pa.Table]:  # fmt: skip
    """The tables `tables.RECEIPTS` and `tables.RECEIPT_LINES`: `days` of sales that end minutes before `now`."""
    rng = np.random.default_rng([seed, 9])
    store, sold = _visits(count, days, per_day, rng, now)
    till = rng.integers(1, 4, len(store))
    order = np.lexsort((sold, store))
    store, sold, till = store[order], sold[order], till[order]
    keys = np.array([f"R{n:09}" for n in range(1, len(store) + 1)], dtype=object)
    receipt, line, article, quantity = _baskets(len(store), articles.num_rows, rng)
    unit = _cents(prices, articles["key"])[article]
    total = unit * quantity
    rates = articles["tax_rate"].combine_chunks()
    lines = {
        "receipt_key": keys[receipt],
        "line": line.astype(np.int32),
        "listing_key": articles["key"].take(pa.array(article)).combine_chunks(),
        "quantity": quantity.astype(np.int32),
        "unit_amount": decimals(unit),
        "total_amount": decimals(total),
        "tax_rate": rates.take(pa.array(article)),
    }
    heads = {
        "key": keys,
        "store_code": np.array([f"S{n:03}" for n in range(count + 1)], dtype=object)[store],
        "till": till.astype(np.int32),
        "number": _numbers_of_the_day(store, till, sold),
        "customer_key": _buyers(customers, store, sold, rng),
        "currency": np.full(len(store), "CZK", dtype=object),
        "total_amount": decimals(np.bincount(receipt, total, len(store)).astype(np.int64)),
        "payment": np.where(rng.random(len(store)) < 0.7, "card", "cash").astype(object),
        "sold_at": sold,
        "updated_at": np.minimum(sold + (rng.random(len(store)) * 20_000_000).astype("timedelta64[us]"), now),
    }
    return _table(heads, RECEIPTS), _table(lines, RECEIPT_LINES)


def _visits(count: int, days: int, per_day: int, rng, now) -> tuple[np.ndarray, np.ndarray]:
    """Store and time of every receipt, 8 to 20 o'clock on Prague's clock; each store sold something just now."""
    opening = np.array([local(DST_DAY - timedelta(days=back), 8) for back in range(days)])
    visits = rng.poisson(per_day, (days, count))
    day, store = (np.repeat(index.ravel(), visits.ravel()) for index in np.indices(visits.shape))
    sold = opening[day] + (rng.triangular(0, 540, 720, len(day)) * 60_000_000).astype("timedelta64[us]")
    done = sold < now - 3 * _MINUTE
    latest = now - (rng.uniform(2, 12, count) * 60_000_000).astype("timedelta64[us]")
    return np.append(store[done] + 1, np.arange(1, count + 1)), np.append(sold[done], latest)


def _baskets(count: int, articles: int, rng) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    size = np.minimum(1 + rng.poisson(1.4, count), 12)
    receipt = np.repeat(np.arange(count), size)
    line = np.arange(len(receipt)) - np.repeat(np.cumsum(size) - size, size) + 1
    article = (rng.random(len(receipt)) ** 2 * articles).astype(np.int64)
    scattered = rng.permutation(articles)
    return receipt, line, scattered[article], np.where(rng.random(len(receipt)) < 0.15, 2, 1)


def _numbers_of_the_day(store, till, sold) -> np.ndarray:
    """Receipt numbers as tills count them: from 1 each day."""
    day = sold.astype("datetime64[D]").astype(np.int64)
    order = np.lexsort((sold, day, till, store))
    series = (store * 4 + till)[order] * 100_000 + day[order]
    begins = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
    counted = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order)))) + 1
    number = np.empty(len(order), dtype=np.int32)
    number[order] = counted
    return number


def _buyers(customers: pa.Table, store: np.ndarray, sold: np.ndarray, rng) -> np.ndarray:
    """A registered customer of the store, known before the sale, for nearly half of the receipts."""
    codes = np.array([int(code[1:]) for code in customers["store_code"].to_pylist()])
    keys = np.array(customers["key"].to_pylist(), dtype=object)
    created = customers["created_at"].to_numpy()
    order = np.lexsort((created, codes))
    starts, ends = np.searchsorted(codes[order], store), np.searchsorted(codes[order], store, side="right")
    chosen = starts + (rng.random(len(store)) * (ends - starts)).astype(np.int64)
    chosen = order[np.minimum(chosen, len(order) - 1)]
    known = (rng.random(len(store)) < 0.5) & (ends > starts) & (created[chosen] < sold)
    return np.where(known, keys[chosen], None)


def _cents(prices: pa.Table, keys: pa.ChunkedArray) -> np.ndarray:
    """The chain's open regular price of each listing, in cents."""
    rows = prices.filter(
        pc.and_(
            pc.and_(pc.is_null(prices["valid_to_at"]), pc.is_null(prices["store_code"])),
            pc.and_(pc.equal(prices["kind"], "regular"), pc.equal(prices["min_quantity"], 1)),
        )
    )
    cents = pc.cast(pc.multiply(rows["amount"], pa.scalar(100)), pa.int64())
    price = dict(zip(rows["listing_key"].to_pylist(), cents.to_pylist(), strict=True))
    return np.array([price[key] for key in keys.to_pylist()], dtype=np.int64)


def orders(
    buyers: pa.Table, variants: pa.Table, prices: pa.Table, seed: int, now: np.datetime64
) -> tuple[pa.Table, pa.Table]:
    """The tables `tables.ORDERS` and `tables.ORDER_LINES`: the web shop's last 120 days, net prices plus 19 %."""
    rng = np.random.default_rng([seed, 10])
    created, who = (
        buyers["created_at"].to_numpy(),
        np.repeat(np.arange(buyers.num_rows), rng.poisson(0.6, buyers.num_rows)),
    )
    placed = now - (rng.random(len(who)) * 120 * 1440 * 60_000_000).astype("timedelta64[us]")
    kept = placed > created[who]
    order = np.argsort(placed[kept], kind="stable")
    who, placed = who[kept][order], placed[kept][order]
    count = len(who)
    of_order, line, variant, quantity = _baskets(count, variants.num_rows, rng)
    unit = _cents(prices, variants["key"])[variant]
    net = np.bincount(of_order, unit * quantity, count).astype(np.int64)
    tax = np.round(net * 0.19).astype(np.int64)
    keys = np.array([str(5_500_000_000_001 + 1009 * n) for n in range(count)], dtype=object)
    status = np.array(["paid", "refunded", "pending"], dtype=object)[rng.choice(3, count, p=[0.94, 0.03, 0.03])]
    later = placed + (rng.random(count) * 3 * 1440 * 60_000_000).astype("timedelta64[us]")
    heads = {
        "key": keys,
        "name": np.array([f"#{1001 + n}" for n in range(count)], dtype=object),
        "customer_key": buyers["key"].take(pa.array(who)).combine_chunks(),
        "email": buyers["email"].take(pa.array(who)).combine_chunks(),
        "currency": np.full(count, "EUR", dtype=object),
        "subtotal_amount": decimals(net),
        "tax_amount": decimals(tax),
        "total_amount": decimals(net + tax),
        "taxes_included": np.zeros(count, dtype=bool),
        "financial_status": status,
        "created_at": placed,
        "updated_at": np.minimum(later, now - _MINUTE),
    }
    lines = {
        "key": np.array([str(5_600_000_000_001 + 211 * n) for n in range(len(of_order))], dtype=object),
        "order_key": keys[of_order],
        "line": line.astype(np.int32),
        "listing_key": variants["key"].take(pa.array(variant)).combine_chunks(),
        "sku": variants["sku"].take(pa.array(variant)).combine_chunks(),
        "quantity": quantity.astype(np.int32),
        "unit_amount": decimals(unit),
    }
    return _table(heads, ORDERS), _table(lines, ORDER_LINES)


def charges(payers: pa.Table, placed: pa.Table, seed: int) -> pa.Table:
    """The table `tables.CHARGES`: orders that were paid, some tried twice, some refunded; a guest is no customer."""
    rng = np.random.default_rng([seed, 11])
    payer = {refs.split('"')[3]: row for row, refs in enumerate(payers["refs"].to_pylist()) if refs != "{}"}
    rows = np.array([payer.get(key, -1) for key in placed["customer_key"].to_pylist()])
    paid = np.flatnonzero([status != "pending" for status in placed["financial_status"].to_pylist()])
    failed = paid[rng.random(len(paid)) < 0.05]
    order = np.sort(np.concatenate([paid, failed]), kind="stable")
    first = np.append(order[1:] == order[:-1], False)
    chosen = placed.take(pa.array(order))
    cents = pc.cast(pc.multiply(chosen["total_amount"], pa.scalar(100)), pa.int64()).to_numpy()
    refunded = np.array([status == "refunded" for status in chosen["financial_status"].to_pylist()]) & ~first
    at = chosen["created_at"].to_numpy() + np.where(first, 20_000_000, 90_000_000).astype("timedelta64[us]")
    columns = {
        "key": np.array([f"ch_{opaque('ch', n, 24)}" for n in range(len(order))], dtype=object),
        "customer_key": payers["key"].take(pa.array(rows[order], mask=rows[order] < 0)).combine_chunks(),
        "order_key": chosen["key"].combine_chunks(),
        "amount": decimals(cents),
        "currency": np.full(len(order), "EUR", dtype=object),
        "status": np.where(first, "failed", "succeeded").astype(object),
        "refunded_amount": decimals(np.where(refunded, cents, 0)),
        "receipt_email": chosen["email"].combine_chunks(),
        "description": np.array([f"Order {name}" for name in chosen["name"].to_pylist()], dtype=object),
        "created_at": at,
        "updated_at": np.where(refunded, np.maximum(chosen["updated_at"].to_numpy(), at), at),
    }
    return _table(columns, CHARGES)


def loyalty(members: pa.Table, seed: int) -> pa.Table:
    """The table `tables.LOYALTY`: a card for each member row; a member recorded twice shares it with the first."""
    rng = np.random.default_rng([seed, 12])
    codes = members["loyalty_code"].to_numpy(zero_copy_only=False)
    rows = np.sort(np.unique(codes.astype(str), return_index=True)[1])
    chosen = members.take(pa.array(rows))
    columns = {
        "key": np.array([f"v_{opaque('v', n, 24)}" for n in range(len(rows))], dtype=object),
        "code": codes[rows],
        "customer_key": chosen["key"].combine_chunks(),
        "points": (rng.exponential(400, len(rows)) // 5 * 5).astype(np.int64),
        "created_at": chosen["created_at"].combine_chunks(),
        "updated_at": chosen["updated_at"].combine_chunks(),
    }
    return _table(columns, LOYALTY)


def points_at_tills(receipts: pa.Table, customers: pa.Table) -> pa.Table:
    """What the tills book for receipts on which a loyalty card was shown: a point for each whole 25 CZK.

    Columns receipt_key, store_code, customer_key, loyalty_code, points, sold_at, updated_at.
    """
    holders = customers.filter(pc.and_(pc.equal(customers["system"], "pos"), pc.is_valid(customers["loyalty_code"])))
    place = pc.index_in(receipts["customer_key"], holders["key"].combine_chunks())
    points = pc.floor(pc.divide(receipts["total_amount"].cast(pa.float64()), 25.0)).cast(pa.int32())
    told = receipts.append_column("points", points)
    told = told.append_column("loyalty_code", holders["loyalty_code"].take(place)).rename_columns(
        {"key": "receipt_key"}
    )
    named = ["receipt_key", "store_code", "customer_key", "loyalty_code", "points", "sold_at", "updated_at"]
    return told.filter(pc.and_(pc.is_valid(place), pc.greater(told["points"], 0))).select(named)


def _table(columns: dict, schema: pa.Schema) -> pa.Table:
    arrays = [
        value if isinstance(value, pa.Array) else pa.array(value, schema.field(name).type)
        for name, value in ((field.name, columns[field.name]) for field in schema)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
