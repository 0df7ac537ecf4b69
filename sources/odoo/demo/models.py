"""Which models and fields the demo Odoo has. Names, types and flags are those of Odoo 19; behaviour is in rules.py.

One line per field: name, type, relation or selection, then flags. `sql` expressions use `t` for the model's table.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# Flags: ! required, r readonly, .2 digits, =value default, ~ a selection that Odoo does not check, >name inverse.
_DECLARED = """
res.partner | complete_name, id desc
name char
complete_name char r
active boolean =1
is_company boolean
type selection contact,invoice,delivery,other =contact
parent_id many2one res.partner
child_ids one2many res.partner >parent_id
user_ids one2many res.users >partner_id
email char
phone char
street char
street2 char
city char
zip char
country_id many2one res.country
vat char
lang selection ~
tz selection ~
website char
comment html
ref char
function char
company_name char
color integer
company_id many2one res.company

product.template | sequence, name, id
name char !
active boolean =1
type selection consu,service,combo ! =consu
default_code char
weight float .2
volume float .2
list_price float =1
categ_id many2one product.category
uom_id many2one uom.uom ! =1
sale_ok boolean =1
purchase_ok boolean =1
description html
description_sale text
sequence integer =1
company_id many2one res.company
attribute_line_ids one2many product.template.attribute.line >product_tmpl_id
product_variant_ids one2many product.product >product_tmpl_id

product.product | default_code, id
product_tmpl_id many2one product.template !
default_code char
barcode char
weight float .2
volume float .2
standard_price float
active boolean =1
product_template_attribute_value_ids many2many product.template.attribute.value
combination_indices char r

product.attribute | sequence, id
name char !
create_variant selection always,dynamic,no_variant ! =always
display_type selection radio,pills,select,color,multi,image ! =radio
sequence integer =20
active boolean =1
value_ids one2many product.attribute.value >attribute_id

product.attribute.value | attribute_id, sequence, id
name char !
attribute_id many2one product.attribute !
sequence integer
color integer
active boolean =1

product.template.attribute.line | sequence, attribute_id, id
product_tmpl_id many2one product.template !
attribute_id many2one product.attribute !
value_ids many2many product.attribute.value
sequence integer =10
active boolean =1
product_template_value_ids one2many product.template.attribute.value >attribute_line_id

product.template.attribute.value | attribute_line_id, product_attribute_value_id, id
product_tmpl_id many2one product.template r
attribute_line_id many2one product.template.attribute.line !
product_attribute_value_id many2one product.attribute.value !
attribute_id many2one product.attribute r
ptav_active boolean =1
price_extra float

product.category | id
name char !
parent_id many2one product.category

product.pricelist | sequence, id
name char !
active boolean =1
currency_id many2one res.currency ! =1
company_id many2one res.company =1
sequence integer =16
item_ids one2many product.pricelist.item >pricelist_id

product.pricelist.item | applied_on, min_quantity desc, id desc
pricelist_id many2one product.pricelist
product_tmpl_id many2one product.template
product_id many2one product.product
categ_id many2one product.category
applied_on selection 3_global,2_product_category,1_product,0_product_variant ! =3_global
compute_price selection percentage,formula,fixed ! =fixed
base selection list_price,standard_price,pricelist ! =list_price
fixed_price float
percent_price float
min_quantity float .2
date_start datetime
date_end datetime

pos.config | name, id
name char !

pos.payment.method | name, id
name char !

pos.session | id desc
name char r
config_id many2one pos.config !
user_id many2one res.users !
currency_id many2one res.currency r
state selection opening_control,opened,closing_control,closed ! =opening_control
start_at datetime r
stop_at datetime r
cash_register_balance_start float r
cash_register_balance_end_real float r
order_count integer r

pos.order | date_order desc, name desc, id desc
name char !
pos_reference char r
tracking_number char r
uuid char r
session_id many2one pos.session
config_id many2one pos.config
partner_id many2one res.partner
user_id many2one res.users
date_order datetime r
state selection draft,cancel,paid,done r =draft
amount_total float !
amount_tax float !
amount_paid float !
amount_return float !
is_refund boolean r
to_invoice boolean
account_move integer
lines one2many pos.order.line >order_id
payment_ids one2many pos.payment >pos_order_id

pos.order.line | id
name char !
order_id many2one pos.order !
product_id many2one product.product !
full_product_name char
qty float =1
price_unit float
discount float =0
price_subtotal float !
price_subtotal_incl float !
tax_ids char
refunded_orderline_id many2one pos.order.line
uuid char r

pos.payment | id desc
pos_order_id many2one pos.order !
session_id many2one pos.session
payment_method_id many2one pos.payment.method !
amount float !
payment_date datetime !
is_change boolean
card_type char
transaction_id char
payment_status char
uuid char r

res.country | name, id
name char !
code char !

res.currency | active desc, name, id
name char !
symbol char !
rounding float .6 =0.01
active boolean =1

res.lang | active desc, name, id
name char !
code char !
iso_code char
active boolean

res.company | sequence, id
name char !
partner_id many2one res.partner !
currency_id many2one res.currency ! =1
sequence integer =10
active boolean =1

res.users | login, id
login char !
partner_id many2one res.partner !
active boolean =1
share boolean r

uom.uom | id
name char !
active boolean =1

ir.model | model, id
name char !
model char !
state selection manual,base r =base

ir.model.fields | name, id
name char !
model char !
model_id many2one ir.model !
ttype selection ~ !
field_description char !
state selection manual,base r =manual
relation char
help text
index boolean
copied boolean =1
required boolean
readonly boolean
store boolean =1

ir.model.data | module, model, name, id
module char !
name char !
model char !
res_id many2one_reference
noupdate boolean

ir.actions.server | sequence, name, id
name char !
model_id many2one ir.model !
state selection ~ ! =code
code text
sequence integer =5
"""


def _product_name(alias: str) -> str:
    """A variant as Odoo shows it: "[SKU] Shirt (M, red)", options only where the template has a choice of them."""
    return f"""case when {alias}.default_code > '' then '[' || {alias}.default_code || '] ' else '' end
 || (select name from product_template where id = {alias}.product_tmpl_id)
 || coalesce((select ' (' || group_concat(v.name, ', ') || ')'
  from json_each({alias}.product_template_attribute_value_ids) j
  join product_template_attribute_value o on o.id = j.value
  join product_attribute_value v on v.id = o.product_attribute_value_id
  join product_template_attribute_line l on l.id = o.attribute_line_id and json_array_length(l.value_ids) > 1), '')"""


_RULE_NAME = f"""case t.applied_on
 when '0_product_variant' then 'Variant: ' || (select {_product_name("p")}
  from product_product p where p.id = t.product_id)
 when '1_product' then (select name from product_template where id = t.product_tmpl_id)
 when '2_product_category' then 'Category' else 'All Products' end"""
# What stands for a record in relations; elsewhere its `name`.
_DISPLAY = {
    "res.partner": "t.complete_name",
    "res.users": "(select name from res_partner where id = t.partner_id)",
    "product.template": "case when t.default_code > '' then '[' || t.default_code || '] ' else '' end || t.name",
    "product.product": _product_name("t"),
    "product.template.attribute.line": "(select name from product_attribute where id = t.attribute_id)",
    "product.template.attribute.value": (
        "(select name from product_attribute_value where id = t.product_attribute_value_id)"
    ),
    "product.pricelist": "t.name || ' (' || (select name from res_currency where id = t.currency_id) || ')'",
    "product.pricelist.item": _RULE_NAME,
    "ir.model.fields": "t.field_description",
}
# Computed and related fields: type, relation and expression.
_VARIANTS = "select count(*) from product_product p where p.product_tmpl_id = t.id and p.active"
_ONLY = "from product_product p where p.product_tmpl_id = t.id and p.active"
_COMPUTED = {
    "res.partner": {
        "country_code": ("char", None, "(select code from res_country where id = t.country_id)"),
        "company_type": ("selection", None, "case when t.is_company then 'company' else 'person' end"),
        "commercial_partner_id": (
            "many2one",
            "res.partner",
            "case when t.is_company then t.id else coalesce(t.parent_id, t.id) end",
        ),
        "partner_share": (
            "boolean",
            None,
            "not exists (select 1 from res_users u where u.partner_id = t.id and u.active and not u.share)",
        ),
    },
    "product.template": {
        "product_variant_count": ("integer", None, f"({_VARIANTS})"),
        "product_variant_id": ("many2one", "product.product", f"(select min(p.id) {_ONLY})"),
        "barcode": ("char", None, f"(select case when count(*) = 1 then max(p.barcode) end {_ONLY})"),
    },
    "product.template.attribute.value": {
        "name": ("char", None, _DISPLAY["product.template.attribute.value"]),
    },
    "product.pricelist.item": {
        "currency_id": (
            "many2one",
            "res.currency",
            "coalesce((select currency_id from product_pricelist where id = t.pricelist_id), 1)",
        ),
        "company_id": (
            "many2one",
            "res.company",
            "coalesce((select company_id from product_pricelist where id = t.pricelist_id), 1)",
        ),
        "name": ("char", None, _RULE_NAME),
    },
    "ir.model.data": {"complete_name": ("char", None, "t.module || '.' || t.name")},
    "res.users": {"name": ("char", None, "(select name from res_partner where id = t.partner_id)")},
}
# A variant shows and writes these fields of its template.
INHERITED = (
    "name",
    "type",
    "list_price",
    "categ_id",
    "uom_id",
    "sale_ok",
    "purchase_ok",
    "description_sale",
    "company_id",
)
ADMIN_ONLY = ("ir.model", "ir.model.fields", "ir.model.data", "ir.actions.server")
SQL_TYPES = {
    "boolean": "integer",
    "integer": "integer",
    "many2one": "integer",
    "many2one_reference": "integer",
    "float": "real",
}


@dataclass(frozen=True)
class Field:
    """One field. `sql` is its expression; `stored` fields are columns; x2many fields hold id lists."""

    name: str
    type: str
    sql: str
    relation: str | None = None
    selection: tuple[str, ...] = ()
    required: bool = False
    readonly: bool = False
    digits: int | None = None
    default: str | None = None
    inverse: str | None = None
    stored: bool = True

    def described(self) -> dict:
        """As fields_get answers."""
        shown = {"type": self.type, "string": self.name, "required": self.required, "readonly": self.readonly}
        shown |= {"store": self.stored or self.type == "one2many", "relation": self.relation}
        if self.type == "selection":
            shown["selection"] = [[value, value] for value in self.selection]
        if self.type == "float":
            shown["digits"] = [16, self.digits] if self.digits else False
        return {name: value for name, value in shown.items() if value is not None}


@dataclass
class Model:
    """One model: its table, the order and the display name of its records, its fields by name."""

    name: str
    order: str
    display: str
    fields: dict[str, Field] = field(default_factory=dict)

    @property
    def table(self) -> str:
        return self.name.replace(".", "_")

    @property
    def columns(self) -> list[Field]:
        """The fields that are columns of the table, `id` left out."""
        return [f for f in self.fields.values() if f.stored and f.name != "id"]

    def add(self, added: Field) -> None:
        self.fields[added.name] = added


def models() -> dict[str, Model]:
    """All models by name, without the fields that a database has of its own."""
    found = {}
    for block in _DECLARED.strip().split("\n\n"):
        head, *lines = block.splitlines()
        name, order = head.split(" | ")
        model = found[name] = Model(name, order, _DISPLAY.get(name, "t.name"))
        model.add(Field("id", "integer", "t.id", readonly=True))
        for line in lines:
            model.add(_field(line))
        model.add(Field("display_name", "char", model.display, readonly=True, stored=False))
        for stamp, kind in (("create_date", "datetime"), ("write_date", "datetime")):
            model.add(Field(stamp, kind, f"t.{stamp}", readonly=True))
        for stamp in ("create_uid", "write_uid"):
            model.add(Field(stamp, "many2one", f"t.{stamp}", "res.users", readonly=True))
        for computed, (kind, relation, sql) in _COMPUTED.get(name, {}).items():
            model.add(Field(computed, kind, sql, relation, readonly=True, stored=False))
    for name in INHERITED:
        origin = found["product.template"].fields[name]
        sql = f"(select {name} from product_template where id = t.product_tmpl_id)"
        found["product.product"].add(
            Field(name, origin.type, sql, origin.relation, origin.selection, origin.required, stored=False)
        )
    sql = "(select list_price from product_template where id = t.product_tmpl_id)"
    found["product.product"].add(Field("lst_price", "float", sql, stored=False))
    return found


def custom_field(name: str, kind: str) -> Field:
    """A field that somebody added to one database."""
    return Field(name, kind, f't."{name}"')


def _field(line: str) -> Field:
    name, kind, *rest = line.split()
    options: dict = {}
    for word in rest:
        if word == "!":
            options["required"] = True
        elif word == "r":
            options["readonly"] = True
        elif word[0] == ".":
            options["digits"] = int(word[1:])
        elif word[0] == "=":
            options["default"] = word[1:]
        elif word[0] == ">":
            options |= {"inverse": word[1:], "stored": False}
        elif word != "~":
            options |= {"selection": tuple(word.split(","))} if kind == "selection" else {"relation": word}
    return Field(name, kind, f't."{name}"', **options)
