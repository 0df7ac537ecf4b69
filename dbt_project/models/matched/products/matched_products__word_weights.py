"""What each word says: as trained, or learnt now; a word that came since is as rare as a word can be."""

from pipelines import changes, likeness, trained


def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="touched", unique_key=["kind", "token"])
    learnt = dbt.ref("matched_products__learnt_words")
    said = dbt.ref("matched_products__words").project("kind, token").distinct()
    if changes.stays(dbt, session):
        return changes.no_rows(dbt, session)
    known = trained.part_in_build("products", "words", lambda: learnt.order("kind, token").to_arrow_table())
    return likeness.with_new_words(known, said.order("kind, token").to_arrow_table())
