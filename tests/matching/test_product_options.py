"""Variants of two shops that both keep size and colour in columns of their own and share no number."""

from __future__ import annotations

import itertools
import random

import pytest

from tests.matching.conftest import match, variant

MAKERS = ["Vellmar", "Ostrade", "Kinlow", "Brevik", "Tamsen"]
THINGS = ["rain jacket", "hoodie", "polo shirt", "chino", "running shorts", "fleece vest", "wool beanie", "leggings"]
EXTRAS = ["alpine", "coast", "heritage", "aero", "nord", "studio"]
COLOURS = {"Black": "black", "Navy": "Navy Blue", "Burgundy": "bordeaux", "Grey": "Gray", "Dark Green": "green, dark"}
SIZES = {"S": "Small", "M": "Medium", "L": "Large", "XL": "Extra Large", "XXL": "2X-Large"}
SHOES = {str(size): f"EU {size}" for size in range(38, 43)}


def shops() -> list[dict]:
    """Forty products in eight variants or so; one shop names options in its own way and weighs with the box."""
    dice, rows = random.Random(7), []
    for no, (maker, thing) in enumerate(itertools.product(MAKERS, THINGS)):
        extra, sizes = dice.choice(EXTRAS), SHOES if no % 4 == 0 else SIZES
        title = f"{thing} {extra} - {maker}" if no % 3 else f"{maker.upper()} {extra} {thing} new"
        chosen = itertools.product(dice.sample(sorted(COLOURS), 2), dice.sample(sorted(sizes), 4))
        for colour, size in chosen:
            name = f"{no} {colour} {size}"
            weight = 200 + 9 * no + len(rows) % 16 if no % 2 else None
            ours = {"option_1": colour, "option_2": size, "brand": maker, "weight_g": weight}
            theirs = {"option_1": sizes[size], "option_2": COLOURS[colour], "weight_g": weight and weight + 5}
            rows.append(variant(f"abc:{name}", template_name=f"{maker} {extra} {thing}", **ours))
            rows.append(variant(f"xyz:{name}", template_name=title, **theirs))
    return rows


ODD = {
    "litres": {"template_name": "Nordlyd parka 90", "option_1": "L", "option_2": "red"},
    "cable": {"template_name": "Nordlyd cable", "option_1": "5 m"},
    "jeans": {"template_name": "Nordlyd jeans", "option_1": "W32/L34"},
    "uk": {"template_name": "Nordlyd clog", "option_1": "UK 6.5"},
    "bottle": {"template_name": "Nordlyd tonic", "option_1": "0,5 L"},
    "ale": {"template_name": "Nordlyd ale", "option_1": "4,90 %", "option_2": "33 cl"},
    "drive": {"template_name": "Nordlyd drive", "option_1": "64GB", "option_2": "charcoal"},
}


@pytest.fixture(scope="module")
def matched(tmp_path_factory):
    odd = [variant(f"abc:{name}", **values) for name, values in ODD.items()]
    return match(tmp_path_factory.mktemp("options"), shops() + odd, domain="products")


def test_variants_are_found_whatever_the_other_shop_calls_size_and_colour(matched):
    cluster = dict(matched("select record_id, cluster_id from matched_products__clusters"))
    names = [record[4:] for record in cluster if record.startswith("xyz:")]
    together = [name for name in names if cluster[f"abc:{name}"] == cluster[f"xyz:{name}"]]
    assert len(together) >= 0.9 * len(names)
    assert len(set(cluster.values())) >= len(names) + len(ODD)


def test_sizes_are_one_in_any_spelling_each_with_its_measure(matched):
    read = "from matched_products__bags join matched_products__evidence using (record_no) where record_id like 'abc:%'"
    sizes = dict(matched(f"select substr(record_id, 5), sizes {read}"))
    assert sizes["litres"] == ["letters l"]
    assert sizes["cable"] == ["m 5"]
    assert sizes["jeans"] == [" 32", " 34"]
    assert sizes["uk"] == ["uk 6.5"]
    assert sizes["drive"] == ["gb 64"]
    assert sizes["ale"] == []
    said = "select l.sizes, r.sizes from matched_products__bags as l, matched_products__bags as r"
    said += " join matched_products__evidence as one on one.record_no = l.record_no"
    said += " join matched_products__evidence as other on other.record_no = r.record_no"
    pairs = matched(f"{said} where one.record_id like 'abc:%' and other.record_id = 'xyz' || substr(one.record_id, 4)")
    assert len(pairs) == 320
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


def test_a_number_at_the_end_of_a_name_and_a_size_behind_it_are_no_litres(matched):
    pack = dict(matched("select record_id, pack from matched_products__evidence"))
    assert pack["abc:litres"] is None
    assert pack["abc:bottle"] == "1x500ml"


def test_a_shade_among_options_is_its_colour_and_a_shade_still(matched):
    ((words, colours),) = matched("""
        select option_words, colours from matched_products__bags
        join matched_products__evidence using (record_no) where record_id = 'abc:drive'
    """)
    assert colours == ["grey"]
    assert {"charcoal", "grey"} <= set(words)


def test_one_sku_in_shop_and_till_outweighs_what_they_call_the_article_and_two_tell_variants_apart(tmp_path):
    dice, rows = random.Random(5), []
    for no, (maker, thing) in enumerate(itertools.product(MAKERS, THINGS)):
        for colour, size in itertools.product(dice.sample(sorted(COLOURS), 2), ["S", "M", "L"]):
            name = f"{no}-{colour[:3].upper()}-{size}"
            options = {"option_1": colour, "option_2": size, "sku": f"SKU{name}"}
            title = f"men's {thing} {maker}" if no % 2 else f"{maker} - the classic {thing}"
            rows.append(variant(f"abc:{name}", template_name=f"{maker} {thing}", **options))
            rows.append(variant(f"xyz:{name}", template_name=title, **options))
            till = f"{maker[:4]} {thing[:8]} {colour[:3]} {size}".upper()
            rows.append(variant(f"till:{name}", template_name=till, sku=f"sku{name}".replace("-", "")))
    cluster = dict(
        match(tmp_path, rows, domain="products")("select record_id, cluster_id from matched_products__clusters")
    )
    by_sku = {}
    for record, of in cluster.items():
        by_sku.setdefault(record.split(":")[1], set()).add(of)
    assert sum(len(found) == 1 for found in by_sku.values()) >= 0.95 * len(by_sku)
    assert len(set(cluster.values())) >= len(by_sku)


def test_running_numbers_that_two_shops_have_in_common_are_no_shared_skus(tmp_path):
    dice, rows = random.Random(11), []
    parts = itertools.product(("vol", "kem", "zur", "pid"), "aeio", ("bix", "hut", "wem", "rok"), [" "], THINGS)
    stocked = dice.sample(["".join(article) for article in parts], 420)
    for shop, wording in {"abc": "{} {} {}", "xyz": "{1}s {0}"}.items():
        for number, article in enumerate(dice.sample(stocked, 300), start=1):
            name = wording.format(*article.split(" ", 1), dice.choice(EXTRAS))
            rows.append(variant(f"{shop}:{article}", sku=f"{number}", template_name=name))
    both = 2 * 300 - len({row["record_id"][4:] for row in rows})
    query = match(tmp_path, rows, domain="products")
    count = "select count(distinct substr(record_id, 5)) from matched_products__clusters group by cluster_id"
    articles = [number for (number,) in query(f"{count} having count(*) > 1")]
    assert len([number for number in articles if number > 1]) <= 0.02 * both
    assert articles.count(1) >= 0.95 * both


def three_systems() -> list[dict]:
    """Twelve products in sixteen variants each, as a shop, another and the tills know most of them."""
    dice, rows = random.Random(3), []
    names = {"jacket": "coat", "trousers": "pants", "sneaker": "trainers", "socks": "hosiery"}
    colours = {"red": "Bright Red", "blue": "Royal Blue", "green": "Forest Green", "sand": "Sand Beige"}
    lines = itertools.product(("vol", "kem", "zur", "pid"), ("bix", "hut", "tal"))
    for no, (line, name) in enumerate(zip(map("".join, lines), itertools.cycle(names.items()))):
        for colour, size in itertools.product(colours, ["S", "M", "L", "XL"]):
            article = f"{no}{colour}{size}"
            theirs = {"template_name": f"{dice.choice(name)} {line}", "sku": article}
            theirs |= {"option_1": dice.choice([colour, colours[colour]]), "option_2": dice.choice([size, SIZES[size]])}
            ours = {"template_name": f"{line} {name[0]}", "option_1": colour, "option_2": size, "sku": article}
            till = {"template_name": f"{line} {name[1]} {colour} {size}".upper()}
            told = {"abc": ours, "xyz": theirs, "pos": till}
            rows += [variant(f"{of}:{article}", **said) for of, said in told.items() if dice.random() < 0.85]
    return rows


def clustered(home, rows: list[dict]) -> dict[str, str]:
    return dict(match(home, rows, domain="products")("select record_id, cluster_id from matched_products__clusters"))


def test_variants_of_one_system_come_together_through_no_record_of_another(tmp_path):
    cluster = clustered(tmp_path, three_systems())
    assert len({(of, record[:3]) for record, of in cluster.items()}) == len(cluster)
    articles = {record[4:] for record in cluster}
    assert len(set(cluster.values())) <= 1.05 * len(articles)


def test_where_a_system_has_variants_two_records_of_the_same_texts_are_one_variant_still(tmp_path):
    rows = three_systems()
    tills = [row for row in rows if row["system"] == "pos"]
    cluster = clustered(tmp_path, rows + [{**row, "record_id": row["record_id"] + " again"} for row in tills[::6]])
    again = [record for record in cluster if record.endswith(" again")]
    matched = [record for record in again if cluster[record[:-6]] == cluster.get("abc:" + record[4:-6])]
    assert len(matched) >= 0.7 * len(again) > 10
    assert [record for record in matched if cluster[record] != cluster[record[:-6]]] == []


def again(rows: list[dict], **values) -> list[dict]:
    return [{**row, "record_id": row["record_id"] + " again", **values} for row in rows]


@pytest.mark.parametrize("doubled", [["abc"], ["xyz"], ["abc", "xyz"]], ids="-".join)
def test_variants_that_a_shop_lists_again_without_sku_come_to_their_twins_and_to_the_other_shop(tmp_path, doubled):
    rows = [row for row in three_systems() if row["system"] != "pos"]
    cluster = clustered(tmp_path, rows + again([row for row in rows if row["system"] in doubled], sku=None))
    copies = [record for record in cluster if record.endswith(" again")]
    assert [record for record in copies if cluster[record] != cluster[record[:-6]]] == []
    assert len({(of, record[:3]) for record, of in cluster.items()}) == len(rows)
    assert len(set(cluster.values())) <= 1.02 * len({record.removesuffix(" again")[4:] for record in cluster})


TOLD_APART = {
    "by SKU": [{"option_1": "red", "sku": "7a"}, {"option_1": "red", "sku": "7b"}],
    "by GTIN": [{"option_1": "red", "gtin14": "04012345000016"}, {"option_1": "red", "gtin14": "04012345000023"}],
    "by one template": 2 * [{"option_1": "red", "template_key": "fleece"}],
    "by no option": [{"sku": "7a"}, {}],
}


@pytest.mark.parametrize("told", TOLD_APART.values(), ids=TOLD_APART)
def test_two_variants_of_one_text_that_their_shop_tells_apart_are_two(tmp_path, told):
    pair = [variant(f"xyz:{n}", template_name="glintmar fleece", **values) for n, values in enumerate(told)]
    cluster = clustered(tmp_path, [row for row in three_systems() if row["system"] != "pos"] + pair)
    assert cluster["xyz:0"] != cluster["xyz:1"]
