"""The terminal that verbs write to. Nothing heavy stands here: every command, its help too, loads this first."""

from __future__ import annotations

from rich.console import Console


class _Terminal(Console):
    def on_broken_pipe(self) -> None:
        raise  # what is being handled; the command line ends as it does for other output


def wide_console() -> Console:
    """The terminal; lines keep their length where the output goes to a file. Brackets in what is said are no markup."""
    console = _Terminal(highlight=False, markup=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 200
    return console
