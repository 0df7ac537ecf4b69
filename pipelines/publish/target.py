"""The Odoo that this environment publishes to, opened from the references in Odoo's contract."""

from __future__ import annotations

from collections.abc import Callable

from pipelines import resources
from pipelines.resources import MissingReference
from sources.contract import SOURCES, load_contract
from sources.odoo.client import OdooClient, connect


def open_target(resolve: Callable[[str], str] = resources.resolve, transport: str | None = None) -> OdooClient:
    """A client for the target. Raises MissingReference, or the errors of Odoo's client; close it, or use `with`."""
    contract = load_contract(SOURCES / "odoo" / "contract.yml")
    secrets = {name: resolve(reference) for name, reference in contract.secrets.items()}
    missing = {"db", "login", "key"} - set(secrets)
    if missing:
        raise MissingReference(f"sources/odoo/contract.yml names no secret {', '.join(sorted(missing))}")
    return connect(resolve(contract.endpoint), secrets["db"], secrets["login"], secrets["key"], transport)
