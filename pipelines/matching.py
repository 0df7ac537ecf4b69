"""Learns how much each comparison says, without labels, and judges components of linked records as wholes.

Only aggregates (pattern counts) and small components come here; everything per record or per pair is SQL.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipelines.resources import PROJECT
from sources.declared import read_yaml

LATENT = ("match", "household", "chance")
LARGEST_SQUARES = 2_000_000
SPREAD = np.uint64(0x9E3779B97F4A7C15)


@lru_cache
def declared(domain: str, project: Path = PROJECT / "dbt_project") -> dict:
    """The `matching` section of matching/<domain>.yml, the same that the SQL models read.

    Raises ValueError where a block, a comparison, a feature, a veto or a threshold does not say why it is there.
    """
    properties = read_yaml((project / "matching" / f"{domain}.yml").read_text(encoding="utf-8"))
    spec = next(
        m["config"]["meta"]["matching"] for m in properties["models"] if m["name"] == f"matched_{domain}__model"
    )
    features = spec.get("likeness", {}).get("features", ())
    evidence = (*spec["blocks"]["rules"], *spec["compare"]["comparisons"], *features, *spec.get("vetoes", ()))
    for one in (*evidence, *spec["thresholds"]):
        if not one.get("reason"):
            raise ValueError(f"matching/{domain}.yml: {one['name']} states no `reason`; say why it is evidence")
    return spec


class Patterns(NamedTuple):
    """Pairs that look alike, counted: `levels` and `shares` are patterns x comparisons, -1 = nothing to compare.

    Shares are of the records that bear what agrees, 0 where that is no matter.
    """

    levels: np.ndarray
    shares: np.ndarray
    pairs: np.ndarray
    inverse_affinity: np.ndarray


def learn(patterns: pa.Table, chance: pa.Table, spec: dict) -> pa.Table:
    """Expectation maximisation over three latent classes: the same party, the same household, mere chance.

    `patterns` and `chance` hold one row per pattern of levels (one int column per comparison, null = nothing to
    compare), its count `pairs` and `inverse_affinity`, and the mean logarithm of the share of records that bear what
    agrees, where a comparison says `learn_share`; `chance` is a random sample of all pairs of its `records`.
    Pairs that no block brought together count as chance. Of what agrees with nothing beside it to be judged by, as much
    is chance as where there is something. Returns one row per comparison and level with the probability of that level
    in each class, and three rows more: `prior`, each class's share of all pairs; `records`, how many it was learnt
    from; `together`, how many times more often than expected the comparisons declared so agree by chance.
    """
    comparisons = spec["compare"]["comparisons"]
    together = [i for i, c in enumerate(comparisons) if c["name"] in spec["learn"]["together"]]
    usual = spec["learn"]["prior_pairs"]
    strength = usual, spec["learn"]["household_pairs"], 100 * usual
    start = [np.array([[level[k] for level in c["levels"]] for k in "mhu"], float) for c in comparisons]
    start = [p / p.sum(axis=1, keepdims=True) for p in start]
    learnt = [[name not in c.get("fixed", []) for name in LATENT] for c in comparisons]
    blocked, sampled = _patterns(patterns, comparisons), _patterns(chance, comparisons)
    start = params = [_held_by_some(p, blocked.levels[:, i], sampled.levels[:, i]) for i, p in enumerate(start)]
    beside = (blocked.levels[:, [c.get("missing") != "false" for c in comparisons]] >= 0).sum(axis=1) > 1
    records = max(chance["records"].to_pylist(), default=0)
    all_pairs = max(records * (records - 1) / 2, blocked.pairs.sum(), 1.0)
    priors = np.array([0.2, 0.1, 0.0]) * max(blocked.pairs.sum(), 1.0) / all_pairs
    priors[2] = 1 - priors.sum()
    excess, rare = 1.0, (records, spec["learn"].get("share_records", 0))
    for _ in range(spec["learn"]["rounds"]):
        belief = _posterior(blocked, params, priors, together, excess, rare) * blocked.pairs[:, None]
        by_chance = _posterior(sampled, params, priors, together, excess, rare)[:, 2] * sampled.pairs
        seen = [(blocked.levels, belief[:, 0]), (blocked.levels, belief[:, 1]), (sampled.levels, by_chance)]
        params = [
            np.stack(
                [
                    _expected(levels[:, i], weight, p, s) if learn_it else p
                    for (levels, weight), p, s, learn_it in zip(seen, start[i], strength, learnt[i], strict=True)
                ]
            )
            for i in range(len(comparisons))
        ]
        scale = all_pairs / max(by_chance.sum(), 1.0)
        for i, c in enumerate(comparisons):
            comparable = scale * by_chance[sampled.levels[:, i] >= 0].sum()
            by_block = _chance_held(blocked, i, belief[:, 2], beside, len(c["levels"]))
            params[i][2] = _census(c["levels"], by_block, comparable, params[i][2])
            params[i][0] = _at_most(c["levels"], params[i][0])
        if together:
            comparable = scale * by_chance[(sampled.levels[:, together] >= 0).all(axis=1)].sum()
            equal = (belief[:, 2] * blocked.inverse_affinity)[_agree(blocked, together)].sum()
            excess = max(1.0, (equal + 10) / (comparable * np.prod([params[i][2, 0] for i in together]) + 10))
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


def _patterns(table: pa.Table, comparisons: Sequence[dict]) -> Patterns:
    columns = [table[c["name"]].fill_null(-1).to_numpy() for c in comparisons]
    levels = np.stack(columns, axis=1).astype(np.int64).reshape(len(table), len(comparisons))
    shares = np.zeros(levels.shape)
    for i, c in enumerate(comparisons):
        if (name := f"{c['name']}_share") in table.schema.names:
            shares[:, i] = np.exp(table[name].fill_null(-np.inf).to_numpy()) * (levels[:, i] == 0)
    return Patterns(levels, shares, *(table[name].to_numpy().astype(float) for name in ("pairs", "inverse_affinity")))


def _agree(patterns: Patterns, together: list[int]) -> np.ndarray:
    return (patterns.levels[:, together] == 0).all(axis=1)


def _posterior(
    patterns: Patterns,
    params: list[np.ndarray],
    priors: np.ndarray,
    together: list[int],
    excess: float,
    rare: tuple[float, float],
) -> np.ndarray:
    """Match, household and chance of each pattern. Chance meets in a value as often as records bear it.

    `rare` is how many records there are, and how many smooth that.
    """
    records, smooth = rare
    log = np.tile(np.log(priors), (len(patterns.levels), 1))
    if together:
        log[:, 2] += np.where(_agree(patterns, together), np.log(excess / patterns.inverse_affinity), 0.0)
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


def _at_most(levels: Sequence[dict], found: np.ndarray) -> np.ndarray:
    """What records of one party may hold of a level, however many pairs of others look like them."""
    most = np.array([level.get("most", 1.0) for level in levels])
    held, free = np.minimum(found, most), found < most
    return np.where(free, found * (1 - held[~free].sum()) / found[free].sum(), held)


def _expected(levels: np.ndarray, weight: np.ndarray, start: np.ndarray, strength: float) -> np.ndarray:
    held = levels >= 0
    seen = np.bincount(levels[held], weights=weight[held], minlength=len(start))
    return (seen + strength * start) / (seen.sum() + strength)


def _as_table(
    comparisons: Sequence[dict], params: list[np.ndarray], priors: np.ndarray, excess: float, records: int
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
    rows.append({"comparison": "together", "level": 0, "label": "agree by chance", **_rounded([1.0, 1.0, excess])})
    version = hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12]
    return pa.Table.from_pylist([{"model_version": version, **row} for row in rows])


def _rounded(values: Sequence[float]) -> dict[str, float]:
    return {name: float(f"{value:.6g}") for name, value in zip(LATENT, values, strict=True)}


def component_table(records: pa.Table, links: pa.Table, demanded: pa.Table, limit: int) -> pa.Table:
    """record_no, record_id, component_no and leads_out for `records`, which come ordered by record_id.

    `links` and `demanded` connect; a component has the number of its first record. Of one that was too large some links
    lead out.
    """
    left, right, bits = _pairs(pa.concat_tables([links, demanded]), records["record_no"])
    label = components(left, right, bits, len(records), limit)
    crossing, leads_out = label[left] != label[right], np.zeros(len(records), bool)
    leads_out[left[crossing]] = leads_out[right[crossing]] = True
    labelled = records.append_column("component_no", records["record_no"].take(pa.array(label)))
    return labelled.append_column("leads_out", pa.array(leads_out))


def clustered(session, members, pairs, limits: dict):
    """record_id, cluster_id (its smallest record_id) of members of components, as a relation of `session`.

    `members` is as component_table has them, `pairs` all within (left_no, right_no, component_no, bits); both are
    relations. A component whose pairs all speak for one party is one cluster: rows come here only of the others.
    """
    bar = max(limits["stop_bits"], limits["lone_bits"])
    doubtful = session.from_arrow(pairs.filter(f"bits <= {bar}").project("component_no").distinct().to_arrow_table())
    judged = cluster_table(
        members.join(doubtful, "component_no", how="semi").order("record_id").to_arrow_table(),
        pairs.join(doubtful, "component_no", how="semi").project("left_no, right_no, bits").to_arrow_table(),
        limits,
    )
    whole = members.join(doubtful, "component_no", how="anti").set_alias("whole")
    first = members.project("record_no as component_no, record_id as cluster_id").set_alias("first")
    named = whole.join(first, "component_no").project("record_id, cluster_id")
    return named.union(session.from_arrow(judged))


def cluster_table(members: pa.Table, pairs: pa.Table, limits: dict) -> pa.Table:
    """record_id, cluster_id (its smallest record_id) from component members, ordered by record_id, and their pairs."""
    component = members["component_no"].combine_chunks().dictionary_encode().indices.to_numpy()
    bars = (limits["cap_bits"], limits["stop_bits"], limits["lone_bits"])
    cluster = refine(component, *_pairs(pairs, members["record_no"]), *bars)
    record_id = members["record_id"].combine_chunks()
    return pa.table({"record_id": record_id, "cluster_id": record_id.take(pa.array(cluster))})


def _pairs(table: pa.Table, numbers: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both sides of each pair as places in `numbers`, and its bits."""
    left, right = _places(numbers.to_numpy(), table["left_no"].to_numpy(), table["right_no"].to_numpy())
    return left, right, table["bits"].to_numpy()


def _places(numbers: np.ndarray, *sides: np.ndarray) -> Iterator[np.ndarray]:
    """Where the numbers of each side stand among `numbers`, which differ; all are 64 bits wide.

    Sorted by the first bits of a product, which spreads whatever they are, nearly all stand where these bits begin:
    half the time of a hash table. Raises LookupError for one that is not there.
    """
    shift = np.uint64(63 - len(numbers).bit_length())

    def slot(some: np.ndarray) -> np.ndarray:
        return (some.view(np.uint64) * SPREAD >> shift).view(np.int64)

    slots = slot(numbers)
    order = np.argsort(slots).astype(np.int32)
    held = np.bincount(slots, minlength=1 << (64 - int(shift)))
    begin, ordered = (np.cumsum(held) - held).astype(np.int32), numbers[order]
    for wanted in sides:
        at = begin[slot(wanted)]
        astray = np.flatnonzero(ordered[at] != wanted)
        for _ in range(held.max()):
            at[astray] += 1
            astray = astray[ordered[at[astray]] != wanted[astray]]
            if not len(astray):
                break
        if len(astray):
            raise LookupError(f"{len(astray)} pairs are of records that are not there")
        yield order[at]


def components(left: np.ndarray, right: np.ndarray, bits: np.ndarray, records: int, limit: int) -> np.ndarray:
    """The component (smallest record number in it) of each record 0..records-1 over the given pairs.

    A component larger than `limit` loses its weakest links, one bit at a time, until it fits; infinite bits stay. What
    becomes of a component rests on its own links alone.
    """
    label = _connected(left, right, records)
    floor = np.floor(bits.min(initial=0.0)) - 1
    while True:
        large = np.bincount(label, minlength=records)[label[left]] > limit
        if not (large & np.isfinite(bits)).any():
            return label
        floor += 1.0
        keep = ~large | (bits > floor)
        left, right, bits = left[keep], right[keep], bits[keep]
        label = _connected(left, right, records)


def _connected(left: np.ndarray, right: np.ndarray, records: int) -> np.ndarray:
    """The smallest record that pairs lead each record to, over any other: of two that are linked, the larger follows.

    What follows whom is shortened to the end of the chain, and links to those ends, until no link is between two.
    """
    label = np.arange(records, dtype=left.dtype)
    while len(left):
        np.minimum.at(label, np.maximum(left, right), np.minimum(left, right))
        while not np.array_equal(onward := label[label], label):
            label = onward
        left, right = label[left], label[right]
        apart = left != right
        left, right = left[apart], right[apart]
    return label


def refine(
    component: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    bits: np.ndarray,
    cap: float,
    stop: float,
    lone: float | None = None,
) -> np.ndarray:
    """Clusters by average linkage inside each component; returns the smallest record number of each record's cluster.

    `component` labels the records, with numbers below how many they are. `left`, `right`, `bits` must hold every pair
    inside every component once. Bits are clipped to +-cap so that no single pair outweighs the rest; infinite bits are
    absolute: +inf joins before anything else, -inf forbids and wins. Two clusters join while the mean bits between
    them exceed a bar: `lone` for two single records, near `stop` once several pairs speak.
    """
    lone = stop if lone is None else lone
    first = np.empty(len(component), int)
    first[component[::-1]] = np.arange(len(component))[::-1]
    cluster, home = first[component], component[left]
    doubtful = np.zeros(len(component), bool)
    doubtful[home[bits <= max(stop, lone)]] = True
    keep = doubtful[home]
    if not keep.any():
        return cluster
    for members, score in _squares(np.flatnonzero(doubtful[component]), component, left[keep], right[keep], bits[keep]):
        joined = _average_linkage(score, cap, stop, lone)
        cluster[members] = np.take_along_axis(members, joined, axis=1)
    return cluster


def _squares(records, component, left, right, bits) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Components of one size at a time: their records in order (parts x size) and the bits between all of these."""
    size_of = np.bincount(component[records], minlength=len(component))
    size_of = size_of.astype(np.min_scalar_type(size_of.max()))[component]
    records = records[np.lexsort((component[records], size_of[records]))]
    of_pair, seat = size_of[left], np.zeros(len(component), np.int32)
    sizes, starts = np.unique(size_of[records], return_index=True)
    ends = np.cumsum(np.bincount(of_pair)[sizes])
    records_of = np.split(records, starts[1:])
    pairs_of = np.split(np.argsort(of_pair, kind="stable"), ends[:-1])
    for size, own, pairs in zip(sizes.tolist(), records_of, pairs_of, strict=True):
        seat[own] = np.arange(len(own))
        (row, one), other = np.divmod(seat[left[pairs]], size), seat[right[pairs]] % size
        score = np.zeros((len(own) // size, size, size))
        score[row, one, other] = score[row, other, one] = bits[pairs]
        parts = -(-score.size // LARGEST_SQUARES)
        yield from zip(np.array_split(own.reshape(-1, size), parts), np.array_split(score, parts), strict=True)


def _average_linkage(score: np.ndarray, cap: float, stop: float, lone: float) -> np.ndarray:
    """For many components of one size (parts x size x size bits): the first member of the cluster of each member."""
    tie_break = np.where(np.isinf(score), 0, score) * 1e-4
    total = np.where(np.isinf(score), score, np.clip(score, -cap, cap) + tie_break)
    parts, members = total.shape[:2]
    total[:, range(members), range(members)] = -np.inf
    size, joined = np.ones((parts, members)), np.tile(np.arange(members), (parts, 1))
    going, above = np.arange(parts), total - (stop + (lone - stop))
    while len(going):
        flat = above.reshape(len(going), -1)
        best = flat.argmax(axis=1)
        on = np.flatnonzero(flat[np.arange(len(going)), best] > 0)
        if len(on) < len(going):
            going, total, above, size, best = going[on], total[on], above[on], size[on], best[on]
        row, (a, b) = np.arange(len(going)), np.divmod(best, members)
        one, other = total[row, a], total[row, b]
        forbidden = np.isneginf(one) | np.isneginf(other)
        both = np.where(forbidden, -np.inf, one + np.where(forbidden, 0, other))
        size[row, a] += size[row, b]
        pairs = size[row, a][:, None] * size
        for table, new in ((total, both), (above, both / pairs - (stop + (lone - stop) / pairs**2))):
            table[row, a], table[row, :, a] = new, new
            table[row, a, a] = -np.inf
            table[row, b], table[row, :, b] = -np.inf, -np.inf
        joined[going] = np.where(joined[going] == b[:, None], a[:, None], joined[going])
    return joined


def group_table(records: pa.Table) -> pa.Table:
    """record_id, group_id (its smallest record_id): the variants of one product together.

    `records` has record_id, cluster_id (variant), template_ref (null where the system has no templates) and name.
    Clusters that stand in one template of any system are one product. A cluster in no template joins the only product
    of its name if there is just one, and else its namesakes that are in no template either.
    """
    rows = records.to_pylist()
    leader: dict[str, str] = {}

    def find(label: str) -> str:
        while leader.setdefault(label, label) != label:
            label = leader[label]
        return label

    for row in rows:
        if row["template_ref"]:
            one, other = sorted((find("variant " + row["cluster_id"]), find("template " + row["template_ref"])))
            leader[other] = one
    named: dict[str, set[str]] = {}
    name_of: dict[str, str] = {}
    for row in rows:
        if "variant " + row["cluster_id"] in leader:
            named.setdefault(row["name"], set()).add(find("variant " + row["cluster_id"]))
        elif row["name"]:
            name_of.setdefault(row["cluster_id"], row["name"])
    group_of = []
    for row in rows:
        name = name_of.get(row["cluster_id"])
        namesakes = named.get(name, set())
        if name is None:
            group_of.append(find("variant " + row["cluster_id"]))
        else:
            group_of.append(next(iter(namesakes)) if len(namesakes) == 1 else "name " + name)
    first = {}
    for row, group in zip(rows, group_of, strict=True):
        first[group] = min(first.get(group, row["record_id"]), row["record_id"])
    return pa.table({"record_id": records["record_id"], "group_id": [first[group] for group in group_of]})
