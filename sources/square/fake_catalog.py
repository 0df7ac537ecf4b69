"""The stands' catalogue on their first day: items with variations, as many as there is room for, at retail prices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow.compute as pc

from sources.estate.appearances import opaque
from sources.estate.guests import at_retail
from sources.estate.world import World

Object = tuple[str, datetime, dict[str, Any]]
_FEWEST, _SHARE = 60, 40
_ONLY = "Regular"
_RATES = ("21", "12", "0")


def catalogue(world: World) -> tuple[list[Object], list[Object], dict[str, str]]:
    """Items, their variations, and which true variant each variation is; the first goods of Odoo that have a price."""
    price = at_retail(world)
    listed = world.listings.filter(pc.equal(world.listings["system"], "odoo"))
    limit, items, variations, variants = max(_FEWEST, len(listed) // _SHARE), {}, [], {}
    for row in listed.to_pylist():
        if row["key"] not in price or len(variations) >= limit:
            continue
        item, number = _id("item", row["template_key"]), len(variations)
        items.setdefault(item, _item(item, row))
        variation = _variation(_id("variation", row["key"]), item, number, row, int(price[row["key"]] * 100))
        variations.append(variation)
        variants[f"square:{variation[0]}"] = row["variant_id"]
    return list(items.values()), variations, variants


def taxes(at: datetime) -> list[Object]:
    """Each rate twice, in the price and on top of it."""
    told = [(rate, kind) for rate in _RATES for kind in ("INCLUSIVE", "ADDITIVE")]
    same = {"calculation_phase": "TAX_SUBTOTAL_PHASE", "enabled": True}
    return [
        _object("TAX", _id("tax", rate + kind), at,
                tax_data={"name": f"VAT {rate}%", "percentage": rate, "inclusion_type": kind, **same})
        for rate, kind in told
    ]  # fmt: skip


def _item(key: str, row: dict[str, Any]) -> Object:
    told = {"name": row["name"], "product_type": "REGULAR", "is_taxable": True, "is_archived": False}
    return _object("ITEM", key, row["updated_at"], item_data=told)


def _variation(key: str, item: str, number: int, row: dict[str, Any], amount: int) -> Object:
    options = [row[f"option_{n}"] for n in (1, 2) if row[f"option_{n}"]]
    told = {
        "item_id": item,
        "name": ", ".join(options) or _ONLY,
        "ordinal": number,
        "pricing_type": "FIXED_PRICING",
        "price_money": {"amount": amount, "currency": "CZK"},
        "sellable": True,
        "stockable": True,
    }
    told |= {name: row[field] for name, field in (("sku", "sku"), ("upc", "gtin")) if row[field]}
    return _object("ITEM_VARIATION", key, row["updated_at"], item_variation_data=told)


def _object(kind: str, key: str, at: datetime, **data: Any) -> Object:
    at = at.replace(microsecond=0)
    body = {
        "type": kind,
        "id": key,
        "updated_at": f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
        "version": int(at.timestamp()) * 1000,
    }
    return key, at, {**body, "is_deleted": False, "present_at_all_locations": True, **data}


def _id(kind: str, of: str) -> str:
    return opaque(f"square-{kind}{of}", 0, 24).upper()
