"""Texts of other systems, such as names and keys, for a terminal: what it would obey is shown and not obeyed."""

from __future__ import annotations

import re

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """The text with a mark in place of each control character, and of each that turns the direction of what follows."""
    return OBEYED.sub("\ufffd", text)
