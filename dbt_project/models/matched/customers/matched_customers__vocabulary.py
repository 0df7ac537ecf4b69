"""How common names are and which values stand for nobody, as the trained model counted them."""

from pipelines import trained


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="touched",
        unique_key=["kind", "value"],
        meta={"learnt": "customers"},
    )
    counts = dbt.ref("matched_customers__counts")
    return trained.part_in_build("customers", "vocabulary", lambda: counts.order("all").to_arrow_table())
