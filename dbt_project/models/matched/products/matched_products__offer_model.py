"""What each feature of two offers of one system says: as trained, or learnt now from offers with partners elsewhere."""

from pipelines import changes, matching, offers, trained


def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="touched", unique_key=["feature"])
    spec = matching.declared("products")["likeness"]
    repeated = dbt.ref("matched_products__offers").order("one_no, other_no")
    links = dbt.ref("matched_products__likeness_scores").filter("bits > 0")
    links = links.select("left_no, right_no, likeness_bits is null as is_shared").order("left_no, right_no")
    if changes.stays(dbt, session):
        return changes.no_rows(dbt, session)

    def learn():
        return offers.learn(repeated.to_arrow_table(), links.to_arrow_table(), spec)

    return trained.part_in_build("products", "offers", learn)
