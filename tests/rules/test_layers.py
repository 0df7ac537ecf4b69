"""The ladder: a model reads its own layer or the one directly below, and only staging reads sources."""

import pytest

LADDER = ["source", "staging", "conformed", "matched", "golden", "publish"]


def layer(key, nodes):
    """The layer of a node, None for a seed: what is declared may be read anywhere above staging."""
    kind = key.split(".")[0]
    return {"source": "source", "seed": None}.get(kind) if kind != "model" else nodes[key]["fqn"][1]


def test_every_model_stands_in_a_layer(models):
    assert {node["fqn"][1] for node in models.values()} == set(LADDER[1:])


def test_the_schema_of_a_model_is_the_name_of_its_layer(models):
    assert {node["name"]: node["schema"] for node in models.values()} == {
        node["name"]: node["fqn"][1] for node in models.values()
    }


@pytest.mark.parametrize("name", LADDER[1:])
def test_models_read_their_own_layer_or_the_one_below(name, models):
    height = LADDER.index(name)
    wrong = [
        f"{node['name']} reads {parent}"
        for key, node in models.items()
        if layer(key, models) == name
        for parent in node["depends_on"]["nodes"]
        if layer(parent, models) not in (None, name, LADDER[height - 1])
    ]
    assert not wrong


def test_staging_reads_sources_and_nothing_else_but_how_their_clocks_run(models):
    parents = {
        parent
        for key, node in models.items()
        if layer(key, models) == "staging"
        for parent in node["depends_on"]["nodes"]
        if not parent.endswith("__clocks")
    }
    assert parents
    assert {parent.split(".")[0] for parent in parents} == {"source"}
