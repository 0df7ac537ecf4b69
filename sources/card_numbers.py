"""Finds payment card numbers (PAN) so that none ever lands. Detection and masking only.

Ids, GTINs, phone numbers and times are digits too, and one in ten passes the check sum. So a number must also have an
issuer's prefix and length and stand by itself; in groups only as cards are printed; and a field that is nothing but 13
digits is no card (no issuer uses that length any more), one of 14 only where the field is personal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_SHAPE = bytes(48 if chr(one).isdigit() else 45 if chr(one) in " -" else 120 for one in range(128)) + b"x" * 128
_DIGITS = re.compile(rb"0+")
_JOINED = {bytes([one]) for one in range(128) if chr(one).isalnum() or chr(one) in "_/.+-"}
_TEXT = re.compile(r"[2-6](?<![\w/.:+-].)[0-9 -]{11,}[0-9](?![\w-])")
_GROUPED = re.compile(r"(?<!\d)\d{4}(?:[ -]\d{3,6}){2,4}(?!\d)")
_LONG = r"35(?:2[89]|[3-8])|6(?:011|4[4-9]|5|2)|50|5[6-8]|6[37]"
_MASTERCARD = r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"
_PREFIXES = {
    length: re.compile(prefix)
    for length, prefix in {
        13: "4",
        14: r"3(?:0[0-5]|[689])",
        15: "3[47]",
        16: f"4|{_MASTERCARD}|{_LONG}",
        17: _LONG,
        18: _LONG,
        19: f"4|{_LONG}",
    }.items()
}


def may_hold_card_number(text: bytes) -> bool:
    """A quick look over JSON, a whole page of it: False means there is none; True means look closer."""
    shape = text.translate(_SHAPE)
    return any(_unbroken(text, *run) for run in _runs(shape, b"0" * 13)) or any(
        shape[start - 1 : start] != b"0" and _cards(text[start : start + 26].decode(errors="replace"))
        for start, _ in _runs(shape, b"0000-000")
    )


def _runs(shape: bytes, wanted: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each run of digits in which `wanted` begins."""
    at = shape.find(wanted)
    while at >= 0:
        end = _DIGITS.match(shape, at).end()
        yield at, end
        at = shape.find(wanted, end)


def _unbroken(text: bytes, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    if before in _JOINED or (end - start == 13 and before in b'":,[' and after in b'",}]'):
        return False
    return _is_card(text[start:end].decode())


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
    """The text with each card number replaced by a note with its last four digits."""
    bare = len(text) if text.isdigit() else 0
    if bare == 13 or (bare == 14 and not personal):
        return text
    return _TEXT.sub(_noted, text)


def _noted(found: re.Match) -> str:
    run = found[0]
    for number in _cards(run):
        run = run.replace(number, f"[card number removed, ends {number[-4:]}]")
    return run


def _cards(run: str) -> list[str]:
    """The card numbers in a run of digits, blanks and dashes: unbroken, or in groups as on a card."""
    numbers = re.findall(r"\d{13,}", run) + [number for start in range(len(run)) for number in _grouped(run, start)]
    return [number for number in numbers if _is_card(re.sub(r"[ -]", "", number))]


def _grouped(run: str, start: int) -> list[str]:
    found = _GROUPED.match(run, start)
    if not found:
        return []
    ends = [end.start() for end in re.finditer(r"[ -]|$", found[0])]
    return [found[0][:end] for end in ends]


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
    prefix = _PREFIXES.get(len(digits))
    if prefix is None or not prefix.match(digits):
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
