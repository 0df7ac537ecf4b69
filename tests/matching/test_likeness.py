"""What likeness learns from candidates without labels: weights of features, the cut, rivals, words that are new."""

from __future__ import annotations

import itertools
import math
import random

import duckdb
import jinja2
import numpy as np
import pyarrow as pa
import pytest

from pipelines import likeness, logistic, matching, offers, partners, rivals
from pipelines.resources import PROJECT

FEATURES = [
    {"name": "alike", "speaks": "for", "start": 1.0},
    {"name": "contradicts", "speaks": "against", "start": -0.2, "conflict": True},
]


def candidates(matched_records: int, records: int) -> pa.Table:
    """Five candidates for each of `records`; the first is the match for so many of them."""
    dice, rows = random.Random(3), []
    for one in range(records):
        for step in range(5):
            real = step == 0 and one < matched_records
            alike = dice.uniform(0.6, 1) if real else dice.uniform(0, 0.6)
            contradicts = float(dice.random() < (0.02 if real else 0.5))
            rows.append((one, 10_000 + (one + step * 37) % records, "a", "b", alike, contradicts))
    names = ["one_no", "other_no", "one_system", "other_system", "alike", "contradicts"]
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])


def learn(table: pa.Table, features: list[dict] = FEATURES, **settings: float) -> dict[str, float]:
    declared = matching.declared("products")["likeness"]
    spec = {**declared, "features": features, "learn": declared["learn"] | settings}
    return {row["feature"]: row["weight"] for row in likeness.learn(table, spec).to_pylist()}


def test_what_speaks_against_is_learnt_to_count_against():
    learnt = learn(candidates(160, 200))
    assert learnt["alike"] > 0 or learnt["least_lead"] > 0
    assert learnt["contradicts"] < 0


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_the_share_of_records_with_a_match_is_estimated(share):
    assert learn(candidates(int(300 * share), 300))["matched share"] == pytest.approx(share, abs=0.15)


@pytest.mark.parametrize(("share", "is_variant"), [(0.1, False), (0.8, True)])
def test_what_is_seldom_in_links_forbids_them_in_a_catalogue_where_it_is_not(share, is_variant):
    dice, rows = random.Random(2), candidates(160, 200).to_pylist()
    rows = [row | {"other_system": "a", "option": float(dice.random() < share)} for row in rows]
    learnt = learn(pa.Table.from_pylist(rows), [*FEATURES, {"name": "option", "speaks": "against", "seldom": 0.3}])
    assert (learnt["option"] < -20) == is_variant


def groups(systems: int, least: float = 0.4) -> pa.Table:
    """Sixty articles with five offers each in so many shops; all resemble what follows them, too."""
    dice, rows = random.Random(9), []
    for one, other in itertools.combinations(range(300), 2):
        real = one // 5 == other // 5
        if real or other - one < 40:
            alike = dice.uniform(least, 1) if real else dice.uniform(0, 0.5)
            places = [f"shop {(no * 7 + no // 5) % systems}" for no in (one, other)]
            rows.append((one, other, *places, alike, float(not real and dice.random() < 0.5)))
    names = ["one_no", "other_no", "one_system", "other_system", "alike", "contradicts"]
    table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])
    across = [systems == 1 or one != other for one, other in zip(*table.columns[2:4], strict=True)]
    return table.filter(pa.array(across))


@pytest.mark.parametrize(("systems", "least"), [(1, 0.4), (2, 0.5), (30, 0.4)])
def test_articles_that_stand_in_groups_are_told_by_partners_that_agree(systems, least):
    table = groups(systems, least)
    learnt = learn(table, scarce_share=1.0)
    assert learnt["within shop 0"] == 1
    assert learnt["least_lead"] == learnt["most_lead"] == 0
    rows = table.to_pylist()
    bits = [sum(learnt[name] * row[name] for name in ("alike", "contradicts")) + learnt["constant"] for row in rows]
    right = [row["one_no"] // 5 == row["other_no"] // 5 for row, said in zip(rows, bits, strict=True) if said > 0]
    assert sum(right) >= 0.8 * len(right)
    assert sum(right) >= 0.6 * sum(row["one_no"] // 5 == row["other_no"] // 5 for row in rows)
    expected = np.mean([1 / (1 + 2**-said) for said in bits if said > 0])
    assert expected == pytest.approx(sum(right) / len(right), abs=0.1), "what links are expected to be worth they are"


def test_articles_of_whose_offers_some_were_never_compared_are_groups_too():
    """Most partners agree where the plainest offers are; the partners that the others bring together agree, too."""
    dice, rows = random.Random(6), []
    for one, other in itertools.combinations(range(300), 2):
        real, some = one // 5 == other // 5, one // 5 % 2
        if other - one < 40 and not (real and some and dice.random() < 0.25):
            alike = dice.uniform(0.7 - 0.3 * some, 1) if real else dice.betavariate(2, 4) / 2
            rows.append((one, other, f"shop {one % 5}", f"shop {other % 5}", alike, 0.0))
    names = ["one_no", "other_no", "one_system", "other_system", "alike", "contradicts"]
    learnt = learn(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows]), scarce_share=1.0)
    linked = [row for row in rows if learnt["alike"] * row[4] + learnt["constant"] > 0]
    right = sum(one // 5 == other // 5 for one, other, *_ in linked)
    assert right > 0.95 * sum(one // 5 == other // 5 for one, other, *_ in rows)
    assert right > 0.95 * len(linked)


def test_articles_of_one_kind_are_no_group_though_all_of_them_resemble_each_other():
    """Five articles of a kind have five offers each: partners agree, then less, then more where all of a kind are."""
    dice = random.Random(8)
    articles = [[dice.gauss(0, 1) for _ in range(5)] for _ in range(100)]
    offers_of = [[at + dice.gauss(0, 0.1 if no // 5 % 2 else 0.5) for at in articles[no // 5]] for no in range(500)]
    rows = [
        (
            one,
            other,
            f"shop {one % 30}",
            f"shop {other % 30}",
            max(0, 1 - math.dist(offers_of[one], offers_of[other]) / 5),
            0.0,
        )
        for one, other in itertools.combinations(range(500), 2)
        if one // 25 == other // 25
    ]
    names = ["one_no", "other_no", "one_system", "other_system", "alike", "contradicts"]
    learnt = learn(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows]), scarce_share=1.0)
    assert learnt["within shop 0"] == 1
    linked = [row for row in rows if learnt["alike"] * row[4] + learnt["constant"] > 0]
    right = sum(one // 5 == other // 5 for one, other, *_ in linked)
    assert right > 0.9 * len(linked), "a fifth are right where all of a kind are one"
    assert right > 0.5 * 1000


def test_what_thousands_resemble_is_on_no_way_from_partner_to_partner_and_all_others_are_counted():
    dice = random.Random(5)
    pairs = {(dice.randrange(40), 100 + dice.randrange(40)) for _ in range(200)}
    whole = [
        sum(
            {(one, y), (x, y), (x, other)} <= pairs
            for x in range(40)
            for y in range(100, 140)
            if x != one and y != other
        )
        for one, other in sorted(pairs)
    ]
    alike_to_all = [(one, 999) for one in range(5000)]
    closed, met = partners.crossed(np.array(sorted(pairs) + alike_to_all), most=60)
    assert closed[: len(pairs)].tolist() == whole
    assert met[: len(pairs)].sum() > sum(whole) > 0
    assert met[len(pairs) :].sum() == 0


@pytest.mark.parametrize("systems", [1, 2])
def test_articles_that_stand_twice_among_their_kin_are_no_groups(systems):
    """Four articles of a kind, each listed twice: partners agree among the eight, each is far nearer to its twin."""
    dice, rows = random.Random(4), []
    for one, other in itertools.combinations(range(400), 2):
        if other - one < 40 and (systems == 1 or one % 2 != other % 2):
            real, kin = one // 2 == other // 2, one // 8 == other // 8
            alike = dice.uniform(0.8, 1) if real else dice.uniform(0.4, 0.6) if kin else dice.uniform(0, 0.2)
            rows.append((one, other, f"shop {one % systems}", f"shop {other % systems}", alike, 0.0))
    names = ["one_no", "other_no", "one_system", "other_system", "alike", "contradicts"]
    learnt = learn(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows]), scarce_share=1.0)
    assert "within shop 0" not in learnt
    assert learnt["least_lead"] + learnt["most_lead"] > 0


def test_articles_of_one_kind_that_contradict_each_other_are_no_groups():
    """Headphones in white of many makers resemble each other all round, as offers of one article do."""
    table = groups(1)
    contradicts = [float(one % 10 > 0) for one in table["one_no"].to_pylist()]
    table = table.set_column(5, "contradicts", pa.array(contradicts))
    features = [FEATURES[0], FEATURES[1] | {"start": 0.0}]
    assert not any(feature.startswith("within") for feature in learn(table, features))


def test_in_one_catalogue_what_is_no_more_alike_than_variants_that_contradict_each_other_teaches_nothing():
    dice, rows = random.Random(7), []
    for one in range(0, 300, 3):
        rows.append((one, one + 1, "a", "a", dice.uniform(0.5, 0.9), 0.0))
        rows.append((one, one + 2, "a", "a", dice.uniform(0.5, 0.95), 1.0))
    names = ["one_no", "other_no", "one_system", "other_system", "alike", "contradicts"]
    assert learn(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])) == {}


def unequal_offers() -> pa.Table:
    """Two hundred articles, one to four offers of each in another system, few of which tell the maker's code."""
    dice, rows, offers = random.Random(3), [], itertools.count(1000)
    for one in range(200):
        for other in itertools.islice(offers, dice.randint(1, 4)):
            rows.append((one, other, "a", "b", dice.uniform(0.5, 0.9), float(dice.random() < 0.4), 0.0))
            for step in (37, 74, 111):
                contradicts = float(dice.random() < 0.5)
                rows.append(((one + step) % 200, other, "a", "b", dice.uniform(0, 0.5), 0.0, contradicts))
    names = ["one_no", "other_no", "one_system", "other_system", "alike", "code", "contradicts"]
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])


def test_offers_are_found_to_repeat_articles_though_the_best_of_each_taught_that_the_others_differ():
    learnt = learn(unequal_offers(), [*FEATURES, {"name": "code", "speaks": "for", "start": 0.3}])
    assert learnt["several b"] == pytest.approx(1.5, abs=0.3)
    assert learnt["several a"] < 0.2


def seconds_between(least: float, most: float) -> pa.Table:
    """Three hundred articles with a match each; of a third of them another record of that system is so much alike."""
    dice, rows, others = random.Random(3), [], itertools.count(1000)
    for one in range(300):
        alike = [dice.uniform(0.7, 1)]
        if dice.random() < 0.35:
            alike.append(dice.uniform(least, most))
        for other, said in zip(others, alike, strict=False):
            rows.append((one, other, "a", "b", said, 0.0))
            rows += [((one + step) % 300, other, "a", "b", dice.uniform(0, 0.2), 0.0) for step in (37, 74, 111)]
    names = ["one_no", "other_no", "one_system", "other_system", "alike", "contradicts"]
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])


def test_what_is_less_like_the_match_than_the_next_is_like_it_is_no_second_offer():
    limit = matching.declared("products")["likeness"]["learn"]["several_share"]
    assert learn(seconds_between(0.5, 0.55))["several b"] < limit
    assert learn(seconds_between(0.7, 1))["several b"] > limit


def test_what_two_offers_of_one_system_have_in_common_is_learnt_from_those_with_partners_elsewhere():
    dice, rows, article = random.Random(6), [], lambda offer: offer // 3
    for one, other in itertools.combinations(range(300), 2):
        if other - one < 9:
            real = article(one) == article(other)
            alike = dice.uniform(0.5, 1) if real else dice.uniform(0, 0.6)
            rows.append((one, other, "b", "b", alike, float(not real and dice.random() < 0.5)))
    names = ["one_no", "other_no", "one_system", "other_system", "alike", "contradicts"]
    pairs = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])
    links = [(offer, 1000 + article(offer), False) for offer in range(150)]
    links += [(*two, True) for two in itertools.combinations(range(150), 2) if article(two[0]) == article(two[1])]
    links = pa.Table.from_pylist([dict(zip(["left_no", "right_no", "is_shared"], link, strict=True)) for link in links])
    spec = {**matching.declared("products")["likeness"], "features": FEATURES}
    learnt = {row["feature"]: row["weight"] for row in offers.learn(pairs, links, spec).to_pylist()}
    bits = [learnt["constant"] + alike * learnt["alike"] + no * learnt["contradicts"] for *_, alike, no in rows]
    right = [article(row[0]) == article(row[1]) for row, said in zip(rows, bits, strict=True) if said > 0]
    assert sum(right) > 0.7 * 300
    assert len(right) < sum(right) / 0.8
    assert not len(offers.learn(pairs, links.slice(0, 3), spec)), "a few teach nothing"
    assert not len(offers.learn(pairs.slice(0, 0), links, spec))


def test_two_shops_are_never_taken_for_a_market():
    assert not any(feature.startswith("within") for feature in learn(candidates(40, 400)))


def test_the_cut_falls_where_more_is_the_same_than_may_be_linked():
    odds = np.arange(-4, 4, 0.1)
    unlinked = np.full(60, -1.0)
    assert likeness.best_cut(odds, np.r_[odds, unlinked]) < likeness.best_cut(odds, odds) <= 0


def test_a_feature_never_counts_against_its_declared_direction():
    turned = [FEATURES[0], {**FEATURES[1], "speaks": "for"}]
    assert learn(candidates(160, 200), turned)["contradicts"] == 0


def test_the_order_of_pairs_does_not_change_what_is_learnt():
    table = candidates(100, 150)
    order = list(range(len(table)))
    random.Random(1).shuffle(order)
    assert learn(table) == learn(table.take(order))


def test_matches_that_are_less_alike_than_the_surest_are_not_taken_for_different():
    dice, rows = random.Random(5), []
    for one in range(200):
        alike = 0.9 if one % 2 else 0.35
        rows.append((one, 10_000 + one, "a", "b", alike + dice.uniform(0, 0.1), 0.0))
        rows += [(one, 10_000 + (one + step) % 200, "a", "b", dice.uniform(0, 0.2), 0.0) for step in (7, 31)]
    names = ["one_no", "other_no", "one_system", "other_system", "alike", "contradicts"]
    learnt = learn(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows]))
    assert learnt["matched share"] > 0.9
    lead = learnt["least_lead"] + learnt["most_lead"]
    assert learnt["constant"] - learnt["cut"] + 0.35 * learnt["alike"] + 0.2 * lead > 0


def test_a_feature_without_a_reason_is_refused(tmp_path):
    said = matching.PROJECT / "dbt_project" / "matching" / "products.yml"
    (tmp_path / "matching").mkdir()
    text = said.read_text().replace(', reason: "colours tell variants apart"', "")
    (tmp_path / "matching" / "products.yml").write_text(text)
    with pytest.raises(ValueError, match="colour_conflict states no `reason`"):
        matching.declared("products", tmp_path)


def test_of_very_many_pairs_evenly_some_teach_as_well(monkeypatch):
    table = candidates(800, 1000)
    everything = learn(table)
    monkeypatch.setattr(logistic, "MOST_ROWS", 4_000)
    some = learn(table)
    assert some != everything
    assert some == pytest.approx(everything, rel=0.2, abs=0.3)


def test_rivals_are_told_apart_by_record_and_what_is_barred_is_none():
    of = rivals.group(np.array([7, 3, 7, 3, 7, 9]))
    score = np.array([0.5, 0.2, 0.9, 0.2, 0.9, -np.inf])
    assert of.is_first(score).tolist() == [False, True, True, False, False, True]
    assert of.next_best(score).tolist() == [0.9, 0.2, 0.9, 0.2, 0.9, 0.0]
    assert of.next_worse(score).tolist() == [0.0, 0.2, 0.9, 0.0, 0.5, 0.0]
    score = np.array([0.5, 0.2, 0.9, 0.1, 0.8, 0.3])
    assert of.next_best(score).tolist() == [0.9, 0.1, 0.8, 0.2, 0.9, 0.0]
    assert of.next_worse(score).tolist() == [0.0, 0.1, 0.8, 0.0, 0.5, 0.0]
    assert of.mask(np.array([4])).tolist() == [True, False, True, False, True, False]


def test_too_few_sure_pairs_teach_nothing():
    assert learn(candidates(3, 4)) == {}


def test_a_word_of_a_kind_that_training_did_not_see_weighs_as_the_heaviest():
    known = pa.table({"kind": ["name", "name"], "token": ["", "kettle"], "weight": [5.0, 2.0]})
    said = pa.table({"kind": ["name", "name", "brand"], "token": ["kettle", "lamp", "vellmar"]})
    told = {(row["kind"], row["token"]): row["weight"] for row in likeness.with_new_words(known, said).to_pylist()}
    assert told == {("brand", "vellmar"): 5.0, ("name", ""): 5.0, ("name", "kettle"): 2.0, ("name", "lamp"): 5.0}
    assert likeness.with_new_words(known.slice(0, 0), said.slice(0, 0)).num_rows == 0


@pytest.mark.parametrize(("model", "best"), [("", 12), ("union all select 'several xyz', 0.0, 1.0", 11)])
def test_the_best_partner_has_the_most_bits_unless_its_system_lists_articles_several_times(model, best):
    said = {
        "likeness.features": [{"name": "alike"}, {"name": "apart"}],
        "likeness.learn": {"lead_limit": 0.5, "several_share": 0.2, "often_share": 2.0},
    }
    text = (PROJECT / "dbt_project" / "macros" / "matching" / "weigh_likeness.sql").read_text(encoding="utf-8")
    macros = jinja2.Environment().from_string(text, {"declared": lambda _, part: said[part]}).make_module()
    with duckdb.connect() as db:
        db.execute(f"""
            create table model as
            select * from (values ('alike', 1.0, 1.0), ('apart', 0.0, -9.0), ('least_lead', 0.0, 0.0),
                ('most_lead', 0.0, 0.0), ('constant', 0.0, 0.0), ('cut', 0.0, 0.0))
            as learnt(feature, similarity, weight) {model};
            create table likeness as
            select * from (values (1, 11, 'abc', 'xyz', 0.9, 1.0), (1, 12, 'abc', 'xyz', 0.8, 0.0))
            as pairs(one_no, other_no, one_system, other_system, alike, apart)
        """)
        pairs = db.execute(macros.weigh_likeness("likeness", "model")).to_arrow_table().to_pylist()
    assert [pair["other_no"] for pair in pairs if pair["is_mutual_best"]] == [best]
