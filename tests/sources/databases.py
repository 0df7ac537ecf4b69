"""Database servers of the tests' own: PostgreSQL and MariaDB, each in a directory and on a loopback port of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import memory

KINDS = ("sqlite", "postgresql", "mariadb")
_NOBODY = {"LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", "") + ":/usr/sbin"}


class NotInstalled(RuntimeError):
    """The server's programs are not on this machine; the message says which package brings them."""


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty PostgreSQL, its database still to be named at the end."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = str(programs[-1]) if programs else shutil.which("initdb")
    if initdb is None:
        raise NotInstalled("PostgreSQL's server programs are missing; install the package postgresql")
    with _folder("postgres") as (folder, user):
        data, port = folder / "data", _free_port()
        _run(user, initdb, "-D", data, "-U", "assay", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-F -c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
        control = Path(initdb).with_name("pg_ctl")
        _run(user, control, "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
        try:
            yield f"postgresql+psycopg2://assay@127.0.0.1:{port}/"
        finally:
            _run(user, control, "-D", data, "-m", "fast", "-w", "stop")


@contextmanager
def mariadb() -> Iterator[str]:
    """The URL of an empty MariaDB, its database still to be named at the end."""
    server, install = (shutil.which(name, path=_NOBODY["PATH"]) for name in ("mariadbd", "mariadb-install-db"))
    if server is None or install is None:
        raise NotInstalled("MariaDB's server programs are missing; install the package mariadb-server")
    with _folder(None) as (folder, _):
        me, port = pwd.getpwuid(os.geteuid()).pw_name, _free_port()
        plain = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={me}"]
        _run(None, install, *plain, "--skip-test-db", "--auth-root-authentication-method=normal")
        small = ["--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"]
        here = [f"--socket={folder / 'socket'}", f"--port={port}", "--bind-address=127.0.0.1"]
        with (folder / "log").open("w") as log:
            running = subprocess.Popen([server, *plain, *small, *here], stdout=log, stderr=log, env=_NOBODY)
        try:
            _await_port(port, running)
            yield f"mysql+pymysql://root@127.0.0.1:{port}/"
        finally:
            running.kill()
            running.wait(60)


@pytest.fixture(scope="session")
def _servers() -> Iterator[Callable[[str], str]]:
    """Each server once, when first asked for: its URL, or a skip that says why."""
    opened, urls = [], {}

    def of(kind: str) -> str:
        if kind not in urls:
            server = {"postgresql": postgresql, "mariadb": mariadb}[kind]()
            try:
                urls[kind] = server.__enter__()
            except NotInstalled as missing:
                if kind == "postgresql" and os.environ.get("ASSAY_REQUIRE_ODOO") == "1":
                    raise
                pytest.skip(str(missing))
            opened.append(server)
        return urls[kind]

    yield of
    for server in reversed(opened):
        server.__exit__(None, None, None)


@pytest.fixture
def empty_database(_servers: Callable[[str], str], tmp_path: Path) -> Callable[[str], str]:
    """`empty_database(kind)`: the SQLAlchemy URL of a new database."""

    def of(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / 'pos.db'}"
        server, name = _servers(kind), f"pos_{uuid.uuid4().hex[:12]}"
        engine = sa.create_engine(server + ("postgres" if kind == "postgresql" else ""), isolation_level="AUTOCOMMIT")
        charset = "" if kind == "postgresql" else " character set utf8mb4"
        with engine.connect() as connection:
            connection.exec_driver_sql(f"create database {name}{charset}")
        engine.dispose()
        return server + name + ("" if kind == "postgresql" else "?charset=utf8mb4")

    return of


@contextmanager
def _folder(owner: str | None) -> Iterator[tuple[Path, str | None]]:
    """A short-named directory (sockets allow no long path), owned by `owner` where we are root and it must not be."""
    folder = Path(tempfile.mkdtemp(prefix="assay-db-", dir=memory.room(1)))
    user = owner if owner and os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    try:
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(user: str | None, *command: str | Path) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(
        words, user=user, cwd="/", env=_NOBODY, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{Path(words[0]).name} ended with {done.returncode}: {(done.stdout + done.stderr)[-800:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _await_port(port: int, process: subprocess.Popen) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("MariaDB did not open its port within 60 s")
