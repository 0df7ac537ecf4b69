"""The companies that buy from the simulated retailer, and who buys for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sources.estate.names import plain, surnames
from sources.estate.people import Homes, People, addresses
from sources.estate.places import numbers
from sources.estate.vocabulary import words

_COUNTRIES = ("CZ", "SK", "DE", "PL")
_SPOKEN = {"CZ": "cs", "SK": "sk", "DE": "de", "PL": "pl"}


@dataclass(frozen=True)
class Companies:
    """One element per company, except the contacts: `contact` (a person) buys for company `employer`."""

    name: np.ndarray
    vat: np.ndarray
    email: np.ndarray
    phone: np.ndarray
    domain: np.ndarray
    home: Homes
    language: np.ndarray
    contact: np.ndarray
    employer: np.ndarray

    def __len__(self) -> int:
        return len(self.name)


def make_companies(count: int, people: People, seed: int) -> Companies:
    """`count` companies, no two with the same VAT number, name or mailbox, and one or two contacts for each."""
    rng = np.random.default_rng([seed, 2])
    country = np.array(_COUNTRIES, dtype=object)[rng.choice(4, count, p=[0.7, 0.1, 0.12, 0.08])]
    names, domains = _names(country, rng)
    mailbox = np.array(["info", "office", "objednavky", "fakturace"])[rng.choice(4, count, p=[0.6, 0.2, 0.1, 0.1])]
    serial = (np.arange(count, dtype=np.int64) * 7919 + 4242 + seed) % 999_983
    employer = np.concatenate([np.arange(count), np.flatnonzero(rng.random(count) < 0.4)])
    return Companies(
        np.array(names, dtype=object),
        np.array([_vat(land, n) for land, n in zip(country.tolist(), serial.tolist(), strict=True)], dtype=object),
        np.array([f"{box}@{domain}" for box, domain in zip(mailbox, domains, strict=True)], dtype=object),
        numbers(country, 8_000_000 + np.arange(count), fixed=True),
        np.array(domains, dtype=object),
        addresses(country, rng),
        np.array([_SPOKEN[land] for land in country], dtype=object),
        rng.permutation(len(people))[: len(employer)],
        employer,
    )


def _names(country: np.ndarray, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Names and the domains made from them."""
    trades = {land: words("trades")[land].split(", ") for land in _COUNTRIES}
    forms = {land: words("legal_forms")[land].split(", ") for land in _COUNTRIES}
    starts, middles, ends = (part.split() for part in words("invented_words"))
    families = {land: surnames().native[slice(*surnames().ranges[_SPOKEN[land], ""]), 1] for land in _COUNTRIES}
    draws = rng.random((len(country), 6))
    taken: dict[str, None] = {}
    names = []
    for land, (kind, one, two, three, four, five) in zip(country.tolist(), draws.tolist(), strict=True):
        trade = _pick(trades[land], one)
        if kind < 0.35:
            name = f"{trade} {_pick(families[land], two)}"
        else:
            name = _pick(starts, two) + _pick(middles, three) + _pick(ends, four)
            name = f"{name} {trade}" if kind < 0.7 else name
        while _slug(name) in taken:
            name = f"{name} {_pick(starts, five)}"
            five = five * 7 % 1
        taken[_slug(name)] = None
        names.append(f"{name} {_pick(forms[land], three)}" if kind < 0.9 else name)
    return names, [f"{slug}.example" for slug in taken]


def _pick(choices, fraction: float) -> str:
    return choices[int(fraction * len(choices))]


def _slug(name: str) -> str:
    return "".join(letter for letter in plain(name).lower() if letter.isalnum())


def _vat(country: str, n: int) -> str:
    """A VAT number with the country's own check digit."""
    if country == "CZ":
        body = f"2{n:06}"
        return f"CZ{body}{(11 - sum(int(d) * w for d, w in zip(body, range(8, 1, -1), strict=True)) % 11) % 10}"
    if country == "SK":
        body = 2_020_000_000 + n * 220 // 2
        return f"SK{body - body % 11 + 11}"
    if country == "PL":
        for middle in range(10):
            body = f"5{middle}1{n:06}"
            check = sum(int(d) * w for d, w in zip(body, (6, 5, 7, 2, 3, 4, 5, 6, 7), strict=True)) % 11
            if check < 10:
                return f"PL{body}{check}"
    body, product = f"2{n:07}", 10
    for digit in body:
        product = 2 * ((int(digit) + product) % 10 or 10) % 11
    return f"DE{body}{(11 - product) % 10}"
