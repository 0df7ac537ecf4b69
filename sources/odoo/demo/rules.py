"""What Odoo does on its own when a record is created or changed, as far as Assay meets it.

Contacts share address and VAT with their company; external ids and price rules have constraints; products have a file
of their own. Each was observed on a real Odoo 19, and tests/odoo runs the same cases against both.
"""

from __future__ import annotations

import datetime
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sources.odoo import actions
from sources.odoo.demo.answers import bad_value, forbidden_by_database, invalid
from sources.odoo.demo.models import INHERITED, SQL_TYPES, custom_field
from sources.odoo.demo.product_rules import (
    OF_THE_VARIANT,
    check_barcodes,
    check_combinations,
    distinct,
    everything,
    fill_templates,
    lift,
    offer_values,
    templates_for,
    written_template,
)
from sources.odoo.demo.store import IN

if TYPE_CHECKING:
    from sources.odoo.demo.records import Records

ADDRESS = ("street", "street2", "zip", "city", "country_id")
_BUILTINS = (
    Exception,
    all,
    bool,
    dict,
    enumerate,
    float,
    int,
    isinstance,
    len,
    list,
    max,
    min,
    range,
    round,
    set,
    sorted,
    str,
    sum,
    zip,
)


def defaults(records: Records) -> dict[str, Any]:
    """Column values of a new record that depend on who creates it."""
    if records._name == "res.partner":
        return {"lang": records.env.context.get("lang", "en_US"), "tz": records.env.context.get("tz")}
    return {}


def creating(records: Records, given: list[dict[str, Any]]) -> None:
    """Complete and check what is about to be created, in place."""
    match records._name:
        case "res.partner":
            for vals in given:
                _website(vals)
        case "product.product":
            templates_for(records, given)
        case "product.pricelist.item":
            for vals in given:
                _aim(records, vals)
        case "ir.model.fields":
            for vals in given:
                _announce_field(records, vals)


def created(records: Records, given: list[dict[str, Any]]) -> None:
    """Do what follows from a creation."""
    match records._name:
        case "res.partner":
            _names(records)
            if any(vals.get("parent_id") for vals in given):
                _share_within_family(records, set(ADDRESS) | {"vat", "parent_id"})
        case "product.template":
            fill_templates(records, given)
        case "product.product":
            check_combinations(records)
            check_barcodes(records, [vals.get("barcode") for vals in given])
            lift(records)
        case "product.template.attribute.line":
            offer_values(records)
        case "product.pricelist.item":
            _check_rules(records)
        case "ir.model.fields":
            _add_fields(records)


def writing(records: Records, vals: dict[str, Any]) -> None:
    """Complete and check what is about to be written, in place."""
    match records._name:
        case "res.partner":
            _website(vals)
            if vals.get("parent_id") and vals["parent_id"] in records.ids:
                raise invalid("You cannot create recursive Partner hierarchies.")
        case "product.product":
            own = {name: vals.pop(name) for name in (*INHERITED, "lst_price") if name in vals}
            if "lst_price" in own:
                own["list_price"] = own.pop("lst_price")
            if own:
                records.env["product.template"].browse(distinct(records, "product_tmpl_id")).write(own)
        case "product.pricelist.item":
            if {"applied_on", "product_id", "product_tmpl_id"} & vals.keys():
                for record in records:
                    known = record.read(["applied_on", "product_id", "product_tmpl_id"], load=None)[0]
                    merged = {**known, **vals}
                    _aim(records, merged)
                    vals |= {name: merged[name] for name in vals if name in merged}


def written(records: Records, vals: dict[str, Any]) -> None:
    """Do what follows from a change."""
    match records._name:
        case "res.partner":
            if {"name", "parent_id", "type"} & vals.keys():
                _names(records)
            if touched := {*ADDRESS, "vat", "parent_id"} & vals.keys():
                _share_within_family(records, touched)
        case "product.template":
            written_template(records, vals)
        case "product.product":
            if vals.get("active") or "product_template_attribute_value_ids" in vals:
                check_combinations(records)
            if "barcode" in vals:
                check_barcodes(records, [vals["barcode"]])
            if {*OF_THE_VARIANT, "active"} & vals.keys():
                lift(records)
        case "product.template.attribute.line":
            offer_values(records)
        case "product.pricelist.item":
            _check_rules(records)


def unlinking(records: Records) -> list[Records]:
    """Take along what cannot stay without these records; returns what has to go after them."""
    env, asked, ids = records.env, [["product_tmpl_id", "in", records.ids]], json.dumps(records.ids)
    match records._name:
        case "product.template":
            everything(env["product.product"], asked).with_context(demo_with_template=True).unlink()
            everything(env["product.pricelist.item"], asked).unlink()
        case "product.product":
            everything(env["product.pricelist.item"], [["product_id", "in", records.ids]]).unlink()
            if env.context.get("demo_with_template"):
                return []
            bare = env.execute(
                f"select distinct product_tmpl_id from product_product t where id {IN} and not exists (select 1"
                f" from product_product p where p.product_tmpl_id = t.product_tmpl_id and p.id not {IN})",
                (ids, ids),
            )
            return [env["product.template"].browse([row[0] for row in bare])]
        case "pos.order":
            everything(env["pos.order.line"], [["order_id", "in", records.ids]]).unlink()
            everything(env["pos.payment"], [["pos_order_id", "in", records.ids]]).unlink()
        case "product.pricelist":
            everything(env["product.pricelist.item"], [["pricelist_id", "in", records.ids]]).unlink()
        case "res.partner":
            if everything(env["res.users"], [["partner_id", "in", records.ids], ["active", "=", True]]):
                raise invalid("You cannot delete contacts linked to an active user.")
            contacts = everything(env["res.partner"], [["parent_id", "in", records.ids]])
            contacts._update({"parent_id": None})
            _names(contacts)
        case "ir.model.fields":
            for record in records:
                table = env.store.models[record.model].table
                env.execute(f"drop index if exists {table}_{record.name}")
                env.execute(f'alter table {table} drop column "{record.name}"')
            env.execute(f"delete from ir_model_fields where id {IN}", (ids,))
            env.store.added_fields = True
            env.store.refresh()
    return []


# --- contacts -------------------------------------------------------------------------------------------------------


def _website(vals: dict[str, Any]) -> None:
    site = vals.get("website")
    if site and "://" not in site:
        vals["website"] = f"http://{site}"


def _names(records: Records) -> None:
    asked = json.dumps(records.ids)
    nameless = f"select 1 from res_partner where id {IN} and name is null and type = 'contact'"
    if records.env.execute(nameless, (asked,)).fetchone():
        raise forbidden_by_database("Contacts require a name")
    records.env.execute(
        "update res_partner as t set complete_name ="
        " coalesce((select p.name || ', ' from res_partner p where p.id = t.parent_id), '') || coalesce(t.name, '')"
        f" where t.id {IN} or t.parent_id {IN}",
        (asked, asked),
    )


def _share_within_family(records: Records, touched: set[str]) -> None:
    """Address and VAT are one for a company and its contacts: a change on either side reaches all of them."""
    env, asked = records.env, json.dumps(records.ids)
    contacts = env.execute(
        f"select id, parent_id, type, is_company from res_partner where id {IN} and parent_id is not null", (asked,)
    ).fetchall()
    parents = set(records.ids)
    for one, parent, kind, is_company in contacts:
        shared = [*(ADDRESS if kind == "contact" else ()), *(() if is_company else ("vat",))]
        for fields in (ADDRESS, ("vat",)):
            wanted = [name for name in fields if name in shared]
            if not wanted or not (touched & {*wanted, "parent_id"}):
                continue
            columns = ", ".join(wanted)
            above = env.execute(f"select {columns} from res_partner where id = ?", (parent,)).fetchone()
            up = "parent_id" not in touched or not any(above)
            source, target = (one, parent) if up else (parent, one)
            _copy(env, wanted, source, [target])
            if up:
                parents.add(parent)
    for parent in parents:
        for fields, among in ((ADDRESS, "type = 'contact'"), (("vat",), "not is_company")):
            below = env.execute(f"select id from res_partner where parent_id = ? and {among}", (parent,)).fetchall()
            if below and touched & {*fields, "parent_id"}:
                _copy(env, list(fields), parent, [row[0] for row in below])


def _copy(env: Any, names: list[str], source: int, targets: list[int]) -> None:
    same = " and ".join(f"t.{name} is s.{name}" for name in names)
    assigned = ", ".join(f"{name} = s.{name}" for name in names)
    env.execute(
        f"update res_partner as t set {assigned}, write_date = ?, write_uid = ?"
        f" from res_partner s where s.id = ? and t.id {IN} and not ({same})",
        (env.store.now(), env.uid, source, json.dumps(targets)),
    )


# --- prices ---------------------------------------------------------------------------------------------------------


def _aim(records: Records, vals: dict[str, Any]) -> None:
    """What a price rule applies to follows from the product it names, and the other way round."""
    aim = vals.get("applied_on") or ("0_product_variant" if vals.get("product_id") else None)
    aim = aim or ("1_product" if vals.get("product_tmpl_id") else "3_global")
    vals["applied_on"] = aim
    if aim == "0_product_variant" and vals.get("product_id") and not vals.get("product_tmpl_id"):
        product = records.env["product.product"].browse(vals["product_id"])
        vals["product_tmpl_id"] = product.product_tmpl_id if product.exists() else None
    if aim == "1_product":
        vals["product_id"] = None
    elif aim == "3_global":
        vals |= {"product_id": None, "product_tmpl_id": None, "categ_id": None}


def _check_rules(rules: Records) -> None:
    asked = (json.dumps(rules.ids),)
    lacking = f"from product_pricelist_item where id {IN} and applied_on"
    if rules.env.execute(f"select 1 {lacking} = '0_product_variant' and product_id is null", asked).fetchone():
        raise invalid("Please specify the product variant for which this rule should be applied")
    if rules.env.execute(f"select 1 {lacking} = '1_product' and product_tmpl_id is null", asked).fetchone():
        raise invalid("Please specify the product for which this rule should be applied")
    if rules.env.execute(f"select 1 {lacking} is not null and date_start >= date_end", asked).fetchone():
        raise invalid("end date should be after start date")


# --- what Assay adds ------------------------------------------------------------------------------------------------


def _announce_field(records: Records, vals: dict[str, Any]) -> None:
    if not str(vals.get("name", "")).startswith("x_"):
        raise forbidden_by_database("Custom fields must have a name that starts with 'x_'!")
    model = records.env["ir.model"].browse(vals["model_id"]).model
    if vals["name"] in records.env.store.models[model].fields:
        raise forbidden_by_database("Field names must be unique per model.")
    if vals.get("ttype") not in SQL_TYPES and vals.get("ttype") not in ("char", "text", "date", "datetime"):
        raise bad_value(f"Wrong value for ir.model.fields.ttype: {vals.get('ttype')!r}")
    vals["model"] = model
    vals.setdefault("field_description", vals["name"])


def _add_fields(records: Records) -> None:
    store = records.env.store
    for record in records:
        model = store.models[record.model]
        records.env.execute(
            f'alter table {model.table} add column "{record.name}" {SQL_TYPES.get(record.ttype, "text")}'
        )
        if record.index:
            records.env.execute(f'create index {model.table}_{record.name} on {model.table} ("{record.name}")')
        model.add(custom_field(record.name, record.ttype))
        store.added_fields = True


def run_action(records: Records) -> Any:
    """Run Assay's own server actions, word for word the code that a real Odoo gets; nothing else is ever run."""
    answer: Any = False
    for one in records.exists():
        if one.state != "code" or one.code.strip() not in _SHIPPED:
            raise invalid("The demo Odoo runs only the server actions that Assay ships.")
        model = records.env["ir.model"].browse(one.model_id).model
        scope = {"env": records.env, "model": records.env[model], "datetime": datetime, "__builtins__": _SAFE}
        exec(_compiled(one.code.strip()), scope)
        answer = scope.get("action", False)
    return answer


_SAFE = {function.__name__: function for function in _BUILTINS}
_SHIPPED = {code.strip() for _, code in actions.ACTIONS.values()}


@lru_cache
def _compiled(code: str) -> Any:
    return compile(code, "server action", "exec")
