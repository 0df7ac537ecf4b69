"""Values that too many records share: nobody is looked for by them, so somebody should know. Reads only."""

from __future__ import annotations

from typing import NamedTuple

import duckdb

from pipelines.matching import caps, declared
from pipelines.plain import plain

LONGEST_SHOWN = 60
TOLD = 10
"""Of names and places together, a block is worth a word if it is so many times as large as one may be."""


class Crowd(NamedTuple):
    """The value that most `records` share under a rule or attribute; `values` are shared by too many there."""

    rule: str
    value: str
    records: int
    values: int
    record_id: str

    def line(self, openly: bool = True) -> str:
        """One line; what may be personal is named by one record that has it, unless it is told `openly`."""
        shared = repr(self.value) if openly else f"one value, {self.record_id} among them"
        others = f"; so are {self.values - 1:,} other values of it" if self.values > 1 else ""
        return f"{self.rule}: {self.records:,} records share {shared}, too many to look for duplicates by it{others}"


def crowds(db: duckdb.DuckDBPyConnection, domain: str) -> list[Crowd]:
    """The largest crowd of each rule, and of each attribute whose shared values were learnt, the largest first.

    Rules for few records alone have crowds of initials, which say nothing.
    """
    found = _of_blocks(db, domain) + (_learnt(db) if domain == "customers" else [])
    return sorted(found, key=lambda crowd: (-crowd.records, crowd.rule))


def worth_telling(domain: str, found: list[Crowd]) -> list[Crowd]:
    """Those that say something of the data: of one attribute by itself, or far above what common names make."""
    blocks = declared(domain)["blocks"]
    alone = {
        rule["name"] for rule in blocks["rules"] if all(str(key).isidentifier() for key in rule.get("keys", ["-"]))
    }
    common = {rule["name"] for rule in blocks["rules"]} - alone
    return [crowd for crowd in found if crowd.rule not in common or crowd.records > TOLD * blocks["cap"]]


def _of_blocks(db: duckdb.DuckDBPyConnection, domain: str) -> list[Crowd]:
    rules = declared(domain)["blocks"]["rules"]
    records = db.execute(f"select count(*) from matched.matched_{domain}__evidence").fetchone()[0]
    largest = " ".join(f"when {n} then {cap}" for n, cap in enumerate(caps(domain, records)) if "up_to" not in rules[n])
    rows = db.execute(f"""
        with sizes as (
            select rule, key, count(*) as records, min(record_no) as record_no
            from matched.matched_{domain}__blocks
            group by rule, key
            having count(*) > case rule {largest} end
        )

        select rule, key, records, values, record_no, record_id
        from (
            select
                *,
                count(*) over (partition by rule) as values,
                row_number() over (partition by rule order by records desc, record_no, key) as place
            from sizes
        )
        join matched.matched_{domain}__evidence using (record_no)
        where place = 1
    """).fetchall()
    return [
        Crowd(rules[rule]["name"], _value(db, domain, rule, key, number), records, values, record_id)
        for rule, key, records, values, number, record_id in rows
    ]


def _value(db: duckdb.DuckDBPyConnection, domain: str, number: int, key: int, record_no: int) -> str:
    """What stands behind the key of a block, from a record in it."""
    rule = declared(domain)["blocks"]["rules"][number]
    each = [f"unnest({rule['each']})", rule.get("beside")] if "each" in rule else None
    keys = [list(filter(None, each))] if each else [[one] if isinstance(one, str) else one for one in rule["keys"]]
    evidence = f"matched.matched_{domain}__evidence where record_no = ?"
    for parts in keys:
        said = ", ".join(f"{part} as part_{n}" for n, part in enumerate(parts))
        named = ", ".join(f"part_{n}" for n in range(len(parts)))
        found = db.execute(
            f"select concat_ws('|', {named}) from (select {said} from {evidence}) where hash({number}, {named}) = ?",
            [record_no, key],
        ).fetchone()
        if found:
            return _cut(found[0])
    raise LookupError(f"record {record_no} has no such key under {rule['name']}")


def _learnt(db: duckdb.DuckDBPyConnection) -> list[Crowd]:
    rows = db.execute(
        """
        with said as (
            select record_id, unnest([
                {'attribute': 'email', 'value': email},
                {'attribute': 'phone', 'value': phone},
                {'attribute': 'phone', 'value': mobile},
                {'attribute': 'vat', 'value': vat},
                {'attribute': 'loyalty_code', 'value': loyalty_code},
                {'attribute': 'birth_on', 'value': cast(birth_on as varchar)}
            ], recursive := true)
            from matched.matched_customers__normalised
        ),

        sizes as (
            select attribute, value, count(distinct record_id) as records, min(record_id) as record_id
            from said
            semi join matched.matched_customers__placeholders as learnt
                on said.attribute = learnt.attribute and said.value = learnt.value and learnt.reason <> 'declared'
            group by attribute, value
            having count(distinct record_id) > ?
        )

        select
            attribute,
            value,
            records,
            count(*) over (partition by attribute) as values,
            record_id
        from sizes
        qualify row_number() over (partition by attribute order by records desc, value) = 1
    """,
        [declared("customers")["blocks"]["cap"]],
    ).fetchall()
    return [Crowd(attribute, _cut(value), *rest) for attribute, value, *rest in rows]


def _cut(value: str) -> str:
    return plain(value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…")
