"""What is left out of dbt's work at each node is what nobody hears or needs."""

import ast
from contextlib import contextmanager

import pytest
from dbt.compilation import Linker
from dbt.events.types import NodeStart
from dbt.graph.selector import NodeSelector
from dbt.graph.selector_methods import MethodName
from dbt.graph.selector_spec import SelectionCriteria
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import MacroFuzzEnvironment, NativeSandboxTemplate, get_template, render_template
from dbt_common.events.base_types import DebugLevel, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.types import Note

from pipelines import dbt_thrift
from pipelines.transform import DBT_PROJECT


@pytest.fixture(autouse=True)
def dbt_as_it_comes(monkeypatch):
    """dbt's own ways are put back after each test."""
    for owner, name in (
        (EventManager, "fire_event"),
        (DebugLevel, "__init__"),
        (NativeSandboxTemplate, "new_context"),
        (MacroFuzzEnvironment, "compile"),
        (Linker, "get_graph_summary"),
        (Linker, "find_cycles"),
        (NodeSelector, "select_included"),
        (agate_helper, "build_type_tester"),
        (agate_helper, "empty_table"),
        (BehaviorFlagRendered, "_default_source"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))


@pytest.fixture
def heard():
    dbt_thrift.leave_out()
    manager, messages = EventManager(), []
    manager.add_callback(messages.append)
    return manager, messages


def test_what_is_worth_saying_is_heard_and_what_is_for_debugging_is_not(heard):
    manager, messages = heard
    manager.fire_event(Note(msg="a model failed"))
    manager.fire_event(NodeStart(node_info={"node_name": "golden_customers"}))
    assert [message.info.msg for message in messages] == ["a model failed"]


def test_a_debugging_event_that_is_said_louder_is_heard_with_what_it_says(heard):
    manager, messages = heard
    manager.fire_event(NodeStart(node_info={"node_name": "golden_customers"}), level=EventLevel.WARN)
    (message,) = messages
    assert (message.info.level, message.data.node_info.node_name) == ("warn", "golden_customers")


def test_an_argument_of_a_test_finds_values_of_any_kind_of_mapping():
    dbt_thrift.leave_out()
    asked = []

    class Namespace(dict):
        def __getitem__(self, name):
            asked.append(name)
            return super().__getitem__(name)

    context = Namespace(relation="golden.golden_customers", other="nothing that is asked for")
    template = get_template("{{ relation }}", context, native=True)
    assert render_template(template, context) == "golden.golden_customers"
    assert set(asked) == {"relation"}


@contextmanager
def a_run(folder):
    """A run whose templates are kept in `folder`: how to render one, and a mark for each that was compiled."""
    with pytest.MonkeyPatch.context() as patch:
        compiled, anew = [], MacroFuzzEnvironment._generate
        patch.setattr(MacroFuzzEnvironment, "_generate", lambda *a, **k: compiled.append(1) or anew(*a, **k))
        patch.setattr(MacroFuzzEnvironment, "compile", MacroFuzzEnvironment.compile)
        end = dbt_thrift.keep_templates(folder)

        def render(text, native=False):
            return render_template(get_template(text, {}, native=native), {"one": 1})

        yield render, compiled
        end()


def test_a_template_is_compiled_in_one_run_and_read_in_the_next(tmp_path):
    with a_run(tmp_path) as (render, compiled):
        assert [render("{{ one + 1 }}"), render("{{ one + 1 }}"), render("{{ one + 1 }}", native=True)] == ["2", "2", 2]
        assert len(compiled) == 2
    with a_run(tmp_path) as (render, compiled):
        assert [render("{{ one + 1 }}"), render("{{ one + 1 }}", native=True), len(compiled)] == ["2", 2, 0]
        assert [render("{{ one + 2 }}"), len(compiled)] == ["3", 1]


def test_half_a_file_of_templates_is_no_file(tmp_path):
    with a_run(tmp_path) as (render, _):
        render("{{ one }}")
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:20])
    with a_run(tmp_path) as (render, compiled):
        assert [render("{{ one }}"), len(compiled)] == ["1", 1]


def test_what_python_models_import_of_ours_is_loaded_ahead():
    imported = set()
    for model in DBT_PROJECT.glob("models/**/*.py"):
        for node in ast.walk(ast.parse(model.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("pipelines"):
                _, _, module = node.module.partition(".")
                imported |= {module} if module else {name.name for name in node.names}
    assert imported == set(dbt_thrift.IN_MODELS)


def test_what_is_selected_is_looked_for_once_among_the_same_nodes_and_given_as_a_set_of_its_own(monkeypatch):
    looked = []
    monkeypatch.setattr(
        NodeSelector, "select_included", lambda self, nodes, spec: looked.append(spec.value) or {*nodes}
    )
    dbt_thrift.leave_out()
    spec = SelectionCriteria("golden", MethodName.FQN, [], "golden", False, False, None, False, None)
    first = NodeSelector.select_included(None, {"a", "b"}, spec)
    first.clear()
    assert NodeSelector.select_included(None, ["b", "a"], spec) == {"a", "b"}
    assert NodeSelector.select_included(None, {"a"}, spec) == {"a"}
    assert looked == ["golden", "golden"]


def test_the_types_of_answers_are_told_by_one_tester_and_declared_texts_by_one_of_their_own():
    dbt_thrift.leave_out()
    assert agate_helper.build_type_tester(()) is agate_helper.build_type_tester(text_columns=())
    ours = agate_helper.build_type_tester(["zip"])
    assert [type(kind).__name__ for kind in ours.run([("01000", "1")], ["zip", "count"])] == ["Text", "Number"]
