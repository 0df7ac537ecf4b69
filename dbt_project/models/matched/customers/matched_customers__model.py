"""What each level of each comparison says: as trained, or learnt now from counts of patterns; no labels."""

from pipelines import learning, matching, trained


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="touched",
        unique_key=["comparison", "level"],
        meta={"learnt": "customers"},
    )
    spec = matching.declared("customers")
    patterns, chance = dbt.ref("matched_customers__patterns"), dbt.ref("matched_customers__chance")

    def learn():
        return learning.learn(*(seen.order("pattern").to_arrow_table() for seen in (patterns, chance)), spec)

    vocabulary = dbt.ref("matched_customers__vocabulary")
    return trained.weights_in_build(
        "customers", learn, lambda: {"vocabulary": vocabulary.order("all").to_arrow_table()}
    )
