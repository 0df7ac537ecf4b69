"""What stewards decide, as rows of two files that git reviews: match_overrides.csv and golden_overrides.csv.

The files hold what is decided now, a row per pair or value, sorted; git and the ledger's audit hold how it came about.
Records are named by their keys, never by golden ids. Writers take turns and replace a file as a whole.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple, TextIO

from pipelines import audit, transform
from pipelines.ledger import open_ledger
from pipelines.resources import Settings

WORDS = {"same": "must", "different": "cannot", "later": "later"}
"""How a person says it, and how the file does."""
MATCHED = ("customers", "products")
LEVELS = {"variants": "products"}
DOMAINS = (*MATCHED, *LEVELS)
LONGEST = 1000


class NotDecided(ValueError):
    """A decision that cannot be taken as it was given; the message says why. Nothing was written."""


class Decision(NamedTuple):
    """One row of match_overrides.csv: what holds between two records of `customers` or of `products`.

    A system may number both alike: a key alone would join two customers because two products are one.
    """

    domain: str
    left_record_id: str
    right_record_id: str
    decision: str
    steward: str
    reason: str
    decided_on: str


class Override(NamedTuple):
    """One row of golden_overrides.csv: the value of an attribute of the golden record that holds a record."""

    domain: str
    record_id: str
    attribute: str
    value: str
    steward: str
    reason: str
    decided_on: str


Known = Mapping[tuple[str, ...], Decision | Override]
"""What who decides has read, by domain and pair, or domain, record and attribute; over other rows it is refused."""


def seeds() -> Path:
    """The folder of the files."""
    return transform.DBT_PROJECT / "seeds"


def decisions(folder: Path | None = None, domain: str | None = None) -> list[Decision]:
    """The rows of match_overrides.csv, the latest last. Raises NotDecided where the file is not as it should be."""
    rows = _read((folder or seeds()) / "match_overrides.csv", Decision)
    return [row for row in rows if domain in (None, row.domain)]


def verdicts(domain: str, folder: Path | None = None) -> dict[tuple[str, str], str]:
    """What is decided on each pair, by its latest day; nothing where rows of that day contradict each other."""
    said: dict[tuple[str, str], tuple[str, set[str]]] = {}
    for row in decisions(folder, domain):
        day, words = said.get(row[1:3], ("", set()))
        said[row[1:3]] = row.decided_on, {row.decision} | (words if day == row.decided_on else set())
    return {pair: min(words) for pair, (_, words) in said.items() if len(words) == 1}


def overrides(folder: Path | None = None, domain: str | None = None) -> list[Override]:
    """The rows of golden_overrides.csv, the latest last. Raises NotDecided where the file is not as it should be.

    `domain` is one of those that are matched; of products are their variants, too.
    """
    rows = _read((folder or seeds()) / "golden_overrides.csv", Override)
    return [row for row in rows if domain in (None, row.domain, LEVELS.get(row.domain))]


def decide(
    settings: Settings,
    domain: str,
    word: str,
    pairs: Iterable[tuple[str, str]],
    steward: str,
    reason: str,
    at: datetime,
    known: Known | None = None,
) -> list[Decision]:
    """Write that the records of each pair of a domain are `same`, `different`, or put off `later`; returns the rows.

    What was decided on a pair before is replaced. Raises NotDecided.
    """
    if word not in WORDS:
        raise NotDecided(f"{word!r} is no decision; say {', '.join(WORDS)}")
    if domain not in MATCHED:
        raise NotDecided(f"no records are matched in {domain!r}; choose {', '.join(MATCHED)}")
    who, why = _said(steward, "steward"), _said(reason, "reason")
    new = [Decision(domain, *_pair(*pair), WORDS[word], who, why, at.date().isoformat()) for pair in pairs]
    with _rewriting(settings, "match_overrides.csv", Decision) as (rows, done):
        _as_known(rows, [row[:3] for row in new], known)
        rows.update({row[:3]: row for row in new})
        detail = {"domain": domain, "decision": WORDS[word], "pairs": [list(row[1:3]) for row in new]}
        done.append((who, "decide", detail, at))
    return new


def undecide(
    settings: Settings,
    domain: str | None,
    pairs: Iterable[tuple[str, str]],
    steward: str,
    at: datetime,
    back_to: Iterable[Decision] = (),
    known: Known | None = None,
) -> int:
    """Take the decisions on pairs of a domain, or of each (None), back; returns how many there were.

    What stood before is put back if `back_to` has it; on other pairs the model decides again.
    """
    gone = [(one, *_pair(*pair)) for pair in pairs for one in ([domain] if domain else MATCHED)]
    with _rewriting(settings, "match_overrides.csv", Decision) as (rows, done):
        _as_known(rows, gone, known)
        found = [key for key in gone if rows.pop(key, None)]
        rows.update({row[:3]: row for row in back_to})
        if found:
            pairs = [list(pair) for _, *pair in found]
            done.append((_said(steward, "steward"), "undo decision", {"pairs": pairs}, at))
    return len(found)


def override(
    settings: Settings,
    domain: str,
    record_id: str,
    attribute: str,
    value: str | None,
    steward: str,
    reason: str,
    at: datetime,
    known: Known | None = None,
    beside: Iterable[str] = (),
) -> Override:
    """Write that golden's `attribute` is `value` (None: that it has none) on whatever golden record holds `record_id`.

    It comes last in survivorship and stands in provenance under the rule `steward`. What was set before on the record,
    or on those `beside` it in the golden record, has to be `known`. Raises NotDecided.
    """
    if domain not in DOMAINS:
        raise NotDecided(f"no golden values are set by hand in {domain!r}; choose {', '.join(DOMAINS)}")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", attribute):
        raise NotDecided(f"{attribute!r} is not the name of an attribute")
    who, why, said = _said(steward, "steward"), _said(reason, "reason"), (value or "").strip()
    if problem := _unfit(attribute, said):
        raise NotDecided(f"{attribute}: {said[:40]!r} is refused: {problem}")
    new = Override(domain, _key(record_id), attribute, said, who, why, at.date().isoformat())
    with _rewriting(settings, "golden_overrides.csv", Override) as (rows, done):
        _as_known(rows, [new[:3], *((domain, other, attribute) for other in beside)], known)
        rows[new[:3]] = new
        detail = {"domain": domain, "record": record_id, "attribute": attribute}
        done.append((who, "override", detail, at))
    return new


def undo_override(
    settings: Settings,
    domain: str,
    record_id: str,
    attribute: str,
    steward: str,
    at: datetime,
    back_to: Override | None = None,
    known: Known | None = None,
) -> Override | None:
    """Take a value set by hand back, to what was set before or to survivorship; returns the row that was there.

    Raises NotDecided if another one stands there than `known` has.
    """
    key = (domain, record_id, attribute)
    with _rewriting(settings, "golden_overrides.csv", Override) as (rows, done):
        _as_known(rows, [key], known)
        found = rows.pop(key, None)
        if back_to:
            rows[back_to[:3]] = back_to
        if found:
            detail = {"domain": domain, "record": record_id, "attribute": attribute}
            done.append((_said(steward, "steward"), "undo override", detail, at))
    return found


def _audit(settings: Settings, done: Iterable[tuple[str, str, dict, datetime]]) -> None:
    """Record who did what, with keys and counts; never a value and never a reason, which may name people."""
    for steward, action, detail, at in done:
        if len(detail.get("pairs", [])) > 20:
            detail = detail | {"pairs": detail["pairs"][:20], "of": len(detail["pairs"])}
        audit.append(open_ledger(settings.ledger_url), steward, action, detail, at)


def _pair(left: str, right: str) -> tuple[str, str]:
    if left == right:
        raise NotDecided(f"{left} is one record; a decision is about two")
    one, other = sorted((_key(left), _key(right)))
    return one, other


def _as_known(rows: Known, keys: Iterable[tuple[str, ...]], known: Known | None) -> None:
    for key in keys if known is not None else ():
        row = rows.get(key)
        if row == known.get(key):
            continue
        if isinstance(row, Override):
            said = f"{row.value!r}" if row.value else "that there is none"
            told = f"{row.steward} set {row.attribute} on {row.decided_on}: {said}, for {row.reason!r}"
            raise NotDecided(f"{row.record_id}: {told}; to replace it, set it once more")
        told = f"{row.steward} decided {row.decision}: {row.reason}" if row else "the decision was taken back"
        raise NotDecided(f"{' and '.join(key[1:])}: {told}, meanwhile; look at it again, then decide")


def _key(record_id: str) -> str:
    if not _is_key(record_id):
        raise NotDecided(f"{record_id!r} is not SYSTEM:KEY; decisions name records, never golden ids")
    return record_id


def _is_key(record_id: str) -> bool:
    return re.fullmatch(r"[a-z][a-z0-9_]*:\S(.*\S)?", record_id) is not None and record_id.isprintable()


def _said(text: str, what: str) -> str:
    text = " ".join((text or "").split())
    if not text:
        raise NotDecided(f"a decision needs a {what}")
    if len(text) > LONGEST:
        raise NotDecided(f"a {what} of {len(text):,} characters; {LONGEST:,} are read at most")
    return text


def _unfit(attribute: str, value: str) -> str | None:
    """Why a build would refuse the value of an attribute, in its words; None if it takes it."""
    import duckdb  # slow to load, and most who decide set no value

    from pipelines.macros import returned

    if not value:
        return "a product has a name" if attribute == "template_name" else None
    if len(value) > LONGEST:
        return f"longer than {LONGEST:,} characters"
    type = returned("survivorship/decided.sql", "attribute_type", attribute)
    fits = duckdb.execute(f"select try_cast(? as {type}) is not null", [value]).fetchone()[0]
    if not fits:
        written = {"date": "; write YYYY-MM-DD", "boolean": "; write true or false"}.get(type, "")
        return f"not a {type}{written}"
    form = returned("survivorship/decided.sql", "attribute_form", attribute)
    return None if not form or re.fullmatch(form, value) else f"not written as {form}"


def _read(path: Path, row: Callable) -> list:
    if not path.exists():
        return []
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotDecided(f"{path.name} is not UTF-8; save it as CSV in UTF-8") from None
    if marked := re.search(r"^(<{7}|={7}|>{7})( |\r?$)", text, re.MULTILINE):
        line = text.count("\n", 0, marked.start()) + 1
        raise NotDecided(f"{path.name}, line {line}: a mark of git's; two branches met here, keep the rows that hold")
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # what is too long is told by its row
    lines = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        if lines.fieldnames is not None and tuple(lines.fieldnames) != row._fields:
            raise NotDecided(f"{path.name} has the columns {', '.join(lines.fieldnames)}, not {', '.join(row._fields)}")
        found = [row(**line) for line in lines]
    except TypeError:
        raise NotDecided(f"{path.name}, line {lines.line_num}: not {len(row._fields)} values") from None
    except csv.Error as unfit:
        told = f"line {lines.line_num + 1}: a quote opens or ends where none should ({unfit})"
        raise NotDecided(f"{path.name}, {told}") from None
    for number, one in enumerate(found, 2):
        if problem := _problem(one):
            raise NotDecided(f"{path.name}, row {number}: {problem}")
    if row is Decision:
        found = [Decision(one.domain, *sorted(one[1:3]), *one[3:]) for one in found]
    return sorted(found, key=lambda one: one.decided_on)


def _problem(one: Decision | Override) -> str | None:
    """What is wrong with a row that a hand has written."""
    if None in one or not _is_day(one.decided_on):
        return "a value is missing, or decided_on is not a day, YYYY-MM-DD"
    for what in ("steward", "reason"):
        try:
            _said(getattr(one, what), what)
        except NotDecided as why:
            return str(why)
    keys = one[1:3] if isinstance(one, Decision) else [one.record_id]
    if strange := [key for key in keys if not _is_key(key)]:
        return f"{strange[0]!r} is not SYSTEM:KEY; decisions name records, never golden ids"
    if isinstance(one, Decision) and one.decision not in WORDS.values():
        return f"{one.decision!r} is no decision; write {', '.join(WORDS.values())}"
    if isinstance(one, Decision) and one.domain not in MATCHED:
        return f"no records are matched in {one.domain!r}; write {', '.join(MATCHED)}"
    if isinstance(one, Decision) and one.left_record_id == one.right_record_id:
        return f"{one.left_record_id} is one record; a decision is about two"
    if isinstance(one, Override) and one.value != one.value.strip():
        return f"spaces around the value of {one.attribute}"
    if isinstance(one, Override) and one.domain not in DOMAINS:
        return f"no golden values are set by hand in {one.domain!r}; write {', '.join(DOMAINS)}"
    return None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@contextmanager
def _rewriting(settings: Settings, name: str, row: Callable) -> Iterator[tuple[dict[tuple[str, ...], tuple], list]]:
    """The rows of a file by their key, to be changed, and what is to be told the audit; written at the end, one writer
    at a time. Rows and audit stand or fall together: what one of both cannot take is not decided.

    Of several rows with one key, as two branches may bring them, none is lost before somebody decides on it again.
    """
    path, done = seeds() / name, []
    try:
        with (settings.home / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            read = _read(path, row)
            before = {one[:3]: one for one in read}
            rows = dict(before)
            yield rows, done
            if rows == before:
                _audit(settings, done)
                return
            untouched = [one for one in read if rows.get(one[:3]) == before[one[:3]]]
            new = [one for key, one in rows.items() if one != before.get(key)]
            with _replaced(path) as file:
                csv.writer(file, lineterminator="\n").writerows([row._fields, *sorted([*untouched, *new])])
                file.flush()
                os.fsync(file.fileno())
                _audit(settings, done)
    except OSError as unfit:
        told = f"{unfit.strerror}: {unfit.filename or path}; see to its folder and disk, then decide again"
        raise NotDecided(f"{name} cannot be written ({told})") from None


@contextmanager
def _replaced(path: Path) -> Iterator[TextIO]:
    """What to write in place of a file, which is replaced as a whole if the block ends well."""
    partial = path.with_suffix(".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield file
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
