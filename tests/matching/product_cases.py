"""Articles of made shops, told apart by names and prices alone."""

from __future__ import annotations

import itertools
import random
from decimal import Decimal

from tests.matching.conftest import variant

MAKERS = ["Vellmar", "Ostrade", "Kinlow", "Brevik", "Tamsen"]
THINGS = ["kettle", "toaster", "espresso machine", "hand blender", "rice cooker", "desk lamp", "fan heater", "radio"]
EXTRAS = ["stainless", "compact", "cordless", "retro", "wide", "quiet"]


def catalogues() -> list[dict]:
    """Two shops with the same forty articles in their own words, and ten articles each that the other lacks."""
    dice = random.Random(7)
    rows = []
    for no, (maker, thing) in enumerate(itertools.product(MAKERS, THINGS)):
        code, extra = f"{maker[:2]}{300 + 7 * no}{'abcdefg'[no % 7]}", dice.choice(EXTRAS)
        volume = dice.randint(2, 30) / 10
        price = 20 + 3 * no
        rows.append(article(f"abc:{no}", f"{maker} {extra} {thing} {code} {volume} l", price, maker))
        told = f"{thing} {maker.upper()} {code[:2]}-{code[2:]}" if no % 4 else f"{maker} {thing} {extra} {volume}l"
        rows.append(article(f"xyz:{no}", told, price * 1.05))
    for no in range(10):
        thing, maker = dice.choice(THINGS), dice.choice(MAKERS)
        rows.append(article(f"abc:only{no}", f"{maker} {thing} deluxe {maker[:2]}{700 + no}k", 70 + no, maker))
        rows.append(article(f"xyz:only{no}", f"{thing} {maker} travel {maker[:2]}{800 + no}m", 50 + no))
    return rows


def article(record_id: str, name: str | None, price: float | None = None, brand: str | None = None) -> dict:
    return variant(
        record_id,
        template_name=name,
        brand=brand,
        price_amount=None if price is None else Decimal(str(round(price, 2))),
    )


def features(matched, name: str, wanted: str) -> list[tuple]:
    """Features of the pair of look-alikes that is called so in both shops."""
    pairs = f"select {wanted} from matched_products__likeness as pairs"
    for side in ("one", "other"):
        pairs += f" join matched_products__evidence as {side} on pairs.{side}_no = {side}.record_no"
    return matched(f"{pairs} where one.record_id like '%:{name}' and other.record_id like '%:{name}'")
