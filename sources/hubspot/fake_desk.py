"""What telephone sales quotes from and is asked about on the first day: the product library, and callers' tickets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow.compute as pc

from sources.estate.guests import at_retail
from sources.estate.world import World

_SUBJECTS = ("When will it come", "Wrong size", "Invoice please", "It arrived broken", "Change of address")
_NEW, _CLOSED = "1", "4"
_PRODUCTS = 60


def library(world: World) -> list[dict[str, Any]]:
    """What Odoo sells and what telephone sales asks for it, a few dozen of all."""
    price = at_retail(world)
    listed = world.listings.filter(pc.equal(world.listings["system"], "odoo")).to_pylist()
    sold = [one for one in listed if one["key"] in price]
    return [one | {"price": price[one["key"]]} for one in sold[:: max(1, len(sold) // _PRODUCTS)]]


def quoted(number: int, good: dict[str, Any]) -> tuple[str, datetime, dict[str, str]]:
    """A product of the library: its id, when it changed, its properties."""
    told = {"name": good["name"], "hs_sku": good["sku"], "price": str(good["price"]), "hs_product_type": "inventory"}
    return str(60_000_029 + 13 * number), good["updated_at"], {name: text for name, text in told.items() if text}


def asked(number: int, order: dict[str, Any], at: datetime) -> tuple[str, datetime, dict[str, str]]:
    """A ticket by whoever placed the order, about it: its id, when it was opened, its properties."""
    told = {
        "subject": _SUBJECTS[number % len(_SUBJECTS)],
        "content": f"About {order['properties']['hs_external_order_id']}",
        "hs_pipeline": "0",
        "hs_pipeline_stage": _NEW if number % 5 == 0 else _CLOSED,
        "hs_ticket_priority": ("LOW", "MEDIUM", "HIGH")[number % 3],
        "source_type": "PHONE",
    }
    return str(70_000_003 + 17 * number), at + timedelta(hours=20), told
