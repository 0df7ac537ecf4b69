"""The candidates of one record in one system are rivals: which is the best, and how far each is ahead of the next.

Groups are made once and looked through many times; nothing is sorted again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Rivals(NamedTuple):
    """Pairs by group: `order` lists them group by group, `starts` where each begins, `of` the group in that order."""

    order: np.ndarray
    starts: np.ndarray
    of: np.ndarray

    def mask(self, pairs: np.ndarray) -> np.ndarray:
        """Whether the group of each pair holds one of `pairs`."""
        held = np.zeros(len(self.order), bool)
        held[pairs] = True
        return self._spread(np.logical_or.reduceat(held[self.order], self.starts)[self.of])

    def best(self, score: np.ndarray) -> np.ndarray:
        """The best score of each group."""
        return np.maximum.reduceat(score[self.order], self.starts) if len(self.order) else score

    def apart(self, alone: np.ndarray) -> Rivals:
        """The same groups without the pairs that are `alone`: each of these is a group of its own."""
        return group(np.where(alone, len(self.starts) + np.arange(len(alone)), self._spread(self.of)))

    def firsts(self, score: np.ndarray) -> np.ndarray:
        """The place of the best pair of each group; of equals the one that comes first."""
        ranked = score[self.order]
        hits = np.flatnonzero(ranked == self.best(score)[self.of])
        return self.order[hits[np.r_[True, np.diff(self.of[hits]) != 0][: len(hits)]]]

    def is_first(self, score: np.ndarray) -> np.ndarray:
        """Whether a pair is the best of its group."""
        first = np.zeros(len(score), bool)
        first[self.firsts(score)] = True
        return first

    def next_best(self, score: np.ndarray) -> np.ndarray:
        """Of each pair the best score that another of its group has; 0 where there is none, or -inf alone."""
        first = self.firsts(score)
        rest = score.copy()
        rest[first] = -np.inf
        rival = self._spread(self.best(score)[self.of])
        rival[first] = self.best(rest)
        return or_none(rival)

    def next_worse(self, score: np.ndarray) -> np.ndarray:
        """Of each pair the score that comes after it in its group; 0 where none does, or -inf alone."""
        order = self.order[np.lexsort((-score[self.order], self.of))]
        worse = np.empty(len(score))
        worse[order] = np.r_[score[order][1:], 0.0][: len(order)]
        worse[order[np.r_[self.starts[1:], len(order)] - 1]] = 0.0
        return or_none(worse)

    def _spread(self, ordered: np.ndarray) -> np.ndarray:
        spread = np.empty_like(ordered)
        spread[self.order] = ordered
        return spread


def group(key: np.ndarray) -> Rivals:
    """Pairs with the same key, in their order."""
    order = np.argsort(key, kind="stable")
    begins = np.r_[True, np.diff(key[order]) != 0][: len(key)]
    return Rivals(order, np.flatnonzero(begins), np.cumsum(begins) - 1)


def or_none(rival: np.ndarray) -> np.ndarray:
    """What is barred scores -inf and is no rival: as if there were none."""
    return np.where(np.isneginf(rival), 0.0, rival)
