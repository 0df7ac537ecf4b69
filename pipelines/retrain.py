"""`assay match train`: learn anew from all records, and say what would change before the new model replaces the old.

It learns on a copy of the warehouse and of the ids, so that looking costs nothing and changes nothing.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines import ledger, resources, trained, transform
from pipelines.resources import Settings
from pipelines.trying import trying

IDS = {"customers": "customer_id", "products": "variant_id"}
MOST_CHURN = 0.01


class NotTrained(RuntimeError):
    """Nothing could be learnt, or the new model changes too much; the message says what to do."""


@dataclass(frozen=True)
class Churn:
    """What a new model would change: of `records`, how many would get another id; ids that would end and begin."""

    domain: str
    version: str
    replaces: str | None
    learnt_from: int
    records: int
    moved: int
    ended: int
    begun: int

    @property
    def share(self) -> float:
        return self.moved / self.records if self.records else 0.0

    def lines(self) -> list[str]:
        """For the console."""
        return [
            f"{self.domain}: model {self.version}, learnt from {self.learnt_from:,} records, "
            f"would replace {self.replaces or 'none'}",
            f"  {self.moved:,} of {self.records:,} records would get another id ({self.share:.2%}); "
            f"{self.ended:,} ids would end, {self.begun:,} begin",
        ]


def train(settings: Settings, domain: str, adopt: bool = False, force: bool = False) -> Churn:
    """Learn a domain anew; with `adopt` the next build uses it. Raises NotTrained, BuildFailed."""
    if not settings.warehouse.exists():
        raise NotTrained("nothing has been built yet; run `assay build`, which trains a first model")
    with trying(settings) as scratch:
        transform.run_dbt(scratch, "run", "--full-refresh", "--select", f"matched.{domain}")
        model = trained.in_use(ledger.open_ledger(scratch.ledger_url), domain)
        if model is None:
            raise NotTrained(f"there are too few {domain} to learn anything that lasts; builds learn as they go")
        churn = _churn(settings, scratch, domain, model)
    if adopt and churn.share > MOST_CHURN and not force:
        raise NotTrained(
            "\n".join([*churn.lines(), f"  more than {MOST_CHURN:.0%}; adopt it with --force if that is right"])
        )
    if adopt:
        trained.keep(
            ledger.open_ledger(settings.ledger_url), domain, model.parts, resources.run_id(), "assay match train"
        )
    return churn


def _churn(settings: Settings, scratch: Settings, domain: str, model: trained.Trained) -> Churn:
    used = trained.in_use(ledger.open_ledger(settings.ledger_url), domain)
    return Churn(
        domain,
        model.version,
        used and used.version,
        model.records,
        *_moved(settings.warehouse, scratch.warehouse, domain),
    )


def _moved(before: Path, after: Path, domain: str) -> tuple[int, int, int, int]:
    """(records, records with another id, ids that end, ids that begin)."""
    with closing(duckdb.connect()) as db:
        for name, path in (("before", before), ("after", after)):
            db.execute(f"attach '{path}' as {name}_file (read_only)")
            ids = f"{name}_file.matched.matched_{domain}__ids"
            db.execute(f"create view {name} as select record_id, {IDS[domain]} as id from {ids}")
        return db.execute("""
            select
                (select count(*) from after),
                (select count(*) from before join after using (record_id) where before.id <> after.id),
                (select count(distinct id) from before where id not in (select id from after)),
                (select count(distinct id) from after where id not in (select id from before))
        """).fetchone()
