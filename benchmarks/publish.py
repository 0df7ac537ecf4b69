"""Apply against a minimal client that sends the same batches straight: what approval, receipts and undo cost.

Both write to their own copy of one database, new records and changed ones, in batches of the same size. A real Odoo
where one is provisioned, else the embedded one.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx

from benchmarks.measure import judge
from sources.odoo import actions
from sources.odoo.client import call
from sources.odoo.demo.fresh import create_database
from tests.odoo import server, templates
from tests.odoo.fixtures import DATABASE, OdooTarget, running_odoo, serving
from tests.odoo.publishing import Row, Shop, person

CREATED, CHANGED, BATCH, ROUNDS = 2000, 2000, 500, 3
TARGET_RATIO, TARGET_UNDO = 0.7, 2
QUIET = {"lang": "en_US", "tracking_disable": True}
Database = Callable[[], "contextmanager[OdooTarget]"]


def main() -> None:
    """Print records per second of each step, and apply as a ratio to the minimal client."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with _odoo() as (kind, database):
        print(f"{kind} Odoo: {CREATED} partners created, {CHANGED} changed in 3 fields, batches of {BATCH}")
        straight, applied = [], []
        for _ in range(ROUNDS):
            with database() as target:
                straight.append(_straight(target, _existing(target)))
            with database() as target, tempfile.TemporaryDirectory() as home:
                applied.append(_applied(target, Path(home), _existing(target)))
    records = CREATED + CHANGED
    best = {step: min(round_[step] for round_ in applied) for step in applied[0]}
    for step, seconds in {"minimal client": min(straight), **best}.items():
        print(f"  {step:<16}{seconds:8.2f} s {records / seconds:10,.0f} records/s")
    ratios = [alone / with_ledger["apply"] for alone, with_ledger in zip(straight, applied, strict=True)]
    ratio, undone = median(ratios), best["undo"] / best["apply"]
    judge(
        f"  apply / minimal client: {ratio:.2f}, median of {ROUNDS} pairs",
        ratio >= TARGET_RATIO,
        f"at least {TARGET_RATIO}",
    )
    judge(f"  undo / apply, seconds:  {undone:.2f}", undone <= TARGET_UNDO, f"at most {TARGET_UNDO}")


@contextmanager
def _odoo() -> Iterator[tuple[str, Database]]:
    """(real or embedded, a function that gives a provisioned database of one's own)."""
    if server.provisioned():
        with running_odoo() as real:
            yield "real", lambda: real.database("provisioned", "real-json2")
    else:
        yield "embedded", _embedded


@contextmanager
def _embedded() -> Iterator[OdooTarget]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "odoo.db"
        create_database(path, DATABASE, {templates.BOT: "bot-key", templates.HUMAN: "steward-key"})
        with serving(path) as url:
            target = OdooTarget("embedded", url, DATABASE, templates.BOT, "bot-key", "steward-key")
            actions.provision(target.client())
            yield target


def _existing(target: OdooTarget) -> list[int]:
    rows = [{"name": f"Old {n}", "email": f"old{n}@example.com", "city": "Praha"} for n in range(CHANGED)]
    client = target.client()
    return [
        made
        for at in range(0, CHANGED, BATCH)
        for made in call(client, "res.partner", "create", context=QUIET, vals_list=rows[at : at + BATCH])
    ]


def _people(first: int, count: int) -> list[Row]:
    return [person(first + n, country_id=None) for n in range(count)]


def _straight(target: OdooTarget, existing: list[int]) -> float:
    """Seconds of the least that sends the same values: `create` and `web_save_multi`, nothing read or remembered."""
    people = _people(0, CREATED + CHANGED)
    changes = [{name: row[name] for name in ("name", "email", "city")} | _stamps(row) for row in people[CREATED:]]
    values = [{name: row[name] for name in ("name", "email", "city", "is_company")} | _stamps(row) for row in people]
    headers = {"Authorization": f"bearer {target.key}", "X-Odoo-Database": target.db}
    with httpx.Client(base_url=target.url, headers=headers, timeout=300) as client:
        began = time.perf_counter()
        for at in range(0, CREATED, BATCH):
            body = {"vals_list": values[:CREATED][at : at + BATCH], "context": QUIET}
            client.post("/json/2/res.partner/create", json=body).raise_for_status()
        for at in range(0, CHANGED, BATCH):
            body = {"ids": existing[at : at + BATCH], "vals_list": changes[at : at + BATCH]}
            body |= {"specification": {}, "context": QUIET}
            client.post("/json/2/res.partner/web_save_multi", json=body).raise_for_status()
        return time.perf_counter() - began


def _stamps(row: Row) -> dict[str, str]:
    return {actions.GOLDEN_ID: row["golden_id"], actions.RUN: "straight"}


def _applied(target: OdooTarget, home: Path, existing: list[int]) -> dict[str, float]:
    """Seconds of plan, apply, verify, the empty second plan, and undo."""
    shop = Shop(home, target.client())
    rows = _people(0, CREATED + CHANGED)
    bound = [row | {"odoo_id": odoo_id} for row, odoo_id in zip(rows[CREATED:], existing, strict=True)]
    shop.golden("res_partner", rows[:CREATED] + bound)
    seconds, clock = {}, time.perf_counter

    def timed(step: str, work: Callable, *arguments: object) -> object:
        began = clock()
        done = work(*arguments)
        seconds[step] = clock() - began
        return done

    plan = timed("plan", shop.approved)
    report = timed("apply", shop.apply, plan)
    assert timed("verify", shop.verify, report.run_id).passed
    assert timed("plan again", shop.plan).empty
    timed("undo", shop.undo, report.run_id)
    return seconds


if __name__ == "__main__":
    main()
