"""The estate is honest: what belongs together can be found, and what was planted can be told apart."""

import json
import re
from collections import Counter, defaultdict
from itertools import combinations

import pyarrow.compute as pc
import pytest

from sources.estate.names import plain
from sources.estate.noise import PLACEHOLDER_PHONES
from sources.estate.scenarios import ANA_EMAIL, ANNA_EMAIL, LANDLINE
from sources.estate.world import generate

PLACEHOLDERS = {re.sub(r"\D", "", phone)[-9:] for phone in PLACEHOLDER_PHONES}


@pytest.fixture(scope="module")
def world():
    return generate("retailer10")


@pytest.fixture(scope="module")
def people(world):
    """Person -> the records of that person, each with the set of evidence that it carries."""
    found = defaultdict(list)
    for row in world.appearances.to_pylist():
        found[row["person_id"]].append((row, evidence(row)))
    return found


def spoken_name(row) -> str | None:
    if row["is_company"]:
        return None
    name = row["full_name"] or " ".join(part for part in (row["first_name"], row["last_name"]) if part)
    words = re.findall(r"[a-z]+", re.sub(r"\b(ing|mgr|mudr|dr|ml|st)\b", "", plain(name).lower()))
    return " ".join(sorted(words))


def mailbox(email: str) -> str:
    local, domain = email.lower().split("@")
    local = local.split("+")[0]
    if domain in ("gmail.com", "googlemail.com"):
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def evidence(row) -> set[tuple]:
    name, found = spoken_name(row), set()
    if row["email"] and not row["email"].startswith("noemail@"):
        found.add(("email", mailbox(row["email"])))
    for phone in filter(None, (row["phone"], row["mobile"])):
        digits = re.sub(r"\D", "", phone)[-9:]
        if digits not in PLACEHOLDERS:
            found.add(("phone", digits))
    if row["loyalty_code"]:
        found.add(("card", row["loyalty_code"]))
    if row["vat"]:
        found.add(("vat", re.sub(r"\D", "", row["vat"])))
    if row["is_company"]:
        found.add(("company", re.sub(r"\W", "", plain(row["company_name"]).lower()), digits_of(row["zip"])))
    if name and row["birth_on"]:
        found.add(("birth", name, row["birth_on"]))
    if name and row["street"]:
        found.add(("address", name, digits_of(row["street"]), digits_of(row["zip"])))
    reference = json.loads(row["refs"]).get("shopify_customer_id")
    if reference or row["system"] == "shopify":
        found.add(("reference", reference or row["key"]))
    return found


def digits_of(text: str | None) -> str:
    return re.sub(r"\D", "", text or "")


def linked_within(records) -> set[tuple[int, int]]:
    """Pairs of records that evidence joins, directly or through others of the same person."""
    group = list(range(len(records)))
    for one, other in combinations(range(len(records)), 2):
        if records[one][1] & records[other][1]:
            kept, gone = group[one], group[other]
            group = [kept if label == gone else label for label in group]
    return {(a, b) for a, b in combinations(range(len(records)), 2) if group[a] == group[b]}


def test_nearly_all_records_of_a_person_share_decisive_evidence(people):
    pairs = direct = reachable = 0
    for records in people.values():
        pairs += len(records) * (len(records) - 1) // 2
        direct += sum(bool(one[1] & other[1]) for one, other in combinations(records, 2))
        reachable += len(linked_within(records))
    assert pairs > 15_000
    assert direct / pairs >= 0.965
    assert reachable / pairs >= 0.985


def test_a_telephone_or_mailbox_alone_does_not_tell_people_apart(people):
    owners = defaultdict(set)
    for person, records in people.items():
        for _, carried in records:
            for item in carried:
                owners[item].add(person)
    shared = Counter(item[0] for item, who in owners.items() if len(who) > 1)
    assert shared["email"] > 100
    assert shared["phone"] > 100
    assert shared["birth"] == 0


def test_every_kind_of_trap_is_laid_and_no_trap_is_the_same_person(world):
    owner = dict(zip(records_of(world.appearances), world.appearances["person_id"].to_pylist(), strict=True))
    kinds = Counter(trap.kind for trap in world.planted.traps)
    assert {"twins", "parent_and_namesake", "recycled_number", "dummy_email", "shared_mailbox"} <= set(kinds)
    assert min(kinds["twins"], kinds["parent_and_namesake"], kinds["dummy_email"]) > 50
    assert all(owner[trap.record_id] != owner[trap.other_record_id] for trap in world.planted.traps)


def test_twins_and_namesakes_differ_in_first_name_or_birth(world, people):
    by_record = {}
    for person in people.values():
        first_names = {spoken_name(row) for row, _ in person}
        births = {row["birth_on"] for row, _ in person if row["birth_on"] and row["birth_on"].year > 1900}
        own = {item for _, carried in person for item in carried if item[0] in ("email", "phone", "card")}
        for row, _ in person:
            by_record[f"{row['system']}:{row['key']}"] = (first_names, births, own)
    for trap in world.planted.traps:
        if trap.kind not in ("twins", "parent_and_namesake"):
            continue
        one, other = by_record[trap.record_id], by_record[trap.other_record_id]
        assert one[0] != other[0] or one[1] != other[1] or one[2] != other[2]


def test_the_sisters_stand_in_every_retailer(world):
    rows = world.appearances.to_pylist()
    anna = {row["person_id"] for row in rows if row["email"] and mailbox(row["email"]) == ANNA_EMAIL}
    ana = {row["person_id"] for row in rows if row["email"] == ANA_EMAIL}
    assert len(anna) == len(ana) == 1
    assert anna != ana
    assert {row["system"] for row in rows if row["person_id"] in anna} == {"odoo", "pos", "shopify", "voucherify"}
    assert {row["person_id"] for row in rows if row["phone"] == LANDLINE} == anna | ana


def test_article_numbers_lead_to_the_variant_in_spite_of_planted_faults(world):
    listed = world.listings.to_pylist()
    wrong = {record for record, fault in world.planted.listings.items() if fault != "stray_space"}
    reached, total = 0, 0
    by_sku, by_gtin = defaultdict(set), defaultdict(set)
    for row in listed:
        if row["sku"]:
            by_sku[re.sub(r"\W", "", row["sku"]).upper()].add(row["variant_id"])
        if row["gtin"] and f"{row['system']}:{row['key']}" not in wrong:
            by_gtin[row["gtin"].zfill(14)].add(row["variant_id"])
    for row in listed:
        total += 1
        reached += bool(row["sku"]) or row["gtin"] is not None
    assert reached == total
    assert max(len(variants) for variants in by_sku.values()) == 1
    assert max(len(variants) for variants in by_gtin.values()) == 1


def test_planted_faults_of_article_numbers_are_there(world):
    kinds = Counter(world.planted.listings.values())
    rows = {f"{row['system']}:{row['key']}": row for row in world.listings.to_pylist()}
    for record, fault in world.planted.listings.items():
        row = rows[record]
        if fault == "bad_check_digit":
            assert check_digit(row["gtin"][:-1]) != row["gtin"][-1]
        elif fault == "stray_space":
            assert row["sku"] != row["sku"].strip()
        elif fault == "store_internal":
            assert row["gtin"].startswith("2")
    assert set(kinds) == {"bad_check_digit", "reused_gtin", "store_internal", "stray_space", "written_as_gtin14"}


def check_digit(body: str) -> str:
    return str(-sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body))) % 10)


def test_unplanted_article_numbers_have_right_check_digits(world):
    for row in world.listings.to_pylist():
        if row["gtin"] and f"{row['system']}:{row['key']}" not in world.planted.listings:
            assert check_digit(row["gtin"][:-1]) == row["gtin"][-1]


def records_of(table) -> list[str]:
    return [f"{s}:{k}" for s, k in zip(table["system"].to_pylist(), table["key"].to_pylist(), strict=True)]


def test_only_planted_prices_disagree_between_till_and_odoo(world):
    prices = world.prices.filter(pc.is_null(world.prices["valid_to_at"]))
    variant = dict(zip(records_of(world.listings), world.listings["variant_id"].to_pylist(), strict=True))
    regular = defaultdict(dict)
    for row in prices.to_pylist():
        if row["kind"] == "regular" and row["min_quantity"] == 1 and row["store_code"] is None:
            record = f"{row['system']}:{row['key']}"
            listed = variant[f"{row['system']}:{row['listing_key']}"]
            regular[listed, row["price_list"]][row["system"]] = (record, row["amount"])
    differing = set()
    for found in regular.values():
        for system, (record, amount) in found.items():
            if system != "odoo" and "odoo" in found and found["odoo"][1] != amount:
                differing.add(record)
    planted = {price.record_id for price in world.planted.prices if price.kind != "store_late"}
    assert differing == planted


def test_known_numbers_of_price_conflicts_are_planted(world):
    kinds = Counter(price.kind for price in world.planted.prices)
    assert kinds == {"late": 15, "store_late": 12, "wrong": 15, "outlier": 5, "basis": 9, "rounding": 15}


def test_article_4711_changes_its_price_on_the_daylight_saving_midnight(world):
    listed = world.listings.filter(pc.equal(world.listings["sku"], "4711"))
    keys = set(zip(listed["system"].to_pylist(), listed["key"].to_pylist(), strict=True))
    rows = [row for row in world.prices.to_pylist() if (row["system"], row["listing_key"]) in keys]
    amounts = {(r["system"], r["price_list"], r["kind"]): str(r["amount"]) for r in rows}
    assert amounts == {
        ("odoo", "retail_czk", "regular"): "19.99",
        ("odoo", "online_eur", "regular"): "16.52",
        ("pos", "retail_czk", "regular"): "17.99",
        ("pos", "retail_czk", "promotion"): "14.99",
        ("shopify", "online_eur", "regular"): "16.52",
    }
    started = {str(r["valid_from_at"]) for r in rows if r["system"] == "odoo"}
    assert started == {"2026-03-28 23:00:00"}
    promotions = [r for r in rows if r["kind"] == "promotion"]
    windows = {(str(r["valid_from_at"]), str(r["valid_to_at"])) for r in promotions}
    assert windows == {("2026-03-29 10:00:00", "2026-03-29 16:00:00")}
    assert len({r["store_code"] for r in promotions}) == 6
