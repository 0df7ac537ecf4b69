"""Learns what each level of each comparison says, from counts of patterns; no labels."""

from pipelines import matching


def model(dbt, session):
    spec = matching.declared("customers")
    counts, names = matching.pattern_counts(spec["compare"]["comparisons"])
    patterns = dbt.ref("matched_customers__comparisons").aggregate(counts, names).order("all")
    chance = dbt.ref("matched_customers__chance").order("all")
    return matching.learn(patterns.to_arrow_table(), chance.to_arrow_table(), spec)
