"""One dbt command in a process of its own, on a manifest that is already parsed; it comes as a line on standard input.

Nothing is parsed twice, and the garbage collector, which walked through the manifest again and again and found nothing
to speak of, is off. So are dbt's own loggers, for they put every debug message into words before they drop it; what is
worth saying is a line of JSON here. The manifest is as it was parsed, so that only the results are written after a run.
"""

import gc
import json
import sys
from pathlib import Path

LOUD = ("info", "warn", "error")
WITH_RESULTS = ("build", "run", "seed", "test")


def main() -> int:
    """Load dbt, then run what is asked, a JSON list that names the target folder; returns dbt's exit code.

    Nothing is asked if whoever started this has gone.
    """
    gc.disable()
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder
    from dbt_common.events.functions import msg_to_json

    from pipelines import dbt_thrift

    def tell(message) -> None:
        if message.info.level in LOUD:
            sys.stdout.write(msg_to_json(message) + "\n")
            sys.stdout.flush()

    dbt_thrift.load_ahead()
    asked = sys.stdin.readline()
    if not asked:
        return 0
    arguments = json.loads(asked)
    target, project = (Path(arguments[arguments.index(place) + 1]) for place in ("--target-path", "--project-dir"))
    command = arguments[0]
    dbt_thrift.leave_out()
    write_templates = dbt_thrift.keep_templates(project / "target")
    manifest = None
    if command != "parse":
        parsed = (target / "partial_parse.msgpack").read_bytes()
        manifest = Manifest.from_msgpack(parsed, decoder=extended_mashumuro_decoder)
        manifest.build_flat_graph()
    quiet = ["--log-level", "none", "--log-level-file", "none", "--log-path", str(target / "logs")]
    kept = ["--no-write-json"] if command in WITH_RESULTS else []
    done = dbtRunner(manifest=manifest, callbacks=[tell]).invoke([*arguments, *kept, *quiet])
    write_templates()
    if kept and hasattr(done.result, "write"):
        done.result.write(str(target / "run_results.json"))
    if done.exception:
        print(done.exception, file=sys.stderr)
    gc.freeze()  # or the end of the process walks through all that was ever made
    return 0 if done.success else 1


if __name__ == "__main__":
    sys.exit(main())
