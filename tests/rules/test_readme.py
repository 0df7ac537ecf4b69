"""What the documents name must exist: commands, make targets, files."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = ["README.md", "CONTRIBUTING.md"]


def spans(document: str) -> list[str]:
    """Everything set in code, inline or in a block."""
    text = (ROOT / document).read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.S)
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S)) + [
        line for block in blocks for line in block.splitlines() if line.strip()
    ]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_a_document_names_exists(document):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    named = {match for span in spans(document) for match in re.findall(r"^make ([a-z-]+)", span)}
    assert named
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_assay_command_that_a_document_names_exists(document):
    from pipelines.cli import main

    named = [span.split()[1:] for span in spans(document) if span.startswith("assay ")]
    assert named
    for words in named:
        command = main
        for word in words:
            if not hasattr(command, "commands"):
                break
            assert word in command.commands, f"{document} names `assay {' '.join(words)}`"
            command = command.commands[word]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_exists(document):
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / document).read_text())
    named = [span for span in spans(document) if re.fullmatch(r"[\w.<>-]+/[\w./<>-]*", span) and "<" not in span]
    ignored = {".venv/", ".assay/", ".assay/landing"}
    assert linked + named
    missing = []
    for path in {*linked, *named} - ignored:
        found = (ROOT / path).exists() or (ROOT / "dbt_project" / path).exists()
        found = found or (ROOT / "dbt_project" / "models" / path).exists()
        if not found:
            missing.append(path)
    assert not missing
