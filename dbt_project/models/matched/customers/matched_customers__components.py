"""Records that any chain of likely pairs connects: the largest groups that could be one party."""

from pipelines import matching


def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="touched", unique_key=["record_no", "component_no"])
    limits = matching.declared("customers")["cluster"]
    records = dbt.ref("matched_customers__evidence").project("record_no, record_id").order("record_id")
    links = dbt.ref("matched_customers__scores").filter(f"bits > {limits['start_bits']}")
    decided = dbt.ref("matched_customers__decisions").filter("decision = 'must'")
    return matching.component_table(
        records.to_arrow_table(),
        links.project("left_no, right_no, bits").to_arrow_table(),
        decided.project("left_no, right_no, 'infinity'::double as bits").to_arrow_table(),
        limits["max_component"],
    )
