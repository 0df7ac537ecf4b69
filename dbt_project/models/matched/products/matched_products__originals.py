"""What stood on each Odoo variant and its template before Assay wrote there: an echo of ours is never evidence."""

import pyarrow.compute as pc

from pipelines import changes, echoes


def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="touched", unique_key=["record_id"])
    if changes.stays(dbt, session):
        return changes.no_rows(dbt, session)
    template = "'odoo:' || odoo_template_id as template_record_id, published_template_id"
    records = changes.narrowed(dbt, session, dbt.ref("conformed_products"), "record_id").filter("system = 'odoo'")
    records = records.project(f"record_id, published_id, {template}")
    variants = echoes.originals_in_build("product_product", ["default_code", "barcode", "weight"]).drop_columns(
        ["written"]
    )
    templates = echoes.originals_in_build("product_template", ["name"]).drop_columns(["written"])
    templates = templates.rename_columns(["template_record_id", "is_created_template", "golden_template_id", "name"])
    known = records.to_arrow_table().join(variants, "record_id").join(templates, "template_record_id")
    created = [pc.fill_null(known[name], False) for name in ("is_created", "is_created_template")]
    return (
        known.append_column("is_ours", pc.or_(*created))
        .append_column("variant_id", pc.coalesce(known["golden_id"], known["published_id"]))
        .append_column("product_id", pc.coalesce(known["golden_template_id"], known["published_template_id"]))
        .select(["record_id", "is_ours", "variant_id", "product_id", "name", "default_code", "barcode", "weight"])
    )
