"""What golden records would change if another branch's decisions held: `assay diff --decisions BRANCH`.

The decisions are tried on copies of the warehouse and of the ids in a home of their own, which is removed afterwards;
the real ones are read and never written.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines import decisions, explain, ledger, quality, transform
from pipelines.resources import Settings
from pipelines.trying import trying

FILES = {"match_overrides.csv": decisions.Decision, "golden_overrides.csv": decisions.Override}
GOLDEN = {
    "golden_customers": "customer_id",
    "golden_products": "product_id",
    "golden_products__variants": "variant_id",
    "golden_prices": "price_id",
}
IDS = (("customers", "customer_id"), ("products", "product_id"), ("products", "variant_id"))
MOST_CHURN, SHOWN = 0.001, 20
COUNTS = {"record_count", "system_count", "variant_count"}


@dataclass(frozen=True)
class Example:
    """One golden value that would change. `kind`: changed, added, gone."""

    table: str
    golden_id: str
    kind: str
    column: str = ""
    before: str | None = None
    after: str | None = None


@dataclass
class Difference:
    """What would change, in counts, examples, and the effect on ids.

    `absent` names files that the ref does not have, `refused` decisions that contradict, `closed` why a domain that may
    be published now could not be then.
    """

    ref: str
    rows_of_files: dict[str, tuple[int, int]]
    rows: dict[str, Counter] = field(default_factory=dict)
    fields: dict[str, Counter] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)
    records: int = 0
    moved: int = 0
    ended: int = 0
    begun: int = 0
    absent: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    @property
    def churn(self) -> float:
        """Share of records that would get another golden id."""
        return self.moved / self.records if self.records else 0.0

    @property
    def passes(self) -> bool:
        """Whether a pull request with these decisions may be merged without a second look."""
        return self.churn <= MOST_CHURN and not self.refused and not self.closed

    def lines(self, values: bool = False) -> Iterator[str]:
        """For a terminal or a comment; values, which may be personal, only if asked for."""
        for name, (gone, new) in self.rows_of_files.items():
            yield f"{name}: {new} rows more, {gone} fewer than the last build had"
        for name in self.absent:
            yield f"{name} is not on {self.ref}: none of its rows would hold"
        for table, kinds in self.rows.items():
            told = ", ".join(f"{kinds[kind]:,} {kind}" for kind in ("changed", "added", "gone") if kinds[kind])
            yield f"{table}: {told or 'nothing changes'}"
            if self.fields[table]:
                yield "  " + ", ".join(f"{name} {count:,}" for name, count in self.fields[table].most_common())
        yield (
            f"ids: {self.moved:,} of {self.records:,} records get another one ({self.churn:.2%}); "
            f"{self.ended:,} ids end, {self.begun:,} begin"
        )
        for one in self.examples[:SHOWN]:
            said = f": {one.before or 'none'} becomes {one.after or 'none'}" if values and one.column else ""
            yield f"  {one.golden_id} {one.kind} {one.column}{said}".rstrip()
        for told in self.refused:
            yield f"refused: decisions contradict each other: {told}"
        for told in self.closed:
            yield f"refused: nothing of the domain could be published: {told}"
        if self.churn > MOST_CHURN:
            yield f"refused: more than {MOST_CHURN:.1%} of the records would get another id"


def compare(settings: Settings, ref: str) -> Difference:
    """Try the decision files of a git ref against the last build. Raises NotDecided, NotFound, BuildFailed."""
    texts = {name: _at(ref, name) for name in FILES}
    with explain.warehouse(settings) as db:
        known = {name: _built(db, name) for name in FILES}
    with trying(settings, ledger.match_models, ledger.id_causes, ledger.review_samples) as scratch:
        project = scratch.home / "dbt_project"
        shutil.copytree(transform.DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "*.lock"))
        for name, text in texts.items():
            (project / "seeds" / name).write_bytes(text or (",".join(FILES[name]._fields) + "\n").encode())
        rows = _rows(ref, project / "seeds")
        changed = {name: (len(known[name] - rows[name]), len(rows[name] - known[name])) for name in FILES}
        found = Difference(ref, changed, absent=[name for name, text in texts.items() if not text])
        for name in ("landing", "exports"):  # staging reads them where the home is; nothing writes there
            (scratch.home / name).symlink_to((settings.home / name).resolve())
        selected = ["--select", "match_overrides+", "golden_overrides+"]
        untested = ["--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"]
        transform.run_dbt(scratch, "build", *selected, *untested, run_id=f"diff {ref}", project=project)
        _measure(settings.warehouse, scratch.warehouse, found)
        for domain in explain.DOMAINS:
            built = quality.of_build(scratch, domain, project / "seeds")
            closed, _ = quality.judge(scratch, domain, built, project / "seeds")
            now, _ = quality.objections(settings, domain)
            found.closed += closed if not now else []
    return found


def _at(ref: str, name: str) -> bytes:
    """A decision file as a git ref has it, here or at origin; empty where it has none. Raises NotDecided."""
    root = transform.DBT_PROJECT
    unread = _git(root, "rev-parse", "--git-dir")
    if unread.returncode:
        told = unread.stderr.decode(errors="replace").strip().splitlines()[:1]
        raise decisions.NotDecided(f"git reads no repository at {root}: {' '.join(told)}; run it in a clone")
    for spelled in (ref, f"origin/{ref}"):
        resolved = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{spelled}^{{commit}}")
        if not resolved.returncode:
            break
    else:
        told = "fetch it first; a clone of one branch keeps others by `git fetch origin BRANCH:BRANCH`"
        raise decisions.NotDecided(f"git knows no branch or commit {ref!r} here; {told}")
    commit = resolved.stdout.decode().strip()
    if not _git(root, "ls-tree", "--name-only", commit, f"./seeds/{name}").stdout:
        return b""
    shown = _git(root, "show", f"{commit}:./seeds/{name}")
    if shown.returncode:
        told = shown.stderr.decode(errors="replace").strip().splitlines()[:1]
        raise decisions.NotDecided(f"git cannot read {name} of {ref}: {' '.join(told)}; fetch it whole")
    return shown.stdout


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)
    except FileNotFoundError:
        raise decisions.NotDecided("git is not installed here, and it has the branch; install it") from None


def _rows(ref: str, folder: Path) -> dict[str, set[tuple]]:
    """The rows of both files in a folder. Raises NotDecided where one is not as it should be."""
    try:
        return {
            "match_overrides.csv": set(decisions.decisions(folder)),
            "golden_overrides.csv": set(decisions.overrides(folder)),
        }
    except decisions.NotDecided as unfit:
        raise decisions.NotDecided(f"{ref}: {unfit}") from None


def _built(db: duckdb.DuckDBPyConnection, name: str) -> set[tuple]:
    """The rows of a file that the last build read."""
    columns = ", ".join(f"coalesce(cast({column} as varchar), '')" for column in FILES[name]._fields)
    rows = db.execute(f"select {columns} from seeds.{name.removesuffix('.csv')}").fetchall()
    return {(row[0], *sorted(row[1:3]), *row[3:]) if FILES[name] is decisions.Decision else row for row in rows}


def _measure(before: Path, after: Path, found: Difference) -> None:
    with closing(duckdb.connect()) as db:
        db.execute(f"attach '{before}' as before (read_only)")
        db.execute(f"attach '{after}' as after (read_only)")
        for table, key in GOLDEN.items():
            _compare_table(db, table, key, found)
        for domain, column in IDS:
            ids = f"matched.matched_{domain}__ids"
            records, moved, ended, begun = db.execute(f"""
                select
                    (select count(*) from after.{ids}),
                    (select count(*) from before.{ids} as b join after.{ids} as a using (record_id)
                        where b.{column} <> a.{column}),
                    (select count(distinct {column}) from before.{ids}
                        where {column} not in (select {column} from after.{ids})),
                    (select count(distinct {column}) from after.{ids}
                        where {column} not in (select {column} from before.{ids}))
            """).fetchone()
            found.records, found.moved = found.records + records, found.moved + moved
            found.ended, found.begun = found.ended + ended, found.begun + begun
        for domain in ("customers", "products"):
            query = f"select distinct decisions from after.matched.matched_{domain}__contradictions order by 1"
            found.refused += [row[0] for row in db.execute(query).fetchall()]


def _compare_table(db: duckdb.DuckDBPyConnection, table: str, key: str, found: Difference) -> None:
    columns = [row[0] for row in db.execute(f"describe after.golden.{table}").fetchall()]
    compared = [name for name in columns if name != key and name not in COUNTS]
    values = ", ".join(f"cast(b.{name} as varchar), cast(a.{name} as varchar)" for name in compared)
    differs = " or ".join(f"b.{name} is distinct from a.{name}" for name in compared)
    rows = db.execute(f"""
        select coalesce(b.{key}, a.{key}), b.{key} is null, a.{key} is null, {values}
        from before.golden.{table} as b full join after.golden.{table} as a on b.{key} = a.{key}
        where b.{key} is null or a.{key} is null or {differs}
        order by 1
    """).fetchall()
    kinds, fields = Counter(), Counter()
    for golden_id, is_new, is_gone, *pairs in rows:
        kind = "added" if is_new else "gone" if is_gone else "changed"
        kinds[kind] += 1
        if kind != "changed":
            found.examples.append(Example(table, golden_id, kind))
            continue
        for place, name in enumerate(compared):
            old, new = pairs[2 * place : 2 * place + 2]
            if old != new:
                fields[name] += 1
                found.examples.append(Example(table, golden_id, kind, name, old, new))
    found.rows[table], found.fields[table] = kinds, fields
