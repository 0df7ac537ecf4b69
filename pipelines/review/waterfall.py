"""A pair's evidence as a waterfall: each comparison starts where the one before ended. For page and terminal."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.explain import Explained, Term

SPOKEN = {"prior": "before looking", "together": "names that go together"}


@dataclass(frozen=True)
class Step:
    """One bar: from `start` to `end` bits, with what it stands for."""

    name: str
    label: str
    start: float
    end: float

    @property
    def bits(self) -> float:
        return self.end - self.start


def steps(pair: Explained) -> list[Step]:
    """From nothing to the pair's bits: the prior, what speaks for one party, what against, the other rival."""
    order = sorted(pair.terms, key=lambda term: (term.comparison != "prior", -term.bits(pair.rival)))
    found, at = [], 0.0
    for term in order:
        bits = term.bits(pair.rival)
        if abs(bits) >= 0.05:
            found.append(Step(spoken(term), _level(term, pair.rival), at, at + bits))
            at += bits
    if pair.beyond:
        found.append(Step("texts or a veto", "what no comparison by itself says", at, pair.bits))
    elif abs(pair.bits - at) >= 0.05:
        other = {"household": "chance", "chance": "household"}[pair.rival]
        found.append(Step("everything else", f"small terms, and {other} as a rival too", at, pair.bits))
    return found


def spoken(term: Term) -> str:
    """A comparison's name for people."""
    return SPOKEN.get(term.comparison, term.comparison.replace("_", " "))


def _level(term: Term, rival: str) -> str:
    if term.share is not None and term.label == "exact":
        return f"{term.label}, held by {term.share:.2%} of records"
    return term.told(rival)
