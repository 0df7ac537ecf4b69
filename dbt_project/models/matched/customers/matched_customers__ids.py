"""Gives each cluster its golden id from the ledger, which keeps ids stable whatever the clusters are called today."""

from pipelines import build_ids, changes


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="touched",
        unique_key=["record_id", "customer_id"],
        meta={"touched_on": ["record_id"]},
    )
    bound = "case when record_id like 'odoo:%' then try_cast(substr(record_id, 6) as bigint) end as odoo_binding"
    created = dbt.ref("matched_customers__originals").filter("is_created").project("record_id, golden_id")
    held = dbt.ref("matched_customers__contradictions").project("record_id").to_arrow_table()
    clusters = dbt.ref("matched_customers__clusters")
    part = build_ids.Part(
        clusters.project("record_id, cluster_id").sql_query(),
        f"select record_id, customer_id as golden_id from {dbt.this}",
        created.to_arrow_table(),
        changes.anew(session, clusters, "matched_customers__clusters").project("record_id, cluster_id").sql_query(),
    )
    near = build_ids.nearby(dbt, session, {"customers": part}, held)
    clusters = changes.narrowed(dbt, session, clusters, "record_id", "matched_customers__clusters")
    assigned = build_ids.assign(
        "customers",
        clusters.project(f"record_id, cluster_id, {bound}").to_arrow_table(),
        changes.narrowed(dbt, session, created, "record_id").to_arrow_table(),
        causes=build_ids.causes(
            "customers", dbt.ref("matched_customers__model"), dbt.ref("matched_customers__decisions")
        ),
        held=held,
        near=near["customers"],
    )
    return assigned.rename_columns(["record_id", "customer_id"])
