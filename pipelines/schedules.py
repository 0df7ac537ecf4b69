"""What runs when, and what is told to whom. Everything is shipped stopped: nothing runs until somebody switches it on.

How often a stream is read follows from the latency class in its contract.
"""

import json
from collections.abc import Iterator

import dagster as dg

from pipelines import freshness, resources
from pipelines.alerts import alert
from pipelines.full_job import full
from pipelines.published_assets import published_domains
from pipelines.raw_assets import all_specs
from sources.contract import load_contracts

CRON = {"seconds": "* * * * *", "minutes": "*/15 * * * *", "hours": "10 * * * *", "daily": "20 3 * * *"}
INGEST = "ingest"
PLANNING = "45 * * * *"


def ingest_schedules() -> Iterator[dg.ScheduleDefinition]:
    """One schedule per latency class that a contract uses."""
    specs = all_specs()
    for latency, cron in CRON.items():
        keys = [spec.key for spec in specs if spec.tags["latency_class"] == latency]
        if keys:
            yield _ingest_schedule(latency, cron, keys)


def _ingest_schedule(latency: str, cron: str, keys: list[dg.AssetKey]) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"ingest_{latency}",
        job_name=INGEST,
        cron_schedule=cron,
        description=f"Reads the {len(keys)} streams whose contract says latency_class: {latency}.",
    )
    def ingest(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(asset_selection=keys, tags={"latency_class": latency})

    return ingest


plan_hourly = dg.ScheduleDefinition(
    name="plan_hourly",
    job=full,
    cron_schedule=PLANNING,
    description="Reads, builds and plans; a plan that would change something waits for `assay approve`.",
)


@dg.run_failure_sensor(name="alert_on_failure", description="One line in alerts.log for each run that failed.")
def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
    """Say which job failed where, and in which run."""
    steps = [event.step_key for event in context.get_step_failure_events() if event.step_key]
    where = f" at {', '.join(steps)}" if steps else ""
    run = context.dagster_run
    alert(resources.settings(), resources.now(), f"run failed: {run.job_name}{where}, run {run.run_id}")


@dg.sensor(
    name="alert_on_stale", minimum_interval_seconds=60, description="One line when data becomes stale or fresh again."
)
def alert_on_stale(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Compare what is stale now with what was at the last tick, by event time and the SLAs of this moment."""
    settings, now, contracts = resources.settings(), resources.now(), load_contracts()
    readings = freshness.judge(contracts, freshness.measure(settings, contracts), now)
    stale = {
        f"{reading.domain} {reading.watermark.basis} {reading.watermark.place} {reading.watermark.stream}": reading
        for reading in readings
        if reading.state == "stale" and reading.domain in published_domains()
    }
    known = set(json.loads(context.cursor or "[]"))
    for name in sorted(set(stale) - known):
        alert(settings, now, f"stale: {stale[name].domain}: {stale[name].sentence}")
    for name in sorted(known - set(stale)):
        domain, _, place, stream = name.split(" ")
        alert(settings, now, f"fresh again: {domain}: {place} ({stream})")
    context.update_cursor(json.dumps(sorted(stale)))
    return dg.SkipReason(f"{len(stale)} of {len(readings)} watermarks are stale")
