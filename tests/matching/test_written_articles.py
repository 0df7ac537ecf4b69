"""One article's measures, colours and model numbers in the forms that shops write them in are the same words."""

from __future__ import annotations

import pytest

from tests.matching.conftest import match, variant

# What is written, and what it is.
FORMS = [
    ("drive 1TB", "drive 1000 GB"),
    ("drive 0.5 TB", "drive 500GB"),
    ("kettle 2,2 kW", "kettle 2200W"),
    ("bulb 60 Watt", "bulb 60W"),
    ("drill 18 Volt", "drill 18V"),
    ("cable 2m", "cable 2.0 m"),
    ("cable 1,5 m", "cable 1.5m"),
    ('screen 55"', "screen 55 inches"),
    ("screen 55″", "screen 55 Zoll"),
    ("screen 55 pulgadas", "screen 55 pouces"),
    ("shoe 42 1/2", "shoe 42,5"),
    ("shoe 42½", "shoe 42.5"),
    ("shirt schwarze", "shirt zwart"),
    ("shirt witte", "shirt blanche"),
    ("shirt hellblau", "shirt light blue"),
    ("shirt dunkelgrau", "shirt dark grey"),
    ("shirt lichtblauw", "shirt lightblue"),
    ("shirt bleu foncé", "shirt azul oscuro"),
    ("shirt verde chiaro", "shirt vert clair"),
    ("vacuum Ersatzfilter", "vacuum filtro"),
    ("screen Fernbedienung", "screen telecomando"),
    ("screen afstandsbediening", "screen télécommande"),
    ("phone generalüberholt", "phone refurbished"),
    ("phone Schutzhülle", "phone case"),
    ("cola Doppelpack", "cola 2-pack"),
    ("wine .75 l", "wine 750 ml"),
    ("suite 10 .4", "suite 10.4"),
    ("cups 6-teilig", "cups 6 pieces"),
    ("rug 3 metres", "rug 3 m"),
    ("rug 60 Zentimeter", "rug 60cm"),
    ("rug 6 feet", "rug 6ft"),
    ("screen 55-Zoll", "screen 55 in"),
    ("oil 1 gallon", "oil 3.785 l"),
    ("oil 2 quarts", "oil 1893 ml"),
    ("water 16 fl oz", "water 473 ml"),
]
# Told in two units, and whether that is one measure.
UNITS = [
    ("cable 2 m", "cable 200 cm", True),
    ("drawer 280 mm", "drawer 28 cm", True),
    ("drawer 28 mm", "drawer 280 mm", False),
    ("screen 139 cm", 'screen 55"', True),
    ("screen 139.7 cm", "screen 55 Zoll", True),
    ("screen 139 cm", "screen 50 Zoll", False),
    ("screen 54 in", "screen 55 in", False),
    ("pipe 1.83 m", "pipe 6 feet", True),
    ("cable 2 m", "cable 300 cm", False),
    ("cable 2 m", "cable 200 mm", False),
    ("pack 5 Ah", "pack 5000mAh", True),
    ("pack 5 Ah", "pack 4000 mAh", False),
    ("module 8 GB", "module 8192 MB", True),
    ("module 8 GB", "module 4096 MB", False),
    ("radio 2.4 GHz", "radio 2400 MHz", True),
    ("pan 3 in 1", "pan 76 mm 1", False),
]
TWO = [
    ("cable 1m", "cable 3m", "number_conflict"),
    ("pill 500mg", "pill 250mg", "number_conflict"),
    ("shirt light blue", "shirt dark blue", "colour_conflict"),
    ("shirt hellblau", "shirt bleu foncé", "colour_conflict"),
    ("shirt gris claro", "shirt grigio scuro", "colour_conflict"),
    ("phone", "phone reconditionné", "condition_apart"),
    ("vacuum", "filter for vacuum", "accessories_unmatched"),
    ("screen", "mando a distancia para screen", "accessories_unmatched"),
    ("phone", "custodie per phone", "accessories_unmatched"),
    ("camera", "hoesje voor camera", "accessories_unmatched"),
    ("camera", "chargeurs pour camera", "accessories_unmatched"),
    ("printer", "kompatibel printer", "accessories_unmatched"),
    ("phone", "Displayschutzfolie phone", "accessories_unmatched"),
    ("bulb", "bulb (pack of 4)", "pieces_apart"),
]
TWO += [(one, other, "number_conflict") for one, other, is_one in UNITS if not is_one]
ONE = [(one, other, "numbers_equal") for one, other, is_one in UNITS if is_one]
ONE += [("saw DCD_796_D2", "saw DCD796D2", "model_equal"), ("saw GSR-12V-15", "saw GSR12V15", "model_equal")]
NAMES = [
    f"{first}{last}" for first in ("brolk", "dusk", "fent", "glam", "jorv", "kwill") for last in ("ane", "ist", "o")
]
# A shade and the colour, a shade of another, and what is bright without being a colour contradict nothing.
OPEN = [
    ("shirt light blue", "shirt blue"),
    ("shirt light grey dark blue", "shirt navy dark blue"),
    ("lamp blue light", "lamp dark blue"),
    ("shirt hellblau", "shirt azul claro"),
]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The words of each form, and a query that finds its pair by a word of its own."""
    said = [*FORMS, *((one, other) for one, other, _ in TWO + ONE), *OPEN]
    named = {pair: f"{NAMES[no % 18]}{NAMES[no // 18]}{NAMES[(5 * no + 7) % 18]}" for no, pair in enumerate(said)}
    records = [
        variant(f"{system}:{name}", template_name=f"{name} {form}")
        for pair, name in named.items()
        for system, form in zip(("abc", "xyz"), pair, strict=True)
    ]
    query = match(tmp_path_factory.mktemp("written"), records, domain="products")
    words = dict(
        query("select record_id, words from matched_products__bags join matched_products__evidence using (record_no)")
    )

    def measured(one: str, other: str, feature: str) -> float:
        pairs = query(f"""
            select pairs.{feature} from matched_products__likeness as pairs
            join matched_products__evidence as l on one_no = l.record_no
            join matched_products__evidence as r on other_no = r.record_no
            where l.record_id = 'abc:{named[one, other]}' and r.record_id = 'xyz:{named[one, other]}'
        """)
        return pairs[0][0]

    return {pair: (words[f"abc:{name}"], words[f"xyz:{name}"]) for pair, name in named.items()}, measured


@pytest.mark.parametrize(("one", "other"), FORMS)
def test_a_form_has_the_words_that_the_other_has(written, one, other):
    of_one, of_other = written[0][one, other]
    assert of_one == of_other


@pytest.mark.parametrize(("one", "other", "feature"), TWO + ONE)
def test_what_tells_articles_apart_or_that_they_are_one_is_seen(written, one, other, feature):
    assert written[1](one, other, feature) > 0


@pytest.mark.parametrize(("one", "other"), [pair[:2] for pair in UNITS if pair[2]])
def test_a_measure_in_another_unit_contradicts_nothing_and_leaves_no_number_over(written, one, other):
    for feature in ("number_conflict", "numbers_unmatched", "no_number_shared"):
        assert written[1](one, other, feature) == 0


@pytest.mark.parametrize(("one", "other"), OPEN)
def test_a_shade_contradicts_another_of_its_own_colour_alone(written, one, other):
    assert written[1](one, other, "colour_conflict") == 0
