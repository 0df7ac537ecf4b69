"""The whole flow as one job: ingest, build, plan, apply. A part that fails is told at the end; the rest still happens.

Its ops do what the assets do and write the same events. As one graph of assets, a stream that is down would skip
every model.
"""

import dagster as dg

from pipelines import resources, transform
from pipelines.ledger import open_ledger
from pipelines.model_assets import POOL, BuildConfig, building, read_manifest
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import load
from pipelines.published_assets import (
    ApplyConfig,
    ApprovalConfig,
    PlanConfig,
    planning,
    published_key,
    publishing,
)
from pipelines.raw_assets import IngestConfig, all_specs, extracting, failed_streams


@dg.op(description="Read every stream of every system; a stream that fails stops no other.")
def read_systems(context: dg.OpExecutionContext, config: IngestConfig):
    """Yields what landed, then the problems."""
    results = []
    transform.get_ready(resources.settings(), context.run_id)
    for result in extracting(resources.settings(), resources.now(), {spec.key for spec in all_specs()}, config.full):
        results.append(result)
        yield event(result)
    yield dg.Output(failed_streams(results))


@dg.op(description="Build and test every model, judge each domain, export.", pool=POOL)
def build_golden(context: dg.OpExecutionContext, config: BuildConfig, problems: list[str]):
    """Yields what was built, then the problems so far."""
    settings = resources.settings()
    try:
        full, manifest = config.full_refresh, read_manifest(settings)
        for result in building(settings, resources.now(), manifest, None, full, context.run_id):
            yield event(result)
    except dg.Failure as failure:
        problems = [*problems, str(failure.description)]
    yield dg.Output(problems)


@dg.op(
    description="Compare golden with the live Odoo, for every domain whose gate is open.",
    out={"plan_id": dg.Out(str), "problems": dg.Out(list)},
)
def plan_publish(context: dg.OpExecutionContext, config: PlanConfig, problems: list[str]):
    """Yields the plan and its gates, then its id."""
    plan_id = ""
    for result in planning(resources.settings(), resources.now(), resources.actor(), config):
        yield event(result)
        if isinstance(result, dg.MaterializeResult):
            plan_id = result.metadata["plan_id"]
        elif not result.passed and result.severity == dg.AssetCheckSeverity.ERROR:
            problems = [*problems, f"{result.check_name}: {result.metadata['reasons'].value}"]
    yield dg.Output(plan_id, "plan_id")
    yield dg.Output(problems, "problems")


@dg.op(description="Write the plan if somebody answers for it, and read every field back. An empty plan needs nobody.")
def publish_to_odoo(context: dg.OpExecutionContext, config: ApprovalConfig, plan_id: str, problems: list[str]):
    """Yields what was published, then the problems."""
    settings = resources.settings()
    with open_ledger(settings.ledger_url).connect() as connection:
        made = load(connection, plan_id)
    if made.empty:
        for name, counts in made.summary["objects"].items():
            if "closed" not in counts:
                unchanged = {"rows": counts["rows"], "plan_id": plan_id, "unchanged": True}
                yield dg.AssetMaterialization(published_key(name), metadata=unchanged)
    elif not config.approve_as:
        context.log.info(f"{plan_id} waits for `assay approve {plan_id}`, then `assay apply {plan_id}`")
    else:
        said = ApplyConfig(plan_id=plan_id, **config.model_dump())
        try:
            for result in publishing(settings, resources.now(), resources.actor(), said):
                yield event(result)
        except PublishRefused as refused:
            problems = [*problems, str(refused)]
    yield dg.Output(problems)


@dg.op(description="Fail, naming each part that did, once everything else is done.")
def conclude(context: dg.OpExecutionContext, problems: list[str]) -> None:
    """Raises dagster.Failure with one line per problem."""
    if problems:
        raise dg.Failure("\n".join(problems))


@dg.job(description="Ingest, build, plan, apply, verify.", resource_defs={"io_manager": dg.mem_io_manager})
def full() -> None:
    """The whole flow."""
    planned = plan_publish(build_golden(read_systems()))
    conclude(publish_to_odoo(planned.plan_id, planned.problems))


def event(result: dg.MaterializeResult | dg.AssetCheckResult) -> dg.AssetMaterialization | dg.AssetCheckEvaluation:
    """What an asset's step would have recorded."""
    if isinstance(result, dg.MaterializeResult):
        return dg.AssetMaterialization(result.asset_key, metadata=result.metadata)
    return dg.AssetCheckEvaluation(
        asset_key=result.asset_key,
        check_name=result.check_name,
        passed=result.passed,
        metadata=result.metadata,
        severity=result.severity,
    )
