"""Articles of which little is told, or in letters that are not Latin, as somebody's own files have them."""

from __future__ import annotations

import random

import pytest

from tests.matching.conftest import match, variant

CYRILLIC = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопярстувшхыз")
HAN = str.maketrans("abcdefghijklmnopqrstuvwxyz ", "山水火木金土日月星云风雨雪花草树鸟鱼马牛羊虎龙龟红白茶")
THAI = str.maketrans("abcdefghijklmnopqrstuvwxyz ", "กขคฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝ")
THINGS = ["kettle", "toaster", "blender", "cooker", "lamp", "heater", "radio", "grinder"]


def numbered() -> list[dict]:
    """Two shops that tell nothing but a GTIN of every other article, in all four hundred."""
    return [
        variant(f"{system}:{no}", gtin14=f"{4000000000000 + no:014}" if no % 2 else None)
        for no in range(400)
        for system in ("abc", "xyz")
    ]


def branded() -> list[dict]:
    """Two shops that tell nothing but a brand, of which they have some more and some less."""
    dice = random.Random(5)
    return [
        variant(f"{system}:{no}", brand="".join(dice.choice(["Vel", "mar", "Ost", "bre", "kin", "low"]) for _ in "12"))
        for no in range(400)
        for system in ("abc", "xyz")
        if dice.random() < 0.8
    ]


def written(letters: dict) -> list[dict]:
    """Two shops with the same eighty articles, their words in another order and one left out."""
    dice, rows = random.Random(3), []
    for no in range(80):
        line = "".join(dice.choice("bdfgklmnprst") + dice.choice("aeiou") for _ in range(3))
        maker, thing = dice.choice(["vellmar", "brevik", "tamsen"]), dice.choice(THINGS)
        for system, name in (("abc", f"{maker} {line} compact {thing}"), ("xyz", f"{thing} {line} {maker}")):
            rows.append(variant(f"{system}:{no}", template_name=name.translate(letters)))
    return rows


def joined(home, records: list[dict]) -> dict[str, str]:
    return dict(match(home, records, domain="products")("select record_id, cluster_id from matched_products__clusters"))


def test_articles_of_which_a_number_alone_is_told_are_joined_by_it(tmp_path):
    cluster_of = joined(tmp_path, numbered())
    assert all(cluster_of[f"abc:{no}"] == cluster_of[f"xyz:{no}"] for no in range(1, 400, 2))
    assert len(set(cluster_of.values())) == 600


def test_a_brand_alone_joins_nothing(tmp_path):
    cluster_of = joined(tmp_path, branded())
    assert len(set(cluster_of.values())) == len(cluster_of) > 600


@pytest.mark.parametrize("letters", [CYRILLIC, HAN, THAI], ids=["Cyrillic", "Chinese", "Thai"])
def test_names_in_other_letters_are_compared_by_words_or_by_two_letters_where_none_are_parted(tmp_path, letters):
    cluster_of = joined(tmp_path, written(letters))
    assert sum(cluster_of[f"abc:{no}"] == cluster_of[f"xyz:{no}"] for no in range(80)) >= 75
    assert len(set(cluster_of.values())) >= 80
