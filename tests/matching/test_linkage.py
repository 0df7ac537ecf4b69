"""Components are judged as wholes: average linkage, with stewards' decisions as absolute."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import linkage, product_groups

MUST, CANNOT = float("inf"), float("-inf")


def clusters(count: int, bits: dict[tuple[int, int], float], lone: float = -1) -> set[frozenset[int]]:
    """Clusters of one component of `count` records; pairs that are not named have -10 bits."""
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    left, right = (np.array(side, int) for side in zip(*pairs, strict=True))
    weights = np.array([bits.get(pair, -10.0) for pair in pairs])
    label = linkage.refine(np.zeros(count, int), left, right, weights, 6, -1, lone)
    return {frozenset(np.flatnonzero(label == one).tolist()) for one in np.unique(label)}


def test_records_that_all_agree_are_one_cluster():
    assert clusters(3, {(0, 1): 5, (0, 2): 5, (1, 2): 5}) == {frozenset({0, 1, 2})}


def test_a_chain_through_a_weak_middle_record_is_cut():
    chain = {(0, 1): 5, (1, 2): 4, (2, 3): 5}
    assert clusters(4, chain) == {frozenset({0, 1}), frozenset({2, 3})}


def test_what_counts_between_two_groups_is_the_mean_of_their_pairs_not_the_sum():
    inside, across = {(0, 1): 5, (2, 3): 5}, {(0, 3): 0, (1, 2): 0, (1, 3): 0}
    assert clusters(4, inside | across | {(0, 2): -3}) == {frozenset(range(4))}
    assert clusters(4, inside | across | {(0, 2): -5}) == {frozenset({0, 1}), frozenset({2, 3})}


def test_one_strong_pair_does_not_join_two_groups():
    left, right = range(4), range(4, 8)
    bits = {(a, b): 5.0 for side in (left, right) for a in side for b in side if a < b}
    found = clusters(8, {**bits, (3, 4): 40.0})
    assert not any({0, 7} <= cluster for cluster in found)


def test_a_record_without_evidence_of_its_own_against_it_is_carried_by_the_others():
    assert clusters(3, {(0, 1): 6, (0, 2): 6, (1, 2): -3}) == {frozenset({0, 1, 2})}


def test_two_single_records_need_more_than_parts_that_several_pairs_join():
    assert clusters(2, {(0, 1): 1.5}, lone=2) == {frozenset({0}), frozenset({1})}
    assert clusters(3, {(0, 1): 5, (0, 2): 1.5, (1, 2): 1.5}, lone=2) == {frozenset({0, 1, 2})}


def test_a_cannot_keeps_two_apart_however_alike_they_are():
    alike = {(0, 1): 30, (0, 2): 30, (1, 2): CANNOT}
    found = clusters(3, alike)
    assert not any({1, 2} <= cluster for cluster in found)


def test_a_must_joins_two_however_different_they_are():
    assert clusters(2, {(0, 1): MUST}) == {frozenset({0, 1})}


def test_cannot_wins_over_a_chain_of_must():
    found = clusters(3, {(0, 1): MUST, (1, 2): MUST, (0, 2): CANNOT})
    assert not any({0, 2} <= cluster for cluster in found)


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 7), st.data())
def test_the_order_of_pairs_does_not_matter(count, data):
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    weights = data.draw(
        st.lists(st.sampled_from([-9.0, -2.5, 0.5, 3.0, 8.0]), min_size=len(pairs), max_size=len(pairs))
    )
    order = data.draw(st.permutations(range(len(pairs))))
    left, right = (np.array(side, int) for side in zip(*pairs, strict=True))
    bits = np.array(weights)
    straight = linkage.refine(np.zeros(count, int), left, right, bits, 6, -1)
    shuffled = linkage.refine(np.zeros(count, int), left[order], right[order], bits[order], 6, -1)
    assert straight.tolist() == shuffled.tolist()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_a_component_is_clustered_alike_alone_and_among_others_of_any_size(sizes, draw):
    places = draw.sample(range(sum(sizes)), sum(sizes))
    component, pairs, alone = np.zeros(sum(sizes), int), [], {}
    for size in sizes:
        members = sorted(places.pop() for _ in range(size))
        component[members] = members[0]
        bits = {(a, b): draw.choice([-9.0, -2.5, 0.5, 3.0, 8.0]) for a in range(size) for b in range(a + 1, size)}
        pairs += [(members[a], members[b], weight) for (a, b), weight in bits.items()]
        for cluster in clusters(size, bits) if size > 1 else [{0}]:
            alone |= dict.fromkeys([members[one] for one in cluster], members[min(cluster)])
    left, right, bits = (np.array([pair[i] for pair in pairs], kind) for i, kind in enumerate((int, int, float)))
    together = linkage.refine(component, left, right, bits, 6, -1, -1)
    assert together.tolist() == [alone[record] for record in range(len(together))]


def test_components_follow_any_chain_and_are_named_by_their_smallest_record():
    label = linkage.components(np.array([1, 2, 5]), np.array([2, 3, 6]), np.array([3.0, 3.0, 3.0]), 7, 200)
    assert label.tolist() == [0, 1, 1, 1, 4, 5, 5]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.data())
def test_a_component_is_whatever_pairs_lead_to_in_any_order(records, data):
    number = st.integers(0, records - 1)
    pairs = data.draw(st.lists(st.tuples(number, number), max_size=40))
    smallest = list(range(records))
    for _ in range(records):
        for one, other in pairs:
            smallest[one] = smallest[other] = min(smallest[one], smallest[other])
    left, right = (np.array([pair[i] for pair in pairs], np.int32) for i in (0, 1))
    assert linkage.components(left, right, np.full(len(pairs), 3.0), records, 200).tolist() == smallest


def test_a_component_above_the_limit_loses_its_weakest_links_first():
    left, right = np.arange(9), np.arange(1, 10)
    bits = np.array([9.0, 9, 9, 9, 2, 9, 9, 9, 9])
    label = linkage.components(left, right, bits, 10, 6)
    assert label.tolist() == [0] * 5 + [5] * 5


def test_a_must_link_survives_the_limit():
    left, right = np.arange(4), np.arange(1, 5)
    label = linkage.components(left, right, np.full(4, np.inf), 5, 2)
    assert set(label.tolist()) == {0}


def test_a_cluster_is_labelled_with_its_smallest_record_id():
    members = pa.table({"record_no": [1, 2, 3], "record_id": ["a:1", "b:2", "c:3"], "component_no": [1, 1, 3]})
    pairs = pa.table({"left_no": [1], "right_no": [2], "bits": [4.0]})
    found = linkage.cluster_table(members, pairs, {"cap_bits": 6, "stop_bits": -1, "lone_bits": -1})
    assert found["cluster_id"].to_pylist() == ["a:1", "a:1", "c:3"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
def test_components_of_which_no_pair_is_in_doubt_are_the_clusters_that_judging_them_gives(component_of, seed):
    draw = np.random.default_rng(seed)
    numbers = draw.permutation(100)[: len(component_of)].tolist()
    first = {c: numbers[component_of.index(c)] for c in component_of}
    names = [f"record {place:02}" for place in range(len(numbers))]
    rows = list(zip(numbers, names, (first[c] for c in component_of), strict=True))
    inside = [(a, b) for i, a in enumerate(rows) for b in rows[i + 1 :] if a[2] == b[2]]
    least = {c: draw.choice([3.0, -8.0]) for c in first.values()}
    bits = [float(draw.uniform(least[a[2]], 9)) for a, _ in inside]
    shape = pa.schema([("left_no", pa.int64()), ("right_no", pa.int64()), ("component_no", pa.int64())])
    pairs = pa.Table.from_pylist([{"left_no": a[0], "right_no": b[0], "component_no": a[2]} for a, b in inside], shape)
    pairs = pairs.append_column("bits", pa.array(bits, pa.float64()))
    members = pa.table(list(map(pa.array, zip(*rows, strict=True))), ["record_no", "record_id", "component_no"])
    limits = {"cap_bits": 6, "stop_bits": 1, "lone_bits": 2}
    with duckdb.connect() as db:
        found = linkage.clustered(db, db.from_arrow(members), db.from_arrow(pairs), limits).order("record_id")
        assert found.to_arrow_table().equals(linkage.cluster_table(members, pairs, limits))


@settings(max_examples=60, deadline=None)
@given(st.sets(st.one_of(st.integers(0, 40), st.integers(0, 2**63 - 1)), min_size=2), st.data())
def test_pairs_are_found_among_records_whatever_their_numbers(numbers, data):
    ordered = data.draw(st.permutations(sorted(numbers)))
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(ordered), st.sampled_from(ordered)), max_size=30))
    records = pa.table({"record_no": ordered, "record_id": [f"record {place:03}" for place in range(len(ordered))]})
    sides = [pa.array([pair[side] for pair in pairs], pa.int64()) for side in (0, 1)]
    links = pa.table([*sides, pa.array([3.0] * len(pairs), pa.float64())], names=["left_no", "right_no", "bits"])
    found = linkage.component_table(records, links, links.slice(0, 0), 200)
    component = dict(zip(ordered, found["component_no"].to_pylist(), strict=True))
    assert all(component[left] == component[right] for left, right in pairs)
    alone = set(numbers) - {number for pair in pairs for number in pair}
    assert all(component[number] == number for number in alone)
    stranger = pa.table({"left_no": ordered[:1], "right_no": [max(numbers) ^ 1], "bits": [3.0]})
    if max(numbers) ^ 1 not in numbers:
        with pytest.raises(LookupError):
            linkage.component_table(records, stranger, links.slice(0, 0), 200)


@pytest.mark.parametrize("records", [0, 1])
def test_nothing_to_compare_gives_every_record_its_own_cluster(records):
    none = np.empty(0, int)
    label = linkage.refine(np.arange(records), none, none, np.empty(0), 6, -1)
    assert label.tolist() == list(range(records))


def variants(*rows: tuple) -> pa.Table:
    columns = ["record_id", "cluster_id", "template_ref", "name"]
    return pa.table({name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(columns)})


def test_variants_of_one_template_are_one_product_also_across_systems():
    found = product_groups.group_table(
        variants(
            ("odoo:1", "v1", "odoo:T", "shirt"),
            ("odoo:2", "v2", "odoo:T", "shirt"),
            ("shopify:9", "v2", "shopify:S", "shirt new"),
            ("shopify:10", "v3", "shopify:S", "shirt new"),
        )
    )
    assert set(found["group_id"].to_pylist()) == {"odoo:1"}


def test_a_variant_without_template_joins_the_only_product_of_its_name():
    found = product_groups.group_table(variants(("odoo:1", "v1", "odoo:T", "shirt"), ("pos:1", "v2", None, "shirt")))
    assert found["group_id"].to_pylist() == ["odoo:1", "odoo:1"]


def test_a_name_that_two_products_bear_groups_nothing_with_them():
    found = product_groups.group_table(
        variants(
            ("odoo:1", "v1", "odoo:T", "shirt"),
            ("odoo:2", "v2", "odoo:U", "shirt"),
            ("pos:1", "v3", None, "shirt"),
        )
    )
    assert len(set(found["group_id"].to_pylist())) == 3
