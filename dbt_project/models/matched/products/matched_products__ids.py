"""Gives each variant and each product its golden id from the ledger; the ids stay whatever the clusters are called."""

from pipelines import build_ids, changes


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="touched",
        unique_key=["record_id", "variant_id", "product_id"],
        meta={"touched_on": ["record_id"]},
    )
    ours = dbt.ref("matched_products__originals").filter("is_ours")
    causes = build_ids.causes("products", dbt.ref("matched_products__model"), dbt.ref("matched_products__decisions"))
    held = dbt.ref("matched_products__contradictions").project("record_id").to_arrow_table()
    bound = "case when record_id like 'odoo:%' then try_cast(substr(record_id, 6) as bigint) end as odoo_binding"
    levels = {
        "variants": (dbt.ref("matched_products__clusters"), "cluster_id", "variant_id"),
        "products": (dbt.ref("matched_products__groups"), "group_id", "product_id"),
    }
    parts, followers = {}, {}
    for domain, (labelled, label, golden_id) in levels.items():
        followers[domain] = ours.filter(f"{golden_id} is not null").project(f"record_id, {golden_id} as golden_id")
        parts[domain] = build_ids.Part(
            labelled.project(f"record_id, {label} as cluster_id").sql_query(),
            f"select record_id, {golden_id} as golden_id from {dbt.this}",
            followers[domain].to_arrow_table(),
        )
    near = build_ids.nearby(dbt, session, parts, held)
    assigned = {}
    for domain, (labelled, label, golden_id) in levels.items():
        clusters = changes.narrowed(dbt, session, labelled, "record_id")
        clusters = clusters.project(f"record_id, {label} as cluster_id, {bound}").to_arrow_table()
        follow = changes.narrowed(dbt, session, followers[domain], "record_id").to_arrow_table()
        assigned[golden_id] = build_ids.assign(domain, clusters, follow, causes, held, near[domain])
    by_variant, by_product = (table.rename_columns(["record_id", name]) for name, table in assigned.items())
    return by_variant.join(by_product, "record_id").sort_by("record_id")
