"""The client against the embedded Odoo and a real one: both transports take the same calls and say the same."""

from contextlib import closing

import pytest

from pipelines.publish import live
from pipelines.publish.policy import load_policy
from pipelines.publish.values import seen
from sources.odoo.client import call, connect, fields_get, read_by_id, read_columns, search_read, write_each
from sources.odoo.errors import OdooDenied, OdooMissing, OdooNoSuchMethod, OdooRejected, OdooUnreachable
from tests.odoo.fire import sql
from tests.odoo.fixtures import KINDS


def partner(client, **values):
    return call(client, "res.partner", "create", vals_list=[{"name": "Anna Nováková", **values}])[0]


def shown(client, record_id, *fields, model="res.partner"):
    row = search_read(client, model, list(fields), [("id", "=", record_id)])[0]
    return [row[field] for field in fields]


def test_a_record_reads_back_as_odoo_keeps_it(odoo):
    made = partner(odoo, email="anna@posta.example", street="", zip=None, color="3", website="example.com")
    fields = ("name", "email", "street", "zip", "color", "website", "is_company", "parent_id", "active", "lang")
    assert shown(odoo, made, *fields) == [
        "Anna Nováková",
        "anna@posta.example",
        "",
        False,
        3,
        "http://example.com",
        False,
        False,
        True,
        "en_US",
    ]


def test_keyset_pages_hold_every_record_once_in_order(odoo):
    made = call(odoo, "res.partner", "create", vals_list=[{"name": f"P{n}"} for n in range(25)])
    call(odoo, "res.partner", "write", made[:5], vals={"active": False})
    pages = list(read_by_id(odoo, "res.partner", ["name"], [("id", "in", made)], page=10))
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [row["id"] for page in pages for row in page] == sorted(made)


def test_archived_records_are_read_but_stay_archived_for_odoos_own_rules(odoo):
    made = partner(odoo, active=False)
    assert call(odoo, "res.partner", "search_count", domain=[("id", "=", made)]) == 1
    hidden = {"active_test": True}
    assert call(odoo, "res.partner", "search_count", context=hidden, domain=[("id", "=", made)]) == 0


def test_different_values_are_written_in_one_call(odoo):
    first, second = partner(odoo), partner(odoo)
    write_each(odoo, "res.partner", {first: {"city": "Brno"}, second: {"city": "Plzeň", "zip": "301 00"}})
    assert shown(odoo, first, "city", "zip") == ["Brno", False]
    assert shown(odoo, second, "city", "zip") == ["Plzeň", "301 00"]


def test_where_odoo_lacks_web_save_multi_values_are_written_in_groups(odoo):
    odoo.remembered["web_save_multi"] = False
    made = [partner(odoo) for _ in range(3)]
    write_each(
        odoo, "res.partner", dict(zip(made, [{"city": "Brno"}, {"city": "Brno"}, {"city": "Zlín"}], strict=True))
    )
    assert [shown(odoo, one, "city") for one in made] == [["Brno"], ["Brno"], ["Zlín"]]


def test_one_bad_record_of_a_batch_leaves_nothing_behind(odoo):
    before = call(odoo, "res.partner", "search_count", domain=[])
    with pytest.raises(OdooRejected, match="require a name"):
        call(odoo, "res.partner", "create", vals_list=[{"name": "good"}, {"email": "nameless@posta.example"}])
    assert call(odoo, "res.partner", "search_count", domain=[]) == before


def test_fields_get_tells_types_and_what_is_required(odoo):
    fields = fields_get(odoo, "product.pricelist.item")
    assert fields["fixed_price"]["type"] == "float"
    told = {"type": "many2one", "relation": "product.product", "readonly": False, "required": False, "store": True}
    assert fields["product_id"] | told == fields["product_id"]
    assert fields["min_quantity"]["digits"] == [16, 2]
    assert [value for value, _ in fields["applied_on"]["selection"]] == [
        "3_global",
        "2_product_category",
        "1_product",
        "0_product_variant",
    ]


REFUSED = [
    ("create", {"vals_list": [{"name": "q", "country_id": 999999}]}),
    ("create", {"vals_list": [{"name": "q", "country_id": "abc"}]}),
    ("create", {"vals_list": [{"name": "q", "no_such_field": 1}]}),
    ("create", {"vals_list": [{"name": "q", "type": "nonsense"}]}),
    ("create", {"vals_list": [{"name": "a\x00b"}]}),
    ("create", {"vals_list": [{"name": "q", "color": "abc"}]}),
    ("search_read", {"domain": [("no_such_field", "=", 1)], "fields": ["name"]}),
    ("search_read", {"domain": [], "fields": ["no_such_field"]}),
    ("search_read", {"domain": [], "fields": ["name"], "no_such_argument": 1}),
]


def test_bad_input_is_rejected_at_once_whatever_http_status_odoo_gives_it(odoo):
    waits = []
    odoo.pause = waits.append
    for method, arguments in REFUSED:
        with pytest.raises(OdooRejected):
            call(odoo, "res.partner", method, **arguments)
    assert waits == []


def test_what_does_not_exist_is_told_apart(odoo):
    with pytest.raises(OdooMissing, match="deleted"):
        call(odoo, "res.partner", "write", [99999999], vals={"name": "x"})
    with pytest.raises(OdooMissing):
        call(odoo, "res.partner", "write", [partner(odoo)], vals={"country_id": 99999999})
    with pytest.raises(OdooNoSuchMethod):
        call(odoo, "res.partner", "no_such_method", [1])
    with pytest.raises(OdooNoSuchMethod):
        call(odoo, "no.such.model", "read", [1])
    assert call(odoo, "res.partner", "read", [99999999], fields=["name"]) == []


def test_odoo_clears_a_relation_that_is_written_as_text(odoo):
    country = search_read(odoo, "res.country", ["id"], [("code", "=", "CZ")])[0]["id"]
    made = partner(odoo, country_id=country)
    assert shown(odoo, made, "country_id", "country_code") == [country, "CZ"]
    call(odoo, "res.partner", "write", [made], vals={"country_id": "CZ"})
    assert shown(odoo, made, "country_id") == [False]


def test_private_methods_and_missing_rights_are_denied(odoo_target):
    with pytest.raises(OdooDenied):
        call(odoo_target.client(), "res.partner", "_private", [1])
    human = odoo_target.human()
    with pytest.raises(OdooDenied):
        call(human, "ir.model.fields", "search", domain=[])
    assert human.uid != odoo_target.client().uid


def test_errors_never_quote_personal_values_nor_tracebacks(odoo):
    with pytest.raises(OdooRejected) as caught:
        call(odoo, "res.partner", "create", vals_list=[{"name": "x", "type": "anna.novakova@posta.example"}])
    assert "posta.example" not in str(caught.value)
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("odoo_target", KINDS[:2], indirect=True)
@pytest.mark.parametrize("transport", ["json2", "jsonrpc"])
def test_who_may_not_in_is_told_why(odoo_target, transport):
    url, db, login, key = odoo_target.url, odoo_target.db, odoo_target.login, odoo_target.key
    with pytest.raises(OdooDenied, match="ODOO_KEY|API key"):
        connect(url, db, login, "wrong", transport)
    with pytest.raises(OdooDenied, match="ODOO_LOGIN"):
        connect(url, db, "nobody", key, transport)
    with pytest.raises(OdooUnreachable, match="ODOO_DB"):
        connect(url, "t_no_such_database", login, key, transport)


@pytest.mark.parametrize("odoo_target", KINDS[:2], indirect=True)
def test_the_transport_is_chosen_by_the_version_that_odoo_states(odoo_target):
    with closing(connect(odoo_target.url, odoo_target.db, odoo_target.login, odoo_target.key)) as client:
        assert (client.transport, client.version) == ("json2", (19, 0))


@pytest.mark.parametrize("odoo_target", KINDS[:2], indirect=True)
def test_both_transports_give_equal_values(odoo_target):
    one, other = odoo_target.client("json2"), odoo_target.client("jsonrpc")
    made = partner(one, email="a@posta.example", comment="<p>x</p>", website="https://a.example")
    fields = [name for name in fields_get(one, "res.partner", ("type",)) if not name.startswith("image")]
    fields = [
        name for name in fields if name not in ("avatar_128", "avatar_256", "avatar_512", "avatar_1024", "avatar_1920")
    ]
    rows = [search_read(client, "res.partner", fields, [("id", "=", made)]) for client in (one, other)]
    assert rows[0] == rows[1]
    named = [
        call(client, "res.partner", "read", [made], fields=["country_id", "create_uid"]) for client in (one, other)
    ]
    assert named[0] == named[1]


def test_a_server_that_is_not_there_is_unreachable():
    with pytest.raises(OdooUnreachable, match="ODOO_URL"):
        connect("http://127.0.0.1:9", "db", "login", "key")


@pytest.mark.parametrize("least_odoo", KINDS[1:], indirect=True)
def test_columns_gathered_by_the_database_say_what_the_records_say(least_odoo):
    client, policy = least_odoo.least("publisher"), load_policy()
    first = search_read(client, "product.pricelist.item", ["id"], limit=1)[0]["id"]
    timed = {"date_start": "2026-03-01 08:30:00", "fixed_price": 12.345678}
    call(client, "product.pricelist.item", "write", [first], vals=timed)
    made = call(client, "product.template", "create", vals_list=[{"name": "Thing"}])
    with sql(least_odoo.db) as cursor:
        cursor.execute("update product_product set weight = null where product_tmpl_id = %s", made)
        assert cursor.rowcount == 1
    for each in policy.objects.values():
        fields = live.described(client, each)
        read = []
        for whole in (True, False):
            client.remembered["columns"] = whole
            rows = live.records(client, each, fields)
            read.append([{name: seen(fields[name]["type"], value) for name, value in row.items()} for row in rows])
        assert read[0] == read[1]
        assert len(read[0]) > 20
        assert [row["id"] for row in read[0]] == sorted(row["id"] for row in read[0])


@pytest.mark.parametrize("odoo_target", KINDS[1:], indirect=True)
def test_pages_of_columns_hold_every_record_once_in_order(odoo):
    made = call(odoo, "res.partner", "create", vals_list=[{"name": f"P{n}", "active": n > 4} for n in range(25)])
    call(odoo, "res.partner", "unlink", made[7:12])
    pages = list(read_columns(odoo, "res.partner", ["name", "zip"], [("id", "in", made)], page=10))
    assert [row["id"] for page in pages for row in page] == made[:7] + made[12:]
    assert len(pages) > 1
    assert pages[0][0] == {"id": made[0], "name": "P0", "zip": None}
    assert list(read_columns(odoo, "res.partner", ["name"], [("id", "=", 0)])) == []


@pytest.mark.parametrize("odoo_target", KINDS[1:2], indirect=True)
def test_a_key_that_odoo_could_not_look_up_is_no_missing_right_and_is_tried_again(odoo, odoo_target):
    with sql(odoo_target.db) as cursor:
        cursor.execute("alter table res_users_apikeys rename to away")
        waits = []
        odoo.pause = waits.append
        with pytest.raises(OdooUnreachable, match=r"could not check the key.*nothing was done"):
            partner(odoo)
        assert len(waits) == odoo.tries - 1
        odoo.pause = lambda seconds: cursor.execute("alter table if exists away rename to res_users_apikeys")
        assert shown(odoo, partner(odoo), "name") == ["Anna Nováková"]
