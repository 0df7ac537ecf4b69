"""What Odoo does on its own to products: templates own variants, options make them, barcodes are unique."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sources.odoo.demo.answers import forbidden_by_database, invalid
from sources.odoo.demo.models import INHERITED
from sources.odoo.demo.store import IN

if TYPE_CHECKING:
    from sources.odoo.demo.records import Records

OF_THE_VARIANT = ("default_code", "weight", "volume", "barcode", "standard_price")


def templates_for(records: Records, given: list[dict[str, Any]]) -> None:
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


def fill_templates(records: Records, given: list[dict[str, Any]]) -> None:
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


def written_template(records: Records, vals: dict[str, Any]) -> None:
    if "attribute_line_ids" in vals:
        for template in records:
            _make_variants(template)
    if "active" in vals:
        variants = everything(records.env["product.product"], [["product_tmpl_id", "in", records.ids]])
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


def lift(variants: Records) -> None:
    """A template with one variant shows that variant's code and measures as its own."""
    variants.env.execute(
        "update product_template as t set (default_code, weight, volume) = (select"
        " p.default_code, p.weight, p.volume from product_product p where p.product_tmpl_id = t.id and p.active)"
        f" where t.id in (select product_tmpl_id from product_product where id {IN})"
        " and (select count(*) from product_product p where p.product_tmpl_id = t.id and p.active) = 1",
        (json.dumps(variants.ids),),
    )


def offer_values(lines: Records) -> None:
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
    variants = everything(env["product.product"], [["product_tmpl_id", "=", template.id]])
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
    attributes = template.env["product.attribute"].browse(distinct(lines, "attribute_id"))
    return any(attribute.create_variant == "dynamic" for attribute in attributes)


def check_combinations(variants: Records) -> None:
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


def check_barcodes(variants: Records, barcodes: list[Any]) -> None:
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


def everything(records: Records, domain: list) -> Records:
    """Archived ones too."""
    return records.with_context({"active_test": False}).search(domain)


def distinct(records: Records, name: str) -> list[int]:
    """The ids that stand in one field of the records, in order."""
    return sorted({getattr(record, name) for record in records})
