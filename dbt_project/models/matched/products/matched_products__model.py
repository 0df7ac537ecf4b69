"""What each level of each comparison says: as trained, or learnt now from counts of patterns; no labels."""

from pipelines import learning, matching, trained


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="touched",
        unique_key=["comparison", "level"],
        meta={"learnt": "products"},
    )
    spec = matching.declared("products")
    patterns, chance = dbt.ref("matched_products__patterns"), dbt.ref("matched_products__chance")

    def learn():
        return learning.learn(*(seen.order("pattern").to_arrow_table() for seen in (patterns, chance)), spec)

    likeness, words = dbt.ref("matched_products__likeness_model"), dbt.ref("matched_products__word_weights")
    offers = dbt.ref("matched_products__offer_model")
    return trained.weights_in_build(
        "products",
        learn,
        lambda: {
            "likeness": likeness.order("feature").to_arrow_table(),
            "offers": offers.order("feature").to_arrow_table(),
            "words": words.order("kind, token").to_arrow_table(),
        },
    )
