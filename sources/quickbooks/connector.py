"""Reads QuickBooks Online. Lists are as the contract says; here are its counts, which are queries of their own, and
deletions, which its feed of changes tells for 30 days and sometimes of records that are still there.
"""

from __future__ import annotations

from collections.abc import Iterator

from sources import rest
from sources.contract import Stream
from sources.errors import CapCrossed
from sources.http import Client
from sources.records import Page, Tombstone, Window

_MOST = 1_000  # objects in one answer of the feed
_ASKED = 200  # ids in one query, which the vendor takes up to some thousand characters


def customers(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """The window's records, then how many of them QuickBooks counted before and counts now."""
    before = _count(client, stream, window)
    yield from rest.read(client, stream, window)
    yield Page([], total=before)
    yield Page([], total=_count(client, stream, window))


invoices = payments = customers


def deleted(client: Client, stream: Stream, window: Window) -> Iterator[Tombstone]:
    """What the feed calls deleted and no query finds. Raises CapCrossed where the feed may have left out some."""
    entity = stream.request.records.rpartition(".")[2]
    params = {"entities": entity, "changedSince": f"{window.lower:%Y-%m-%dT%H:%M:%SZ}"}
    path = stream.request.path.replace("/query", "/cdc")
    answer = client.get(path, params | {"minorversion": stream.request.params["minorversion"]})
    changed = [one for part in answer["CDCResponse"][0]["QueryResponse"] for one in part.get(entity, [])]
    if len(changed) >= _MOST:
        problem = f"more than {_MOST} changes since the last run: the feed ends there and cannot be asked for the rest"
        raise client.fail(CapCrossed, problem, "read it once with --full, then more often")
    gone = {one["Id"]: one["MetaData"]["LastUpdatedTime"] for one in changed if one.get("status") == "Deleted"}
    for first in range(0, len(gone), _ASKED):
        ids = list(gone)[first : first + _ASKED]
        alive = _alive(client, stream, entity, ids)
        yield from (Tombstone(key, gone[key]) for key in ids if key not in alive)


def _alive(client: Client, stream: Stream, entity: str, ids: list[str]) -> set[str]:
    quoted = ", ".join(f"'{key}'" for key in ids)
    query = f"select Id from {entity} where Id in ({quoted}) maxresults {_MOST}"
    found = _asked(client, stream, {"query": query})
    return {one["Id"] for one in found.get(entity, [])}


def _count(client: Client, stream: Stream, window: Window) -> int:
    words = {
        name: text.replace("select *", "select count(*)", 1).partition(" orderby ")[0]
        for name, text in stream.request.phrased.items()
    }
    counting = stream.request.model_copy(update={"phrased": words})
    return _asked(client, stream, rest.phrased(counting, rest.bounded(counting, window)))["totalCount"]


def _asked(client: Client, stream: Stream, params: dict[str, object]) -> dict[str, object]:
    version = {"minorversion": stream.request.params["minorversion"]}
    return client.get(stream.request.path, params | version)["QueryResponse"]
