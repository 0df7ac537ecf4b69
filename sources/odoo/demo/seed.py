"""The simulated retailer inside Odoo: written straight into the demo's database, or by RPC into a real Odoo.

Both take the same tables of `sources.estate.world`. A real Odoo chooses its own ids; the answer says which.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sources.estate.world import World
from sources.odoo.client import OdooClient, call, search_read, write_each
from sources.odoo.demo.countries import LANGUAGES
from sources.odoo.demo.fresh import STEWARD, Insert, create_database
from sources.odoo.demo.rules import ADDRESS
from sources.odoo.demo.store import STAMP
from sources.odoo.demo.values import rounded

# Its Odoo has no rights to give, only administrators and others.
CREDENTIALS = {"ODOO_DB": "assay", "ODOO_LOGIN": "assay", "ODOO_KEY": "estate-odoo-key", "ODOO_ALLOW_ADMIN": "yes"}
PRICELISTS = {"retail_czk": ("Retail CZK", "CZK"), "online_eur": ("Online EUR", "EUR")}
STEWARD_KEY = "estate-odoo-steward-key"
BATCH = 500
QUIET = {"tracking_disable": True}
Row = dict[str, Any]


def seed(world: World, path: Path) -> None:
    """Write the demo Odoo's database to `path`. Record ids are the keys of the world's tables."""
    keys = {CREDENTIALS["ODOO_LOGIN"]: CREDENTIALS["ODOO_KEY"], STEWARD: STEWARD_KEY}

    def fill(connection: sqlite3.Connection, insert: Insert) -> None:
        _fill_partners(connection, _of_odoo(world.appearances))
        _fill_products(connection, insert, _of_odoo(world.listings))
        _fill_prices(connection, insert, world)

    create_database(path, CREDENTIALS["ODOO_DB"], keys, world.now, fill)


def seed_real(client: OdooClient, world: World) -> dict[str, dict[str, int]]:
    """Create the same records by RPC; {table: {key in the world: id in Odoo}}. For small worlds.

    Tables are partners, templates, variants, pricelists and items. Archived records are archived last.
    """
    made: dict[str, dict[str, int]] = {}
    made["partners"] = _send_partners(client, _of_odoo(world.appearances))
    made |= _send_products(client, _of_odoo(world.listings))
    made |= _send_prices(client, _of_odoo(world.prices), made["variants"])
    return made


# --- what a record of the world is in Odoo --------------------------------------------------------------------------


def _of_odoo(table: Any) -> list[Row]:
    return [row for row in table.to_pylist() if row["system"] == "odoo"]


def _partner(row: Row) -> Row:
    """Values of res.partner; country as a code, parent as a key."""
    name = row["full_name"] or " ".join(filter(None, (row["first_name"], row["last_name"]))) or row["company_name"]
    same = ("email", "street", "city", "zip", "vat")
    lang = next((code for code, (_, active) in LANGUAGES.items() if active and code[:2] == row["language"]), "en_US")
    values = {"name": name, "is_company": bool(row["is_company"]), "phone": row["phone"] or row["mobile"], "lang": lang}
    return values | {field: row[field] for field in same}


def _templates(listings: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Template key and its listings, in order of keys."""
    by_key: dict[str, list[Row]] = {}
    for row in sorted(listings, key=lambda row: int(row["key"])):
        by_key.setdefault(row["template_key"], []).append(row)
    yield from sorted(by_key.items(), key=lambda item: int(item[0]))


def _options(rows: list[Row]) -> list[tuple[str, list[str]]]:
    """(attribute, its values) of a template, in the order of first use."""
    found = []
    for option in ("option_1", "option_2"):
        name, used = rows[0][f"{option}_name"], dict.fromkeys(row[option] for row in rows if row[option])
        if name and used:
            found.append((name, list(used)))
    return found


def _barcodes(listings: list[Row]) -> dict[str, str | None]:
    """Barcode by listing key. Odoo refuses one that another product has: the first listing keeps it."""
    taken: set[str] = set()
    kept = {}
    for row in sorted(listings, key=lambda row: int(row["key"])):
        kept[row["key"]] = row["gtin"] if row["gtin"] and row["gtin"] not in taken else None
        taken.add(row["gtin"])
    return kept


def _archived(rows: list[Row]) -> bool:
    return all(row["is_active"] is False for row in rows)


def _kilograms(row: Row) -> float:
    """Odoo keeps two digits of a kilogram: the last ten grams are lost there."""
    return rounded((row["weight_g"] or 0) / 1000, 2)


def _rule(row: Row) -> Row:
    """Values of a price rule. Odoo's end is the last second of validity, ours the first one after it."""
    until = row["valid_to_at"] and row["valid_to_at"] - timedelta(seconds=1)
    return {
        "applied_on": "0_product_variant",
        "compute_price": "fixed",
        "fixed_price": float(row["amount"]),
        "min_quantity": float(row["min_quantity"] or 0),
        "date_start": _stamp(row["valid_from_at"]),
        "date_end": _stamp(until),
    }


def _stamp(at: datetime | None) -> str | None:
    return at and at.strftime(STAMP)


# --- straight into the demo's database ------------------------------------------------------------------------------


def _fill_partners(connection: sqlite3.Connection, rows: list[Row]) -> None:
    countries = dict(connection.execute("select code, id from res_country"))
    names = {row["key"]: _partner(row)["name"] for row in rows}
    _insert(
        connection,
        "res_partner",
        (
            _partner(row)
            | {
                "id": int(row["key"]),
                "complete_name": ", ".join(filter(None, (names.get(row["parent_key"]), names[row["key"]]))),
                "type": "contact",
                "tz": None,
                "color": 0,
                "active": row["is_active"] is not False,
                "parent_id": int(row["parent_key"]) if row["parent_key"] in names else None,
                "country_id": countries.get(row["country_code"]),
                **_stamps(row["created_at"], row["updated_at"]),
            }
            for row in rows
        ),
    )
    # Odoo keeps one address and one VAT number for a company and its contacts.
    shared = ", ".join(f"{name} = p.{name}" for name in ADDRESS)
    some = " or ".join(f"p.{name} is not null" for name in ADDRESS)
    connection.execute(f"update res_partner as t set {shared} from res_partner p where p.id = t.parent_id and ({some})")
    connection.execute(
        "update res_partner as t set vat = p.vat from res_partner p where p.id = t.parent_id and p.vat is not null"
    )


def _fill_products(connection: sqlite3.Connection, insert: Insert, listings: list[Row]) -> None:
    categories = {c: insert("product.category", name=c) for c in sorted({r["category"] for r in listings} - {None})}
    attributes: dict[str, int] = {}
    values: dict[tuple[str, str], int] = {}
    templates, lines, offers, variants, barcodes = [], [], [], [], _barcodes(listings)
    for key, rows in _templates(listings):
        options = _options(rows)
        offered: dict[tuple[int, str], int] = {}
        for place, (name, used) in enumerate(options):
            if name not in attributes:
                attributes[name] = insert("product.attribute", name=name)
            for value in used:
                if (name, value) not in values:
                    values[name, value] = insert("product.attribute.value", name=value, attribute_id=attributes[name])
            ids = [values[name, value] for value in used]
            about = {"product_tmpl_id": int(key), "attribute_id": attributes[name], **_stamps(*_span(rows))}
            lines.append(about | {"id": len(lines) + 1, "value_ids": json.dumps(ids), "sequence": 10, "active": True})
            for value, one in zip(used, ids, strict=True):
                offered[place, value] = len(offers) + 1
                offer = {"id": len(offers) + 1, "attribute_line_id": len(lines), "product_attribute_value_id": one}
                offers.append(about | offer | {"ptav_active": True, "price_extra": 0.0})
        for row in rows:
            held = [offered[p, row[f"option_{p + 1}"]] for p in range(len(options)) if row[f"option_{p + 1}"]]
            variants.append(_variant(row, int(key), held, barcodes[row["key"]]))
        single = variants[-1] if len(rows) == 1 else {"default_code": None, "weight": 0.0}
        templates.append(
            {
                "id": int(key),
                "name": rows[0]["name"],
                "active": not _archived(rows),
                "type": "consu",
                "default_code": single["default_code"],
                "weight": single["weight"],
                "volume": 0.0,
                "list_price": 1.0,
                "categ_id": categories.get(rows[0]["category"]),
                "uom_id": 1,
                "sale_ok": True,
                "purchase_ok": True,
                "sequence": 1,
                **_stamps(*_span(rows)),
            }
        )
    _insert(connection, "product_template", templates)
    _insert(connection, "product_template_attribute_line", lines)
    _insert(connection, "product_template_attribute_value", offers)
    _insert(connection, "product_product", variants)


def _variant(row: Row, template: int, options: list[int], barcode: str | None) -> Row:
    return {
        "id": int(row["key"]),
        "product_tmpl_id": template,
        "default_code": row["sku"],
        "barcode": barcode,
        "weight": _kilograms(row),
        "volume": 0.0,
        "standard_price": 0.0,
        "active": row["is_active"] is not False,
        "product_template_attribute_value_ids": json.dumps(options),
        "combination_indices": ",".join(map(str, sorted(options))),
        **_stamps(row["created_at"], row["updated_at"]),
    }


def _span(rows: list[Row]) -> tuple[datetime, datetime]:
    return min(row["created_at"] for row in rows), max(row["updated_at"] for row in rows)


def _fill_prices(connection: sqlite3.Connection, insert: Insert, world: World) -> None:
    rows = _of_odoo(world.prices)
    currencies = dict(connection.execute("select name, id from res_currency"))
    templates = dict(connection.execute("select id, product_tmpl_id from product_product"))
    lists = {
        key: insert("product.pricelist", name=name, currency_id=currencies[currency])
        for key, (name, currency) in PRICELISTS.items()
    }
    _insert(
        connection,
        "product_pricelist_item",
        (
            _rule(row)
            | {
                "id": int(row["key"]),
                "pricelist_id": lists[row["price_list"]],
                "product_id": int(row["listing_key"]),
                "product_tmpl_id": templates[int(row["listing_key"])],
                "base": "list_price",
                "percent_price": 0.0,
                **_stamps(row["updated_at"], row["updated_at"]),
            }
            for row in rows
        ),
    )


def _stamps(created: datetime, updated: datetime) -> Row:
    return {"create_date": _stamp(created), "write_date": _stamp(updated), "create_uid": 1, "write_uid": 1}


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    rows = list(rows)
    if rows:
        columns = ", ".join(f'"{name}"' for name in rows[0])
        sql = f"insert into {table} ({columns}) values ({', '.join('?' * len(rows[0]))})"
        connection.executemany(sql, (tuple(row.values()) for row in rows))


# --- by RPC into a real Odoo ----------------------------------------------------------------------------------------


def _send_partners(client: OdooClient, rows: list[Row]) -> dict[str, int]:
    countries = {row["code"]: row["id"] for row in search_read(client, "res.country", ["code"])}
    active = {row["code"] for row in search_read(client, "res.lang", ["code"], [("active", "=", True)])}
    made: dict[str, int] = {}
    # Companies first: a contact takes its address from the company that it belongs to.
    for batch in (
        [row for row in rows if not row["parent_key"]],
        [row for row in rows if row["parent_key"]],
    ):
        values = []
        for row in batch:
            partner = _partner(row) | {"country_id": countries.get(row["country_code"])}
            partner["lang"] = partner["lang"] if partner["lang"] in active else None
            values.append(partner | {"parent_id": made.get(row["parent_key"])})
        made |= _create(client, "res.partner", [row["key"] for row in batch], values)
    _archive(client, "res.partner", rows, made)
    return made


def _send_products(client: OdooClient, listings: list[Row]) -> dict[str, dict[str, int]]:
    templates = list(_templates(listings))
    names = dict.fromkeys(name for _, rows in templates for name, _ in _options(rows))
    attributes = _create(client, "product.attribute", list(names), [{"name": name} for name in names])
    used = dict.fromkeys((n, value) for _, rows in templates for n, values in _options(rows) for value in values)
    wanted = [{"name": value, "attribute_id": attributes[name]} for name, value in used]
    values = _create(client, "product.attribute.value", list(used), wanted)
    wanted = [
        {
            "name": rows[0]["name"],
            "attribute_line_ids": [
                [
                    0,
                    0,
                    {"attribute_id": attributes[name], "value_ids": [[6, 0, [values[name, one] for one in offered]]]},
                ]
                for name, offered in _options(rows)
            ],
        }
        for _, rows in templates
    ]
    made = _create(client, "product.template", [key for key, _ in templates], wanted)
    variants = _find_variants(client, templates, made)
    barcodes = _barcodes(listings)
    changed = {
        variants[row["key"]]: {
            "default_code": row["sku"],
            "barcode": barcodes[row["key"]],
            "weight": _kilograms(row),
        }
        for row in listings
    }
    write_each(client, "product.product", changed, QUIET)
    _archive(client, "product.product", listings, variants)
    gone = [made[key] for key, rows in templates if _archived(rows)]
    if gone:
        call(client, "product.template", "write", gone, QUIET, vals={"active": False})
    return {"templates": made, "variants": variants}


def _find_variants(client: OdooClient, templates: list[tuple[str, list[Row]]], made: dict[str, int]) -> dict[str, int]:
    """Id by listing key: Odoo made a variant of every combination; those without a listing are deleted."""
    wanted = [("product_tmpl_id", "in", list(made.values()))]
    fields = ["product_tmpl_id", "product_template_attribute_value_ids"]
    names = {r["id"]: r["name"] for r in search_read(client, "product.template.attribute.value", ["name"], wanted)}
    found = {
        (row["product_tmpl_id"], frozenset(names[one] for one in row["product_template_attribute_value_ids"])): row[
            "id"
        ]
        for row in search_read(client, "product.product", fields, wanted)
    }
    variants = {}
    for key, rows in templates:
        for row in rows:
            options = frozenset(filter(None, (row["option_1"], row["option_2"])))
            variants[row["key"]] = found.pop((made[key], options))
    if found:
        call(client, "product.product", "unlink", list(found.values()))
    return variants


def _send_prices(client: OdooClient, rows: list[Row], variants: dict[str, int]) -> dict[str, dict[str, int]]:
    currencies = {row["name"]: row["id"] for row in search_read(client, "res.currency", ["name"])}
    wanted = [{"name": name, "currency_id": currencies[currency]} for name, currency in PRICELISTS.values()]
    lists = _create(client, "product.pricelist", list(PRICELISTS), wanted)
    values = [
        _rule(row) | {"pricelist_id": lists[row["price_list"]], "product_id": variants[row["listing_key"]]}
        for row in rows
    ]
    items = _create(client, "product.pricelist.item", [row["key"] for row in rows], values)
    return {"pricelists": lists, "items": items}


def _create(client: OdooClient, model: str, keys: list, values: list[Row]) -> dict[Any, int]:
    ids: list[int] = []
    for start in range(0, len(values), BATCH):
        batch = [
            {name: value for name, value in one.items() if value is not None} for one in values[start : start + BATCH]
        ]
        ids += call(client, model, "create", context=QUIET, vals_list=batch)
    return dict(zip(keys, ids, strict=True))


def _archive(client: OdooClient, model: str, rows: list[Row], made: dict[str, int]) -> None:
    archived = [made[row["key"]] for row in rows if row["is_active"] is False and row["key"] in made]
    if archived:
        call(client, model, "write", archived, QUIET, vals={"active": False})
