"""Customers as few shops have them, each in a shop of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import product

import pytest

from tests.matching.conftest import clusters, match, person

GIVEN = ["Rosa", "Ida", "Emil", "Otto", "Paul", "Lina", "Hugo", "Berta", "Anton", "Klara", "Viktor", "Martha"]
FAMILY = ["Abel", "Brunn", "Cordes", "Dietz", "Ehlers", "Fink", "Grote", "Harms", "Imhof", "Jahn", "Krause", "Lenz"]
FIRST = date(1948, 1, 1)
SYLLABLES = ["ba", "do", "gi", "ku", "le", "mo", "na", "pe", "ri", "so", "tu", "wa"]


def test_a_first_of_january_is_a_year_alone_in_the_source_that_has_little_else(tmp_path):
    """The register dates to it whom it knows the year of, the clinic those who were born on it."""

    def born(system, n):
        return FIRST.replace(year=1971 + n % 30) if system == "register" or n < 2 else FIRST + timedelta(37 * n)

    people = [
        person(f"{system}:{n}", first_name=GIVEN[n % 12], last_name=FAMILY[n // 12], birth_on=born(system, n))
        for system in ("register", "clinic")
        for n in range(144)
    ]
    query = match(tmp_path, people)
    years = "select system, count(*) from matched_customers__evidence where birth_is_year group by system"
    assert query(years) == [("register", 144)]


def test_whom_a_list_of_companies_names_is_their_contact_and_whom_a_list_of_people_names_is_not(tmp_path):
    """The ledger has companies of whom it knows nobody; to the newsletter each is somebody's employer."""
    records = [
        person(
            f"{system}:{n}",
            kind=None,
            company_name=f"{FAMILY[n % 12]}hof {FAMILY[n // 12]}",
            first_name=None if system == "ledger" and n % 4 == 0 else GIVEN[n % 12],
            last_name=None if system == "ledger" and n % 4 == 0 else FAMILY[n // 12],
        )
        for system in ("ledger", "newsletter")
        for n in range(60)
    ]
    query = match(tmp_path, records)
    companies = "select system, count(*) from matched_customers__evidence where is_company group by system"
    assert query(companies) == [("ledger", 60)]


def test_given_names_that_come_with_the_cities_of_a_country_are_seen_to_though_no_record_names_it(tmp_path):
    """Half of the people are of one country, with six given names and three cities of its own."""
    people = [
        person(
            f"{'register' if n % 3 else 'clinic'}:{n}",
            first_name=GIVEN[6 * (n % 2) + n // 2 % 6],
            last_name=f"{SYLLABLES[n // 12 % 12]}{SYLLABLES[n // 144]}r{SYLLABLES[n % 12]}".title(),
            city=FAMILY[3 * (n % 2) + n // 12 % 3] + "burg",
        )
        for n in range(1200)
    ]
    query = match(tmp_path, people)
    ((more,),) = query("select chance from matched_customers__model where comparison = 'together' and level = 2")
    assert 1.5 < more < 2


def two_children(named: Callable[[int, int], dict]) -> list[dict]:
    """Two children of each of 120 families, at one home and number, as a school and a doctor know them."""
    return [
        person(
            f"{system}:{n}{child}",
            street=f"{FAMILY[n % 7]}weg {n + 1}",
            zip=f"{60000 + n % 20}",
            phone=f"+4969{5550000 + 7 * n}",
            **named(n, child),
        )
        for n in range(120)
        for child in range(2)
        for system in ("school", "doctor")
    ]


def of_one_day(n: int, child: int) -> dict:
    """A boy and a girl, born on one day or two years apart."""
    return {
        "first_name": GIVEN[(n + 5 * child) % 12],
        "last_name": FAMILY[n % 12] + ("s" if n % 3 else "mann") * (n // 12 % 2),
        "birth_on": FIRST + timedelta(53 * n + 800 * child * (n % 2)),
    }


def of_two_family_names(n: int, child: int) -> dict:
    """Given name, then the father's and the mother's."""
    return {"full_name": f"{GIVEN[(n + 5 * child) % 12]} {FAMILY[n % 12]} {FAMILY[(n // 12 + n + 1) % 12]}"}


@pytest.fixture(scope="module", params=[of_one_day, of_two_family_names], ids=["twins", "two family names"])
def children(request, tmp_path_factory):
    return clusters(match(tmp_path_factory.mktemp("children"), two_children(request.param)))


def test_twins_and_siblings_of_two_family_names_are_two_though_all_else_agrees(children):
    assert [n for n in range(120) if children[f"school:{n}0"] == children[f"school:{n}1"]] == []


def test_a_twin_or_sibling_is_one_at_school_and_at_the_doctors(children):
    each = [f"{n}{child}" for n in range(120) for child in range(2)]
    assert [child for child in each if children[f"school:{child}"] != children[f"doctor:{child}"]] == []


def test_a_name_without_spaces_is_one_in_either_order_and_another_letter_is_another_name(tmp_path, crowd):
    home = {"city": "札幌市", "street": "北一条西2丁目3番", "phone": "+81112223344"}
    family = [
        person("pos:one word", full_name="佐藤太郎", **home),
        person("shop:two words", full_name="佐藤 太郎", city="札幌市"),
        person("loyal:turned", first_name="佐藤", last_name="太郎", phone=home["phone"]),
        person("pos:brother", full_name="佐藤次郎", **home),
    ]
    query = match(tmp_path, family + crowd)
    cluster_of = clusters(query)
    assert len({cluster_of[one] for one in ("pos:one word", "shop:two words", "loyal:turned")}) == 1
    assert cluster_of["pos:brother"] != cluster_of["pos:one word"]
    at = "select city, street, house from matched_customers__evidence where record_id = 'pos:brother'"
    assert query(at) == [("札幌市", "北一条西", "2-3")]


def test_a_misspelt_name_is_found_where_nobody_keeps_a_place_or_a_birth_date(tmp_path):
    written = {"pos": FAMILY, "shop": ["Abet", "Brunk", "Cornes", "Diemz", "Ehters", "Finz", *FAMILY[6:]]}
    people = [
        person(f"{system}:{n}", first_name=GIVEN[n % 12], last_name=names[n // 12], email=f"{system}.{n}@posta.example")
        for system, names in written.items()
        for n in range(144)
    ]
    compared = match(tmp_path, people)("select left_record_id, right_record_id from matched_customers__explanations")
    found = {frozenset(pair) for pair in compared}
    assert [n for n in range(144) if {f"pos:{n}", f"shop:{n}"} not in found] == []


def test_a_city_is_evidence_also_where_nobody_says_more_of_a_place(tmp_path):
    people = [
        person(f"{system}:{n}", first_name=GIVEN[n % 12], last_name=FAMILY[n // 12], city=f"{FAMILY[n * 7 % 11]}stadt")
        for system in ("pos", "shop")
        for n in range(144)
    ]
    query = match(tmp_path, people)
    found = "select sum(pairs) from matched_customers__patterns"
    label = "select level from matched_customers__model where label = 'same city and no more known'"
    assert query(f"{found} where address = ({label})")[0][0] >= 144


def test_where_one_side_knows_the_zip_and_the_other_the_city_nothing_is_compared_of_the_place(tmp_path):
    places = {"pos": "zip", "shop": "city"}
    people = [
        person(f"{system}:{n}", first_name=GIVEN[n % 12], last_name=FAMILY[n // 12], **{place: f"{41000 + n}"})
        for system, place in places.items()
        for n in range(144)
    ]
    query = match(tmp_path, people)
    across = "from matched_customers__explanations where left(left_record_id, 3) <> left(right_record_id, 3)"
    assert query(f"select count(*) {across} and comparison = 'first_name'")[0][0] >= 144
    assert query(f"select count(*) {across} and comparison = 'address'") == [(0,)]


def test_a_list_that_names_businesses_where_people_are_named_is_of_companies_and_one_of_rare_names_is_of_people(
    tmp_path,
):
    """Two guides list them, two thirds by their trade; the villagers bear names that no list knows."""
    trades = ["Apotheke", "Restaurant", "Bäckerei", "Hotel", "Möbel", "Friseur", "am Eck", "und Söhne", "Krone"]
    listed = [(f"{name} {trade}", n) for n, (name, trade) in enumerate(product(FAMILY[1:], trades))]
    guides = [
        person(f"{guide}:{n}", kind=None, full_name=name, street=f"{FAMILY[n % 5]}weg {n}", zip=f"{41000 + n % 30}")
        for guide in ("guide", "map")
        for name, n in listed
    ]
    villagers = [
        person(f"village:{n}", kind=None, full_name=f"{given} {name}", zip="41007")
        for n, (given, name) in enumerate(product(["Oluwaseun", "Xóchitl", "Ngozi", "Þórhildur", "สมชาย"], FAMILY))
    ]
    query = match(tmp_path, guides + villagers)
    kinds = "select system, bool_and(is_company), bool_or(is_company) from matched_customers__evidence group by system"
    assert sorted(query(kinds)) == [("guide", True, True), ("map", True, True), ("village", False, False)]
    cluster_of = clusters(query)
    assert [name for name, n in listed if cluster_of[f"guide:{n}"] != cluster_of[f"map:{n}"]] == []
    assert len({cluster_of[f"guide:{n}"] for _, n in listed}) == len(listed)


LINES = [
    "12 Main Street, Springfield, IL 62704",
    "12 Main Street Springfield 62704-1234",
    "1 A St, Springfield, IL 62704, USA",
    "Hauptstraße 5, 10115 Berlin",
    "Hauptstr. 5 D-10115 Berlin, Deutschland",
    "Keizersgracht 1, 1015 CN Amsterdam",
    "Flat 2, 12 High Street, London, SW1A 1AA",
    "12 High Street, London SW1A 1AA, UK",
    "Husova 12, 110 00 Praha 1",
    "ul. Wilcza 5, 00-950 Warszawa",
    "7 Yuranigh Court, Bowral, NSW",
    "12 High Street",
    "Av. Corrientes 1234",
    "12345 Highway 22",
    "P.O. Box 6641, Springfield, IL 62704",
    "PO Box 66412",
]


def test_an_address_in_one_line_is_told_apart_into_street_city_and_zip(tmp_path):
    """Only the last one keeps zips in a column, and its line is a street."""
    places = [{"street": line} for line in LINES] + [{"street": "Postbus 5, 10115 Berlin", "zip": "1011"}]
    query = match(tmp_path, [person(f"pos:{n:02}", full_name="Ida Abel", **place) for n, place in enumerate(places)])
    assert query("select house, city, zip from matched_customers__evidence order by record_id") == [
        ("12", "springfield", "62704"),
        ("12", "springfield", "62704"),
        ("1", "springfield", "62704"),
        ("5", "berlin", "10115"),
        ("5", "berlin", "10115"),
        ("1", "amsterdam", "1015CN"),
        ("12", "london", "SW1A1AA"),
        ("12", "london", "SW1A1AA"),
        ("12", "praha 1", "11000"),
        ("5", "warszawa", "00950"),
        ("7", "bowral", None),
        ("12", None, None),
        ("1234", None, None),
        ("12345", None, None),
        ("6641", "springfield", "62704"),
        ("66412", None, None),
        ("5", None, "1011"),
    ]


def test_a_name_far_rarer_than_the_one_that_it_resembles_is_misspelt_however_often(tmp_path):
    """Of 600 Klaras six are written Clara: of a thousand records as many misspell a name as others bear a rare one."""
    many = ["Klara"] * 600 + ["Clara"] * 6 + ["Berta"] * 100 + ["Herta"] * 50
    people = [
        person(f"shop:{n}", full_name=f"{name} {FAMILY[n % 12]}", zip=f"{60000 + n}") for n, name in enumerate(many)
    ]
    people += [
        person(f"{system}:{family}", full_name=f"{name} {family}", zip="10115")
        for system, name, family in [
            ("pos", "Klara", "Zabel"),
            ("app", "Clara", "Zabel"),
            ("pos", "Berta", "Quast"),
            ("app", "Herta", "Quast"),
        ]
    ]
    query = match(tmp_path, people)
    levels = """
        select least(l.record_id, r.record_id), label
        from matched_customers__comparisons
        join (select distinct pattern, first_name from matched_customers__patterns) as looks using (pattern)
        join matched_customers__evidence as l on left_no = l.record_no
        join matched_customers__evidence as r on right_no = r.record_no
        join matched_customers__model on comparison = 'first_name' and level = looks.first_name
        where (l.record_id like 'app:%') <> (r.record_id like 'app:%') and l.last_name = r.last_name
        order by all
    """
    assert query(levels) == [("app:Quast", "variant"), ("app:Zabel", "misspelt")]


def test_who_is_known_by_a_mailbox_alone_is_whose_name_alone_is_seen_there(tmp_path):
    """A newsletter knows mailboxes, a shop and a till the names: of one in five a couple's."""
    people = [person(f"news:{n:03}", email=f"haus{n * 37}@posta.example") for n in range(120)]
    people += [
        person(
            f"{system}:{n:03}{place}",
            first_name=GIVEN[(n + place * (1 + n // 12)) % 12],
            last_name=FAMILY[n // 12],
            email=f"haus{n * 37}@posta.example",
        )
        for n in range(120)
        for place in range(2 if n % 5 == 0 else 1)
        for system in ("shop", "till")
    ]
    cluster = clusters(match(tmp_path, people))
    named = {of for record, of in cluster.items() if not record.startswith("news:")}
    assert [cluster[f"news:{n:03}"] in named for n in range(120)] == [n % 5 > 0 for n in range(120)]


def namesakes(*place: Callable[[int], int]) -> list[dict]:
    """A shop's customers, half of whom a till knows too, a third of these with another day of birth. Of four one has a
    rare name, of the syllables at each `place`; the others have fifteen names among them."""
    people = []
    for n in range(1200):
        rare = "".join(SYLLABLES[at(n) % 12] for at in place)
        given, family = (f"{rare}n", f"{rare}bert") if n % 4 == 0 else (GIVEN[n % 3], FAMILY[n % 5])
        born = FIRST + timedelta(n * 2741 % 20000)
        told = born.replace(day=(born.day + 12) % 28 + 1) if n % 3 == 0 else born
        people.append(person(f"shop:{n}", first_name=given, last_name=family, birth_on=born))
        people += [person(f"till:{n}", first_name=given, last_name=family, birth_on=told)] if n % 2 == 0 else []
    return people


def test_rare_names_teach_how_often_a_day_is_mistyped_for_they_are_counted_apart_from_common_ones(tmp_path):
    query = match(tmp_path, namesakes(lambda n: n, lambda n: n // 12, lambda n: n // 144, lambda n: n * 5))
    another_day = "select match from matched_customers__model where comparison = 'birth_on' and label = 'one part'"
    assert query(another_day)[0][0] > 0.1
    counts = "select max(last_name_share) - min(last_name_share) from matched_customers__patterns group by pattern"
    assert max(apart for (apart,) in query(counts) if apart is not None) > 3, "so many times e"


def test_a_rare_name_that_families_hand_down_does_not_teach_that_people_have_many_birth_dates(tmp_path):
    query = match(tmp_path, namesakes(lambda n: n, lambda n: n // 12, lambda n: n * 7 + n // 12))
    another_date = "select match from matched_customers__model where comparison = 'birth_on' and label = 'different'"
    assert query(another_date)[0][0] <= 0.25


def test_a_name_of_ten_megabytes_is_compared_by_its_beginning_and_a_mailbox_as_long_is_none(tmp_path):
    endless = [
        person(
            f"shop:{n}",
            full_name="Zdislava " + "Obermajer" * 1_200_000 + tail,
            email="z" * 100_000 + f"{tail}@posta.example",
            **{name: "o" * 100_000 + tail for name in ("loyalty_code", "birth_place", "occupation")},
        )
        for n, tail in enumerate("ab")
    ]
    query = match(tmp_path, endless)
    bounded = "select count(email), count(loyalty_code), max(len(birth_place)), max(len(occupation))"
    assert query(f"{bounded} from matched_customers__evidence") == [(0, 0, 200, 200)]
    assert query("select max(len(last_name)) < 200, count(*) from matched_customers__evidence") == [(True, 2)]
    assert query("select count(distinct cluster_id) from matched_customers__clusters") == [(1,)]


def test_no_records_at_all_are_matched_without_complaint(tmp_path):
    query = match(tmp_path, [])
    assert query("select count(*) from matched_customers__ids") == [(0,)]


@pytest.fixture(scope="module")
def said_by_years(tmp_path_factory):
    """What two years of birth so far apart say of two records, in bits against chance and against a household."""
    others = {7: "Rosa Weidlich", 10: "Emil Haubold", 27: "Otto Kersting"}
    known = [
        person(
            f"{system}:{n}",
            first_name=GIVEN[n % 12],
            last_name=FAMILY[n // 12],
            birth_on=FIRST.replace(year=1931 + n * 7 % 60),
            city=f"{FAMILY[n % 5]}burg",
        )
        for system in ("register", "parish")
        for n in range(144)
    ]
    known += [
        person(f"{system}:other{apart}", full_name=name, birth_on=FIRST.replace(year=1941 + later), city="Imhofburg")
        for apart, name in others.items()
        for system, later in (("register", 0), ("parish", apart))
    ]
    said = match(tmp_path_factory.mktemp("years"), known)("""
        select cast(split_part(right_record_id, ':other', 2) as integer), bits_over_chance, bits_over_household
        from matched_customers__explanations
        where comparison = 'birth_year' and split_part(left_record_id, ':', 2) = split_part(right_record_id, ':', 2)
            and right_record_id like '%:other%'
    """)
    return {apart: bits for apart, *bits in said}


def test_a_year_of_birth_ten_years_off_is_rather_mistyped_than_one_seven_years_off(said_by_years):
    assert [ten - seven > 1 for ten, seven in zip(said_by_years[10], said_by_years[7], strict=True)] == [True, True]


def test_a_generation_between_two_years_of_birth_says_more_against_one_person_than_a_few_years(said_by_years):
    assert [few - many > 1 for few, many in zip(said_by_years[7], said_by_years[27], strict=True)] == [True, True]
