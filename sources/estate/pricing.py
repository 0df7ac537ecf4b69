"""What the simulated retailer charges: price lists of every channel, their history, promotions and planted conflicts.

Amounts are integers in cents until the table is made. All boundaries fall on Prague's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from sources.estate.catalogue import SCENARIO_VARIANT, Catalogue
from sources.estate.listings import Listings
from sources.estate.tables import PRICES, decimals

ZONE = ZoneInfo("Europe/Prague")
DST_DAY = date(2026, 3, 29)
CONFLICTS = ("late", "store_late", "wrong", "outlier", "basis", "rounding")
_NEVER = np.datetime64("NaT", "us")


@dataclass(frozen=True)
class Planted:
    """A price that disagrees on purpose: its record, the record it disagrees with, and why."""

    record_id: str
    other_record_id: str
    kind: str


@dataclass
class _Rows:
    """Price rows under construction; store 0 is the whole chain, NaT an open end."""

    variant: np.ndarray
    cents: np.ndarray
    start: np.ndarray
    end: np.ndarray
    store: np.ndarray
    quantity: np.ndarray
    promotion: np.ndarray


def local(day: date, hour: int = 0) -> np.datetime64:
    """The UTC instant of an hour on Prague's clock."""
    at = datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).astimezone(UTC)
    return np.datetime64(at.replace(tzinfo=None), "us")


def make_prices(
    goods: Catalogue, listings: Listings, stores: int, days: int, conflicts: dict[str, int], seed: int
) -> tuple[pa.Table, list[Planted]]:
    """The table `tables.PRICES` and what is planted in it; `conflicts` says how many of each kind."""
    rng = np.random.default_rng([seed, 8])
    count = len(goods)
    sold = {system: _listing_keys(listings, system, count) for system in ("odoo", "pos", "shopify")}
    everywhere = np.logical_and.reduce([np.not_equal(keys, None) for keys in sold.values()])
    chosen = _choose(everywhere, conflicts, rng)
    history = _history(goods, days, np.concatenate([chosen["late"], chosen["store_late"]]), rng)
    latest = _pick(history, np.isnat(history.end))
    tills = _plant(history, chosen, stores)
    extra, store_promos = _offers(latest, np.concatenate(list(chosen.values())), stores, rng)
    net = _euros(goods, latest.cents)
    shop_net = net.copy()
    shop_net[chosen["basis"]] = np.round(net[chosen["basis"]] * 1.19)
    online = _rows(latest.variant, net, latest.start, latest.end)
    shop = _rows(latest.variant, shop_net, np.full(count, _NEVER), latest.end)
    retail = _stack([latest, extra])
    tables, keyed = [], {}
    for system, price_list, rows in (
        ("odoo", "retail_czk", retail),
        ("odoo", "online_eur", online),
        ("pos", "retail_czk", _stack([tills, extra, store_promos])),
        ("shopify", "online_eur", shop),
    ):
        rows = _pick(rows, np.not_equal(sold[system], None)[rows.variant])
        keys = _keys(system, price_list, rows, sold[system])
        keyed[system, price_list] = (rows, keys)
        tables.append(_table(system, price_list, rows, keys, sold[system], goods, rng))
    return pa.concat_tables(tables), _planted(chosen, keyed)


def _listing_keys(listings: Listings, system: str, count: int) -> np.ndarray:
    keys = np.full(count, None, dtype=object)
    rows = np.flatnonzero(np.array(listings.table["system"].to_pylist(), dtype=object) == system)
    keys[listings.variant[rows]] = np.array(listings.table["key"].to_pylist(), dtype=object)[rows]
    return keys


def _history(goods: Catalogue, days: int, today: np.ndarray, rng: np.random.Generator) -> _Rows:
    """Each variant's regular price through time: 3 % change on any day, last, with `today`, on the day of the DST."""
    count = len(goods)
    midnights = np.array([local(DST_DAY - timedelta(days=back)) for back in range(days)])
    changed = rng.random((days, count)) < 0.03
    changed[0, today] = True
    changed[:, SCENARIO_VARIANT] = np.arange(days) == 0
    back, variant = np.nonzero(changed)
    first = np.array([local(DST_DAY - timedelta(days=int(ago))) for ago in range(days, days + 300)])
    variant = np.concatenate([np.arange(count), variant])
    start = np.concatenate([first[rng.integers(0, 300, count)], midnights[back]])
    order = np.lexsort((start, variant))
    variant, start = variant[order], start[order]
    turn = np.arange(len(variant)) - np.searchsorted(variant, np.arange(count))[variant]
    factor = np.array([1.0, 1.1, 0.95, 1.05, 0.9])[(turn + variant) % 5]
    cents = np.where(turn == 0, 1.0, factor) * goods.price_czk[variant] * 100
    cents = np.maximum((np.round(cents / 1000) * 1000 - 10).astype(np.int64), 990)
    cents = np.where(turn == 0, goods.price_czk[variant] * 100, cents)
    cents[variant == SCENARIO_VARIANT] = [1799, 1999]
    follows = np.append(variant[1:] == variant[:-1], False)
    end = np.where(follows, np.append(start[1:], _NEVER), _NEVER)
    return _rows(variant, cents, start, end)


def _rows(variant, cents, start, end, store: int = 0, quantity: int = 1, promotion: bool = False) -> _Rows:
    count = len(variant)
    return _Rows(variant, cents, start, end, np.full(count, store), np.full(count, quantity), np.full(count, promotion))


def _pick(rows: _Rows, which: np.ndarray) -> _Rows:
    return _Rows(*(getattr(rows, name)[which] for name in _Rows.__dataclass_fields__))


def _stack(parts: list[_Rows]) -> _Rows:
    return _Rows(*(np.concatenate([getattr(part, n) for part in parts]) for n in _Rows.__dataclass_fields__))


def _choose(everywhere: np.ndarray, conflicts: dict[str, int], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Disjoint variants for each kind of conflict."""
    pool = rng.permutation(np.flatnonzero(everywhere))
    pool = np.append(SCENARIO_VARIANT, pool[pool != SCENARIO_VARIANT])
    edges = np.cumsum([conflicts[kind] for kind in CONFLICTS])
    if edges[-1] > len(pool):
        raise ValueError(f"{len(pool)} variants sold everywhere are too few to plant {edges[-1]} conflicts")
    return dict(zip(CONFLICTS, np.split(pool[: edges[-1]], edges[:-1]), strict=True))


def _plant(history: _Rows, chosen: dict[str, np.ndarray], stores: int) -> _Rows:
    """The tills' own regular prices, in disagreement with Odoo's where chosen."""
    late = np.isin(history.variant, chosen["late"])
    tills = _pick(history, ~(late & np.isnat(history.end)))
    replaced = np.isin(tills.variant, chosen["late"]) & (tills.end == local(DST_DAY))
    tills.end[replaced] = _NEVER
    open_rows = np.isnat(tills.end)
    for kind, change in (("wrong", _mistyped), ("outlier", lambda cents: cents * 10), ("rounding", lambda c: c + 1)):
        rows = open_rows & np.isin(tills.variant, chosen[kind])
        tills.cents[rows] = change(tills.cents[rows])
    old = _pick(history, np.isin(history.variant, chosen["store_late"]) & (history.end == local(DST_DAY)))
    old.end[:] = _NEVER
    dark = [_rows(old.variant, old.cents, old.start, old.end, store) for store in range(1, min(2, stores) + 1)]
    return _stack([tills, *dark])


def _mistyped(cents: np.ndarray) -> np.ndarray:
    """Some crowns more or less, never by more than a third."""
    return cents + np.maximum(cents // 2000 * 100, 200)


def _offers(latest: _Rows, conflicting: np.ndarray, stores: int, rng) -> tuple[_Rows, _Rows]:
    """Quantity prices and promotions of the whole chain, and promotions of six stores only."""
    count = len(latest.variant)
    free = ~np.isin(np.arange(count), conflicting)
    draw = rng.random(count)
    day = timedelta(days=1)
    windows = [
        (local(DST_DAY), local(DST_DAY + day)),
        (local(DST_DAY, 12), local(DST_DAY, 18)),
        (local(DST_DAY - 9 * day), local(DST_DAY)),
        (local(DST_DAY + 3 * day), local(DST_DAY + 10 * day)),
    ]
    bulk = np.flatnonzero(free & (draw < 0.03))
    no_end = np.full(len(bulk), _NEVER)
    parts = [_rows(bulk, latest.cents[bulk] * 9 // 10, latest.start[bulk], no_end, quantity=10)]
    for number, (start, end) in enumerate(windows):
        some = np.flatnonzero(free & (draw >= 0.03 + number / 100) & (draw < 0.04 + number / 100))
        parts.append(_promotion(latest, some, start, end, 0))
    few = np.append(np.flatnonzero(free & (draw >= 0.07) & (draw < 0.08)), SCENARIO_VARIANT)
    locally = [_promotion(latest, few, *windows[1], store) for store in range(1, min(6, stores) + 1)]
    return _stack(parts), _stack(locally)


def _promotion(latest: _Rows, some: np.ndarray, start, end, store: int) -> _Rows:
    cents = latest.cents[some] * 3 // 4 // 100 * 100 + 90
    cents[some == SCENARIO_VARIANT] = 1499
    return _rows(some, cents, np.full(len(some), start), np.full(len(some), end), store, promotion=True)


def _euros(goods: Catalogue, cents: np.ndarray) -> np.ndarray:
    net = np.round((np.round(cents / 2450 * 1.04) - 0.01) / 1.19 * 100).astype(np.int64)
    net = np.maximum(net, 83)
    net[SCENARIO_VARIANT] = 1652
    return net


def _keys(system: str, price_list: str, rows: _Rows, listing: np.ndarray) -> np.ndarray:
    count = len(rows.variant)
    if system == "shopify":
        return np.array([f"88001-{key}" for key in listing[rows.variant].tolist()], dtype=object)
    start = {"retail_czk": 1, "online_eur": 500_001}[price_list]
    form = "P{:07}" if system == "pos" else "{}"
    return np.array([form.format(start + n) for n in range(count)], dtype=object)


def _table(system, price_list, rows: _Rows, keys, listing, goods: Catalogue, rng) -> pa.Table:
    count, czk = len(keys), price_list == "retail_czk"
    known = np.where(np.isnat(rows.start), local(DST_DAY - timedelta(days=20)), np.minimum(rows.start, local(DST_DAY)))
    updated = known - (rng.random(count) * 20 * 3_600_000_000).astype("timedelta64[us]")
    columns = {
        "system": np.full(count, system, dtype=object),
        "price_list": np.full(count, price_list, dtype=object),
        "key": keys,
        "listing_key": listing[rows.variant],
        "store_code": np.array([f"S{n:03}" if n else None for n in rows.store.tolist()], dtype=object),
        "currency": np.full(count, "CZK" if czk else "EUR", dtype=object),
        "tax_basis": np.full(count, "gross" if czk else "net", dtype=object),
        "min_quantity": rows.quantity.astype(np.int32),
        "valid_from_at": rows.start,
        "valid_to_at": rows.end,
        "kind": np.where(rows.promotion, "promotion", "regular").astype(object),
        "updated_at": updated,
    }
    arrays = {name: pa.array(values, PRICES.field(name).type) for name, values in columns.items()}
    rate = goods.t_tax[goods.template[rows.variant]] * 100 if czk else np.full(count, 1900)
    arrays["tax_rate"] = decimals(rate, PRICES.field("tax_rate").type)
    arrays["amount"] = decimals(rows.cents)
    return pa.Table.from_arrays([arrays[field.name] for field in PRICES], schema=PRICES)


def _planted(chosen: dict[str, np.ndarray], keyed: dict) -> list[Planted]:
    """Each disagreeing record with the one of Odoo that it disagrees with."""
    planted = []
    for kind in CONFLICTS:
        system, price_list = ("shopify", "online_eur") if kind == "basis" else ("pos", "retail_czk")
        rows, keys = keyed[system, price_list]
        ours, our_keys = keyed["odoo", price_list]
        plain = np.isnat(ours.end) & ~ours.promotion & (ours.quantity == 1)
        odoo = dict(zip(ours.variant[plain].tolist(), our_keys[plain].tolist(), strict=True))
        guilty = np.isnat(rows.end) & ~rows.promotion & (rows.quantity == 1) & np.isin(rows.variant, chosen[kind])
        if kind == "store_late":
            guilty &= rows.store > 0
        pairs = zip(keys[guilty].tolist(), rows.variant[guilty].tolist(), strict=True)
        planted += [Planted(f"{system}:{key}", f"odoo:{odoo[variant]}", kind) for key, variant in pairs]
    return planted
