"""Why two records are one party or are not: what each comparison says, in the words and weights of the last build.

The SQL is the dbt project's own macros over the warehouse, so a pair is weighed here exactly as a build weighs it, also
one that no build ever compared. Reads only.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

import duckdb
import jinja2
import pyarrow as pa

from pipelines import thresholds, transform
from pipelines.calibration import AT_ITS_WORD, Calibration
from pipelines.lineage import NotFound, absent_record
from pipelines.matching import caps, declared
from pipelines.resources import Settings

DOMAINS = ("customers", "products")
RIVALS = {"household": "two members of one household", "chance": "two that only look alike"}
Pair = tuple[str, str]


class NotBuilt(NotFound):
    """The last build ended before it made what is asked about, or was of a version that did not make it."""


@dataclass(frozen=True)
class Term:
    """What one comparison of a pair says. `match`, `household`, `chance` are log2 probabilities of its level."""

    comparison: str
    label: str
    match: float
    household: float
    chance: float
    share: float | None = None

    def bits(self, rival: str) -> float:
        """What it adds for one party against the class that rivals it."""
        return self.match - getattr(self, rival)

    def told(self, rival: str) -> str:
        """Its level, and against what where it speaks the other way than it seems, as another address may."""
        against_household, against_chance = self.bits("household"), self.bits("chance")
        if rival != "household" or self.comparison == "prior" or against_household * against_chance >= 0:
            return self.label
        return f"{self.label}: {'less' if against_household > 0 else 'more'} usual still for {RIVALS[rival]}"


@dataclass(frozen=True)
class Change:
    """A single comparison that would turn the verdict if it stood at another level."""

    comparison: str
    label: str
    bits: float


@dataclass
class Explained:
    """A pair with its terms, the strongest first; `bits` are log2 odds of one party against household and chance.

    `beyond` is what the build added to the terms' own bits: likeness of whole texts, or a veto. `worth` says what bits
    are worth as a probability, `links_above` how many two single records need to be joined.
    """

    domain: str
    left: str
    right: str
    terms: list[Term]
    bits: float
    rival: str
    links_above: float
    compared: bool
    beyond: float = 0.0
    worth: Calibration = AT_ITS_WORD
    weights: dict[str, list[Term]] = field(default_factory=dict, repr=False)

    @cached_property
    def changes(self) -> list[Change]:
        """Single changes of level that turn the verdict, the nearest first; none where more than terms decided."""
        return [] if self.beyond else _changes(self)

    @property
    def probability(self) -> float:
        """That both are one party."""
        return float(self.worth.probability(self.bits))

    @property
    def question(self) -> str:
        """Between what the bits of its terms decide."""
        return f"one party, or {RIVALS[self.rival]}"

    @property
    def basis(self) -> str:
        """On whose word the probability rests."""
        return "as the model sees it" if self.worth == AT_ITS_WORD else "by stewards' labels"

    @property
    def links(self) -> bool:
        """Whether the pair by itself would join two records."""
        return self.bits > self.links_above


@contextmanager
def warehouse(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse for reading. Raises NotFound before the first build and during one, NotBuilt if parts lack."""
    if not settings.warehouse.exists():
        raise NotFound("nothing has been built yet; run `assay build`")
    try:
        connection = duckdb.connect(str(settings.warehouse), read_only=True)
    except duckdb.IOException as locked:
        if "lock" not in str(locked):
            raise
        raise NotFound("a build is writing the warehouse; try again when it has ended") from None
    with connection:
        connection.execute("set file_search_path = $home", {"home": str(settings.home)})
        try:
            yield connection
        except duckdb.CatalogException as absent:
            told = str(absent).splitlines()[0]
            raise NotBuilt(f"the last build did not get so far; run `assay build` ({told})") from absent
        except duckdb.BinderException as lacking:
            told = str(lacking).splitlines()[0]
            raise NotBuilt(f"the last build was another version's; run `assay build` ({told})") from lacking


def domain_of(
    settings: Settings, db: duckdb.DuckDBPyConnection, record_ids: Sequence[str], only: str | None = None
) -> str:
    """The domain that all of some records are matched in, `only` where a system numbers customers and products alike.

    Raises NotFound, which says what became of a record, or that either may be meant.
    """
    common = [domain for domain in DOMAINS if only in (None, domain)]
    for record_id in record_ids:
        asked = "select 1 from matched.matched_{}__evidence where record_id = ?"
        found = [domain for domain in DOMAINS if db.execute(asked.format(domain), [record_id]).fetchone()]
        if not found and ":" not in record_id:
            raise NotFound(f"{record_id} is not SYSTEM:KEY; `assay golden show` lists the records of a golden id")
        if not found:
            raise absent_record(settings, record_id)
        before, common = common, [domain for domain in common if domain in found]
        if not common:
            others = " and ".join(before)
            raise NotFound(f"{record_id} is one of the {found[0]}, not of the {others}; they are never compared")
    if len(common) > 1:
        named = " and ".join(record_ids)
        raise NotFound(f"{named}: customers and products have that key; say which by --domain, or name a golden id")
    return common[0]


def explain(db: duckdb.DuckDBPyConnection, domain: str, pairs: Iterable[Pair]) -> dict[Pair, Explained]:
    """Every pair explained, by (left, right) as given. A pair with a record that is not there is left out."""
    asked = list(dict.fromkeys(pairs))
    names = ("left_record_id", "right_record_id")
    given = pa.table([pa.array([pair[i] for pair in asked], pa.string()) for i in (0, 1)], names=names)
    db.register("given_pairs", given)
    rows = db.execute(_query(domain)).fetchall()
    db.unregister("given_pairs")
    terms: dict[tuple, list[Term]] = defaultdict(list)
    for left, right, compared, bits, beyond, *term in rows:
        terms[left, right, compared, bits, beyond].append(Term(*term))
    weights = _weights(db, domain)
    worth = thresholds.in_warehouse(db, domain)
    above = thresholds.solved(declared(domain), worth)["lone_bits"]
    found = {}
    for (left, right, compared, bits, beyond), its in terms.items():
        rival = max(("household", "chance"), key=lambda name: sum(getattr(term, name) for term in its))
        its.sort(key=lambda term: (term.comparison == "prior", -abs(term.bits(rival)), term.comparison))
        found[left, right] = Explained(domain, left, right, its, bits, rival, above, compared, beyond, worth, weights)
    return found


def shared_blocks(db: duckdb.DuckDBPyConnection, domain: str, left: str, right: str) -> list[str]:
    """The blocking rules under which two records share a key, with a word on those that bring them together no more."""
    rules = declared(domain)["blocks"]["rules"]
    largest = caps(domain, db.execute(f"select count(*) from matched.matched_{domain}__evidence").fetchone()[0])
    found = db.execute(
        f"""
        with numbered as (
            select record_no, record_id from matched.matched_{domain}__evidence where record_id in ($l, $r)
        )

        select l.rule, max((
            select count(*) from matched.matched_{domain}__blocks as b where b.rule = l.rule and b.key = l.key
        )) as records
        from matched.matched_{domain}__blocks as l
        join matched.matched_{domain}__blocks as r on l.rule = r.rule and l.key = r.key
        where l.record_no = (select record_no from numbered where record_id = $l)
            and r.record_no = (select record_no from numbered where record_id = $r)
        group by l.rule
        order by l.rule
        """,
        {"l": left, "r": right},
    ).fetchall()
    large = {rule for rule, records in found if records > largest[rule]}
    crowds = {rule for rule in large if "up_to" not in rules[rule]}
    said = {rule: f" (too large to compare: more than {largest[rule]} records share it)" for rule in large}
    said |= {
        rule: " (of few records, but not of those who share what is too large)"
        for rule, _ in found
        if crowds and "up_to" in rules[rule]
    }
    return [rules[rule]["name"] + said.get(rule, "") for rule, _ in found]


def total(terms: Iterable[Term]) -> float:
    """log2 odds of one party against both other classes, from the terms of a pair."""
    match, household, chance = (sum(getattr(term, name) for term in terms) for name in ("match", "household", "chance"))
    most = max(household, chance)
    return match - most - math.log2(2 ** (household - most) + 2 ** (chance - most))


def _changes(one: Explained) -> list[Change]:
    comparisons = declared(one.domain)["compare"]["comparisons"]
    fixed = {each["name"] for each in comparisons if len(each.get("fixed", [])) == 3}
    turned = []
    for term in one.terms:
        if term.comparison in fixed:
            continue
        rest = [other for other in one.terms if other is not term]
        for level in one.weights.get(term.comparison, []):
            bits = total([*rest, level])
            if level.label != term.label and (bits > one.links_above) != one.links:
                turned.append(Change(term.comparison, level.label, bits))
    return sorted(turned, key=lambda change: abs(change.bits - one.bits))


def _weights(db: duckdb.DuckDBPyConnection, domain: str) -> dict[str, list[Term]]:
    names = [comparison["name"] for comparison in declared(domain)["compare"]["comparisons"]]
    rows = db.execute(
        f"select comparison, label, log2(match), log2(household), log2(chance) from matched.matched_{domain}__model "
        "where comparison in (select unnest(?)) order by comparison, level",
        [names],
    ).fetchall()
    found: dict[str, list[Term]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(Term(*row))
    return found


@lru_cache
def _query(domain: str) -> str:
    """left, right, compared, bits, beyond, and the columns of a Term, of the pairs in `given_pairs`."""
    return _render(f"""
        with evidence as (from matched.matched_{domain}__evidence),
        model as (from matched.matched_{domain}__model),
        asked as (
            select
                least(l.record_no, r.record_no) as left_no,
                greatest(l.record_no, r.record_no) as right_no,
                left_record_id,
                right_record_id
            from given_pairs
            inner join evidence as l on left_record_id = l.record_id
            inner join evidence as r on right_record_id = r.record_id
        ),
        pairs as (select distinct left_no, right_no from asked),
        weights as ({{{{ learnt_weights('{domain}', 'model') }}}}),
        compared as ({{{{ compare_pairs('{domain}', 'select * from pairs', 'evidence') }}}}),
        scored as ({{{{ score_pairs('{domain}', 'compared', 'model') }}}}),
        terms as ({{{{ explain_pairs('{domain}', 'compared') }}}})

        select
            left_record_id,
            right_record_id,
            seen.left_no is not null as compared,
            coalesce(seen.bits, scored.bits) as bits,
            round(coalesce(seen.bits - scored.bits, 0), 4) as beyond,
            terms.comparison,
            model.label,
            terms.log_match,
            terms.log_household,
            terms.log_chance,
            terms.share
        from terms
        inner join asked using (left_no, right_no)
        inner join scored using (left_no, right_no)
        inner join model on terms.comparison = model.comparison and terms.level = model.level
        left join matched.matched_{domain}__scores as seen using (left_no, right_no)
        order by all
    """)


def _render(template: str) -> str:
    """A template with the matching macros of the dbt project in it."""
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined)
    environment.globals |= {"declared": _declared, "is_touched": lambda _keys, _columns: "true"}
    environment.globals["narrowed"] = lambda relation, _keys, _columns: relation
    folder = transform.DBT_PROJECT / "macros" / "matching"
    files = [path for path in sorted(folder.glob("*.sql")) if path.stem != "declared"]
    macros = "\n".join(path.read_text(encoding="utf-8") for path in files)
    environment.globals["return"] = str
    environment.globals["adapter"] = Duck(environment.from_string(macros))
    return environment.from_string(f"{macros}\n{template}").render()


class Duck(NamedTuple):
    """dbt's adapter of DuckDB to macros that dispatch."""

    macros: jinja2.Template

    def dispatch(self, name: str) -> Callable[..., str]:
        return getattr(self.macros.module, f"default__{name}")


def _declared(domain: str, path: str):
    value = declared(domain)
    for step in path.split("."):
        value = value[step]
    return value
