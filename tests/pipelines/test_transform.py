"""From landing to publish in one build: what survives, what is kept beside it, what is refused; and twice the same."""

import json
import re
import shutil
from decimal import Decimal

import dagster as dg
import duckdb
import pytest

from pipelines import exports, ledger, trained, transform
from pipelines.resources import Settings
from pipelines.unheard import reading_both, unheard_models
from sources.contract import load_contracts
from tests.matching.test_trained import WEIGHTS
from tests.pipelines.small_landing import land
from tests.pipelines.small_retailer import (
    land_customers,
    land_prices,
    land_products,
    odoo_partner,
    write_receipts,
)

HEARD = {"odoo", "pos", "shopify", "stripe"}


class Built:
    """A built home: its exports as SQL tables by file name."""

    def __init__(self, home):
        self.settings = Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")

    def build(self):
        self.result = transform.build(self.settings)
        self.rows = exports.export(self.settings)
        return self

    def ask(self, query):
        with duckdb.connect() as connection:
            for path in self.settings.exports.glob("*/*.parquet"):
                connection.execute(f"create view {path.stem} as select * from read_parquet('{path}')")
            return connection.execute(query).fetchall()

    def one(self, query):
        (row,) = self.ask(query)
        return row


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    home = tmp_path_factory.mktemp("retailer")
    for part in (land_customers, land_products, land_prices):
        part(home / "landing")
    return Built(home).build()


def provenance(built, attribute, value):
    return built.one(
        f"""
        select told.record_id, told.rule, told.losing_values
        from golden_customers__provenance as told
        where attribute = '{attribute}' and value = '{value}'
        """
    )


@pytest.mark.usefixtures("dbt_of_its_own")
def test_an_empty_landing_builds_to_empty_tables_and_leaves_no_temporary_file(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    rows = Built(tmp_path).build().rows
    assert list(scratch.rglob("*")) == []
    assert rows["golden/golden_customers"] == 0
    assert rows["publish/publish_odoo__res_partner"] == 0
    assert set(rows.values()) == {0}


def test_every_node_of_the_build_succeeds(built):
    assert set(built.result.counts) <= {"success", "pass", "no-op"}


def test_a_system_that_never_landed_anything_costs_no_model_and_no_test_but_its_own(built):
    target = built.settings.home / "dbt"
    manifest = json.loads((target / "manifest.json").read_bytes())
    ran = {result["unique_id"] for result in json.loads((target / "run_results.json").read_bytes())["results"]}
    idle = {key for key, node in manifest["nodes"].items() if node["resource_type"] == "model"} - ran
    silent = set(load_contracts()) - HEARD
    assert "zendesk" in silent
    named = re.compile(rf"(stg|conformed_\w+_)_({'|'.join(silent)})(__\w+)?")
    assert {key.split(".")[-1] for key in idle} == {
        node["name"] for node in manifest["nodes"].values() if named.fullmatch(node["name"])
    }
    for key, node in manifest["nodes"].items():
        if node["resource_type"] == "test":
            assert key in ran or set(node["depends_on"]["nodes"]) <= idle, key


def test_a_model_is_made_although_its_system_never_landed_if_more_than_a_union_reads_it(built):
    manifest = json.loads((built.settings.home / "dbt" / "manifest.json").read_bytes())
    left_out = unheard_models(manifest, {"ledger", "shopify"})
    assert "conformed_customers__pos" in left_out
    assert "stg_pos__customers" in left_out
    assert "stg_pos__stores" not in left_out
    assert "stg_odoo__partners" not in left_out
    assert not [name for name in left_out if "shopify" in name or "published" in name]


def test_a_test_is_left_out_with_a_silent_model_that_it_reads_beside_others():
    reads = {"alone": ["silent"], "both": ["silent", "heard"], "other": ["heard"]}
    nodes = {
        f"test.assay.{name}": {
            "name": name,
            "resource_type": "test",
            "depends_on": {"nodes": [f"model.assay.{each}" for each in models]},
        }
        for name, models in reads.items()
    }
    assert reading_both({"nodes": nodes}, ["silent"]) == ["both"]


def test_a_build_of_what_changed_leaves_out_what_was_learnt_once_it_is_kept_and_what_only_receipts_change(
    built, tmp_path
):
    manifest = json.loads(transform.parsed(built.settings).read_bytes())
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    assert transform.spared(settings, manifest, ["ledger/receipts"]) == ["config.materialized:view"]
    trained.keep(ledger.open_ledger(settings.ledger_url), "customers", {"weights": WEIGHTS}, "run-1", "test")
    learnt = ["matched_customers__model", "matched_customers__vocabulary"]
    assert transform.spared(settings, manifest, ["ledger/receipts"])[1:] == learnt
    assert sorted(transform.spared(settings, manifest, ["pos/sales"])[1:]) == sorted(
        [*learnt, "matched_customers__originals"]
    )


def test_a_part_of_the_build_job_makes_what_is_asked_of_it_with_its_checks_and_nothing_of_an_unheard_system(
    built, tmp_path, monkeypatch
):
    shutil.copytree(built.settings.home, tmp_path / "home")
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "home"))
    from pipelines.definitions import defs

    def ran(*names):
        chosen = [dg.AssetKey([name]) for name in names]
        return defs.resolve_job_def("build").execute_in_process(asset_selection=chosen, raise_on_error=False)

    done = ran("calling_codes")
    assert [event.asset_key.path[-1] for event in done.get_asset_materialization_events()] == ["calling_codes"]
    assert [(check.asset_key.path[-1], check.passed) for check in done.get_asset_check_evaluations()] == [
        ("calling_codes", True)
    ]
    nothing = ran("conformed_customers__zendesk")
    assert nothing.success
    assert nothing.get_asset_materialization_events() == []


def test_systems_that_know_one_person_make_one_customer(built):
    assert built.one("select system_count from golden_customers where email = 'anna@posta.example'") == (4,)


def test_a_value_comes_with_its_record_its_rule_and_what_lost(built):
    record_id, rule, losers = provenance(built, "full_name", "Anna Nováková")
    assert (record_id, rule) == ("odoo:11", "source order")
    assert {loser["value"]: loser["why"] for loser in json.loads(losers)} == {
        "Anna Novakova": "less trusted source",
        "ANNA NOVAKOVA": "less trusted source",
    }


def test_the_address_of_the_store_is_nobodys_email(built):
    assert built.ask("select * from golden_customers__provenance where value like 'noemail%'") == []


def test_an_address_survives_whole_and_is_not_mixed(built):
    assert built.one("select street, city, zip from golden_customers where email = 'petr@posta.example'") == (
        "Nová 1",
        "Brno",
        None,
    )


def test_a_late_version_does_not_replace_a_newer_one(built):
    assert built.ask("select email from golden_customers where full_name = 'Eva Stará'") == [("eva.new@posta.example",)]


def test_what_waits_says_why_and_what_to_do(built):
    reasons = dict(
        built.ask("select record_id, reason from golden_customers__rejected where record_id like 'shopify%'")
    )
    assert reasons == {"shopify:7002": "no usable name", "shopify:7005": "deleted at its source"}
    assert all(remedy for (remedy,) in built.ask("select remedy from golden_customers__rejected"))


def test_the_masked_view_names_nobody(built):
    rows = built.ask("select full_name, email, phone from golden_customers__masked where email is not null")
    assert rows
    assert not {"anna@posta.example", "+420601000001", "Anna Nováková"} & {value for row in rows for value in row}


def test_a_variant_takes_each_value_from_the_system_trusted_with_it(built):
    assert built.one("select sku, gtin14, weight_g from golden_products__variants where sku = 'SKU-1'") == (
        "SKU-1",
        "08590000000015",
        200,
    )


def test_a_wrong_check_digit_costs_the_barcode_and_not_the_product(built):
    assert built.one("select gtin14 from golden_products__variants where sku = 'CAP-1'") == (None,)
    assert built.one("select attribute, reason from golden_products__rejected where record_id = 'pos:100002'") == (
        "gtin14",
        "wrong check digit",
    )


def test_a_price_stands_as_net_tax_and_gross(built):
    assert built.one(
        "select amount, net_amount, tax_amount, gross_amount from golden_prices where price_list = 'online_eur'"
    ) == tuple(map(Decimal, ("16.5200", "16.5200", "3.1400", "19.6600")))


def test_channels_that_disagree_become_exceptions_with_a_cause(built):
    found = built.ask("select record_id, cause, hint from golden_prices__exceptions order by record_id")
    assert found == [
        ("pos:P1", "late", None),
        ("shopify:4401", "wrong", "tax included where it should not be"),
    ]


def test_a_stores_own_promotion_stands_beside_the_price_of_the_chain(built):
    stores = built.ask("select amount, kind from golden_prices where store_code = 'S001'")
    assert stores == [(Decimal("14.9900"), "promotion")]


def test_prices_that_cannot_be_are_refused_with_the_reason(built):
    reasons = dict(built.ask("select record_id, reason from golden_prices__rejected"))
    assert reasons == {
        "pos:P3": "price is not positive",
        "pos:P4": "no such variant",
        "pos:P5": "window is inverted",
    }


def test_a_publish_row_names_the_odoo_record_and_the_stores_it_rests_on(built):
    odoo_id, units, record_ids, name = built.one(
        "select odoo_id, units, record_ids, name from publish_odoo__res_partner where email = 'anna@posta.example'"
    )
    assert (odoo_id, name) == (11, "Anna Nováková")
    assert units == ["odoo", "shopify"]
    assert record_ids == ["odoo:11", "shopify:7001"]


def test_only_chain_prices_that_odoo_does_not_contradict_are_published(built):
    rows = built.ask(
        "select odoo_id, pricelist_id, fixed_price, date_start from publish_odoo__product_pricelist_item order by 3"
    )
    assert rows == [
        (2, "Online EUR", 16.52, None),
        (1, "Retail CZK", 19.99, "2026-03-28 23:00:00"),
        (None, "Retail CZK", 99.0, "2026-01-01 00:00:00"),
    ]


def test_the_unit_tests_beside_the_models_pass(built):
    manifest = json.loads((built.settings.home / "dbt" / "manifest.json").read_bytes())
    transform.run_dbt(
        built.settings, "run", "--select", *unheard_models(manifest, {"ledger", "odoo", "pos", "shopify"})
    )
    counts = transform.run_dbt(built.settings, "test", "--select", "test_type:unit").counts
    assert counts["pass"] >= 6
    assert set(counts) == {"pass"}


def test_building_again_elsewhere_gives_the_same_bytes(built, tmp_path):
    home = built.settings.home
    shutil.copytree(home / "landing", tmp_path / "landing")
    again = Built(tmp_path).build()
    assert again.rows == built.rows
    for name in built.rows:
        path = f"exports/{name}.parquet"
        assert (home / path).read_bytes() == (tmp_path / path).read_bytes(), name


def test_an_echo_is_no_evidence_a_correction_in_odoo_is_and_what_was_undone_is_odoos_own(built, tmp_path):
    """Both partners were given an e-mail address: the first still has it, a person corrected the second. The telephone
    of the second was published and undone."""
    shutil.copytree(built.settings.home / "landing", tmp_path / "landing")
    changed = [
        ("11", "2026-03-20T10:00", odoo_partner(11, "Nováková, Anna", email="anna@posta.example", vat="CZ12345678")),
        ("13", "2026-03-21T10:00", odoo_partner(13, "Petr Malý", email="petr.maly@posta.example", phone="601000003")),
    ]
    land(tmp_path / "landing", "odoo", "partners", changed, load=9)
    home = Built(tmp_path)
    write_receipts(
        home.settings,
        (11, "email", False, "anna@posta.example"),
        (11, "vat", False, "CZ12345678"),
        (13, "email", False, "petr@posta.example"),
    )
    write_receipts(home.settings, (13, "phone", "+420601000099", "601000003"), kind="undo")
    home.build()
    assert provenance(home, "email", "anna@posta.example")[0] == "shopify:7001"
    assert home.ask("select * from golden_customers__provenance where attribute = 'vat'") == []
    assert provenance(home, "email", "petr.maly@posta.example")[:2] == ("odoo:13", "correction by a person in Odoo")
    assert provenance(home, "phone", "+420601000003")[0] == "odoo:13"


def test_receipts_of_another_odoo_say_nothing_about_this_one(tmp_path):
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    write_receipts(settings, (11, "email", False, "test@posta.example"), target="a-test-database")
    write_receipts(settings, (12, "email", False, "real@posta.example"), target="the-real-one")
    exported = transform.export_receipts(settings)
    assert duckdb.execute(f"select odoo_id, run_kind, after from '{exported}'").fetchall() == [
        (12, "apply", '"real@posta.example"')
    ]


def test_receipts_are_carried_out_again_when_there_are_new_ones(tmp_path):
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    write_receipts(settings, (11, "email", False, "one@posta.example"), run="first")
    exported = transform.export_receipts(settings)
    written = exported.stat().st_mtime_ns
    assert transform.export_receipts(settings).stat().st_mtime_ns == written
    write_receipts(settings, (12, "email", False, "two@posta.example"), run="second")
    ids = duckdb.execute(f"select odoo_id from '{transform.export_receipts(settings)}' order by all").fetchall()
    assert ids == [(11,), (12,)]


def test_a_failing_test_names_itself_and_no_value(built, tmp_path):
    shutil.copytree(built.settings.home / "landing", tmp_path / "landing")
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    with pytest.raises(transform.BuildFailed, match="dbt stopped before it ran a model"):
        transform.build(settings, "no_such_model:")


def test_a_build_that_nobody_waits_for_any_more_ends_and_the_next_one_makes_all(built, tmp_path):
    shutil.copytree(built.settings.home / "landing", tmp_path / "landing")
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")

    def stop(event):
        if "matched_customers__normalised" in event["info"]["msg"]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transform.build(settings, on_event=stop)
    with duckdb.connect(str(settings.warehouse)) as warehouse:
        made = warehouse.execute("select table_name from information_schema.tables").fetchall()
    assert ("golden_customers",) not in made
    transform.build(settings)
    assert exports.export(settings) == built.rows


def test_the_export_of_a_table_that_is_gone_goes_too(built, tmp_path):
    shutil.copytree(built.settings.home, tmp_path / "home")
    settings = Settings(tmp_path / "home", "test", built.settings.ledger_url)
    stale = settings.exports / "golden" / "golden_nothing.parquet"
    shutil.copyfile(settings.exports / "golden" / "golden_prices.parquet", stale)
    assert exports.export(settings) == built.rows
    assert not stale.exists()


def test_the_docs_are_one_file_that_describes_every_golden_column(built, tmp_path):
    page = transform.docs(built.settings, tmp_path / "docs.html").read_text()
    assert "golden_customers__provenance" in page
    assert "JSON list of the values that differ and lost" in page
    assert 'src="http' not in page
