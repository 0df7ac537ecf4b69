"""Odoo's program out of Debian's archive, and the Python packages that it needs. Apt and dpkg are left as they are."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.odoo.machine import HOME, ProvisionError, run, say

REQUIREMENTS = Path(__file__).with_name("requirements-odoo.txt")
ODOO_DEB = "odoo-19"
ODOO_VERSION = "19.0.0+dfsg-1"
ODOO_SHA256 = "9d2f598b0555db17e291d48ed24df184c70823c053c4c5ed53c467ca7f629bbf"
# The deb's links to scripts and fonts dangle until these stand beside it; without them the login page fails.
BESIDE = ["libjs-jquery", "libjs-underscore", "libjs-jquery-form", "fonts-roboto-unhinted", "fonts-montserrat"]
BESIDE += ["fonts-inconsolata", "fonts-ocr-b", "fonts-font-awesome=5.0.10+really4.7.0~dfsg-4.1"]
FONTS_SUITE = "bookworm"
ARCHIVE_KEY = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


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
    pip = (partial / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
    run(*pip, "-r", REQUIREMENTS)
    shutil.rmtree(venv, ignore_errors=True)
    partial.rename(venv)


def odoo_command(*words: str | Path) -> list[str]:
    return [str(word) for word in (HOME / "venv/bin/python", "-m", "odoo", *words)]


def odoo_environment() -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return env | {"PYTHONPATH": str(HOME / "root/usr/lib/python3/dist-packages")}
