"""Who is a customer where: which people each system has met, when, in which store, and how often by mistake twice.

What the system wrote down is in habits.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sources.estate.people import People

SYSTEMS = ("odoo", "pos", "shopify", "stripe", "voucherify")


@dataclass(frozen=True)
class Encounters:
    """The rows of one system, in the order in which they were created.

    `who` counts in People; `store` from 1; `again` marks the second record of a person that the system already had;
    `linked` people have other records too, `member` ones carry a loyalty card.
    """

    who: np.ndarray
    created: np.ndarray
    updated: np.ndarray
    store: np.ndarray
    again: np.ndarray
    linked: np.ndarray
    member: np.ndarray

    def __len__(self) -> int:
        return len(self.who)


def meet(people: People, contacts: np.ndarray, stores: int, seed: int, now: np.datetime64) -> dict[str, Encounters]:
    """Every system's encounters. Nobody is met nowhere; about 1.7 records for each person.

    `contacts` are the people whom a company's record will mention as well.
    """
    rng = np.random.default_rng([seed, 3])
    count = len(people)
    channel = rng.choice(3, count, p=[0.655, 0.22, 0.125])
    paired = people.twin_of >= 0
    paired[people.twin_of[paired]] = True
    channel[paired & (channel == 1)] = 0

    def drawn(at_the_till: float, on_the_web: float, both: float) -> np.ndarray:
        return rng.random(count) < np.array([at_the_till, on_the_web, both])[channel]

    pos, shopify = drawn(0.92, 0, 0.95), drawn(0, 1, 0.97)
    member = drawn(0.3, 0.06, 0.5) | (~pos & ~shopify) | (paired & (rng.random(count) < 0.4))
    chosen = {
        "odoo": (drawn(0.06, 0.11, 0.18), None),
        "pos": (pos, pos & drawn(0.07, 0, 0.08)),
        "shopify": (shopify, shopify & drawn(0, 0.05, 0.05)),
        "stripe": (shopify & drawn(0, 0.4, 0.45), None),
        "voucherify": (member, member & drawn(0.02, 0.02, 0.02)),
    }
    rows = {s: np.concatenate([np.flatnonzero(m) for m in masks if m is not None]) for s, masks in chosen.items()}
    records = np.bincount(np.concatenate([contacts, *rows.values()]), minlength=count)
    home_store = rng.integers(1, stores + 1, people.household[-1] + 1)[people.household]
    return {s: _encounters(people, who, records > 1, member, home_store, stores, rng, now) for s, who in rows.items()}


def visit(people: People, who: np.ndarray, rng: np.random.Generator, now: np.datetime64) -> Encounters:
    """The encounters of a system that these people came to later, each once; no store is involved."""
    everybody = np.ones(len(people), dtype=bool)
    return _encounters(people, who, everybody, ~everybody, np.ones(len(people), dtype=np.int64), 1, rng, now)


def _encounters(people, who, linked, member, home_store, stores, rng, now) -> Encounters:
    count = len(who)
    first = np.zeros(count, dtype=bool)
    first[np.unique(who, return_index=True)[1]] = True
    age = rng.random(count) ** 1.4 * 1300 * 86_400_000_000
    created = now - age.astype("timedelta64[us]") - np.timedelta64(300, "s")
    since = people.customer_since[who]
    created = np.where(created < since, since + (now - since) / 2, created)
    quiet = rng.random(count) < 0.45
    updated = created + ((now - created).astype(np.int64) * rng.random(count) * ~quiet).astype("timedelta64[us]")
    store = np.where((rng.random(count) < 0.85) & first, home_store[who], rng.integers(1, stores + 1, count))
    order = np.lexsort((who, created))
    columns = (who, created, updated, store, ~first, linked[who], member[who])
    return Encounters(*(column[order] for column in columns))
