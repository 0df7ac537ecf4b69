"""A kept edit: what somebody wrote in Odoo becomes golden's own value, a steward's row in golden_overrides.csv."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from stdnum import ean

from pipelines import decisions, exports
from pipelines.columns import attributes_of
from pipelines.publish.edits import Take
from pipelines.publish.refusal import PublishRefused
from pipelines.resources import Settings

# The domain of an object's golden attributes.
KEPT_IN = {"res_partner": "customers", "product_template": "products", "product_product": "variants"}


def keeper(
    settings: Settings, by: str, reason: str, at: datetime, tell: Callable[[str], None] = lambda _: None
) -> Take:
    """A function that returns what sets the golden attribute behind a published field, whatever golden record holds it.

    Odoo's form becomes golden's: kilograms grams, a scanned barcode a GTIN-14. It raises PublishRefused for prices,
    which follow their sources, and where no attribute is meant, or the value fits none. A value that was set by hand
    before is replaced where it stands; `tell` gets whose it was, without the value.
    """

    def take(name: str, golden_id: str, field: str, value: str | None) -> Callable[[], None]:
        if name not in KEPT_IN:
            raise PublishRefused(f"{name} takes no values by hand", "change the price at its source, or release it")
        row = _published(settings, name, golden_id)
        attributes = attributes_of(settings, f"publish_odoo__{name}", field)
        meant = _meant(field, attributes, row, value)
        if not meant:
            made_of = ", ".join(attributes) or "no attribute of golden"
            raise PublishRefused(
                f"{name}.{field} is made of {made_of}", "set the attribute itself, or release the field"
            )
        domain = KEPT_IN[name]
        own = min(row["record_ids"], key=lambda one: (not one.startswith("odoo:"), one))
        said = {each: value if value is None else FORMS.get(each, str)(value) for each in meant}

        def keep() -> None:
            for attribute, each in said.items():
                stood = _set_by_hand(domain, row["record_ids"], attribute)
                decisions.override(settings, domain, stood.record_id if stood else own, attribute, each, by, reason, at)
                if stood:
                    told = f"by {stood.steward} on {stood.decided_on} for {stood.reason!r}"
                    tell(f"{attribute} of {golden_id} was set on {stood.record_id} {told}; this replaces it")

        return keep

    return take


def _set_by_hand(domain: str, records: Collection[str], attribute: str) -> decisions.Override | None:
    """The latest value that a steward set of an attribute, on any of a golden record's records."""
    rows = [row for row in decisions.overrides() if (row.domain, row.attribute) == (domain, attribute)]
    return next((row for row in reversed(rows) if row.record_id in records), None)


def _meant(field: str, attributes: Sequence[str], row: dict[str, Any], value: str | None) -> Sequence[str]:
    """The attribute that decides the field on this record; of a field left blank all that could fill it."""
    if len(attributes) < 2:
        return attributes
    first = {"name": "company_name" if row.get("is_company") else "full_name"}.get(field, field)
    if first not in attributes:
        return []
    return attributes if value is None else [first]


def _published(settings: Settings, name: str, golden_id: str) -> dict[str, Any]:
    """What golden publishes. Its records outlive golden ids; decisions are put down on Odoo's own where it has one."""
    path = settings.exports / "publish" / f"publish_odoo__{name}.parquet"
    rows = exports.read(path, filters=[("golden_id", "=", golden_id)]).to_pylist()
    if not rows or not rows[0]["record_ids"]:
        raise PublishRefused(f"golden publishes no {name} {golden_id}", "run `assay build`, or release the record")
    return rows[0]


def _grams(kilograms: str) -> str:
    return f"{Decimal(kilograms) * 1000:.0f}"


def _gtin14(barcode: str) -> str:
    if not ean.is_valid(barcode):
        raise PublishRefused(f"{barcode} is no GTIN, which golden's barcodes are", "release the field instead")
    return barcode.zfill(14)


def _kind(is_company: str) -> str:
    return "company" if is_company == "True" else "person"


def _language(code: str) -> str:
    with (decisions.seeds() / "languages.csv").open(newline="") as file:
        known = {row["odoo_language"]: row["language"] for row in csv.DictReader(file)}
    if code not in known:
        raise PublishRefused(f"{code} is not in languages.csv", "add it there, or release the field")
    return known[code]


# Golden's form of an attribute that Odoo keeps in another.
FORMS: dict[str, Callable[[str], str]] = {
    "weight_g": _grams,
    "gtin14": _gtin14,
    "kind": _kind,
    "language": _language,
}
