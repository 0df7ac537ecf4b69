"""Where the simulated people live: streets, towns, postal codes and telephone numbers of six countries.

Places belong here; who lives where is decided in people.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from sources.estate.names import plain
from sources.estate.vocabulary import words

COUNTRY_OF = {
    "cs": "CZ",
    "sk": "SK",
    "de": "DE",
    "pl": "PL",
    "uk": "CZ",
    "vi": "CZ",
    "fr": "FR",
    "en": "CZ",
    "el": "GR",
}
COUNTRIES = ("CZ", "SK", "DE", "PL", "FR", "GR")
_CODE_FORM = {"PL": (2, "-"), "DE": (5, ""), "FR": (5, "")}


@dataclass(frozen=True)
class Plan:
    """A country's telephone numbers: its dialling code, the prefixes in use, and digits after the dialling code."""

    dialling: str
    mobile: tuple[str, ...]
    fixed: tuple[str, ...]
    digits: int


PLANS = {
    "CZ": Plan("+420", ("60", "72", "73", "77"), ("22", "37", "54", "59"), 9),
    "SK": Plan("+421", ("90", "91", "94"), ("25", "55"), 9),
    "DE": Plan("+49", ("151", "160", "170", "176"), ("308", "402", "899"), 11),
    "PL": Plan("+48", ("50", "60", "69", "88"), ("12", "22", "71"), 9),
    "FR": Plan("+33", ("6", "7"), ("1", "4"), 9),
    "GR": Plan("+30", ("69",), ("21",), 10),
}


@dataclass(frozen=True)
class Places:
    """Towns and streets of all countries; `towns` and `streets` give a country's rows, most frequent first."""

    town: np.ndarray
    town_plain: np.ndarray
    town_abroad: np.ndarray
    zip_start: np.ndarray
    street: np.ndarray
    street_plain: np.ndarray
    towns: dict[str, tuple[int, int]]
    streets: dict[str, tuple[int, int]]


@cache
def places() -> Places:
    """The gazetteer."""
    named, starts, streets, town_rows, street_rows = [], [], [], {}, {}
    for country in COUNTRIES:
        towns = [entry.rsplit(" ", 1) for entry in words("towns")[country].split(", ")]
        town_rows[country] = (len(named), len(named) + len(towns))
        named += [name for name, _ in towns]
        starts += [start for _, start in towns]
        forms = words("street_forms")[country]
        formed = [form.format(word) for word in words("streets")[country].split(", ") for form in forms]
        street_rows[country] = (len(streets), len(streets) + len(formed))
        streets += formed
    abroad = [words("town_names_abroad").get(name, name) for name in named]
    columns = (named, map(plain, named), abroad, starts, streets, map(plain, streets))
    return Places(*(np.array(list(column), dtype=object) for column in columns), town_rows, street_rows)


@cache
def postal_code(country: str, town: int, street: int) -> str:
    """The postal code of a street of a town, in the country's form."""
    digits = (places().zip_start[town] + f"{(town * 7919 + street * 104729) % 99991:05}")[:5]
    head, joint = _CODE_FORM.get(country, (3, " "))
    return digits[:head] + joint + digits[head:]


def numbers(country: np.ndarray, serial: np.ndarray, fixed: bool = False) -> np.ndarray:
    """One E.164 number per serial (below nine million), no two alike within a country and kind."""
    scattered = (serial.astype(np.int64) * 15485863 + 32452843) % 9999991
    plans = {land: (PLANS[land].fixed if fixed else PLANS[land].mobile) for land in COUNTRIES}
    out = np.empty(len(serial), dtype=object)
    for row, (land, n) in enumerate(zip(country.tolist(), scattered.tolist(), strict=True)):
        prefix = plans[land][n % len(plans[land])]
        out[row] = f"{PLANS[land].dialling}{prefix}{n:0{PLANS[land].digits - len(prefix)}}"
    return out


def store_phones(store: np.ndarray) -> np.ndarray:
    """The telephone of each store, counted from 1."""
    return numbers(np.full(len(store), "CZ", dtype=object), 8_500_000 + store, fixed=True)
