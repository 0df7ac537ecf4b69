"""Records that any chain of likely pairs connects: the largest groups that could be one party."""

from pipelines import changes, linkage, matching


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="touched",
        unique_key=["record_no", "component_no"],
        meta={"touched_on": ["record_no"]},
    )
    limits = matching.declared("customers")["cluster"]
    records = changes.narrowed(dbt, session, dbt.ref("matched_customers__evidence"), "record_no")
    links = changes.narrowed(dbt, session, dbt.ref("matched_customers__scores"), "left_no")
    demanded = changes.narrowed(dbt, session, dbt.ref("matched_customers__decisions"), "left_no")
    return linkage.component_table(
        records.project("record_no, record_id").order("record_id").to_arrow_table(),
        links.filter(f"bits > {limits['start_bits']}").project("left_no, right_no, bits").to_arrow_table(),
        demanded.filter("decision = 'must'").project("left_no, right_no, 'infinity'::double as bits").to_arrow_table(),
        limits["max_component"],
    )
