"""The dbt project as one set of assets: models with their columns, owners and layers, and dbt tests as checks.

dbt runs once for all selected models; its log is turned into Dagster's events while it runs.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from queue import SimpleQueue
from typing import Any

import dagster as dg
from pydantic import Field

from pipelines import resources, transform
from pipelines.gates import domains_of
from pipelines.rebuild import read_relations, rebuild
from pipelines.resources import Settings

LAYERS = {"seeds": "0_seeds", "staging": "2_staging", "conformed": "3_conformed"}
LAYERS |= {"matched": "4_matched", "golden": "5_golden", "publish": "6_publish"}
POOL = "duckdb_writer"
BUILT = ("seed", "model", "snapshot")
_BUILT = {"LogModelResult", "LogSeedResult", "LogSnapshotResult"}


class BuildConfig(dg.Config):
    """What a build run rebuilds."""

    full_refresh: bool = Field(False, description="Rebuild incremental models from the whole landing.")


def model_spec(manifest: Mapping[str, Any], unique_id: str, relations: Mapping[str, Mapping[str, str]]) -> dg.AssetSpec:
    """A seed or model as Dagster shows it: group, owner, domain, and its columns with their classes.

    `relations` are the columns and types that the last build found, by model.
    """
    node, domains = manifest["nodes"][unique_id], domains_of(manifest, unique_id)
    owner = manifest["groups"].get(f"group.{node['package_name']}.{node['config'].get('group')}", {}).get("owner", {})
    types = relations.get(node["name"], {})
    columns = [_column(name, node["columns"].get(name), kind) for name, kind in types.items()]
    columns += [_column(name, column, "") for name, column in node["columns"].items() if name not in types]
    return dg.AssetSpec(
        [node["name"]],
        deps=[_key(manifest, parent) for parent in node["depends_on"].get("nodes", [])],
        skippable=True,
        group_name=LAYERS["seeds" if node["resource_type"] == "seed" else node["fqn"][1]],
        description=node["description"] or f"See {node['original_file_path']}.",
        owners=[owner["email"]] if owner.get("email") else [],
        tags={"domain": next(iter(domains))} if len(domains) == 1 else {},
        kinds={"dbt", "python" if node.get("language") == "python" else "duckdb"},
        code_version=node["checksum"]["checksum"],
        metadata={
            "file": f"dbt_project/{node['original_file_path']}",
            **({"dagster/column_schema": dg.TableSchema(columns)} if columns else {}),
        },
    )


def check_spec(manifest: Mapping[str, Any], test_id: str) -> dg.AssetCheckSpec:
    """A dbt test as a check of the model that it is shown on.

    Not blocking: a failed test closes the gate of its own domain (gates.py), and the other domains go on.
    """
    test = manifest["nodes"][test_id]
    said = test["description"] or test["name"].replace("_", " ")
    return dg.AssetCheckSpec(test["name"], asset=checked_by(manifest, test_id), description=said)


def _key(manifest: Mapping[str, Any], unique_id: str) -> dg.AssetKey:
    source = manifest["sources"].get(unique_id)
    return dg.AssetKey([source["source_name"], source["name"]] if source else [manifest["nodes"][unique_id]["name"]])


def checked_by(manifest: Mapping[str, Any], test_id: str) -> str | None:
    """The name of the model that a dbt test is shown on: the one it is attached to, else the last in the flow."""
    test = manifest["nodes"][test_id]
    nodes = [manifest["nodes"][each] for each in test["depends_on"]["nodes"] if each in manifest["nodes"]]
    if test.get("attached_node") in manifest["nodes"]:
        nodes = [manifest["nodes"][test["attached_node"]]]
    order = {layer: place for place, layer in enumerate(LAYERS)}
    placed = [(order.get(node["fqn"][1], 0), node["name"]) for node in nodes]
    return max(placed)[1] if placed else None


def read_manifest(settings: Settings) -> dict[str, Any]:
    """dbt's manifest, fit for the project as it stands."""
    return json.loads(transform.parsed(settings).read_bytes())


def building(
    settings: Settings,
    now: datetime,
    manifest: Mapping[str, Any],
    select: Collection[str] | None,
    full: bool,
    run_id: str,
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Run dbt and yield each model and each test as it ends. Raises dagster.Failure when a model could not be built."""
    said: SimpleQueue[transform.Event | None] = SimpleQueue()
    with ThreadPoolExecutor(1) as pool:
        chosen = " ".join(sorted(select)) if select else None
        work = pool.submit(rebuild, settings, now, chosen, said.put, full, run_id)
        work.add_done_callback(lambda _: said.put(None))
        rows: dict[str, int] = {}
        for event in iter(said.get, None):
            if told := re.fullmatch(r"rows (\d+)", event["info"]["msg"]):
                rows[event["data"]["node_info"]["node_name"]] = int(told[1])
            yield from _results(event, manifest, rows)
    built = work.result()
    broken = {name: why for name, why in built.failures.items() if not why.startswith("fails")}
    if broken:
        raise dg.Failure("\n".join(f"{name} {why}" for name, why in broken.items()))


def build_model_assets(settings: Settings) -> dg.AssetsDefinition:
    """All seeds and models as one step, which is the only writer of the warehouse."""
    manifest, relations = read_manifest(settings), read_relations(settings)
    built = [key for key, node in manifest["nodes"].items() if node["resource_type"] in BUILT]
    tests = [key for key, node in manifest["nodes"].items() if node["resource_type"] == "test"]

    @dg.multi_asset(
        name="build_models",
        specs=[model_spec(manifest, key, relations) for key in built],
        check_specs=[check_spec(manifest, key) for key in tests if checked_by(manifest, key)],
        can_subset=True,
        pool=POOL,
    )
    def build_models(context: dg.AssetExecutionContext, config: BuildConfig):
        chosen = None
        if context.is_subset:
            chosen = {key.path[-1] for key in context.selected_asset_keys}
        checks = {(key.asset_key, key.name) for key in context.selected_asset_check_keys}
        now, full = resources.now(), config.full_refresh
        for result in building(resources.settings(), now, manifest, chosen, full, context.run.run_id):
            if isinstance(result, dg.MaterializeResult) or (result.asset_key, result.check_name) in checks:
                yield result

    return build_models


def _results(
    event: transform.Event, manifest: Mapping[str, Any], rows: Mapping[str, int]
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    name, node = event["info"]["name"], event["data"].get("node_info") or {}
    if name in _BUILT and node["node_status"] == "success":
        seconds = round(float(event["data"].get("execution_time", 0)), 3)
        counted = {"dagster/row_count": rows[node["node_name"]]} if node["node_name"] in rows else {}
        yield dg.MaterializeResult(asset_key=[node["node_name"]], metadata={"seconds": seconds, **counted})
    if name == "LogTestResult" and node["unique_id"] in manifest["nodes"]:
        status, failed = event["data"]["status"], event["data"].get("num_failures") or 0
        yield dg.AssetCheckResult(
            passed=status == "pass",
            asset_key=[checked_by(manifest, node["unique_id"])],
            check_name=node["node_name"],
            severity=dg.AssetCheckSeverity.WARN if status == "warn" else dg.AssetCheckSeverity.ERROR,
            metadata={"failed_rows": int(failed)},
        )


def _column(name: str, described: Mapping[str, Any] | None, kind: str) -> dg.TableColumn:
    described = described or {}
    sensitivity = described.get("config", {}).get("meta", {}).get("class")
    tags = {sensitivity: ""} if sensitivity else None
    return dg.TableColumn(name, described.get("data_type") or kind, described.get("description") or None, tags=tags)
