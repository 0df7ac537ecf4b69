"""The banks' files: their formats; all else stands in the contract."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sources import files
from sources.bank import camt, listing, mt940, ofx
from sources.bank.statement import rows
from sources.contract import Contract

FORMATS = {name: rows(module.parse) for name, module in (
    ("camt053", camt), ("mt940", mt940), ("ofx", ofx), ("listing", listing))}  # fmt: skip


def connect(contract: Contract, resolve: Callable[[str], str], keep: Path | None = None) -> files.Drop:
    """The folder that the banks' files come into."""
    return files.connect(contract, resolve, keep, FORMATS)
