"""From golden to Odoo as assets: the plan with its gates, and one published asset per object of the publish policy.

A plan writes nothing. Publishing needs an approval, given beforehand with `assay approve` or in the run's own config.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dagster as dg
from pydantic import Field

from pipelines import gates, resources
from pipelines.ledger import open_ledger
from pipelines.publish.apply import Report, apply_plan
from pipelines.publish.approve import approve
from pipelines.publish.authority import Canary
from pipelines.publish.decide import ACTIONS
from pipelines.publish.plan import make_plan
from pipelines.publish.policy import load_policy
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.shown import show
from pipelines.publish.store import Plan, latest, load
from pipelines.publish.target import open_target
from pipelines.publish.undo import undo_run
from pipelines.publish.verify import Verification, verify_run
from pipelines.raw_assets import GROUP as LANDED
from pipelines.raw_assets import freshness_policy, listed
from pipelines.resources import Settings
from sources.contract import Sla, load_contracts

TARGET = "odoo"
GROUP = "7_odoo"
PLAN = dg.AssetKey(["plan", TARGET])
CAPS, EDITS, VERIFIED = "within_caps", "no_edit_waits", "reads_back_as_written"
Results = Iterator[dg.MaterializeResult | dg.AssetCheckResult]


class PlanConfig(dg.Config):
    """What a plan covers."""

    objects: list[str] = Field([], description="Objects to plan, such as res_partner; empty for all.")
    overrule: list[str] = Field(
        [], description="Golden ids whose edits by people in Odoo may be overwritten; * for all."
    )
    canary_records: int = Field(0, description="So many records of each object are written first and read back.")
    canary_units: list[str] = Field([], description="Stores or systems whose records go first, such as pos/S00?.")
    canary_companies: list[str] = Field([], description="Companies of Odoo whose records go first.")

    @property
    def canary(self) -> Canary | None:
        """What goes first besides what approvals.yml says."""
        said = {"records": self.canary_records or None, "units": self.canary_units, "companies": self.canary_companies}
        return Canary(**said) if any(said.values()) else None


class ApprovalConfig(dg.Config):
    """Who answers for a plan, unless `assay approve` was run."""

    approve_as: str = Field("", description="Approve the plan under this name; empty leaves it to `assay approve`.")
    note: str = Field("", description="Why; needed to go beyond a cap.")
    force: bool = Field(False, description="Approve although a cap of the publish policy is exceeded.")


class ApplyConfig(ApprovalConfig):
    """Which plan is written, and who answers for it."""

    plan_id: str = Field("", description="Plan to write; empty for the newest that is approved or waits for approval.")


class UndoConfig(dg.Config):
    """Which run is put back."""

    run_id: str = Field(description="The apply run, as printed by it and standing in x_assay_run on the Odoo record.")


def published_key(name: str) -> dg.AssetKey:
    """`published/odoo/res_partner`."""
    return dg.AssetKey(["published", TARGET, name])


def published_domains() -> list[str]:
    """The domains that the publish policy publishes, each once."""
    return list(dict.fromkeys(policy.domain for policy in load_policy().objects.values()))


def planning(settings: Settings, now: datetime, actor: str, config: PlanConfig) -> Results:
    """Judge every gate and make a plan: a result with its counts, a check per gate, for the caps and for edits."""
    judged = gates.evaluate(settings, load_contracts(), now)
    with open_target() as client:
        objects = config.objects or None
        plan = make_plan(settings, client, judged, now, actor, objects, config.overrule, canary=config.canary)
    yield dg.MaterializeResult(asset_key=PLAN, metadata=plan_metadata(plan))
    for domain in published_domains():
        gate = judged[domain]
        held = sorted({*gate.stale_units, *gate.held})
        said = {"reasons": listed(gate.reasons), "held_back": listed(held), **ages(gate)}
        passed = gate.open and not gate.stale_units and not gate.held
        severity = dg.AssetCheckSeverity.WARN if gate.open else dg.AssetCheckSeverity.ERROR
        yield dg.AssetCheckResult(
            passed=passed, asset_key=PLAN, check_name=gate_name(domain), severity=severity, metadata=said
        )
    caps = plan.summary["caps"]
    yield dg.AssetCheckResult(
        passed=not caps,
        asset_key=PLAN,
        check_name=CAPS,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"exceeded": listed(caps)},
    )
    edited = {name: counts["conflict"] for name, counts in plan.summary["objects"].items() if counts["conflict"]}
    yield dg.AssetCheckResult(
        passed=not edited,
        asset_key=PLAN,
        check_name=EDITS,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"records": sum(edited.values()), **edited, "see": "`assay edits` lists them by field and person"},
    )


def publishing(settings: Settings, now: datetime, actor: str, config: ApplyConfig) -> Results:
    """Apply a plan and read it back; a result per object that the plan covers. Raises PublishRefused."""
    plan = chosen_plan(settings, config)
    if config.approve_as and plan.state == "planned":
        approve(settings, plan.plan_id, config.approve_as, now, config.note, config.force)
    with open_target() as client:
        report = apply_plan(settings, client, plan.plan_id, now, actor)
        found = verify_run(settings, client, report.run_id, now, actor)
        show(settings, client, report.run_id)
    wrong = Counter(mismatch["object"] for mismatch in found.mismatches)
    for name, counts in plan.summary["objects"].items():
        if "closed" in counts:
            continue
        key = published_key(name)
        yield dg.MaterializeResult(asset_key=key, metadata=run_metadata(counts, report, found))
        yield dg.AssetCheckResult(
            passed=not wrong[name], asset_key=key, check_name=VERIFIED, metadata={"fields_that_differ": wrong[name]}
        )


def chosen_plan(settings: Settings, config: ApplyConfig) -> Plan:
    """The plan that an apply run means. Raises PublishRefused if there is none."""
    states = ["approved", "applying", *(["planned"] if config.approve_as else [])]
    with open_ledger(settings.ledger_url).connect() as connection:
        plan_id = config.plan_id or latest(connection, states)
        if plan_id is None:
            raise PublishRefused("no plan is approved", "run `assay approve`, or set approve_as in the run's config")
        return load(connection, plan_id)


def plan_metadata(plan: Plan) -> dict[str, Any]:
    """Counts of a plan as numbers that Dagster can plot, and what is closed."""
    objects = plan.summary["objects"]
    totals = {action: sum(counts.get(action, 0) for counts in objects.values()) for action in ACTIONS}
    closed = [f"{name}: {counts['closed']}" for name, counts in objects.items() if "closed" in counts]
    return {"plan_id": plan.plan_id, "records_to_write": plan.changes, **totals, "closed": listed(closed)}


def run_metadata(counts: dict[str, Any], report: Report, found: Verification) -> dict[str, Any]:
    """What a run did to one object, and where to look it up."""
    return {
        **{name: counts.get(name, 0) for name in ("rows", *ACTIONS)},
        "run_id": report.run_id,
        "plan_id": report.plan_id,
        "fields_of_run": report.fields,
        "fields_verified": found.matched,
    }


def ages(gate: gates.Gate) -> dict[str, float]:
    """The age of what is known of a domain, in minutes, which Dagster plots."""
    known = [reading.age.total_seconds() / 60 for reading in gate.readings if reading.age is not None]
    return {"oldest_min": round(max(known), 1), "newest_min": round(min(known), 1)} if known else {}


def gate_name(domain: str) -> str:
    """The check that shows a domain's gate."""
    return f"gate_{domain}"


receipts = dg.AssetSpec(
    ["ledger", "receipts"],
    group_name=LANDED,
    kinds={"sqlalchemy"},
    owners=["team:platform"],
    description="What Assay wrote to Odoo, field by field. Staging reads it, to know an echo.",
)


def build_published_assets() -> list[dg.AssetsDefinition]:
    """The plan, and the published objects."""
    policy = load_policy()
    models = [dg.AssetKey([f"publish_odoo__{name}"]) for name in policy.objects]
    plan_spec = dg.AssetSpec(
        PLAN,
        deps=models,
        group_name=GROUP,
        kinds={"odoo"},
        owners=["team:platform"],
        description="What publishing would change in the live Odoo, field by field, sealed in the ledger.",
    )

    @dg.multi_asset(name="make_plan", specs=[plan_spec], check_specs=_plan_checks())
    def plan(context: dg.AssetExecutionContext, config: PlanConfig):
        yield from planning(resources.settings(), resources.now(), resources.actor(), config)

    specs = [_published_spec(name) for name in policy.objects]
    checks = [
        dg.AssetCheckSpec(VERIFIED, asset=spec.key, description="Every field of the run, read back from Odoo.")
        for spec in specs
    ]

    @dg.multi_asset(name="apply_plan", specs=specs, check_specs=checks)
    def apply(context: dg.AssetExecutionContext, config: ApplyConfig):
        yield from publishing(resources.settings(), resources.now(), resources.actor(), config)

    return [plan, apply]


@dg.op(description="Put back what a run wrote, wherever nobody has edited since; the rest is listed.")
def put_back(context: dg.OpExecutionContext, config: UndoConfig) -> None:
    """Undo one apply run."""
    with open_target() as client:
        report = undo_run(resources.settings(), client, config.run_id, resources.now(), resources.actor())
    context.log.info(f"{report.run_id}: {report.outcomes}, {report.fields} fields put back")
    for exception in report.exceptions:
        context.log.warning(f"kept: {exception}")


def _plan_checks() -> list[dg.AssetCheckSpec]:
    gate = (
        "Whether {} may be published: fresh by event time, tests passed. A closed domain plans nothing; others go on."
    )
    gated = [
        dg.AssetCheckSpec(gate_name(each), asset=PLAN, description=gate.format(each)) for each in published_domains()
    ]
    return [
        *gated,
        dg.AssetCheckSpec(CAPS, asset=PLAN, description="How far the plan reaches, against the policy's caps."),
        dg.AssetCheckSpec(
            EDITS, asset=PLAN, description="People's edits in Odoo that golden contradicts and nobody has ruled on."
        ),
    ]


def _published_spec(name: str) -> dg.AssetSpec:
    policy = load_policy().objects[name]
    columns = [dg.TableColumn(field) for field in policy.owned]
    return dg.AssetSpec(
        published_key(name),
        deps=[PLAN, dg.AssetKey([f"publish_odoo__{name}"])],
        group_name=GROUP,
        kinds={"odoo"},
        owners=["team:platform"],
        tags={"domain": policy.domain},
        freshness_policy=freshness_policy(_tightest(policy.domain)),
        skippable=True,
        description=f"The fields of {policy.model} that Assay owns in Odoo, with a receipt for each that it wrote.",
        metadata={"dagster/column_schema": dg.TableSchema(columns), "model": policy.model},
    )


def _tightest(domain: str) -> Sla | None:
    slas = [s.sla for c in load_contracts().values() for s in c.streams.values() if s.sla and s.domain == domain]
    return min(slas, key=lambda sla: sla.fail, default=None)
