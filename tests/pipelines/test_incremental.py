"""Cost follows change: what a build makes of the changes alone is what it makes of everything, byte for byte."""

import json
import os
import random
import re
import shutil
import sqlite3
from datetime import datetime, timedelta

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines import changes, exports, transform
from pipelines.matching import declared
from pipelines.resources import Settings
from tests.matching.conftest import population
from tests.pipelines.small_catalogue import Catalogue, land_catalogue
from tests.pipelines.small_landing import land
from tests.pipelines.small_retailer import (
    land_prices,
    odoo_partner,
    shopify_customer,
    till_customer,
    write_receipts,
)

STEPS = int(os.environ.get("ASSAY_TEST_STEPS", "2"))
BEGUN = datetime(2026, 3, 20)
MANY = 730


class Shop:
    """A home whose landing grows step by step, and what its records say now."""

    def __init__(self, home):
        self.settings = Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")
        self.records, self.loads, self.catalogue = {}, 0, Catalogue(random.Random(3))

    def land(self, changed):
        """One load per system of `changed`: record id to the person it says, None for gone."""
        self.loads += 1
        at = (BEGUN + timedelta(hours=self.loads)).isoformat()
        for system, stream, wire in (
            ("pos", "customers", till),
            ("shopify", "customers", online),
            ("odoo", "partners", partner),
        ):
            rows = [
                (record_id.partition(":")[2], at, person and wire(record_id.partition(":")[2], person))
                for record_id, person in sorted(changed.items())
                if record_id.startswith(system)
            ]
            if rows:
                land(self.settings.landing, system, stream, rows, load=self.loads)
        self.records |= changed

    def build(self):
        result = transform.build(self.settings)
        exports.export(self.settings, result)
        return result

    def due(self):
        return changes.find(self.settings, transform.DBT_PROJECT).news

    def files(self):
        return [path for layer in exports.LAYERS for path in sorted((self.settings.exports / layer).glob("*.parquet"))]

    def exports(self, in_parts=()):
        """The bytes of every exported table, of those `in_parts` the rows."""
        return {path.stem: rows(path) if path.stem in in_parts else path.read_bytes() for path in self.files()}

    def in_parts(self):
        """The tables whose changes stand beside them."""
        return {path.stem for path in self.files() if exports.since(path).exists()}

    def prices(self):
        """The golden prices that Odoo is given rules for."""
        rules = self.settings.exports / "publish" / "publish_odoo__product_pricelist_item.parquet"
        return pq.read_table(rules)["golden_id"].to_pylist()

    def elsewhere(self, home):
        """The same landing and ledger in another home, with no warehouse."""
        shutil.copytree(self.settings.landing, home / "landing")
        with sqlite3.connect(self.settings.home / "ledger.db") as mine, sqlite3.connect(home / "ledger.db") as copy:
            mine.backup(copy)
        return Shop(home)


def rows(path):
    return duckdb.execute(f"from {exports.relation(path)} order by all").fetchall()


def till(key, person):
    kept = ("first_name", "last_name", "company_name", "email", "phone", "street", "city", "zip", "birth_on")
    return till_customer(key, country_code="CZ", **{name: person.get(name) for name in kept})


def online(key, person):
    address = {"address1": person["street"], "city": person["city"], "zip": person["zip"]} if person["street"] else {}
    return shopify_customer(person["first_name"], person["last_name"], person["email"], person["phone"], **address)


def partner(key, person):
    name = f"{person['first_name'] or ''} {person['last_name'] or ''}".strip() or person["company_name"] or "?"
    said = {name: person[name] or False for name in ("email", "phone", "street", "city", "zip")}
    return odoo_partner(int(key), name, **said)


CHAIN = declared("customers")["cluster"]["max_component"] + 4


def chain():
    """More records than a component may have: each shares its mailbox with the one before, its number with the next."""
    blank = dict.fromkeys(("company_name", "street", "city", "zip", "birth_on"))
    return {
        f"pos:K{n:03}": blank
        | {"first_name": "Věroslav", "last_name": "Kazatelovec"}
        | {"email": f"vk{(n + 1) // 2 * 7919}@posta.example", "phone": f"+4207395{n // 2:05}"}
        for n in range(CHAIN)
    }


PEOPLE = """
Bořek Umlauf, Citrad Zbořil, Ferda Wágner, Hynek Hlaváč, Ignác Tichý, Jonáš Pecka, Kvido Robl, Lumír Mikš, Nora Fojtů,
Oskar Okáč, Prokop Ježek, Radim Adamec, Sáva Sluka
"""
HOME = next(rule["cap"] for rule in declared("customers")["blocks"]["rules"] if rule["name"] == "home")


def house():
    """As many people at one address as still are compared for it, the last of them one too many.

    Each has a record of another home too, which another block finds.
    """
    blank = dict.fromkeys(("company_name", "phone", "birth_on"))
    there, elsewhere = ("Pamětní 71", "60971"), ("Daleká 5", "30100")
    named = [dict(zip(("first_name", "last_name"), person.split(), strict=True)) for person in PEOPLE.split(",")]
    return {
        f"pos:H{n:02}{place[1]}": blank
        | named[n]
        | {"city": "Kouty"}
        | {"email": f"h{n * 7907}@posta.example", "street": place[0], "zip": place[1]}
        for n in range(HOME + 1)
        for place in (there, elsewhere if n < HOME else there)
    }


def compared_people_of_the_house(shop):
    """How many pairs of records of the house are compared: within it, and with those of another home."""
    with duckdb.connect(str(shop.settings.warehouse), read_only=True) as warehouse:
        return warehouse.execute("""
            with people as (
                select record_no, record_id like '%60971' as there
                from matched.matched_customers__evidence
                where record_id like 'pos:H%'
            )
            select count(*) filter (l.there and r.there), count(*) filter (l.there <> r.there)
            from matched.matched_customers__comparisons
            join people as l on left_no = l.record_no
            join people as r on right_no = r.record_no
        """).fetchone()


def compared(shop):
    """The pairs of customers that are compared."""
    with duckdb.connect(str(shop.settings.warehouse), read_only=True) as warehouse:
        return set(warehouse.execute("select left_no, right_no from matched.matched_customers__comparisons").fetchall())


def has_many(shop):
    """Whether the customers are so many that weak rules have lower caps."""
    with duckdb.connect(str(shop.settings.warehouse), read_only=True) as warehouse:
        return warehouse.execute("select count(*) from matched.matched_customers__evidence").fetchone()[0] >= MANY


def records_with_a_year(shop):
    """How many customers a rule for few records compares by their year of birth."""
    rule = [rule["name"] for rule in declared("customers")["blocks"]["rules"]].index("year of birth")
    with duckdb.connect(str(shop.settings.warehouse), read_only=True) as warehouse:
        blocks = f"select count(*) from matched.matched_customers__blocks where rule = {rule}"
        return warehouse.execute(blocks).fetchone()[0]


def links_out_of_components(shop):
    """How many likely pairs of the chain lie in two components, because one would be too large."""
    with duckdb.connect(str(shop.settings.warehouse), read_only=True) as warehouse:
        return warehouse.execute(f"""
            with seats as (from matched.matched_customers__components where record_id like 'pos:K%')
            select count(*) from matched.matched_customers__scores
            join seats as l on left_no = l.record_no
            join seats as r on right_no = r.record_no
            where bits > {declared("customers")["cluster"]["start_bits"]} and l.component_no <> r.component_no
        """).fetchone()[0]


def a_change(shop, draw, step=0):
    """Some people move, take another's number or name, appear again with a slip, or go; a store's dummy comes up.

    The end of the chain goes and comes by turns, and with it what the rest of the chain is; who is one too many in the
    house comes and goes.
    """
    living = sorted(key for key, person in shop.records.items() if person and key[4] not in "HK")
    end, extra = list(chain().items())[-10:], list(house().items())[-1:]
    come, go = (end, extra) if step % 2 else (extra, end)
    changed = dict(come) | dict.fromkeys(key for key, _ in go)
    for record_id in draw.sample(living, 6):
        other = shop.records[draw.choice(living)]
        what = draw.choice(["email", "phone", "last_name", "street"])
        changed[record_id] = shop.records[record_id] | {what: other[what]}
    for n in range(4):
        source = shop.records[draw.choice(living)]
        system = draw.choice(["pos", "shopify", "odoo"])
        slip = {"last_name": (source["last_name"] or "x")[:-1], "email": draw.choice([source["email"], None])}
        changed[f"{system}:9{shop.loads:03}{n}"] = source | slip
    changed |= dict.fromkeys(draw.sample(living, 3))
    changed["pos:C90000"] = shop.records[living[0]] | {"email": "noreply@posta.example"}
    return changed


def publish(shop, draw, load):
    """Some partners and variants are written to in Odoo, and say what they say because of that; a rule gets a price."""
    partners = sorted(key for key, person in shop.records.items() if person and key.startswith("odoo"))
    variants = sorted(key for key, row in shop.catalogue.said["odoo", "product_variants"].items() if row)
    written = [
        (int(key.removeprefix("odoo:")), "email", "old@posta.example", shop.records[key]["email"])
        for key in draw.sample(partners, 3)
    ]
    write_receipts(shop.settings, *written, run=f"partners {shop.loads}")
    written = [
        (int(key), "barcode", False, shop.catalogue.said["odoo", "product_variants"][key]["barcode"])
        for key in draw.sample(variants, 3)
    ]
    write_receipts(shop.settings, *written, of="product_product", run=f"variants {shop.loads}")
    rules = shop.catalogue.said["odoo", "pricelist_items"]
    rule = draw.choice(sorted(key for key, row in rules.items() if row))
    rules[rule] = rules[rule] | {"x_assay_id": draw.choice(shop.prices())}
    land_catalogue(shop.settings.landing, {("odoo", "pricelist_items"): {rule: rules[rule]}}, load)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A shop of so many records that weak rules have lower caps and those for few none, and by turns of fewer."""
    project = tmp_path_factory.mktemp("project") / "dbt_project"
    shutil.copytree(transform.DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    said = project / "matching" / "customers.yml"
    rules = re.sub(r"\bmany: \d+", f"many: {MANY}", said.read_text(), count=1)
    rules = re.sub(r"\bup_to: \d+", "up_to: 1", re.sub(r"cap_of_many: \d+", "cap_of_many: 1", rules))
    rules = re.sub(r"(name: year of birth, up_to): 1", rf"\1: {2 * MANY - 1}", rules)
    said.write_text(rules.replace("few_until: 2", "few_until: 0.5"))
    with pytest.MonkeyPatch.context() as short:
        short.setattr(exports, "LONG", 1)
        short.setattr(transform, "DBT_PROJECT", project)
        yield built(Shop(tmp_path_factory.mktemp("shop")))


def built(shop):
    land_prices(shop.settings.landing)
    land_catalogue(shop.settings.landing, shop.catalogue.said, 2)
    crowd = [person for person in population() if person["system"] in ("pos", "shopify", "odoo")]
    shop.land({person["record_id"]: person for person in crowd} | chain() | dict(list(house().items())[:-1]))
    shop.build()
    return shop


def test_a_sequence_of_changes_gives_the_bytes_of_a_full_build(shop, tmp_path):
    draw, in_parts_once, sides = random.Random(5), set(), set()
    for step in range(STEPS):
        shop.land(a_change(shop, draw, step))
        if step % 2 == 0:
            land_catalogue(shop.settings.landing, shop.catalogue.change(shop.prices()), 3 + step)
        else:
            publish(shop, draw, 3 + step)
        assert ("pos/articles" in shop.due()) == (step % 2 == 0)
        result = shop.build()
        assert "error" not in result.counts
        sides.add((has_many(shop), records_with_a_year(shop) > 0))
        assert (links_out_of_components(shop) > 0) == (step % 2 == 1)
        within, across = compared_people_of_the_house(shop)
        assert (within == HOME * (HOME - 1) // 2, across) == (step % 2 == 1, HOME)
        assert "assert_every_record_is_golden_or_rejected" in result.seconds_by_model
        whole = shop.elsewhere(tmp_path / str(step))
        assert whole.due() is None
        whole.build()
        assert compared(shop) == compared(whole)
        in_parts = shop.in_parts()
        in_parts_once |= in_parts
        mine, others = shop.exports(in_parts), whole.exports(in_parts)
        assert mine.keys() == others.keys()
        assert [name for name in mine if mine[name] != others[name]] == []
    assert sides == {(True, False), (False, True)}, "rules for few or many records held throughout"
    assert any(name.endswith("__provenance") for name in in_parts_once), "some tables were never written whole"
    exports.export(shop.settings)
    assert shop.in_parts() == set()
    assert shop.exports() == whole.exports()


def test_of_a_long_table_a_build_writes_what_changed_until_that_is_much(shop, monkeypatch):
    shop.build()
    exports.export(shop.settings)
    path = shop.settings.exports / "golden" / "golden_customers__provenance.parquet"
    file, before = path.read_bytes(), rows(path)
    for street in ("Nová 1", "Nová 2"):
        shop.land({"pos:C000001": shop.records["pos:C000001"] | {"street": street, "city": "Brno", "zip": "60200"}})
        shop.build()
        assert path.read_bytes() == file
        assert street in {row[2] for row in rows(path)}
    exports.since(path).unlink()
    shop.build()
    differing = set(before) ^ set(rows(path))
    assert 0 < len(differing) < 0.1 * len(before)
    shutil.copyfile(path, copy := path.with_name("another.parquet"))
    shutil.copyfile(exports.since(path), exports.since(copy))
    shutil.copyfile(path.with_name("golden_customers.parquet"), copy)
    assert rows(copy) == rows(path.with_name("golden_customers.parquet")), "changes of another file are none of its own"
    copy.unlink()
    now = rows(path)
    monkeypatch.setattr(exports, "FEW", 0.0)
    shop.land({"pos:C000001": shop.records["pos:C000001"] | {"street": "Nová 3"}})
    shop.build()
    assert not exports.since(path).exists()
    assert len(set(now) ^ set(rows(path))) > 0


def test_rules_that_were_edited_while_everything_was_built_are_not_taken_for_built(shop, monkeypatch, tmp_path):
    shop.build()
    project = tmp_path / "dbt_project"
    shutil.copytree(transform.DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    with duckdb.connect(str(shop.settings.warehouse)) as warehouse:
        kept = warehouse.execute("select content from complete.build").fetchone()[0]
    changes.begin(shop.settings)
    due = changes.find(shop.settings, project)
    assert due.news is None
    seed = project / "seeds" / "survivorship.csv"
    said = seed.read_text()
    seed.write_text(said.replace("odoo", "shopify", 1))
    changes.end(shop.settings, due, project, {"one": "success"}, part=False)
    assert changes.find(shop.settings, project).news is None
    seed.write_text(said)
    assert changes.find(shop.settings, project).news == {}
    with duckdb.connect(str(shop.settings.warehouse)) as warehouse:
        warehouse.execute("update complete.build set content = ?", [kept])


def test_a_build_of_nothing_new_runs_nothing_and_another_rule_runs_everything(shop, monkeypatch, tmp_path):
    assert shop.due() == {}
    assert shop.build().counts == {}
    project = tmp_path / "dbt_project"
    shutil.copytree(transform.DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    monkeypatch.setattr(transform, "DBT_PROJECT", project)
    assert shop.due() == {}
    decision = "customers,pos:C000001,pos:C000002,must,a steward,seen both,2026-03-21\n"
    overrides = project / "seeds" / "match_overrides.csv"
    overrides.write_text(overrides.read_text() + decision)
    assert shop.due() is None


def test_a_load_that_was_rewritten_or_a_build_that_did_not_end_is_no_ground_to_build_on(shop):
    load = next(path for path in sorted((shop.settings.landing / "pos" / "customers").glob("*.parquet")))
    seen = load.stat()
    os.utime(load, ns=(seen.st_atime_ns, seen.st_mtime_ns + 1))
    assert shop.due() is None
    os.utime(load, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert shop.due() == {}
    with duckdb.connect(str(shop.settings.warehouse)) as warehouse:
        kept = warehouse.execute("select content from complete.build").fetchone()[0]
    changes.begin(shop.settings)
    assert shop.due() is None
    with duckdb.connect(str(shop.settings.warehouse)) as warehouse:
        warehouse.execute("create schema complete; create table complete.build as select ? as content", [kept])
    assert shop.due() == {}


def test_exports_that_a_killed_build_never_wrote_come_with_the_next(shop):
    shop.land(a_change(shop, random.Random(7)))
    transform.build(shop.settings)
    before = shop.exports()
    shop.build()
    assert shop.exports() != before


def test_a_test_that_failed_is_remembered_until_it_passes(shop):
    due = changes.find(shop.settings, transform.DBT_PROJECT)
    for became, failed in (
        ({"one": "fail", "other": "pass"}, ["one"]),
        ({"other": "pass"}, ["one"]),
        ({"one": "pass"}, []),
    ):
        changes.begin(shop.settings)
        changes.end(shop.settings, due, transform.DBT_PROJECT, became, part=False)
        due = changes.find(shop.settings, transform.DBT_PROJECT)
        assert due.failed == failed


@pytest.mark.parametrize(
    ("changed", "whole"), [("true", []), ("false", ["is_key_conformed_customers_record_id"])], ids=["changed", "failed"]
)
def test_a_key_that_an_old_row_has_too_is_found_where_the_new_row_is_all_that_is_looked_at(
    shop, tmp_path, changed, whole
):
    home = shop.elsewhere(tmp_path).settings
    shutil.copyfile(shop.settings.warehouse, home.warehouse)
    with duckdb.connect(str(home.warehouse)) as warehouse:
        one = "select * from conformed.conformed_customers order by record_id limit 1"
        warehouse.execute(f"insert into conformed.conformed_customers {one}")
        warehouse.execute("create schema changed")
        warehouse.execute(f"create table changed.conformed_customers as select record_id from ({one}) where {changed}")
    said = json.dumps({"new_files": {}, "tested_whole": whole})
    with pytest.raises(transform.BuildFailed, match="is_key_conformed_customers_record_id: fail, 1 rows"):
        transform.run_dbt(home, "test", "--select", "is_key_conformed_customers_record_id", "--vars", said)


def test_a_system_that_is_heard_for_the_first_time_is_ground_for_a_build_of_everything(shop):
    shop.build()
    assert shop.due() == {}
    user = {"name": "Eva Nová", "email": "eva@posta.example", "role": "end-user"}
    land(shop.settings.landing, "zendesk", "users", [("1", BEGUN.isoformat(), user)])
    assert shop.due() is None
