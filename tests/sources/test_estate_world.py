"""The simulated retailer's tables: shapes, determinism, and that keys fit together."""

import hashlib

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sources.estate.tables import SCHEMAS
from sources.estate.world import PROFILES, generate


@pytest.fixture(scope="module")
def world():
    return generate("retailer10")


def digest(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()


def keys(table: pa.Table, system: str) -> set[str]:
    return set(table.filter(pc.equal(table["system"], system))["key"].to_pylist())


def test_every_table_has_its_declared_shape(world):
    assert {name: getattr(world, name).schema for name in SCHEMAS} == SCHEMAS


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    first, again, other = generate("retailer2"), generate("retailer2"), generate("retailer2", seed=8)
    for name in SCHEMAS:
        assert digest(getattr(first, name)) == digest(getattr(again, name)), name
    assert digest(first.appearances) != digest(other.appearances)


def test_the_demo_retailer_has_the_promised_size(world):
    assert len(set(world.appearances["person_id"].to_pylist())) == PROFILES["retailer10"].customers == 20_000
    assert 34_000 <= world.appearances.num_rows <= 36_000
    assert world.variants.num_rows == 3_000
    assert 1_150 <= world.templates.num_rows <= 1_250
    assert world.stores.num_rows == 10


@pytest.mark.parametrize("name", ["appearances", "listings"])
def test_no_key_of_a_system_names_two_records(world, name):
    table = getattr(world, name)
    named = list(zip(table["system"].to_pylist(), table["key"].to_pylist(), strict=True))
    assert len(set(named)) == len(named)


def test_no_price_key_of_a_system_names_two_prices(world):
    named = list(zip(world.prices["system"].to_pylist(), world.prices["key"].to_pylist(), strict=True))
    assert len(set(named)) == len(named)


@pytest.mark.parametrize(
    ("table", "column", "target", "system"),
    [
        ("receipts", "customer_key", "appearances", "pos"),
        ("receipt_lines", "listing_key", "listings", "pos"),
        ("orders", "customer_key", "appearances", "shopify"),
        ("order_lines", "listing_key", "listings", "shopify"),
        ("charges", "customer_key", "appearances", "stripe"),
        ("loyalty", "customer_key", "appearances", "voucherify"),
    ],
)
def test_every_reference_leads_somewhere(world, table, column, target, system):
    referred = set(getattr(world, table)[column].drop_null().to_pylist())
    assert referred
    assert referred <= keys(getattr(world, target), system)


def test_every_price_belongs_to_a_listing_of_its_system(world):
    for system in ("odoo", "pos", "shopify"):
        rows = world.prices.filter(pc.equal(world.prices["system"], system))
        assert set(rows["listing_key"].to_pylist()) <= keys(world.listings, system)


def test_receipts_add_up_to_their_lines(world):
    lines = world.receipt_lines.group_by("receipt_key").aggregate([("total_amount", "sum")])
    sums = dict(zip(lines["receipt_key"].to_pylist(), lines["total_amount_sum"].to_pylist(), strict=True))
    heads = dict(zip(world.receipts["key"].to_pylist(), world.receipts["total_amount"].to_pylist(), strict=True))
    assert sums == heads


def test_nothing_happens_in_the_future(world):
    now = world.now.replace(tzinfo=None)
    for name in ("appearances", "listings", "prices", "receipts", "orders", "charges", "loyalty"):
        assert pc.max(getattr(world, name)["updated_at"]).as_py() <= now, name


def test_every_store_sold_something_in_the_last_quarter_of_an_hour(world):
    latest = world.receipts.group_by("store_code").aggregate([("sold_at", "max")])
    ages = [(world.now.replace(tzinfo=None) - at).total_seconds() for at in latest["sold_at_max"].to_pylist()]
    assert len(ages) == 10
    assert max(ages) < 15 * 60


def test_receipt_numbers_start_again_each_day_at_each_till(world):
    rows = world.receipts.select(["store_code", "till", "number", "sold_at"]).to_pylist()
    series: dict[tuple, list[int]] = {}
    for row in rows:
        series.setdefault((row["store_code"], row["till"], row["sold_at"].date()), []).append(row["number"])
    assert all(sorted(numbers) == list(range(1, len(numbers) + 1)) for numbers in series.values())


def test_names_come_in_latin_cyrillic_and_greek(world):
    names = " ".join(name for name in world.appearances["full_name"].to_pylist() if name)
    assert any("а" <= letter <= "я" for letter in names)
    assert any("α" <= letter <= "ω" for letter in names)
    assert {"ř", "ß", "ł", "ễ"} <= set(names)


def test_tills_write_latin_letters_only(world):
    tills = world.appearances.filter(pc.equal(world.appearances["system"], "pos"))
    letters = set("".join(name or "" for name in tills["last_name"].to_pylist()))
    assert max(letters) < "Ͱ" or all(not "Ͱ" <= letter <= "ӿ" for letter in letters)
