"""The Odoo that this environment publishes to, opened from the references in Odoo's contract.

Extract reads as ODOO_LOGIN. Publishing has a user of its own, provisioning an administrator; where those are not
named, ODOO_LOGIN does it.
"""

from __future__ import annotations

from collections.abc import Callable

from pipelines import resources
from pipelines.publish.refusal import PublishRefused
from pipelines.resources import MissingReference
from sources.contract import SOURCES, load_contract
from sources.odoo.access import LOGINS, TILLS
from sources.odoo.client import OdooClient, administrator_allowed, call, connect, is_administrator
from sources.odoo.errors import OdooMissing

Resolve = Callable[[str], str]


def open_target(resolve: Resolve = resources.resolve, transport: str | None = None) -> OdooClient:
    """A client for the target, as ODOO_PUBLISH_LOGIN. Raises MissingReference, PublishRefused for an administrator
    whom ODOO_ALLOW_ADMIN does not allow, or the errors of Odoo's client; close it, or use `with`."""
    client = _open(resolve, "PUBLISH", transport)
    if not administrator_allowed(resolve) and is_administrator(client):
        client.close()
        remedy = "run `assay odoo provision` and publish as assay_publisher, or set ODOO_ALLOW_ADMIN=yes for a trial"
        raise PublishRefused(f"{client.login} is an administrator of Odoo and may do far more than publish", remedy)
    return client


def open_publisher(resolve: Resolve = resources.resolve) -> OdooClient:
    """A client as the publishing user, whoever that is."""
    return _open(resolve, "PUBLISH")


def open_source(resolve: Resolve = resources.resolve, system: str = "odoo") -> OdooClient:
    """A client as the user with whom extract reads Odoo, or its tills, which are the system odoopos."""
    return _open(resolve, None, system=system)


def open_admin(resolve: Resolve = resources.resolve) -> OdooClient:
    """A client as ODOO_ADMIN_LOGIN, for setting up. Raises PublishRefused where that is no administrator."""
    client = _open(resolve, "ADMIN")
    if not is_administrator(client):
        client.close()
        remedy = "set ODOO_ADMIN_LOGIN and ODOO_ADMIN_KEY to one, for this command alone"
        raise PublishRefused(f"{client.login} is no administrator of Odoo", remedy)
    return client


def refuse_stand_in(client: OdooClient) -> None:
    """Raises PublishRefused for the demo's embedded Odoo, in which there is nobody to set up or to look at."""
    try:
        call(client, "res.groups", "has_access", [], operation="read")
    except OdooMissing as error:
        said = f"the Odoo at {client.url} is the demo's stand-in, which has neither users nor groups nor rights"
        remedy = "point ODOO_URL and ODOO_DB to a real one, such as that of compose.yaml or `make odoo`"
        more = "for fields and actions alone `assay odoo provision` has --no-users"
        raise PublishRefused(said, f"{remedy}; {more}") from error


def _open(resolve: Resolve, role: str | None, transport: str | None = None, system: str = "odoo") -> OdooClient:
    contract = load_contract(SOURCES / system / "contract.yml")
    missing = {"db", "login", "key"} - set(contract.secrets)
    if missing:
        raise MissingReference(f"sources/{system}/contract.yml names no secret {', '.join(sorted(missing))}")
    login, key = contract.secrets["login"], contract.secrets["key"]
    if role and named(resolve, role):
        login, key = f"env:ODOO_{role}_LOGIN", f"env:ODOO_{role}_KEY"
    return connect(resolve(contract.endpoint), resolve(contract.secrets["db"]), resolve(login), resolve(key), transport)


def logins(resolve: Resolve = resources.resolve) -> set[str]:
    """The users as whom Assay works: those that the environment names, and those that it provisions."""
    contract = load_contract(SOURCES / "odoo" / "contract.yml")
    said = {resolve(contract.secrets["login"])}
    return said | {*LOGINS.values(), *([resolve("env:ODOO_PUBLISH_LOGIN")] if named(resolve, "PUBLISH") else [])}


def named(resolve: Resolve, role: str) -> bool:
    """Whether the environment names a user of its own for `role`, PUBLISH or ADMIN."""
    return bool(_said(resolve, f"ODOO_{role}_LOGIN"))


def provisioned_for_tills(resolve: Resolve = resources.resolve) -> bool:
    """Whether the environment names our own user for the tills."""
    return _said(resolve, "ODOOPOS_LOGIN") == LOGINS[TILLS]


def _said(resolve: Resolve, name: str) -> str | None:
    try:
        return resolve(f"env:{name}")
    except LookupError:
        return None
