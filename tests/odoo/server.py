"""A private Odoo 19 on its own PostgreSQL for the tests, installed into one directory of this checkout.

Standard library and subprocesses only, so that it runs before anything else is installed. Each step leaves a
stamp: a second run does nothing, an interrupted one goes on. The machine's apt and dpkg are left as they are,
except that a missing PostgreSQL is installed where that is allowed.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import os
import platform
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("ASSAY_ODOO_HOME") or ROOT / ".odoo").resolve()
REQUIREMENTS = Path(__file__).with_name("requirements-odoo.txt")
MODULES = os.environ.get("ASSAY_ODOO_MODULES") or "base,contacts,sale_management"
# On top of these, for the database that a retailer has used: see used_state.py.
USED_MODULES = "account,crm,hr,loyalty,point_of_sale,stock"
USED_STATE = Path(__file__).with_name("used_state.py")
ODOO_DEB = "odoo-19"
ODOO_VERSION = "19.0.0+dfsg-1"
ODOO_SHA256 = "9d2f598b0555db17e291d48ed24df184c70823c053c4c5ed53c467ca7f629bbf"
# The deb's links to scripts and fonts dangle until these stand beside it; without them the login page fails.
BESIDE = ["libjs-jquery", "libjs-underscore", "libjs-jquery-form", "fonts-roboto-unhinted", "fonts-montserrat"]
BESIDE += ["fonts-inconsolata", "fonts-ocr-b", "fonts-font-awesome=5.0.10+really4.7.0~dfsg-4.1"]
FONTS_SUITE = "bookworm"
ARCHIVE_KEY = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MEMORY = Path("/dev/shm")
# Templates of code or modules that nobody tests any more are dropped after so long.
KEPT_DAYS = 3
BOT, HUMAN = "admin", "steward"

# Odoo runs this once in a new template: the API keys, and the state in which every test finds the database.
FIRST_STATE = """
import datetime
groups = ["base.group_user", "base.group_partner_manager", "sales_team.group_sale_manager"]
groups += ["product.group_product_manager", "product.group_product_pricelist", "product.group_product_variant"]
groups = [env.ref(name).id for name in groups if env.ref(name, raise_if_not_found=False)]
admin = env.ref("base.user_admin")
steward = env["res.users"].with_context(no_reset_password=True).create(
    {"name": "Data Steward", "login": "steward", "email": "steward@example.com", "group_ids": [(6, 0, groups)]})
env.ref("base.group_user").implied_ids |= env.ref("product.group_product_pricelist")
for login, user in (("admin", admin), ("steward", steward)):
    Keys = env["res.users.apikeys"].with_user(user).sudo(False)
    days = 3650 if login == "admin" else 89
    until = datetime.datetime.now() + datetime.timedelta(days=days)
    key = Keys._generate("rpc", "assay tests", until)
    print("KEY", login, key)
env["res.currency"].with_context(active_test=False).search([("name", "in", ["CZK", "EUR"])]).active = True
for code in ("cs_CZ", "de_DE"):
    env["res.lang"]._activate_lang(code)
env.cr.commit()
"""


class ProvisionError(RuntimeError):
    """This machine cannot hold the real Odoo; the message says why and what to do."""


def say(text: str) -> None:
    print(f"[{time.perf_counter() - _BEGAN:6.1f} s] {text}", flush=True)


_BEGAN = time.perf_counter()


def run(*command: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None, stdin: str = "") -> str:
    """Run a command to its end and return what it printed; ProvisionError carries its last lines."""
    words = [str(word) for word in command]
    done = subprocess.run(words, env=env, cwd=cwd, input=stdin, text=True, capture_output=True, check=False)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise ProvisionError(f"{' '.join(words)[:200]} ended with {done.returncode}:\n{tail}")
    return done.stdout


@contextlib.contextmanager
def locked(name: str, shared: bool = False) -> Iterator[None]:
    """Hold `.odoo/<name>.lock`, so that processes on one checkout do not provision over each other."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


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


def step(name: str, inputs: str, work: Callable[[], None]) -> bool:
    """Do `work` unless its stamp says that it was done with the same inputs."""
    stamp = HOME / "done" / name
    digest = hashlib.sha256(inputs.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return False
    work()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest)
    return True


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


def debian_mirror() -> str | None:
    """The address in this machine's own apt sources that serves the suite it runs."""
    release = Path("/etc/os-release")
    found = re.search(r"^VERSION_CODENAME=(\w+)", release.read_text(), re.M) if release.exists() else None
    folder = Path("/etc/apt/sources.list.d")
    files = [Path("/etc/apt/sources.list"), *sorted(folder.glob("*.list")), *sorted(folder.glob("*.sources"))]
    return mirror_in(
        "\n\n".join(path.read_text() for path in files if path.exists()), found[1] if found else FONTS_SUITE
    )


def mirror_in(sources: str, codename: str) -> str | None:
    """The first address for `codename` itself in apt sources, one-line or deb822; None if there is none."""
    for line in sources.splitlines():
        entry = re.match(r"deb\s+(?:\[[^\]]*\]\s+)?(https?://\S+)\s+(\S+)\s", line.strip() + " ")
        if entry and entry[2] == codename:
            return entry[1].rstrip("/")
    for stanza in re.split(r"\n\s*\n", sources):
        fields = dict(re.findall(r"^(URIs|Suites|Types|Enabled):[ \t]*(.+)$", stanza, re.M))
        wanted = codename in fields.get("Suites", "").split() and "deb" in fields.get("Types", "").split()
        if wanted and fields.get("Enabled", "yes").strip() != "no":
            return fields["URIs"].split()[0].rstrip("/")
    return None


def postgres_bin() -> Path | None:
    """The folder of the newest PostgreSQL server programs on this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).resolve().parent if elsewhere else None


# --- Odoo's program -------------------------------------------------------------------------------------------------


def fetch_odoo() -> None:
    """Unpack Odoo and what stands beside it into .odoo/root, through a private apt."""
    apt, debs, root = HOME / "apt", HOME / "debs", HOME / "root"
    for folder in (apt / "lists/partial", apt / "cache/archives/partial", debs):
        folder.mkdir(parents=True, exist_ok=True)
    mirror = debian_mirror()
    source = f"deb [signed-by={ARCHIVE_KEY}] {mirror} {{}} main\n"
    (apt / "sources.list").write_text(source.format("sid") + source.format(FONTS_SUITE))
    (apt / "status").touch()
    (apt / "apt.conf").write_text(
        f'Dir::Etc::sourcelist "{apt}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
        f'Dir::State::lists "{apt}/lists";\nDir::State::status "{apt}/status";\nDir::Cache "{apt}/cache";\n'
        'APT::Sandbox::User "root";\nAcquire::Languages "none";\nAcquire::Retries "3";\n'
    )
    env = {**os.environ, "APT_CONFIG": str(apt / "apt.conf")}
    run("apt-get", "-qq", "update", env=env)
    say("downloading Odoo (122 MB)")
    run("apt-get", "-qq", "download", f"{ODOO_DEB}={ODOO_VERSION}", *BESIDE, env=env, cwd=debs)
    deb = next(debs.glob(f"{ODOO_DEB}_*.deb"))
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    if digest != ODOO_SHA256:
        raise ProvisionError(f"{deb.name} has sha256 {digest}, expected {ODOO_SHA256}; review the new build first")
    say("unpacking Odoo without its translations")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    leave_out = ["--exclude=*/i18n/*", "--exclude=./usr/lib/python3/dist-packages/addons/*"]
    for path in sorted(debs.glob("*.deb")):
        unpack = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", root, *leave_out], stdin=unpack.stdout, check=True)
        if unpack.wait():
            raise ProvisionError(f"{path.name} could not be unpacked; delete {debs} and run again")
    shutil.rmtree(debs)


def install_python() -> None:
    """Odoo's own Python environment in .odoo/venv."""
    venv, partial = HOME / "venv", HOME / "venv.partial"
    shutil.rmtree(partial, ignore_errors=True)
    run(sys.executable, "-m", "venv", partial)
    say("installing Odoo's Python packages")
    run(partial / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS)
    shutil.rmtree(venv, ignore_errors=True)
    partial.rename(venv)


def odoo_command(*words: str | Path) -> list[str]:
    return [str(word) for word in (HOME / "venv/bin/python", "-m", "odoo", *words)]


def odoo_environment() -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return env | {"PYTHONPATH": str(HOME / "root/usr/lib/python3/dist-packages")}


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


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
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < 2 * 2**30:
        return None
    name = f"t_{os.getpid()}"
    folder = MEMORY / f"assay-odoo-{name}"
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
    shutil.rmtree(MEMORY / f"assay-odoo-{name}", ignore_errors=True)


def sweep() -> None:
    """Remove what killed test runs left behind."""
    spaces = psql("select spcname from pg_tablespace where spcname like 't\\_%'").split()
    for name in {*spaces, *(re.sub(r"^(t_\d+)_.*", r"\1", database) for database in databases())}:
        found = re.fullmatch(r"t_(\d+)", name)
        if found and not Path(f"/proc/{found[1]}").exists():
            close_space(name)
    for name in databases():
        if name.startswith("tpl_") and name not in (template_name(), used_name()) and unused_days(name) > KEPT_DAYS:
            drop(name)
            for path in (HOME / "cloned" / name, *(HOME / "keys").glob(f"{name}*")):
                path.unlink()


def unused_days(template: str) -> float:
    """Since when nobody has cloned the template; one never seen counts from now."""
    stamp = HOME / "cloned" / template
    if not stamp.exists():
        stamp.parent.mkdir(exist_ok=True)
        stamp.touch()
    return (time.time() - stamp.stat().st_mtime) / 86_400


def clone(template: str, name: str, in_memory: bool = False) -> None:
    """A new database equal to `template`, to which nobody may be connected."""
    unused_days(template)
    (HOME / "cloned" / template).touch()
    space = f"t_{os.getpid()}"
    known = psql(f"select 1 from pg_tablespace where spcname = '{space}'")
    where = f"strategy file_copy tablespace {space}" if known and in_memory else ""
    psql(f'create database "{name}" template "{template}" {where}', user="odoo")


def rename(name: str, to: str) -> None:
    """Rename a database, ending every connection to it."""
    psql(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
    psql(f'alter database "{name}" rename to "{to}"')


def drop(name: str) -> None:
    """Drop a database whoever is connected."""
    psql(f'drop database if exists "{name}" with (force)')


# --- templates ------------------------------------------------------------------------------------------------------


def template_name(modules: str = MODULES) -> str:
    """The name of the template with these modules; equal sets share one."""
    asked = ",".join(sorted(set(modules.split(","))))
    return f"tpl_{hashlib.sha256((asked + FIRST_STATE + ODOO_SHA256).encode()).hexdigest()[:10]}"


def build_template(modules: str = MODULES) -> str:
    """A database with `modules` installed and the API keys in .odoo/keys/<template>; its name."""
    name = template_name(modules)
    if name in databases() and (HOME / "keys" / name).exists():
        return name
    drop(name)
    building = f"{name}_building"
    drop(building)
    write_configuration()
    say(f"installing Odoo's modules: {modules}")
    install_modules(building, modules)
    say("making API keys")
    printed = in_shell(building, FIRST_STATE)
    keys = dict(re.findall(r"KEY (\w+) (\w+)", printed))
    if set(keys) != {BOT, HUMAN}:
        raise ProvisionError(f"Odoo's shell made no API keys; it printed:\n{printed[-2000:]}")
    path = HOME / "keys" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{login} {key}\n" for login, key in keys.items()))
    path.chmod(0o600)
    psql(f'alter database "{building}" rename to "{name}"')
    return name


def used_name() -> str:
    """The name of the template that a retailer has used."""
    made_of = template_name() + USED_MODULES + USED_STATE.read_text()
    return f"tpl_used_{hashlib.sha256(made_of.encode()).hexdigest()[:10]}"


def build_used() -> str:
    """The plain template with more modules on top, and used: its name. Ids by key in .odoo/keys/<template>.json."""
    with locked("used"):
        if used_name() not in databases() or not (HOME / "keys" / f"{used_name()}.json").exists():
            _build_used(used_name(), "tpl_used_building")
    return used_name()


def _build_used(name: str, building: str) -> None:
    drop(name)
    drop(building)
    clone(build_template(), building)
    write_configuration()
    say(f"installing more of Odoo's modules: {USED_MODULES}")
    install_modules(building, USED_MODULES)
    say("using them")
    ids = re.search(r"^IDS (.+)$", in_shell(building, USED_STATE.read_text()), re.M)
    if not ids:
        raise ProvisionError(f"{USED_STATE.name} did not come to its end; run it in `odoo shell` to see why")
    (HOME / "keys" / f"{name}.json").write_text(ids[1])
    psql(f'alter database "{building}" rename to "{name}"')


def install_modules(database: str, modules: str) -> None:
    """Have Odoo install `modules` into the database, which it makes where there is none."""
    words = ("server", "-c", HOME / "odoo.conf", "-d", database, "-i", modules, "--stop-after-init", "--no-http")
    follow(odoo_command(*words, "--log-level=info"))


def in_shell(database: str, script: str) -> str:
    """Run a script in Odoo's own shell; what it printed."""
    shell = odoo_command("shell", "-c", HOME / "odoo.conf", "-d", database, "--no-http", "--log-level=error")
    return run(*shell, env=odoo_environment(), cwd=HOME, stdin=script)


def follow(command: list[str]) -> None:
    """Run Odoo to its end, showing every tenth module; ProvisionError with the errors of its log."""
    errors = []
    with subprocess.Popen(
        command, env=odoo_environment(), cwd=HOME, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr:
            found = re.search(r"Loading module (\w+) \((\d+)/(\d+)\)", line)
            if found and int(found[3]) > 10 and int(found[2]) % 10 == 0:
                say(f"module {found[2]} of {found[3]}: {found[1]}")
            if " ERROR " in line or " CRITICAL " in line or line.startswith(("Traceback", "odoo.", "psycopg2.")):
                errors.append(line)
    if process.returncode:
        raise ProvisionError(f"Odoo ended with {process.returncode}:\n{''.join(errors[-10:])}")


def write_configuration() -> None:
    addons = HOME / "root" / "usr/lib/python3/dist-packages/odoo/addons"
    (HOME / "odoo.conf").write_text(
        f"[options]\ndb_host = {cluster()}\ndb_port = 5432\ndb_user = odoo\ndata_dir = {HOME}/data\n"
        f"addons_path = {addons}\nhttp_interface = 127.0.0.1\n"
        "workers = 0\nmax_cron_threads = 0\nlimit_memory_soft = 0\nlimit_memory_hard = 0\n"
    )


def api_keys(template: str) -> dict[str, str]:
    """API key by login, valid in every database cloned from `template`."""
    return dict(line.split() for line in (HOME / "keys" / template).read_text().splitlines())


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


# --- the server -----------------------------------------------------------------------------------------------------


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
