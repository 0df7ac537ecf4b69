"""What each feature of a pair of look-alikes says: as trained, or learnt now, without labels."""

from pipelines import changes, likeness, matching, trained


def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="touched", unique_key=["feature"])
    spec = matching.declared("products")["likeness"]
    pairs = dbt.ref("matched_products__likeness").order("one_no, other_no")
    if changes.stays(dbt, session):
        return changes.no_rows(dbt, session)
    return trained.part_in_build("products", "likeness", lambda: likeness.learn(pairs.to_arrow_table(), spec))
