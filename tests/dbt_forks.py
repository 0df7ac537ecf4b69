"""dbt for the tests: loaded once by each of their processes, every command in a fork of that one.

To load dbt and our manifest takes longer than a small build. The fork runs `pipelines.dbt_process` from its first line
to its last, in the environment it was asked for; what is at hand already is modules and the manifest, if it is the same
byte by byte. `python -m tests.dbt_forks SOCKET` is the process that is forked: it opens nothing, and has no threads but
those of allocators, which know of forks.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property

from pipelines import dbt_child, manifest
from pipelines.resources import PROJECT

ENOUGH = 1 << 20  # an environment as JSON is shorter


class Forks:
    """Gives out dbt's children; the process that they are forks of begins with the first and ends with `close`."""

    @cached_property
    def line(self) -> socket.socket:
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            command = [sys.executable, "-m", "tests.dbt_forks", str(its.fileno())]
            environment = {**os.environ, **dbt_child.ONE_THREAD}
            self.process = subprocess.Popen(command, cwd=PROJECT, env=environment, pass_fds=[its.fileno()])
        return mine

    def start(self, environment: Mapping[str, str]) -> Child:
        """A child of its own as `dbt_child` wants it: it waits for a command on its standard input."""
        asked, commands = os.pipe()
        output, said = os.pipe()
        ended, end = os.pipe()
        socket.send_fds(self.line, [json.dumps(dict(environment)).encode()], [asked, said, end])
        for each in (asked, said, end):
            os.close(each)
        return Child(commands, output, ended)

    def close(self) -> None:
        if "line" in self.__dict__:
            self.line.close()
            self.process.wait()


class Child:
    """What a Popen tells of a process that is not ours to wait for."""

    def __init__(self, commands: int, output: int, ended: int):
        self.stdin, self.stdout = os.fdopen(commands, "w"), os.fdopen(output)
        self._ended = os.fdopen(ended)

    @cached_property
    def _code(self) -> int:
        return int(self._ended.read())

    def wait(self) -> int:
        return self._code

    def poll(self) -> int | None:
        return self._code if select.select([self._ended], [], [], 0)[0] else None


def serve(line: socket.socket) -> None:
    """Load what every build needs, then fork for each one that asks, until nobody is left who could."""
    from pipelines import dbt_process, dbt_thrift

    for name in ("dbt.cli.main", *dbt_thrift.IN_BUILDS):
        importlib.import_module(name)
    project = PROJECT / "dbt_project"
    if manifest.fits(project / "target", manifest.fingerprint(project)):
        read, known = dbt_process._parsed, dbt_process._parsed(project / "target" / dbt_process.PARSED)
        dbt_process._parsed = lambda path, at_hand=None: read(path, at_hand or known)
    gc.freeze()
    while True:
        said, files, _, _ = socket.recv_fds(line, ENOUGH, 3)
        if not said:
            return
        if os.fork() == 0:
            line.close()
            _carry_out(json.loads(said), *files)
        for each in files:
            os.close(each)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _carry_out(environment: dict[str, str], asked: int, said: int, end: int) -> None:
    """Be dbt's process in a child, and tell its exit code when it is gone, whatever ended it."""
    from pipelines import dbt_process

    child = os.fork()
    if child:
        for each in (asked, said):
            os.close(each)
        os.write(end, str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
        os._exit(0)
    os.close(end)
    for here, there in ((asked, 0), (said, 1), (said, 2)):
        os.dup2(here, there)
    os.close(asked)
    os.close(said)
    os.environ.clear()
    os.environ.update(environment)
    try:
        dbt_process.leave(dbt_process.main())
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
