"""Serves the simulated retailer: every system's stand-in on its own loopback port, in threads of this process.

Starting, stopping and announcing the endpoints belongs here; what a system answers is in its fake.py.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import uvicorn

from sources.estate.faults import Faults, faulty
from sources.estate.world import NOW, generate

SYSTEMS = ("odoo", "pos", "shopify", "stripe", "voucherify")
CREDENTIALS = {
    "odoo": {"ODOO_DB": "assay", "ODOO_LOGIN": "assay", "ODOO_KEY": "estate-odoo-key"},
    "pos": {},
    "shopify": {"SHOPIFY_TOKEN": "estate-shopify-token"},
    "stripe": {"STRIPE_KEY": "estate-stripe-key"},
    "voucherify": {"VOUCHERIFY_APP_ID": "estate-app", "VOUCHERIFY_APP_TOKEN": "estate-voucherify-token"},
}
_ADDRESS = {"odoo": "ODOO_URL", "pos": "POS_URL"}


@dataclass
class Running:
    """A retailer that answers; `endpoints` are the names and values of endpoints.env."""

    endpoints: dict[str, str]
    faults: Faults
    folder: Path
    _servers: list[tuple[uvicorn.Server, threading.Thread]] = field(default_factory=list)

    def stop(self) -> None:
        """Close every port; returns when all are closed."""
        for server, _ in self._servers:
            server.should_exit = True
        for _, thread in self._servers:
            thread.join()
        self._servers.clear()

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def fakes(systems: tuple[str, ...] = SYSTEMS) -> dict[str, ModuleType]:
    """The stand-ins that exist, by system."""
    names = {system: f"sources.{system}.fake" for system in systems}
    present = {
        system: name
        for system, name in names.items()
        if importlib.util.find_spec(f"sources.{system}") and importlib.util.find_spec(name)
    }
    return {system: importlib.import_module(name) for system, name in present.items()}


def generate_estate(profile: str, home: Path, seed: int = 7) -> Path:
    """Build the retailer's databases below `home`/estate/`profile` unless they are there; returns that folder."""
    folder = home / "estate" / profile
    folder.mkdir(parents=True, exist_ok=True)
    missing = {s: fake for s, fake in fakes().items() if not (folder / f"{s}.db").exists()}
    if missing:
        world = generate(profile, seed)
        for system, fake in missing.items():
            fake.seed(world, folder / f"{system}.db")
        world.truth(folder / "truth")
    return folder


def start(profile: str, home: Path, faults: Faults | None = None, seed: int = 7) -> Running:
    """Generate where needed, serve every system, write endpoints.env; earlier ports are used again if free."""
    folder = generate_estate(profile, home, seed)
    estate = home / "estate"
    faults = faults or Faults(estate / "faults.json")
    known = _read_endpoints(estate / "endpoints.env")
    running = Running({"ASSAY_NOW": NOW.isoformat()}, faults, folder)
    for system, fake in fakes().items():
        database, name = folder / f"{system}.db", _ADDRESS.get(system, f"{system.upper()}_ENDPOINT")
        running.endpoints |= CREDENTIALS[system]
        if not hasattr(fake, "app"):
            running.endpoints[name] = f"sqlite:///{database}"
            continue
        listener = _listen(known.get(name))
        app = faulty(fake.app(database, faults.of(system)), faults.of(system))
        running._servers.append(_serve(app, listener))
        running.endpoints[name] = f"http://127.0.0.1:{listener.getsockname()[1]}"
    _await(running)
    _write_endpoints(estate / "endpoints.env", running.endpoints)
    return running


def _listen(earlier: str | None) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    port = int(earlier.rsplit(":", 1)[1]) if earlier else 0
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _serve(app: Callable, listener: socket.socket) -> tuple[uvicorn.Server, threading.Thread]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    return server, thread


def _await(running: Running) -> None:
    deadline = time.monotonic() + 30
    while not all(server.started for server, _ in running._servers):
        if time.monotonic() > deadline or not all(thread.is_alive() for _, thread in running._servers):
            running.stop()
            raise RuntimeError("the simulated retailer did not come up within 30 s; see the messages above")
        time.sleep(0.01)


def _read_endpoints(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)


def _write_endpoints(path: Path, endpoints: dict[str, str]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text("".join(f"{name}={value}\n" for name, value in sorted(endpoints.items())))
    os.replace(partial, path)
