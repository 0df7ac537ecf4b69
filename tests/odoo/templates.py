"""Databases to clone: a plain Odoo with API keys, and one that a retailer has used."""

from __future__ import annotations

import base64
import hashlib
import inspect
import os
import re
import subprocess
import time
from pathlib import Path

from tests.odoo.debian import ODOO_SHA256, odoo_command, odoo_environment
from tests.odoo.machine import HOME, ProvisionError, locked, run, say
from tests.odoo.postgres import close_space, cluster, databases, drop, psql

MODULES = os.environ.get("ASSAY_ODOO_MODULES") or "base,contacts,sale_management"
# On top of these, for the database that a retailer has used: see used_state.py.
USED_MODULES = "account,crm,hr,loyalty,point_of_sale,stock"
USED_STATE = Path(__file__).with_name("used_state.py")
# Templates of code or modules that nobody tests any more are dropped after so long.
KEPT_DAYS = 3
# More often no test changes what Odoo caches.
CACHE_STATES = 100_000
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


def template_name(modules: str = MODULES) -> str:
    """The name of the template with these modules; equal sets share one."""
    asked = ",".join(sorted(set(modules.split(","))))
    made_of = asked + FIRST_STATE + inspect.getsource(ease_signing_in) + ODOO_SHA256
    return f"tpl_{hashlib.sha256(made_of.encode()).hexdigest()[:10]}"


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
    ease_signing_in(building, keys)
    psql(f'alter database "{building}" rename to "{name}"')
    return name


def ease_signing_in(database: str, keys: dict[str, str]) -> None:
    """Take everybody's password and hash the API keys (by login) in one round.

    Over /jsonrpc Odoo tries a key as the password first, in 600,000 rounds, and again whenever its caches are outdated;
    a key takes 6,000 rounds with every call of JSON-2.
    """
    psql("update res_users set password = null", database)
    for key in keys.values():
        salt = os.urandom(16)
        hashed = (salt, hashlib.pbkdf2_hmac("sha512", key.encode(), salt, 1))
        said = "$".join(base64.b64encode(each, b"./").decode().rstrip("=") for each in hashed)
        psql(f"update res_users_apikeys set key = '$pbkdf2-sha512$1${said}' where index = '{key[:8]}'", database)


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


def clone(template: str, name: str, in_memory: bool = False) -> None:
    """A new database equal to `template`, to which nobody may be connected."""
    unused_days(template)
    (HOME / "cloned" / template).touch()
    space = f"t_{os.getpid()}"
    known = psql(f"select 1 from pg_tablespace where spcname = '{space}'")
    where = f"strategy file_copy tablespace {space}" if known and in_memory else ""
    psql(f'create database "{name}" template "{template}" {where}', user="odoo")


def outdate_caches(name: str, number: int) -> None:
    """Have an Odoo that has served a database of this name take nothing for known but its models.

    Each kind of cache has a table whose newest id tells its state: no two `number`s give it the same.
    """
    psql(
        f"""
        do $$ declare kind text; begin
            for kind in
                select table_name from information_schema.tables
                where table_name like 'orm\\_signaling\\_%' and table_name <> 'orm_signaling_registry'
            loop
                perform setval(kind || '_id_seq', {number * CACHE_STATES});
                execute format('insert into %I default values', kind);
            end loop;
        end $$
        """,
        name,
    )


def unused_days(template: str) -> float:
    """Since when nobody has cloned the template; one never seen counts from now."""
    stamp = HOME / "cloned" / template
    if not stamp.exists():
        stamp.parent.mkdir(exist_ok=True)
        stamp.touch()
    return (time.time() - stamp.stat().st_mtime) / 86_400


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
