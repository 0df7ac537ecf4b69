"""Finds payment card numbers (PAN) so that none ever lands. Detection and masking only."""

from __future__ import annotations

import re
from typing import Any

_RUN = re.compile(rb"[0-9][0-9 -]{12,}")
_TEXT_RUN = re.compile(r"(?<![\w/.:+-])[0-9][0-9 -]{11,}[0-9](?![\w-])")
_ISSUERS = (
    (re.compile(r"4"), (13, 16, 19)),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"3(?:0[0-5]|[689])"), (14,)),
    (re.compile(r"35(?:2[89]|[3-8])|6(?:011|4[4-9]|5|2)|50|5[6-8]|6[37]"), (16, 17, 18, 19)),
)


def may_hold_card_number(text: bytes) -> bool:
    """A quick look over a whole page: False means there is none; True means look closer."""
    runs = [run for run in _RUN.findall(text) if run[0] in b"23456" or not run.isdigit()]
    return any(_found(run.decode()) for run in runs)


def mask_card_numbers(
    value: Any, keep: frozenset[str] = frozenset(), personal: frozenset[str] = frozenset()
) -> tuple[Any, list[str]]:
    """The JSON object with each card number replaced, and the paths where one stood.

    Top-level keys in `keep` are identifiers by contract and stay; those in `personal` are looked at hardest.
    """
    where: list[str] = []
    clean = {key: inner if key in keep else _mask(inner, key, key in personal, where) for key, inner in value.items()}
    return clean, where


def mask_text(text: str, personal: bool = True) -> str:
    """The text with each card number replaced by a note with its last four digits.

    A bare number of 13 digits is an id, a GTIN, a phone number or a time; no issuer uses that length any more.
    A bare number of 14 digits counts only in personal fields.
    """
    bare = len(text) if text.isdigit() else 0
    if bare == 13 or (bare == 14 and not personal):
        return text
    return _TEXT_RUN.sub(_noted, text)


def _noted(found: re.Match) -> str:
    run = found[0]
    for number in _found(run):
        run = run.replace(number, f"[card number removed, ends {number[-4:]}]")
    return run


def _found(run: str) -> list[str]:
    """The card numbers in a run of digits, blanks and dashes: whole groups only, never a part of a group."""
    if run.isdigit():
        return [run] if _is_card(run) else []
    groups = list(re.finditer(r"[0-9]+", run))
    found = []
    for first, start in enumerate(groups):
        for end in groups[first:]:
            number = run[start.start() : end.end()]
            digits = re.sub(r"[^0-9]", "", number)
            if len(digits) > 19:
                break
            if _is_card(digits):
                found.append(number)
    return found


def _mask(value: Any, path: str, personal: bool, where: list[str]) -> Any:
    if isinstance(value, dict):
        return {key: _mask(inner, f"{path}.{key}", personal, where) for key, inner in value.items()}
    if isinstance(value, list):
        return [_mask(inner, path, personal, where) for inner in value]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    masked = mask_text(str(value), personal)
    if masked == str(value):
        return value
    where.append(path)
    return masked


def _is_card(digits: str) -> bool:
    if not 13 <= len(digits) <= 19 or digits[0] not in "23456":
        return False
    if not any(prefix.match(digits) and len(digits) in lengths for prefix, lengths in _ISSUERS):
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
