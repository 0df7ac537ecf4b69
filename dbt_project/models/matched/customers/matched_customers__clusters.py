"""Splits each component where its parts do not hold together on average: one cluster is one party."""

from pipelines import changes, linkage, thresholds


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="touched",
        unique_key=["record_id", "cluster_id"],
        meta={"touched_on": ["record_id"]},
    )
    everybody = dbt.ref("matched_customers__components")
    members = changes.narrowed(dbt, session, everybody, "record_id", "matched_customers__components")
    pairs = changes.anew(session, dbt.ref("matched_customers__within"), "matched_customers__within")
    if members is not everybody:
        pairs = pairs.filter("component_no in (select component_no from members)")
    return linkage.clustered(session, members, pairs, thresholds.in_build("customers"))
