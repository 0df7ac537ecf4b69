"""Things that go wrong while Assay publishes, done on purpose, and what must be true afterwards.

`burn` publishes one retailer again and again while `harm` befalls it, and compares with an undisturbed twin: the same
export of Odoo, the same receipts, each once. Used by test_fire.py with small numbers, by benchmarks/fire.py with all.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2

from pipelines.publish.policy import load_policy
from sources.odoo.client import OdooClient, call, connect
from sources.odoo.errors import OdooAmbiguous, OdooDenied, OdooError, OdooRejected, OdooUnreachable
from tests.odoo import machine, postgres, server, templates
from tests.odoo.fixtures import OdooTarget
from tests.odoo.publishing import Shop, person, price, product

ROOT = Path(__file__).parents[2]
BATCH = 3
RELATIONS = {"product_tmpl_id": "product_template", "product_id": "product_product"}
PATIENCE_S = 300


@dataclass
class Toll:
    """What befell a publish, counted by name."""

    counts: Counter = field(default_factory=Counter)

    def __str__(self) -> str:
        return ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))


def fill(shop: Shop, first: int, people: int = 12, products: int = 5) -> None:
    """Golden people, half of them in Odoo already, and products with prices, numbered from `first`."""
    rows = [{"name": f"Old {first + n}", "phone": f"+420 {first + n}"} for n in range(people // 2)]
    ids = call(shop.client, "res.partner", "create", vals_list=rows)
    shop.golden("res_partner", [person(first + n, odoo_id=(ids + [None] * people)[n]) for n in range(people)])
    made = [product(first + n) for n in range(products)]
    shop.golden("product_template", [template for template, _ in made])
    shop.golden("product_product", [variant for _, variant in made])
    shop.golden("product_pricelist_item", [price(first + n) for n in range(products)])


def small(target: OdooTarget, home: Path) -> Shop:
    """A shop in front of the target that publishes in batches of three."""
    home.mkdir(parents=True, exist_ok=True)
    shop = Shop.of(target, home, load_policy().model_copy(update={"batch": BATCH}))
    shop.price_list()
    return shop


def export(shop: Shop) -> dict[str, list[tuple]]:
    """All published records as Odoo holds them, in an order and with relations that do not depend on ids."""
    held = shop.snapshot()
    golden = {(name, row["id"]): row["x_assay_id"] for name, rows in held.items() for row in rows}

    def plain(row: dict[str, Any]) -> tuple:
        seen = {key: value for key, value in row.items() if key != "id"}
        for key, name in RELATIONS.items():
            if seen.get(key):
                seen[key] = golden[name, seen[key]]
        return tuple(sorted((key, str(value)) for key, value in seen.items()))

    return {name: sorted(plain(row) for row in rows) for name, rows in held.items()}


def receipts_of(shop: Shop, run_id: str) -> list[tuple]:
    """What a run has receipts for, in order; a record twice shows as two equal entries."""
    return sorted((row.object, row.golden_id, row.field, row.created_record) for row in shop.receipts(run_id))


def assert_alike(burnt: Shop, burnt_run: str, calm: Shop, calm_run: str) -> None:
    """The disturbed publish ended exactly as the undisturbed one."""
    assert export(burnt) == export(calm)
    receipts = receipts_of(burnt, burnt_run)
    assert receipts == receipts_of(calm, calm_run)
    assert len({row[:3] for row in receipts}) == len(receipts)
    bound = burnt.external_ids()
    assert len({name for name, _, _ in bound}) == len({(model, record) for _, model, record in bound}) == len(bound)
    assert burnt.verify(burnt_run).passed
    assert burnt.plan().empty


def calm_publish(shop: Shop) -> tuple[str, float]:
    """(the run of an undisturbed publish, seconds that it took)."""
    plan = shop.approved()
    began = time.monotonic()
    return shop.apply(plan).run_id, time.monotonic() - began


def until_done(shop: Shop, plan_id: str, client: Callable[[], OdooClient], toll: Toll) -> str:
    """Apply, and again after each interruption, until the plan is carried out; the run's id."""
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        try:
            with closing(client()) as one:
                report = shop.apply(plan_id, one)
            if report.complete:
                assert set(report.outcomes) == {"done"}, report.exceptions
                return report.run_id
            toll.counts["busy records tried again"] += report.outcomes["busy"]
        except (OdooUnreachable, OdooAmbiguous, OdooDenied) as error:
            toll.counts[f"applies ended by {type(error).__name__}"] += 1
            time.sleep(0.2)
        except OdooRejected as error:
            # While PostgreSQL comes back, Odoo answers everything with an error of its own.
            if "OperationalError" not in error.kind and "InterfaceError" not in error.kind:
                raise
            toll.counts["applies ended by a database that was away"] += 1
            time.sleep(0.2)
    raise AssertionError(f"the publish did not end within {PATIENCE_S} s: {toll}")


@contextmanager
def killer(shop: Shop, target: OdooTarget) -> Iterator[Callable[[str, str, float], bool]]:
    """A function (verb, id, seconds) -> whether the work came to its end before it was killed."""
    command = [sys.executable, "-m", "tests.odoo.killing", str(shop.home), str(BATCH), target.transport]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | target.publisher_environment, **pipes) as process:

        def run(verb: str, of: str, seconds: float) -> bool:
            process.stdin.write(f"{verb} {of} {seconds}\n")
            process.stdin.flush()
            said = process.stdout.readline()
            assert said, "the work failed; see its error above"
            return said == "ended\n"

        yield run
        process.stdin.close()


@dataclass
class Odoo:
    """A server of our own on the shared cluster, which may be killed; who needs it next starts it again."""

    running: server.Server
    options: tuple[str, ...] = ()

    def kill(self) -> bool:
        """Kill -9; False where it is dead already."""
        if self.running.process.poll() is not None:
            return False
        self.running.process.kill()
        self.running.process.wait()
        return True

    def client(self, target: OdooTarget) -> OdooClient:
        """A client of the target's publisher through this server."""
        if self.running.process.poll() is not None:
            # By the thread that stays: Linux ends a child together with the thread that made it.
            self.running = server.start(int(self.running.url.rpartition(":")[2]), *self.options)
        return target.publisher(url=self.running.url)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def odoo_of_our_own(*options: str) -> Iterator[Odoo]:
    found = Odoo(server.start(None, *options), options)
    try:
        yield found
    finally:
        found.running.stop()


def kill_postgres(database: str) -> bool:
    """Kill -9 the PostgreSQL process behind Odoo: the whole cluster recovers from its log. Only on a cluster of one's
    own. False while Odoo has no connection."""
    pids = postgres.psql(f"select pid from pg_stat_activity where datname = '{database}'").split()
    if not pids:
        return False
    os.kill(int(pids[0]), signal.SIGKILL)
    for _ in range(600):
        time.sleep(0.1)
        try:
            postgres.psql("select 1")
            return True
        except machine.ProvisionError:
            continue
    raise AssertionError("PostgreSQL did not come back")


def cut_postgres(database: str) -> bool:
    """End Odoo's connections to its database, as a failover does; harmless to other databases."""
    where = f"datname = '{database}' and usename = 'odoo'"
    return "t" in postgres.psql(f"select pg_terminate_backend(pid) from pg_stat_activity where {where}")


@contextmanager
def meanwhile(harm: Callable[[], bool], name: str, span_s: float, chance: random.Random, toll: Toll) -> Iterator[None]:
    """Do `harm` at random moments as long as the block runs, at first up to `span_s` apart, then ever more seldom."""
    stop, failures = threading.Event(), []

    def work() -> None:
        span = span_s
        try:
            while not stop.wait(chance.uniform(0, span)):
                if harm():
                    toll.counts[name] += 1
                    span *= 1.2
        except BaseException as error:
            failures.append(error)
            raise

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert not failures, failures


@contextmanager
def sql(database: str) -> Iterator[Any]:
    """A connection to the database beside Odoo; autocommit."""
    with closing(psycopg2.connect(host=str(postgres.cluster()), port=5432, user="odoo", dbname=database)) as connection:
        connection.autocommit = True
        yield connection.cursor()


def held_locks(database: str, ids: list[int], seconds: float) -> bool:
    """Hold the rows of these contacts for a while, as a long transaction of somebody else does."""
    with sql(database) as cursor:
        cursor.execute("begin")
        cursor.execute("select id from res_partner where id = any(%s) for update", (ids,))
        time.sleep(seconds)
        cursor.execute("rollback")
    return True


def competing(target: OdooTarget, ids: list[int], number: list[int]) -> bool:
    """Another user writes another field of one of the records, as fast as Odoo lets him."""
    number[0] += 1
    with closing(connect(target.url, target.db, templates.HUMAN, target.steward_key, target.transport)) as steward:
        try:
            call(steward, "res.partner", "write", [ids[number[0] % len(ids)]], vals={"function": f"turn {number[0]}"})
        except OdooError:
            return False
    return True


def starved(shop: Shop, target: OdooTarget, plan_id: str) -> int:
    """Apply in a process whose files may not grow, then a little more, and so on to the end; how often it was full."""
    command = [sys.executable, "-m", "tests.odoo.starving", str(shop.home), str(BATCH), plan_id]
    environment = os.environ | target.publisher_environment
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return int(done.stdout.split()[-1])
