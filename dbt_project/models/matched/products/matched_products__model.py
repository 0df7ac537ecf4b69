"""Learns what each level of each comparison says, from counts of patterns; no labels."""

from pipelines import matching


def model(dbt, session):
    spec = matching.declared("products")
    names = ", ".join(comparison["name"] for comparison in spec["compare"]["comparisons"])
    patterns = dbt.ref("matched_products__comparisons").aggregate(f"{names}, count(*) as pairs", names).order("all")
    chance = dbt.ref("matched_products__chance").order("all")
    return matching.learn(patterns.to_arrow_table(), chance.to_arrow_table(), spec)
