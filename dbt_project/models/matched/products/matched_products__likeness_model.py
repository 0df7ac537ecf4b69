"""Learns what each feature of a pair of look-alikes says, without labels."""

from pipelines import changes, likeness, matching


def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="touched", unique_key=["feature"])
    seen = dbt.ref("matched_products__likeness").order("one_no, other_no")
    if changes.stays(dbt, session):
        return changes.no_rows(dbt, session)
    return likeness.learn(seen.to_arrow_table(), matching.declared("products")["likeness"])
