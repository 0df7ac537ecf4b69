"""`assay dev`: the Dagster UI beside the simulated retailer. Nothing runs until somebody starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import click
import httpx

from pipelines import resources
from pipelines.instance import prepare_home
from pipelines.resources import PROJECT, Settings, child_environment

READY_WITHIN_S = 180
USUAL_PORT = 3000


class NotReady(RuntimeError):
    """A page cannot be served; the message says why, or where its log is."""


def run(profile: str | None, port: int) -> int:
    """Serve until Ctrl-C or a termination, without a retailer if `profile` is None; returns the exit code."""
    settings, ended = resources.settings(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with _retailer(settings, profile), user_interface(settings, port or free_port(USUAL_PORT)) as url:
        click.echo(f"Dagster answers at {url}; Ctrl-C ends it.")
        ended.wait()
        click.echo("ending …")
    return 0


@contextmanager
def user_interface(settings: Settings, port: int = 0) -> Iterator[str]:
    """Dagster's webserver and daemon on the port (default: a free one) until the block ends; yields its URL.

    Raises NotReady.
    """
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    log = prepare_home(settings) / "dev.log"
    dagster = Path(sys.executable).with_name("dagster")
    command = [dagster, "dev", "-w", PROJECT / "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    environment = child_environment(settings) | {"DAGSTER_HOME": str(settings.dagster_home)}
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _await(process, url, log)
        yield url
    finally:
        stop(process)


def stop(process: subprocess.Popen) -> None:
    """End `dagster dev` with all it has started, its daemon and its webserver too, whoever of them does not listen."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port(wanted: int = 0) -> int:
    """A port of the loopback interface that nobody listens on: the wanted one if it is free."""
    with socket.socket() as caller, socket.socket() as listener:
        if wanted and caller.connect_ex(("127.0.0.1", wanted)):
            return wanted
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _retailer(settings: Settings, profile: str | None):
    if profile is None:
        return nullcontext()
    from sources.estate import server

    click.echo(f"starting the simulated retailer {profile} …")
    return server.start(profile, settings.home)


def _await(process: subprocess.Popen, url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/server_info", timeout=5).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise NotReady(f"the Dagster UI did not come up; its log is {log}")
