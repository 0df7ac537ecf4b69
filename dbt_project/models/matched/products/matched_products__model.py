"""What each level of each comparison says: as trained, or learnt now from counts of patterns; no labels."""

from pipelines import changes, matching, trained


def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="touched", unique_key=["comparison", "level"])
    spec = matching.declared("products")
    counts, names = matching.pattern_counts(spec["compare"]["comparisons"])
    patterns, chance = dbt.ref("matched_products__comparisons"), dbt.ref("matched_products__chance")

    def learn():
        seen = patterns.aggregate(counts, names).order("all").to_arrow_table()
        return matching.learn(seen, chance.order("all").to_arrow_table(), spec)

    likeness, words = dbt.ref("matched_products__likeness_model"), dbt.ref("matched_products__word_weights")
    if trained.lasts("products") and changes.keep(dbt, session, "comparison"):
        return changes.no_rows(dbt, session)
    return trained.weights_in_build(
        "products",
        learn,
        lambda: {
            "likeness": likeness.order("feature").to_arrow_table(),
            "words": words.order("kind, token").to_arrow_table(),
        },
    )
