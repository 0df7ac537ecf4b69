"""What provisioning does on this machine: commands, locks, steps that are done once."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("ASSAY_ODOO_HOME") or ROOT / ".odoo").resolve()


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
