"""Publish under fire, with full numbers: kills of the publisher, of Odoo and of PostgreSQL at random moments.

Rounds of publishing one retailer, each compared with an undisturbed one: the same export of Odoo, the same receipts.
ASSAY_FIRE=publisher,odoo,postgres sets the number of kills; by default 200, 25 and 25. PostgreSQL is killed only where
nobody else uses the cluster: give it an Odoo home of its own (ASSAY_ODOO_HOME).
"""

from __future__ import annotations

import logging
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.odoo import fire, postgres, server
from tests.odoo.fire import Toll, assert_alike, fill, killer, small, until_done
from tests.odoo.fixtures import OdooTarget, RealOdoo
from tests.odoo.publishing import Shop

KILLS = tuple(int(count) for count in (os.environ.get("ASSAY_FIRE") or "200,25,25").split(","))
SEED = 1912


def main() -> None:
    """Print kills, what they led to, and that all rounds ended alike."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if not server.provisioned():
        print("no real Odoo here: run `make odoo`")
        return
    chance, toll = random.Random(SEED), Toll()
    with server.in_use(), fire.odoo_of_our_own() as odoo:
        real = RealOdoo(odoo.running)
        for name, kills, rounds in (
            ("publisher killed", KILLS[0], _kill_publisher),
            ("Odoo killed", KILLS[1], _kill_odoo),
            ("PostgreSQL killed", KILLS[2], _kill_postgres),
        ):
            if name.startswith("PostgreSQL") and not _alone():
                print("PostgreSQL is not killed: others use this cluster; set ASSAY_ODOO_HOME to one of your own")
                continue
            began, done = time.monotonic(), 0
            while toll.counts[name] < kills:
                rounds(real, odoo, name, chance, toll)
                done += 1
                print(f"  {done}: {toll}", flush=True)
            print(
                f"{name}: {toll.counts[name]} times in {done} publishes, each ended like an undisturbed one", flush=True
            )
            print(f"  {time.monotonic() - began:.0f} s; so far {toll}", flush=True)


@dataclass(frozen=True)
class Round:
    """A shop to disturb; how long its twin took undisturbed, and a function that compares a run with the twin's."""

    shop: Shop
    target: OdooTarget
    seconds: float
    compare: Callable[[str], None]


@contextmanager
def _twins(real: RealOdoo) -> Iterator[Round]:
    with (
        tempfile.TemporaryDirectory() as folder,
        real.database("provisioned", "real-json2") as target,
        real.database("provisioned", "real-json2") as other,
    ):
        postgres.psql(f'alter database "{target.db}" set synchronous_commit = on')
        burnt, calm = small(target, Path(folder) / "burnt"), small(other, Path(folder) / "calm")
        for shop in (burnt, calm):
            fill(shop, 0, people=24, products=9)
        expected, seconds = fire.calm_publish(calm)
        yield Round(burnt, target, seconds, lambda run: assert_alike(burnt, run, calm, expected))


def _kill_publisher(real: RealOdoo, _: fire.Odoo, name: str, chance: random.Random, toll: Toll) -> None:
    with _twins(real) as one, killer(one.shop, one.target) as run:
        plan, longest = one.shop.approved(), one.seconds / 8
        while not run("apply", plan.plan_id, chance.uniform(0, longest)):
            toll.counts[name] += 1
            longest *= 1.03
        one.compare(one.shop.apply(plan).run_id)


def _kill_odoo(real: RealOdoo, odoo: fire.Odoo, name: str, chance: random.Random, toll: Toll) -> None:
    with _twins(real) as one:
        plan = one.shop.approved()
        with fire.meanwhile(odoo.kill, name, one.seconds / 3, chance, toll):
            run = until_done(one.shop, plan.plan_id, lambda: odoo.client(one.target), toll)
        odoo.client(one.target)
        one.compare(run)


def _kill_postgres(real: RealOdoo, odoo: fire.Odoo, name: str, chance: random.Random, toll: Toll) -> None:
    with _twins(real) as one:
        plan = one.shop.approved()
        with fire.meanwhile(lambda: fire.kill_postgres(one.target.db), name, one.seconds / 3, chance, toll):
            run = until_done(one.shop, plan.plan_id, lambda: odoo.client(one.target), toll)
        one.compare(run)


def _alone() -> bool:
    """Whether no other process has databases on this cluster."""
    mine = f"t_{os.getpid()}"
    return all(name.startswith(mine) for name in postgres.databases() if name.startswith("t_"))


if __name__ == "__main__":
    main()
