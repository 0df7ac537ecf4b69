"""A steward at work on the queue: what is open, what was just decided, and the decisions that can be taken.

The terminal and the page are two views of this; what is decided goes through decisions.py and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from pipelines import decisions
from pipelines.decisions import NotDecided
from pipelines.lineage import NotFound
from pipelines.resources import Settings
from pipelines.review.cases import Case
from pipelines.review.opened import opened

LEVEL = {"customers": "customers", "products": "variants"}
"""The domain of golden_overrides.csv in which a case's records are named."""


@dataclass
class Done:
    """One thing decided here, as told to the steward, with what takes it back."""

    number: int
    told: str
    case_id: str
    undo: Callable[[], object]


@dataclass
class Notes:
    """What is to be said above the queue, such as rows of the files that change nothing, as `read` gives it.

    It is read anew once somebody has written a file of decisions or the warehouse.
    """

    settings: Settings
    read: Callable[[], list[str]]
    _lines: list[str] = field(default_factory=list)
    _of: list[int] = field(default_factory=list)

    def now(self) -> list[str]:
        """What holds now; while it cannot be read that it cannot, or what held before."""
        files = [self.settings.warehouse, *sorted(decisions.seeds().glob("*_overrides.csv"))]
        written = [file.stat().st_mtime_ns for file in files if file.exists()]
        if written != self._of:
            try:
                self._lines, self._of = self.read(), written
            except NotFound:
                pass
            except NotDecided as spoilt:
                return [str(spoilt)]
        return self._lines


@dataclass
class Desk:
    """The open cases in their order, as `read` gives them, and what was decided, newest last.

    `now` gives the time of a decision. `known` are the decisions that the steward can have seen; over one that
    somebody else took since, none is taken.
    """

    settings: Settings
    steward: str
    read: Callable[[], list[Case]]
    now: Callable[[], datetime]
    cases: list[Case] = field(init=False)
    done: list[Done] = field(default_factory=list)
    known: dict[tuple[str, ...], decisions.Decision] = field(default_factory=lambda: _read())
    values: dict[tuple[str, ...], decisions.Override] = field(default_factory=dict)
    _closed: set[str] = field(default_factory=set)
    _count: int = 0
    _build: int | None = None

    def __post_init__(self) -> None:
        self._build, self.cases = self._newest(), self.read()

    def follow(self) -> str:
        """Read the queue anew if the warehouse was written since; what of it is to be told, empty if nothing."""
        newest = self._newest()
        if newest == self._build:
            return ""
        try:
            self.cases = self.read()
        except (NotFound, NotDecided) as why:
            return f"{why}; until then this is the queue of the build before"
        self._build = newest
        return "A build has ended since: this is its queue"

    def _newest(self) -> int | None:
        return self.settings.warehouse.stat().st_mtime_ns if self.settings.warehouse.exists() else None

    @property
    def open(self) -> list[Case]:
        """What is left to decide, in order."""
        return [case for case in self.cases if case.case_id not in self._closed]

    def case(self, case_id: str) -> Case:
        """An open case. Raises NotDecided if it is none, or no longer."""
        for case in self.open:
            if case.case_id == case_id:
                return case
        raise NotDecided("this case is not open any more; the queue has moved on")

    def look_up(self, ids: Sequence[str]) -> Case:
        """Put what one or two ids name before the queue, open, whatever was decided on it. Raises NotFound."""
        found = opened(self.settings, ids)
        same = {(case.domain, case.kind, case.pair) for case in found if case.pair}
        ours = {case.case_id for case in found}
        rest = [
            case for case in self.cases if case.case_id not in ours and (case.domain, case.kind, case.pair) not in same
        ]
        self.cases, self._closed = [*found, *rest], self._closed - ours
        return found[0]

    def decide(self, case_id: str, word: str, reason: str) -> Done:
        """Same, different or later, on the two records of a case. Raises NotDecided."""
        case = self.case(case_id)
        if case.pair is None or case.kind == "decision":
            raise NotDecided("this case has no two records to decide on; split it, or mend the rows that it names")
        with self._as_known(case.domain, [case.pair]):
            said = (case.domain, word, [case.pair], self.steward, reason, self.now(), self.known)
            new = decisions.decide(self.settings, *said)
        return self._close(case, f"{word}: {' and '.join(case.pair)}", new)

    def split(self, case_id: str, apart: Collection[str], reason: str) -> Done:
        """The records `apart` are not the rest of the golden record that they are in now. Raises NotDecided."""
        case = self.case(case_id)
        inside = [record.record_id for record in [*case.left, *case.right]]
        if strangers := sorted(set(apart) - set(inside)):
            raise NotDecided(f"{', '.join(strangers)} is not in this case")
        pairs = [(one, other) for one in sorted(apart) for other in _beside(case, one) if other not in apart]
        if not pairs:
            raise NotDecided("a split leaves records on both sides; choose some, not all")
        with self._as_known(case.domain, pairs):
            said = (case.domain, "different", pairs, self.steward, reason, self.now(), self.known)
            new = decisions.decide(self.settings, *said)
        return self._close(case, f"split off: {', '.join(sorted(apart))}", new)

    def override(self, case_id: str, record_id: str, attribute: str, value: str, reason: str) -> Done:
        """Golden's attribute is `value` on the golden record that holds the record; the case stays open."""
        case = self.case(case_id)
        if record_id not in [record.record_id for record in [*case.left, *case.right]]:
            raise NotDecided(f"{record_id} is not in this case")
        if attribute not in case.names:
            raise NotDecided(f"{attribute!r} is no attribute of {case.domain}; choose {', '.join(case.names)}")
        beside = [*_beside(case, record_id), *case.made.get(_seat(case, record_id), [])]
        key = (self._level(case, attribute), record_id, attribute)
        before = self.values.get(key)
        try:
            new = decisions.override(self.settings, *key, value, self.steward, reason, self.now(), self.values, beside)
        except NotDecided:
            named = {(key[0], one, attribute) for one in [record_id, *beside]}
            self.values = {other: row for other, row in self.values.items() if other not in named}
            self.values |= {row[:3]: row for row in decisions.overrides() if row[:3] in named}
            raise
        self.values[key] = new
        return self._note(f"{attribute} of {record_id} set by hand", case.case_id, lambda: self._unset(new, before))

    def undo(self, number: int) -> Done:
        """Take back what was decided under a number; its case is open again. Raises NotDecided."""
        for done in self.done:
            if done.number == number:
                done.undo()
                self.done.remove(done)
                self._closed.discard(done.case_id)
                return done
        raise NotDecided("there is nothing to take back under this number")

    def _unset(self, ours: decisions.Override, stood: decisions.Override | None) -> None:
        key = ours[:3]
        decisions.undo_override(self.settings, *key, self.steward, self.now(), stood, {key: ours})
        self.values = {other: row for other, row in self.values.items() if other != key}
        self.values |= {key: stood} if stood else {}

    def _level(self, case: Case, attribute: str) -> str:
        shared = case.domain == "products" and attribute in case.shared
        return "products" if shared else LEVEL[case.domain]

    def _close(self, case: Case, told: str, new: list[decisions.Decision]) -> Done:
        ours = {row[:3]: row for row in new}
        stood = {key: self.known[key] for key in ours if key in self.known}
        self.known |= ours
        self._closed.add(case.case_id)
        return self._note(told, case.case_id, lambda: self._reopen(case.domain, ours, stood))

    def _reopen(self, domain: str, ours: decisions.Known, stood: decisions.Known) -> None:
        pairs = [key[1:] for key in ours]
        decisions.undecide(self.settings, domain, pairs, self.steward, self.now(), stood.values(), ours)
        self.known = {key: row for key, row in self.known.items() if key not in ours} | stood

    @contextmanager
    def _as_known(self, domain: str, pairs: list[tuple[str, str]]) -> Iterator[None]:
        """What is refused because somebody else decided is known from then on: the steward was told."""
        try:
            yield
        except NotDecided:
            named, now = {(domain, *sorted(pair)) for pair in pairs}, _read()
            self.known = {key: row for key, row in self.known.items() if key not in named}
            self.known |= {key: row for key, row in now.items() if key in named}
            raise

    def _note(self, told: str, case_id: str, undo: Callable[[], object]) -> Done:
        self._count += 1
        self.done.append(Done(self._count, told, case_id, undo))
        return self.done[-1]


def _read() -> dict[tuple[str, ...], decisions.Decision]:
    return {row[:3]: row for row in decisions.decisions()}


def _seat(case: Case, record_id: str) -> str | None:
    """The golden record of a case's record."""
    return {record.record_id: record.golden_id for record in [*case.left, *case.right]}[record_id]


def _beside(case: Case, record_id: str) -> list[str]:
    """The other records of a case in the golden record that holds one."""
    seat = _seat(case, record_id)
    every = [*case.left, *case.right]
    return [one.record_id for one in every if one.golden_id == seat and one.record_id != record_id]
