"""Puts the variants of one product together: a template of any system groups what stands in it, a name the rest."""

from pipelines import changes, product_groups


def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="touched", unique_key=["record_id", "group_id"])
    clusters = dbt.ref("matched_products__clusters").set_alias("clusters")
    evidence = dbt.ref("matched_products__evidence").set_alias("evidence")
    if changes.stays(dbt, session):
        return changes.no_rows(dbt, session)
    records = clusters.join(evidence, "clusters.record_id = evidence.record_id")
    records = records.project("evidence.record_id, cluster_id, template_ref, concat_ws('|', brand, name_key) as name")
    return product_groups.group_table(records.order("record_id").to_arrow_table())
