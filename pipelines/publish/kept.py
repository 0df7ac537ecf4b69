"""A kept edit: what somebody wrote in Odoo becomes golden's own value, a steward's row in golden_overrides.csv."""

from __future__ import annotations

from datetime import datetime

from pipelines import decisions, exports
from pipelines.columns import attributes_of
from pipelines.publish.edits import Take
from pipelines.publish.refusal import PublishRefused
from pipelines.resources import Settings

# The domain of an object's golden attributes.
KEPT_IN = {"res_partner": "customers", "product_template": "products", "product_product": "variants"}


def keeper(settings: Settings, by: str, reason: str, at: datetime) -> Take:
    """A function that sets the golden attribute behind a published field, on whatever golden record holds it.

    It raises PublishRefused for prices, which follow their sources, and for a field made of several attributes.
    """

    def take(name: str, golden_id: str, field: str, value: str | None) -> None:
        if name not in KEPT_IN:
            raise PublishRefused(f"{name} takes no values by hand", "change the price at its source, or release it")
        attributes = attributes_of(settings, f"publish_odoo__{name}", field)
        if len(attributes) != 1:
            made_of = ", ".join(attributes) or "no attribute of golden"
            raise PublishRefused(
                f"{name}.{field} is made of {made_of}", "set the attribute itself, or release the field"
            )
        record = _record(settings, name, golden_id)
        decisions.override(settings, KEPT_IN[name], record, attributes[0], value, by, reason, at)

    return take


def _record(settings: Settings, name: str, golden_id: str) -> str:
    """A record of the golden one, Odoo's own where it has one: decisions outlive golden ids."""
    path = settings.exports / "publish" / f"publish_odoo__{name}.parquet"
    rows = exports.read(path, filters=[("golden_id", "=", golden_id)]).to_pylist()
    records = sorted(rows[0]["record_ids"], key=lambda one: (not one.startswith("odoo:"), one)) if rows else []
    if not records:
        raise PublishRefused(f"golden publishes no {name} {golden_id}", "run `assay build`, or release the record")
    return records[0]
