"""Learns which pairs are one article where most articles stand several times: there no lead over a rival says anything.

What tells is whether partners of partners agree; how that is counted is in `partners`.
"""

from __future__ import annotations

import numpy as np

from pipelines import candidates, partners
from pipelines.candidates import Pairs, Seen
from pipelines.logistic import Fit, odds_to_chance


def learn(pairs: Pairs, alike: np.ndarray, led: np.ndarray, conflict, limits: list, settings: dict) -> Fit | None:
    """What features say where most articles stand several times, in one catalogue, two or many shops; None elsewhere.

    There what comes next to a match is a match too, so that no lead and no runner-up teaches anything. Partners of one
    record are partners of each other as long as pairs are one article, and ends of a chain where they are merely alike:
    the pairs down to where most partners agree, and among shops on as long as more of them do with more pairs, are the
    same by and by, by the similarity `alike` as declared. In one catalogue variants come next, and agree too.
    Weights that leads have taught (`led`) are where learning of two systems begins.
    Two articles that stand twice and resemble each other agree as well: None where most records are far more alike to
    one other than to all the rest, and where too many pairs contradict: those are articles of one kind.
    """
    places = _best_first(alike, ~pairs.barred)
    records, ends = np.unique(pairs.records[places], return_inverse=True)
    ends = ends.reshape(-1, 2)
    if partners.single(ends, alike[places], settings["partners"]) > settings["single_share"]:
        return None
    systems = _systems(pairs, places, ends)
    if len(np.unique(systems)) == 2:
        return _among_two(pairs, alike, led, conflict, limits, settings, len(records))
    sizes = _sizes(len(records), 23, len(places))
    closed, met, several = partners.agreed(ends, systems, settings["partners"], sizes)
    agreed = _agreed(closed / np.maximum(met, 1), several, settings)
    agreed = agreed[: _of_articles(agreed, settings)]
    if agreed.max(initial=0.0) < settings["closed_share"]:
        return None
    last = np.flatnonzero(agreed >= settings["nearly_best"] * agreed.max())[-1]
    if len(np.unique(pairs.systems)) > 1:
        more = np.diff(closed[last : len(agreed)]) / np.maximum(np.diff(met[last : len(agreed)]), 1)
        last += np.argmin(np.r_[more >= settings["more_share"], False])
    if conflict[places[: sizes[last]]].mean() > settings["contrary_share"]:
        return None
    return _around(pairs, alike, alike[places[sizes[last] - 1]], limits, settings)


def _among_two(pairs, declared, led, conflict, limits: list, settings: dict, records: int) -> Fit | None:
    """The same of two systems that both list articles several times.

    No two partners of a record are compared there: asked for is the partner of a partner's other partner. By the
    similarity as declared it agrees nearly as often where sizes of an article are taken for the article, so features
    are learnt by it: how often it does for a pair is how likely the pair is one article, what contradicts is none.
    """
    free, alike, learnt = ~pairs.barred & ~conflict, pairs.alike(led), []
    for _ in range(settings["rounds"]):
        best = _best_first(alike, free)[: int(settings["taught_share"] * records)]
        closed, met = _crossed(pairs, best, settings["crossed_partners"])
        told = met > 0
        if told.sum() < settings["least_sure"]:
            return None
        contrary = np.flatnonzero(conflict & ~pairs.barred & (alike >= alike[best[-1]]))
        seen = [
            Seen(best[told], np.zeros((told.sum(), 0)), closed[told] / met[told], np.minimum(met[told], 4.0)),
            Seen(contrary, np.zeros((len(contrary), 0)), 0.0),
        ]
        fit = candidates.fit(pairs, seen, limits, settings["shrink"])
        scale = declared[best].std() / max(pairs.alike(fit.weights)[best].std(), 1e-9)
        learnt.append(scale * fit.weights)
        alike = pairs.alike(np.mean(learnt, axis=0))
    places = _best_first(alike, free)
    sizes = _sizes(records, 15, len(places))
    counted = [_crossed(pairs, places[:size], settings["crossed_partners"]) for size in sizes]
    agreed = np.array([closed.sum() / max(met.sum(), 1) for closed, met in counted])
    several = np.array([np.mean(np.unique(pairs.records[places[:size]], return_counts=True)[1] > 1) for size in sizes])
    agreed = _agreed(agreed, several, settings)
    if agreed.max(initial=0.0) < settings["crossed_share"]:
        return None
    last = np.flatnonzero(agreed >= min(settings["agreed_share"], agreed.max()))[-1]
    return _around(pairs, alike, alike[places[sizes[last] - 1]], limits, settings)


def _best_first(alike: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The places of the pairs that are `free` to be linked, the most alike first."""
    return np.argsort(np.where(free, -alike, np.inf), kind="stable")[: int(free.sum())]


def _sizes(records: int, steps: int, most: int) -> np.ndarray:
    """From a quarter of a pair per record on, so many numbers of pairs in equal steps."""
    sizes = np.unique((records * 1.15 ** np.arange(-10, steps)).astype(int))
    return sizes[(sizes > 0) & (sizes <= most)]


def _agreed(agreed: np.ndarray, several: np.ndarray, settings: dict) -> np.ndarray:
    """How often partners agree where most linked records have two of them; nowhere else are articles in groups."""
    return np.where(several >= settings["grouped_share"], agreed, 0.0)


def _of_articles(agreed: np.ndarray, settings: dict) -> int:
    """How many of the sizes come before partners, having agreed as often as anywhere and then less, agree more again.

    Articles of one kind, in all their variants, are groups too: what agrees first is the article.
    """
    before, beyond = np.maximum.accumulate(agreed), np.maximum.accumulate(agreed[::-1])[::-1]
    less = np.minimum(before, beyond) - agreed > settings["valley"]
    between = np.flatnonzero(less & (before >= settings["nearly_best"] * agreed.max()))
    return int(between[agreed[between].argmin()]) + 1 if len(between) else len(agreed)


def _around(pairs: Pairs, alike: np.ndarray, cut: float, limits: list, settings: dict) -> Fit:
    """What features say of pairs that are one article from such a similarity on, by and by."""
    chance = odds_to_chance((alike - cut) / settings["blur"])
    chance[pairs.barred] = 0.0
    every, none = np.arange(len(alike)), np.zeros((len(alike), 0))
    fit = candidates.fit(pairs, [Seen(every, none, chance)], limits, settings["shrink"])
    return Fit(np.r_[fit.weights, 0.0, 0.0], fit.constant)


def _crossed(pairs: Pairs, places: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each of these pairs of two systems how many partners' partners agree, and how many there are."""
    first = pairs.systems[0][places] < pairs.systems[1][places]
    return partners.crossed(np.where(first[:, None], pairs.records[places], pairs.records[places, ::-1]), most)


def _systems(pairs: Pairs, places: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The number of each record's system by its number in `ends`; where there is one alone, each record has its own."""
    named = np.unique(np.r_[pairs.systems[0][places], pairs.systems[1][places]], return_inverse=True)[1]
    of = np.arange(ends.max(initial=-1) + 1)
    if named.any():
        of[ends.reshape(-1, 2).T.ravel()] = named
    return of
