"""Clashes between records are found before Odoo refuses them, or worse, accepts them."""

import pytest

from pipelines.publish.checks import clashes, widest_first
from pipelines.publish.diff import bind, compare
from pipelines.publish.golden import Rows
from pipelines.publish.policy import load_policy

POLICY = load_policy()
VARIANTS, RULES = POLICY.objects["product_product"], POLICY.objects["product_pricelist_item"]
TYPES = {
    "product_tmpl_id": "many2one",
    "default_code": "char",
    "barcode": "char",
    "weight": "float",
    "pricelist_id": "many2one",
    "product_id": "many2one",
    "applied_on": "char",
    "compute_price": "char",
    "fixed_price": "float",
    "min_quantity": "float",
    "date_start": "datetime",
    "date_end": "datetime",
}
FIELDS = {name: {"type": kind} for name, kind in TYPES.items()}


def rows(policy, *given):
    ids = [row["golden_id"] for row in given]
    values = {name: [row.get(name) for row in given] for name in policy.owned}
    return Rows(ids, [row.get("odoo_id") for row in given], [[] for _ in given], [[] for _ in given], ids, values)


def variant(golden_id, barcode, **more):
    return {"golden_id": golden_id, "product_tmpl_id": int(golden_id[2:]), "barcode": barcode, **more}


def rule(golden_id, start=None, end=None, price=10.0, **more):
    fixed = {"pricelist_id": 1, "product_id": 7, "min_quantity": 1.0}
    return {"golden_id": golden_id, **fixed, "fixed_price": price, "date_start": start, "date_end": end, **more}


def record(odoo_id, policy, x_assay_id=False, **values):
    blank = {name: 0.0 if TYPES[name] == "float" else False for name in policy.owned}
    return {"id": odoo_id, "active": True, "x_assay_id": x_assay_id, **blank, **values}


def clash(policy, given, live=()):
    wanted = rows(policy, *given)
    found = compare(wanted, policy, FIELDS, {}, live)
    return {wanted.ids[number]: why for number, why in clashes(wanted, policy, found).items()}


def test_a_barcode_that_two_golden_variants_want_is_refused_for_both():
    found = clash(VARIANTS, [variant("V-1", "859"), variant("V-2", "859"), variant("V-3", "860")])
    assert set(found) == {"V-1", "V-2"}
    assert "wanted by V-1, V-2" in found["V-1"]


def test_a_barcode_on_another_product_in_odoo_is_refused_even_if_that_one_is_archived():
    other = record(90, VARIANTS, barcode="859", active=False)
    assert "on record 90 in Odoo" in clash(VARIANTS, [variant("V-1", "859")], [other])["V-1"]


def test_a_barcode_that_a_record_gives_up_in_the_same_plan_is_free_for_the_next_one():
    live = [record(11, VARIANTS, barcode="859"), record(12, VARIANTS, barcode="860")]
    given = [variant("V-1", "861", odoo_id=11), variant("V-2", "859", odoo_id=12)]
    assert set(found := clash(VARIANTS, given, live)) == {"V-2"}
    assert "barcode 859 is on record 11 until this plan is applied; plan again then" in found["V-2"]
    live[0]["barcode"] = "861"
    assert clash(VARIANTS, given, live) == {}


def test_a_reference_that_odoo_holds_twice_already_stops_no_other_change():
    other = record(90, VARIANTS, default_code="SKU", active=False)
    mine = record(11, VARIANTS, default_code="SKU", barcode="859")
    given = variant("V-1", "860", odoo_id=11, default_code="SKU")
    assert clash(VARIANTS, [given], [other, mine]) == {}
    assert "SKU is on record 90" in clash(VARIANTS, [given], [other, mine | {"default_code": "OLD"}])["V-1"]


def test_a_rule_that_ends_before_it_begins_is_refused():
    found = clash(RULES, [rule("R-1", "2026-03-02 00:00:00", "2026-03-01 00:00:00")])
    assert "date_end is not after date_start" in found["R-1"]


def test_a_promotion_inside_the_regular_price_is_decided_because_it_is_created_later():
    regular, promotion = rule("R-2"), rule("R-1", "2026-03-01 00:00:00", "2026-03-08 00:00:00", 8.0)
    assert clash(RULES, [regular, promotion]) == {}
    both = rows(RULES, regular, promotion)
    assert sorted((0, 1), key=lambda number: widest_first(both, RULES, number)) == [0, 1]


def test_windows_that_follow_each_other_do_not_clash():
    first = rule("R-1", None, "2026-03-01 00:00:00")
    assert clash(RULES, [first, rule("R-2", "2026-03-01 00:00:00", None)]) == {}


@pytest.mark.parametrize(
    ("start", "end"),
    [(None, None), ("2026-03-01 00:00:00", "2026-03-20 00:00:00"), ("2026-03-10 00:00:00", "2026-04-20 00:00:00")],
)
def test_rules_of_which_neither_lies_in_the_other_are_refused_for_both(start, end):
    window = (None, None) if start is None else ("2026-03-05 00:00:00", "2026-04-01 00:00:00")
    assert set(clash(RULES, [rule("R-1", *window), rule("R-2", start, end)])) == {"R-1", "R-2"}


def test_an_old_promotion_would_be_hidden_by_a_newer_regular_price():
    promotion = record(
        50, RULES, pricelist_id=1, product_id=7, min_quantity=1.0, date_start="2026-03-01 00:00:00",
        date_end="2026-03-08 00:00:00",
    )  # fmt: skip
    assert "overlaps that of record 50" in clash(RULES, [rule("R-1")], [promotion])["R-1"]


def test_a_rule_for_another_quantity_or_list_does_not_clash():
    given = [rule("R-1"), rule("R-2", min_quantity=10.0), rule("R-3", pricelist_id=2), rule("R-4", product_id=8)]
    assert clash(RULES, given) == {}


def test_what_already_stands_in_odoo_unchanged_is_not_refused():
    live = [
        record(number, RULES, pricelist_id=1, product_id=7, min_quantity=1.0, fixed_price=10.0, x_assay_id=name)
        for number, name in ((50, "R-1"), (51, "R-2"))
    ]
    given = [rule("R-1", odoo_id=50), rule("R-2", odoo_id=51)]
    assert clash(RULES, given, live) == {}


def test_two_golden_records_never_share_an_odoo_record():
    claimed = rows(VARIANTS, variant("V-1", None, odoo_id=5), variant("V-2", None, odoo_id=5))
    bound, problems = bind(claimed, {})
    assert bound == {0: 5}
    assert "already stands for V-1" in problems[1]


def test_the_external_id_decides_against_what_the_cluster_holds():
    claimed = rows(VARIANTS, variant("V-1", None, odoo_id=5), variant("V-2", None, odoo_id=5))
    bound, problems = bind(claimed, {"V-2": 5, "V-1": 6})
    assert bound == {0: 6, 1: 5}
    assert problems == {}


def test_of_two_golden_ids_on_a_record_merged_in_odoo_the_one_whose_cluster_holds_it_stays():
    claimed = rows(VARIANTS, variant("V-1", None), variant("V-2", None, odoo_id=5))
    bound, problems = bind(claimed, {"V-1": 5, "V-2": 5})
    assert bound == {1: 5}
    assert "already stands for V-2" in problems[0]
