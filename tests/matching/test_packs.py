"""How much of an article a pack holds, as titles of several languages say it."""

from __future__ import annotations

import pytest

from tests.matching.conftest import match, variant

SAID = {
    "6x330ml": [
        "Cola 6x330ml",
        "Cola 6 x 33 cl",
        "Cola 6*0.33l",
        "Cola 330ml x6",
        "Cola 6er Pack 0,33L",
        "Cola 330 ml (6 Stück)",
        "Cola 0,33 Liter 6 Stk.",
        "Cola pack of 6 330ml",
        "Cola pack de 6 33cl",
        "Cola lot de 6 33 cl",
        "Cola 33 cl 6 unidades",
        "Cola confezione da 6 33cl",
        "Cola 6 pz 33 cl",
        "Cola set van 6 33cl",
    ],
    "24x330ml": ["Cola 330 ml 24er Tray", "Cola 24 x 33cl"],
    "1x1500ml": ["Cola 1.5 lt", "Cola 1,5 Liter", "Cola 1.5 litres", "Cola 150cl", "Cola 1,500 ml", "Cola 1.500ml"],
    "1x1000ml": ["Cola 1 litro", "Cola 1 L", "Cola 1000 ml", "Cola 1.000 l"],
    "1x500g": ["Flour 500 gr", "Flour 500gramm", "Flour 0,5 kilo", "Flour 500 grams"],
    "1x500ml": ["Cola 16.9 fl oz", "Cola 16.9 fl. oz.", "Cola 16.9 FL OZ"],
    "1x3785ml": ["Oil 1 gallon", "Oil 3.785 l", "Oil 128 fl oz", "Oil 1 gal"],
    "1x907g": ["Flour 2 lb", "Flour 2 lbs.", "Flour 2 pounds", "Flour 32 oz", "Flour 32 ounces"],
    "6x355ml": ["Cola 6 x 12 fl oz", "Cola 12 fl oz 6 pack"],
    None: ["Cola 6", "Lot 49", "Case of 6 stories", "Grade 5 kettle", "Littoral 3"],
}


@pytest.fixture(scope="module")
def packs(tmp_path_factory) -> dict[str, str | None]:
    records = [variant(f"abc:{title}", template_name=title) for titles in SAID.values() for title in titles]
    query = match(tmp_path_factory.mktemp("packs"), records, domain="products")
    return dict(query("select substr(record_id, 5), pack from matched_products__evidence"))


@pytest.mark.parametrize(("pack", "title"), [(pack, title) for pack, titles in SAID.items() for title in titles])
def test_a_pack_is_one_in_any_language_and_form(packs, pack, title):
    assert packs[title] == pack


ONE_OR_TWO = [
    ("500 g", "17.6 oz", False),
    ("1 kg", "2.2 lb", False),
    ("750 ml", "25.4 fl oz", False),
    ("12 fl oz", "12 oz", False),
    ("500 g", "8.8 oz", True),
    ("330 ml", "350 ml", True),
    ("330 ml", "6 x 330 ml", True),
    ("6 pack", "6 x 330 ml", False),
]


@pytest.fixture(scope="module")
def conflicts(tmp_path_factory) -> dict[int, float]:
    """Whether the packs of each two look-alikes contradict, which have a word of their own."""
    records = [
        variant(f"{system}:{no}", template_name=f"article{'abcdefgh'[no]} {said}")
        for no, pair in enumerate(ONE_OR_TWO)
        for system, said in zip(("abc", "xyz"), pair, strict=False)
    ]
    query = match(tmp_path_factory.mktemp("conflicts"), records, domain="products")
    return dict(
        query("""
            select cast(substr(l.record_id, 5) as integer), pack_conflict
            from matched_products__likeness
            join matched_products__evidence as l on one_no = l.record_no
            join matched_products__evidence as r on other_no = r.record_no
            where substr(l.record_id, 5) = substr(r.record_id, 5)
        """)
    )


@pytest.mark.parametrize(("no", "are_two"), [(no, two) for no, (_, _, two) in enumerate(ONE_OR_TWO)])
def test_packs_are_two_where_pieces_or_amounts_differ_by_more_than_ounces_are_rounded(conflicts, no, are_two):
    assert conflicts[no] == are_two
