"""Articles that share no number, matched by their texts through the project's own models."""

from __future__ import annotations

import itertools
import random
import shutil
from decimal import Decimal

import pytest

from pipelines import matching
from tests.matching.conftest import match, variant

MAKERS = ["Vellmar", "Ostrade", "Kinlow", "Brevik", "Tamsen"]
THINGS = ["kettle", "toaster", "espresso machine", "hand blender", "rice cooker", "desk lamp", "fan heater", "radio"]
EXTRAS = ["stainless", "compact", "cordless", "retro", "wide", "quiet"]
LONG = "endless " * 1_300_000


def catalogues() -> list[dict]:
    """Two shops with the same forty articles in their own words, and ten articles each that the other lacks."""
    dice = random.Random(7)
    rows = []
    for no, (maker, thing) in enumerate(itertools.product(MAKERS, THINGS)):
        code, extra = f"{maker[:2]}{300 + 7 * no}{'abcdefg'[no % 7]}", dice.choice(EXTRAS)
        volume = dice.randint(2, 30) / 10
        price = 20 + 3 * no
        rows.append(article(f"abc:{no}", f"{maker} {extra} {thing} {code} {volume} l", price, maker))
        told = f"{thing} {maker.upper()} {code[:2]}-{code[2:]}" if no % 4 else f"{maker} {thing} {extra} {volume}l"
        rows.append(article(f"xyz:{no}", told, price * 1.05))
    for no in range(10):
        thing, maker = dice.choice(THINGS), dice.choice(MAKERS)
        rows.append(article(f"abc:only{no}", f"{maker} {thing} deluxe {maker[:2]}{700 + no}k", 70 + no, maker))
        rows.append(article(f"xyz:only{no}", f"{thing} {maker} travel {maker[:2]}{800 + no}m", 50 + no))
    return rows


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


def article(record_id: str, name: str | None, price: float | None = None, brand: str | None = None) -> dict:
    return variant(
        record_id,
        template_name=name,
        brand=brand,
        price_amount=None if price is None else Decimal(str(round(price, 2))),
    )


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


def features(matched, name: str, wanted: str) -> list[tuple]:
    """Features of the pair of look-alikes that is called so in both shops."""
    pairs = f"select {wanted} from matched_products__likeness as pairs"
    for side in ("one", "other"):
        pairs += f" join matched_products__evidence as {side} on pairs.{side}_no = {side}.record_no"
    return matched(f"{pairs} where one.record_id like '%:{name}' and other.record_id like '%:{name}'")


def test_a_letter_left_out_of_a_model_number_makes_no_other_model(matched):
    assert features(matched, "letter", "model_extends, model_conflict, code_conflict") == [(1, 0, 0)]


def test_a_shops_ending_of_a_model_number_makes_no_other_model(matched):
    ((code_equal, conflict),) = features(matched, "ending", "code_equal, model_conflict")
    assert code_equal > 0 == conflict


def test_a_barcode_holds_the_makers_number(matched):
    ((code_equal, conflict),) = features(matched, "barcode", "code_equal, model_conflict")
    assert code_equal > 0 == conflict


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
