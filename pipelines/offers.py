"""Learns from offers that have partners elsewhere what tells that two offers of one marketplace are one article."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pipelines.candidates import Seen, as_table, fit, in_bits, limits, read_pairs


def learn(offers: pa.Table, links: pa.Table, spec: dict) -> pa.Table:
    """Weights of the features of `offers`, pairs of one system that lists articles several times, as in `likeness`.

    Taught by offers that both have a partner elsewhere, by the `links` (left_no, right_no, is_shared): those that share
    one are one article as far as links say so, those that no links lead to each other are two. No lead says anything,
    for the rival of a match is often a match too. Empty if too few teach.
    """
    features, settings = spec["features"], spec["learn"]
    pairs = read_pairs(offers, features)
    del offers
    ends = np.c_[links["left_no"].to_numpy(), links["right_no"].to_numpy()]
    is_shared = links["is_shared"].to_numpy()
    linked = np.unique(ends[~is_shared])
    if not len(linked) or not len(pairs.values):
        return as_table([])
    edges = np.searchsorted(linked, ends[~is_shared]).T
    article = connected_components(coo_matrix((np.ones(edges.shape[1]), edges), 2 * [len(linked)]), directed=False)[1]
    both, places = _places(pairs.records, linked)
    apart = both & (article[places[:, 0]] != article[places[:, 1]])
    known, shared = _places(ends[is_shared], linked)
    key = np.array([len(linked), 1])
    same = both & np.isin(places @ key, shared[known] @ key)
    taught = [np.flatnonzero(which & ~pairs.barred) for which in (same, apart)]
    if min(map(len, taught)) < settings["least_sure"]:
        return as_table([])
    seen = [Seen(told, np.zeros((len(told), 0)), chance) for told, chance in zip(taught, (1.0, 0.0), strict=True)]
    learnt = fit(pairs, seen, limits(features), settings["shrink"])
    weights = [(feature["name"], weight) for feature, weight in zip(features, learnt.weights, strict=True)]
    return as_table([in_bits(name, 0.0, weight) for name, weight in [*weights, ("constant", learnt.constant)]])


def _places(records: np.ndarray, linked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which pairs of records are both among `linked`, and where there; the lesser first."""
    places = np.minimum(np.searchsorted(linked, np.sort(records, axis=1)), len(linked) - 1)
    return (linked[places] == np.sort(records, axis=1)).all(axis=1), places
