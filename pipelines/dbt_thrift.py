"""What dbt does at every node again though nobody needs it, left out of a run: a third of what it computes in Python.

Nothing here decides what is built; with dbt as it comes a build is slower and otherwise the same.
"""

from __future__ import annotations

import hashlib
import importlib
import marshal
import os
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from types import CodeType
from typing import Any

from agate import TypeTester
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.compilation import Linker
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.project import Configuration, PackageConfig, Project, ProjectFlags
from dbt.graph.selector import NodeSelector
from dbt.graph.selector_spec import SelectionCriteria
from dbt.plugins.manager import PluginManager
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import MacroFuzzEnvironment, MacroFuzzTemplate, NativeSandboxTemplate
from dbt_common.events.base_types import BaseEvent, DebugLevel
from dbt_common.events.event_manager import EventManager

from pipelines import known_ids

IN_MODELS = (
    *("build_ids", "changes", "contradictions", "echoes", "learning", "likeness", "linkage", "matching"),
    *("offers", "product_groups", "thresholds", "trained"),
)
IN_BUILDS = ("dbt.task.build", *(f"pipelines.{name}" for name in IN_MODELS))
_UNREADABLE = (OSError, EOFError, ValueError, TypeError)


def load_ahead() -> None:
    """Load what a build needs besides dbt before it is asked for: what Python models import, dbt's own schemas and
    plugins."""
    for name in IN_BUILDS:
        importlib.import_module(name)
    known_ids.scratch()
    plugins = PluginManager.get_prefixed_modules()
    PluginManager.get_prefixed_modules = classmethod(lambda cls: plugins)
    DuckDBCredentials.json_schema()
    for read, least in ((Project, {"name": "any"}), (ProjectFlags, {}), (DuckDBCredentials, {"schema": "main"})):
        read.from_dict(least)


def trust(manifest: Manifest) -> None:
    """Do not check again what was checked when this project was parsed: to make the schemas of that takes long.

    One node of each kind and one macro are put into words: how is compiled when that is first done.
    """
    for checked in (Configuration, PackageConfig, Project, ProjectFlags):
        checked.validate = classmethod(lambda cls, data: None)
    for each in {type(each): each for each in (*manifest.nodes.values(), *manifest.macros.values())}.values():
        each.to_dict(omit_none=True)


def leave_out() -> None:
    """Make no message of what is for debugging, and no copy of a context for each argument of a test.

    dbt puts each such event into two messages before it asks whether anyone listens. An argument is rendered with all
    macros at hand; dbt's other templates look them up where they are, and so do these now. No summary of the whole
    graph is written, and no source of dbt read to name the place where a flag of its adapter is declared. What tells
    the types of an answer's columns is made once, not for each answer: its parsers of dates are dear. What is selected
    is looked for once, not three times, and a graph that was parsed is not searched for circles again.
    """
    Linker.get_graph_summary = lambda self, manifest: {}
    BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")
    fire = EventManager.fire_event

    def fire_heard(self: EventManager, e: BaseEvent, level: Any = None, *rest: Any, **named: Any) -> None:
        if not isinstance(e, DebugLevel):
            fire(self, e, level, *rest, **named)
        elif level is not None:
            BaseEvent.__init__(e, **e.__dict__.pop("said"))
            fire(self, e, level, *rest, **named)

    def keep(self: DebugLevel, **said: Any) -> None:
        self.__dict__["said"] = said

    @lru_cache
    def tester_once(text_columns: frozenset[str], nulls: tuple[str, ...]) -> TypeTester:
        return test_anew(text_columns, nulls)

    def tester(text_columns: Iterable[str] = (), string_null_values: Iterable[str] = ("null", "")) -> TypeTester:
        return tester_once(frozenset(text_columns), tuple(string_null_values))

    def select_once(self: NodeSelector, nodes: Iterable[str], spec: SelectionCriteria) -> set[str]:
        asked = (frozenset(nodes), spec.method, *spec.method_arguments, spec.value)
        if asked not in chosen:
            chosen[asked] = select_anew(self, nodes, spec)
        return set(chosen[asked])

    chosen: dict[tuple, set[str]] = {}
    select_anew, NodeSelector.select_included = NodeSelector.select_included, select_once
    Linker.find_cycles = lambda self: None
    test_anew, agate_helper.build_type_tester = agate_helper.build_type_tester, tester
    nothing = agate_helper.empty_table()
    agate_helper.empty_table = lambda: nothing
    EventManager.fire_event = fire_heard
    DebugLevel.__init__ = keep
    NativeSandboxTemplate.new_context = MacroFuzzTemplate.new_context


def keep_templates(folder: Path) -> Callable[[], None]:
    """Take the code of templates that an earlier run has compiled from `folder`; what it returns adds the new ones.

    A template is known by its text, so that an edited one is compiled anew.
    """
    said = "-".join([sys.implementation.cache_tag, *(version(name) for name in ("jinja2", "dbt-common", "dbt-core"))])
    path = folder / f"templates-{said}.marshal"
    known = _read(path)
    before, compile_anew = len(known), MacroFuzzEnvironment.compile

    def compile_once(self: MacroFuzzEnvironment, source: str, *rest: Any, **named: Any) -> CodeType:
        if rest or named or not isinstance(source, str):
            return compile_anew(self, source, *rest, **named)
        key = hashlib.sha256(f"{type(self).__name__} {source}".encode()).digest()
        if key not in known:
            known[key] = compile_anew(self, source)
        return known[key]

    def write() -> None:
        if len(known) > before:
            folder.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(f".{os.getpid()}.partial")
            partial.write_bytes(marshal.dumps(known))
            os.replace(partial, path)

    MacroFuzzEnvironment.compile = compile_once
    return write


def _read(path: Path) -> dict[bytes, CodeType]:
    """The compiled templates; none where there is no such file, or half of one."""
    try:
        return marshal.loads(path.read_bytes())
    except _UNREADABLE:
        return {}
