"""A private Odoo 19 on its own PostgreSQL for the tests, installed into one directory of this checkout.

Standard library and subprocesses only, so that it runs before anything else is installed. Each step leaves a
stamp: a second run does nothing, an interrupted one goes on. The machine's apt and dpkg are left as they are,
except that a missing PostgreSQL is installed where that is allowed.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.odoo.debian import (
    ARCHIVE_KEY,
    BESIDE,
    ODOO_SHA256,
    REQUIREMENTS,
    debian_mirror,
    fetch_odoo,
    install_python,
    odoo_command,
    odoo_environment,
)
from tests.odoo.machine import HOME, ProvisionError, locked, say, step
from tests.odoo.postgres import (
    close_space,
    cluster,
    databases,
    install_postgres,
    open_space,
    postgres_bin,
    start_postgres,
    stop_postgres,
)
from tests.odoo.templates import (
    BOT,
    MODULES,
    build_template,
    build_used,
    clone,
    sweep,
    template_name,
    write_configuration,
)


@contextlib.contextmanager
def in_use() -> Iterator[None]:
    """Keep PostgreSQL running for this process, with test databases in memory where this machine offers it."""
    with locked("users", shared=True):
        with locked("provision"):
            start_postgres()
            sweep()
            space = open_space()
        try:
            yield
        finally:
            if space:
                close_space(space)
    with (HOME / "users.lock").open("w") as handle, contextlib.suppress(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        stop_postgres()


def obstacle() -> str | None:
    """Why no Odoo can be provisioned here, or None."""
    if platform.system() != "Linux" or not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return "the real Odoo is taken from Debian's archive; this machine has no apt"
    if not ARCHIVE_KEY.exists():
        return f"{ARCHIVE_KEY} is missing; install debian-archive-keyring"
    if debian_mirror() is None:
        return "no Debian mirror stands in this machine's apt sources"
    if postgres_bin() is None and os.geteuid() != 0:
        return "PostgreSQL's server programs are missing; install the package postgresql"
    return None


def provision(modules: str = MODULES) -> str:
    """Everything, each step once; the template's name. Raises ProvisionError."""
    if reason := obstacle():
        raise ProvisionError(reason)
    with locked("provision"):
        inputs = f"{ODOO_SHA256} {BESIDE}"
        python = f"{sys.version_info[:2]} {REQUIREMENTS.read_text()}"
        with ThreadPoolExecutor(3) as pool:
            jobs = [
                pool.submit(step, "odoo", inputs, fetch_odoo),
                pool.submit(step, "python", python, install_python),
                pool.submit(step, "postgres", str(cluster()), install_postgres),
            ]
            for job in jobs:
                job.result()
        start_postgres()
        if modules == MODULES:
            build_used()
        return build_template(modules)


def provisioned(modules: str = MODULES) -> bool:
    """Whether `provision` has come to its end here."""
    return (HOME / "keys" / template_name(modules)).exists() and (cluster() / "data").exists()


@dataclass
class Server:
    """One Odoo process that serves every database whose name begins with `t_`."""

    url: str
    process: subprocess.Popen

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(port: int | None = None, *options: str) -> Server:
    """Start PostgreSQL and one Odoo on a free loopback port, with Odoo's own `options`; returns when it answers."""
    with locked("provision"):
        start_postgres()
        write_configuration()
    if port is None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    words = ["server", "-c", HOME / "odoo.conf", f"--http-port={port}", "--db-filter=^t_"]
    quiet = ["--log-handler=odoo.addons.rpc:ERROR", "--log-handler=werkzeug:ERROR", "--log-level=warn"]
    log = (HOME / f"server-{port}.log").open("w")
    process = subprocess.Popen(
        odoo_command(*words, *quiet, *options),
        env=odoo_environment(),
        cwd=HOME,
        stdout=log,
        stderr=log,
        preexec_fn=_end_with_us,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/web/version", timeout=5):
            return Server(url, process)
        if process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    raise ProvisionError(f"Odoo did not answer on {url}; read {log.name}")


def _end_with_us() -> None:
    """Have Linux end the child when its parent is killed, so that no killed test run leaves an Odoo behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def serve_by_hand(template: str, port: int | None) -> None:
    """Serve the database t_hand, which stays from one start to the next, until Ctrl-C."""
    server = start(port)
    if "t_hand" not in databases():
        clone(template, "t_hand")
    say(f"{server.url}  database t_hand  login {BOT}  API key in {HOME / 'keys' / template}; Ctrl-C ends it")
    with contextlib.suppress(KeyboardInterrupt):
        server.process.wait()
    server.stop()


def main() -> int:
    """provision [MODULES] | start [PORT] | stop | status."""
    verb, *rest = sys.argv[1:] or ["status"]
    try:
        if verb == "provision":
            say(f"ready: template {provision(rest[0] if rest else MODULES)}")
        elif verb == "start":
            name = provision()
            with in_use():
                serve_by_hand(name, int(rest[0]) if rest else None)
        elif verb == "stop":
            stop_postgres()
        elif verb == "status":
            say("provisioned" if provisioned() else f"not provisioned: {obstacle() or 'run `make odoo`'}")
        else:
            say(main.__doc__)
            return 2
    except ProvisionError as error:
        say(f"cannot: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
