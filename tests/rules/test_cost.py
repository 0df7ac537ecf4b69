"""What a new system costs whoever adds it: a page of Python and a contract that one reads in a sitting."""

from __future__ import annotations

import re
from pathlib import Path

from sources.contract import SOURCES, load_contracts

ROOT = Path(__file__).parents[2]
PYTHON, YAML, LAST = 150, 120, 3
FIRST = {"woocommerce", "paypal", "zendesk", "stripe", "voucherify"}
"""The systems by which the kernel was made, before there was a recipe."""


def joined() -> list[str]:
    """The REST systems that were added by the recipe, in the order of the table in CONTRIBUTING.md."""
    table = re.findall(r"^\| \[[^]]+\]\(sources/(\w+)\)", (ROOT / "CONTRIBUTING.md").read_text(), flags=re.M)
    contracts = load_contracts()
    return [system for system in table if contracts[system].kind == "rest"]


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_every_rest_system_stands_once_in_the_table_of_what_they_cost():
    rest = {system for system, contract in load_contracts().items() if contract.kind == "rest"}
    assert sorted(joined()) == sorted(rest - FIRST)


def test_the_last_three_rest_systems_cost_a_page_of_python_and_a_short_contract():
    """Python is all that talks to the vendor: everything in the folder but the stand-in."""
    for system in joined()[-LAST:]:
        folder = SOURCES / system
        code = sum(lines(path) for path in folder.glob("*.py") if not path.name.startswith("fake"))
        assert code <= PYTHON, f"{system}: {code} lines of Python"
        assert lines(folder / "contract.yml") <= YAML, f"{system}: {lines(folder / 'contract.yml')} lines of contract"
