"""How often partners of one record are partners of each other: as long as pairs are one article, and seldom beyond."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array


def agreed(ends: np.ndarray, systems: np.ndarray, most: int, sizes: np.ndarray) -> tuple[np.ndarray, ...]:
    """How many two partners of a record are a pair too, how many there are, and what share of linked records has two.

    All for the first so many (`sizes`) of pairs, whose `ends` come best first.

    At most so many partners of a record are looked at, of two `systems`, for within one none are compared.
    """
    records = len(systems)
    node, partner, at, starts = _by_record(ends)
    place = np.arange(len(node)) - starts[node]
    later = np.flatnonzero((place > 0) & (place < most))
    before, second = place[later], np.repeat(later, place[later])
    first = starts[node[second]] + np.arange(len(second)) - np.repeat(np.cumsum(before) - before, before)
    compared = systems[partner[first]] != systems[partner[second]]
    first, second = first[compared], second[compared]
    keys = ends.min(axis=1) * records + ends.max(axis=1)
    by_key = np.argsort(keys)
    wanted = np.minimum(partner[first], partner[second]) * records + np.maximum(partner[first], partner[second])
    found = by_key[np.minimum(np.searchsorted(keys, wanted, sorter=by_key), len(keys) - 1)]
    met_at = at[second]
    closed_at = np.maximum(met_at, found)[keys[found] == wanted]
    met, closed, linked, two = (
        np.searchsorted(np.sort(when), sizes) for when in (met_at, closed_at, at[place == 0], at[place == 1])
    )
    return closed, met, two / np.maximum(linked, 1)


def crossed(ends: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each pair, how many ways from end to end by three other pairs are whole, and how many have the first and last.

    `ends` are one record of each of two systems, between which alone records are compared. What has more than so many
    partners is like all of a kind: it is on no way, or there would be as many ways as the square of its partners.
    """
    one, other = (np.unique(side, return_inverse=True)[1] for side in ends.T)
    few = (np.bincount(one)[one] <= most) & (np.bincount(other)[other] <= most)
    one, other = one[few], other[few]
    own, across = np.bincount(one), np.bincount(other)
    linked = csr_array((np.ones(len(one)), (one, other)), shape=(len(own), len(across)))
    closed, met = np.zeros(len(ends)), np.zeros(len(ends))
    closed[few] = np.asarray((linked @ linked.T @ linked)[one, other]).ravel() - own[one] - across[other] + 1
    met[few] = (own[one] - 1) * (across[other] - 1)
    return closed, met


def single(ends: np.ndarray, alike: np.ndarray, most: int) -> float:
    """What share of records stands apart from its second best partner by more than any later one from the next.

    Of those with three partners or more among the pairs, whose `ends` come best first; `alike` is how alike they are.
    """
    node, _, at, starts = _by_record(ends)
    place = np.arange(len(node)) - starts[node]
    drop = np.where((place[1:] > 0) & (place[1:] < most), alike[at[:-1]] - alike[at[1:]], -np.inf)
    records = np.unique(node[place == 2])
    first, largest = np.zeros(len(starts)), np.full(len(starts), -np.inf)
    first[node[1:][place[1:] == 1]] = drop[place[1:] == 1]
    np.maximum.at(largest, node[1:], drop)
    return float((first[records] >= largest[records]).mean()) if len(records) else 0.0


def _by_record(ends: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Each record's partners, best first: record, partner, place of the pair; and where each record's begin."""
    node, partner, at = np.r_[ends[:, 0], ends[:, 1]], np.r_[ends[:, 1], ends[:, 0]], np.tile(np.arange(len(ends)), 2)
    order = np.lexsort((at, node))
    node = node[order]
    return node, partner[order], at[order], np.searchsorted(node, np.arange(ends.max(initial=-1) + 1))
