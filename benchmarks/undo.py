"""Undo at scale: `python -m benchmarks.undo [PARTNERS]`, on a real Odoo.

A bad publish reaches 38 of 100 partners and merges one pair in a thousand; it is killed at 40 % and taken up again,
25 records are mended by hand, then it is undone. The whole database is compared before and after.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.publish.policy import load_policy
from sources.odoo.actions import GOLDEN_ID
from sources.odoo.client import OdooClient, call
from tests.odoo import postgres, server
from tests.odoo.exporting import GROWS, digests
from tests.odoo.fixtures import OdooTarget, running_odoo
from tests.odoo.publishing import Shop, intercepting

BATCH, HUMANS, SHARE, PAIRS = 500, 25, 0.38, 0.001
SIZE = 2000
QUIET = {"lang": "en_US", "tracking_disable": True}
TARGET_RATIO = 2


class Killed(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Measured:
    """What one run showed. Seconds of wall clock and of CPU, the publisher's and Odoo's, by step."""

    fields: int
    merges: int
    wall: dict[str, float]
    cpu: dict[str, float]
    edited: set[str]
    listed: set[str]
    differing: dict[str, set[str]]
    deleted: dict[str, int]
    unique: bool


def main(size: int = SIZE) -> None:
    """Print what was written and undone, and the ratios."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if not server.provisioned():
        sys.exit(f"no real Odoo here: {server.obstacle() or 'run `make odoo`'}")
    with (
        running_odoo() as real,
        real.database("provisioned", "real-json2") as target,
        tempfile.TemporaryDirectory() as home,
    ):
        tell(size, measure(target, Path(home), size, real.server.process.pid))


def tell(size: int, found: Measured) -> None:
    """The figures of one run, for people."""
    print(f"  {size:,} partners, {found.merges:,} merges, {found.fields:,} fields, each written once: {found.unique}")
    for step in found.wall:
        print(f"  {step:<8}{found.wall[step]:9.1f} s wall {found.cpu[step]:9.1f} s CPU of publisher and Odoo")
    wall, cpu = (of["undo"] / of["apply"] for of in (found.wall, found.cpu))
    print(f"  undo / apply: {wall:.2f} by wall clock, {cpu:.2f} by CPU (target at most {TARGET_RATIO})")
    same = found.edited == found.listed
    print(f"  mended by hand: {len(found.edited)}, listed by undo: {len(found.listed)}, the same: {same}")
    different = {table: len(rows) for table, rows in found.differing.items()}
    print(f"  rows that differ from before, by table: {different}; those mended by hand: {_only_mended(found)}")
    print(f"  tables with fewer rows than before at any time: {found.deleted or 'none'}")


def measure(target: OdooTarget, home: Path, size: int, pid: int) -> Measured:
    """Fill `target` with `size` partners, publish, edit, undo and compare. pid: of the Odoo process."""
    client = target.client()
    ids = _fill(target, client, size)
    pairs = max(1, int(size * PAIRS))
    policy = load_policy()
    people = policy.objects["res_partner"].model_copy(update={"merge": True})
    shop = Shop(home, client, policy.model_copy(update={"objects": {**policy.objects, "res_partner": people}}))
    rows = [_row(n, odoo_id, size) for n, odoo_id in enumerate(ids)]
    for n in range(pairs):
        rows[size - 1 - n] = None
        rows[n]["odoo_ids"] = [ids[n], ids[size - 1 - n]]
    shop.golden("res_partner", [row for row in rows if row])
    _addresses(client, ids[size - pairs :])

    before, wall, cpu = digests(target.db), {}, {}
    plan = shop.approved(objects=["res_partner"])
    with _timed("apply", wall, cpu, pid):
        run = _apply_killed(shop, plan, int(plan.changes * 0.4 / BATCH) + pairs)
    during = digests(target.db)
    edited = ids[pairs : pairs + HUMANS]
    with closing(target.human()) as steward:
        for odoo_id in edited:
            call(steward, "res.partner", "write", [odoo_id], vals={"email": f"mended{odoo_id}@example.com"})
    receipts = shop.receipts(run)
    with _timed("undo", wall, cpu, pid):
        undone = shop.undo(run)
    after = digests(target.db)
    written = {(row.object, row.odoo_id, row.field) for row in receipts}
    return Measured(
        fields=len(receipts),
        merges=pairs,
        wall=wall,
        cpu=cpu,
        edited={str(odoo_id) for odoo_id in edited},
        listed={str(each["odoo_id"]) for each in undone.exceptions},
        differing=_differing(before, after),
        deleted=_fewer(before, during) | _fewer(before, after),
        unique=len(written) == len(receipts),
    )


def _fill(target: OdooTarget, client: OdooClient, size: int) -> list[int]:
    """`size` partners as published before, by number: one that Odoo made, copied in its database; their ids."""
    made = {"name": "Person 0", "email": "p0@example.com", "city": "Brno", GOLDEN_ID: "C-0000000"}
    first = call(client, "res.partner", "create", context=QUIET, vals_list=[made])[0]
    said = {"name": "'Person ' || n", "complete_name": "'Person ' || n", GOLDEN_ID: "'C-' || lpad(n::text, 7, '0')"}
    said |= dict.fromkeys(("email", "email_normalized"), "'p' || n || '@example.com'")
    asked = (
        "select column_name from information_schema.columns where table_name = 'res_partner' and column_name <> 'id'"
    )
    columns = postgres.psql(asked, target.db).split()
    values = ", ".join(said.get(column, f'"{column}"') for column in columns)
    listed, numbers = ", ".join(f'"{column}"' for column in columns), f"generate_series(1, {size - 1}) n"
    postgres.psql(
        f"insert into res_partner ({listed}) select {values} from res_partner, {numbers} where id = {first}", target.db
    )
    ours = f"from res_partner where {GOLDEN_ID} like 'C-%'"
    postgres.psql(f"update res_partner set commercial_partner_id = id where id in (select id {ours})", target.db)
    postgres.psql("analyze res_partner", target.db)
    return [int(line) for line in postgres.psql(f"select id {ours} order by {GOLDEN_ID}", target.db).split()]


def _row(number: int, odoo_id: int, size: int) -> dict[str, Any]:
    """Golden as it was, or with the wrong e-mail that 38 of 100 get."""
    email = f"wrong{number}@example.com" if number < size * SHARE else f"p{number}@example.com"
    row = {"golden_id": f"C-{number:07}", "odoo_id": odoo_id, "odoo_ids": [odoo_id], "name": f"Person {number}"}
    return row | {"email": email, "payload_hash": email}


def _addresses(client: OdooClient, parents: list[int]) -> None:
    """A delivery address of each record that will be merged: references for the merge to move."""
    rows = [{"name": "Dock", "type": "delivery", "parent_id": parent} for parent in parents]
    call(client, "res.partner", "create", context=QUIET, vals_list=rows)


def _apply_killed(shop: Shop, plan: Any, writes: int) -> str:
    """Apply, with the process ending when Odoo has carried out write number `writes`; the run that finishes it."""
    send, left = shop.client.send, [writes]

    def around(send: Callable, model: str, *rest: Any) -> Any:
        answer = send(model, *rest)
        if model == "ir.actions.server":
            left[0] -= 1
            if not left[0]:
                raise Killed
        return answer

    try:
        replace(shop, client=intercepting(shop.client, around)).apply(plan)
    except Killed:
        shop.client.send = send
        return shop.apply(plan).run_id
    raise RuntimeError("the publish came to its end before it was killed")


class _timed:
    """Wall and CPU seconds of a block, the CPU that of this process and of Odoo's."""

    def __init__(self, step: str, wall: dict[str, float], cpu: dict[str, float], pid: int):
        self.step, self.wall, self.cpu, self.pid = step, wall, cpu, pid

    def __enter__(self) -> None:
        self.began = time.perf_counter(), _cpu(self.pid)

    def __exit__(self, *_: object) -> None:
        self.wall[self.step] = time.perf_counter() - self.began[0]
        self.cpu[self.step] = _cpu(self.pid) - self.began[1]


def _cpu(pid: int) -> float:
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK") + time.process_time()


def _differing(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> dict[str, set[str]]:
    """Row ids that are not as before, by table, without Odoo's history and its signals between processes."""
    found = {}
    for table, rows in before.items():
        keys = {key for key in rows.keys() | after[table].keys() if rows.get(key) != after[table].get(key)}
        if keys and table not in GROWS and not table.startswith("orm_signaling"):
            found[table] = keys
    return found


def _fewer(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> dict[str, int]:
    """Rows of before that are gone, by table; of relations between two records, how many there are less."""
    keyed = [table for table, rows in before.items() if not rows or next(iter(rows)).isdigit()]
    gone = {table: len(before[table].keys() - after[table].keys()) for table in keyed}
    less = {table: _total(before[table]) - _total(after[table]) for table in before.keys() - gone.keys()}
    return {table: count for table, count in (gone | less).items() if count > 0}


def _total(rows: dict[str, str]) -> int:
    return sum(map(int, rows.values()))


def _only_mended(found: Measured) -> bool:
    return set(found.differing) == {"res_partner"} and found.differing["res_partner"] == found.edited


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
