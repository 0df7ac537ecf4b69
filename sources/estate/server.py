"""Serves the simulated retailer: every system's stand-in on its own loopback port, in threads of this process.

Generating, starting, stopping and announcing belong here; what a system answers is in its fake.py.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import uvicorn

from sources.estate.endpoints import PROFILE, announce, clock, read, write_whole
from sources.estate.faults import Faults
from sources.estate.middleware import faulty
from sources.estate.world import PROFILES, generate

SYSTEMS = ("odoo", "pos", "shopify", "stripe", "voucherify")
_SOURCES = Path(__file__).parent.parent
_NAMES = {"odoo": "ODOO_URL", "pos": "POS_URL"}


@dataclass
class _Serving:
    app: Callable
    port: int
    server: uvicorn.Server
    thread: threading.Thread


@dataclass
class Running:
    """A retailer that answers; `endpoints` are the names and values of endpoints.env, `folder` its databases."""

    endpoints: dict[str, str]
    faults: Faults
    folder: Path
    _serving: dict[str, _Serving] = field(default_factory=dict)
    _places: dict[str, Any] = field(default_factory=dict)
    _held: dict[str, socket.socket] = field(default_factory=dict)

    def stop(self) -> None:
        """Close every port; returns when all are closed."""
        for serving in self._serving.values():
            serving.server.should_exit = True
        for serving in self._serving.values():
            serving.thread.join()
        for port in self._held.values():
            port.close()
        for place in self._places.values():
            place.close()

    def take_down(self, system: str) -> None:
        """Refuse connections to one system: its port is held and answers nobody, its file or folder goes away.

        A port that is free is given to whoever asks next, who would answer in the system's place.
        """
        if system in self._places:
            self._places[system].stop()
        elif system in self._serving:
            self._serving[system].server.should_exit = True
            self._serving[system].thread.join()
            self._held[system] = _bound(self._serving[system].port)
        else:
            (self.folder / f"{system}.db").rename(self.folder / f"{system}.db.away")

    def bring_up(self, system: str) -> None:
        """Answer again, on the same port."""
        if system in self._places:
            self._places[system].start()
        elif system in self._serving:
            self._serving[system] = _serve(self._serving[system].app, self._held.pop(system))
            _await(self)
        else:
            (self.folder / f"{system}.db.away").rename(self.folder / f"{system}.db")

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def fakes(systems: Iterable[str] = SYSTEMS) -> dict[str, ModuleType]:
    """The stand-ins that exist, by system."""
    names = {system: f"sources.{system}.fake" for system in systems}
    return {
        system: importlib.import_module(name)
        for system, name in names.items()
        if importlib.util.find_spec(f"sources.{system}") and importlib.util.find_spec(name)
    }


def guests() -> tuple[str, ...]:
    """The systems that joined the retailer later, in alphabetical order: those whose folder can invent their part."""
    return tuple(sorted(path.parent.name for path in _SOURCES.glob("*/fake_seed.py") if hasattr(
        importlib.import_module(f"sources.{path.parent.name}.fake_seed"), "invent")))  # fmt: skip


def systems_of(profile: str) -> tuple[str, ...]:
    """The systems of a profile."""
    return (*SYSTEMS, *guests()) if PROFILES[profile].guests else SYSTEMS


def generate_estate(
    profile: str,
    home: Path,
    seed: int = 7,
    systems: Iterable[str] | None = None,
    tell: Callable[[str], None] = lambda step: None,
) -> Path:
    """Build the retailer's databases below `home`/estate/`profile` and return that folder.

    What is there from the same seed and the same code stays as it is, with all that has happened to it since.
    `tell` hears of each step before it begins.
    """
    folder = home / "estate" / profile
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / "generated.json"
    made = json.loads(stamp.read_text()) if stamp.exists() else {}
    present = fakes(systems or systems_of(profile))
    wanted = {system: _version(system, seed) for system in present}
    stale = [system for system, version in wanted.items() if made.get(system) != version]
    if not stale:
        return folder
    tell(f"inventing {profile}")
    world = generate(profile, seed)
    world.truth(folder / "truth", [system for system in present if system not in SYSTEMS])
    for system in stale:
        tell(f"filling {system}")
        present[system].seed(world, folder / f"{system}.db")
    if set(stale) == set(wanted):
        (folder / "clock").unlink(missing_ok=True)
    write_whole(stamp, json.dumps(made | wanted, indent=1, sort_keys=True))
    return folder


def start(
    profile: str, home: Path, faults: Faults | None = None, seed: int = 7, systems: Iterable[str] | None = None
) -> Running:
    """Generate where needed, serve the systems, write endpoints.env; earlier ports are used again if free."""
    folder = generate_estate(profile, home, seed, systems)
    faults = faults or Faults(folder.parent / "faults.json")
    earlier = read(folder.parent)
    running = Running({"ASSAY_NOW": clock(folder).isoformat(), PROFILE: profile}, faults, folder)
    for system, fake in fakes(systems or systems_of(profile)).items():
        database, name = folder / f"{system}.db", _NAMES.get(system, f"{system.upper()}_ENDPOINT")
        running.endpoints |= fake.CREDENTIALS
        if hasattr(fake, "place"):
            running._places[system] = place = fake.place(database)
            running.endpoints |= {name: place.url, **getattr(place, "secrets", {})}
            continue
        if not hasattr(fake, "app"):
            running.endpoints[name] = f"sqlite:///file:{database}?mode=ro&uri=true"
            continue
        app = faulty(fake.app(database, faults.of(system)), faults.of(system), fake.SAYS)
        serving = _serve(app, _bound(int(earlier[name].rsplit(":", 1)[1]) if name in earlier else 0))
        running._serving[system] = serving
        url = f"http://127.0.0.1:{serving.port}"
        told = {one: value.replace("{endpoint}", url) for one, value in fake.CREDENTIALS.items()}
        running.endpoints |= {**told, name: url}
    _await(running)
    announce(folder.parent, running.endpoints)
    return running


def serve_forever(
    home: Path,
    profile: str = "retailer10",
    faults: Faults | None = None,
    systems: Iterable[str] | None = None,
    told: Callable[[], None] = lambda: None,
) -> None:
    """Serve until told to end (Ctrl-C or SIGTERM), only in the main thread; `told` is called when it answers."""
    ended = threading.Event()
    before = {sign: signal.signal(sign, lambda *_: ended.set()) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        with start(profile, home, faults, systems=systems):
            told()
            ended.wait()
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _version(system: str, seed: int) -> str:
    """Changes whenever the code that makes this system's database changes."""
    digest = hashlib.sha256(str(seed).encode())
    own = [path for path in (_SOURCES / system).rglob("*") if path.suffix in (".py", ".yml", ".json", ".sql")]
    for path in sorted([*(_SOURCES / "estate").glob("*"), *own]):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _bound(port: int) -> socket.socket:
    # The protocol stated in full: only then does asyncio switch off Nagle's delay, 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.bind(("127.0.0.1", 0))
    return listener


def _serve(app: Callable, listener: socket.socket) -> _Serving:
    listener.listen(128)
    config = uvicorn.Config(
        app, log_level="critical", access_log=False, lifespan="off", loop="asyncio", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    return _Serving(app, listener.getsockname()[1], server, thread)


def _await(running: Running) -> None:
    deadline = time.monotonic() + 30
    while not all(serving.server.started for serving in running._serving.values()):
        if time.monotonic() > deadline or not all(serving.thread.is_alive() for serving in running._serving.values()):
            running.stop()
            raise RuntimeError("the simulated retailer did not come up within 30 s; see the messages above")
        time.sleep(0.005)
