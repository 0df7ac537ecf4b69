"""The simulated retailer in a process of its own, so that those who answer and those who ask do not share one core.

`python -m sources.estate.process HOME PROFILE` serves until its standard input ends: it never outlives who started it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SERVING = "serving"


class NotServing(RuntimeError):
    """The retailer's process ended before it answered; the message says what to do."""


@contextmanager
def retailer_beside(profile: str, home: Path) -> Iterator[Callable[[], None]]:
    """Start the retailer and go on at once; yields what waits until it answers, which raises NotServing."""
    command = [sys.executable, "-m", __name__, str(home), profile]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:

        def wait() -> None:
            if child.stdout.readline().strip() != SERVING:
                raise NotServing(f"the simulated retailer {profile} did not start; its error stands above")

        try:
            yield wait
        finally:
            child.stdin.close()


def main(home: str, profile: str) -> None:
    """Serve until standard input ends."""
    from sources.estate import server

    try:
        with server.start(profile, Path(home)):
            print(SERVING, flush=True)
            sys.stdin.read()
    except KeyboardInterrupt:
        return  # Ctrl-C reaches the whole group; whoever started this says what happened


if __name__ == "__main__":
    main(*sys.argv[1:])
