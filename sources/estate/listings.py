"""How each system lists the assortment: own keys, own names, and the article-number faults of a real shop floor.

The true assortment is in catalogue.py; the faults planted here are returned for the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sources.estate.catalogue import SCENARIO_SKU, SCENARIO_VARIANT, Catalogue, variant_ids, with_check_digit
from sources.estate.names import plain
from sources.estate.tables import LISTINGS, TEXT, decimals

SELLERS = ("odoo", "pos", "shopify")
_SHARE = {"odoo": 0.97, "pos": 0.92, "shopify": 0.7}


@dataclass(frozen=True)
class Listings:
    """The listing table, the row of Catalogue behind each row, and what was planted: record_id -> fault."""

    table: pa.Table
    variant: np.ndarray
    planted: dict[str, str]


def make_listings(goods: Catalogue, seed: int, now: np.datetime64) -> Listings:
    """What odoo, pos and shopify sell; every variant is sold somewhere."""
    templates = len(goods.t_name)
    sold = {}
    for number, system in enumerate(SELLERS):
        rng = np.random.default_rng([seed, 6, number])
        whole = rng.random(templates) < _SHARE[system]
        sold[system] = whole[goods.template] & (rng.random(len(goods)) < 0.985)
        sold[system][SCENARIO_VARIANT] = True
    sold["odoo"] |= ~(sold["pos"] | sold["shopify"])
    tables, rows, planted = [], [], {}
    for number, system in enumerate(SELLERS):
        which = np.flatnonzero(sold[system])
        tables.append(_list(goods, which, system, np.random.default_rng([seed, 7, number]), now, planted))
        rows.append(which)
    return Listings(pa.concat_tables(tables), np.concatenate(rows), planted)


def sold_where(listings: Listings, goods: Catalogue) -> list[list[str]]:
    """For each template the systems that sell it."""
    systems = np.array(listings.table["system"].to_pylist(), dtype=object)
    where = {system: np.unique(goods.template[listings.variant[systems == system]]) for system in SELLERS}
    masks = {system: np.isin(np.arange(len(goods.t_name)), which).tolist() for system, which in where.items()}
    return [[system for system in SELLERS if masks[system][n]] for n in range(len(goods.t_name))]


def _list(goods: Catalogue, which: np.ndarray, system: str, rng: np.random.Generator, now, planted) -> pa.Table:
    count, template = len(which), goods.template[which]
    keys, template_keys = _keys(system, which, template)
    sku, gtin, weight = goods.sku[which].copy(), goods.gtin[which].copy(), goods.weight_g[which].copy()
    faults = np.full(count, None, dtype=object)
    _spoil_gtins(gtin, goods, which, system, faults, rng)
    _spoil_skus(sku, gtin, system, faults, rng)
    planted.update({f"{system}:{keys[row]}": faults[row] for row in np.flatnonzero(np.not_equal(faults, None))})
    lost = rng.random(count) < {"odoo": 0.02, "pos": 0.35, "shopify": 0.06}[system]
    rounded = system == "shopify"
    weight = np.where(rounded, np.round(weight / 10) * 10, weight).astype(np.int32)
    age = rng.random((2, count)) * np.array([[1200.0], [300.0]])
    created = now - (age[0] * 86_400_000_000).astype("timedelta64[us]")
    updated = np.maximum(created, now - (age[1] * 86_400_000_000).astype("timedelta64[us]"))
    columns = {
        "system": np.full(count, system, dtype=object),
        "key": keys,
        "template_key": template_keys,
        "variant_id": variant_ids(which),
        "sku": sku,
        "gtin": gtin,
        "name": _names(goods, template, system),
        "brand": _brands(goods, template, system, rng),
        "option_1_name": goods.t_axis_1[template],
        "option_1": goods.option_1[which],
        "option_2_name": goods.t_axis_2[template],
        "option_2": goods.option_2[which],
        "uom": np.full(count, "unit", dtype=object),
        "category": goods.t_category[template],
        "created_at": created,
        "updated_at": updated,
        "is_active": rng.random(count) >= 0.01,
    }
    arrays = {name: pa.array(values, LISTINGS.field(name).type) for name, values in columns.items()}
    arrays["weight_g"] = pa.array(weight, LISTINGS.field("weight_g").type, mask=lost)
    arrays["tax_rate"] = decimals(goods.t_tax[template] * 100, LISTINGS.field("tax_rate").type)
    return pa.Table.from_arrays([arrays[field.name] for field in LISTINGS], schema=LISTINGS)


def _keys(system: str, which: np.ndarray, template: np.ndarray) -> tuple[np.ndarray, np.ndarray | pa.Array]:
    start, step, parent, stride = {
        "odoo": (2001, 1, 1001, 1),
        "pos": (100_001, 1, 0, 0),
        "shopify": (44_000_000_000_001, 613, 8_800_000_000_001, 419),
    }[system]
    keys = np.array([str(n) for n in (start + step * np.arange(len(which), dtype=np.int64)).tolist()], dtype=object)
    if system == "pos":
        return keys, pa.nulls(len(which), TEXT)
    return keys, np.array([str(parent + stride * t) for t in template.tolist()], dtype=object)


def _spoil_gtins(gtin, goods: Catalogue, which, system: str, faults, rng: np.random.Generator) -> None:
    """Check digits wrong, GTINs reused, written as UPC-12 or GTIN-14, in-store numbers, or none; in place."""
    count = len(gtin)
    draw = np.where(which == SCENARIO_VARIANT, 1.0, rng.random(count))
    bad = {"odoo": 0.004, "pos": 0.015, "shopify": 0.008}[system]
    reused = {"odoo": 0.0, "pos": 0.006, "shopify": 0.003}[system]
    internal = {"odoo": 0.0, "pos": 0.01, "shopify": 0.0}[system]
    missing = {"odoo": 0.03, "pos": 0.02, "shopify": 0.08}[system]
    edges = np.cumsum([bad, reused, internal, missing, 0.01])
    kind = np.searchsorted(edges, draw)
    if system == "pos":
        kind[[3, 5, 7]] = 0, 1, 2
    for row in np.flatnonzero(kind == 0):
        gtin[row] = gtin[row][:-1] + str((int(gtin[row][-1]) + 1 + int(draw[row] * 1e6) % 9) % 10)
        faults[row] = "bad_check_digit"
    for row in np.flatnonzero(kind == 1):
        other = (int(which[row]) + len(goods) // 2) % len(goods)
        gtin[row], faults[row] = goods.gtin[other], "reused_gtin"
    own = np.flatnonzero(kind == 2)
    gtin[own], faults[own] = with_check_digit(200_000_000_000 + which[own].astype(np.int64)), "store_internal"
    gtin[kind == 3] = None
    for row in np.flatnonzero(kind == 4):
        gtin[row], faults[row] = f"0{gtin[row]}", "written_as_gtin14"
    if system == "shopify":
        for row in np.flatnonzero((kind == 5) & np.array([g is not None and g[0] == "0" for g in gtin])):
            gtin[row] = gtin[row].removeprefix("0")


def _spoil_skus(sku, gtin, system: str, faults, rng: np.random.Generator) -> None:
    """Stray spaces, lower case, lost hyphens, or no SKU where a GTIN remains and is sound; in place."""
    draw = np.where(sku == SCENARIO_SKU, 0.5, rng.random(len(sku)))
    for row in np.flatnonzero(draw < 0.03):
        sku[row], faults[row] = sku[row] + (" " if draw[row] < 0.02 else "  "), faults[row] or "stray_space"
    for row in np.flatnonzero((draw >= 0.03) & (draw < 0.04)):
        sku[row] = f" {sku[row]}" if system == "pos" else sku[row].lower()
    for row in np.flatnonzero((draw >= 0.04) & (draw < 0.05) & (system == "pos")):
        sku[row] = sku[row].replace("-", "")
    sound = np.equal(faults, None) & np.not_equal(gtin, None)
    sku[(draw > 0.975) & sound & (system == "shopify")] = None


def _names(goods: Catalogue, template: np.ndarray, system: str) -> np.ndarray:
    """Odoo knows the plain name, tills shout brand and name, the web shop appends the brand."""
    form = {
        "odoo": lambda name, brand: name,
        "pos": lambda name, brand: plain(f"{brand} {name}").upper()[:40],
        "shopify": lambda name, brand: f"{name} – {brand}",
    }[system]
    named = [form(n, b) for n, b in zip(goods.t_name.tolist(), goods.t_brand.tolist(), strict=True)]
    return np.array(named, dtype=object)[template]


def _brands(goods: Catalogue, template: np.ndarray, system: str, rng: np.random.Generator) -> np.ndarray:
    brand = goods.t_brand.copy()
    shouted = rng.random(len(brand)) < {"odoo": 0.02, "pos": 1.0, "shopify": 0.05}[system]
    brand[shouted] = [plain(name).upper() for name in brand[shouted]]
    brand[rng.random(len(brand)) < {"odoo": 0.03, "pos": 0.1, "shopify": 0.0}[system]] = None
    return brand[template]
