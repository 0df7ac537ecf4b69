"""Learns how much each level of each comparison says, without labels, from counts of patterns of levels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

LATENT = ("match", "household", "chance")
SEEN_BEFORE = 2
"""At least so many pairs hold each level by chance beside those of the sample, which are all where it can show none."""


class Patterns(NamedTuple):
    """Pairs that look alike, counted: `levels` and `shares` are patterns x comparisons, -1 = nothing to compare.

    Shares are of the records that bear what agrees, 0 where that is no matter. The affinity is 1 where
    nothing goes `together`, which is pairs of comparisons declared so x patterns.
    """

    levels: np.ndarray
    shares: np.ndarray
    pairs: np.ndarray
    inverse_affinity: np.ndarray
    together: np.ndarray


def learn(patterns: pa.Table, chance: pa.Table, spec: dict) -> pa.Table:
    """Expectation maximisation over three latent classes: the same party, the same household, mere chance.

    `patterns` and `chance` hold one row per pattern of levels (one int column per comparison, null = nothing to
    compare), its count `pairs` and `inverse_affinity`, and the mean logarithm of the share of records that bear what
    agrees, where a comparison declares a `share`; `chance` is a random sample of all pairs of its `records`.
    Pairs that no block brought together count as chance. Of what agrees with nothing beside it to be judged by, as much
    is chance as where there is something. Returns one row per comparison and level with the probability of that level
    in each class, and further rows: `prior`, each class's share of all pairs; `records`, how many it was learnt from;
    `together`, for each pair of comparisons declared so, how many times more often than expected both agree by chance;
    of the last, where one is `counted`, `chance` says it as its `excess`.
    """
    comparisons = spec["compare"]["comparisons"]
    place = {c["name"]: i for i, c in enumerate(comparisons)}
    together = [[place[name] for name in names] for names in spec["learn"]["together"]]
    usual = spec["learn"]["prior_pairs"]
    start = [np.array([[level[k] for level in c["levels"]] for k in "mhu"], float) for c in comparisons]
    start = [p / p.sum(axis=1, keepdims=True) for p in start]
    learnt = [[_learnt(c, name) for name in LATENT] for c in comparisons]
    blocked, sampled = (_patterns(seen, comparisons, together) for seen in (patterns, chance))
    start = params = [_held_by_some(p, blocked.levels[:, i], sampled.levels[:, i]) for i, p in enumerate(start)]
    strength = [(usual, spec["learn"]["household_pairs"], SEEN_BEFORE / p[2]) for p in start]
    beside = (blocked.levels[:, [c.get("missing") != "false" for c in comparisons]] >= 0).sum(axis=1) > 1
    telling = (blocked.levels[:, [c.get("tells", False) for c in comparisons]] >= 0).any(axis=1)
    records = max(chance["records"].to_pylist(), default=0)
    all_pairs = max(records * (records - 1) / 2, blocked.pairs.sum(), 1.0)
    priors = np.array([0.2, 0.1, 0.0]) * max(blocked.pairs.sum(), 1.0) / all_pairs
    priors[2] = 1 - priors.sum()
    excess, rare = np.ones(len(together)), (records, spec["learn"].get("share_records", 0))
    if counted := bool(spec["learn"].get("counted")):
        excess[-1] = max(chance["excess"].to_pylist(), default=1)
    for _ in range(spec["learn"]["rounds"]):
        belief = _posterior(blocked, params, priors, excess, rare) * blocked.pairs[:, None]
        by_chance = _posterior(sampled, params, priors, excess, rare)[:, 2] * sampled.pairs
        seen = [(blocked.levels, belief[:, 0]), (blocked.levels, belief[:, 1]), (sampled.levels, by_chance)]
        params = [
            np.stack(
                [
                    _expected(levels[:, i], weight, p, s, free)
                    for (levels, weight), p, s, free in zip(seen, start[i], strength[i], learnt[i], strict=True)
                ]
            )
            for i in range(len(comparisons))
        ]
        scale = all_pairs / max(by_chance.sum(), 1.0)
        for i, c in enumerate(comparisons):
            comparable = scale * by_chance[sampled.levels[:, i] >= 0].sum()
            by_block = _chance_held(blocked, i, belief[:, 2], beside, len(c["levels"]))
            params[i][2] = _census(c["levels"], by_block, comparable, params[i][2])
            told = telling & (blocked.levels[:, i] >= 0)
            held = np.bincount(blocked.levels[told, i], weights=belief[told, 0], minlength=len(c["levels"]))
            params[i][0] = _at_most(c["levels"], params[i][0], held, usual)
            params[i][1] = _at_least(c["levels"], params[i][1], params[i][2])
        for n, both in enumerate(together[: len(together) - counted]):
            comparable = scale * by_chance[(sampled.levels[:, both] >= 0).all(axis=1)].sum()
            apart = comparable * np.prod([params[i][2, 0] for i in both])
            equal = belief[:, 2] * (1 if n else blocked.inverse_affinity) @ (blocked.levels[:, both] == 0).all(axis=1)
            # Who differs in all else may be one party: only many pairs tell that names go together.
            excess[n] = max(1.0, (equal + 2 * usual) / (apart + 2 * usual))
        found = (belief[:, :2].sum(axis=0) + 1) / (all_pairs + 4)
        priors = np.array([*found, 1 - found.sum()])
    return _as_table(comparisons, params, priors, excess, records)


def _held_by_some(start: np.ndarray, *seen: np.ndarray) -> np.ndarray:
    """Starting values where the best levels are held by no pair: what was expected of these is so of the first that is.

    Without streets nobody has the same home, and one zip is what members of one home, and records of one party, share.
    """
    held = np.bincount(np.concatenate(seen) + 1, minlength=start.shape[1] + 1)[1:] > 0
    first = int(held.argmax())
    if not first:
        return start
    moved = start.copy()
    moved[:, :first] *= 1e-3
    moved[:, first] += start[:, :first].sum(axis=1) - moved[:, :first].sum(axis=1)
    return moved


def _patterns(table: pa.Table, comparisons: Sequence[dict], together: Sequence[Sequence[int]]) -> Patterns:
    columns = [table[c["name"]].fill_null(-1).to_numpy() for c in comparisons]
    levels = np.stack(columns, axis=1).astype(np.int64).reshape(len(table), len(comparisons))
    shares = np.zeros(levels.shape)
    for i, c in enumerate(comparisons):
        if (name := f"{c['name']}_share") in table.schema.names:
            shares[:, i] = np.exp(table[name].fill_null(-np.inf).to_numpy()) * (levels[:, i] == 0)
    alike = [[n for n, level in enumerate(c["levels"]) if "together" in level] for c in comparisons]
    agree = [np.all([np.isin(levels[:, i], alike[i]) for i in both], axis=0) for both in together]
    agree = np.array(agree, bool).reshape(len(together), len(levels))
    pairs, affinity = (table[name].to_numpy().astype(float) for name in ("pairs", "inverse_affinity"))
    return Patterns(levels, shares, pairs, np.where(agree[:1].any(axis=0), affinity, 1.0), agree)


def _posterior(
    patterns: Patterns,
    params: list[np.ndarray],
    priors: np.ndarray,
    excess: np.ndarray,
    rare: tuple[float, float],
) -> np.ndarray:
    """Match, household and chance of each pattern. Chance meets in a value as often as records bear it.

    `rare` is how many records there are, and how many smooth that.
    """
    records, smooth = rare
    log = np.tile(np.log(priors), (len(patterns.levels), 1))
    log[:, 2] += np.log(excess) @ patterns.together - np.log(patterns.inverse_affinity)
    for i, p in enumerate(params):
        table = np.vstack([np.log(p).T, np.zeros(3)])
        log += table[patterns.levels[:, i]]
        if (borne := patterns.shares[:, i]).any():
            by_value = (borne * records + p[2, 0] * smooth) / ((records + smooth) * p[2, 0])
            log[:, 2] += np.log(np.where(borne > 0, by_value, 1))
    log -= log.max(axis=1, keepdims=True)
    weight = np.exp(log)
    return weight / weight.sum(axis=1, keepdims=True)


def _chance_held(blocked: Patterns, place: int, by_chance: np.ndarray, beside: np.ndarray, levels: int) -> np.ndarray:
    """How many blocked pairs hold each level by chance, as often as those do that have something else `beside` it."""
    seen, known = blocked.levels[:, place], blocked.levels[:, place] >= 0
    judged = known & beside
    held = np.bincount(seen[known], weights=blocked.pairs[known], minlength=levels)
    of_judged = np.bincount(seen[judged], weights=blocked.pairs[judged], minlength=levels)
    chance = np.bincount(seen[judged], weights=by_chance[judged], minlength=levels)
    return held * chance / np.maximum(of_judged, 1)


def _census(levels: Sequence[dict], held: np.ndarray, comparable: float, found: np.ndarray) -> np.ndarray:
    """Chance of levels that some block finds completely: counted among the blocked pairs, too rare for a sample."""
    counted = np.array([level.get("census", False) for level in levels])
    if not counted.any():
        return found
    rare = (held + 1) / (comparable + np.array([1 / level["u"] for level in levels]))
    return np.where(counted, rare, found * (1 - rare[counted].sum()) / found[~counted].sum())


def _at_most(levels: Sequence[dict], found: np.ndarray, told: np.ndarray, usual: float) -> np.ndarray:
    """What records of one party may hold of a level, however many pairs of others look like them.

    `told` are the pairs of each level that something else tells from members of a household: where a level says so, it
    is held no more often than among these, `usual` pairs of which are expected to hold what it says.
    """
    most = np.array([level.get("most", 1.0) for level in levels])
    untold = np.array([level.get("most_untold", np.nan) for level in levels])
    most = np.fmin(most, (told + usual * untold) / (told.sum() + usual))
    held, free = np.minimum(found, most), found < most
    return np.where(free, found * (1 - held[~free].sum()) / found[free].sum(), held)


def _at_least(levels: Sequence[dict], found: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """What members of a household hold of a level at the least, however few of those in these records do.

    Where a level says `least_h: chance`, that is what strangers do.
    """
    least = [level.get("least_h", 0.0) for level in levels]
    least = np.array([u if share == "chance" else share for share, u in zip(least, chance, strict=True)])
    held = np.maximum(found, least)
    return np.where(found < least, held, found * (1 - held[found < least].sum()) / found[found >= least].sum())


def _learnt(comparison: dict, latent: str) -> np.ndarray:
    """Which levels are learnt of a class: all, or where the comparison is fixed those that say so themselves."""
    fixed = latent in comparison.get("fixed", [])
    return np.array([not fixed or latent in level.get("learnt", []) for level in comparison["levels"]])


def _expected(
    levels: np.ndarray, weight: np.ndarray, start: np.ndarray, strength: float | np.ndarray, free: np.ndarray
) -> np.ndarray:
    """How often a class holds each level, the starting values of which weigh like `strength` pairs.

    What is not `free` keeps its proportions of the rest.
    """
    if not free.any():
        return start
    held = levels >= 0
    seen = np.bincount(levels[held], weights=weight[held], minlength=len(start))
    found = (seen + strength * start) / (seen.sum() + strength)
    found /= found.sum()
    return found if free.all() else np.where(free, found, start * (1 - found[free].sum()) / start[~free].sum())


def _as_table(
    comparisons: Sequence[dict], params: list[np.ndarray], priors: np.ndarray, excess: np.ndarray, records: int
) -> pa.Table:
    rows = [
        {"comparison": c["name"], "level": n, "label": level["name"], **_rounded(p[:, n])}
        for c, p in zip(comparisons, params, strict=True)
        for n, level in enumerate(c["levels"])
    ]
    rows.append({"comparison": "prior", "level": 0, "label": "share of all pairs", **_rounded(priors)})
    rows.append(
        {"comparison": "records", "level": 0, "label": "learnt from", **dict.fromkeys(LATENT, float(max(records, 1)))}
    )
    for n, more in enumerate(excess):
        rows.append({"comparison": "together", "level": n, "label": "agree by chance", **_rounded([1.0, 1.0, more])})
    version = hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12]
    return pa.Table.from_pylist([{"model_version": version, **row} for row in rows])


def _rounded(values: Sequence[float]) -> dict[str, float]:
    return {name: float(f"{value:.6g}") for name, value in zip(LATENT, values, strict=True)}
