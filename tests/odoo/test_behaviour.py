"""What Odoo does on its own: the demo Odoo must do as the real one does, or the demo would prove nothing."""

import pytest

from sources.odoo.client import call, search_read
from sources.odoo.errors import OdooRejected
from tests.odoo.fixtures import KINDS

pytestmark = pytest.mark.parametrize("odoo_target", KINDS[:2], indirect=True)
TEMPLATE, VARIANT, RULE = "product.template", "product.product", "product.pricelist.item"


@pytest.fixture
def create(odoo):
    def create(model, /, **values):
        return call(odoo, model, "create", vals_list=[values])[0]

    return create


@pytest.fixture
def write(odoo):
    def write(model, record_id, **values):
        assert call(odoo, model, "write", [record_id], vals=values) is True

    return write


@pytest.fixture
def shown(odoo):
    def shown(model, record_id, *fields):
        row = search_read(odoo, model, list(fields), [("id", "=", record_id)])[0]
        found = tuple(row[field] for field in fields)
        return found if len(fields) > 1 else found[0]

    return shown


@pytest.fixture
def attributes(odoo):
    """{name of an attribute or value: id}: Size S M L, Colour red."""
    size, colour = call(odoo, "product.attribute", "create", vals_list=[{"name": "Size"}, {"name": "Colour"}])
    wanted = [{"name": name, "attribute_id": size} for name in "SML"] + [{"name": "red", "attribute_id": colour}]
    made = call(odoo, "product.attribute.value", "create", vals_list=wanted)
    return {"Size": size, "Colour": colour, **dict(zip(["S", "M", "L", "red"], made, strict=True))}


@pytest.fixture
def shirt(create, attributes):
    """A template with two sizes in one colour."""
    lines = [("Size", ["S", "M"]), ("Colour", ["red"])]
    commands = [
        [0, 0, {"attribute_id": attributes[name], "value_ids": [[6, 0, [attributes[one] for one in values]]]}]
        for name, values in lines
    ]
    return create(TEMPLATE, name="Shirt", weight=5, default_code="TT", barcode="T1", attribute_line_ids=commands)


def variants(odoo, template):
    return search_read(odoo, VARIANT, ["combination_indices", "active"], [("product_tmpl_id", "=", template)])


SPELLINGS = [
    ("comment", "a<b & c", "<span>a</span>"),
    ("comment", "plain", "<span>plain</span>"),
    ("comment", "<p>x</p>", "<p>x</p>"),
    ("comment", "<b>x</b><script>alert(1)</script>", "<span><b>x</b></span>"),
    ("comment", '<p onclick="a">k</p>', "<p>k</p>"),
    ("comment", "a & b", "<span>a &amp; b</span>"),
    ("website", "HTTP://Ex.example", "HTTP://Ex.example"),
    ("website", "x.example", "http://x.example"),
    ("lang", "xx_YY", "xx_YY"),
    ("lang", "", False),
    ("email", 12, "12"),
    ("email", True, "True"),
    ("vat", " CZ 123 ", " CZ 123 "),
    ("street", "", ""),
    ("street", None, False),
    ("is_company", "no", True),
    ("color", 1.9, 1),
    ("country_code", "DE", False),
]


def test_contacts_keep_values_in_their_own_spelling(create, write, shown):
    made = create("res.partner", name="P")
    found = {}
    for field, sent, _ in SPELLINGS:
        write("res.partner", made, **{field: sent})
        found[field, sent] = shown("res.partner", made, field)
    assert found == {(field, sent): kept for field, sent, kept in SPELLINGS}
    write("res.partner", made, write_date="2020-01-01 00:00:00")
    assert shown("res.partner", made, "write_date") > "2026"


def test_a_contact_needs_a_name_but_an_empty_one_will_do(create, write, shown):
    made = create("res.partner", name="")
    assert shown("res.partner", made, "name", "complete_name", "type", "active") == ("", "", "contact", True)
    with pytest.raises(OdooRejected, match="require a name"):
        write("res.partner", made, name=False)


def test_a_contact_and_its_company_share_address_and_vat_both_ways(create, write, shown):
    company = create("res.partner", name="Acme", is_company=True, street="S1", city="Brno", vat="CZ1")
    contact = create("res.partner", name="Eva", parent_id=company, street="own", vat="CZ9")
    assert shown("res.partner", contact, "street", "city", "vat", "complete_name") == ("S1", "Brno", "CZ1", "Acme, Eva")
    write("res.partner", contact, street="S2")
    assert shown("res.partner", company, "street", "city") == ("S2", "Brno")
    write("res.partner", company, street="S3", vat="CZ3", name="Acme 2")
    assert shown("res.partner", contact, "street", "vat", "complete_name") == ("S3", "CZ3", "Acme 2, Eva")
    write("res.partner", contact, vat="CZ4")
    assert shown("res.partner", company, "vat") == "CZ4"


def test_a_company_without_an_address_takes_its_first_contacts(create, write, shown):
    company = create("res.partner", name="Acme", is_company=True)
    contact = create("res.partner", name="Eva", parent_id=company, street="own", vat="V1")
    assert shown("res.partner", company, "street", "vat") == ("own", "V1")
    depot = create("res.partner", name="Depot", parent_id=company, street="yard", type="delivery", vat="V3")
    assert shown("res.partner", depot, "street", "vat") == ("yard", "V1")
    write("res.partner", depot, street="yard 2")
    assert [shown("res.partner", one, "street") for one in (company, contact)] == ["own", "own"]


def test_joining_a_company_gives_up_the_own_address(create, write, shown):
    company = create("res.partner", name="Acme", is_company=True, street="S1", vat="V1")
    alone = create("res.partner", name="Eva", street="x", vat="q")
    write("res.partner", alone, parent_id=company)
    assert shown("res.partner", alone, "street", "vat", "parent_id") == ("S1", "V1", company)
    assert shown("res.partner", company, "street") == "S1"


def test_nobody_is_his_own_company(create, write):
    made = create("res.partner", name="Acme")
    with pytest.raises(OdooRejected, match="recursive"):
        write("res.partner", made, parent_id=made)


def test_deleting_a_record_takes_its_external_ids_along(odoo, create):
    made = create("res.partner", name="Eva")
    create("ir.model.data", module="assay", name="C-1", model="res.partner", res_id=made)
    with pytest.raises(OdooRejected, match="duplicate key"):
        create("ir.model.data", module="assay", name="C-1", model="res.partner", res_id=made)
    call(odoo, "res.partner", "unlink", [made])
    assert call(odoo, "ir.model.data", "search_count", domain=[("module", "=", "assay"), ("name", "=", "C-1")]) == 0


def test_a_template_and_its_only_variant_show_the_same(odoo, create, write, shown):
    template = create(TEMPLATE, name="Tee", default_code="X0", weight=0.12345, list_price=12.345678, barcode="111")
    (variant,) = [row["id"] for row in variants(odoo, template)]
    both = ("name", "default_code", "barcode", "weight", "list_price")
    assert shown(TEMPLATE, template, *both) == ("Tee", "X0", "111", 0.12, 12.345678)
    assert shown(VARIANT, variant, *both) == ("Tee", "X0", "111", 0.12, 12.345678)
    write(VARIANT, variant, default_code=" SKU ", weight="1.005", name="Tee 2", barcode="")
    assert shown(TEMPLATE, template, "name", "default_code", "weight", "barcode") == ("Tee 2", " SKU ", 1.01, "")
    write(TEMPLATE, template, default_code="X1", weight=3, barcode="222")
    assert shown(VARIANT, variant, *both[:4]) == ("Tee 2", "X1", "222", 3.0)


def test_a_variant_alone_makes_its_template(create, shown):
    variant = create(VARIANT, name="Mug", barcode="333", default_code="M1", list_price=7)
    template = shown(VARIANT, variant, "product_tmpl_id")
    assert shown(TEMPLATE, template, "name", "default_code", "list_price", "product_variant_ids") == (
        "Mug",
        "M1",
        7.0,
        [variant],
    )
    with pytest.raises(OdooRejected, match="product_product_combination_unique"):
        create(VARIANT, product_tmpl_id=template)


def test_attribute_lines_make_variants(odoo, shirt, shown):
    assert shown(TEMPLATE, shirt, "default_code", "barcode", "weight", "product_variant_count") == ("TT", False, 5.0, 2)
    first, second = shown(TEMPLATE, shirt, "product_variant_ids")
    assert shown(VARIANT, first, "default_code", "weight", "display_name") == (False, 0.0, "Shirt (S)")
    offers = search_read(
        odoo, "product.template.attribute.value", ["name", "attribute_id"], [("product_tmpl_id", "=", shirt)]
    )
    assert [offer["name"] for offer in offers] == ["S", "M", "red"]
    by_id = {offer["id"]: offer["name"] for offer in offers}
    options = [shown(VARIANT, one, "product_template_attribute_value_ids") for one in (first, second)]
    assert [[by_id[one] for one in chosen] for chosen in options] == [["S", "red"], ["M", "red"]]


def test_changed_attribute_lines_add_and_remove_variants(odoo, shirt, write, shown, attributes):
    before = variants(odoo, shirt)
    line = shown(TEMPLATE, shirt, "attribute_line_ids")[0]
    write(TEMPLATE, shirt, attribute_line_ids=[[1, line, {"value_ids": [[4, attributes["L"]]]}]])
    grown = variants(odoo, shirt)
    assert len(grown) == 3
    assert [row["id"] for row in grown[:2]] == [row["id"] for row in before]
    write(TEMPLATE, shirt, attribute_line_ids=[[1, line, {"value_ids": [[3, attributes["S"]]]}]])
    assert [row["id"] for row in variants(odoo, shirt)] == [row["id"] for row in grown[1:]]
    taken = [[6, 0, shown(VARIANT, grown[2]["id"], "product_template_attribute_value_ids")]]
    with pytest.raises(OdooRejected, match="combination_unique"):
        call(
            odoo,
            VARIANT,
            "create",
            vals_list=[{"product_tmpl_id": shirt, "product_template_attribute_value_ids": taken}],
        )


def test_archiving_a_template_archives_its_variants_and_back(odoo, shirt, write):
    write(TEMPLATE, shirt, active=False)
    assert [row["active"] for row in variants(odoo, shirt)] == [False, False]
    write(TEMPLATE, shirt, active=True)
    assert [row["active"] for row in variants(odoo, shirt)] == [True, True]


def test_a_barcode_belongs_to_one_active_product(odoo, create, write):
    first, second = create(VARIANT, name="a", barcode="B1"), create(VARIANT, name="b", barcode="B2")
    with pytest.raises(OdooRejected, match='Barcode "B1" already assigned to product'):
        write(VARIANT, second, barcode="B1")
    swap = {"vals_list": [{"barcode": "B2"}, {"barcode": "B1"}], "specification": {}}
    with pytest.raises(OdooRejected, match="already assigned"):
        call(odoo, VARIANT, "web_save_multi", [first, second], **swap)
    write(VARIANT, first, active=False)
    strict = {"active_test": False}
    with pytest.raises(OdooRejected, match="already assigned"):
        call(odoo, VARIANT, "write", [second], strict, vals={"barcode": "B1"})
    write(VARIANT, second, barcode="B1")
    write(VARIANT, first, active=True)
    with pytest.raises(OdooRejected, match="already assigned"):
        call(odoo, VARIANT, "create", vals_list=[{"name": "c", "barcode": "9"}, {"name": "d", "barcode": "9"}])


def test_a_product_needs_a_name(create):
    for model in (TEMPLATE, VARIANT):
        for values in ({"name": False}, {"weight": 1}):
            with pytest.raises(OdooRejected, match="name"):
                create(model, **values)


@pytest.fixture
def price_list(odoo, create):
    currency = search_read(odoo, "res.currency", ["name"], [("name", "=", "CZK")])[0]["id"]
    return create("product.pricelist", name="Retail CZK", currency_id=currency)


def test_a_price_rule_is_completed_and_rounded_but_prices_are_not(create, shown, price_list):
    variant = create(VARIANT, name="Q")
    about = {"pricelist_id": price_list, "product_id": variant}
    rule = create(RULE, **about, fixed_price=12.345678, min_quantity=2.005, date_start="2026-02-01", date_end=False)
    fields = ("applied_on", "product_tmpl_id", "fixed_price", "min_quantity", "compute_price", "name")
    template = shown(VARIANT, variant, "product_tmpl_id")
    assert shown(RULE, rule, *fields) == ("0_product_variant", template, 12.345678, 2.01, "fixed", "Variant: Q")
    assert shown(RULE, rule, "date_start", "date_end", "base") == ("2026-02-01 00:00:00", False, "list_price")
    everything = create(RULE, **about, applied_on="3_global", fixed_price=9)
    assert shown(RULE, everything, "product_id", "product_tmpl_id", "name") == (False, False, "All Products")
    assert shown("product.pricelist", price_list, "display_name", "item_ids") == (
        "Retail CZK (CZK)",
        [rule, everything],
    )
    second = create(RULE, **about, fixed_price=12.345678)
    assert second != rule


REFUSED_RULES = [
    ({"applied_on": "0_product_variant"}, "specify the product variant"),
    ({"applied_on": "1_product"}, "specify the product"),
    ({"applied_on": "3_global", "date_start": "2026-02-01 00:00:00", "date_end": "2026-02-01 00:00:00"}, "after start"),
    ({"applied_on": "3_global", "date_start": "2026-02-01T00:00:00"}, "does not match format"),
    ({"applied_on": "3_global", "date_start": "2026-02-01 00:00:00.123"}, "unconverted"),
    ({"applied_on": "3_global", "date_start": 5}, "no len"),
    ({"applied_on": "3_global", "fixed_price": "12,50"}, "could not convert"),
    ({"applied_on": "3_global", "compute_price": "free"}, "Wrong value"),
    ({"applied_on": "1_product", "product_tmpl_id": 999999}, "constraint"),
]


def test_a_wrong_price_rule_is_refused(create, price_list):
    for values, why in REFUSED_RULES:
        with pytest.raises(OdooRejected, match=why):
            create(RULE, pricelist_id=price_list, **values)


def test_deleting_a_product_deletes_its_prices(odoo, create, price_list, shown):
    variant = create(VARIANT, name="Q")
    rule = create(RULE, pricelist_id=price_list, product_id=variant, fixed_price=1)
    call(odoo, TEMPLATE, "unlink", [shown(VARIANT, variant, "product_tmpl_id")])
    assert call(odoo, RULE, "search_count", domain=[("id", "=", rule)]) == 0


def test_deleting_the_last_variant_deletes_its_template(odoo, create, shown, shirt):
    variant = create(VARIANT, name="Q")
    template = shown(VARIANT, variant, "product_tmpl_id")
    call(odoo, VARIANT, "unlink", [variant])
    assert call(odoo, TEMPLATE, "search_count", domain=[("id", "=", template)]) == 0
    call(odoo, VARIANT, "unlink", [variants(odoo, shirt)[0]["id"]])
    assert shown(TEMPLATE, shirt, "product_variant_count") == 1


def test_contacts_outlive_their_company(odoo, create, shown):
    company = create("res.partner", name="Acme", is_company=True, street="S1", vat="V1")
    contact = create("res.partner", name="Eva", parent_id=company)
    call(odoo, "res.partner", "unlink", [company])
    assert shown("res.partner", contact, "parent_id", "street", "vat", "complete_name") == (False, "S1", "V1", "Eva")


def test_domains_find_what_they_say(odoo, create):
    country = {
        row["code"]: row["id"] for row in search_read(odoo, "res.country", ["code"], [("code", "in", ["CZ", "DE"])])
    }
    made = [
        create("res.partner", name="Acme", email="a@posta.example", country_id=country["CZ"], ref="one"),
        create("res.partner", name="acme two", street="", country_id=country["DE"]),
        create("res.partner", name="Other", color=3),
    ]

    def found(*domain):
        rows = search_read(odoo, "res.partner", ["id"], [("id", "in", made), *domain])
        return [made.index(row["id"]) for row in rows]

    assert found(("email", "=", False)) == [1, 2]
    assert found(("email", "!=", False)) == [0]
    assert found(("street", "=", "")) == [0, 1, 2]
    assert found(("name", "=", "Acme")) == [0]
    assert found(("name", "!=", "Acme")) == [1, 2]
    assert found(("ref", "!=", "one")) == [1, 2]
    assert found(("name", "ilike", "ACME")) == [0, 1]
    assert found(("name", "like", "Acm")) == [0]
    assert found(("name", "=ilike", "acme%")) == [0, 1]
    assert found(("name", "not ilike", "acme")) == [2]
    assert found(("ref", "in", ["one", False])) == [0, 1, 2]
    assert found(("ref", "not in", ["one"])) == [1, 2]
    assert found(("country_id.code", "=", "CZ")) == [0]
    assert found(("country_id", "=", False)) == [2]
    assert found(("country_id", "in", [country["CZ"], country["DE"]])) == [0, 1]
    assert found("|", ("color", ">", 2), "&", ("name", "ilike", "acme"), ("country_id", "=", country["DE"])) == [1, 2]
    assert found("!", ("name", "=", "Acme")) == [1, 2]
    assert found(("write_date", ">=", "2026-01-01 00:00:00")) == [0, 1, 2]
    assert found(("write_date", "<", "2026-01-01 00:00:00")) == []
    assert found(("user_ids", "=", False)) == [0, 1, 2]


def test_an_import_that_cannot_be_read_saves_nothing_and_answers_with_messages(odoo):
    rows = [["assay.L1", "N", "1"], ["assay.L2", "M", "maybe"]]
    answer = call(odoo, "res.partner", "load", fields=["id", "name", "is_company"], data=rows)
    assert answer["ids"] is False
    assert answer["messages"][0]["field"] == "is_company"
    answer = call(
        odoo, "res.partner", "load", fields=["id", "name", "is_company"], data=[rows[0], ["assay.L2", "M", ""]]
    )
    again = call(odoo, "res.partner", "load", fields=["id", "name"], data=[["assay.L1", "N 2"]])
    assert again["ids"] == answer["ids"][:1]


def test_relations_are_named_unless_told_not_to(odoo, create):
    company = create("res.partner", name="Acme", is_company=True)
    contact = create("res.partner", name="Eva", parent_id=company)
    assert call(odoo, "res.partner", "read", [contact], fields=["parent_id"]) == [
        {"id": contact, "parent_id": [company, "Acme"]}
    ]
    assert call(odoo, "res.partner", "read", [contact], fields=["parent_id"], load=None) == [
        {"id": contact, "parent_id": company}
    ]
