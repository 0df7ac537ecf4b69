"""One catalogue that is matched in itself, through the project's own models."""

from __future__ import annotations

import itertools
import random

import pytest

from tests.matching.conftest import match
from tests.matching.product_cases import EXTRAS, MAKERS, THINGS, article


def one_catalogue() -> list[dict]:
    """Forty articles in two models or sizes each, every one up to four times in one system, in other words."""
    dice, rows = random.Random(11), []
    for no, (maker, thing) in enumerate(itertools.product(MAKERS, THINGS)):
        extra = EXTRAS[no % len(EXTRAS)]
        for version in "ab":
            told = (
                f"{maker[:2]}{300 + 7 * no + 400 * (version == 'b')}"
                if no % 2
                else f"{750 if version == 'a' else 400} ml"
            )
            ways = [f"{maker} {extra} {thing} {told}", f"{thing} {extra} {told} {maker}"]
            ways += [f"{maker.upper()} {extra} {thing}, {told}", f"{told} {maker} {extra} {thing} new"]
            for copy, name in enumerate(dice.sample(ways, 2 + no % 3)):
                rows.append(article(f"one:{no}{version}{copy}", name, 20 + 3 * no, maker))
    return rows


def test_one_catalogue_that_has_articles_several_times_is_matched_in_itself(tmp_path):
    query = match(tmp_path, one_catalogue(), domain="products")
    cluster = dict(query("select record_id, cluster_id from matched_products__clusters"))
    pairs = list(itertools.combinations(sorted(cluster), 2))
    same = [one[:-1] == other[:-1] for one, other in pairs]
    joined = [cluster[one] == cluster[other] for one, other in pairs]
    right = sum(both and one for both, one in zip(same, joined, strict=True))
    assert right >= 0.7 * sum(same)
    assert right == sum(joined)


def test_a_word_that_stands_in_place_of_others_in_many_names_of_a_catalogue_tells_its_variants_apart(tmp_path):
    flavours, rows = ["lemon", "cherry", "vanilla", "walnut"], []
    for no, (maker, thing) in enumerate(
        itertools.product(MAKERS, ["yoghurt", "tea", "cake mix", "ice cream", "bonbon"])
    ):
        for flavour in flavours[no % 2 : 2 + no % 3]:
            rows.append(article(f"abc:{no} {flavour} 0", f"{maker} {EXTRAS[no % 6]} {thing} {flavour}", 3, maker))
            if no % 2 and flavour == "cherry":
                again = f"{thing} {flavour} {EXTRAS[no % 6]} {maker}"
                rows.append(article(f"abc:{no} {flavour} 1", again, 3, maker))
    query = match(tmp_path, rows, domain="products")
    assert {token for (token,) in query("select token from matched_products__word_weights where kind = 'option'")} >= {
        *flavours
    }
    apart = query("""
        select l.record_id, r.record_id, option_apart from matched_products__likeness
        inner join matched_products__evidence as l on one_no = l.record_no
        inner join matched_products__evidence as r on other_no = r.record_no
    """)
    named = [(one.split(), other.split(), said) for one, other, said in apart]
    said = {(one[1] == other[1], said) for one, other, said in named if one[0] == other[0]}
    assert said == {(True, 0), (False, 1)}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """One catalogue that has articles several times, and pairs in it that differ in one thing."""
    odd = [
        article("one:stem", "Nordlyd upright freezer NF4205", 300, "Nordlyd"),
        article("one:ending", "Nordlyd upright freezer NF4205B", 300, "Nordlyd"),
        article("one:long", "Aldwyn oak dining table 180", 400, "Aldwyn"),
        article("one:short", "Aldwyn dining table oak 160", 400, "Aldwyn"),
        article("one:large", "Marlis women's linen blouse L", 40, "Marlis"),
        article("one:small", "Marlis linen blouse women's S", 40, "Marlis"),
        article("one:cordless", "Torvik hedge trimmer TH5520", 80, "Torvik"),
        article("one:wired", "Torvik hedge trimmer TH7310", 80, "Torvik"),
        article("one:plain", "Tamsen noise cancelling headphones", 90, "Tamsen"),
        article("one:white", "Tamsen noise cancelling headphones white", 90, "Tamsen"),
        article("one:cheap", "Kinlow canvas shoulder bag", 30, "Kinlow"),
        article("one:dear", "Kinlow shoulder bag canvas", 120, "Kinlow"),
        article("one:again", "Brevik walnut picture frame", 30, "Brevik"),
        article("one:alike", "Brevik picture frame walnut", 31, "Brevik"),
    ]
    return match(tmp_path_factory.mktemp("alone"), one_catalogue() + odd, domain="products")


def test_in_one_catalogue_another_number_or_size_is_another_article_and_colour_or_price_speak_against(alone):
    contradicts = alone("""
        select
            least(l.record_id, r.record_id), model_apart, number_apart, size_conflict, colour_left_out, price_conflict
        from matched_products__likeness as likeness
        inner join matched_products__evidence as l on one_no = l.record_no
        inner join matched_products__evidence as r on other_no = r.record_no
        where l.brand = r.brand and not regexp_matches(l.record_id || r.record_id, '[0-9]')
    """)
    assert sorted(contradicts) == [
        ("one:again", 0, 0, 0, 0, 0),
        ("one:cheap", 0, 0, 0, 0, 1),
        ("one:cordless", 1, 0, 0, 0, 0),
        ("one:ending", 1, 0, 0, 0, 0),
        ("one:large", 0, 0, 1, 0, 0),
        ("one:long", 0, 1, 0, 0, 0),
        ("one:plain", 0, 0, 0, 1, 0),
    ]
    cluster = dict(alone("select record_id, cluster_id from matched_products__clusters"))
    assert cluster["one:again"] == cluster["one:alike"]
    variants = [("stem", "ending"), ("long", "short"), ("large", "small"), ("cordless", "wired")]
    assert all(cluster[f"one:{one}"] != cluster[f"one:{other}"] for one, other in variants)
