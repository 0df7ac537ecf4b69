"""Reads Odoo as a source: every stream by id, archived records too, changes by `write_date`.

`write_date` is when the writing transaction began, so a long one commits behind the newest: the contract's overlap
reads that far back. Nothing tells of deletions; `keys` lists what is left. Users of Odoo and its own company are no
customers and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sources import http
from sources.contract import Contract, Stream
from sources.errors import BadCredentials, Drift, ExtractError, MissingScope, ServerFault, SourceError, Unreachable
from sources.http import Verdict
from sources.odoo import client as rpc
from sources.odoo.errors import OdooAmbiguous, OdooDenied, OdooError, OdooRetryable, OdooUnreachable, from_answer
from sources.paging import follow
from sources.records import Page, Window

MODELS = {
    "partners": "res.partner",
    "product_templates": "product.template",
    "product_variants": "product.product",
    "pricelists": "product.pricelist",
    "pricelist_items": "product.pricelist.item",
    "external_ids": "ir.model.data",
}
# Its currency's name is the ISO code; elsewhere a relation is the plain id, which no renaming changes.
NAMED = {"pricelists"}
OPTION = "product.template.attribute.value"
TEMPLATE_USERS = ["public", "portaltemplate"]


@dataclass(frozen=True)
class Older:
    """One stream's way to an Odoo before 19, over /jsonrpc. It offers what the kernel's client does."""

    odoo: rpc.OdooClient
    stream: str = "*"
    system: str = "odoo"

    def on(self, stream: str, exact: bool = False) -> Older:
        """The same session for another stream. Amounts stay floats: odoorpc decodes them."""
        return replace(self, stream=stream)

    def fail(self, error: type[ExtractError], problem: str, remedy: str | None = None) -> ExtractError:
        return error(self.system, self.stream, problem, remedy)

    def ask(self, model: str, method: str, **arguments: Any) -> Any:
        with _as_extract_errors(self.stream):
            return rpc.call(self.odoo, model, method, **arguments)

    def close(self) -> None:
        self.odoo.close()


Client = http.Client | Older


def connect(contract: Contract, resolve: Callable[[str], str], **shared: Any) -> Client:
    """A session as the user of the API key: JSON-2 from api_version 19 on, /jsonrpc below.

    Raises MissingScope for an administrator's key, unless ODOO_ALLOW_ADMIN says yes.
    """
    secrets = {name: resolve(reference) for name, reference in contract.secrets.items()}
    if int((contract.api_version or "19").split(".")[0]) >= 19:
        headers = rpc.json2_headers(secrets["db"], secrets["key"])
        client = http.connect(contract, resolve, headers=headers, judge=judge, **shared)
    else:
        with _as_extract_errors("*", denied=BadCredentials):
            odoo = rpc.connect(resolve(contract.endpoint), **secrets, transport="jsonrpc")
            client = Older(odoo, system=contract.system)
    if not rpc.administrator_allowed(resolve):
        _refuse_administrator(client)
    return client


def judge(status: int, headers: Mapping[str, str], body: Any) -> Verdict | None:
    """Odoo's own errors: a lost race may be asked again, a refused value may not, though both may come as 500."""
    if isinstance(body, dict) and "jsonrpc" in body and "error" in body:
        return Verdict(SourceError, "HTTP 200 carries an error of Odoo")
    if status < 400 or status in (429, 502, 503, 504) or not isinstance(body, dict) or "name" not in body:
        return None
    error = from_answer("res.partner", "read", status, body)
    if isinstance(error, OdooDenied):
        return Verdict(BadCredentials if status == 401 else MissingScope, error.problem)
    if isinstance(error, OdooRetryable | OdooAmbiguous):
        return Verdict(ServerFault, error.problem)
    return Verdict(Drift if "Invalid field" in error.problem else SourceError, f"{error.kind}: {error.problem}")


def keys(client: Client, stream: Stream) -> Iterator[list[str]]:
    """The id of every record that is left."""
    return ids(client, stream, MODELS[client.stream], _domain(client))


def ids(client: Client, stream: Stream, model: str, domain: list) -> Iterator[list[str]]:
    """The id of every record of a model in the domain."""
    for page in _pages(client, model, domain, ["id"], 10 * stream.page_size):
        yield [str(record["id"]) for record in page.records]


def _read(client: Client, stream: Stream, window: Window) -> Iterator[Page]:
    return records(client, stream, window, MODELS[client.stream], _domain(client), client.stream in NAMED)


def records(
    client: Client, stream: Stream, window: Window, model: str, domain: list, named: bool = False
) -> Iterator[Page]:
    """All records, or those written in the window, in order of id; the count is taken before and after.

    A relation is the id alone, or with its name where `named`.
    """
    if window.lower:
        domain = [*domain, ("write_date", ">=", f"{window.lower:%Y-%m-%d %H:%M:%S}")]
    known = _ask(client, model, "fields_get", attributes=["type"])
    fields = sorted(set(stream.columns) & set(known))
    total = _ask(client, model, "search_count", domain=domain)
    for page in _pages(client, model, domain, fields, stream.page_size, "_classic_read" if named else None):
        if "options" in stream.columns:
            _state_options(client, page.records)
        yield replace(page, total=total)
        total = None
    yield Page([], total=_ask(client, model, "search_count", domain=domain))


partners = product_templates = product_variants = pricelists = pricelist_items = external_ids = _read


def _pages(
    client: Client, model: str, domain: list, fields: list[str], size: int, load: str | None = None
) -> Iterator[Page]:
    """Keyset paging: what is created or deleted meanwhile neither repeats nor hides other records."""

    def fetch(after: int) -> Page:
        asked = {"domain": [*domain, ("id", ">", after)], "fields": fields, "limit": size, "order": "id", "load": load}
        records = _ask(client, model, "search_read", **asked)
        return Page(records, records[-1]["id"] if len(records) == size else None)

    return follow(client, fetch, 0)


def _domain(client: Client) -> list:
    """What of a model belongs to the stream."""
    if client.stream == "external_ids":
        return [("module", "=", "assay"), ("model", "in", sorted({*MODELS.values()} - {"ir.model.data"}))]
    if client.stream != "partners":
        return []
    internal = ["|", ("share", "=", False), ("login", "in", TEMPLATE_USERS)]
    ours = _ask(client, "res.users", "search_read", domain=internal, fields=["partner_id"], load=None)
    ours += _ask(client, "res.company", "search_read", domain=[], fields=["partner_id"], load=None)
    return [("id", "not in", sorted({row["partner_id"] for row in ours}))]


def _state_options(client: Client, variants: list[dict[str, Any]]) -> None:
    """Give each variant its options by name: [{"attribute": "Size", "value": "M"}], in the template's order."""
    held = "product_template_attribute_value_ids"
    wanted = sorted({one for variant in variants for one in variant.get(held) or []})
    asked = {"domain": [("id", "in", wanted)], "fields": ["attribute_id", "name"], "order": "attribute_line_id, id"}
    found = _ask(client, OPTION, "search_read", **asked) if wanted else []
    named = {row["id"]: {"attribute": row["attribute_id"][1], "value": row["name"]} for row in found}
    place = {one: number for number, one in enumerate(named)}
    for variant in variants:
        chosen = sorted({one for one in variant.get(held) or [] if one in place}, key=place.__getitem__)
        variant["options"] = [named[one] for one in chosen]


def _refuse_administrator(client: Client) -> None:
    me = [_ask(client, "res.users", "context_get")["uid"]]
    if any(_ask(client, "res.users", "has_group", ids=me, group_ext_id=group) for group in rpc.ADMINISTRATORS):
        remedy = "run `assay odoo provision` and read as assay_reader, or set ODOO_ALLOW_ADMIN=yes for a trial"
        raise client.fail(MissingScope, "the API key is an administrator's, who may do far more than read", remedy)


def _ask(client: Client, model: str, method: str, **arguments: Any) -> Any:
    if isinstance(client, Older):
        return client.ask(model, method, **arguments)
    path, body = rpc.json2_request(model, method, **arguments)
    return client.post(path, body)


@contextmanager
def _as_extract_errors(stream: str, denied: type[ExtractError] = MissingScope) -> Iterator[None]:
    try:
        yield
    except OdooError as error:
        if isinstance(error, OdooUnreachable | OdooAmbiguous):
            kind = Unreachable
        elif isinstance(error, OdooDenied):
            kind = denied
        else:
            kind = ServerFault if isinstance(error, OdooRetryable) else SourceError
        raise kind("odoo", stream, f"{error.model}.{error.method}: {error.problem}") from error
