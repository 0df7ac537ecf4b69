"""One dbt command in a process of its own, `python -m pipelines.dbt_process …`, on a manifest that is already parsed.

Nothing is parsed twice, and the garbage collector does not walk through the manifest again and again.
"""

import gc
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Run dbt with `arguments`, which name the target folder; returns its exit code."""
    gc.disable()
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    parsed = Path(arguments[arguments.index("--target-path") + 1]) / "partial_parse.msgpack"
    manifest = None
    if "parse" not in arguments:
        manifest = Manifest.from_msgpack(parsed.read_bytes(), decoder=extended_mashumuro_decoder)
        manifest.build_flat_graph()
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(100_000, 20, 100)
    done = dbtRunner(manifest=manifest).invoke(arguments)
    if done.exception:
        print(done.exception, file=sys.stderr)
    return 0 if done.success else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
