"""Learns, without labels, which pairs of look-alike records are one article, and says it as one weight per feature.

Only pairs of candidates come here, as numbers; what the numbers mean is declared, how pairs are scored is SQL.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines import article_groups, candidates, rivals
from pipelines.candidates import Pairs, Seen
from pipelines.logistic import Fit, odds_to_chance

LEADS = ("least_lead", "most_lead")
NEVER = 20.0  # log odds that no other feature outweighs
LEAD_LIMITS = [candidates.SIGNS["for"] for _ in LEADS]


class Learnt(NamedTuple):
    """What leads teach: weights of the features in the similarity `base`, the fit by which pairs `score`.

    `share` is that of the records of the smaller side that have a match.
    """

    similarity: np.ndarray
    offset: float
    fit: Fit
    base: np.ndarray
    score: np.ndarray
    share: float


class Beside(NamedTuple):
    """Pairs that have a better one beside them: their scores without it, and whether it is nearer than the next."""

    places: np.ndarray
    alone: np.ndarray
    near: np.ndarray


class Links(NamedTuple):
    """Pairs `linked` at a `cut` of the score; per system those `beside` a better one of its own."""

    linked: np.ndarray
    cut: float
    beside: dict[str, Beside]


def learn(table: pa.Table, spec: dict) -> pa.Table:
    """Weights of the features of `table` (one_no, other_no, their systems and one column per declared feature).

    Begins with the mutual best pairs by the declared start, without conflict, as sure, and with the other candidates of
    their records as different. What a record looks like whose match is missing is simulated: the runner-up of a sure
    pair, its lead recomputed as if the match were not there; its scores also tell what share of records has a match.
    The other mutual best pairs count as both, by their chance, lest the least alike matches never be seen.
    Returns one row per feature: `similarity` weighs it in the similarity that leads are measured by, `weight` (bits)
    in the score; feature `constant` is added, `cut` is the score from which a pair is linked; `several <system>` is the
    share of its linked records that would find another partner there if the better one were missing. Where many would,
    weights are learnt again with its records as nobody's rivals, for second offers had been taken for different; that
    holds where most are then found to be such. `within <system>` says that leads count nothing, as
    articles stand more than twice. Empty if too few pairs are sure. The same pairs in any order give the same weights.
    """
    features, settings = spec["features"], spec["learn"]
    pairs = candidates.read_pairs(table, features)
    del table
    start = np.array([feature.get("start", 0.0) for feature in features])
    conflict = (pairs.values[:, [bool(feature.get("conflict")) for feature in features]] > 0).any(axis=1)
    limits = candidates.limits(features)
    learnt = _by_leads(pairs, start, conflict, limits, settings)
    if learnt is None:
        return candidates.as_table([])
    links, several = _linked(pairs, learnt, settings)
    within = None
    if len(several) == 1 or learnt.share < settings["scarce_share"]:
        within = article_groups.learn(pairs, pairs.alike(start), learnt.fit.weights[:-2], conflict, limits, settings)
    if within is None and len(several) == 1:
        ((places, alone, _),) = links.beside.values()
        linked = np.union1d(links.linked, places[alone > links.cut])
        within = _without_leads(pairs, linked, learnt.base, conflict, limits, settings)
        within = within if _agrees(pairs, pairs.alike(within.weights[:-2]) + within.constant > 0, settings) else None
    if within is not None:
        said = {f"{kind} {system}": 1.0 for kind in ("several", "within") for system in links.beside}
        return candidates.as_table(_rows(features, learnt._replace(fit=within), 0.0, said))
    often = [system for system, share in several.items() if share > settings["several_share"]]
    while often and len(several) > 1:
        apart = _each_alone(pairs, often)
        again = _by_leads(apart, start, conflict, limits, settings)
        if again is None:
            break
        found, known = _linked(apart, again, settings)
        known |= {system: max(several[system], _listed_again(apart, found.linked, system, often)) for system in often}
        kept = [system for system in often if known[system] > settings["often_share"]]
        if kept == often:
            pairs, learnt, links, several = apart, again, found, known
            break
        often = kept
    score, best = learnt.score, _best(pairs, learnt.score)
    for system, (places, alone, _) in links.beside.items():
        if several[system] > settings["several_share"]:
            score[places] = alone
            best = np.union1d(best, places)
    if len(several) == 1:
        learnt, score = _seldom(pairs, features, learnt, links.linked)
    cut = best_cut(score[best], score[~pairs.barred])
    return candidates.as_table(
        _rows(features, learnt, cut, {f"several {system}": share for system, share in several.items()})
    )


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


def _by_leads(pairs: Pairs, start: np.ndarray, conflict: np.ndarray, limits: list, settings: dict) -> Learnt | None:
    """What features and leads say, as `learn` describes; None if too few pairs are sure."""
    similarity, offset, fit, alone = start, 0.0, None, None
    base = pairs.alike(start)
    score = base + _leads(pairs, base, settings["lead_limit"])[:, 0]
    sure = _best(pairs, score)
    sure = sure[~conflict[sure]][: int(len(sure) * settings["sure_share"])]
    share, smaller = settings["sure_share"], min(len(pairs.one.starts), len(pairs.other.starts))
    if len(np.unique(pairs.systems)) == 1:
        beyond = sure[_beyond_variants(pairs, start, conflict, settings["variant_share"])[sure]]
        if len(beyond) < settings["beyond_share"] * len(sure):
            share, sure = share * len(beyond) / len(sure), beyond
    if len(sure) < settings["least_sure"]:
        return None
    for turn in range(settings["rounds"]):
        different = _other_candidates(pairs, sure)
        if turn:
            alone = _by_features(pairs, sure, different, limits, settings, alone)
            similarity, offset = _blended(pairs, sure, start, alone, settings["blend"])
            base = pairs.alike(similarity) + offset
        leads = _leads(pairs, base, settings["lead_limit"])
        missing = [_without_match(pairs, sure, score, base, side, settings["lead_limit"]) for side in (0, 1)]
        weight = (
            max(settings["no_match_share"], 1 - share)
            * len(sure)
            / share
            / max(sum(len(one.places) for one in missing), 1)
        )
        unsure = np.setdiff1d(_best(pairs, score), sure) if turn else sure[:0]
        chance = odds_to_chance(score[unsure])
        seen = [
            Seen(sure, leads[sure], 1.0),
            Seen(unsure, leads[unsure], chance),
            Seen(different, leads[different], 0.0),
        ]
        seen += [Seen(one.places, one.leads, 0.0, weight) for one in missing]
        fit = candidates.fit(
            pairs, seen, [*limits, candidates.SIGNS["for"], candidates.SIGNS["for"]], settings["shrink"], fit
        )
        score = pairs.scored(leads, fit)
        share = (share + _matched_share(pairs, score, missing, fit)) / 2
        share = min(max(share, 0.05), 0.98)
        best = _best(pairs, score)
        sure = best[: max(settings["least_sure"], min(len(best), int(share * smaller)))]
    return Learnt(similarity, offset, fit, base, score, share)


def _beyond_variants(pairs: Pairs, start: np.ndarray, conflict: np.ndarray, share: float) -> np.ndarray:
    """Whether pairs are more alike than so large a share of records is to the nearest that contradicts it.

    How alike different articles of one catalogue are is told by those that surely differ: what contradicts counts
    nothing in it.
    """
    alike = pairs.alike(np.maximum(start, 0.0))
    different = np.where(conflict, alike, -np.inf)
    nearest = np.r_[pairs.one.best(different), pairs.other.best(different)]
    nearest = nearest[np.isfinite(nearest)]
    return alike > np.quantile(nearest, share) if len(nearest) else np.ones(len(alike), bool)


def _seldom(pairs: Pairs, features: Sequence[dict], learnt: Learnt, linked: np.ndarray) -> tuple[Learnt, np.ndarray]:
    """What was learnt and the scores, without links that have what is `seldom` in links, where it is not.

    There most of what resembles each other are variants, and what is learnt from them cannot tell.
    """
    shares = (pairs.values[linked] > 0).mean(axis=0)
    often = np.array([share > feature.get("seldom", 1.0) for share, feature in zip(shares, features, strict=True)])
    weights = learnt.fit.weights - np.r_[np.where(often, NEVER, 0.0), 0.0, 0.0]
    score = learnt.score - (pairs.values[:, often] * NEVER).sum(axis=1)
    return learnt._replace(fit=learnt.fit._replace(weights=weights)), score


def _each_alone(pairs: Pairs, often: Sequence[str]) -> Pairs:
    """The same, but that no record of the systems that list articles `often` is a rival of another."""
    one, other = (np.isin(of, often) for of in pairs.systems)
    return pairs._replace(one=pairs.one.apart(other & ~one), other=pairs.other.apart(one & ~other))


def _listed_again(pairs: Pairs, linked: np.ndarray, system: str, often: Sequence[str]) -> float:
    """How many linked records of a system come on top of the first of each partner, per partner.

    Partners in systems that list articles `often` too are not asked: there rivals left one of each.
    """
    partners = []
    for side in (0, 1):
        of, across = pairs.systems[side][linked], pairs.systems[1 - side][linked]
        partners.append(pairs.records[linked, 1 - side][(of == system) & ~np.isin(across, often)])
    partners = np.concatenate(partners)
    return len(partners) / max(len(np.unique(partners)), 1) - 1


def _best(pairs: Pairs, score: np.ndarray) -> np.ndarray:
    """Pairs that are the best of both their records, the best of all first."""
    contend = pairs.rivals(score)
    both = np.flatnonzero(pairs.one.is_first(contend) & pairs.other.is_first(contend) & ~pairs.barred)
    return both[np.argsort(-score[both], kind="stable")]


def _leads(pairs: Pairs, base: np.ndarray, limit: float) -> np.ndarray:
    """Each pair's smaller and larger lead over the next best of its records (pairs x 2)."""
    contend = pairs.rivals(base)
    return _led(*(np.clip(base - of.next_best(contend), -limit, limit) for of in (pairs.one, pairs.other)))


def _led(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.c_[np.minimum(one, other), np.maximum(one, other)]


def _other_candidates(pairs: Pairs, sure: np.ndarray) -> np.ndarray:
    other = pairs.one.mask(sure) | pairs.other.mask(sure)
    other[sure] = False
    return np.flatnonzero(other)


def _by_features(pairs, sure, different, limits, settings, begin: Fit | None) -> Fit:
    """What features by themselves say, without leads."""
    seen = [Seen(places, np.empty((len(places), 0)), known) for places, known in ((sure, 1.0), (different, 0.0))]
    return candidates.fit(pairs, seen, limits, settings["shrink"], begin)


def _blended(pairs, sure, start, fit: Fit, blend: float) -> tuple[np.ndarray, float]:
    """The similarity by which leads are measured: the declared start and what features by themselves have taught."""
    learnt, declared = pairs.values[sure] @ fit.weights, pairs.values[sure] @ start
    scale = declared.std() / max(learnt.std(), 1e-9)
    return (1 - blend) * start + blend * scale * fit.weights, -blend * scale * learnt.mean()


def _without_match(pairs, sure, score, base, side: int, limit: float) -> Seen:
    """The runners-up of the sure pairs' records on one side, their lead as if the sure pair were not there."""
    key, across = (pairs.one, pairs.other) if side == 0 else (pairs.other, pairs.one)
    rest = key.mask(sure) & ~pairs.barred
    rest[sure] = False
    runner = key.firsts(np.where(rest, score, -np.inf))
    behind = np.where(rest, base, -np.inf)
    behind[runner] = -np.inf
    second, there = rivals.or_none(key.best(behind)), rest[runner]
    runner, second = runner[there], second[there]
    own = np.clip(base[runner] - second, -limit, limit)
    facing = np.clip(base[runner] - across.next_best(pairs.rivals(base))[runner], -limit, limit)
    return Seen(runner, _led(own, facing), 0.0)


def _matched_share(pairs: Pairs, score: np.ndarray, missing: list[Seen], fit: Fit) -> float:
    """Share of the records of the smaller side with a match: how few best scores are as low as without a match."""
    side = 0 if len(pairs.one.starts) <= len(pairs.other.starts) else 1
    runners = missing[side]
    if not len(runners.places):
        return 0.98
    best = (pairs.one, pairs.other)[side].best(pairs.rivals(score))
    without = pairs.values[runners.places] @ fit.weights[:-2] + runners.leads @ fit.weights[-2:] + fit.constant
    return float(np.mean([1 - min(1, (best <= np.quantile(without, q)).mean() / q) for q in (0.5, 0.75, 0.9)]))


def _linked(pairs: Pairs, learnt: Learnt, settings: dict) -> tuple[Links, dict[str, float]]:
    """The links by what was learnt, and per system how many beside a better one would be linked too, per link.

    They are few where a system keeps each article once: from that it was learnt how records without a match score.
    What is less like the better one than the one after it is not as good, but the first of the others.
    """
    best = _best(pairs, learnt.score)
    cut = best_cut(learnt.score[best], learnt.score[~pairs.barred])
    linked = best[learnt.score[best] > cut]
    beside = _beside(pairs, learnt.base, learnt.fit, settings["lead_limit"])
    links = {system: max(sum((of[linked] == system).sum() for of in pairs.systems), 1) for system in beside}
    several = {system: float(((of.alone > cut) & of.near).sum() / links[system]) for system, of in beside.items()}
    return Links(linked, cut, beside), several


def _beside(pairs: Pairs, base, fit: Fit, limit: float) -> dict[str, Beside]:
    """Per system, the pairs of its records that have a better one of its own beside them.

    Such a record's own best partner is the same; its lead is taken over those that come after it.
    """
    found, contend = {}, pairs.rivals(base)
    sides = ((pairs.one, pairs.other, pairs.systems[1]), (pairs.other, pairs.one, pairs.systems[0]))
    for key, across, systems in sides:
        after = base - key.next_worse(contend)
        facing = np.clip(base - across.next_best(contend), -limit, limit)
        alone = pairs.scored(_led(np.clip(after, -limit, limit), facing), fit)
        near = key.next_best(contend) - base <= after
        second = across.is_first(contend) & ~key.is_first(contend) & ~pairs.barred
        for system in np.unique(systems):
            places = np.flatnonzero(second & (systems == system))
            of = Beside(places, alone[places], near[places])
            before = found.get(str(system))
            found[str(system)] = Beside(*map(np.concatenate, zip(before, of, strict=True))) if before else of
    return dict(sorted(found.items()))


def _without_leads(pairs: Pairs, linked: np.ndarray, base, conflict, limits: list, settings: dict) -> Fit:
    """What features say of two records of one catalogue that lists articles several times; leads weigh nothing.

    There the rival of a match is often a match too. Begins with the pairs `linked` by their leads, sure where nothing
    conflicts; others without conflict that are as alike as nearly all of these count as both, by their chance.
    """
    sure = linked[~conflict[linked]]
    alike = base >= np.quantile(base[sure], 1 - settings["alike_share"]) if len(sure) else conflict
    chance = np.where(alike & ~conflict, 0.5, 0.0)
    every, none = np.arange(len(base)), np.zeros((len(base), 0))
    for _ in range(settings["rounds"]):
        chance[pairs.barred], chance[sure] = 0.0, 1.0
        fit = candidates.fit(pairs, [Seen(every, none, chance)], limits, settings["shrink"])
        chance = odds_to_chance(pairs.alike(fit.weights) + fit.constant)
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


def best_cut(linked: np.ndarray, score: np.ndarray) -> float:
    """The score above which linking gives the best F1 that the scores themselves lead to expect.

    `linked` are the scores of the pairs that may be linked; of all others, too, some are the same and will be missed.
    """
    chance = np.sort(odds_to_chance(linked))[::-1]
    same = odds_to_chance(score).sum()
    expected = 2 * np.cumsum(chance) / (np.arange(1, len(chance) + 1) + same)
    chosen = min(chance[int(expected.argmax())], 0.5)
    return float(np.log(chosen / (1 - chosen)))


def _rows(features: Sequence[dict], learnt: Learnt, cut: float, several: dict):
    weights = zip(features, learnt.similarity, learnt.fit.weights, strict=False)
    rows = [candidates.in_bits(feature["name"], similarity, weight) for feature, similarity, weight in weights]
    rows += [candidates.in_bits(lead, 0.0, weight) for lead, weight in zip(LEADS, learnt.fit.weights[-2:], strict=True)]
    rows.append(candidates.in_bits("constant", learnt.offset, learnt.fit.constant))
    rows.append(candidates.in_bits("cut", 0.0, cut))
    rows.append(candidates.row("matched share", 0.0, learnt.share))
    return rows + [candidates.row(of, 0.0, more) for of, more in several.items()]
