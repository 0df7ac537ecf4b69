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
