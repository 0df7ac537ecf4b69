"""Learns, without labels, which pairs of look-alike records are one article, and says it as one weight per feature.

Only pairs of candidates come here, as numbers; what the numbers mean is declared, how pairs are scored is SQL.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines import partners

SIGNS = {"for": (0.0, np.inf), "against": (-np.inf, 0.0), "either": (-np.inf, np.inf)}
LEADS = ("least_lead", "most_lead")


class Pairs(NamedTuple):
    """Candidates as numbers: `values` is pairs x features; `one`, `other` number record and system across.

    `systems` names the systems of both records, `records` (pairs x 2) has their own numbers. What is `barred` is
    different and never linked: it is nobody's rival.
    """

    one: np.ndarray
    other: np.ndarray
    values: np.ndarray
    systems: tuple[np.ndarray, np.ndarray]
    barred: np.ndarray
    records: np.ndarray

    def rivals(self, score: np.ndarray) -> np.ndarray:
        """The score of each pair that may be linked; what is barred comes last."""
        return np.where(self.barred, -np.inf, score)


class Fit(NamedTuple):
    """A logistic model: log odds = constant + values @ weights."""

    weights: np.ndarray
    constant: float


def learn(table: pa.Table, spec: dict) -> pa.Table:
    """Weights of the features of `table` (one_no, other_no, their systems and one column per declared feature).

    Begins with the mutual best pairs by the declared start, without conflict, as sure, and with the other candidates of
    their records as different. What a record looks like whose match is missing is simulated: the runner-up of a sure
    pair, its lead recomputed as if the match were not there; its scores also tell what share of records has a match.
    The other mutual best pairs count as both, by their chance, lest the least alike matches never be seen.
    Returns one row per feature: `similarity` weighs it in the similarity that leads are measured by, `weight` (bits)
    in the score; feature `constant` is added, `cut` is the score from which a pair is linked; `several <system>` is the
    share of its linked records that would find another partner there if the better one were missing; `within <system>`
    says that leads count nothing, as articles stand more than twice. Empty if too few
    pairs are sure. The same pairs in any order give the same weights.
    """
    features, settings = spec["features"], spec["learn"]
    pairs = _pairs(table, features)
    start = np.array([feature.get("start", 0.0) for feature in features])
    conflict = pairs.values[:, [bool(feature.get("conflict")) for feature in features]].any(axis=1)
    limits = [SIGNS[feature["speaks"]] for feature in features]
    similarity, offset = start, 0.0
    base = pairs.values @ start
    score = base + _led(pairs, base, settings["lead_limit"])[:, -2]
    sure = _best(pairs, score)
    sure = sure[~conflict[sure]][: int(len(sure) * settings["sure_share"])]
    share, smaller = settings["sure_share"], min(len(np.unique(pairs.one)), len(np.unique(pairs.other)))
    if len(sure) < settings["least_sure"]:
        return _as_table([])
    for turn in range(settings["rounds"]):
        different = _other_candidates(pairs, sure)
        if turn:
            similarity, offset = _blended(pairs, sure, different, start, limits, settings)
            base = pairs.values @ similarity + offset
        led = _led(pairs, base, settings["lead_limit"])
        missing = [_without_match(pairs, sure, score, base, led, side, settings["lead_limit"]) for side in (0, 1)]
        weight = max(settings["no_match_share"], 1 - share) * len(sure) / share / max(sum(map(len, missing)), 1)
        unsure = np.setdiff1d(_best(pairs, score), sure) if turn else sure[:0]
        chance = 1 / (1 + np.exp(-np.clip(score[unsure], -500, 500)))
        seen = np.vstack([led[sure], led[unsure], led[unsure], led[different], *missing])
        known = np.repeat([1.0, 0.0], [len(sure) + len(unsure), len(seen) - len(sure) - len(unsure)])
        counts = np.r_[np.ones(len(sure)), chance, 1 - chance, np.ones(len(different))]
        counts = np.r_[counts, np.full(len(seen) - len(counts), weight)]
        fit = _fit(seen, known, counts, [*limits, SIGNS["for"], SIGNS["for"]], settings["shrink"])
        score = led @ fit.weights + fit.constant
        share = (share + _matched_share(pairs, score, missing, fit)) / 2
        share = min(max(share, 0.05), 0.98)
        best = _best(pairs, score)
        sure = best[: max(settings["least_sure"], min(len(best), int(share * smaller)))]
    best = _best(pairs, score)
    cut = best_cut(score[best], score[~pairs.barred])
    beside = _beside(pairs, base, led, fit, settings["lead_limit"])
    linked = best[score[best] > cut]
    several = _several(pairs, beside, linked, cut)
    within = None
    if len(several) == 1 or share < settings["scarce_share"]:
        within = _in_groups(pairs, pairs.values @ start, limits, settings)
    if within is None and len(several) == 1:
        ((places, alone),) = beside.values()
        linked = np.union1d(linked, places[alone > cut])
        within = _without_leads(pairs, linked, base, conflict, limits, settings)
        within = within if _agrees(pairs, led @ within.weights + within.constant > 0, settings) else None
    if within is not None:
        said = {f"{kind} {system}": 1.0 for kind in ("several", "within") for system in beside}
        return _as_table(_rows(features, similarity, offset, within, 0.0, share, said))
    for system, (places, alone) in beside.items():
        if several[f"several {system}"] > settings["several_share"]:
            score[places] = alone
            best = np.union1d(best, places)
    cut = best_cut(score[best], score[~pairs.barred])
    return _as_table(_rows(features, similarity, offset, fit, cut, share, several))


def with_new_words(known: pa.Table, said: pa.Table) -> pa.Table:
    """`known` (kind, token, weight) and the words of `said` (kind, token) that it lacks.

    They weigh what the empty token of their kind does, or what the heaviest word does where training saw no such kind.
    """
    new = said.join(known, keys=["kind", "token"], join_type="left anti")
    rare = known.filter(pc.equal(known["token"], "")).drop_columns("token")
    weighed = new.join(rare, keys="kind", join_type="left outer").select(known.schema.names)
    heaviest = pa.scalar(pc.max(known["weight"]).as_py() or 1.0)
    weighed = weighed.set_column(2, "weight", pc.fill_null(weighed["weight"], heaviest))
    return pa.concat_tables([known, weighed]).sort_by([("kind", "ascending"), ("token", "ascending")])


def _pairs(table: pa.Table, features: Sequence[dict]) -> Pairs:
    table = table.sort_by([("one_no", "ascending"), ("other_no", "ascending")])
    numbers = []
    for record, beside in (("one_no", "other_system"), ("other_no", "one_system")):
        keys = [
            f"{no}|{system}" for no, system in zip(*(table[name].to_pylist() for name in (record, beside)), strict=True)
        ]
        numbers.append(np.unique(np.array(keys, dtype=str), return_inverse=True)[1])
    values = np.array([table[feature["name"]].to_numpy() for feature in features], float).T
    barred = (values[:, [bool(feature.get("bars")) for feature in features]] > 0).any(axis=1)
    systems = tuple(np.array(table[name].to_pylist(), dtype=str) for name in ("one_system", "other_system"))
    records = np.c_[table["one_no"].to_numpy(), table["other_no"].to_numpy()]
    return Pairs(*numbers, values, systems, barred, records)


def _ranked(key: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs by record, best first; where each record's begin and how many it has."""
    order = np.lexsort((np.arange(len(key)), -score, key))
    starts = np.flatnonzero(np.r_[True, np.diff(key[order]) != 0][: len(key)])
    return order, starts, np.diff(np.r_[starts, len(key)])


def _best(pairs: Pairs, score: np.ndarray) -> np.ndarray:
    """Pairs that are the best of both their records, the best of all first."""
    rivals = pairs.rivals(score)
    both = np.flatnonzero(_is_first(pairs.one, rivals) & _is_first(pairs.other, rivals) & ~pairs.barred)
    return both[np.argsort(-score[both], kind="stable")]


def _led(pairs: Pairs, base: np.ndarray, limit: float) -> np.ndarray:
    """The features with each pair's smaller and larger lead over the next best of its records."""
    rivals = pairs.rivals(base)
    leads = [np.clip(base - _next_best(key, rivals), -limit, limit) for key in (pairs.one, pairs.other)]
    return np.c_[pairs.values, np.minimum(*leads), np.maximum(*leads)]


def _next_best(key: np.ndarray, rivals: np.ndarray) -> np.ndarray:
    order, starts, count = _ranked(key, rivals)
    first = np.repeat(rivals[order[starts]], count)
    second = np.repeat(np.where(count > 1, rivals[order[np.minimum(starts + 1, len(key) - 1)]], 0.0), count)
    rival = np.empty(len(key))
    rival[order] = np.where(np.arange(len(key)) == np.repeat(starts, count), second, first)
    return _or_none(rival)


def _or_none(rival: np.ndarray) -> np.ndarray:
    """What is barred is no rival: as if there were none."""
    return np.where(np.isneginf(rival), 0.0, rival)


def _other_candidates(pairs: Pairs, sure: np.ndarray) -> np.ndarray:
    other = np.isin(pairs.one, pairs.one[sure]) | np.isin(pairs.other, pairs.other[sure])
    other[sure] = False
    return np.flatnonzero(other)


def _blended(pairs, sure, different, start, limits, settings) -> tuple[np.ndarray, float]:
    """The similarity by which leads are measured: the declared start and what features by themselves have taught."""
    chosen = np.r_[sure, different]
    known = np.r_[np.ones(len(sure)), np.zeros(len(different))]
    fit = _fit(pairs.values[chosen], known, np.ones(len(chosen)), limits, settings["shrink"])
    learnt, declared = pairs.values[sure] @ fit.weights, pairs.values[sure] @ start
    scale = declared.std() / max(learnt.std(), 1e-9)
    blend = settings["blend"]
    return (1 - blend) * start + blend * scale * fit.weights, -blend * scale * learnt.mean()


def _without_match(pairs, sure, score, base, led, side: int, limit: float) -> np.ndarray:
    """Rows of the runners-up of the sure pairs' records on one side, their lead as if the sure pair were not there."""
    key, across = (pairs.one, pairs.other) if side == 0 else (pairs.other, pairs.one)
    rest = np.isin(key, key[sure]) & ~pairs.barred
    rest[sure] = False
    rest = np.flatnonzero(rest)
    if not len(rest):
        return led[:0]
    order, starts, count = _ranked(key[rest], score[rest])
    runner = rest[order[starts]]
    behind = base[rest[order]].copy()
    behind[starts] = -np.inf
    second = np.maximum.reduceat(behind, starts)
    own = np.clip(base[runner] - np.where(count > 1, second, 0.0), -limit, limit)
    facing = np.clip(base[runner] - _next_best(across, pairs.rivals(base))[runner], -limit, limit)
    return np.c_[led[runner, :-2], np.minimum(own, facing), np.maximum(own, facing)]


def _fit(values: np.ndarray, known: np.ndarray, counts: np.ndarray, limits: list, shrink: float) -> Fit:
    """Logistic regression with a ridge on standardised features and the declared signs: Newton steps, clipped."""
    mean = counts @ values / counts.sum()
    spread = np.maximum(np.sqrt(counts @ (values - mean) ** 2 / counts.sum()), 0.01)
    scaled = np.c_[(values - mean) / spread, np.ones(len(values))]
    ridge = np.r_[np.full(values.shape[1], shrink), 1e-6]
    low, high = (
        np.array([*side, bound]) for side, bound in zip(zip(*limits, strict=True), (-np.inf, np.inf), strict=True)
    )
    b = np.zeros(scaled.shape[1])

    def loss(b: np.ndarray) -> float:
        odds = scaled @ b
        return counts @ (np.logaddexp(0, odds) - known * odds) + ridge @ (b * b) / 2

    now = loss(b)
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(scaled @ b, -500, 500)))
        slope = scaled.T @ (counts * (chance - known)) + ridge * b
        free = ~((b <= low) & (slope > 0) | (b >= high) & (slope < 0))
        curve = (scaled[:, free].T * (counts * chance * (1 - chance))) @ scaled[:, free] + np.diag(ridge[free])
        step = np.zeros(len(b))
        step[free] = np.linalg.solve(curve, slope[free])
        size, before = 1.0, now
        while (now := loss(np.clip(b - size * step, low, high))) > before and size > 1e-6:
            size /= 2
        if now > before:
            break
        b = np.clip(b - size * step, low, high)
        if before - now < 1e-8 * max(now, 1.0):
            break
    weights = b[:-1] / spread
    return Fit(weights, float(b[-1] - weights @ mean))


def _matched_share(pairs: Pairs, score: np.ndarray, missing: list[np.ndarray], fit: Fit) -> float:
    """Share of the records of the smaller side with a match: how few best scores are as low as without a match."""
    side = 0 if len(np.unique(pairs.one)) <= len(np.unique(pairs.other)) else 1
    if not len(missing[side]):
        return 0.98
    rivals = pairs.rivals(score)
    order, starts, _ = _ranked((pairs.one, pairs.other)[side], rivals)
    best, without = rivals[order[starts]], missing[side] @ fit.weights + fit.constant
    return float(np.mean([1 - min(1, (best <= np.quantile(without, q)).mean() / q) for q in (0.5, 0.75, 0.9)]))


def _beside(pairs: Pairs, base, led, fit: Fit, limit: float) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Per system, the pairs of its records that have a better one of its own beside them, and their scores without it.

    Such a record's own best partner is the same; its lead is taken over those that come after it.
    """
    found, rivals = {}, pairs.rivals(base)
    sides = ((pairs.one, pairs.other, pairs.systems[1]), (pairs.other, pairs.one, pairs.systems[0]))
    for key, across, systems in sides:
        own = np.clip(base - _next_worse(key, rivals), -limit, limit)
        facing = np.clip(base - _next_best(across, rivals), -limit, limit)
        alone = np.c_[led[:, :-2], np.minimum(own, facing), np.maximum(own, facing)] @ fit.weights + fit.constant
        second = _is_first(across, rivals) & ~_is_first(key, rivals) & ~pairs.barred
        for system in np.unique(systems):
            places = np.flatnonzero(second & (systems == system))
            before = found.get(str(system), (places[:0], alone[:0]))
            found[str(system)] = np.r_[before[0], places], np.r_[before[1], alone[places]]
    return dict(sorted(found.items()))


def _several(pairs: Pairs, beside: dict, linked: np.ndarray, cut: float) -> dict[str, float]:
    """Per system, how many of its records would be linked beside a better one of its own, per linked record.

    They are few where a system keeps each article once: from that it was learnt how records without a match score.
    """
    links = {system: sum((of[linked] == system).sum() for of in pairs.systems) for system in beside}
    return {
        f"several {system}": float((alone > cut).sum() / max(links[system], 1)) for system, (_, alone) in beside.items()
    }


def _without_leads(pairs: Pairs, linked: np.ndarray, base, conflict, limits: list, settings: dict) -> Fit:
    """What features say of two records of one catalogue that lists articles several times; leads weigh nothing.

    There the rival of a match is often a match too. Begins with the pairs `linked` by their leads, sure where nothing
    conflicts; others without conflict that are as alike as nearly all of these count as both, by their chance.
    """
    sure = linked[~conflict[linked]]
    alike = base >= np.quantile(base[sure], 1 - settings["alike_share"]) if len(sure) else conflict
    chance = np.where(alike & ~conflict, 0.5, 0.0)
    seen, known = np.vstack([pairs.values] * 2), np.repeat([1.0, 0.0], len(base))
    for _ in range(settings["rounds"]):
        chance[pairs.barred], chance[sure] = 0.0, 1.0
        fit = _fit(seen, known, np.r_[chance, 1 - chance], limits, settings["shrink"])
        chance = 1 / (1 + np.exp(-np.clip(pairs.values @ fit.weights + fit.constant, -500, 500)))
    return Fit(np.r_[fit.weights, 0.0, 0.0], fit.constant)


def _agrees(pairs: Pairs, alike: np.ndarray, settings: dict) -> bool:
    """Whether links show articles listed more than twice: many records have two partners, nearly always linked too.

    Pairs that are merely alike form chains instead, whose ends are not.
    """
    partners: dict[int, set[int]] = {}
    for one, other in pairs.records[alike & ~pairs.barred].tolist():
        partners.setdefault(one, set()).add(other)
        partners.setdefault(other, set()).add(one)
    met = [two for own in partners.values() for two in itertools.combinations(own, 2)]
    closed = sum(other in partners[one] for one, other in met)
    more = sum(len(own) > 1 for own in partners.values())
    return more > settings["several_share"] * len(partners) and closed > settings["agreed_share"] * len(met)


def _in_groups(pairs: Pairs, alike: np.ndarray, limits: list, settings: dict) -> Fit | None:
    """What features say where most articles stand three times or more, in one catalogue or many shops; None elsewhere.

    There what comes next to a match is a match too, so that no lead and no runner-up teaches anything. Partners of one
    record are partners of each other as long as pairs are one article, and ends of a chain where they are merely alike:
    the pairs down to where most partners agree are the same by and by, by the similarity `alike` as declared.
    """
    places = np.argsort(-pairs.rivals(alike), kind="stable")[: int((~pairs.barred).sum())]
    records, ends = np.unique(pairs.records[places], return_inverse=True)
    sizes = np.unique((len(records) * 1.15 ** np.arange(-10, 23)).astype(int))
    sizes = sizes[(sizes > 0) & (sizes <= len(places))]
    agreed, several = partners.agreed(ends.reshape(-1, 2), _systems(pairs, places, ends), settings["partners"], sizes)
    agreed = np.where(several >= settings["grouped_share"], agreed, 0.0)
    if not len(sizes) or agreed.max() < settings["closed_share"]:
        return None
    last = np.flatnonzero(agreed >= settings["nearly_best"] * agreed.max())[-1]
    cut = alike[places[sizes[last] - 1]]
    chance = 1 / (1 + np.exp(-np.clip((alike - cut) / settings["blur"], -500, 500)))
    chance[pairs.barred] = 0.0
    fit = _fit(pairs.values, chance, np.ones(len(chance)), limits, settings["shrink"])
    return Fit(np.r_[fit.weights, 0.0, 0.0], fit.constant)


def _systems(pairs: Pairs, places: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The number of each record's system by its number in `ends`; where there is one alone, each record has its own."""
    named = np.unique(np.r_[pairs.systems[0][places], pairs.systems[1][places]], return_inverse=True)[1]
    of = np.arange(ends.max(initial=-1) + 1)
    if named.any():
        of[ends.reshape(-1, 2).T.ravel()] = named
    return of


def _is_first(key: np.ndarray, rivals: np.ndarray) -> np.ndarray:
    order, starts, _ = _ranked(key, rivals)
    first = np.zeros(len(key), bool)
    first[order[starts]] = True
    return first


def _next_worse(key: np.ndarray, rivals: np.ndarray) -> np.ndarray:
    order, starts, count = _ranked(key, rivals)
    worse = np.empty(len(key))
    worse[order] = np.r_[rivals[order][1:], 0.0]
    worse[order[starts + count - 1]] = 0.0
    return _or_none(worse)


def best_cut(linked: np.ndarray, score: np.ndarray) -> float:
    """The score above which linking gives the best F1 that the scores themselves lead to expect.

    `linked` are the scores of the pairs that may be linked; of all others, too, some are the same and will be missed.
    """
    chance = np.sort(1 / (1 + np.exp(-np.clip(linked, -500, 500))))[::-1]
    same = (1 / (1 + np.exp(-np.clip(score, -500, 500)))).sum()
    expected = 2 * np.cumsum(chance) / (np.arange(1, len(chance) + 1) + same)
    chosen = min(chance[int(expected.argmax())], 0.5)
    return float(np.log(chosen / (1 - chosen)))


def _rows(features: Sequence[dict], similarity, offset: float, fit: Fit, cut: float, share: float, several: dict):
    bit = np.log(2)
    rows = [
        {"feature": feature["name"], "similarity": s, "weight": w / bit}
        for feature, s, w in zip(features, similarity, fit.weights, strict=False)
    ]
    rows += [
        {"feature": lead, "similarity": 0.0, "weight": w / bit} for lead, w in zip(LEADS, fit.weights[-2:], strict=True)
    ]
    rows.append({"feature": "constant", "similarity": offset, "weight": fit.constant / bit})
    rows.append({"feature": "cut", "similarity": 0.0, "weight": cut / bit})
    rows.append({"feature": "matched share", "similarity": 0.0, "weight": share})
    rows += [{"feature": of, "similarity": 0.0, "weight": more} for of, more in several.items()]
    return [{**row, **{name: float(f"{row[name]:.6g}") for name in ("similarity", "weight")}} for row in rows]


def _as_table(rows: list[dict]) -> pa.Table:
    version = hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12]
    schema = pa.schema(
        [
            ("model_version", pa.string()),
            ("feature", pa.string()),
            ("similarity", pa.float64()),
            ("weight", pa.float64()),
        ]
    )
    return pa.Table.from_pylist([{"model_version": version, **row} for row in rows], schema=schema)
