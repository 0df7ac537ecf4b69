"""Everything that Dagster sees, in the order in which data flows. What the pieces do is in the files they come from."""

import dagster as dg

from pipelines import resources
from pipelines.full_job import full
from pipelines.model_assets import build_model_assets
from pipelines.published_assets import build_published_assets, put_back, receipts
from pipelines.raw_assets import build_raw_assets
from pipelines.schedules import INGEST, alert_on_failure, alert_on_stale, ingest_schedules, plan_hourly

raw = build_raw_assets()
models = build_model_assets(resources.settings())
plan_asset, published = build_published_assets()

ingest = dg.define_asset_job(INGEST, [raw], description="Read what is new in every system, or in the selected streams.")
build = dg.define_asset_job("build", [models], description="Build and test the models, judge each domain, export.")
plan = dg.define_asset_job("plan", [plan_asset], description="Compare golden with the live Odoo; nothing is written.")
apply = dg.define_asset_job(
    "apply", [published], description="Write an approved plan to Odoo and read every field back."
)


@dg.job(description="Put back what an apply run wrote, wherever nobody has edited since.")
def undo() -> None:
    """Undo one run."""
    put_back()


defs = dg.Definitions(
    assets=[raw, receipts, models, plan_asset, published],
    jobs=[ingest, build, plan, apply, undo, full],
    schedules=[*ingest_schedules(), plan_hourly],
    sensors=[alert_on_failure, alert_on_stale],
    executor=dg.in_process_executor,
)
