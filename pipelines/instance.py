"""Dagster's own home: its settings, its store of runs, and how this process and the UI find them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from pipelines.resources import Settings

TEMPLATE = Path(__file__).with_name("dagster.yaml")


def prepare_home(settings: Settings) -> Path:
    """Create Dagster's home with its settings, unless it is there; returns the folder."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    if not (settings.dagster_home / TEMPLATE.name).exists():
        shutil.copyfile(TEMPLATE, settings.dagster_home / TEMPLATE.name)
    return settings.dagster_home


@contextmanager
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The store of runs that the UI shows."""
    with dg.DagsterInstance.from_config(str(prepare_home(settings))) as opened:
        yield opened
