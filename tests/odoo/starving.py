"""Apply a plan while the disk under the ledger is full: `python -m tests.odoo.starving HOME BATCH PLAN`.

No file of this process may grow beyond a limit, which is raised a little after each refusal, as when an operator makes
room bit by bit. Prints how often the ledger was full; its file must be sound each time.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from pipelines.ledger import LedgerUnavailable
from pipelines.publish.apply import apply_plan
from pipelines.publish.policy import load_policy
from pipelines.resources import Settings
from sources.odoo.client import connect
from tests.odoo.publishing import NOW

STEP = 24 * 1024


def main() -> None:
    home, batch, plan_id = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    path = home / "ledger.db"
    settings = Settings(home, "test", f"sqlite:///{path}")
    policy = load_policy().model_copy(update={"batch": batch})
    client = connect(*(os.environ[name] for name in ("ODOO_URL", "ODOO_DB", "ODOO_LOGIN", "ODOO_KEY")))
    limit, full = 0, 0
    while True:
        sizes = [file.stat().st_size for file in home.glob("ledger.db*")]
        limit = max(limit + STEP, *sizes)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            apply_plan(settings, client, plan_id, NOW, "bot", policy=policy)
            break
        except LedgerUnavailable:
            full += 1
        with closing(sqlite3.connect(path)) as held:
            if held.execute("pragma integrity_check").fetchone() != ("ok",):
                sys.exit("the ledger is damaged")
    print(full)


if __name__ == "__main__":
    main()
