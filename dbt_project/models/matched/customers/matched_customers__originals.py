"""What stood on each Odoo partner before Assay wrote there, so that an echo of ours is never evidence."""

from pipelines import echoes

FIELDS = ["name", "email", "phone", "street", "street2", "city", "zip", "country_id", "vat", "lang"]


def model(dbt, session):
    dbt.config(
        materialized="incremental",
        incremental_strategy="touched",
        unique_key=["record_id"],
        meta={"rests_on": "ledger/receipts"},
    )
    dbt.ref("conformed_customers")
    return echoes.originals_in_build("res_partner", FIELDS)
