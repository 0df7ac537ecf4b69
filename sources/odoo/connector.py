"""Reads Odoo as a source: every stream by id, archived records too, changes by `write_date`.

`write_date` is when the writing transaction began, so a long one commits behind the newest: the contract's overlap
reads that far back. Nothing tells of deletions; `keys` lists what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sources.contract import Contract, Stream
from sources.errors import BadCredentials, ExtractError, MissingScope, ServerFault, SourceError, Unreachable
from sources.odoo import client as rpc
from sources.odoo.errors import OdooAmbiguous, OdooDenied, OdooError, OdooRetryable, OdooUnreachable
from sources.records import Page, Window

MODELS: dict[str, tuple[str, list]] = {
    "partners": ("res.partner", []),
    "product_templates": ("product.template", []),
    "product_variants": ("product.product", []),
    "pricelists": ("product.pricelist", []),
    "pricelist_items": ("product.pricelist.item", []),
    "external_ids": ("ir.model.data", [("module", "=", "assay")]),
}
_ERRORS = (((OdooUnreachable, OdooAmbiguous), Unreachable), (OdooRetryable, ServerFault))


@dataclass(frozen=True)
class Client:
    """One stream's way to Odoo."""

    odoo: rpc.OdooClient
    stream: str = "*"

    def on(self, stream: str, exact: bool = False) -> Client:
        """The same session for another stream."""
        return replace(self, stream=stream)

    def close(self) -> None:
        self.odoo.close()


def connect(contract: Contract, resolve: Callable[[str], str]) -> Client:
    """A session as the user of the API key. Raises an ExtractError."""
    secrets = {name: resolve(reference) for name, reference in contract.secrets.items()}
    with _as_extract_errors("*", denied=BadCredentials):
        return Client(rpc.connect(resolve(contract.endpoint), **secrets))


def keys(client: Client, stream: Stream) -> Iterator[list[str]]:
    """The id of every record that is left."""
    model, domain = MODELS[client.stream]
    with _as_extract_errors(client.stream):
        for records in rpc.read_by_id(client.odoo, model, ["id"], domain, page=10 * stream.page_size):
            yield [str(record["id"]) for record in records]


def _read(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    """All records, or those written in the window, in order of id; the count is taken before and after."""
    model, domain = MODELS[client.stream]
    if window.lower:
        domain = [*domain, ("write_date", ">=", f"{window.lower:%Y-%m-%d %H:%M:%S}")]
    with _as_extract_errors(client.stream):
        fields = sorted(set(stream.columns) & set(rpc.fields_get(client.odoo, model, ("type",))))
        yield Page([], total=_count(client, model, domain))
        after = 0
        while True:
            asked = {
                "domain": [*domain, ("id", ">", after)],
                "fields": fields,
                "limit": stream.page_size,
                "order": "id",
            }
            records = rpc.call(client.odoo, model, "search_read", **asked)
            if "country_code" in stream.columns:
                _state_country(client, records)
            yield Page(records)
            if len(records) < stream.page_size:
                break
            after = records[-1]["id"]
        yield Page([], total=_count(client, model, domain))


partners = product_templates = product_variants = pricelists = pricelist_items = external_ids = _read


def _count(client: Client, model: str, domain: list) -> int:
    return rpc.call(client.odoo, model, "search_count", domain=domain)


def _state_country(client: Client, records: list[dict[str, Any]]) -> None:
    """Odoo names a country in the user's language; the ISO code is what other systems say."""
    known = client.odoo.remembered.get("countries")
    if known is None:
        found = rpc.search_read(client.odoo, "res.country", ["code"])
        known = client.odoo.remembered["countries"] = {one["id"]: one["code"] for one in found}
    for record in records:
        record["country_code"] = known[record["country_id"][0]] if record["country_id"] else None


@contextmanager
def _as_extract_errors(stream: str, denied: type[ExtractError] = MissingScope) -> Iterator[None]:
    try:
        yield
    except OdooError as error:
        kinds = (kind for caught, kind in _ERRORS if isinstance(error, caught))
        kind = denied if isinstance(error, OdooDenied) else next(kinds, SourceError)
        raise kind("odoo", stream, f"{error.model}.{error.method}: {error.problem}") from error
