"""What an unchanged domain costs: planning again right after it was published, as a share of publishing it.

Nothing is sampled: the second plan compares every field of every record with Odoo, so that one human edit among them is
found, which is shown at the end. ASSAY_REPUBLISH sets the number of partners. CPU seconds are those of Odoo, its
PostgreSQL backends and Assay; without a real Odoo there is nothing to measure.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.throughput import spent_by
from sources.odoo.client import call
from tests.odoo import server
from tests.odoo.fixtures import running_odoo
from tests.odoo.publishing import Shop, person

PARTNERS = int(os.environ.get("ASSAY_REPUBLISH") or 20_000)
TARGET = 0.03


def main() -> None:
    """Print seconds of publishing all partners, of publishing them again unchanged, and of one edit among them."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if not server.provisioned():
        print("no real Odoo here: run `make odoo`")
        return
    with (
        running_odoo() as real,
        real.database("provisioned", "real-json2") as target,
        tempfile.TemporaryDirectory() as home,
    ):
        _measure(Shop(Path(home), target.client()), lambda: spent_by(real.server, target.db))


def _measure(shop: Shop, spent: Callable[[], float]) -> None:
    shop.golden("res_partner", [person(n, street=f"Street {n}", zip="60200") for n in range(PARTNERS)])

    def timed(what: str, work: Callable[[], object]) -> tuple[float, float]:
        began, cpu, own = time.perf_counter(), spent(), time.process_time()
        work()
        wall, own = time.perf_counter() - began, time.process_time() - own
        cpu = spent() - cpu + own
        print(f"  {what:<34}{wall:8.2f} s{cpu:9.2f} s of CPU, Assay's own {own:.2f}", flush=True)
        return wall, cpu

    def publish() -> None:
        report = shop.publish()
        assert report.outcomes == {"done": PARTNERS}
        assert shop.verify(report.run_id).passed

    def unchanged() -> None:
        assert shop.plan(objects=["res_partner"]).empty

    print(f"{PARTNERS} partners")
    first = timed("publish: plan, apply, verify", publish)
    again = timed("publish again, nothing changed", unchanged)
    shares = " of the seconds, ".join(f"{b / a:.1%}" for a, b in zip(first, again, strict=True))
    print(f"  unchanged / published: {shares} of the CPU (target below {TARGET:.0%})")
    edited = shop.record("res_partner", f"C-{PARTNERS // 2:04}")["id"]
    call(shop.client, "res.partner", "write", [edited], vals={"city": "Ostrava"})
    lines = shop.lines(shop.plan(objects=["res_partner"]))
    assert [(line.odoo_id, line.before["city"]) for line in lines] == [(edited, "Ostrava")]
    print("  and one edit in Odoo among them is found")


if __name__ == "__main__":
    main()
