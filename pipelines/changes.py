"""What a build has to do again: the streams with new loads since the last complete build, or everything.

The last complete build is remembered in the warehouse itself, so that the two are never apart. Other rules (SQL, seeds,
declarations, trained models, versions), a landing that lost a file, a system that is heard for the first time, or a
build that did not end: everything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from pipelines import exports, ledger, manifest, trained
from pipelines.resources import PROJECT, Settings
from pipelines.unheard import heard
from pipelines.warehouse import open_warehouse

RECEIPTS = "ledger/receipts"
DOMAINS = ("customers", "products")


class Due(NamedTuple):
    """What to build: `news` maps `system/stream` to the files that came since; None means everything.

    `failed` names the tests that looked at everything when they last ran, and failed: what is new says nothing of them.
    """

    recipe: str
    files: dict[str, dict[str, str]]
    news: dict[str, list[str]] | None
    failed: list[str] = []


def find(settings: Settings, project: Path) -> Due:
    """Compare rules and landing with what the last complete build saw."""
    rules, files = recipe(settings, project), landed(settings)
    done = _read(settings)
    if done is None or done["recipe"] != rules or done["ids"] != _ids(settings) or _rewritten(done["files"], files):
        return Due(rules, files, None)
    speaking = heard(files)
    if heard(done["files"]) != speaking:
        return Due(rules, files, None)
    news = {
        stream: [name for name in found if name not in done["files"].get(stream, ())]
        for stream, found in files.items()
        if stream.partition("/")[0] in speaking
    }
    if files.get(RECEIPTS) != done["files"].get(RECEIPTS):
        news[RECEIPTS] = list(files[RECEIPTS])
    return Due(rules, files, {stream: names for stream, names in news.items() if names}, done["failed"])


def begin(settings: Settings) -> None:
    """Forget that the warehouse is complete, until `end` says so again."""
    with open_warehouse(settings) as warehouse:
        warehouse.execute("drop schema if exists complete cascade")
        warehouse.execute("drop schema if exists changed cascade")
        warehouse.execute("create schema changed")


def changed(settings: Settings, manifest: Mapping[str, Any], ran: Collection[str]) -> frozenset[str]:
    """The models that may hold other rows than before a build that ran `ran`, views of such tables among them."""
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        query = "select table_name from information_schema.tables where table_schema = 'changed'"
        told = [name for (name,) in warehouse.execute(query).fetchall()]
        same = {name for name in told if not warehouse.execute(f'select 1 from changed."{name}" limit 1').fetchone()}
    models = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    others: set[str] = set()
    waiting = [key for key, node in models.items() if node["name"] in ran and node["name"] not in same]
    while waiting:
        key = waiting.pop()
        others.add(models[key]["name"])
        readers = (reader for reader in manifest["child_map"][key] if reader in models)
        waiting += [each for each in readers if models[each]["config"]["materialized"] == "view"]
    return frozenset(others)


def end(settings: Settings, due: Due, project: Path, became: Mapping[str, str], part: bool) -> None:
    """Clear what only this build needed; remember what it saw if all of it was built, as `became` says by dbt node.

    A build of everything may have trained a model, which is a rule for the builds after it; the other rules are those
    that it began with, whatever was edited meanwhile. A failed test leaves its model as it is.
    """
    complete = not part and became and set(became.values()) <= {"success", "pass", "warn", "fail", "no-op"}
    failed = {name for name in due.failed if name not in became} | {n for n, end in became.items() if end == "fail"}
    rules = f"{due.recipe.partition(' ')[0]} {_models(settings)}" if due.news is None else due.recipe
    with open_warehouse(settings) as warehouse:
        exports.note(warehouse, became)
        warehouse.execute("drop schema if exists changed cascade")
        if complete:
            warehouse.execute("create schema complete; create table complete.build (content varchar)")
            seen = {"recipe": rules, "ids": _ids(settings), "files": due.files, "failed": sorted(failed)}
            warehouse.execute("insert into complete.build values (?)", [json.dumps(seen)])


def recipe(settings: Settings, project: Path) -> str:
    """Everything but the data that decides what the tables hold: a hash of the rules, then the models in use."""
    hashed = hashlib.sha256(manifest.fingerprint(project).encode())
    for path in sorted((PROJECT / "pipelines").glob("*.py")):
        hashed.update(path.read_bytes())
    said = [version(name) for name in ("duckdb", "dbt-duckdb", "numpy", "pyarrow")]
    hashed.update(json.dumps([*said, settings.ledger_url]).encode())
    return f"{hashed.hexdigest()} {_models(settings)}"


def _models(settings: Settings) -> str:
    engine = ledger.open_ledger(settings.ledger_url)
    models = [trained.in_use(engine, domain, ()) for domain in DOMAINS]
    return json.dumps([model and model.version for model in models])


def landed(settings: Settings) -> dict[str, dict[str, str]]:
    """Every file that staging reads, by stream: its name below Assay's home and what shows that it is the same."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(settings.landing.glob("*/*/*.parquet")):
        seen = path.stat()
        files = found.setdefault("/".join(path.parts[-3:-1]), {})
        files["landing/" + "/".join(path.parts[-3:])] = f"{seen.st_size} {seen.st_mtime_ns}"
    receipts = settings.exports / "ledger" / "receipts.parquet"
    if receipts.exists():
        digest = hashlib.sha256(receipts.read_bytes()).hexdigest()
        found[RECEIPTS] = {"exports/ledger/receipts.parquet": digest}
    return found


def narrowed(dbt, session, relation, column: str, name: str | None = None):
    """In a Python model: of a relation only the rows whose keys its pre-hook found touched; all where all are made.

    In the model `name` a value of `column` names one row: what this build made of it is enough if it has all of them.
    """
    touched = _touched(dbt, session)
    if not touched:
        return relation
    if name and _noted(session, f"{name}__made"):
        missing = f'select 1 from {touched} anti join changed."{name}__made" on key = {column} limit 1'
        if not session.execute(missing).fetchall():
            relation = anew(session, relation, name)
    return relation.filter(f"{column} in (select key from {touched})")


def anew(session, relation, name: str):
    """In a Python model: of the model `name` only the rows that this build made, if it did not leave it as it was.

    Whatever changed is among them, whole in what its pre-hook goes by.
    """
    made = f"{name}__made"
    return session.query(f'from changed."{made}"') if _noted(session, made) else relation


def touched_keys(dbt, session) -> set[str] | None:
    """In a Python model: the keys that its pre-hook found touched; None where all are made."""
    touched = _touched(dbt, session)
    return {key for (key,) in session.execute(f"select key from {touched}").fetchall()} if touched else None


def touch(dbt, session, keys: Collection[str]) -> None:
    """In a Python model: these are the touched keys, whatever its pre-hook found."""
    session.register("found", pa.table({"key": pa.array(sorted(keys), pa.string())}))
    session.execute(f"create or replace table {_touched(dbt, session)} as select key from found")
    session.unregister("found")


def forget_touched(dbt, session) -> None:
    """In a Python model: all of it is made."""
    if touched := _touched(dbt, session):
        session.execute(f"drop table {touched}")


def stays(dbt, session) -> bool:
    """In a Python model: whether its pre-hook found that nothing of it is touched."""
    touched = _touched(dbt, session)
    return bool(touched) and not session.execute(f"select 1 from {touched} limit 1").fetchall()


def no_rows(dbt, session):
    """In a Python model: what a model that stays has to make."""
    return session.query(f"select * from {dbt.this} limit 0")


def _touched(dbt, session) -> str | None:
    name = f"{dbt.this.identifier}__touched"
    return f'changed."{name}"' if _noted(session, name) else None


def _noted(session, name: str) -> bool:
    """Asked of the table itself: to list tables DuckDB looks at every one of the warehouse."""
    try:
        session.execute(f'select 1 from changed."{name}" limit 0')
    except duckdb.CatalogException:
        return False
    return True


def _ids(settings: Settings) -> int:
    """The last event of a golden id: one that no build knows of came from elsewhere."""
    with ledger.open_ledger(settings.ledger_url).connect() as connection:
        return connection.execute(sa.select(sa.func.max(ledger.id_events.c.seq))).scalar() or 0


def _rewritten(done: dict[str, dict[str, str]], now: dict[str, dict[str, str]]) -> bool:
    """Whether a load that was built is gone or another one now."""
    return any(
        now.get(stream, {}).get(name) != seen
        for stream, files in done.items()
        if stream != RECEIPTS
        for name, seen in files.items()
    )


def _read(settings: Settings) -> dict | None:
    if not settings.warehouse.exists():
        return None
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        known = warehouse.execute("select 1 from information_schema.tables where table_schema = 'complete'").fetchone()
        seen = warehouse.execute("select content from complete.build").fetchone() if known else None
        return json.loads(seen[0]) if seen else None
