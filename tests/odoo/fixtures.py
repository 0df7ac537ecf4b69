"""Fixtures that give a test an Odoo of its own: the embedded one, and a real Odoo 19 over both of its transports.

A plugin for the whole test suite (tests/conftest.py). `odoo_target` is freshly provisioned and empty, `bare_odoo`
lacks what Assay sets up, `odoo_retailer` holds the small simulated retailer, `used_odoo` is a real one with accounting,
sales, stock, point of sale, loyalty and CRM in use. Each test gets its own database.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from pipelines.verbs.odoo import NAMES
from sources.estate.world import NOW, generate
from sources.odoo import access, actions, keys, merging
from sources.odoo.client import OdooClient, call, connect
from sources.odoo.demo.fresh import create_database
from sources.odoo.demo.seed import STEWARD_KEY, seed, seed_real
from sources.odoo.fake import app
from tests.odoo import machine, postgres, server, templates

KINDS = [
    "embedded",
    pytest.param("real-json2", marks=pytest.mark.odoo),
    pytest.param("real-jsonrpc", marks=pytest.mark.odoo),
]
DATABASE = "t_embedded"
# The templates of the real Odoo in which Assay's own users are.
WITH_USERS = ("provisioned", "least", "used")


@dataclass
class OdooTarget:
    """One database of one Odoo. `login` is an administrator's, the bot; `steward` is somebody else, a human.

    `ids`, where the retailer is inside: record id by key of the world, per table (partners, templates, variants,
    pricelists, items); in the used Odoo by key of used_state.py. `environment`: what a subprocess of Assay needs.
    `user_keys`, where Assay's own users are inside: API key by login.
    """

    kind: str
    url: str
    db: str
    login: str
    key: str = field(repr=False)
    steward_key: str = field(repr=False)
    ids: dict[str, dict[str, int]] = field(default_factory=dict, repr=False)
    user_keys: dict[str, str] = field(default_factory=dict, repr=False)
    _open: list[OdooClient] = field(default_factory=list, repr=False)

    @property
    def real(self) -> bool:
        return self.kind != "embedded"

    @property
    def transport(self) -> str:
        return "jsonrpc" if self.kind == "real-jsonrpc" else "json2"

    @property
    def now(self) -> datetime:
        """Its clock, aware UTC: the simulated retailer's stands still."""
        return NOW if self.db == "assay" else datetime.now(UTC)

    @property
    def environment(self) -> dict[str, str]:
        named = {"ODOO_URL": self.url, "ODOO_DB": self.db, "ODOO_LOGIN": self.login, "ODOO_KEY": self.key}
        return named | {"ODOO_ALLOW_ADMIN": "yes"}

    def client(self, transport: str | None = None, url: str | None = None) -> OdooClient:
        """A new client of the bot; closed with the test."""
        return self._opened(url or self.url, self.login, self.key, transport)

    @property
    def least_environment(self) -> dict[str, str]:
        """As `environment`, with the users that may do no more than extract and publish need."""
        named = {"ODOO_URL": self.url, "ODOO_DB": self.db, "ODOOPOS_ENDPOINT": self.url, "ODOOPOS_DB": self.db}
        for group, login in access.LOGINS.items():
            if login in self.user_keys:
                named |= dict(zip(NAMES[group], (login, self.user_keys[login]), strict=True))
        return named

    def publisher(self, transport: str | None = None, url: str | None = None) -> OdooClient:
        """A new client of Assay's own publisher; of the bot in the embedded Odoo, which knows no rights."""
        return self.least("publisher", transport, url) if self.real else self.client(transport, url)

    @property
    def publisher_environment(self) -> dict[str, str]:
        """As `environment`, for a subprocess that works as the publisher and may not be an administrator."""
        mine = self.environment
        if self.real:
            mine |= {f"ODOO_{what}": said for what, said in self._said(access.LOGINS[access.PUBLISHER])}
            mine["ODOO_ALLOW_ADMIN"] = ""
        return mine

    def _said(self, login: str) -> list[tuple[str, str]]:
        return [("LOGIN", login), ("KEY", self.user_keys[login])]

    def least(self, group: str, transport: str | None = None, url: str | None = None) -> OdooClient:
        """A new client of Assay's own `reader` or `publisher`."""
        login = access.LOGINS[group]
        return self._opened(url or self.url, login, self.user_keys[login], transport)

    def human(self) -> OdooClient:
        """A client of the steward: sales and product rights, no administrator."""
        return self._opened(self.url, templates.HUMAN, self.steward_key, None)

    def human_edit(self, model: str, record_id: int, values: dict[str, Any]) -> None:
        """Change a record as somebody in Odoo would, through another user and another connection."""
        with closing(self.human()) as steward:
            call(steward, model, "write", [record_id], vals=values)

    def human_delete(self, model: str, record_id: int) -> None:
        """Delete a record as an administrator in Odoo would."""
        with closing(self.client()) as admin:
            call(admin, model, "unlink", [record_id])

    def _opened(self, url: str, login: str, key: str, transport: str | None) -> OdooClient:
        client = connect(url, self.db, login, key, transport or self.transport)
        self._open.append(client)
        return client


@pytest.fixture(params=KINDS)
def odoo_target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OdooTarget]:
    """An empty Odoo with Assay's fields and server actions."""
    yield from _target(request, tmp_path, "provisioned")


@pytest.fixture(params=KINDS)
def bare_odoo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OdooTarget]:
    """An Odoo as its owner installed it: no fields, no actions of ours."""
    yield from _target(request, tmp_path, "bare")


@pytest.fixture(params=KINDS)
def odoo_retailer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OdooTarget]:
    """An Odoo with Assay's fields and actions and the retailer2 world inside; see `ids`."""
    yield from _target(request, tmp_path, "retailer")


@pytest.fixture(params=[pytest.param("real-json2", marks=pytest.mark.odoo)])
def used_odoo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OdooTarget]:
    """A real Odoo that a retailer has used, duplicates of every kind inside, with Assay's fields and actions.

    See used_state.py, and `ids` by its keys: partners, templates, variants, orders, invoices, receipts, cards, leads.
    """
    yield from _target(request, tmp_path, "used")


@pytest.fixture(params=KINDS[1:])
def least_odoo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OdooTarget]:
    """A real Odoo with all that Assay sets up, its two users with their keys too, and the retailer2 world inside."""
    yield from _target(request, tmp_path, "least")


@pytest.fixture
def odoo(odoo_target: OdooTarget) -> OdooClient:
    """A client of `odoo_target`."""
    return odoo_target.client()


def _target(request: pytest.FixtureRequest, tmp_path: Path, content: str) -> Iterator[OdooTarget]:
    if request.param == "embedded":
        folder = request.getfixturevalue("_embedded_templates")
        context = _embedded(folder(content), tmp_path / "odoo.db")
    else:
        real = request.getfixturevalue("_real_odoo")
        context = real.database(content, request.param)
    with context as target:
        yield target
        for client in target._open:
            client.close()


# --- the embedded Odoo ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _embedded_templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("odoo")

    @cache
    def template(content: str) -> Path:
        path = folder / f"{content}.db"
        if content == "retailer":
            seed(generate("retailer2"), path)
        else:
            create_database(path, DATABASE, {templates.BOT: "bot-key", templates.HUMAN: "steward-key"})
        if content != "bare":
            with _embedded(path, path) as target:
                actions.provision(target.client())
        return path

    return template


@contextmanager
def _embedded(template: Path, path: Path) -> Iterator[OdooTarget]:
    if template != path:
        shutil.copy(template, path)
    retailer = template.stem == "retailer"
    with serving(path) as url:
        if retailer:
            ids = {name: _Same() for name in ("partners", "templates", "variants", "items")}
            ids["pricelists"] = {"retail_czk": 1, "online_eur": 2}
            yield OdooTarget("embedded", url, "assay", "assay", "estate-odoo-key", STEWARD_KEY, ids)
        else:
            yield OdooTarget("embedded", url, DATABASE, templates.BOT, "bot-key", "steward-key")


@contextmanager
def serving(path: Path) -> Iterator[str]:
    """The embedded Odoo on the database at `path`, on a free port of this process; its URL."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    demo = app(path)
    running = uvicorn.Server(uvicorn.Config(demo, log_level="warning", access_log=False, lifespan="off"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not running.started and thread.is_alive():
        time.sleep(0.002)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join()
        demo.state.store.close()


class _Same(dict):
    """The demo keeps the world's keys as ids."""

    def __missing__(self, key: str) -> int:
        return int(key)


# --- the real Odoo --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _real_odoo() -> Iterator[RealOdoo]:
    needed = os.environ.get("ASSAY_REQUIRE_ODOO") == "1"
    if not server.provisioned():
        reason = server.obstacle() or "not provisioned; run `make odoo`"
        if not needed:
            pytest.skip(f"no real Odoo here: {reason}")
        server.provision()
    with running_odoo() as found:
        yield found


@contextmanager
def running_odoo() -> Iterator[RealOdoo]:
    """A server of this process on the provisioned Odoo."""
    with server.in_use():
        running = server.start()
        try:
            yield RealOdoo(running)
        finally:
            running.stop()


class RealOdoo:
    """The session's Odoo server and the template databases that tests clone.

    Odoo takes a second to load a database's models. It keeps them by the database's name and loads them anew where the
    database says that they are others, so a clone takes the name of an earlier one of the same template.
    """

    def __init__(self, running: server.Server):
        self.server, self.base = running, templates.template_name()
        self.keys, self.number = templates.api_keys(self.base), itertools.count(1)
        self.free: dict[str, list[str]] = {}

    @contextmanager
    def database(self, content: str, kind: str) -> Iterator[OdooTarget]:
        """A database of its own for one test, dropped afterwards."""
        template = self.template(content)
        number, free = next(self.number), self.free.setdefault(template, [])
        name = free.pop() if free else f"t_{os.getpid()}_{number}"
        templates.clone(template, name, in_memory=True)
        templates.outdate_caches(name, number)
        target = self._target(kind, name)
        target.ids, target.user_keys = self._ids(template), self._user_keys(template)
        try:
            yield target
        finally:
            postgres.drop(name)
            free.append(name)

    def template(self, content: str) -> str:
        """The template with this content, made once for as long as what it holds stays the same."""
        if content == "bare":
            return self.base
        depends = [self._under(content), *(code for _, code in actions.ACTIONS.values()), json.dumps(actions.FIELDS)]
        depends += merging.codes().values()
        if content in WITH_USERS:
            depends += [Path(one.__code__.co_filename).read_text() for one in (access.plan, keys.renew)]
            depends.append(access.ACCESS.read_text())
        if content in ("retailer", "least"):
            world = generate("retailer2")
            depends += [str(table) for table in (world.appearances, world.listings, world.prices)]
            depends.append(Path(seed_real.__code__.co_filename).read_text())
        name = f"tpl_{content}_{hashlib.sha256(repr(depends).encode()).hexdigest()[:10]}"
        with machine.locked("templates"):
            if name not in postgres.databases():
                self._build(content, name)
        return name

    def _under(self, content: str) -> str:
        """The name of the template that this one is built on."""
        return templates.used_name() if content == "used" else self.base

    def _build(self, content: str, name: str) -> None:
        # A name for each content: Odoo may take the models of an earlier database of one name for those of the next.
        building = f"t_{os.getpid()}_{content}"
        postgres.drop(building)
        templates.clone(templates.build_used() if content == "used" else self.base, building)
        target = self._target("real-json2", building)
        with closing(target.client()) as client:
            actions.provision(client)
            if content in WITH_USERS:
                actions.carry_out(client, access.plan(client))
                now = datetime.now(UTC)
                made = {
                    login: keys.renew(client, login, access.KEY_DAYS, now) for login in access.logins(client).values()
                }
                (machine.HOME / "keys" / f"{name}.users").write_text(json.dumps(made))
                templates.ease_signing_in(building, made)
            if content in ("retailer", "least"):
                made = seed_real(client, generate("retailer2"))
                (machine.HOME / "keys" / f"{name}.json").write_text(json.dumps(made))
            if content == "used":
                shutil.copy(*(machine.HOME / "keys" / f"{each}.json" for each in (templates.used_name(), name)))
        postgres.rename(building, name)

    def _target(self, kind: str, database: str) -> OdooTarget:
        return OdooTarget(
            kind, self.server.url, database, templates.BOT, self.keys[templates.BOT], self.keys[templates.HUMAN]
        )

    def _user_keys(self, template: str) -> dict[str, str]:
        with suppress(FileNotFoundError):
            return json.loads((machine.HOME / "keys" / f"{template}.users").read_text())
        return {}

    def _ids(self, template: str) -> dict[str, dict[str, int]]:
        with suppress(FileNotFoundError):
            return json.loads((machine.HOME / "keys" / f"{template}.json").read_text())
        return {}
