"""Tracks of two shops: one recording lasts a second more or less elsewhere, another cut of it longer."""

from __future__ import annotations

import itertools
import random

import pytest

from tests.matching.conftest import match, variant

ARTISTS = ["Vellmar", "Ostrade Five", "Kinlow and Sons", "Brevik", "The Tamsens", "Nordlyd"]
WORDS = ["summer", "river", "home", "night", "wild", "stay", "boots"]


def tracks() -> list[dict]:
    """Titles of two words by each artist; of every third the other shop has a longer cut as well."""
    dice, rows = random.Random(5), []
    for no, (artist, words) in enumerate(itertools.product(ARTISTS, itertools.combinations(WORDS, 2))):
        name, lasts = " ".join(words), dice.randint(150, 330)
        rows.append(track(f"abc:{no}", name.title(), artist, lasts))
        rows.append(track(f"xyz:{no}", name, artist, lasts + dice.choice([-1, 0, 1])))
        if no % 3 == 0:
            rows.append(track(f"xyz:longer{no}", name, artist, lasts + dice.randint(20, 60)))
    return rows


def track(record_id: str, name: str, artist: str, lasts: int) -> dict:
    return variant(record_id, template_name=name, brand=artist, option_1="{}:{:02}".format(*divmod(lasts, 60)))


@pytest.fixture(scope="module")
def matched(tmp_path_factory):
    odd = [
        variant("abc:film", template_name="Nordlyd the film", description="released 2009-09-23 00:10:00, 1:02:03 long"),
        variant("abc:screen", template_name="Nordlyd screen 16:9", description="HDMI, 60 Hz"),
    ]
    return match(tmp_path_factory.mktemp("tracks"), tracks() + odd, domain="products")


def test_a_recording_is_found_though_it_lasts_a_second_more_elsewhere_and_a_longer_cut_is_another(matched):
    cluster = dict(matched("select record_id, cluster_id from matched_products__clusters"))
    numbers = [record[4:] for record in cluster if record[4:].isdigit() and record.startswith("abc")]
    together = [no for no in numbers if cluster[f"abc:{no}"] == cluster[f"xyz:{no}"]]
    assert len(together) >= 0.9 * len(numbers)


def test_how_long_a_recording_lasts_is_no_time_of_day_and_no_size(matched):
    lasts = dict(matched("select record_id, seconds from matched_products__evidence"))
    assert lasts["abc:film"] == 3723
    assert lasts["abc:screen"] is None
    sizes = matched("select distinct sizes from matched_products__bags")
    assert sizes == [([],)]
