"""What can be wrong with a record that golden wants in Odoo: one row per kind, with what the plan must say of it.

`raw` is the same write without the pre-check, and `odoo` what a real Odoo 19 makes of it: it refuses, changes the
value in silence, or takes a record that would do harm in the shop.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.publish.policy import POLICY, Policy
from sources.odoo.client import OdooClient, call, search_read

REFUSED, CHANGED, TAKEN = "refused", "changed", "taken"
PARTNER, PRODUCT, VARIANT, RULE = "res_partner", "product_template", "product_product", "product_pricelist_item"


@dataclass(frozen=True)
class Scene:
    """Ids of what stands in Odoo before: other people's records, which the violations run into."""

    ids: dict[str, int]

    def __getitem__(self, name: str) -> int:
        return self.ids[name]


@dataclass(frozen=True)
class Violation:
    """`row` is what golden says, `field` and `says` what the plan must answer, `raw` Odoo's values for the control."""

    name: str
    object: str
    row: dict[str, Any]
    field: str
    says: str
    raw: Callable[[Scene], dict[str, Any]]
    odoo: str
    on: str | None = None


def widened(policy_file: dict[str, Any]) -> Policy:
    """The shipped policy with more fields, as a retailer would add them."""
    objects = policy_file["objects"]
    objects[PARTNER]["fields"] |= {
        "lang": {},
        "website": {"spelling": "website"},
        "comment": {},
        "color": {},
        "partner_latitude": {},
        "state_id": {"lookup": {"model": "res.country.state", "key": "name"}, "agrees": "country_id"},
        "parent_id": {"lookup": {"model": "res.partner", "key": "ref"}},
        "company_id": {"lookup": {"model": "res.company", "key": "name"}},
        "x_short": {},
    }
    objects[PARTNER]["acyclic"] = ["id", "parent_id"]
    objects[PRODUCT]["fields"] |= {
        "type": {},
        "sale_ok": {},
        "list_price": {},
        "uom_id": {"lookup": {"model": "uom.uom", "key": "name"}},
        "taxes_id": {"lookup": {"model": "account.tax", "key": "name"}, "where": [["price_include", "=", True]]},
        "company_id": {"lookup": {"model": "res.company", "key": "name"}},
    }
    objects[VARIANT]["unique"] = ["barcode", "default_code"]
    objects[RULE]["fields"] |= {
        "base": {},
        "base_pricelist_id": {"lookup": {"model": "product.pricelist", "key": "name"}},
        "price_min_margin": {},
        "price_max_margin": {},
    }
    objects[RULE]["acyclic"] = ["pricelist_id", "base_pricelist_id"]
    return Policy.model_validate(policy_file)


def set_scene(admin: OdooClient) -> Scene:
    """What the violations run into, made by an administrator."""

    def make(model: str, **values: Any) -> int:
        return call(admin, model, "create", vals_list=[values])[0]

    def one(model: str, *domain: tuple) -> int:
        return search_read(admin, model, ["id"], list(domain), limit=1)[0]["id"]

    partner_model = one("ir.model", ("model", "=", "res.partner"))
    make("ir.model.fields", name="x_short", model_id=partner_model, ttype="char", size=10, field_description="Short")
    ids = {"czech": one("res.country", ("code", "=", "CZ")), "company": one("res.company")}
    ids["eur"] = one("res.currency", ("name", "=", "EUR"))
    ids["other_company"] = make("res.company", name="Second company")
    ids["texas"] = one("res.country.state", ("name", "=", "Texas"))
    for name, values in {"sale_tax": {}, "purchase_tax": {"type_tax_use": "purchase"}, "net_tax": {}}.items():
        include = "tax_excluded" if name == "net_tax" else "tax_included"
        group = ids.setdefault("tax_group", make("account.tax.group", name="All", country_id=ids["czech"]))
        given = {"name": name, "amount": 21, "type_tax_use": "sale", "price_include_override": include}
        ids[name] = make("account.tax", tax_group_id=group, country_id=ids["czech"], **given | values)
    ids["list"] = make("product.pricelist", name="Our list", currency_id=ids["eur"], company_id=False)
    ids["base_list"] = make("product.pricelist", name="Base list", company_id=False)
    ids["archived_list"] = make("product.pricelist", name="Gone list", active=False)
    ids["list_of_other"] = make("product.pricelist", name="Theirs", company_id=ids["other_company"])
    for name in ("sold", "taken", "archived", "ours"):
        ids[f"{name}_product"] = made = make("product.template", name=name)
        ids[name] = one("product.product", ("product_tmpl_id", "=", made))
    call(admin, "product.product", "write", [ids["taken"]], vals={"barcode": "8590000001", "default_code": "SOLD"})
    call(admin, "product.product", "write", [ids["archived"]], vals={"barcode": "8590000002"})
    call(admin, "product.template", "write", [ids["archived_product"]], vals={"active": False})
    call(admin, "product.template", "write", [ids["ours_product"]], vals={"company_id": ids["company"]})
    unit = one("uom.uom", ("name", "=", "Dozens"))
    make("product.uom", product_id=ids["taken"], uom_id=unit, barcode="8590000003")
    shared = {"applied_on": "3_global", "compute_price": "formula", "base": "pricelist"}
    make("product.pricelist.item", pricelist_id=ids["base_list"], base_pricelist_id=ids["list"], **shared)
    fixed = {"applied_on": "0_product_variant", "product_id": ids["sold"], "fixed_price": 5.0, "min_quantity": 1}
    make("product.pricelist.item", pricelist_id=ids["list"], compute_price="fixed", **fixed)
    ids["mother"] = make("res.partner", name="Mother", ref="MOTHER")
    ids["daughter"] = make("res.partner", name="Daughter", ref="DAUGHTER", parent_id=ids["mother"])
    american = one("res.country", ("code", "=", "US"))
    ids["texan"] = make("res.partner", name="Texan", state_id=ids["texas"], country_id=american)
    ids["lost"] = make("res.partner", name="Lost")
    call(admin, "res.partner", "unlink", [ids["lost"]])
    ids["edited"] = make("res.partner", name="Edited")
    return Scene(ids)


def _rule(**more: Any) -> dict[str, Any]:
    return {"pricelist_id": "Our list", "product_id": "V-own", "applied_on": "0_product_variant"} | {
        "compute_price": "fixed",
        "fixed_price": 10.0,
        "min_quantity": 1.0,
        **more,
    }


def _raw_rule(**more: Any) -> Callable[[Scene], dict[str, Any]]:
    """Odoo's values of a rule; those given as text are names of the scene."""

    def values(scene: Scene) -> dict[str, Any]:
        shared = {"pricelist_id": scene["list"], "product_id": scene["sold"], "applied_on": "0_product_variant"}
        shared |= {"compute_price": "fixed", "fixed_price": 10.0, "min_quantity": 2}
        return shared | {k: scene[v[1:]] if isinstance(v, str) and v[:1] == "@" else v for k, v in more.items()}

    return values


def _raw(**values: Any) -> Callable[[Scene], dict[str, Any]]:
    return lambda scene: {k: scene[v[1:]] if isinstance(v, str) and v[:1] == "@" else v for k, v in values.items()}


# Letters that repeat too little for PostgreSQL to make them shorter.
ENDLESS = "".join(random.Random(1).choices(string.ascii_letters, k=12_000))
MARCH = {"date_start": datetime(2026, 3, 1), "date_end": datetime(2026, 3, 31)}
VIOLATIONS = [
    Violation("no name", PARTNER, {"name": None}, "name", "is required", _raw(email="x@example.com"), REFUSED),
    Violation("NUL byte", PARTNER, {"city": "Br\0no"}, "city", "NUL byte", _raw(city="Br\0no"), REFUSED, "edited"),
    Violation("control character", PARTNER, {"name": "A\x02"}, "name", "control character", _raw(name="A\x02"), TAKEN),
    Violation(
        "script for a web address",
        PARTNER,
        {"website": "javascript:alert(1)"},
        "website",
        "is a script",
        _raw(website="javascript:alert(1)"),
        TAKEN,
    ),
    Violation(
        "country that leaves the state behind",
        PARTNER,
        {"odoo_id": "texan", "country_id": "CZ"},
        "state_id",
        "belongs to another country_id",
        _raw(country_id="@czech"),
        TAKEN,
        "texan",
    ),
    Violation("language not installed", PARTNER, {"lang": "xx_YY"}, "lang", "not a choice", _raw(lang="xx_YY"), TAKEN),
    Violation(
        "word for a yes", PARTNER, {"is_company": "no"}, "is_company", "not bool", _raw(is_company="no"), CHANGED
    ),
    Violation(
        "decimal comma",
        PARTNER,
        {"partner_latitude": "12,50"},
        "partner_latitude",
        "not a finite number",
        _raw(partner_latitude="12,50"),
        REFUSED,
    ),
    Violation("number too large", PARTNER, {"color": 2**40}, "color", "larger than", _raw(color=2**40), REFUSED),
    Violation(
        "text for a relation",
        PARTNER,
        {"country_id": "XX"},
        "country_id",
        "not known to this Odoo",
        _raw(country_id="XX"),
        CHANGED,
        "edited",
    ),
    Violation(
        "state of another country",
        PARTNER,
        {"country_id": "CZ", "state_id": "Texas"},
        "state_id",
        "belongs to another country_id",
        _raw(country_id="@czech", state_id="@texas"),
        TAKEN,
    ),
    Violation(
        "text that loses its meaning as HTML",
        PARTNER,
        {"comment": "a<b & c"},
        "comment",
        "would be changed by Odoo",
        _raw(comment="a<b & c"),
        CHANGED,
    ),
    Violation(
        "script in HTML",
        PARTNER,
        {"comment": "<p>Hi</p><script>alert(1)</script>"},
        "comment",
        "would be changed by Odoo",
        _raw(comment="<p>Hi</p><script>alert(1)</script>"),
        CHANGED,
    ),
    Violation(
        "text too long",
        PARTNER,
        {"x_short": "much too long"},
        "x_short",
        "13 characters, of which Odoo would keep 10",
        _raw(x_short="much too long"),
        CHANGED,
    ),
    Violation(
        "VAT number with a wrong check digit",
        PARTNER,
        {"country_id": "CZ", "vat": "CZ12345678"},
        "vat",
        "is no VAT number of CZ",
        _raw(country_id="@czech", vat="CZ12345678"),
        TAKEN,
    ),
    Violation(
        "circle of companies",
        PARTNER,
        {"odoo_id": "mother", "parent_id": "DAUGHTER"},
        "parent_id",
        "closes a circle",
        _raw(parent_id="@daughter"),
        REFUSED,
        "mother",
    ),
    Violation(
        "record deleted in Odoo",
        PARTNER,
        {"odoo_id": "lost"},
        "Odoo record",
        "does not exist any more",
        _raw(city="Brno"),
        REFUSED,
        "lost",
    ),
    Violation(
        "no such product type", PRODUCT, {"type": "storable"}, "type", "not a choice", _raw(type="storable"), REFUSED
    ),
    Violation("unknown unit", PRODUCT, {"uom_id": "Firkins"}, "uom_id", "not known", _raw(uom_id=99999), REFUSED),
    Violation(
        "tax of purchases on sales",
        PRODUCT,
        {"taxes_id": ["purchase_tax"]},
        "taxes_id",
        "not among Odoo's own choice",
        _raw(taxes_id=[[6, 0, ["@purchase_tax"]]]),
        CHANGED,
    ),
    Violation(
        "tax on top of a price that holds it",
        PRODUCT,
        {"taxes_id": ["net_tax"]},
        "taxes_id",
        "not among what odoo.yml allows",
        _raw(taxes_id=[[6, 0, ["@net_tax"]]]),
        TAKEN,
    ),
    Violation(
        "weight that rounds to nothing",
        VARIANT,
        {"weight": 0.004},
        "weight",
        "would be 0",
        _raw(weight=0.004),
        CHANGED,
    ),
    Violation("weight below nothing", VARIANT, {"weight": -1.0}, "weight", "is below 0", _raw(weight=-1.0), TAKEN),
    Violation(
        "barcode longer than an index holds",
        VARIANT,
        {"barcode": ENDLESS},
        "barcode",
        "too long for PostgreSQL's index",
        _raw(barcode=ENDLESS),
        REFUSED,
    ),
    Violation(
        "barcode of another product",
        VARIANT,
        {"barcode": "8590000001"},
        "barcode",
        "is on record",
        _raw(barcode="8590000001"),
        REFUSED,
    ),
    Violation(
        "barcode of an archived product",
        VARIANT,
        {"barcode": "8590000002"},
        "barcode",
        "is on record",
        _raw(barcode="8590000002"),
        TAKEN,
    ),
    Violation(
        "barcode of a packaging",
        VARIANT,
        {"barcode": "8590000003"},
        "barcode",
        "is on product.uom",
        _raw(barcode="8590000003"),
        REFUSED,
    ),
    Violation(
        "reference of another product",
        VARIANT,
        {"default_code": "SOLD"},
        "default_code",
        "is on record",
        _raw(default_code="SOLD"),
        TAKEN,
    ),
    Violation(
        "window that ends before it begins",
        RULE,
        _rule(date_start=datetime(2026, 3, 2), date_end=datetime(2026, 3, 1)),
        "date_end",
        "is not after",
        _raw_rule(date_start="2026-03-02 00:00:00", date_end="2026-03-01 00:00:00"),
        REFUSED,
    ),
    Violation(
        "second rule for one product",
        RULE,
        _rule(product_id="V-sold"),
        "its window",
        "overlaps that of record",
        _raw_rule(min_quantity=1),
        TAKEN,
    ),
    Violation(
        "price below nothing",
        RULE,
        _rule(fixed_price=-1.0, min_quantity=8.0),
        "fixed_price",
        "is below 0",
        _raw_rule(fixed_price=-1.0),
        TAKEN,
    ),
    Violation(
        "quantity below nothing",
        RULE,
        _rule(min_quantity=-3.0),
        "min_quantity",
        "is below 0",
        _raw_rule(min_quantity=-3.0),
        TAKEN,
    ),
    Violation(
        "window since the year 1",
        RULE,
        _rule(date_start=datetime(1, 1, 1), min_quantity=9.0),
        "date_start",
        "before the year 1000",
        _raw_rule(date_start="0001-01-01 00:00:00"),
        CHANGED,
    ),
    Violation(
        "rule of a product that names a variant",
        RULE,
        _rule(product_id="V-sold", applied_on="1_product", min_quantity=10.0),
        "product_id",
        "would be changed by Odoo",
        _raw_rule(applied_on="1_product"),
        CHANGED,
    ),
    Violation(
        "unknown price list",
        RULE,
        _rule(pricelist_id="Nowhere"),
        "pricelist_id",
        "not known",
        _raw_rule(pricelist_id=99999),
        REFUSED,
    ),
    Violation(
        "price in another currency than its list",
        RULE,
        _rule(currency="CZK", min_quantity=7.0),
        "pricelist_id",
        "whose currency_id is EUR, and golden states CZK",
        _raw_rule(min_quantity=7),
        TAKEN,
    ),
    Violation(
        "archived price list",
        RULE,
        _rule(pricelist_id="Gone list"),
        "pricelist_id",
        "is archived",
        _raw_rule(pricelist_id="@archived_list"),
        TAKEN,
    ),
    Violation(
        "price list of another company",
        RULE,
        _rule(pricelist_id="Theirs", product_id="V-ours"),
        "product_id",
        "refers to a record of company",
        _raw_rule(pricelist_id="@list_of_other", product_id="@ours"),
        REFUSED,
    ),
    Violation(
        "circle of price lists",
        RULE,
        _rule(base="pricelist", base_pricelist_id="Base list", min_quantity=3.0),
        "base_pricelist_id",
        "closes a circle",
        _raw_rule(base="pricelist", base_pricelist_id="@base_list"),
        REFUSED,
    ),
    Violation(
        "margins the wrong way round",
        RULE,
        _rule(product_id="V-sold", min_quantity=4.0, price_min_margin=9.0, price_max_margin=1.0),
        "x_assay_id",
        "refused by Odoo in rehearsal: The minimum margin",
        _raw_rule(price_min_margin=9.0, price_max_margin=1.0),
        REFUSED,
    ),
    Violation(
        "choice that Odoo does not offer",
        RULE,
        _rule(applied_on="everything", min_quantity=5.0),
        "applied_on",
        "not a choice",
        _raw_rule(applied_on="everything"),
        REFUSED,
    ),
    Violation(
        "quantity that rounds to nothing",
        RULE,
        _rule(min_quantity=0.004),
        "min_quantity",
        "would be 0",
        _raw_rule(min_quantity=0.004),
        CHANGED,
    ),
    Violation(
        "rule without its product",
        RULE,
        _rule(product_id=None),
        "product_id",
        "is required",
        _raw_rule(product_id=False),
        REFUSED,
    ),
]

__all__ = ["POLICY", "VIOLATIONS", "Scene", "Violation", "set_scene", "widened"]
