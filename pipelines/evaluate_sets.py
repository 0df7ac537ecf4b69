"""`assay match eval` over one set of files or all mappings of a folder: finds the files, tells the figures."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines import curve as curves
from pipelines.evaluate import Evaluation, evaluate_set
from pipelines.mapping import Mapping, UnusableInput, load


def report(
    mapping: Sequence[Path],
    records: Sequence[Path],
    truth: Sequence[Path],
    test: Path | None,
    data: Path | None,
    domain: str | None,
    as_json: Path | None,
    curve: Path | None,
    labels: int = 0,
    backend: str = "own",
) -> Iterator[str]:
    """The figures of each set as lines; a set whose files are absent is named. Raises UnusableInput, BuildFailed."""
    paths = [path for given in mapping for path in (sorted(given.glob("*.yml")) if given.is_dir() else [given])]
    mappings = [m for m in map(load, paths) if domain in (None, m.domain)]
    if not mappings:
        raise UnusableInput("no mapping of that domain was given")
    if records and len(mappings) > 1:
        raise UnusableInput("--records are of one set; give the one --mapping that describes them")
    if curve:
        curves.refuse_other_endings(curve)
    for written in (as_json, curve):
        if written and not written.parent.is_dir():
            raise UnusableInput(f"{written} cannot be written: {written.parent} is no folder")
    done: list[Evaluation] = []
    with tempfile.TemporaryDirectory(prefix="assay-eval-") as home:
        for one in mappings:
            files = _files(one, records, truth, test, data)
            absent = [path for path in (*files[0], *files[1]) if not path.exists()]
            if absent and not records:
                yield f"{one.name}: absent, {absent[0]} does not exist"
                continue
            done.append(evaluate_set(Path(home), one, *files, labels, backend, curve is not None))
            yield from done[-1].lines()
    if as_json:
        as_json.write_text(json.dumps([e.as_dict() for e in done], indent=2) + "\n", encoding="utf-8")
    if curve:
        curves.write(curve, {e.name: e.curve for e in done})


def _files(
    mapping: Mapping, records: Sequence[Path], truth: Sequence[Path], test: Path | None, data: Path | None
) -> tuple[Sequence[Path], Sequence[Path], Path | None]:
    if records:
        if not truth:
            raise UnusableInput("--truth is missing: the labels that --records are scored with")
        return records, truth, test
    if not (mapping.files and data):
        raise UnusableInput(f"mapping {mapping.name}: give --records and --truth, or --data for a mapping with `files`")
    named = mapping.files
    tested = data / named.test if named.test else None
    return [data / name for name in named.records], [data / name for name in named.truth], tested
