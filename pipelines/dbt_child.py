"""The child process that dbt runs in. Started early it loads dbt, which takes seconds, beside other work, and waits.

What a command does belongs to transform.py, how the child carries it out to dbt_process.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence

from pipelines.resources import PROJECT

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""Models multiply small matrices: on a busy machine threads of numpy's wait for each other twenty times as long."""

_waiting: dict[frozenset, subprocess.Popen] = {}


def get_ready(environment: Mapping[str, str]) -> None:
    """Start the child of a run to come, which is the one with this environment. Unused, it ends with this process."""
    key = frozenset(environment.items())
    if key not in _waiting:
        _waiting[key] = _start(environment)


def begin(environment: Mapping[str, str], arguments: Sequence[object]) -> subprocess.Popen:
    """Give a dbt command to the child that waits for it, or to a new one; returns it, its stdout tells all.

    Its stdin stays open: closed, by whoever began it or by the end of that process, it ends the command.
    """
    child = _waiting.pop(frozenset(environment.items()), None)
    if child is None or child.poll() is not None:
        child = _start(environment)
    child.stdin.write(json.dumps([str(each) for each in arguments]) + "\n")
    child.stdin.flush()
    return child


def _start(environment: Mapping[str, str]) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.dbt_process"],
        cwd=PROJECT,
        env={**ONE_THREAD, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
