"""What Odoo does on its own when a record is created or changed, as far as Assay meets it.

Contacts share address and VAT with their company; templates own variants; barcodes, external ids and price rules
have constraints. Each was observed on a real Odoo 19, and tests/odoo runs the same cases against both.
"""

from __future__ import annotations

import datetime
import itertools
import json
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sources.odoo import actions
from sources.odoo.demo.answers import bad_value, forbidden_by_database, invalid
from sources.odoo.demo.models import INHERITED, SQL_TYPES, custom_field

if TYPE_CHECKING:
    from sources.odoo.demo.records import Records

ADDRESS = ("street", "street2", "zip", "city", "country_id")
OF_THE_VARIANT = ("default_code", "weight", "volume", "barcode", "standard_price")
IN = "in (select value from json_each(?))"
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
            _templates_for(records, given)
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
            _fill_templates(records, given)
        case "product.product":
            _check_combinations(records)
            _check_barcodes(records, [vals.get("barcode") for vals in given])
            _lift(records)
        case "product.template.attribute.line":
            _offer_values(records)
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
                records.env["product.template"].browse(_distinct(records, "product_tmpl_id")).write(own)
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
            _written_template(records, vals)
        case "product.product":
            if vals.get("active") or "product_template_attribute_value_ids" in vals:
                _check_combinations(records)
            if "barcode" in vals:
                _check_barcodes(records, [vals["barcode"]])
            if {*OF_THE_VARIANT, "active"} & vals.keys():
                _lift(records)
        case "product.template.attribute.line":
            _offer_values(records)
        case "product.pricelist.item":
            _check_rules(records)


def unlinking(records: Records) -> list[Records]:
    """Take along what cannot stay without these records; returns what has to go after them."""
    env, asked, ids = records.env, [["product_tmpl_id", "in", records.ids]], json.dumps(records.ids)
    match records._name:
        case "product.template":
            _everything(env["product.product"], asked).with_context(demo_with_template=True).unlink()
            _everything(env["product.pricelist.item"], asked).unlink()
        case "product.product":
            _everything(env["product.pricelist.item"], [["product_id", "in", records.ids]]).unlink()
            if env.context.get("demo_with_template"):
                return []
            bare = env.execute(
                f"select distinct product_tmpl_id from product_product t where id {IN} and not exists (select 1"
                f" from product_product p where p.product_tmpl_id = t.product_tmpl_id and p.id not {IN})",
                (ids, ids),
            )
            return [env["product.template"].browse([row[0] for row in bare])]
        case "pos.order":
            _everything(env["pos.order.line"], [["order_id", "in", records.ids]]).unlink()
            _everything(env["pos.payment"], [["pos_order_id", "in", records.ids]]).unlink()
        case "product.pricelist":
            _everything(env["product.pricelist.item"], [["pricelist_id", "in", records.ids]]).unlink()
        case "res.partner":
            if _everything(env["res.users"], [["partner_id", "in", records.ids], ["active", "=", True]]):
                raise invalid("You cannot delete contacts linked to an active user.")
            contacts = _everything(env["res.partner"], [["parent_id", "in", records.ids]])
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


# --- products -------------------------------------------------------------------------------------------------------


def _templates_for(records: Records, given: list[dict[str, Any]]) -> None:
    """A variant without a template gets one of its own; a template's fields go to the template."""
    alone = [vals for vals in given if not vals.get("product_tmpl_id")]
    templates = records.env["product.template"].with_context(demo_no_variants=True)
    fields = records.env.store.models["product.template"].fields
    shared = [name for name in fields if name in INHERITED or name == "list_price"]
    made = templates.create([{name: vals[name] for name in shared if name in vals} for vals in alone])
    for vals, template in zip(alone, made, strict=True):
        vals["product_tmpl_id"] = template.id
    for vals in given:
        own = {name: vals.pop(name) for name in shared if name in vals}
        if vals not in alone and own:
            templates.browse(vals["product_tmpl_id"]).write(own)
        commands = vals.get("product_template_attribute_value_ids")
        options = sorted(commands[0][2]) if commands and commands[0][0] == 6 else []
        vals["combination_indices"] = ",".join(map(str, options))


def _fill_templates(records: Records, given: list[dict[str, Any]]) -> None:
    if records.env.context.get("demo_no_variants"):
        return
    plain = [
        (template, vals) for template, vals in zip(records, given, strict=True) if not vals.get("attribute_line_ids")
    ]
    variants = [
        {"product_tmpl_id": template.id, "active": vals.get("active", True)}
        | {name: vals[name] for name in OF_THE_VARIANT if name in vals}
        for template, vals in plain
    ]
    records.env["product.product"].create(variants)
    for template, vals in zip(records, given, strict=True):
        if vals.get("attribute_line_ids"):
            _make_variants(template)
            if template.product_variant_count == 1:
                _hand_down(template, vals)


def _written_template(records: Records, vals: dict[str, Any]) -> None:
    if "attribute_line_ids" in vals:
        for template in records:
            _make_variants(template)
    if "active" in vals:
        variants = _everything(records.env["product.product"], [["product_tmpl_id", "in", records.ids]])
        active = variants.env["product.product"].search([["id", "in", variants.ids], ["active", "=", True]])
        if variants and not (vals["active"] and active):
            variants._update({"active": int(bool(vals["active"]))})
    for template in records:
        _hand_down(template, vals)


def _hand_down(template: Records, vals: dict[str, Any]) -> None:
    """A template with one variant passes on what belongs to the variant."""
    own = {name: vals[name] for name in OF_THE_VARIANT if name in vals}
    variants = template.env["product.product"].search([["product_tmpl_id", "=", template.id], ["active", "=", True]])
    if own and len(variants) == 1:
        variants.write(own)


def _lift(variants: Records) -> None:
    """A template with one variant shows that variant's code and measures as its own."""
    variants.env.execute(
        "update product_template as t set (default_code, weight, volume) = (select"
        " p.default_code, p.weight, p.volume from product_product p where p.product_tmpl_id = t.id and p.active)"
        f" where t.id in (select product_tmpl_id from product_product where id {IN})"
        " and (select count(*) from product_product p where p.product_tmpl_id = t.id and p.active) = 1",
        (json.dumps(variants.ids),),
    )


def _offer_values(lines: Records) -> None:
    """Every value of an attribute line exists once for its template; values no longer offered are switched off."""
    offers = lines.env["product.template.attribute.value"]
    for line in lines:
        known = {o.product_attribute_value_id: o for o in offers.search([["attribute_line_id", "=", line.id]])}
        for value in line.value_ids:
            if value in known:
                known[value]._update({"ptav_active": 1})
            else:
                about = {"product_tmpl_id": line.product_tmpl_id, "attribute_id": line.attribute_id}
                offers.create([{**about, "attribute_line_id": line.id, "product_attribute_value_id": value}])
        for value, offer in known.items():
            if value not in line.value_ids:
                offer._update({"ptav_active": 0})


def _make_variants(template: Records) -> None:
    """One variant for every combination of the options offered; those of other combinations are removed."""
    env = template.env
    offers = defaultdict(list)
    order = "attribute_line_id, product_attribute_value_id"
    asked = [["product_tmpl_id", "=", template.id], ["ptav_active", "=", True]]
    for offer in env["product.template.attribute.value"].search(asked, order=order):
        offers[offer.attribute_line_id].append(offer.id)
    variants = _everything(env["product.product"], [["product_tmpl_id", "=", template.id]])
    have = {variant.combination_indices or "": variant for variant in variants}
    fresh = []
    for options in itertools.product(*offers.values()):
        key = ",".join(map(str, sorted(options)))
        if have.pop(key, None) is None:
            fresh.append(
                {"product_tmpl_id": template.id, "product_template_attribute_value_ids": [[6, 0, list(options)]]}
            )
    for variant in have.values():
        variant.unlink()
    if not _made_on_demand(template):
        env["product.product"].create(fresh)


def _made_on_demand(template: Records) -> bool:
    """With one attribute of which variants are made dynamically, Odoo makes none of the template by itself."""
    lines = template.env["product.template.attribute.line"].search([["product_tmpl_id", "=", template.id]])
    attributes = template.env["product.attribute"].browse(_distinct(lines, "attribute_id"))
    return any(attribute.create_variant == "dynamic" for attribute in attributes)


def _check_combinations(variants: Records) -> None:
    clash = variants.env.execute(
        "select a.product_tmpl_id, a.combination_indices from product_product a join product_product b"
        " on b.product_tmpl_id = a.product_tmpl_id and b.id <> a.id and b.active and a.active"
        f" and coalesce(b.combination_indices, '') = coalesce(a.combination_indices, '') where a.id {IN} limit 1",
        (json.dumps(variants.ids),),
    ).fetchone()
    if clash:
        key = f"(product_tmpl_id, combination_indices)=({clash[0]}, {clash[1] or ''})"
        unique = 'duplicate key value violates unique constraint "product_product_combination_unique"'
        raise forbidden_by_database(f"{unique} DETAIL: Key {key} already exists.")


def _check_barcodes(variants: Records, barcodes: list[Any]) -> None:
    """A barcode belongs to one product; whether archived ones count is up to the caller's active_test."""
    wanted = [str(barcode) for barcode in barcodes if barcode]
    if not wanted:
        return
    owners = defaultdict(list)
    for product in variants.env["product.product"].search([["barcode", "in", wanted]]):
        owners[product.barcode].append(product.display_name)
    shared = [
        f'- Barcode "{code}" already assigned to product(s): {" and ".join(names)}'
        for code, names in owners.items()
        if len(names) > 1
    ]
    if shared:
        raise invalid("Barcode(s) already assigned:\n\n" + "\n".join(shared))


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


def _everything(records: Records, domain: list) -> Records:
    return records.with_context({"active_test": False}).search(domain)


def _distinct(records: Records, name: str) -> list[int]:
    return sorted({getattr(record, name) for record in records})
