"""One raw asset per stream, generated from the contracts: nothing is listed here by name.

All streams of a run are read in threads in one step; what each promised is checked in the same step.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

import dagster as dg
from pydantic import Field

from pipelines import extract, resources
from pipelines.dbt_sources import ENVELOPE as DESCRIBED
from pipelines.extract import Failure
from pipelines.landing import ENVELOPE
from pipelines.resources import Settings
from pipelines.stream_run import LoadReport
from sources.contract import Contract, Sla, Stream, load_contracts

GROUP = "1_landing"
READ_WHOLE = "read_whole"


class IngestConfig(dg.Config):
    """What an ingest run reads."""

    full: bool = Field(False, description="Read everything again instead of what changed since the last load.")


def stream_spec(contract: Contract, name: str) -> dg.AssetSpec:
    """The asset of one stream, with everything its contract says that Dagster can show."""
    stream = contract.streams[name]
    return dg.AssetSpec(
        [contract.system, name],
        group_name=GROUP,
        description=f"{stream.description.strip()}\n\n{contract.description.strip()}",
        owners=[f"team:{contract.owner}"],
        kinds={contract.system, "parquet"},
        tags={"domain": stream.domain, "latency_class": stream.latency_class},
        freshness_policy=freshness_policy(stream.sla),
        skippable=True,
        metadata={
            "dagster/column_schema": table_schema(contract, stream),
            "contract": f"sources/{contract.system}/contract.yml",
            "primary_key": stream.primary_key,
            "delete_mode": stream.delete_mode,
            **({"api_version": contract.api_version} if contract.api_version else {}),
            **({"api_sunset_on": str(contract.sunset_on)} if contract.sunset_on else {}),
        },
    )


def freshness_policy(sla: Sla | None) -> dg.FreshnessPolicy | None:
    """The contract's SLA as Dagster holds it against the last time that the asset was written."""
    if sla is None:
        return None
    return dg.FreshnessPolicy.time_window(fail_window=sla.fail, warn_window=sla.warn if sla.warn < sla.fail else None)


def table_schema(contract: Contract, stream: Stream) -> dg.TableSchema:
    """The columns of a stream: the source's own with their classes as tags, then the envelope."""
    own = [
        dg.TableColumn(name, column.type, column.description or None, tags={column.sensitivity: ""})
        for name, column in stream.columns.items()
    ]
    envelope = [
        dg.TableColumn(field.name, str(field.type), DESCRIBED.get(field.name), tags={"internal": ""})
        for field in ENVELOPE
    ]
    return dg.TableSchema(own + envelope)


def extracting(
    settings: Settings, now: datetime, selected: Collection[dg.AssetKey], full: bool
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Read the selected streams; a result and a passed check for each that landed, a failed check for each other."""
    contracts = chosen(load_contracts(), selected)
    for report in extract.extract_all(contracts, settings, now, full=full):
        key = dg.AssetKey([report.system, report.stream])
        if isinstance(report, Failure):
            said = {"problem": report.message, "kind": report.kind}
            yield dg.AssetCheckResult(passed=False, asset_key=key, check_name=READ_WHOLE, metadata=said)
        else:
            yield dg.MaterializeResult(asset_key=key, metadata=load_metadata(report))
            said = {"proven_until_utc": report.proven, "warnings": listed(report.warnings)}
            yield dg.AssetCheckResult(passed=True, asset_key=key, check_name=READ_WHOLE, metadata=said)


def chosen(contracts: Mapping[str, Contract], selected: Collection[dg.AssetKey]) -> dict[str, Contract]:
    """The contracts cut down to the selected streams."""
    found = {}
    for system, contract in contracts.items():
        streams = {name: each for name, each in contract.streams.items() if dg.AssetKey([system, name]) in selected}
        if streams:
            found[system] = contract.model_copy(update={"streams": streams})
    return found


def load_metadata(report: LoadReport) -> dict[str, object]:
    """What a load did, as numbers that Dagster can plot."""
    return {
        "dagster/row_count": report.received,
        "rows_landed": report.rows,
        "rows_deleted": report.deleted,
        "seconds": round(report.seconds, 3),
        "load_id": report.load_id,
        "full": report.full,
        "proven_until": dg.MetadataValue.text(report.proven),
    }


def listed(sentences: Iterable[str]) -> str:
    """Sentences as one text; `none` if there are none."""
    return "\n".join(sentences) or "none"


def failed_streams(results: list[dg.MaterializeResult | dg.AssetCheckResult]) -> list[str]:
    """One line for each stream that could not be read."""
    checks = [result for result in results if isinstance(result, dg.AssetCheckResult) and not result.passed]
    return [str(check.metadata["problem"].value) for check in checks]


def all_specs() -> list[dg.AssetSpec]:
    """The assets of every stream of every contract."""
    return [stream_spec(contract, name) for contract in load_contracts().values() for name in contract.streams]


def read_checks(keys: Collection[dg.AssetKey]) -> list[dg.AssetCheckSpec]:
    """Each stream's check that it was read to its end."""
    said = "The stream was read to the end of its window; if not, nothing of it landed and its cursor stands still."
    return [dg.AssetCheckSpec(READ_WHOLE, asset=key, description=said) for key in keys]


def build_raw_assets() -> dg.AssetsDefinition:
    """The one step that reads any subset of streams. It fails at its end, naming them, if some could not be read."""
    specs = all_specs()

    @dg.multi_asset(name="extract", specs=specs, check_specs=read_checks([spec.key for spec in specs]), can_subset=True)
    def extract_streams(context: dg.AssetExecutionContext, config: IngestConfig):
        results = []
        for result in extracting(resources.settings(), resources.now(), context.selected_asset_keys, config.full):
            results.append(result)
            yield result
        if failed := failed_streams(results):
            raise dg.Failure("\n".join([f"{len(failed)} streams were not read; the others landed.", *failed]))

    return extract_streams
