"""Names the records about which stewards' decisions cannot all be true; they keep the golden ids they have."""

from pipelines.contradictions import FOUND, contradictions


def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="touched", unique_key=["record_id"])
    decisions = dbt.ref("matched_customers__decisions").set_alias("decisions")
    if not decisions.limit(1).fetchall():
        return FOUND.empty_table()
    left = dbt.ref("matched_customers__evidence").project("record_no as left_no, record_id as left_record_id")
    right = dbt.ref("matched_customers__evidence").project("record_no as right_no, record_id as right_record_id")
    named = decisions.join(left, "left_no").join(right, "right_no")
    everybody = dbt.ref("matched_customers__components")
    decided = everybody.join(decisions.project("unnest([left_no, right_no]) as record_no"), "record_no", how="semi")
    components = everybody.join(decided.project("component_no"), "component_no", how="semi")
    components = components.project("record_id, component_no").order("record_id")
    return contradictions(named.order("left_no, right_no").to_arrow_table(), components.to_arrow_table())
