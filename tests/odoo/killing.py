"""A process that applies or undoes in children of its own and kills them: `python -m tests.odoo.killing HOME BATCH`.

One line in per child, `apply|undo ID SECONDS`; one line out, `killed` or `ended`. Children are forked from a process
that has imported everything and opened nothing, so that a kill hits the work and not the start.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from pipelines.publish.apply import apply_plan
from pipelines.publish.policy import load_policy
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.undo import undo_run
from pipelines.resources import Settings
from sources.odoo.client import connect
from tests.odoo.publishing import NOW


def child(home: Path, batch: int, transport: str, verb: str, of: str) -> None:
    """Do the work in this process, as the command line would."""
    settings = Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")
    policy = load_policy().model_copy(update={"batch": batch})
    about = (os.environ[name] for name in ("ODOO_URL", "ODOO_DB", "ODOO_LOGIN", "ODOO_KEY"))
    client = connect(*about, transport=transport)
    work = apply_plan if verb == "apply" else undo_run
    try:
        work(settings, client, of, NOW, "bot", policy=policy)
    except PublishRefused as refused:
        # Killed between its last commit and its end: nothing was left to do.
        if verb != "undo" or "was undone by" not in str(refused):
            raise


def main() -> None:
    home, batch, transport = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    for line in sys.stdin:
        verb, of, seconds = line.split()
        pid = os.fork()
        if pid == 0:
            child(home, batch, transport, verb, of)
            os._exit(0)
        until = time.monotonic() + float(seconds)
        ended, status = os.waitpid(pid, os.WNOHANG)
        while not ended and time.monotonic() < until:
            time.sleep(0.001)
            ended, status = os.waitpid(pid, os.WNOHANG)
        if not ended:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        elif status:
            sys.exit(f"the child ended with {os.waitstatus_to_exitcode(status)}")
        print("ended" if ended else "killed", flush=True)


if __name__ == "__main__":
    main()
