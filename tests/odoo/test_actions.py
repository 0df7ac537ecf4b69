"""Compare-and-set and keyed upsert, with the server actions and without them, on every kind of Odoo."""

import pytest

from sources.odoo.actions import (
    MODELS,
    compare_and_set,
    provision,
    provisioned,
    registered,
    rehearse,
    unprovision,
    upsert,
)
from sources.odoo.client import call, fields_get, search_read
from sources.odoo.errors import OdooDenied, OdooMissing, OdooRejected
from sources.odoo.wanted import code_hash
from tests.odoo.fixtures import KINDS
from tests.odoo.templates import in_shell


@pytest.fixture(params=["with our server actions", "without them"])
def odoo(request, odoo_target):
    client = odoo_target.client()
    if request.param == "without them":
        client.remembered["actions"] = {}
    return client


def partner(client, **values):
    return call(client, "res.partner", "create", vals_list=[{"name": "Anna", **values}])[0]


def shown(client, record_id, *fields):
    row = search_read(client, "res.partner", list(fields), [("id", "=", record_id)])[0]
    return [row[field] for field in fields]


def test_a_field_that_still_holds_its_base_is_written(odoo):
    made = partner(odoo, email="old@posta.example")
    item = {
        "id": made,
        "base": {"email": "old@posta.example", "city": None},
        "values": {"email": "new@x.cz", "city": "Brno"},
    }
    assert compare_and_set(odoo, "res.partner", [item]) == {"done": [made], "conflict": [], "gone": [], "busy": []}
    assert shown(odoo, made, "email", "city") == ["new@x.cz", "Brno"]


def test_a_human_edit_is_kept_and_reported_while_other_fields_go_on(odoo, odoo_target):
    made = partner(odoo, email="old@posta.example", city="Praha")
    odoo_target.human_edit("res.partner", made, {"email": "human@posta.example"})
    base, values = {"email": "old@posta.example", "city": "Praha"}, {"email": "new@posta.example", "city": "Brno"}
    answer = compare_and_set(odoo, "res.partner", [{"id": made, "base": base, "values": values}])
    conflict = {"id": made, "field": "email", "current": "human@posta.example"}
    assert answer == {"done": [made], "conflict": [conflict], "gone": [], "busy": []}
    assert shown(odoo, made, "email", "city") == ["human@posta.example", "Brno"]


def test_a_record_whose_every_field_is_in_conflict_is_not_even_stamped(odoo, odoo_target):
    made = partner(odoo, email="old@posta.example")
    odoo_target.human_edit("res.partner", made, {"email": "human@posta.example"})
    values = {"email": "new@posta.example", "x_assay_run": "run-1"}
    answer = compare_and_set(
        odoo, "res.partner", [{"id": made, "base": {"email": "old@posta.example"}, "values": values}]
    )
    assert answer["done"] == []
    assert [one["field"] for one in answer["conflict"]] == ["email"]
    assert shown(odoo, made, "x_assay_run") == [False]


def test_the_same_edit_by_a_human_is_no_conflict(odoo, odoo_target):
    made = partner(odoo, city="Praha")
    odoo_target.human_edit("res.partner", made, {"city": "Brno"})
    answer = compare_and_set(odoo, "res.partner", [{"id": made, "base": {"city": "Praha"}, "values": {"city": "Brno"}}])
    assert answer == {"done": [made], "conflict": [], "gone": [], "busy": []}


def test_of_records_that_get_the_same_values_only_the_one_that_a_human_edited_is_left_alone(odoo, odoo_target):
    made = [partner(odoo, city="Praha") for _ in range(3)]
    odoo_target.human_edit("res.partner", made[1], {"city": "Ostrava"})
    items = [{"id": each, "base": {"city": "Praha"}, "values": {"city": "Brno"}} for each in made]
    answer = compare_and_set(odoo, "res.partner", items)
    assert (answer["done"], [one["id"] for one in answer["conflict"]]) == ([made[0], made[2]], [made[1]])
    assert [shown(odoo, each, "city") for each in made] == [["Brno"], ["Ostrava"], ["Brno"]]


def test_a_replay_writes_nothing_and_says_done(odoo):
    made = partner(odoo, city="Praha")
    item = {"id": made, "base": {"city": "Praha"}, "values": {"city": "Brno", "x_assay_run": "run-1"}}
    compare_and_set(odoo, "res.partner", [item])
    written = shown(odoo, made, "write_date")
    assert compare_and_set(odoo, "res.partner", [item]) == {"done": [made], "conflict": [], "gone": [], "busy": []}
    assert shown(odoo, made, "write_date") == written


def test_deleted_records_are_reported_as_gone(odoo):
    made = partner(odoo)
    call(odoo, "res.partner", "unlink", [made])
    item = {"id": made, "base": {}, "values": {"city": "Brno"}}
    assert compare_and_set(odoo, "res.partner", [item]) == {"done": [], "conflict": [], "gone": [made], "busy": []}


def test_relations_dates_and_numbers_compare_as_clients_read_them(odoo):
    country = {
        row["code"]: row["id"] for row in search_read(odoo, "res.country", ["code"], [("code", "in", ["CZ", "DE"])])
    }
    made = partner(odoo, country_id=country["CZ"])
    item = {"id": made, "base": {"country_id": country["CZ"]}, "values": {"country_id": country["DE"]}}
    assert compare_and_set(odoo, "res.partner", [item])["done"] == [made]
    currency = search_read(odoo, "res.currency", ["name"], [("name", "=", "CZK")])[0]["id"]
    listed = call(odoo, "product.pricelist", "create", vals_list=[{"name": "L", "currency_id": currency}])[0]
    values = {
        "pricelist_id": listed,
        "applied_on": "3_global",
        "fixed_price": 12.3456,
        "date_start": "2026-01-01 00:00:00",
    }
    rule = call(odoo, "product.pricelist.item", "create", vals_list=[values])[0]
    base = {"fixed_price": 12.3456, "date_start": "2026-01-01 00:00:00", "date_end": None, "min_quantity": 0}
    new = {"fixed_price": 13, "date_start": "2026-02-01 00:00:00", "date_end": "2026-03-01 00:00:00", "min_quantity": 2}
    answer = compare_and_set(odoo, "product.pricelist.item", [{"id": rule, "base": base, "values": new}])
    assert answer == {"done": [rule], "conflict": [], "gone": [], "busy": []}
    row = search_read(odoo, "product.pricelist.item", list(new), [("id", "=", rule)])[0]
    assert {name: row[name] for name in new} == new


@pytest.mark.parametrize("odoo_target", KINDS[1:2], indirect=True)
def test_a_list_of_relations_that_is_blank_in_odoo_and_in_the_plan_is_no_conflict(odoo):
    tags = call(odoo, "res.partner.category", "create", vals_list=[{"name": "A"}, {"name": "B"}])
    made, kept = partner(odoo), partner(odoo, category_id=tags[:1])
    items = [{"id": each, "base": {"category_id": False}, "values": {"category_id": tags}} for each in (made, kept)]
    answer = compare_and_set(odoo, "res.partner", items)
    conflict = {"id": kept, "field": "category_id", "current": tags[:1]}
    assert answer == {"done": [made], "conflict": [conflict], "gone": [], "busy": []}
    assert shown(odoo, made, "category_id") == [tags]
    back = {"id": made, "base": {"category_id": tags}, "values": {"category_id": []}}
    assert compare_and_set(odoo, "res.partner", [back])["done"] == [made]
    assert compare_and_set(odoo, "res.partner", [back]) == {"done": [made], "conflict": [], "gone": [], "busy": []}
    said = rehearse(odoo, "res.partner", [{"id": kept, "values": {"category_id": False}}])
    assert said in (None, [{"problem": False, "differs": {}}])


def test_one_bad_value_of_a_batch_changes_no_record(odoo):
    made = [partner(odoo), partner(odoo)]
    items = [
        {"id": made[0], "base": {}, "values": {"city": "Brno"}},
        {"id": made[1], "base": {}, "values": {"type": "?"}},
    ]
    with pytest.raises(OdooRejected):
        compare_and_set(odoo, "res.partner", items)
    assert shown(odoo, made[0], "city") == [False]


def test_an_upsert_creates_once_and_finds_it_ever_after(odoo):
    items = [
        {"xid": f"C-{n}", "values": {"name": f"P{n}", "x_assay_id": f"C-{n}", "is_company": n == 1}} for n in range(3)
    ]
    first = upsert(odoo, "res.partner", items)
    assert [first[f"C-{n}"]["created"] for n in range(3)] == [True, True, True]
    again = upsert(odoo, "res.partner", items)
    assert again == {xid: {"id": one["id"], "created": False} for xid, one in first.items()}
    assert shown(odoo, first["C-1"]["id"], "name", "x_assay_id", "is_company") == ["P1", "C-1", True]
    xids = call(odoo, "res.partner", "get_external_id", [one["id"] for one in first.values()])
    assert sorted(xids.values()) == ["assay.C-0", "assay.C-1", "assay.C-2"]


def test_an_upsert_with_one_bad_record_creates_none(odoo):
    before = call(odoo, "res.partner", "search_count", domain=[])
    items = [
        {"xid": "C-1", "values": {"name": "good", "email": "x@posta.example"}},
        {"xid": "C-2", "values": {"name": None, "email": "y@posta.example"}},
    ]
    with pytest.raises(OdooRejected) as caught:
        upsert(odoo, "res.partner", items)
    assert "posta.example" not in str(caught.value)
    assert call(odoo, "res.partner", "search_count", domain=[]) == before
    assert upsert(odoo, "res.partner", items[:1])["C-1"]["created"]


def test_an_existing_record_is_bound_to_its_golden_id(odoo):
    made = partner(odoo)
    item = {"xid": "C-9", "id": made, "values": {"x_assay_id": "C-9"}}
    assert upsert(odoo, "res.partner", [item]) == {"C-9": {"id": made, "created": False}}
    assert upsert(odoo, "res.partner", [item]) == {"C-9": {"id": made, "created": False}}
    assert shown(odoo, made, "x_assay_id", "name") == ["C-9", "Anna"]
    assert call(odoo, "res.partner", "get_external_id", [made]) == {str(made): "assay.C-9"}
    lost = {"xid": "C-8", "id": 99999999, "values": {"x_assay_id": "C-8"}}
    assert upsert(odoo, "res.partner", [lost]) == {"C-8": {"id": False, "created": False}}


def test_one_external_id_twice_in_one_upsert_is_refused(odoo):
    with pytest.raises(ValueError, match="twice"):
        upsert(odoo, "res.partner", [{"xid": "C-1", "values": {"name": "a"}}, {"xid": "C-1", "values": {"name": "b"}}])


def test_nothing_to_do_asks_odoo_nothing(odoo):
    def unused(*_):
        raise AssertionError("no call expected")

    odoo.send = unused
    assert compare_and_set(odoo, "res.partner", []) == {"done": [], "conflict": [], "gone": [], "busy": []}
    assert upsert(odoo, "res.partner", []) == {}


def test_products_and_prices_are_upserted_too(odoo):
    template = upsert(odoo, "product.template", [{"xid": "P-1", "values": {"name": "Shirt", "weight": 0.256}}])["P-1"]
    variant = search_read(odoo, "product.product", ["id"], [("product_tmpl_id", "=", template["id"])])[0]["id"]
    bound = {"xid": "V-1", "id": variant, "values": {"default_code": "SKU-1", "barcode": "4006381333931"}}
    assert upsert(odoo, "product.product", [bound])["V-1"]["id"] == variant
    currency = search_read(odoo, "res.currency", ["name"], [("name", "=", "EUR")])[0]["id"]
    listed = call(odoo, "product.pricelist", "create", vals_list=[{"name": "Online EUR", "currency_id": currency}])[0]
    values = {"pricelist_id": listed, "product_id": variant, "applied_on": "0_product_variant", "fixed_price": 9.99}
    values |= {"compute_price": "fixed", "min_quantity": 2, "date_start": "2026-03-01 00:00:00"}
    rule = upsert(odoo, "product.pricelist.item", [{"xid": "R-1", "values": values}])["R-1"]["id"]
    fields = ["product_tmpl_id", "fixed_price", "min_quantity", "date_start", "date_end"]
    row = search_read(odoo, "product.pricelist.item", fields, [("id", "=", rule)])[0]
    assert row == {
        "id": rule,
        "product_tmpl_id": template["id"],
        "fixed_price": 9.99,
        "min_quantity": 2.0,
        "date_start": "2026-03-01 00:00:00",
        "date_end": False,
    }
    assert search_read(odoo, "product.template", ["weight", "barcode"], [("id", "=", template["id"])])[0] == {
        "id": template["id"],
        "weight": 0.26,
        "barcode": "4006381333931",
    }


def rules_of_prices(client, prices):
    """A price list with one global rule for each price."""
    listed = call(client, "product.pricelist", "create", vals_list=[{"name": "Retail"}])[0]
    given = {"pricelist_id": listed, "applied_on": "3_global", "compute_price": "fixed"}
    return call(
        client, "product.pricelist.item", "create", vals_list=[given | {"fixed_price": each} for each in prices]
    )


@pytest.mark.parametrize("odoo_target", KINDS[1:], indirect=True)
def test_rights_that_are_asked_once_for_all_price_rules_still_are_those_of_each(odoo_target):
    admin, publisher = odoo_target.client(), odoo_target.publisher()
    made = rules_of_prices(admin, [1, 2, 3])
    model = search_read(admin, "ir.model", ["id"], [("model", "=", "product.pricelist.item")])[0]["id"]
    closed = {"name": "closed", "model_id": model, "domain_force": f"[('id', '!=', {made[1]})]", "perm_read": False}
    call(admin, "ir.rule", "create", vals_list=[closed])
    items = [{"id": each, "base": {}, "values": {"fixed_price": 9}} for each in made]
    with pytest.raises(OdooDenied):
        compare_and_set(publisher, "product.pricelist.item", items)
    held = [("id", "in", made)]
    assert [row["fixed_price"] for row in search_read(admin, "product.pricelist.item", ["fixed_price"], held)] == [
        1,
        2,
        3,
    ]
    assert compare_and_set(publisher, "product.pricelist.item", items[::2])["done"] == made[::2]
    rows = search_read(admin, "product.pricelist.item", ["fixed_price", "write_uid"], held)
    assert [(row["fixed_price"], row["write_uid"] == publisher.uid) for row in rows] == [
        (9, True),
        (2, False),
        (9, True),
    ]


@pytest.mark.parametrize("odoo_target", KINDS[1:], indirect=True)
def test_a_creation_may_name_what_its_maker_may_not_read(odoo_target):
    admin, publisher = odoo_target.client(), odoo_target.publisher()
    model = search_read(admin, "ir.model", ["id"], [("model", "=", "res.partner")])[0]["id"]
    field = {"name": "x_setting_id", "model_id": model, "ttype": "many2one", "relation": "ir.config_parameter"}
    call(admin, "ir.model.fields", "create", vals_list=[field])
    (setting,) = call(admin, "ir.config_parameter", "search", domain=[], limit=1)
    item = {"xid": "C-1", "values": {"name": "Anna", "x_setting_id": setting}}
    assert upsert(publisher, "res.partner", [item])["C-1"]["created"]


def test_a_creation_may_name_what_is_archived_and_not_what_is_gone(odoo):
    parent = partner(odoo, active=False)
    given = [{"xid": "C-1", "values": {"name": "Eva", "parent_id": parent}}]
    made = upsert(odoo, "res.partner", given)["C-1"]["id"]
    assert shown(odoo, made, "parent_id") == [parent]
    with pytest.raises((OdooRejected, OdooMissing)):
        upsert(odoo, "res.partner", [{"xid": "C-2", "values": {"name": "Iva", "parent_id": 99999999}}])


@pytest.mark.parametrize("bare_odoo", KINDS[:2], indirect=True)
def test_provisioning_is_idempotent_and_can_be_undone(bare_odoo):
    client = bare_odoo.client()
    assert not provisioned(client)
    done = provision(client)
    count = 26 if bare_odoo.real else 20  # the embedded Odoo merges nothing
    assert len(done) == count
    assert provision(client) == []
    assert provisioned(client)
    for model in MODELS:
        fields = fields_get(client, model, ("type", "store"))
        assert fields["x_assay_id"] == fields["x_assay_run"] == {"type": "char", "store": True}
    assert len(unprovision(client)) == count
    assert not provisioned(client)
    assert "x_assay_id" not in fields_get(client, "res.partner", ("type",))
    assert len(provision(client)) == count


def test_changed_action_code_is_renewed(odoo_target):
    client = odoo_target.client()
    action = search_read(client, "ir.actions.server", ["id"], [("name", "like", "assay: keyed upsert (res.partner)")])[
        0
    ]["id"]
    call(client, "ir.actions.server", "write", [action], vals={"code": "action = {}"})
    (told,) = provision(client)
    assert told == f"res.partner: action assay: keyed upsert renewed (its code had hash {code_hash('action = {}')})"
    assert upsert(client, "res.partner", [{"xid": "C-1", "values": {"name": "a"}}])["C-1"]["created"]


def test_a_variant_and_its_template_carry_different_golden_ids(odoo_target):
    client = odoo_target.client()
    template = call(client, "product.template", "create", vals_list=[{"name": "Shirt", "x_assay_id": "P-1"}])[0]
    variant = search_read(client, "product.product", ["x_assay_id"], [("product_tmpl_id", "=", template)])[0]
    assert variant["x_assay_id"] is False
    call(client, "product.product", "write", [variant["id"]], vals={"x_assay_id": "V-1"})
    assert search_read(client, "product.template", ["x_assay_id"], [("id", "=", template)])[0]["x_assay_id"] == "P-1"


def test_only_an_administrator_may_provision(bare_odoo):
    with pytest.raises(OdooDenied):
        provision(bare_odoo.human())


def test_a_user_without_administration_rights_falls_back_to_plain_calls(odoo_target):
    human = odoo_target.human()
    made = upsert(human, "res.partner", [{"xid": "C-1", "values": {"name": "Anna", "x_assay_id": "C-1"}}])["C-1"]["id"]
    assert (
        upsert(human, "res.partner", [{"xid": "C-1", "values": {"name": "Anna", "x_assay_id": "C-1"}}])["C-1"]["id"]
        == made
    )
    item = {"id": made, "base": {"city": None}, "values": {"city": "Brno"}}
    assert compare_and_set(human, "res.partner", [item])["done"] == [made]


@pytest.mark.parametrize("odoo_target", KINDS[1:2], indirect=True)
def test_without_the_action_a_record_is_made_as_by_odoo_s_own_import_of_files(odoo_target):
    client = odoo_target.client()
    client.remembered["actions"] = {}
    country = call(client, "res.country", "search", domain=[("code", "=", "CZ")])[0]
    values = {"name": "Eva, s.r.o.", "email": "eva@example.com", "is_company": True, "country_id": country}
    values |= {"color": 3, "website": "eva.example", "comment": "a > b", "zip": None}
    ours = upsert(client, "res.partner", [{"xid": "L-1", "values": values}])["L-1"]["id"]
    columns = ["id", "name", "email", "is_company", "country_id/.id", "color", "website", "comment", "zip"]
    text = f'{",".join(columns)}\nassay.L-2,"Eva, s.r.o.",eva@example.com,1,{country},3,eva.example,a > b,\n'
    given = {"res_model": "res.partner", "file": text, "file_name": "x.csv", "file_type": "text/csv"}
    wizard = call(client, "base_import.import", "create", vals_list=[given])
    options = {"quoting": '"', "separator": ",", "has_headers": True, "encoding": "utf-8"}
    told = {"fields": columns, "columns": columns, "options": options, "dryrun": False}
    (theirs,) = call(client, "base_import.import", "execute_import", wizard, **told)["ids"]
    one, other = (shown(client, made, *values) for made in (ours, theirs))
    assert one == other
    bound = [("module", "=", "assay"), ("model", "=", "res.partner")]
    rows = search_read(client, "ir.model.data", ["name", "res_id", "noupdate"], bound)
    assert sorted((row["name"], row["res_id"]) for row in rows) == [("L-1", ours), ("L-2", theirs)]
    assert len({row["noupdate"] for row in rows}) == 1


# What a module would do that lets some users read a column and not write it.
CLOSE_A_COLUMN = """
Item = type(env["product.pricelist.item"])
theirs = Item._has_field_access
Item._has_field_access = lambda self, field, operation: theirs(self, field, operation) and (
    self.env.su or (field.name, operation) != ("fixed_price", "write"))
publisher = env["res.users"].search([("login", "=", "assay_publisher")])
for values in ({{"min_quantity": 2}}, {{"min_quantity": 3, "fixed_price": 9}}):
    context = {{"active_model": Item._name, "assay_items": [{{"id": {rule}, "base": {{}}, "values": values}}]}}
    try:
        env(user=publisher.id, context=context)["ir.actions.server"].browse({action}).run()
        env.cr.commit()
    except Exception as error:
        print("SAID", type(error).__name__)
        env.cr.rollback()
"""


@pytest.mark.parametrize("odoo_target", KINDS[1:2], indirect=True)
def test_a_column_of_price_rules_that_a_module_closes_to_the_user_is_closed_to_compare_and_set(odoo_target):
    admin = odoo_target.client()
    rule, model = rules_of_prices(admin, [1])[0], "product.pricelist.item"
    action = registered(admin)["compare_and_set_product_pricelist_item"]
    assert "SAID AccessError" in in_shell(odoo_target.db, CLOSE_A_COLUMN.format(rule=rule, action=action))
    held = search_read(admin, model, ["fixed_price", "min_quantity"], [("id", "=", rule)])
    assert [(row["fixed_price"], row["min_quantity"]) for row in held] == [(1, 2)]
