"""Publishing against the same work done inside Odoo: partners, products and price rules, new and changed.

`odoo shell` on a copy of the same database creates and writes the same values in the same batches as the same user,
with the same stamps, external ids, followers and tracking, but without network, plan, compare-and-set or receipts: what
is left to win. No two records change to the same value. The two take turns; medians. CPU seconds are those of Odoo and
of its PostgreSQL backends, from /proc.

ASSAY_THROUGHPUT=records,rounds,login sets who writes in the shell: `__system__` is Odoo's superuser, who does less:
Odoo asks for none of his rights and has him follow nothing that he makes.
"""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from pipelines.publish.apply import Report
from pipelines.publish.store import Line
from sources.odoo import access, actions
from sources.odoo.actions import GOLDEN_ID
from sources.odoo.client import OdooClient, search_read
from tests.odoo import debian, machine, postgres, server
from tests.odoo.fixtures import OdooTarget, RealOdoo, running_odoo
from tests.odoo.publishing import Shop, person, price, product

_GIVEN = [*(os.environ.get("ASSAY_THROUGHPUT") or "1000,3").split(","), access.LOGINS[access.PUBLISHER]]
COUNT, ROUNDS, SHELL_LOGIN = int(_GIVEN[0]), int(_GIVEN[1]), _GIVEN[2]
BATCH = 500
OBJECTS = ("res_partner", "product_template", "product_product", "product_pricelist_item")
# In Odoo's shell: `env` is Odoo's. Reads {"model", "create": [values], "write": {id: values}} and prints what it took.
IN_PROCESS = """
import json, resource, time
given = json.load(open({path!r}))
writer = env["res.users"].with_context(active_test=False).search([("login", "=", {login!r})])
env = env(user=writer.id, context={{"lang": "en_US", "tracking_disable": {quiet}}})
def batches(items, size={batch}):
    return [items[at:at + size] for at in range(0, len(items), size)]
def backend():
    env.cr.execute("select pg_backend_pid()")
    fields = open("/proc/%d/stat" % env.cr.fetchone()[0]).read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime + backend()
model = env[given["model"]]
began, cpu = time.perf_counter(), spent()
for some in batches(given["create"]):
    made = model.create([dict(values) for values in some])
    env["ir.model.data"].sudo().create([
        {{"module": "assay", "name": values["x_assay_id"], "model": model._name, "res_id": record.id, "noupdate": True}}
        for values, record in zip(some, made)])
    env.cr.commit()
for some in batches(list(given["write"].items())):
    records = model.browse([int(record) for record, _ in some])
    for record, (_, values) in zip(records, some):
        record.write(values)
    env["ir.model.data"].sudo().create([
        {{"module": "assay", "name": values["x_assay_id"], "model": model._name, "res_id": int(id), "noupdate": True}}
        for id, values in some if "x_assay_id" in values])
    env.cr.commit()
print("TOOK", time.perf_counter() - began, spent() - cpu)
"""


@dataclass(frozen=True)
class Took:
    """Wall seconds, and CPU seconds of Odoo with PostgreSQL."""

    wall_s: float
    cpu_s: float


def main() -> None:
    """Print both for each kind of work."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if not server.provisioned():
        print("no real Odoo here: run `make odoo`")
        return
    found: dict[str, list[tuple[Took, Took, float]]] = defaultdict(list)
    with running_odoo() as real:
        for _ in range(ROUNDS):
            with _databases(real) as (published, inside):
                _round(real.server, published, inside, found)
    print(f"{COUNT} records each, batches of {BATCH}, medians of {ROUNDS}; in-process as {SHELL_LOGIN}")
    print("ratio = in-process / published, with the lowest and the highest of the rounds;")
    print("published: rights, compare-and-set, external ids, receipts, over HTTP")
    print(f"  {'':<31}{'published':>18}{'in-process':>18}{'wall ratio':>19}{'CPU ratio':>19}{'our own':>9}")
    print(f"  {'':<31}{'rec/s   CPU ms':>18}{'rec/s   CPU ms':>18}{'':>38}{'CPU ms':>9}")
    for name, takes in found.items():
        ours, theirs = (Took(median(t[i].wall_s for t in takes), median(t[i].cpu_s for t in takes)) for i in (0, 1))
        walls = _spread([t[1].wall_s / t[0].wall_s for t in takes])
        cpus = _spread([t[1].cpu_s / t[0].cpu_s for t in takes])
        own = median(t[2] for t in takes) / COUNT * 1000
        columns = "".join(f"{COUNT / t.wall_s:>9.0f}{t.cpu_s / COUNT * 1000:>9.2f}" for t in (ours, theirs))
        print(f"  {name:<31}{columns}{walls:>19}{cpus:>19}{own:>9.2f}")


def _spread(ratios: list[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


@contextmanager
def _databases(real: RealOdoo) -> Iterator[tuple[OdooTarget, OdooTarget]]:
    with real.database("provisioned", "real-json2") as one, real.database("provisioned", "real-json2") as other:
        yield one, other


def _round(running: server.Server, published: OdooTarget, inside: OdooTarget, found: dict) -> None:
    """Publish all, change all, and do the same inside the twin, step by step in turns."""
    with tempfile.TemporaryDirectory() as home:
        shop, twin = Shop.of(published, Path(home)), inside.client()
        for each in (shop, Shop(Path(home), twin)):
            each.price_list()
        for turn in ("new", "changed"):
            _golden(shop, turn == "changed")
            for name in OBJECTS:
                plan = shop.approved(objects=[name])
                lines = shop.lines(plan, "create", "update", "link")
                assert len(lines) == COUNT
                took, own = _measured(running, published.db, partial(shop.apply, plan))
                found[f"{name} {turn}"].append((took, _inside(shop, twin, inside, lines), own))
        assert shop.plan().empty


def _golden(shop: Shop, changed: bool) -> None:
    mark, more = (" changed", 1) if changed else ("", 0)
    people = [person(n, city=f"Brno {n}{mark}", name=f"Person {n}{mark}") for n in range(COUNT)]
    shop.golden("res_partner", people)
    made = [product(n, weight=1 + more + n / 100) for n in range(COUNT)]
    shop.golden("product_template", [template | {"name": template["name"] + mark} for template, _ in made])
    shop.golden("product_product", [variant for _, variant in made])
    shop.golden("product_pricelist_item", [price(n, f"{100 + n + more}.90") for n in range(COUNT)])


def _measured(running: server.Server, database: str, work: Callable[[], Report]) -> tuple[Took, float]:
    """(what it took, CPU seconds of this process)."""

    before, began, own = spent_by(running, database), time.perf_counter(), time.process_time()
    report = work()
    took = Took(time.perf_counter() - began, spent_by(running, database) - before)
    assert set(report.outcomes) == {"done"}, report.exceptions
    return took, time.process_time() - own


def spent_by(running: server.Server, database: str) -> float:
    """CPU seconds so far of an Odoo and of its PostgreSQL backends."""
    backends = postgres.psql(f"select pid from pg_stat_activity where datname = '{database}'").split()
    return sum(_cpu_s(int(pid)) for pid in [running.process.pid, *backends])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _inside(shop: Shop, twin: OdooClient, target: OdooTarget, lines: list[Line]) -> Took:
    """The same values, in the twin, from Odoo's own shell."""
    name = lines[0].object
    here, there = _by_golden(shop.client, shop), _by_golden(twin, shop)
    golden = {(of, record): golden_id for of, held in here.items() for golden_id, record in held.items()}
    lookups = {field: each.lookup for field, each in shop.policy.objects[name].owned.items() if each.lookup}
    relations = {field: lookup.object for field, lookup in lookups.items() if lookup.object}
    made: dict[str, Any] = {"model": shop.policy.objects[name].model, "create": [], "write": {}}
    variants = search_read(twin, "product.product", ["product_tmpl_id"]) if name == "product_product" else []
    variant_of = {row["product_tmpl_id"]: row["id"] for row in variants}
    for line in lines:
        values = line.after | {actions.RUN: "inside"}
        for field, of in relations.items():
            if field in values:
                value = values[field]
                values[field] = there[of][value["golden_id"] if isinstance(value, dict) else golden[of, value]]
        if line.action == "create":
            made["create"].append(values)
        elif GOLDEN_ID in line.after:
            # Odoo made the variant together with its template.
            made["write"][variant_of[there["product_template"][line.golden_id.replace("V", "P")]]] = values
        else:
            made["write"][there[name][line.golden_id]] = values
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(made, file)
        file.flush()
        quiet = shop.policy.quiet_above < COUNT
        script = IN_PROCESS.format(path=file.name, batch=BATCH, quiet=quiet, login=SHELL_LOGIN)
        words = ("shell", "-c", machine.HOME / "odoo.conf", "-d", target.db, "--no-http", "--log-level=error")
        environment = debian.odoo_environment()
        printed = machine.run(*debian.odoo_command(*words), env=environment, cwd=machine.HOME, stdin=script)
    wall, cpu = re.search(r"TOOK (\S+) (\S+)", printed).groups()
    return Took(float(wall), float(cpu))


def _by_golden(client: OdooClient, shop: Shop) -> dict[str, dict[str, int]]:
    """Odoo id by golden id, per object."""
    asked = [(GOLDEN_ID, "!=", False)]
    return {
        name: {row[GOLDEN_ID]: row["id"] for row in search_read(client, each.model, [GOLDEN_ID], asked)}
        for name, each in shop.policy.objects.items()
    }


if __name__ == "__main__":
    main()
