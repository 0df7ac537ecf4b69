"""`assay demo`: the main job on the simulated retailer, from nothing to a verified publish, told in numbers.

It runs the Dagster job `full`, so that the UI shows the same run afterwards. Nothing here decides anything.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console

from pipelines import resources
from pipelines.console import wide_console
from pipelines.publish.target import open_target
from pipelines.resources import Settings
from pipelines.summary import next_commands, summarise
from sources.estate.process import retailer_beside
from sources.odoo.actions import provision

if TYPE_CHECKING:  # Dagster takes a second to load, in which the retailer can come up
    import dagster as dg

MARK = "demo.txt"
STATE = ("landing", "ledger.db", "ledger.db-shm", "ledger.db-wal", "warehouse.duckdb", "exports", "dagster", "spill")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
APPROVAL = {"approve_as": "demo", "note": "the first publish reaches beyond the caps", "force": True}
FULL = QUIET | {"ops": {"publish_to_odoo": {"config": APPROVAL}}}
BEGUN, ENDED = "STEP_START", ("STEP_SUCCESS", "STEP_FAILURE")
DOING = {
    "read_systems": "reading every system",
    "build_golden": "building golden records",
    "plan_publish": "comparing with Odoo",
    "publish_to_odoo": "writing to Odoo and reading back",
    "make_plan": "comparing with Odoo once more",
}


class HomeInUse(RuntimeError):
    """Assay's home holds a state that no demo made; the message says how to go on."""


@dataclass
class Clock:
    """Seconds per phase, each told when it ends."""

    console: Console
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str, doing: str) -> Iterator[None]:
        """Time a phase and show that it goes on."""
        began = time.perf_counter()
        with self.console.status(doing):
            yield
        self.tell(name, doing, time.perf_counter() - began)

    def tell(self, name: str, doing: str, seconds: float) -> None:
        """Note the seconds of a phase that has ended."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self.console.print(f"  {doing:<36}{seconds:6.1f} s")


def run(profile: str, keep: bool) -> int:
    """Run the demo; 0 if everything was published, verified, and a second plan is empty. Raises HomeInUse."""
    settings, clock = resources.settings(), Clock(wide_console())
    if not keep:
        forget(settings, profile)
    (settings.home / MARK).write_text(f"State of `assay demo --profile {profile}`, removed by the next one.\n")
    clock.console.print(f"Assay on the simulated retailer {profile}; its state is in {settings.home}")
    with retailer_beside(profile, settings.home) as answers, ExitStack() as until_the_end:
        with clock.phase("start", "loading the definitions"):
            from pipelines.definitions import defs
            from pipelines.instance import instance

            store = until_the_end.enter_context(instance(settings))
        with clock.phase("estate", "simulating the retailer"):
            answers()
            with open_target() as client:
                provision(client)
        done = launch(store, defs.resolve_job_def("full"), FULL, clock)
        done = done and launch(store, defs.resolve_job_def("plan"), QUIET, clock)
    if not done:
        return 1
    told = summarise(settings)
    for line in [*told.lines(), "", *seconds_by_phase(clock), "", *next_commands(settings)]:
        clock.console.print(line)
    return 0 if told.good else 1


def launch(store: dg.DagsterInstance, job: dg.JobDefinition, config: dict, clock: Clock) -> bool:
    """Run a job in this process, telling each step as it ends; what failed is printed. Returns whether it succeeded."""
    run_id, began = str(uuid.uuid4()), {}
    with clock.console.status("") as status:

        def follow(entry: dg.EventLogEntry) -> None:
            if not entry.is_dagster_event or entry.step_key not in DOING:
                return
            name, kind = entry.step_key, entry.dagster_event_type.value
            if kind == BEGUN:
                began[name] = entry.timestamp
                status.update(DOING[name])
            elif kind in ENDED:
                clock.tell(name, DOING[name], entry.timestamp - began[name])

        store.add_event_listener(run_id, follow)
        result = job.execute_in_process(config, store, raise_on_error=False, run_id=run_id)
    for failure in result.filter_events(lambda event: event.is_step_failure):
        error = failure.step_failure_data.error
        told = failure.step_failure_data.user_failure_data
        why = told.description if told else (error.cause or error).message
        clock.console.print(f"{failure.step_key} failed: {why}")
    return result.success


def seconds_by_phase(clock: Clock) -> list[str]:
    """One line with the seconds altogether."""
    return [f"{sum(clock.seconds.values()):.0f} s altogether"]


def forget(settings: Settings, profile: str) -> None:
    """Remove the state of an earlier demo. Raises HomeInUse rather than removing anybody's real ledger."""
    if (settings.home / "ledger.db").exists() and not (settings.home / MARK).exists():
        raise HomeInUse(f"{settings.home} holds a ledger that no demo made; set ASSAY_HOME to another folder")
    for name in (*STATE, f"estate/{profile}"):
        path = settings.home / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
