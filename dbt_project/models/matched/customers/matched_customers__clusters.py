"""Splits each component where its parts do not hold together on average: one cluster is one party."""

from pipelines import matching


def model(dbt, session):
    limits = matching.declared("customers")["cluster"]
    members = dbt.ref("matched_customers__components").order("record_id")
    pairs = dbt.ref("matched_customers__within").order("component_no, left_no, right_no")
    return matching.cluster_table(
        members.to_arrow_table(),
        pairs.project("left_no, right_no, bits").to_arrow_table(),
        limits["cap_bits"],
        limits["stop_bits"],
    )
