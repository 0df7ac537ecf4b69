"""Judges components of linked records as wholes: average linkage, so that no chain of pairs joins what does not fit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

LARGEST_SQUARES = 2_000_000
SPREAD = np.uint64(0x9E3779B97F4A7C15)


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
