"""The Shopify connector against its stand-in, and both against the vendor's own schemas."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import tarfile
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import uvicorn
from graphql import (
    build_client_schema,
    build_schema,
    execute,
    get_named_type,
    is_input_type,
    is_object_type,
    parse,
    validate,
)

from sources.contract import load_contracts
from sources.errors import BadCredentials, MissingScope, RepeatingCursor, SourceError
from sources.estate.faults import Faults
from sources.estate.state import list_objects, open_state, put
from sources.estate.world import generate
from sources.records import Window
from sources.shopify import connector, fake, fake_query, fake_schema, queries

# The vendor ships every live version's schema in this package.
PACKAGE, PACKAGE_VERSION = "@shopify/dev-mcp", "1.16.0"
NOW = datetime(2026, 3, 29, 15, tzinfo=UTC)
EVERYTHING = Window(None, NOW)
CONTRACT = load_contracts()["shopify"]


@pytest.fixture(scope="session")
def vendor(request) -> dict:
    """The vendor's Admin schemas by version, fetched once through npm."""
    folder = Path(request.config.cache.mkdir("shopify-schemas")) / PACKAGE_VERSION
    if not list(folder.glob("admin_2*.json.gz")):
        if not shutil.which("npm"):
            pytest.skip("npm is not installed; it brings Shopify's schemas")
        folder.mkdir(exist_ok=True)
        pack = ["npm", "pack", f"{PACKAGE}@{PACKAGE_VERSION}", "--silent", "--pack-destination", str(folder)]
        if subprocess.run(pack, cwd=folder, capture_output=True, timeout=120, check=False).returncode:
            pytest.skip("npm cannot reach a registry, which would bring Shopify's schemas")
        archive = next(folder.glob("*.tgz"))
        with tarfile.open(archive) as tar:
            for member in tar:
                name = Path(member.name).name
                if name.startswith("admin_2") and member.isfile():
                    (folder / name).write_bytes(tar.extractfile(member).read())
        archive.unlink()
    found = {
        path.name[6:13]: json.loads(gzip.decompress(path.read_bytes())) for path in folder.glob("admin_2*.json.gz")
    }
    return {version: build_client_schema(schema["data"]) for version, schema in sorted(found.items())}


@pytest.mark.parametrize("name", queries.ALL)
def test_every_query_is_valid_in_every_live_version_of_the_vendors_schema(vendor, name):
    document = parse(queries.ALL[name])
    assert len(vendor) == 5
    assert {version: validate(schema, document) for version, schema in vendor.items()} == dict.fromkeys(vendor, [])


def test_the_pinned_version_is_live_and_the_contract_states_it(vendor):
    assert connector.VERSION == fake_schema.VERSION == CONTRACT.api_version
    assert connector.VERSION in vendor


def test_the_stand_in_serves_nothing_that_the_vendors_schema_lacks(vendor):
    ours, theirs = build_schema(fake_schema.SDL), vendor[fake_schema.VERSION]
    wrong = []
    for name, kind in ours.type_map.items():
        if name.startswith("__") or not is_object_type(kind):
            continue
        for field_name, field in kind.fields.items():
            real = theirs.type_map[name].fields.get(field_name)
            if real is None or str(real.type) != str(field.type):
                wrong.append(f"{name}.{field_name}")
                continue
            wrong += [
                f"{name}.{field_name}({argument})"
                for argument, given in field.args.items()
                if argument not in real.args or str(real.args[argument].type) != str(given.type)
            ]
    enums = [kind for kind in ours.type_map.values() if hasattr(kind, "values") and is_input_type(kind)]
    wrong += [
        f"{kind.name}.{value}"
        for kind in enums
        if not kind.name.startswith("__")
        for value in kind.values
        if value not in theirs.type_map[kind.name].values
    ]
    assert wrong == []


@pytest.fixture(scope="module")
def first_day(tmp_path_factory):
    path = tmp_path_factory.mktemp("shop") / "shopify.db"
    fake.seed(generate("retailer2"), path)
    return path


@pytest.fixture
def shop(first_day, tmp_path):
    """A shop of its own for the test: its database path, faults, and `client(stream)`."""
    path = tmp_path / "shopify.db"
    shutil.copy(first_day, path)
    servers = []

    class Shop:
        db, faults, contract = path, Faults(), CONTRACT

        def serve(self, **plan):
            app = fake.app(path, self.faults.of("shopify"), **plan)
            server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False, lifespan="off"))
            thread = threading.Thread(target=server.run, daemon=True)
            thread.start()
            servers.append((server, thread))
            while not server.started:
                time.sleep(0.01)
            return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

        def client(self, stream, token=fake.TOKEN, **plan):
            values = {"env:SHOPIFY_ENDPOINT": self.serve(**plan), "env:SHOPIFY_TOKEN": token}
            return connector.connect(self.contract, values.__getitem__).on(stream)

        def read(self, stream, window=EVERYTHING, size=5, **plan):
            spec = CONTRACT.streams[stream].model_copy(update={"page_size": size})
            pages = list(getattr(connector, stream)(self.client(stream, **plan), spec, window))
            return [record for page in pages for record in page.records], pages

        def stored(self, kind):
            state = open_state(path)
            found = {one.id: one.body for one in list_objects(state, kind)}
            state.close()
            return found

    yield Shop()
    for server, thread in servers:
        server.should_exit = True
        thread.join()


VARIABLES = {
    "INVENTORY_LEVELS": {"item": "gid://shopify/InventoryItem/44000000000001"},
    "CHANGED_LEVELS": {"location": "gid://shopify/Location/70001"},
    "FIXED_PRICES": {"list": "gid://shopify/PriceList/900001"},
    "LINE_ITEMS": {"id": "gid://shopify/Order/5500000000001"},
    "ORDER_RETURNS": {"id": "gid://shopify/Order/5500000001010"},
    "REFUND_LINES": {"id": "gid://shopify/Refund/550000000101001"},
    "RETURN_LINES": {"id": "gid://shopify/Return/550000000101051"},
    "DESTROYED": {"query": "action:destroy"},
}


@pytest.mark.parametrize("name", queries.ALL)
def test_every_answer_of_the_stand_in_completes_against_the_vendors_schema(vendor, shop, name):
    fake.delete(shop.db, "orders", "5500000000002", NOW)
    variables = {"first": 50, "total": True, **VARIABLES.get(name, {})}
    data = connector.ask(shop.client("*"), queries.ALL[name], **variables)
    checked = execute(
        vendor[fake_schema.VERSION],
        parse(queries.ALL[name]),
        root_value=data,
        variable_values=variables,
        field_resolver=lambda source, info, **_: source[info.path.key],
        type_resolver=lambda value, info, kind: fake_query.ALWAYS.get(get_named_type(kind).name),
    )
    assert checked.errors is None
    assert checked.data == data


@pytest.mark.parametrize(("stream", "kind"), fake.STREAMS.items())
def test_every_stream_brings_every_object_once(shop, stream, kind):
    records, pages = shop.read(stream)
    key = CONTRACT.streams[stream].primary_key
    found = [record[key] for record in records]
    assert len(found) > 5
    assert sorted(found) == sorted(shop.stored(kind))
    assert pages[0].total == (len(found) if CONTRACT.streams[stream].expected_total else None)


def test_a_list_beyond_the_vendors_cap_is_continued_behind_the_last_id(shop, monkeypatch):
    monkeypatch.setattr(fake, "LIST_CAP", 20)
    monkeypatch.setattr(connector, "LIST_CAP", 20)
    records, _ = shop.read("customers")
    assert sorted(record["legacyResourceId"] for record in records) == sorted(shop.stored("customer"))


def test_changes_are_found_by_update_time_boundary_second_included(shop):
    keys = sorted(shop.stored("variant"))[:3]
    for seconds, key in zip((-1, 0, 1), keys, strict=True):
        fake.touch(shop.db, "variants", key, NOW + timedelta(seconds=seconds))
    records, _ = shop.read("variants", Window(NOW, NOW))
    assert [record["legacyResourceId"] for record in records] == keys[1:]


def test_a_variants_price_alone_changes_and_reaches_its_sku(shop):
    key, body = sorted(shop.stored("variant").items())[0]
    fake.touch(shop.db, "variants", key, NOW, price="99.95")
    records, _ = shop.read("variants", Window(NOW, NOW))
    assert [(record["sku"], record["price"]) for record in records] == [(body["sku"], "99.95")]


def test_a_product_without_options_has_one_variant(shop):
    products, _ = shop.read("products")
    variants, _ = shop.read("variants")
    single = {product["id"] for product in products if product["hasOnlyDefaultVariant"]}
    counted = [variant["product"]["id"] for variant in variants if variant["product"]["id"] in single]
    assert len(counted) == len(set(counted)) == len(single)


def test_orders_carry_all_their_lines_however_many(shop):
    key, body = sorted(shop.stored("order").items())[0]
    line = body["lines"][0]
    lines = [{**line, "id": f"gid://shopify/LineItem/{number}"} for number in range(1, 604)]
    state = open_state(shop.db)
    put(state, "order", [(key, NOW, {**body, "lines": lines})])
    state.close()
    records, _ = shop.read("orders", Window(NOW, NOW))
    assert [one["id"] for one in records[0]["lineItems"]["nodes"]] == [one["id"] for one in lines]


def test_lines_tax_and_total_agree_to_the_cent_in_the_shops_currency(shop):
    records, _ = shop.read("orders", size=100)
    for order in records:
        lines = order["lineItems"]["nodes"]
        net = sum(Decimal(one["originalUnitPriceSet"]["shopMoney"]["amount"]) * one["quantity"] for one in lines)
        tax = Decimal(order["totalTaxSet"]["shopMoney"]["amount"])
        assert net == Decimal(order["subtotalPriceSet"]["shopMoney"]["amount"])
        assert net + tax == Decimal(order["totalPriceSet"]["shopMoney"]["amount"])


def test_a_refund_names_its_order_and_comes_with_it_when_the_order_moves(shop):
    orders = {order["legacyResourceId"]: order for order in shop.read("orders", size=100)[0]}
    whole, _ = shop.read("refunds", size=100)
    given_back = {refund["order"]["legacyResourceId"]: refund["totalRefundedSet"] for refund in whole}
    status = {key for key, order in orders.items() if order["displayFinancialStatus"] == "REFUNDED"}
    assert status
    assert {key for key, both in given_back.items() if Decimal(both["shopMoney"]["amount"])} == status
    assert all(given_back[key] == orders[key]["totalPriceSet"] for key in status)
    key = min(shop.stored("refund"))
    fake.touch(shop.db, "refunds", key, NOW, note="again")
    changed, _ = shop.read("refunds", Window(NOW, NOW))
    assert [(one["legacyResourceId"], one["note"]) for one in changed] == [(key, "again")]


def test_the_lines_of_a_refund_are_its_orders_and_make_its_money_and_come_however_many(shop):
    refunds = [
        one for one in shop.read("refunds", size=100)[0] if Decimal(one["totalRefundedSet"]["shopMoney"]["amount"])
    ]
    assert refunds
    for one in refunds:
        parts = [line[part] for line in one["refundLineItems"]["nodes"] for part in ("subtotalSet", "totalTaxSet")]
        whole = sum(Decimal(part["shopMoney"]["amount"]) for part in parts)
        assert abs(whole - Decimal(one["totalRefundedSet"]["shopMoney"]["amount"])) < Decimal("0.02")
    key = refunds[0]["legacyResourceId"]
    line = shop.stored("refund")[key]["lines"][0]
    many = [{**line, "id": f"{line['id']}{number}"} for number in range(600)]
    fake.touch(shop.db, "refunds", key, NOW, lines=many)
    (long,), _ = shop.read("refunds", Window(NOW, NOW))
    assert [one["id"] for one in long["refundLineItems"]["nodes"]] == [one["id"] for one in many]


def test_an_order_was_paid_once_and_what_it_gave_back_names_that_payment_and_its_return(shop):
    orders = {one["legacyResourceId"]: one for one in shop.read("orders", size=100)[0]}
    paid = shop.read("transactions", size=100)[0]
    sales = {one["order"]["legacyResourceId"]: one for one in paid if one["kind"] == "SALE"}
    assert {key: one["amountSet"] for key, one in sales.items()} == {
        k: one["totalPriceSet"] for k, one in orders.items()
    }
    back = [one for one in paid if one["kind"] == "REFUND"]
    assert back
    assert all(one["parentTransaction"]["id"] == sales[one["order"]["legacyResourceId"]]["id"] for one in back)
    returned = {one["order"]["legacyResourceId"] for one in shop.read("returns", size=100)[0]}
    assert {one["order"]["legacyResourceId"] for one in back} <= returned


def test_an_order_with_many_returns_brings_them_all(shop):
    key, body = min(shop.stored("return").items())
    state = open_state(shop.db)
    put(state, "return", [(f"{key[:-2]}{number}", NOW, body) for number in range(51, 71)])
    state.close()
    found = shop.read("returns", size=100)[0]
    assert sorted(one["key"] for one in found) == sorted(shop.stored("return"))


def test_an_item_at_many_locations_has_a_level_at_each(shop):
    key, body = sorted(shop.stored("level").items())[0]
    item, numbers = key.partition("-")[0], range(80_001, 80_061)
    more = [(str(n), {**body, "location": {**body["location"], "legacyResourceId": str(n)}}) for n in numbers]
    state = open_state(shop.db)
    put(state, "level", [(f"{item}-{number}", NOW, level) for number, level in more])
    state.close()
    records, _ = shop.read("inventory_levels")
    found = [record["key"] for record in records if record["item"]["legacyResourceId"] == item]
    assert sorted(found) == sorted(key for key in shop.stored("level") if key.startswith(f"{item}-"))
    assert len(found) > 60


def test_a_level_that_changed_is_found_by_its_own_update_and_all_levels_of_an_item_that_did(shop):
    alone, *_, other = sorted(shop.stored("level"))
    item = next(key for key in shop.stored("variant") if f"{key}-70002" in shop.stored("level") and key not in alone)
    everything = {record["key"]: record for record in shop.read("inventory_levels")[0]}
    fake.touch(shop.db, "inventory_levels", other, NOW - timedelta(seconds=1))
    fake.touch(shop.db, "inventory_levels", alone, NOW)
    fake.touch(shop.db, "variants", item, NOW, sku="NEW")
    found = {record["key"]: record for record in shop.read("inventory_levels", Window(NOW, NOW))[0]}
    assert set(found) == {alone, f"{item}-70001", f"{item}-70002"}
    assert found[f"{item}-70002"]["item"]["sku"] == "NEW"
    assert found[alone] != everything[alone]
    again = {record["key"]: record for record in shop.read("inventory_levels")[0]}
    assert {key: list(found[key].items()) for key in found} == {key: list(again[key].items()) for key in found}


def test_what_the_customer_paid_in_another_currency_stays_beside_the_shops_amount(shop):
    records, _ = shop.read("orders", size=100)
    abroad = [order for order in records if order["presentmentCurrencyCode"] != order["currencyCode"]]
    assert abroad
    for order in abroad:
        both = order["totalPriceSet"]
        assert both["shopMoney"]["currencyCode"] == "EUR"
        assert both["presentmentMoney"]["currencyCode"] == "CZK"


def test_deleted_and_merged_customers_are_told_by_events(shop):
    kept, merged, gone, *_ = sorted(shop.stored("customer"))
    fake.delete(shop.db, "customers", gone, NOW)
    fake.merge_customers(shop.db, kept, merged, NOW + timedelta(seconds=1))
    client, stream = shop.client("customers"), CONTRACT.streams["customers"]
    assert {tomb.key for tomb in connector.deleted(client, stream, Window(NOW, NOW))} == {gone, merged}
    later = Window(NOW + timedelta(seconds=1), NOW)
    assert [(tomb.key, tomb.event_text) for tomb in connector.deleted(client, stream, later)] == [
        (merged, "2026-03-29T15:00:01Z")
    ]
    records, _ = shop.read("customers", Window(NOW, NOW))
    assert [record["legacyResourceId"] for record in records] == [kept]


def test_variants_that_went_with_their_product_are_missing_from_the_keys(shop):
    product = next(iter(shop.stored("variant").values()))["productId"]
    fake.delete(shop.db, "products", product, NOW)
    client, stream = shop.client("variants"), CONTRACT.streams["variants"]
    listed = [key for keys in connector.keys(client, stream) for key in keys]
    assert sorted(listed) == sorted(shop.stored("variant"))


def test_cost_throttling_is_waited_out_and_every_record_comes(shop):
    began = time.monotonic()
    records, pages = shop.read("customers", points=5, restore_per_s=20)
    assert len(records) == len(shop.stored("customer"))
    assert time.monotonic() - began > 0.8


def test_a_throttled_answer_is_no_end_of_data(shop):
    shop.faults.set("shopify", "throttled", times=3)
    records, _ = shop.read("products")
    assert len(records) == len(shop.stored("product"))


def test_a_repeating_cursor_fails(shop):
    shop.faults.set("shopify", "repeating_cursor")
    with pytest.raises(RepeatingCursor, match="shopify/customers, page 3"):
        shop.read("customers")


def test_a_repeated_page_of_orders_with_more_lines_than_a_page_shows_is_known_again(shop):
    state = open_state(shop.db)
    for key, body in shop.stored("order").items():
        line = body["lines"][0]
        lines = [{**line, "id": f"{line['id']}{number}"} for number in range(20)]
        put(state, "order", [(key, NOW, {**body, "lines": lines})])
    state.close()
    shop.faults.set("shopify", "repeating_cursor")
    with pytest.raises(RepeatingCursor, match="shopify/orders, page"):
        shop.read("orders", Window(NOW, NOW), size=2)


def test_a_wrong_token_is_one_clear_message(shop):
    with pytest.raises(BadCredentials, match="Shopify does not know the access token. Remedy: renew the credential"):
        connector.probe(shop.client("customers", token="stale"))


def test_a_missing_scope_is_named_as_shopify_names_it(shop):
    shop.faults.set("shopify", "missing_scope", scope="read_customers")
    with pytest.raises(MissingScope, match="required: `read_customers` access scope"):
        shop.read("customers")


def test_without_read_all_orders_history_is_short_and_the_probe_says_so(shop):
    whole, _ = shop.read("orders")
    shop.faults.set("shopify", "missing_scope", scope="read_all_orders")
    short, _ = shop.read("orders")
    assert len(short) < len(whole)
    missing = set(CONTRACT.streams["orders"].required_scopes) - set(connector.probe(shop.client("orders")))
    assert missing == {"read_all_orders"}


def test_a_version_that_shopify_no_longer_serves_is_noticed(shop, monkeypatch):
    monkeypatch.setattr(connector, "VERSION", "2026-07")
    with pytest.raises(SourceError, match="served API version 2026-10 instead of 2026-07"):
        shop.read("customers")


def test_a_query_that_the_schema_does_not_allow_is_refused(shop):
    with pytest.raises(SourceError, match="Shopify refuses the query"):
        connector.ask(shop.client("*"), "{ customers(first: 1) { nodes { shoeSize } } }")
