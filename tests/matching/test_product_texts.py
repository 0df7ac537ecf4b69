"""Articles that share no number, matched by their texts through the project's own models."""

from __future__ import annotations

import itertools
import random
import shutil

import pytest

from tests.matching.conftest import match
from tests.matching.product_cases import MAKERS, THINGS, article, catalogues, features

LONG = "endless " * 1_300_000


ODD = [
    article("abc:nameless", None),
    article("xyz:nameless", None),
    article("abc:long", LONG),
    *(article(f"{system}:same{no}", "sale") for system in ("abc", "xyz") for no in range(300)),
    article("abc:black", "Nordlyd headphones NL500 black", 99),
    article("xyz:white", "Nordlyd headphones NL500 white", 99),
    article("abc:cyan", "Nordlyd toner cartridge NT220 cyan", 49),
    article("xyz:magenta", "Nordlyd toner cartridge NT220 magenta", 49),
    article("abc:letter", "Nordlyd sleeve for tablets NL13GRNSEEV2"),
    article("xyz:letter", "Nordlyd tablet sleeve NL13-GRN-SEE-2"),
    article("abc:ending", "Nordlyd desktop set 967562"),
    article("xyz:ending", "Nordlyd cordless desktop 967562-0403"),
    article("abc:barcode", "Nordlyd charge base 743840830535"),
    article("xyz:barcode", "Charging base by Nordlyd 83053"),
    {**article("abc:guide", "Nordlyd lantern hall"), "model_number": "310/246-1501", "description": "435 fern lane"},
    {**article("xyz:guide", "Nordlyd lanterns hall"), "model_number": "310-246-1501", "description": "435 fern ln."},
    {**article("abc:stated", "Nordlyd memory DDR3 4GB"), "model_number": "NM-65190-A4"},
    {**article("xyz:stated", "Nordlyd DDR3 memory 4 GB"), "model_number": "NM-71183-C6"},
    {**article("abc:shops", "Nordlyd memory DDR3 ND-8820"), "model_number": "551907"},
    {**article("xyz:shops", "Nordlyd DDR3 memory"), "model_number": "ND8820"},
    article("abc:kin", "Nordlyd freezer NF4205BT"),
    article("xyz:kin", "Nordlyd upright freezer NF4205BAQ"),
    article("abc:apart", "Nordlyd projector NPA 8713"),
    article("xyz:apart", "Projector by Nordlyd NPA8713"),
    article("abc:phone", "Nordlyd phone NP77120", 400),
    article("xyz:phone", "Nordlyd case for phone NP77120", 20),
    article("abc:grams", "Nordlyd label printer OS-391g"),
    article("xyz:grams", "Label printer Nordlyd OS391G"),
    article("abc:spaced", "Nordlyd tiller man lantern", 12),
    article("xyz:spaced", "Nordlyd tillerman lantern"),
    article("abc:six", "Borova lemonade 6x330ml", 6),
    article("xyz:six", "Borova lemonade 0.33 l x 6", 6),
    article("xyz:one", "Borova lemonade 330 ml", 1),
    article("abc:small", "Borova elderflower syrup 500 ml", 4),
    article("xyz:small", "Syrup of elder blossoms by Borova 0.5 l", 4),
    article("xyz:large", "Borova elderflower syrup 1 l", 4),
    *(
        row
        for colour, size in itertools.product(("black", "green"), ("M", "L", "XL"))
        for row in (
            {**article(f"abc:{colour}{size}", "Nordlyd rain jacket", 80), "option_1": colour, "option_2": size},
            article(f"xyz:{colour}{size}", f"Nordlyd rain jacket {colour} size {size}", 80),
        )
    ),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("texts")


@pytest.fixture(scope="module")
def matched(home):
    return match(home, catalogues() + ODD, domain="products")


@pytest.fixture(scope="module")
def cluster_of(matched) -> dict[str, str]:
    return dict(matched("select record_id, cluster_id from matched_products__clusters"))


def test_articles_told_in_other_words_are_found(cluster_of):
    assert sum(cluster_of[f"abc:{no}"] == cluster_of[f"xyz:{no}"] for no in range(40)) >= 35


def test_articles_that_the_other_shop_lacks_stay_alone(cluster_of):
    alone = [name for name in cluster_of if ":only" in name]
    shared = [name for name in alone if list(cluster_of.values()).count(cluster_of[name]) > 1]
    assert len(shared) <= 4


def test_a_record_has_one_partner_in_another_system(cluster_of):
    members: dict[str, list[str]] = {}
    for record, cluster in cluster_of.items():
        if ":same" not in record:
            members.setdefault(cluster, []).append(record.split(":")[0])
    assert all(len(systems) == len(set(systems)) for systems in members.values())


@pytest.mark.parametrize(("one", "other"), [("black", "white"), ("cyan", "magenta")])
def test_colours_that_contradict_are_two_articles(cluster_of, one, other):
    assert cluster_of[f"abc:{one}"] != cluster_of[f"xyz:{other}"]


def test_a_letter_left_out_of_a_model_number_makes_no_other_model(matched):
    assert features(matched, "letter", "model_extends, model_conflict, code_conflict") == [(1, 0, 0)]


def test_a_shops_ending_of_a_model_number_makes_no_other_model(matched):
    ((code_equal, conflict),) = features(matched, "ending", "code_equal, model_conflict")
    assert code_equal > 0 == conflict


def test_a_barcode_holds_the_makers_number(matched):
    ((code_equal, conflict),) = features(matched, "barcode", "code_equal, model_conflict")
    assert code_equal > 0 == conflict


def test_two_stated_model_numbers_are_two_whatever_number_the_names_share(matched):
    assert features(matched, "stated", "model_equal, model_conflict") == [(0, 1)]


def test_a_model_number_that_the_other_record_has_in_its_name_contradicts_no_stated_one(matched):
    ((model_equal, conflict),) = features(matched, "shops", "model_equal, model_conflict")
    assert model_equal > 0 == conflict


def test_digits_of_a_model_number_are_no_measures(matched):
    ((model_equal, numbers_equal),) = features(matched, "guide", "model_equal, all_numbers_equal")
    assert model_equal > 0
    assert numbers_equal == 0.5


def test_models_of_one_number_with_other_endings_are_kin_but_not_one_model(matched):
    assert features(matched, "kin", "model_kin, model_extends, model_equal") == [(1, 0, 0)]


def test_a_model_number_whose_letters_and_digits_stand_apart_is_the_same(matched):
    assert features(matched, "apart", "model_equal > 0") == [(True,)]


def test_a_case_for_an_article_is_another_article(matched):
    assert features(matched, "phone", "accessories_unmatched") == [(0.5,)]


def test_a_model_number_that_ends_like_a_weight_is_no_pack_and_pieces_may_stand_behind(matched):
    pack = dict(matched("select record_id, pack from matched_products__evidence"))
    assert pack["abc:grams"] is None
    assert pack["abc:six"] == pack["xyz:six"] == "6x330ml"


def test_where_words_begin_matters_little(matched):
    ((spelling,),) = features(matched, "spaced", "name_spelling")
    assert spelling == 1


def test_an_unknown_price_says_nothing_about_how_far_prices_are_apart(matched):
    assert features(matched, "spaced", "price_apart, price_known") == [(0, 0)]


def test_packs_are_one_in_any_spelling_and_another_pack_is_another_article(cluster_of):
    assert cluster_of["abc:six"] == cluster_of["xyz:six"] != cluster_of["xyz:one"]


def test_the_same_article_in_another_pack_takes_no_partner_away(matched):
    ((is_mutual_best,),) = matched("""
        select is_mutual_best
        from matched_products__likeness_scores
        join matched_products__evidence as l on left_no = l.record_no
        join matched_products__evidence as r on right_no = r.record_no
        where list_sort([l.record_id, r.record_id]) = ['abc:small', 'xyz:small']
    """)
    assert is_mutual_best


def test_size_and_colour_in_columns_of_their_own_are_found_in_the_titles_of_another_shop(cluster_of):
    of = {f"{colour}{size}" for colour in ("black", "green") for size in ("M", "L", "XL")}
    assert {name for name in of if cluster_of[f"abc:{name}"] == cluster_of[f"xyz:{name}"]} == of


def test_records_without_any_text_resemble_nothing(cluster_of):
    assert cluster_of["abc:nameless"] != cluster_of["xyz:nameless"]


def test_the_waterfall_of_a_pair_adds_up_to_its_bits(matched):
    rows = matched("""
        select scores.likeness_bits, sum(said.bits_over_chance), scores.left_no, scores.right_no
        from matched_products__likeness_scores as scores
        join matched_products__evidence as l on scores.left_no = l.record_no
        join matched_products__evidence as r on scores.right_no = r.record_no
        join matched_products__explanations as said
            on said.left_record_id = l.record_id and said.right_record_id = r.record_id
        where scores.likeness_bits is not null
        group by all
    """)
    assert len(rows) > 40
    assert all(told == pytest.approx(bits, abs=0.2) for bits, told, *_ in rows)


def test_a_name_that_hundreds_bear_and_one_of_ten_megabytes_bring_few_candidates(matched):
    ((candidates,),) = matched("select count(*) from matched_products__lookalikes")
    ((longest,),) = matched("select max(greatest(length(name_text), length(name_key))) from matched_products__evidence")
    assert candidates < 50 * (len(ODD) + 100)
    assert longest <= 600


def test_a_later_build_weighs_words_as_they_were_trained_and_new_ones_as_rare(tmp_path, home, matched):
    trained = dict(matched("select (kind, token), weight from matched_products__word_weights"))
    shutil.copytree(home, tmp_path / "later")
    came = [article(f"abc:new{no}", "Vellmar kettle quokka") for no in range(30)]
    later = match(tmp_path / "later", catalogues() + ODD + came, domain="products")
    now = dict(later("select (kind, token), weight from matched_products__word_weights"))
    assert {word: now[word] for word in trained} == trained
    assert now["name", "quokka"] == trained["name", ""] > trained["name", "kettle"]
    assert set(now) - set(trained) >= {("name", "quokka"), ("all", "quokka"), ("letters", "uok")}


def test_no_products_at_all_are_matched_without_complaint(tmp_path):
    query = match(tmp_path, [], domain="products")
    assert query("select count(*) from matched_products__clusters") == [(0,)]


def ranges() -> list[dict]:
    """Things in two sizes, which shops name in other words or not at all; the larger costs twice as much."""
    dice, rows = random.Random(4), []
    for no, (maker, thing) in enumerate(itertools.product([*MAKERS, "Quarlo", "Zendal"], THINGS)):
        for one, other, price in (("compact", "small", 20 + 3 * no), ("wide", "large", 44 + 6.6 * no)):
            rows.append(article(f"abc:{no}{one}", f"{maker} {thing} {one if no % 2 else ''}", price))
            told = f"{thing} by {maker} {other if no % 3 else ''}"
            rows.append(article(f"xyz:{no}{one}", told, price * dice.uniform(0.85, 1.15)))
    return rows


def test_where_names_leave_open_which_of_two_an_article_is_prices_tell(tmp_path):
    query = match(tmp_path, ranges(), domain="products")
    cluster = dict(query("select record_id, cluster_id from matched_products__clusters"))
    ours = [record for record in cluster if record.startswith("abc:")]
    same = sum(cluster[record] == cluster[record.replace("abc", "xyz")] for record in ours)
    linked = sum(cluster[f"xyz:{record[4:]}"] == cluster[own] for record, own in itertools.product(ours, ours))
    assert same > 50
    assert linked < 1.1 * same
