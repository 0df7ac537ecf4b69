"""Products of several variants: which attributes tell golden's variants apart, and the same in Odoo's own terms.

Odoo makes the variants of such a product one by one ("dynamically"), so that it has those that golden has and no
others. A product that is already in Odoo keeps its attributes: changing them makes Odoo add and remove variants.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from pipelines.publish.golden import Rows
from sources.odoo.client import OdooClient, call, read_by_id, search_read

LINES, CHOSEN = "attribute_line_ids", "product_template_attribute_value_ids"
STRUCTURE = frozenset({LINES, CHOSEN})
ATTRIBUTE, OPTION = "product.attribute", "product.attribute.value"
LINE, OFFER = "product.template.attribute.line", "product.template.attribute.value"
Options = dict[str, str]


def shape(products: Rows, variants: Rows, parent: str) -> None:
    """Say for every product with what attributes it would be made, and for each variant with which options.

    Fills `extra`, and `gaps` where a product cannot be made. `parent` is the variants' column of golden products.
    """
    of = defaultdict(list)
    for number, product in enumerate(variants.values[parent]):
        of[product].append(number)
    for number, golden_id in enumerate(products.ids):
        parts = of[golden_id]
        options = [variants.options[part] for part in parts]
        if _tell_apart(options):
            products.extra[number] = {LINES: _offered(options)}
            variants.extra |= {part: {CHOSEN: chosen} for part, chosen in zip(parts, options, strict=True)}
        elif len(parts) != 1:
            said = f"golden has {len(parts)} variants of it and no options that tell them apart"
            products.gaps[number] = f"{said}; make it in Odoo, with its attributes"


def offers(client: OdooClient, names: Iterable[str]) -> dict[int, set[tuple[str, str]]]:
    """The (attribute, option) pairs that products in Odoo offer through attributes of ours, by product id."""
    ours = {row["id"]: row["name"] for row in _attributes(client, names)}
    found = defaultdict(set)
    fields = ["product_tmpl_id", "attribute_id", "name"]
    wanted = [("attribute_id", "in", list(ours)), ("ptav_active", "=", True)]
    for page in read_by_id(client, OFFER, fields, wanted) if ours else ():
        for row in page:
            found[row["product_tmpl_id"]].add((ours[row["attribute_id"]], row["name"]))
    return dict(found)


def in_odoos_terms(client: OdooClient, values: Sequence[dict[str, Any]], parent: str | None) -> list[dict[str, Any]]:
    """Values of creations with attributes and options as Odoo takes them; missing ones are made, found ones reused."""
    named: dict[str, set[str]] = defaultdict(set)
    for row in values:
        for name, options in row.get(LINES, {}).items():
            named[name].update(options)
        for name, option in row.get(CHOSEN, {}).items():
            named[name].add(option)
    if not named:
        return list(values)
    attributes = _make_attributes(client, sorted(named))
    ids = {name: _make_options(client, attributes[name], sorted(named[name])) for name in sorted(named)}
    chosen = _chosen(client, [row[parent] for row in values if CHOSEN in row]) if parent else {}
    told = []
    for row in values:
        row = dict(row)
        if LINES in row:
            row[LINES] = [
                [
                    0,
                    0,
                    {
                        "attribute_id": attributes[name],
                        "value_ids": [[6, 0, [ids[name][option] for option in options]]],
                    },
                ]
                for name, options in row[LINES].items()
            ]
        if CHOSEN in row:
            wanted = [chosen.get((row[parent], ids[name][option])) for name, option in row[CHOSEN].items()]
            row[CHOSEN] = [[6, 0, [offer for offer in wanted if offer]]]
        told.append(row)
    return told


def _tell_apart(options: list[Options]) -> bool:
    """Whether all variants state the same attributes, and no two the same options."""
    alike = len({frozenset(chosen) for chosen in options}) == 1
    return alike and bool(options[0]) and len({tuple(sorted(chosen.items())) for chosen in options}) == len(options)


def _offered(options: list[Options]) -> dict[str, list[str]]:
    return {name: sorted({chosen[name] for chosen in options}) for name in sorted(options[0])}


def _attributes(client: OdooClient, names: Iterable[str]) -> list[dict[str, Any]]:
    wanted = [("name", "in", sorted(names)), ("create_variant", "=", "dynamic")]
    return search_read(client, ATTRIBUTE, ["name"], wanted, order="id desc")


def _make_attributes(client: OdooClient, names: list[str]) -> dict[str, int]:
    known = {row["name"]: row["id"] for row in _attributes(client, names)}
    for name in names:
        if name not in known:
            known[name] = call(client, ATTRIBUTE, "create", vals_list=[{"name": name, "create_variant": "dynamic"}])[0]
    return known


def _make_options(client: OdooClient, attribute: int, names: list[str]) -> dict[str, int]:
    wanted = [("attribute_id", "=", attribute), ("name", "in", names)]
    known = {row["name"]: row["id"] for row in search_read(client, OPTION, ["name"], wanted)}
    missing = [name for name in names if name not in known]
    if missing:
        rows = [{"name": name, "attribute_id": attribute} for name in missing]
        known |= zip(missing, call(client, OPTION, "create", vals_list=rows), strict=True)
    return known


def _chosen(client: OdooClient, products: list[int]) -> dict[tuple[int, int], int]:
    """What a variant refers to, by product and option: what the product's attribute lines offer."""
    fields = ["product_tmpl_id", "product_attribute_value_id"]
    wanted = [("product_tmpl_id", "in", sorted(set(products))), ("ptav_active", "=", True)]
    rows = search_read(client, OFFER, fields, wanted)
    return {(row["product_tmpl_id"], row["product_attribute_value_id"]): row["id"] for row in rows}
