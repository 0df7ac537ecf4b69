"""The true people of the simulated retailer: households, names, births, homes, mailboxes, telephones, and what changed.

One array per attribute, one element per person. How systems record people is in habits.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sources.estate.names import LANGUAGES, SHARES, SOUND_ALIKES, given_names, surnames, weights
from sources.estate.places import COUNTRIES, COUNTRY_OF, numbers, places, postal_code

NEVER = np.datetime64("NaT", "us")
YEAR = np.timedelta64(365, "D").astype("timedelta64[us]")
MAILBOXES = ("gmail.com", "posta.example", "schranka.example", "freemail.example", "mailbox.example", "webmail.example")
_MAILBOX_SHARES = (0.36, 0.24, 0.16, 0.1, 0.08, 0.06)
_PSEUDONYMS = (
    "kocka",
    "zahradnik",
    "sunny",
    "tiger",
    "wanderer",
    "motylek",
    "biker",
    "krtek",
    "rybar",
    "sterne",
    "luna",
)


@dataclass(frozen=True)
class Homes:
    """Addresses: rows of the gazetteer, the house number, and the country."""

    country: np.ndarray
    town: np.ndarray
    street: np.ndarray
    house: np.ndarray
    zip: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> Homes:
        return Homes(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class People:
    """The truth. Pairs `x`, `x_before` with `x_since`: x_before held until x_since (NaT: never changed)."""

    language: np.ndarray
    woman: np.ndarray
    given: np.ndarray
    surname: np.ndarray
    surname_before: np.ndarray
    married_since: np.ndarray
    household: np.ndarray
    born: np.ndarray
    home: Homes
    home_before: Homes
    moved_since: np.ndarray
    email: np.ndarray
    email_before: np.ndarray
    email_since: np.ndarray
    mobile: np.ndarray
    mobile_before: np.ndarray
    mobile_since: np.ndarray
    customer_since: np.ndarray
    landline: np.ndarray
    partner_email: np.ndarray
    parent_mobile: np.ndarray
    code: np.ndarray
    twin_of: np.ndarray
    namesake_of: np.ndarray

    def __len__(self) -> int:
        return len(self.given)

    @cached_property
    def namesakes(self) -> np.ndarray:
        """Who shares name and perhaps home with a parent or child."""
        return _either(self.namesake_of)

    @cached_property
    def alone(self) -> np.ndarray:
        """Who shares a household with nobody."""
        return np.bincount(self.household)[self.household] == 1

    @cached_property
    def confusable(self) -> np.ndarray:
        """Namesakes and twins: what separates them must not be lost in careless writing."""
        return self.namesakes | _either(self.twin_of)


def _either(other: np.ndarray) -> np.ndarray:
    related = other >= 0
    related[other[related]] = True
    return related


def make_people(count: int, seed: int, now: np.datetime64) -> People:
    """`count` people in households; the same arguments give the same people."""
    rng = np.random.default_rng([seed, 1])
    household, place = _households(count, rng)
    heads = household[-1] + 1
    language = np.array(LANGUAGES, dtype=object)[rng.choice(len(LANGUAGES), heads, p=SHARES)][household]
    woman = np.where(place == 0, rng.random(count) < 0.5, rng.random(count) < 0.5)
    woman = np.where(place == 1, ~woman[np.maximum(np.arange(count) - 1, 0)], woman)
    size = np.bincount(household)[household]
    twin_of = np.where((place == 3) & (rng.random(heads)[household] < 0.3), np.arange(count) - 1, -1)
    woman = np.where(twin_of >= 0, woman[twin_of], woman)
    born = _births(household, place, size, twin_of, rng, now)
    given, namesake_of = _given_names(language, woman, household, place, twin_of, rng)
    surname, before, married = _surnames(language, woman, household, place, rng, now)
    home, home_before, moved = _homes(language, household, place, rng, now)
    email, email_before = _mailboxes(given, surname, before, woman, born, rng)
    mobile, mobile_before, mobile_since, customer_since = _mobiles(home.country, rng, now)
    first_row = np.searchsorted(household, np.arange(heads))
    landline = numbers(home.country[first_row], np.arange(heads), fixed=True)
    landline[rng.random(heads) > 0.35] = None
    partner = (place == 1) & (rng.random(heads)[household] < 0.2)
    child = (place >= 2) & (rng.random(count) < 0.15) & (namesake_of < 0)
    head = first_row[household]
    return People(
        language, woman, given, surname, before, married, household, born, home, home_before, moved,
        email, email_before, _since(count, 0.05, rng, now), mobile, mobile_before, mobile_since, customer_since,
        np.where(home.house == home.house[head], landline[household], None),
        np.where(partner, email[head], None), np.where(child, mobile[head], None),
        _cards(count, seed), twin_of, namesake_of,
    )  # fmt: skip


def _households(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    sizes = rng.choice([1, 2, 3, 4], count, p=[0.46, 0.29, 0.13, 0.12])
    household = np.repeat(np.arange(count), sizes)[:count]
    starts = np.searchsorted(household, np.arange(household[-1] + 1))
    return household, np.arange(count) - starts[household]


def _births(household, place, size, twin_of, rng, now) -> np.ndarray:
    heads = household[-1] + 1
    age = rng.triangular(20, 40, 84, heads)[household]
    age = np.where(size > 2, np.clip(age, 38, 62), age)
    own = np.where(place == 1, age + rng.normal(0, 3.5, len(age)), age)
    own = np.where(place >= 2, np.clip(age - rng.uniform(19, 36, len(age)), 15, None), own)
    days = (np.clip(own, 15, 92) * 365.25 + rng.integers(0, 365, len(age))).astype(int)
    days = np.where(twin_of >= 0, days[twin_of], days)
    return now.astype("datetime64[D]") - days


def _given_names(language, woman, household, place, twin_of, rng) -> tuple[np.ndarray, np.ndarray]:
    given, count = np.zeros(len(language), dtype=np.int64), len(language)
    for attempt in range(4):
        clash = np.ones(count, dtype=bool) if attempt == 0 else _repeated(household, given)
        for (spoken, sex), (start, end) in given_names().ranges.items():
            rows = np.flatnonzero(clash & (language == spoken) & (woman == (sex == "f")))
            given[rows] = rng.choice(
                np.arange(start, end), len(rows), p=weights(end - start, 8 if spoken != "vi" else 80)
            )
    words = {name: row for row, name in reversed(list(enumerate(given_names().native)))}
    pairs = np.array([(words[one], words[other]) for one, other in SOUND_ALIKES])
    alike = np.flatnonzero((twin_of >= 0) & (language == "cs") & (rng.random(count) < 0.3))
    chosen = np.where(woman[alike], rng.integers(0, 3, len(alike)), rng.integers(3, 5, len(alike)))
    given[twin_of[alike]], given[alike] = pairs[chosen].T
    junior = (place == 2) & (rng.random(count) < 0.03) & ~_repeated(household, given)
    parent = np.arange(count) - np.where(woman == woman[np.maximum(np.arange(count) - 2, 0)], 2, 1)
    namesake_of = np.where(junior & (woman == woman[parent]), parent, -1)
    return np.where(namesake_of >= 0, given[parent], given), namesake_of


def _repeated(household: np.ndarray, given: np.ndarray) -> np.ndarray:
    _, first = np.unique(household * 100_000 + given, return_index=True)
    repeated = np.ones(len(given), dtype=bool)
    repeated[first] = False
    return repeated


def _surnames(language, woman, household, place, rng, now) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    drawn = np.zeros(len(language), dtype=np.int64)
    for (spoken, _), (start, end) in surnames().ranges.items():
        rows = np.flatnonzero(language == spoken)
        drawn[rows] = rng.choice(np.arange(start, end), len(rows), p=weights(end - start, 30, 0.9))
    shared = drawn[np.searchsorted(household, np.arange(household[-1] + 1))][household]
    apart = (place == 1) & (rng.random(len(language)) < 0.12)
    surname = np.where(apart, drawn, shared)
    newly = (place == 1) & woman & ~apart & (rng.random(len(language)) < 0.3)
    married = np.where(newly, _days_ago(len(language), 2200, rng, now), NEVER)
    return surname, np.where(newly, drawn, surname), married


def _homes(language, household, place, rng, now) -> tuple[Homes, Homes, np.ndarray]:
    heads, count = household[-1] + 1, len(language)
    country = np.array([COUNTRY_OF[spoken] for spoken in language], dtype=object)
    one_each = country[np.searchsorted(household, np.arange(heads))]
    current, former, alone = (addresses(land, rng) for land in (one_each, one_each, country))
    grown = (place >= 2) & (rng.random(count) < 0.25)
    whole = (rng.random(heads) < 0.16)[household]
    shared, old = current[household], former[household]
    home = Homes(*(np.where(grown, getattr(alone, n), getattr(shared, n)) for n in Homes.__dataclass_fields__))
    before = Homes(*(np.where(grown, getattr(shared, n), getattr(old, n)) for n in Homes.__dataclass_fields__))
    together = _days_ago(heads, 1800, rng, now)[household]
    own = _days_ago(count, 1500, rng, now)
    return home, before, np.where(grown, own, np.where(whole, together, NEVER))


def addresses(country: np.ndarray, rng: np.random.Generator) -> Homes:
    """A random address in each of the countries."""
    town, street = np.zeros(len(country), dtype=np.int64), np.zeros(len(country), dtype=np.int64)
    for land in COUNTRIES:
        rows = np.flatnonzero(country == land)
        (start, end), (first, last) = places().towns[land], places().streets[land]
        town[rows] = rng.choice(np.arange(start, end), len(rows), p=weights(end - start, 3))
        street[rows] = rng.integers(first, last, len(rows))
    number, second = rng.integers(1, 240, len(country)).tolist(), rng.integers(100, 4000, len(country)).tolist()
    double = ((country == "CZ") & (rng.random(len(country)) < 0.4)).tolist()
    house = [f"{b}/{a}" if both else str(a) for a, b, both in zip(number, second, double, strict=True)]
    zips = [postal_code(*key) for key in zip(country.tolist(), town.tolist(), street.tolist(), strict=True)]
    return Homes(country, town, street, np.array(house, dtype=object), np.array(zips, dtype=object))


def _mailboxes(given, surname, before, woman, born, rng) -> tuple[np.ndarray, np.ndarray]:
    """The current and the former address; no two mailboxes alike, not even to Gmail, which ignores dots."""
    taken: set[str] = set()
    sex = np.where(woman, 0, 1)
    firsts = [name.lower().replace(" ", "") for name in given_names().plain]
    lasts = [[form.lower() for form in row] for row in surnames().plain]
    columns = []
    for family in (surname, before):
        shape = rng.choice(8, len(given), p=[0.3, 0.12, 0.12, 0.08, 0.14, 0.1, 0.08, 0.06])
        mailbox = rng.choice(len(MAILBOXES), len(given), p=_MAILBOX_SHARES)
        extra, years = rng.integers(0, 9999, len(given)), born.astype("datetime64[Y]").astype(int) + 1970
        rows = zip(given.tolist(), family.tolist(), sex.tolist(), years.tolist(), shape.tolist(), mailbox.tolist(),
                   extra.tolist(), strict=True)  # fmt: skip
        column = np.empty(len(given), dtype=object)
        for row, (g, f, s, year, form, box, more) in enumerate(rows):
            local = _local_part(firsts[g], lasts[f][s], year, form, more)
            while f"{local.replace('.', '')}@{box}" in taken:
                local, more = f"{local}{more % 100:02}", more * 7 + 3
            taken.add(f"{local.replace('.', '')}@{box}")
            column[row] = f"{local}@{MAILBOXES[box]}"
        columns.append(column)
    return columns[0], columns[1]


def _local_part(first: str, last: str, year: int, form: int, more: int) -> str:
    return (
        f"{first}.{last}", f"{first}{last}", f"{first[0]}.{last}", f"{last}.{first}",
        f"{first}.{last}{year % 100:02}", f"{first}{year}", f"{last}{more}",
        f"{_PSEUDONYMS[more % len(_PSEUDONYMS)]}{more}",
    )[form]  # fmt: skip


def _mobiles(country, rng, now) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Current and former numbers, and since when; some former numbers belong to somebody else by now.

    The last array is the day from which such an heir can be anybody's customer, NaT for all others.
    """
    count = len(country)
    current, former = numbers(country, np.arange(count)), numbers(country, np.arange(count, 2 * count))
    since = _since(count, 0.03, rng, now)
    losers = np.flatnonzero((country == "CZ") & (rng.random(count) < 1 / 150))
    holders = np.flatnonzero(country == "CZ")
    heirs = rng.choice(holders, len(losers))
    apart = heirs != losers
    former[losers[apart]] = current[heirs[apart]]
    since[losers] = _days_ago(len(losers), 900, rng, now)
    customer_since = np.full(count, NEVER)
    customer_since[heirs[apart]] = since[losers[apart]]
    return current, former, since, customer_since


def _since(count: int, share: float, rng: np.random.Generator, now: np.datetime64) -> np.ndarray:
    return np.where(rng.random(count) < share, _days_ago(count, 1500, rng, now), NEVER)


def _days_ago(count: int, days: int, rng: np.random.Generator, now: np.datetime64) -> np.ndarray:
    return now - (rng.random(count) * days * 86_400_000_000).astype("timedelta64[us]")


def _cards(count: int, seed: int) -> np.ndarray:
    """Loyalty codes: 13 digits that begin with 29, the check digit right."""
    serial = (np.arange(count, dtype=np.int64) * 7_368_787 + seed * 104_729) % 9_999_999_967
    digits = np.stack([np.full(count, 2), np.full(count, 9), *((serial // 10**k) % 10 for k in range(9, -1, -1))])
    check = -(digits[::2].sum(axis=0) + 3 * digits[1::2].sum(axis=0)) % 10
    return np.array([f"29{n:010}{c}" for n, c in zip(serial.tolist(), check.tolist(), strict=True)], dtype=object)
