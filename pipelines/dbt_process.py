"""One dbt command in a process of its own, on a manifest that is already parsed; it comes as a line on standard input.

Nothing is parsed twice, and the garbage collector, which walked through the manifest again and again and found nothing
to speak of, is off. So are dbt's own loggers, for they put every debug message into words before they drop it; what is
worth saying is a line of JSON here. The manifest is as it was parsed, so that only the results are written after a run.
"""

import atexit
import gc
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple, NoReturn

from mashumaro.config import BaseConfig

from pipelines import ledger, manifest, resources

PARSED = "partial_parse.msgpack"
LOUD = ("info", "warn", "error")
FLUSHED_S = 0.2
WITH_RESULTS = ("build", "run", "seed", "test")


def main() -> int:
    """Load dbt and the home's parsed project, then run what is asked; returns dbt's exit code.

    That is a JSON list which names the target folder. Nothing is asked if whoever started this has gone.
    """
    gc.disable()
    BaseConfig.lazy_compilation = True  # or code is made for all that dbt could read and write, of which it does little
    from dbt.cli.main import dbtRunner
    from dbt_common.events.functions import msg_to_json

    from pipelines import dbt_thrift

    def tell(message) -> None:
        if message.info.level in LOUD:
            sys.stdout.write(msg_to_json(message) + "\n")
            sys.stdout.flush()

    settings, ours = resources.settings(), resources.PROJECT / "dbt_project"
    dbt_thrift.load_ahead()
    write_templates = dbt_thrift.keep_templates(ours / "target")
    folder, wanted = settings.home / "dbt", manifest.fingerprint(ours)
    at_hand = _parsed(folder / PARSED) if manifest.fits(folder, wanted) else None
    if at_hand:
        dbt_thrift.trust(at_hand.manifest)
        ledger.open_ledger(settings.ledger_url)  # a build follows; who only parses makes no ledger
    asked = sys.stdin.readline()
    if not asked:
        return 0
    arguments = json.loads(asked)
    target, command = Path(arguments[arguments.index("--target-path") + 1]), arguments[0]
    threading.Thread(target=end_with_who_asked, daemon=True).start()
    dbt_thrift.leave_out()
    sys.dont_write_bytecode = True  # each Python model becomes a file of its own, whose bytecode nobody would remove
    project_read = None if command == "parse" else _parsed(target / PARSED, at_hand).manifest
    quiet = ["--log-level", "none", "--log-level-file", "none", "--log-path", str(target / "logs")]
    kept = ["--no-write-json"] if command in WITH_RESULTS else []
    threading.Thread(target=write_out, args=(settings.warehouse,), daemon=True).start()
    quick = ["--cache-selected-only", *(["--use-fast-test-edges"] if command == "build" else [])]
    done = dbtRunner(manifest=project_read, callbacks=[tell]).invoke([*quick, *arguments, *kept, *quiet])
    write_templates()
    if kept and hasattr(done.result, "write"):
        done.result.write(str(target / "run_results.json"))
    if done.exception:
        print(done.exception, file=sys.stderr)
    return 0 if done.success else 1


def end_with_who_asked() -> NoReturn:
    """Leave at once when standard input closes: a build that nobody waits for would hold the warehouse."""
    sys.stdin.read()
    os._exit(1)


def write_out(file: Path) -> NoReturn:
    """Bring what is written to a file to the disk beside the build; a commit of a long table waits for what is left.

    At a million customers commits take 0.3 s of 55 instead of 2.0. The file stays open: to close one of a process takes
    the locks that DuckDB has on it.
    """
    while not file.exists():
        time.sleep(FLUSHED_S)
    written = os.open(file, os.O_RDONLY)
    while True:
        os.fsync(written)
        time.sleep(FLUSHED_S)


class Parsed(NamedTuple):
    """A parsed project as dbt wrote it, and as it reads it."""

    written: bytes
    manifest: object


def _parsed(path: Path, at_hand: Parsed | None = None) -> Parsed:
    """The parsed project of `path`, which may be the one that is `at_hand`."""
    written = path.read_bytes()
    if at_hand and at_hand.written == written:
        return at_hand
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    read = Manifest.from_msgpack(written, decoder=extended_mashumuro_decoder)
    read.build_flat_graph()
    return Parsed(written, read)


def leave(code: int) -> NoReturn:
    """End the process with all that it has to close closed: to take the rest apart takes longer than a small model."""
    if ledger.open_ledger.cache_info().currsize:
        ledger.open_ledger(resources.settings().ledger_url).dispose()
    atexit._run_exitfuncs()  # dbt's, which closes the warehouse
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
