"""The names that the simulated people may bear: given names, surnames built from parts, scripts and pet forms.

Spelling variants belong here; who bears which name is decided in people.py.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np

from sources.estate.vocabulary import words

LANGUAGES = ("cs", "sk", "de", "pl", "uk", "vi", "fr", "en", "el")
SHARES = (0.56, 0.08, 0.12, 0.07, 0.06, 0.03, 0.03, 0.03, 0.02)
SOUND_ALIKES = (("Anna", "Hana"), ("Jana", "Ivana"), ("Petra", "Pavla"), ("Marek", "Martin"), ("Radek", "Marek"))

_CYRILLIC = "а=a б=b в=v г=h ґ=g д=d е=e є=ie ж=zh з=z и=y і=i ї=i й=i к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh"
_CYRILLIC += " ц=ts ч=ch ш=sh щ=shch ь= ю=iu я=ia ы=y э=e ъ= ё=io"
_GREEK = "α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s ς=s τ=t υ=y φ=f χ=ch ψ=ps ω=o"
_SOUNDS = dict(pair.split("=") for pair in f"{_CYRILLIC} {_GREEK}".split(" "))
_GREEK_PAIRS = (("ου", "ou"), ("ού", "ou"), ("αυ", "av"), ("ευ", "ev"))
_PLAIN = str.maketrans("łŁđĐøØ", "lLdDoO") | {ord("ß"): "ss", ord("æ"): "ae"}


def plain(text: str) -> str:
    """The text as a till without accents writes it: ASCII letters only, case kept."""
    decomposed = unicodedata.normalize("NFKD", latin(text).translate(_PLAIN))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def latin(text: str) -> str:
    """Cyrillic and Greek in Latin letters; other scripts as they are."""
    if text.isascii() or not any("Ͱ" <= letter <= "ӿ" for letter in text):
        return text
    for pair, sound in _GREEK_PAIRS:
        text = text.replace(pair, sound)
    return "".join(_romanised(letter) for letter in text)


def _romanised(letter: str) -> str:
    lower = letter.lower()
    sound = _SOUNDS.get(lower, _SOUNDS.get(unicodedata.normalize("NFD", lower)[0]))
    if sound is None:
        return letter
    return sound if letter == lower else sound.capitalize()


@dataclass(frozen=True)
class Names:
    """Names in three spellings, object arrays alike in shape; `ranges` gives the rows of a vocabulary."""

    native: np.ndarray
    latin: np.ndarray
    plain: np.ndarray
    ranges: dict[tuple[str, str], tuple[int, int]]


@cache
def given_names() -> Names:
    """All given names, by (language, "f" or "m"), most frequent first; Vietnamese ones carry their middle name."""
    listed: list[str] = []
    ranges = {}
    for language, by_sex in words("given_names").items():
        for sex, names in by_sex.items():
            chosen = names.split()
            if language == "vi":
                chosen = [f"{m} {name}" for m in words("middle_names")[sex].split() for name in chosen if m != name]
            ranges[language, sex] = (len(listed), len(listed) + len(chosen))
            listed += chosen
    return _spelled(listed, ranges)


@cache
def surnames() -> Names:
    """All surnames as (woman's form, man's form) rows, by (language, ""), most frequent first."""
    pairs: list[tuple[str, str]] = []
    ranges = {}
    for language in LANGUAGES:
        chosen = list(dict.fromkeys(_family_names(language)))
        scattered = np.random.default_rng(len(chosen)).permutation(len(chosen))
        ranges[language, ""] = (len(pairs), len(pairs) + len(chosen))
        pairs += [chosen[position] for position in (range(len(chosen)) if language == "vi" else scattered)]
    return _spelled(pairs, ranges)


@cache
def pet_forms() -> dict[str, list[str]]:
    """Given name -> the forms that friends use, in the name's own script."""
    pairs = (pair.split("=") for pair in words("pet_forms").split())
    return {given: forms.split("/") for given, forms in pairs}


def _family_names(language: str) -> list[tuple[str, str]]:
    stems, endings = words("surname_stems")[language].split(), words("surname_endings")[language].split()
    if not endings:
        return [(stem, stem) for stem in stems]
    forms = [ending.split("/") for ending in endings]
    return [(stem + form[-1], stem + form[0]) for stem in stems for form in forms if stem[-1] != form[0][0]]


def _spelled(listed: list, ranges: dict) -> Names:
    native = np.array(listed, dtype=object)
    respelled = [np.vectorize(spelling, otypes=[object])(native) for spelling in (latin, plain)]
    return Names(native, *respelled, ranges)


def weights(size: int, evenness: float, power: float = 1.0) -> np.ndarray:
    """Shares that fall with rank as those of names do; the larger `evenness`, the flatter."""
    raw = 1.0 / (np.arange(size) + evenness) ** power
    return raw / raw.sum()
