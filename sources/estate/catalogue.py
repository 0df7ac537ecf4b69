"""The true assortment of the simulated retailer: templates, their variants, and article numbers without any error.

What the systems make of it is in listings.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from sources.estate.names import plain
from sources.estate.tables import TEMPLATES, VARIANTS, decimals
from sources.estate.vocabulary import words

_GS1_PREFIXES = (859, 859, 859, 858, 400, 432, 590, 520, 73, 19)
SCENARIO_VARIANT = 0  # the article of the price scenario, sold everywhere and listed without fault
SCENARIO_SKU = "4711"


@dataclass(frozen=True)
class Catalogue:
    """One element per variant; `template` counts templates, whose own arrays begin with t_."""

    template: np.ndarray
    option_1: np.ndarray
    option_2: np.ndarray
    sku: np.ndarray
    gtin: np.ndarray
    weight_g: np.ndarray
    price_czk: np.ndarray  # whole crowns
    t_name: np.ndarray
    t_brand: np.ndarray
    t_category: np.ndarray
    t_tax: np.ndarray  # percent
    t_axis_1: np.ndarray
    t_axis_2: np.ndarray

    def __len__(self) -> int:
        return len(self.template)

    def templates(self, systems: list[list[str]]) -> pa.Table:
        """As `tables.TEMPLATES`; `systems` lists where each template is sold."""
        ids = [f"t{n:06}" for n in range(len(self.t_name))]
        columns = [ids, self.t_name, self.t_brand, self.t_category]
        axes = [self.t_axis_1, self.t_axis_2]
        rate = decimals(self.t_tax * 100, TEMPLATES.field("tax_rate").type)
        return pa.Table.from_arrays(
            [pa.array(c) for c in columns] + [rate] + [pa.array(c, pa.string()) for c in axes] + [pa.array(systems)],
            schema=TEMPLATES,
        )

    def variants(self) -> pa.Table:
        """As `tables.VARIANTS`."""
        columns = {
            "variant_id": variant_ids(np.arange(len(self))),
            "template_id": np.array([f"t{n:06}" for n in self.template.tolist()], dtype=object),
            "option_1": self.option_1,
            "option_2": self.option_2,
            "sku": self.sku,
            "gtin": self.gtin,
            "weight_g": self.weight_g,
            "uom": np.full(len(self), "unit", dtype=object),
        }
        return pa.Table.from_arrays([pa.array(columns[f.name], f.type) for f in VARIANTS], schema=VARIANTS)


def variant_ids(rows: np.ndarray) -> np.ndarray:
    """The truth's names of variants."""
    return np.array([f"v{n:06}" for n in rows.tolist()], dtype=object)


def make_catalogue(variants: int, seed: int) -> Catalogue:
    """Exactly `variants` variants, in templates of one to twelve."""
    rng = np.random.default_rng([seed, 5])
    kinds, brands = words("goods"), _brands()
    sort = rng.choice(len(kinds), variants, p=_normal([kind["share"] for kind in kinds]))
    options = [_options(kinds[k], draw) for k, draw in zip(sort.tolist(), rng.random((variants, 3)), strict=True)]
    template = np.repeat(np.arange(variants), [len(some) for some in options])[:variants]
    flat = [pair for some in options for pair in some][:variants]
    last = template[-1] + 1
    sort, draw = sort[:last], rng.random((last, 5))
    brand = (draw[:, 0] ** 1.6 * len(brands)).astype(int)
    names = _template_names([kinds[k] for k in sort.tolist()], draw, brand, brands)
    tax = np.array([kinds[k]["tax"] for k in sort.tolist()])
    low, high = np.array([kinds[k]["czk"] for k in sort.tolist()]).T
    price = np.round(low * (high / low) ** (draw[:, 3] ** 1.3) / 10) * 10 - 1
    light, heavy = np.array([kinds[k]["grams"] for k in sort.tolist()]).T
    weight = light + (heavy - light) * draw[:, 4]
    axes = [list(kinds[k]["axes"]) + [None, None] for k in sort.tolist()]
    place = np.arange(variants) - np.searchsorted(template, np.arange(last))[template]
    content = np.array([_content(one) for one, _ in flat])
    first = content[np.searchsorted(template, np.arange(last))][template]
    grams = np.where(content > 0, content * 1.1 + 15, weight[template] * (1 + 0.04 * place))
    larger = np.where(content > 0, (content / np.maximum(first, 1)) ** 0.75, 1.0)
    return Catalogue(
        template,
        np.array([one for one, _ in flat], dtype=object),
        np.array([two for _, two in flat], dtype=object),
        _skus(template, place, [kinds[k]["category"] for k in sort.tolist()], brand, brands),
        _gtins(brand[template], rng),
        np.round(grams).astype(np.int32),
        np.round(price[template] * larger).astype(np.int64),
        np.array(names, dtype=object),
        np.array([brands[b] for b in brand.tolist()], dtype=object),
        np.array([kinds[k]["category"] for k in sort.tolist()], dtype=object),
        tax,
        np.array([one for one, *_ in axes], dtype=object),
        np.array([two for _, two, *_ in axes], dtype=object),
    )


def _content(option: str | None) -> int:
    """Grams or millilitres of a pack such as "250 g" or "1 kg", 0 for any other option."""
    amount, _, unit = (option or "").partition(" ")
    return int(amount) * {"g": 1, "ml": 1, "kg": 1000}[unit] if unit in ("g", "ml", "kg") else 0


def _normal(shares: list[float]) -> np.ndarray:
    return np.array(shares) / sum(shares)


def _brands() -> list[str]:
    starts, middles, ends = (part.split() for part in words("brand_syllables"))
    every = [start + middle + end for end in ends for middle in middles for start in starts]
    return [every[(n * 577) % len(every)] for n in range(180)]


def _options(kind: dict[str, Any], draw: np.ndarray) -> list[tuple[str | None, str | None]]:
    """The option pairs of one template: a run of the first axis, times one to three of the second."""
    axes = [words(values) if isinstance(values, str) else values for values in kind["axes"].values()]
    if not axes or draw[0] < 0.46:
        return [(values[int(draw[1] * len(values))] if values else None, None) for values in axes[:1] or [None]]
    first = _run(axes[0], draw[1], 2 if len(axes) == 1 else 3)
    if len(axes) == 1:
        return [(one, None) for one in first]
    second = _run(axes[1], draw[2], 1)[:2]
    return [(one, two) for two in second for one in first]


def _run(values: list[str], draw: float, least: int) -> list[str]:
    length = min(least + int(draw * 997 % 1 * 3), len(values))
    start = int(draw * (len(values) - length + 1))
    return values[start : start + length]


def _template_names(kinds: list[dict], draw: np.ndarray, brand: np.ndarray, brands: list[str]) -> list[str]:
    """A name for each template, no two alike within a brand."""
    taken: set[tuple[int, str]] = set()
    names = []
    for kind, (_, one, two, three, _), maker in zip(kinds, draw.tolist(), brand.tolist(), strict=True):
        nouns, sorts = kind["nouns"].split(", "), kind["kinds"].split(", ")
        noun, sort = nouns[int(one * len(nouns))], sorts[int(two * len(sorts))]
        name, number = f"{sort.capitalize()} {noun.lower()}", int(three * 900) + 100
        while (maker, f"{name} {number}") in taken:
            number += 1
        taken.add((maker, f"{name} {number}"))
        names.append(f"{name} {number}")
    return names


def _skus(template, place, category: list[str], brand: np.ndarray, brands: list[str]) -> np.ndarray:
    heads = [f"{c[:2].upper()}-{plain(brands[b])[:3].upper()}" for c, b in zip(category, brand.tolist(), strict=True)]
    rows = zip(template.tolist(), place.tolist(), strict=True)
    skus = np.array([f"{heads[t]}-{t:05}-{p + 1:02}" for t, p in rows], dtype=object)
    skus[SCENARIO_VARIANT] = SCENARIO_SKU
    return skus


def _gtins(brand: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """GTIN-13 with right check digits, no two alike; some begin with a zero, as American ones do."""
    prefix = np.array(_GS1_PREFIXES)[brand % len(_GS1_PREFIXES)] * 10**9
    body = prefix + (brand + 1000) * 10**5 % 10**9 + np.arange(len(brand)) % 10**5
    return with_check_digit(body)


def with_check_digit(body: np.ndarray) -> np.ndarray:
    """Twelve-digit integers as thirteen-digit GTIN texts."""
    total = sum(((body // 10**power) % 10) * (3 if power % 2 == 0 else 1) for power in range(12))
    return np.array([f"{b:012}{c}" for b, c in zip(body.tolist(), (-total % 10).tolist(), strict=True)], dtype=object)
