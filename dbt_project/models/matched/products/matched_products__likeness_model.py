"""Learns what each feature of a pair of look-alikes says, without labels."""

from pipelines import likeness, matching


def model(dbt, session):
    spec = matching.declared("products")["likeness"]
    return likeness.learn(dbt.ref("matched_products__likeness").order("one_no, other_no").to_arrow_table(), spec)
