"""A PostgreSQL cluster of our own, with databases in memory where the machine offers it."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import socket
import tempfile
from pathlib import Path

from tests import memory
from tests.odoo.machine import HOME, run, say


def postgres_bin() -> Path | None:
    """The folder of the newest PostgreSQL server programs on this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).resolve().parent if elsewhere else None


def cluster() -> Path:
    """Where the cluster lives: .odoo/pg, or a temporary folder where its owner could not reach that or its socket."""
    here = HOME / "pg"
    reachable = len(str(here)) < 80 and all(path.stat().st_mode & 0o001 for path in HOME.parents if path.exists())
    if os.geteuid() != 0 or reachable:
        return here
    return Path(tempfile.gettempdir()) / f"assay-odoo-{hashlib.sha256(str(HOME).encode()).hexdigest()[:12]}"


def as_owner(*command: str | Path) -> list[str | Path]:
    """PostgreSQL refuses to run as root: then its own account runs it."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)


def install_postgres() -> None:
    """PostgreSQL's server programs where they are missing, then a cluster of our own."""
    if postgres_bin() is None:
        say("installing PostgreSQL")
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run("apt-get", "-qq", "update", env=env)
        run("apt-get", "-qq", "install", "-y", "--no-install-recommends", "postgresql", env=env)
    pg = cluster()
    stop_postgres()
    shutil.rmtree(pg, ignore_errors=True)
    pg.mkdir(parents=True)
    if os.geteuid() == 0:
        HOME.chmod(0o755)
        account = pwd.getpwnam("postgres")
        os.chown(pg, account.pw_uid, account.pw_gid)
    trust = ["-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "-U", "postgres", "--no-sync"]
    run(*as_owner(postgres_bin() / "initdb", "-D", pg / "data", *trust), cwd=Path("/"))
    with (pg / "data/postgresql.conf").open("a") as conf:
        conf.write(
            f"listen_addresses=''\nport=5432\nunix_socket_directories='{pg}'\nshared_buffers=256MB\n"
            "fsync=off\nsynchronous_commit=off\nfull_page_writes=off\nmax_connections=200\n"
        )
    start_postgres()
    psql("create role odoo login createdb")


def start_postgres() -> None:
    """Start our cluster unless it runs."""
    pg = cluster()
    if not postgres_runs():
        ctl = postgres_bin() / "pg_ctl"
        run(*as_owner(ctl, "-D", pg / "data", "-l", pg / "log", "-s", "-w", "-t", "60", "start"), cwd=Path("/"))


def postgres_runs() -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(cluster() / ".s.PGSQL.5432")) == 0


def stop_postgres() -> None:
    """Stop our cluster if it runs."""
    if (cluster() / "data").exists() and postgres_runs():
        run(*as_owner(postgres_bin() / "pg_ctl", "-D", cluster() / "data", "-s", "-m", "fast", "stop"), cwd=Path("/"))


def psql(statement: str, database: str = "postgres", user: str = "postgres") -> str:
    """Run one statement; the rows as unaligned text."""
    words = ["-h", str(cluster()), "-U", user, "-d", database, "-v", "ON_ERROR_STOP=1", "-XAtqc", statement]
    return run(postgres_bin() / "psql", *words).strip()


def databases() -> set[str]:
    return set(psql("select datname from pg_database").split())


def open_space() -> str | None:
    """A tablespace of this process in memory: there a clone takes 0.1 s, on a busy disk some seconds."""
    if not memory.room(2):
        return None
    name = f"t_{os.getpid()}"
    folder = memory.MEMORY / f"assay-odoo-{name}"
    folder.mkdir()
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
    psql(f"create tablespace {name} location '{folder}'")
    psql(f"grant create on tablespace {name} to odoo")
    return name


def close_space(name: str) -> None:
    """Drop the databases of one process, and its tablespace."""
    for database in databases():
        if database == name or database.startswith(f"{name}_"):
            drop(database)
    if psql(f"select 1 from pg_tablespace where spcname = '{name}'"):
        psql(f"drop tablespace {name}")
    shutil.rmtree(memory.MEMORY / f"assay-odoo-{name}", ignore_errors=True)


def rename(name: str, to: str) -> None:
    """Rename a database, ending every connection to it."""
    psql(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
    psql(f'alter database "{name}" rename to "{to}"')


def drop(name: str) -> None:
    """Drop a database whoever is connected."""
    psql(f'drop database if exists "{name}" with (force)')
