"""dbt's manifest: parsed once for each state of the project, whichever home asks, and copied from then on."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from pipelines.resources import Settings

PARSED = ("models", "matching", "macros", "seeds", "tests", "dbt_project.yml")
FILES = ("manifest.json", "partial_parse.msgpack")
MARK = "parsed.txt"


def fingerprint(project: Path) -> str:
    """SHA-256 over every file that dbt parses and the version of dbt: the same project, the same manifest."""
    hashed = hashlib.sha256(version("dbt-core").encode())
    for path in sorted(path for name in PARSED for path in [project / name, *(project / name).rglob("*")]):
        if path.is_file():
            hashed.update(f"{path.relative_to(project)}\0{_digest(path, path.stat().st_mtime_ns)}\n".encode())
    return hashed.hexdigest()


@lru_cache(maxsize=4096)
def _digest(path: Path, _changed_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def prepared_manifest(settings: Settings, project: Path, parse: Callable[[Settings, Path], object]) -> Path:
    """The path of the home's manifest, made to fit the project as it stands; `parse` runs dbt into a target folder.

    What one home has parsed, the others copy. Raises what `parse` raises.
    """
    target, shared, wanted = settings.home / "dbt", project / "target", fingerprint(project)
    if fits(target, wanted):
        return target / FILES[0]
    if not fits(shared, wanted):
        shared.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=shared, prefix="parsing-") as folder:
            if (shared / FILES[1]).exists():
                shutil.copy(shared / FILES[1], folder)
            parse(settings, Path(folder))
            (Path(folder) / MARK).write_text(wanted)
            _hand_over(Path(folder), shared)
    _hand_over(shared, target)
    return target / FILES[0]


def fits(folder: Path, wanted: str) -> bool:
    """Whether what a folder holds was parsed of the project with this fingerprint."""
    mark = folder / MARK
    return mark.exists() and mark.read_text() == wanted and all((folder / name).exists() for name in FILES)


def _hand_over(source: Path, target: Path) -> None:
    """Copy the parsed files; the mark goes first and comes last, so that no half set ever fits."""
    target.mkdir(parents=True, exist_ok=True)
    (target / MARK).unlink(missing_ok=True)
    for name in (*FILES, MARK):
        partial = target / f"{name}.{os.getpid()}.partial"
        shutil.copy(source / name, partial)
        os.replace(partial, target / name)
