"""Who is one customer and who is not, through the project's own models: the traps that retailers fall into."""

from __future__ import annotations

from datetime import date
from math import log2
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines import splink_backend
from pipelines.matching import declared
from tests.matching import spark
from tests.matching.conftest import clusters, match, person
from tests.matching.customer_cases import CASES, DECISIONS, SCRIPTS, STRANGERS


@pytest.fixture(scope="module")
def matched(tmp_path_factory, crowd):
    return match(tmp_path_factory.mktemp("matched"), CASES + crowd)


@pytest.fixture(scope="module")
def cluster_of(matched) -> dict[str, str]:
    return clusters(matched)


@pytest.fixture(scope="module")
def decided(tmp_path_factory, crowd):
    """The same with stewards' decisions, and with half of the crowd gone, so that the model is another."""
    return match(tmp_path_factory.mktemp("decided"), CASES + crowd[::2], DECISIONS)


def test_one_customer_in_four_systems_is_one_also_under_her_married_name(cluster_of):
    assert len({cluster_of[r] for r in ("pos:anna", "shop:anna", "loyal:anna", "odoo:9001")}) == 1


def test_twins_at_one_address_stay_apart(cluster_of):
    assert cluster_of["pos:ana"] == cluster_of["loyal:ana"]
    assert cluster_of["loyal:ana"] != cluster_of["loyal:anna"]


def test_father_and_son_of_one_name_are_told_apart_by_their_birth_dates(cluster_of):
    assert cluster_of["loyal:father"] != cluster_of["loyal:son"]


def test_a_couple_that_shares_mailbox_landline_and_home_is_two_customers(cluster_of):
    assert cluster_of["odoo:9002"] != cluster_of["shop:wife"]


def test_a_name_the_wrong_way_round_is_recognised(cluster_of):
    assert cluster_of["odoo:9003"] == cluster_of["pos:swapped"]


def test_a_name_the_wrong_way_round_and_misspelt_is_recognised(cluster_of):
    assert cluster_of["loyal:swapped"] == cluster_of["pos:swapped"]


def test_a_family_name_of_two_words_in_the_field_of_the_given_name_is_recognised(matched, cluster_of):
    assert cluster_of["shop:particle"] == cluster_of["pos:particle"]
    names = "select first_name, last_name from matched_customers__evidence where record_id = 'shop:particle'"
    assert matched(names) == [("petr", "drenthoven")]


def test_the_name_of_a_house_finds_whom_nothing_else_does(cluster_of):
    assert cluster_of["pos:lodge"] == cluster_of["shop:lodge"]


def test_a_pet_name_is_learnt_from_what_several_families_share(matched, cluster_of):
    learnt = matched("select value, detail, records from matched_customers__vocabulary where kind = 'alias'")
    assert ("ctirad", "kvidas", 4) in learnt
    assert all(cluster_of[f"pos:pet{n}"] == cluster_of[f"shop:pet{n}"] for n in range(4))


@pytest.mark.parametrize(("native", "latin"), [("shop:cyrillic", "pos:latin"), ("shop:greek", "pos:greeklish")])
def test_a_name_in_another_script_is_recognised(cluster_of, native, latin):
    assert cluster_of[native] == cluster_of[latin]


@pytest.mark.parametrize("country", SCRIPTS)
def test_names_and_places_are_compared_in_latin_letters(matched, country):
    names = "select first_name, last_name, street, house from matched_customers__evidence where record_id"
    assert matched(f"{names} = 'shop:letters-{country}'") == [(*SCRIPTS[country][3:], "7")]


def test_names_of_one_script_are_compared_letter_by_letter(matched, cluster_of):
    assert cluster_of["shop:hebrew"] == cluster_of["pos:hebrew"]
    assert cluster_of["shop:husband"] != cluster_of["odoo:9011"]
    names = "select first_name, last_name from matched_customers__evidence where record_id = 'pos:hebrew'"
    assert matched(names) == [("דוד", "אלמוג")]


def test_a_name_in_a_script_that_nothing_is_transliterated_from_does_not_speak_against_a_latin_one(matched, cluster_of):
    assert cluster_of["shop:kanji"] == cluster_of["pos:romaji"] == cluster_of["odoo:9012"]
    names = """
        select p.first_name, p.last_name from matched_customers__comparisons
        join (select distinct pattern, first_name, last_name from matched_customers__patterns) as p using (pattern)
        join matched_customers__evidence as l on left_no = l.record_no
        join matched_customers__evidence as r on right_no = r.record_no
        where list_sort([l.record_id, r.record_id]) = ['odoo:9012', 'pos:romaji']
    """
    assert matched(names) == [(None, None)], "neither for nor against"


def test_a_company_is_recognised_where_nobody_says_that_it_is_one(cluster_of):
    assert cluster_of["odoo:9004"] == cluster_of["stripe:company"]


def test_a_company_is_not_the_person_who_answers_its_telephone(cluster_of):
    assert cluster_of["odoo:9004"] != cluster_of["odoo:9005"]


def test_contacts_who_state_one_companys_tax_number_are_one_customer(cluster_of):
    assert cluster_of["shop:account"] == cluster_of["pos:account"]


def test_who_trades_under_his_own_name_is_the_one_who_buys_for_himself(cluster_of):
    assert cluster_of["shop:trader"] == cluster_of["pos:trader"]


def test_a_company_that_bears_a_persons_name_is_told_by_its_legal_form_and_a_person_by_the_tax_number(matched):
    is_company = dict(matched("select split_part(record_id, 'shop:', 2), is_company from matched_customers__evidence"))
    people = ["trader", "office", "ES", "IT", "PT", "CZ", "BG", "BR"]
    assert is_company["limited"]
    assert is_company["account"]
    assert [one for one in people if is_company[one]] == []


def test_a_companys_name_is_the_same_with_its_legal_form_in_letters_and_found_at_its_place_when_misspelt(
    matched, cluster_of
):
    names = dict(matched("select record_id, company from matched_customers__evidence where company like 'kranzf%'"))
    assert names["odoo:9013"] == names["pos:company"] == "kranzfeldmetall"
    assert cluster_of["odoo:9013"] == cluster_of["shop:company"]


def test_sister_companies_of_one_address_and_number_are_two(cluster_of):
    for n in (0, 1):
        assert cluster_of[f"pos:sister{n}"] == cluster_of[f"shop:sister{n}"]
    assert cluster_of["pos:sister0"] != cluster_of["pos:sister1"]


def test_a_mailbox_of_a_function_is_a_companys_though_one_name_is_not_known_for_a_companys(matched):
    levels = "select comparison from matched_customers__explanations where label = 'same role address'"
    ids = "('odoo:9015', 'shop:blunt')"
    assert matched(f"{levels} and left_record_id in {ids} and right_record_id in {ids}") == [("trade_mail",)]


def test_the_words_of_a_companys_name_may_be_turned(cluster_of):
    assert cluster_of["pos:turned"] == cluster_of["shop:turned"]


def test_a_title_is_no_given_name(matched):
    names = "select first_name, last_name from matched_customers__evidence where record_id = 'pos:titled'"
    assert matched(names) == [("adelgunde", "hartlieb")]


def test_a_number_glued_to_a_street_is_its_house_number_where_there_is_no_other(matched):
    homes = "select street, house from matched_customers__evidence where record_id like '%:glued' order by record_id"
    assert matched(homes) == [("streetg597", "9"), ("gartenstr", "12")]


@pytest.mark.parametrize("unlike", ["second", "junior"])
def test_another_second_name_or_a_jr_that_one_alone_bears_is_a_level_of_its_own(matched, unlike):
    said = f"""
        select said.label
        from matched_customers__explanations as said
        where said.comparison = 'first_name'
            and list_sort([said.left_record_id, said.right_record_id]) = ['pos:{unlike}', 'shop:{unlike}']
    """
    assert matched(said) == [("other middle name or generation",)]


@pytest.mark.parametrize(
    ("pair", "comparison", "label"),
    [
        ("lizzy", "first_name", "exact"),
        ("joined", "last_name", "misspelt"),
        ("namesake", "first_name", "other middle name or generation"),
        ("namesake", "other_names", "all shared by namesakes"),
    ],
)
def test_a_name_is_held_against_another_as_a_reader_would(matched, pair, comparison, label):
    said = f"""
        select said.label
        from matched_customers__explanations as said
        where said.comparison = '{comparison}'
            and list_sort([said.left_record_id, said.right_record_id]) = ['pos:{pair}', 'shop:{pair}']
    """
    assert matched(said) == [(label,)]


def test_where_only_years_and_streets_are_known_years_are_no_placeholders_and_homes_find_each_other(tmp_path):
    given, family = ["Rosa", "Ida", "Emil", "Otto", "Paul"], ["Abel", "Brunn", "Cordes", "Dietz", "Ehlers", "Fink"]
    people = [
        person(
            f"{system}:{n}",
            first_name=given[n % 5] if system == "pos" else "X",
            last_name=family[n % 6] if system == "pos" else "Y",
            street=f"{'abcdefghij'[n % 10]}weg {n}",
            birth_on=date(1971 + n % 30, 1, 1),
        )
        for n in range(100)
        for system in ("pos", "shop")
    ]
    query = match(tmp_path, people)
    assert query("select count(*) from matched_customers__placeholders") == [(0,)]
    found = "select sum(pairs) from matched_customers__patterns"
    assert query(f"{found} where address <= 1 and birth_year = 0")[0][0] >= 100


@pytest.mark.parametrize(("name", "label"), [("letter", "misspelt"), ("blurred", "alike")])
def test_one_wrong_letter_is_a_misspelling_and_several_are_told_from_another_name(matched, name, label):
    compared = f"""
        select said.comparison, said.label
        from matched_customers__explanations as said
        where said.comparison in ('first_name', 'last_name')
            and list_sort([said.left_record_id, said.right_record_id]) = ['pos:{name}', 'shop:{name}']
        order by all
    """
    assert matched(compared) == [("first_name", label), ("last_name", label)]


def test_a_middle_name_that_two_people_share_is_no_family_name(matched):
    compared = """
        select said.label
        from matched_customers__explanations as said
        where said.comparison = 'last_name'
            and list_sort([said.left_record_id, said.right_record_id]) = ['pos:middle', 'shop:middle']
    """
    assert matched(compared) == [("different",)]


def test_names_the_wrong_way_round_count_once(matched):
    turned = """
        select count(*), count(others.label)
        from matched_customers__explanations as said
        left join matched_customers__explanations as others
            on others.comparison = 'last_name'
            and (said.left_record_id, said.right_record_id) = (others.left_record_id, others.right_record_id)
        where said.comparison = 'first_name' and said.label = 'swapped'
    """
    ((swapped, twice),) = matched(turned)
    assert swapped > 0 == twice


def test_a_link_that_a_source_states_joins(cluster_of):
    assert cluster_of["shop:linked"] == cluster_of["stripe:linked"]


def test_a_key_alone_names_a_block(matched):
    """Pairs are made by the key alone, so that two rules with one key would be one block."""
    shared = "select key from matched_customers__blocks group by key having count(distinct rule) > 1"
    assert matched(shared) == []


@pytest.mark.parametrize("mistyped", ["year", "month"])
def test_an_abbreviated_name_is_compared_where_one_part_of_the_birth_date_is_mistyped(matched, mistyped):
    both = f"""
        select count(*) from matched_customers__comparisons
        join matched_customers__evidence as l on left_no = l.record_no
        join matched_customers__evidence as r on right_no = r.record_no
        where list_sort([l.record_id, r.record_id]) = ['pos:{mistyped}', 'shop:{mistyped}']
    """
    assert matched(both) == [(1,)]


def test_a_dummy_mailbox_and_number_link_nobody(cluster_of):
    strangers = [cluster_of[f"pos:dummy{n}"] for n in range(len(STRANGERS) - 1)]
    assert len(set(strangers)) == len(strangers)


def test_values_that_unrelated_surnames_share_are_listed_as_placeholders(matched):
    listed = {row[0] for row in matched("select value from matched_customers__placeholders")}
    assert {"prodejna17@retail.example", "700100200"} <= listed


def test_a_column_that_is_null_throughout_is_no_evidence_and_brings_nobody_together(matched):
    said = "count(gender), count(birth_place), count(occupation)"
    assert matched(f"select {said} from matched_customers__patterns") == [(0, 0, 0)]
    rules = [rule["name"] for rule in declared("customers")["blocks"]["rules"]]
    of = [rules.index("name and birth place"), rules.index("name and occupation")]
    assert matched(f"select count(*) from matched_customers__blocks where rule in ({of[0]}, {of[1]})") == [(0,)]


def test_where_splink_is_sure_of_a_pair_we_agree(matched):
    names = ("record_id", *splink_backend.EVIDENCE)
    rows = matched(f"select {', '.join(names)} from matched_customers__evidence where not is_company")
    evidence = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    _, scores = splink_backend.match(evidence)
    ours = {
        frozenset(pair): bits
        for *pair, bits in matched("""
            select l.record_id, r.record_id, bits
            from matched_customers__scores
            join matched_customers__evidence as l on left_no = l.record_no
            join matched_customers__evidence as r on right_no = r.record_no
        """)
    }
    said = [(row["bits"], ours.get(frozenset((row["left_id"], row["right_id"])), -99)) for row in scores.to_pylist()]
    same = [our > 0 for splinks, our in said if splinks > 10]
    different = [our <= 0 for splinks, our in said if splinks < -5]
    agreed = [splinks > 0 for splinks, our in said if our > 10]
    assert min(len(same), len(agreed)) > 100
    assert len(different) > 20
    assert sum(same) / len(same) > 0.9, "the rest are relatives, whom Splink has no place for"
    assert sum(different) / len(different) > 0.8
    assert sum(agreed) / len(agreed) > 0.9


def test_every_record_has_one_golden_id_that_follows_its_cluster(matched, cluster_of):
    golden = dict(matched("select record_id, customer_id from matched_customers__ids"))
    assert golden.keys() == cluster_of.keys()
    for cluster in set(cluster_of.values()):
        assert len({golden[record] for record in cluster_of if cluster_of[record] == cluster}) == 1
    assert len(set(golden.values())) == len(set(cluster_of.values()))


def test_the_explanation_of_a_pair_adds_up_to_its_score(matched):
    rows = matched("""
        select sum(bits_over_chance), sum(bits_over_household), any_value(bits)
        from matched_customers__explanations as e
        join matched_customers__evidence as l on l.record_id = e.left_record_id
        join matched_customers__evidence as r on r.record_id = e.right_record_id
        join matched_customers__scores as s on s.left_no = l.record_no and s.right_no = r.record_no
        group by e.left_record_id, e.right_record_id
    """)
    assert rows
    assert all(-log2(2**-chance + 2**-household) == pytest.approx(bits, abs=0.1) for chance, household, bits in rows)


def test_a_cannot_of_a_steward_wins_and_survives_another_model(decided):
    cluster_of = clusters(decided)
    assert cluster_of["shop:anna"] != cluster_of["pos:anna"]


def test_a_must_of_a_steward_joins_what_no_evidence_would(decided):
    cluster_of = clusters(decided)
    assert cluster_of["loyal:father"] == cluster_of["odoo:9003"]


def test_two_customers_are_not_one_because_products_with_their_keys_are(decided):
    cluster_of = clusters(decided)
    assert cluster_of["pos:dummy0"] != cluster_of["pos:dummy1"]
    assert decided("select count(*) from matched_customers__decisions") == [(2,)]


def test_another_model_has_another_version(matched, decided):
    versions = [query("select distinct model_version from matched_customers__model") for query in (matched, decided)]
    assert all(len(version) == 1 for version in versions)
    assert versions[0] != versions[1]


def test_decisions_that_contradict_each_other_are_put_before_a_person(tmp_path, crowd):
    contradicting = [
        ("customers", "pos:anna", "shop:anna", "must", "A. Malá", "one person", date(2026, 1, 1)),
        ("customers", "shop:anna", "odoo:9001", "must", "A. Malá", "one person", date(2026, 1, 1)),
        ("customers", "pos:anna", "odoo:9001", "cannot", "B. Velký", "two people", date(2026, 1, 2)),
    ]
    query = match(tmp_path, CASES + crowd[::4], contradicting)
    cluster_of = clusters(query)
    assert cluster_of["pos:anna"] != cluster_of["odoo:9001"]
    reasons = [reason for (reason,) in query("select reason from matched_customers__review where kind = 'decision'")]
    assert [("must by A. Malá" in reason, "cannot by B. Velký" in reason) for reason in reasons] == [(True, True)]


def test_the_same_records_in_another_order_give_the_same_bytes_of_clusters_and_ids(tmp_path, crowd, matched):
    again = match(tmp_path, list(reversed(CASES + crowd)))
    for table in ("matched_customers__clusters", "matched_customers__ids", "matched_customers__scores"):
        assert again(f"from {table} order by all") == matched(f"from {table} order by all")


def test_the_sql_that_matches_customers_is_what_spark_also_speaks(matched):
    [(warehouse,)] = matched("select path from duckdb_databases() where path like '%warehouse.duckdb'")
    foreign = spark.foreign(Path(warehouse).parent, "customers")
    assert "matched_customers__comparisons" in foreign
    assert {model: names for model, names in foreign.items() if names} == {}
