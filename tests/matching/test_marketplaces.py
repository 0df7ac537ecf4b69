"""Systems that list an article several times, in other words, matched through the project's own models."""

from __future__ import annotations

import itertools
import random

import pytest

from pipelines import matching
from tests.matching.conftest import match
from tests.matching.product_cases import EXTRAS, MAKERS, THINGS, article, catalogues, features


def offers() -> list[dict]:
    """A marketplace: an offer of each of the forty articles and a second one of every other, some word by word."""
    rows = []
    for no, (maker, thing) in enumerate(itertools.product(MAKERS, THINGS)):
        code = f"{maker[:2]}{300 + 7 * no}{'abcdefg'[no % 7]}"
        rows.append(article(f"mkt:{no}a", f"{maker} {thing} {code}", 19 + 3 * no))
        if no % 2 == 0:
            words = f"{maker} {thing} {code}" if no % 8 == 0 else f"{thing} {code} by {maker}"
            rows.append(article(f"mkt:{no}b", words, 22 + 3 * no))
    return rows


def test_a_record_may_have_several_partners_in_a_system_that_lists_articles_several_times(tmp_path):
    ours = [row for row in catalogues() if row["record_id"].startswith("abc:")]
    query = match(tmp_path, ours + offers(), domain="products")
    cluster = dict(query("select record_id, cluster_id from matched_products__clusters"))
    twice = range(0, 40, 2)
    together = {no for no in twice if cluster[f"abc:{no}"] == cluster[f"mkt:{no}a"] == cluster[f"mkt:{no}b"]}
    assert len(together) >= 15
    assert together >= {no for no in twice if no % 8 == 0}
    learnt = dict(query("select feature, weight from matched_products__likeness_model"))
    limit = matching.declared("products")["likeness"]["learn"]["several_share"]
    assert learnt["several mkt"] > limit > learnt["several abc"]


def marketplace() -> list[dict]:
    """Two to five offers of each of the forty articles, in other words, and of sixteen that nobody else lists."""
    dice, rows = random.Random(5), []
    for no, (maker, thing) in enumerate(itertools.product([*MAKERS, "Quarlo", "Zendal"], THINGS)):
        code, extra = f"{maker[:2]}{300 + 7 * no}{'abcdefg'[no % 7]}", EXTRAS[no % len(EXTRAS)]
        ways = [f"{maker} {thing}", f"{thing} {extra} by {maker}", f"{maker.upper()} {extra} {thing} new"]
        ways += [f"{thing} {maker} {code}", f"{maker} {thing} {code} {extra}"]
        rows += [article(f"mkt:{no}{way}", name) for way, name in enumerate(dice.sample(ways, 2 + no % 4))]
    return rows


@pytest.fixture(scope="module")
def offered(tmp_path_factory):
    """The articles of a shop and a marketplace: a query, the cluster of each record, the article of each offer."""
    ours = [row for row in catalogues() if row["record_id"].startswith("abc:")]
    offers = marketplace()
    shirts = [
        article("abc:shirt", "Nordlyd men's polo shirt S"),
        article("mkt:shirt", "Nordlyd polo shirt - M"),
        article("abc:vest", "Nordlyd quilted vest X-Large"),
        {**article("mkt:vest", "Nordlyd vest quilted"), "option_1": "Medium"},
    ]
    query = match(tmp_path_factory.mktemp("offered"), ours + offers + shirts, domain="products")
    cluster = dict(query("select record_id, cluster_id from matched_products__clusters"))
    return query, cluster, {row["record_id"]: "abc:" + row["record_id"][4:-1] for row in offers}


def test_offers_that_are_as_good_as_each_other_take_no_chance_from_each_other(offered):
    _, cluster, article_of = offered
    ours = [record for record in cluster if record.startswith("abc:")]
    found = [cluster[offer] == cluster[own] for offer, own in article_of.items() if own in cluster]
    joined = sum(cluster[offer] == cluster[own] for offer in article_of for own in ours)
    assert sum(found) == joined > 0.9 * len(found)


@pytest.mark.parametrize("name", ["shirt", "vest"])
def test_names_or_options_that_tell_two_sizes_by_letters_are_two_articles(offered, name):
    query, cluster, _ = offered
    assert features(query, name, "size_conflict") == [(1,)]
    assert cluster[f"abc:{name}"] != cluster[f"mkt:{name}"]


def test_offers_of_an_article_that_the_marketplace_alone_lists_are_one(offered):
    _, cluster, article_of = offered
    alone = [offer for offer, own in article_of.items() if own not in cluster]
    same = [(one, other) for one, other in itertools.combinations(alone, 2) if article_of[one] == article_of[other]]
    joined = {pair for pair in itertools.combinations(alone, 2) if cluster[pair[0]] == cluster[pair[1]]}
    assert joined == joined & set(same)
    assert len(joined) > 0.6 * len(same)


def test_the_waterfall_of_two_offers_adds_up_to_their_bits(offered):
    query, *_ = offered
    rows = query("""
        select scores.bits, sum(said.bits_over_chance), scores.left_no, scores.right_no
        from matched_products__offer_scores as scores
        anti join matched_products__likeness_scores using (left_no, right_no)
        join matched_products__evidence as l on scores.left_no = l.record_no
        join matched_products__evidence as r on scores.right_no = r.record_no
        join matched_products__explanations as said
            on said.left_record_id = l.record_id and said.right_record_id = r.record_id
        group by all
    """)
    assert len(rows) > 40
    assert all(told == pytest.approx(bits, abs=0.2) for bits, told, *_ in rows if bits != -1)


def two_marketplaces(names: tuple[str, str]) -> list[dict]:
    """Articles in two sizes, each two to four times in other words; one in five stands in both marketplaces."""
    dice, rows = random.Random(3), []
    for no, (maker, thing) in enumerate(itertools.product([*MAKERS, "Quarlo", "Zendal"], THINGS)):
        for size, volume in (("s", 400), ("l", 750)):
            extra, told = EXTRAS[no % len(EXTRAS)], f"{maker[:2]}{300 + 7 * no}{size} {volume} ml"
            ways = [f"{maker} {extra} {thing} {told}", f"{thing} {extra} {told} {maker}"]
            ways += [f"{maker.upper()} {thing}, {told}", f"{told} {maker} {extra} {thing} new"]
            for system in names if no % 5 == 0 else (names[no % 2],):
                said = enumerate(dice.sample(ways, 2 + no % 3))
                rows += [article(f"{system}:{no}{size} {place}", name, 20 + 3 * no) for place, name in said]
    return rows


@pytest.mark.parametrize("names", [("east", "west"), ("nord", "sued")])
def test_two_marketplaces_that_both_list_articles_several_times_are_matched_where_they_share_few(tmp_path, names):
    query = match(tmp_path, two_marketplaces(names), domain="products")
    learnt = {feature for (feature,) in query("select feature from matched_products__likeness_model")}
    assert learnt >= {f"within {name}" for name in names}
    offers: dict[str, list[str]] = {}
    for record, cluster in query("select record_id, cluster_id from matched_products__clusters"):
        offers.setdefault(record.split(":")[1].split()[0], []).append(cluster)
    shared = {name for name in offers if int(name[:-1]) % 5 == 0}
    assert all(len(set(offers[name])) == 1 for name in shared)
    assert all(set(offers[one]).isdisjoint(offers[other]) for one, other in itertools.combinations(offers, 2))


def many_shops() -> list[dict]:
    """Articles in one to five of ten shops, and one that stands five times in each, in other words."""
    dice, rows = random.Random(9), []
    for no, (maker, thing) in enumerate(itertools.product([*MAKERS, "Quarlo", "Zendal", "Lumero", "Pandek"], THINGS)):
        extra, told = EXTRAS[no % len(EXTRAS)], f"{maker[:2]}{300 + 7 * no} {200 + 50 * (no % 9)} ml"
        shops = 5 * list(range(10)) if no == 20 else dice.sample(range(10), (1, 1, 1, 3, 4, 5)[no % 6])
        for place, shop in enumerate(shops):
            words = [maker, extra, thing, told]
            dice.shuffle(words)
            fill = dice.sample(["new", "boxed", "original", "sale", "retail", "promo"], 2)
            rows.append(article(f"shop{shop}:{no} {place}", " ".join([*words, *fill]), 20 + 3 * no))
    return rows


def test_an_article_that_shops_list_more_often_than_partners_are_looked_for_is_one(tmp_path):
    query = match(tmp_path, many_shops(), domain="products")
    cluster = dict(query("select record_id, cluster_id from matched_products__clusters"))
    often = {record for record in cluster if record.split(":")[1].startswith("20 ")}
    assert {cluster[record] for record in often}.isdisjoint(cluster[record] for record in set(cluster) - often)
    assert len({cluster[record] for record in often}) == 1
    assert len(set(cluster.values())) == len({record.split(":")[1].split()[0] for record in cluster})
