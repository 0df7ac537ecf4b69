"""A new system from its first folder to its first answer: what `assay source new` writes and `assay source check` asks.

The check reads two pages of each stream and lands nothing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines import resources
from pipelines.connectors import ability, close_client, connector_of, open_client
from pipelines.cursors import State, next_windows
from pipelines.intake import Broken, Intake
from pipelines.portfolio import is_connected
from sources.contract import SOURCES, Contract, Stream
from sources.errors import ExtractError
from sources.records import Page, at_path, to_utc

TEMPLATES = Path(__file__).parent / "scaffold"
KINDS = ("rest", "graphql", "sql", "files")
_AUTH = 'auth: {headers: {authorization: "Bearer {token}"}}\n'
_ERROR = "error: {code: [error]}\n"
_REQUEST = """    request:
      path: /v1/customers
      records: customers
      lower: updated_since
      paging: {by: token, param: cursor, size_param: limit, next: next_cursor}
"""
_FILES = """    # Which files, and what stands in them: sources/facts.py, Files.
    files: {match: ["customers_*.csv"], stamp: "%Y%m%d", delimiter: ";", decimal: ",", dates: ["%d.%m.%Y"]}
"""
_VERSION = """api_version: "1"
# When the vendor ends this version, else review_on, when we look again. Two rules watch it: the conformance suite, and
# `assay source list`.
sunset_on: null
"""
_REVIEW = """# When somebody looks again whether what the partner sends is still what stands here.
review_on: null
"""
_BUDGET = """# The vendor's published rate.
budget: {calls: 10, burst: 20}
"""
_PLACE = """# file:///folder, or sftp://host:22/folder with the secrets user, password or private_key (PEM) and
# host_key (the server's public key), or s3://bucket/folder?region=... with access_key and secret_key.
secrets: {}
"""
_TOO_SKEWED = timedelta(minutes=5)


class NotNew(ValueError):
    """The name cannot become a new system; the message says why."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: ok, note or bad, and what was found."""

    subject: str
    state: str
    said: str


def scaffold(name: str, kind: str, root: Path = SOURCES) -> list[Path]:
    """Write the folder of a new system below `root`; the paths. Raises NotNew."""
    folder = root / name
    if not re.fullmatch(r"[a-z][a-z0-9]*", name):
        raise NotNew(f"{name!r} is no name for a system: lower-case letters and digits, as in its folder and records")
    if folder.exists():
        raise NotNew(f"sources/{name} is there already")
    speaks_http = kind in ("rest", "graphql")
    values = {"name": name, "NAME": name.upper(), "Name": name.capitalize(), "kind": kind}
    values["secrets"] = _PLACE if kind == "files" else f"secrets: {{token: env:{name.upper()}_TOKEN}}\n"
    asks = kind != "files"
    values |= {"version": _VERSION if asks else _REVIEW if kind == "files" else "", "budget": _BUDGET if asks else ""}
    asked = {"rest": _REQUEST, "files": _FILES}.get(kind, "")
    values |= {"auth": _AUTH + _ERROR if speaks_http else "", "request": asked}
    texts = {
        "__init__.py": f'"""{values["Name"]}: contract, connector and stand-in."""\n',
        "contract.yml": _filled("contract.yml", values),
        "connector.py": _filled(f"connector_{'graphql' if kind == 'graphql' else 'rest'}.py.txt", values),
        "fake.py": _filled(f"fake{'' if speaks_http else f'_{kind}'}.py.txt", values),
        "fake_seed.py": _filled("fake_seed.py.txt", values),
    }
    folder.mkdir(parents=True)
    for file, text in texts.items():
        (folder / file).write_text(text)
    return [folder / file for file in texts]


def check(
    contract: Contract, now: datetime, resolve: Callable[[str], str] = resources.resolve, connector: Any = None
) -> Iterator[Finding]:
    """What works against the live system, in the order in which it can go wrong."""
    if not is_connected(contract, resolve):
        name, *secrets = (one.removeprefix("env:") for one in (contract.endpoint, *contract.secrets.values()))
        wanted = f"; beside it {', '.join(secrets)}" if secrets else ""
        yield Finding("endpoint", "bad", f"{name} is not set: it holds the address of the system{wanted}")
        return
    connector = connector or connector_of(contract)
    try:
        client = open_client(contract, connector, resolve)
    except ExtractError as error:
        yield Finding("credentials", "bad", str(error))
        return
    try:
        for name, stream in contract.streams.items():
            yield from _of_stream(contract, name, stream, client.on(name), connector, now)
        yield _clock(getattr(client, "server_at", None), now)
        yield _sunset(contract, now)
    finally:
        close_client(client)


def in_short(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One line for all that is well with a stream; what is not, or worth a note, keeps its own."""
    for stream, group in itertools.groupby(findings, lambda one: one.subject.partition(" ")[0]):
        found = list(group)
        if well := [one.said for one in found if one.state == "ok"]:
            yield Finding(stream, "ok", "; ".join(well))
        yield from (one for one in found if one.state != "ok")


def _of_stream(
    contract: Contract, name: str, stream: Stream, client: Any, connector: Any, now: datetime
) -> Iterator[Finding]:
    read, probe = ability(connector, contract, name), getattr(connector, "probe", None)
    if read is None:
        yield Finding(name, "bad", "neither a request in its contract nor a generator in connector.py")
        return
    try:
        if stream.required_scopes and probe:
            missing = sorted(set(stream.required_scopes) - set(probe(client)))
            said = f"missing: {', '.join(missing)}" if missing else f"has {', '.join(stream.required_scopes)}"
            yield Finding(f"{name} scopes", "bad" if missing else "ok", said)
        windows = next_windows(stream, State(), now, full=True)
        pages = list(itertools.islice(read(client, stream, windows[-1]), 2))
        oldest = pages if len(windows) == 1 else list(itertools.islice(read(client, stream, windows[0]), 1))
    except ExtractError as error:
        yield Finding(name, "bad", str(error))
        return
    yield _paging(name, stream, pages)
    yield _total(name, stream, pages)
    yield _history(name, stream, [*oldest, *pages])
    yield from _kept(contract, name, pages, now)


def _paging(name: str, stream: Stream, pages: list[Page]) -> Finding:
    counts = [len(page) for page in pages if len(page)]
    said = f"{len(counts)} page(s) of {', '.join(map(str, counts)) or 'nothing'}"
    return Finding(f"{name} paging", "ok" if counts else "note", said)


def _total(name: str, stream: Stream, pages: list[Page]) -> Finding:
    totals = [page.total for page in pages if page.total is not None]
    if totals:
        return Finding(f"{name} total", "ok", f"the source counts {totals[0]:,}")
    said = "stated when all is read" if stream.expected_total else "none promised, none stated"
    return Finding(f"{name} total", "ok", said)


def _history(name: str, stream: Stream, pages: list[Page]) -> Finding:
    """The span of event times seen; a history that is shorter than the retailer's is a missing permission."""
    path = stream.event_time or stream.cursor
    times = []
    for page in pages:
        times += [to_utc(value, stream.zone(path)) for value in page.event_texts or _column(page, path or "")]
    known = sorted(time for time in times if time)
    if not known:
        return Finding(f"{name} history", "note", "no event times on the pages that were read")
    return Finding(f"{name} history", "ok", f"from {known[0]:%Y-%m-%d} to {known[-1]:%Y-%m-%d %H:%M} on these pages")


def _column(page: Page, path: str) -> list[Any]:
    records = page.records if isinstance(page.records, list) else page.records.to_pylist()
    return [at_path(record, path) for record in records]


def _kept(contract: Contract, name: str, pages: list[Page], now: datetime) -> Iterator[Finding]:
    intake = Intake(contract, name, "check", {})
    try:
        for page in pages:
            intake.rows(page, now.astimezone(UTC).replace(tzinfo=None))
    except Broken as broken:
        yield Finding(f"{name} contract", "bad", str(broken))
        return
    for warning in intake.warnings:
        yield Finding(f"{name} contract", "note", warning)
    if not intake.warnings:
        yield Finding(f"{name} contract", "ok", "each record is as promised")


def _clock(heard: datetime | None, now: datetime) -> Finding:
    if heard is None:
        return Finding("clock", "note", "the system does not tell its time")
    skew = heard.astimezone(UTC) - now.astimezone(UTC)
    state, where = "note" if abs(skew) > _TOO_SKEWED else "ok", "ahead of" if skew > timedelta(0) else "behind"
    return Finding("clock", state, f"{abs(skew.total_seconds()):,.0f} s {where} ours")


def _sunset(contract: Contract, now: datetime) -> Finding:
    day, what = contract.sunset_on or contract.review_on, "sunset" if contract.sunset_on else "review"
    if day is None:
        return Finding("version", "note", f"{contract.api_version or 'none'}, no sunset and no review known")
    left = (day - now.date()).days
    state = "ok" if left > 90 else "bad"
    return Finding("version", state, f"{contract.api_version or 'none'}, {left} days to its {what}")


def _filled(file: str, values: dict[str, str]) -> str:
    return (TEMPLATES / file).read_text(encoding="utf-8").format(**values)
