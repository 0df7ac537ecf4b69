"""Reads dates of files of which nobody said how they are written: those that can be read in one way, no others.

Which of two numbers is the day is told by the other dates of the same source; where these leave it open it stays so.
"""

from __future__ import annotations

import duckdb

from pipelines.mapping import dated, quoted

BEHIND = r"(.)[ T]+[0-9]{1,2}:[0-9]{2}.*$|^([0-9]{5}|[0-9]{8})\.0+$"
"""What stands behind a date: a time of day, or the fraction of a day that is a number."""
NUMBERS = r"^([0-9]{1,2})([-./]) *([0-9]{1,2})[-./] *([0-9]{4}|[0-9]{2})$"
IN_WORDS = ("%d %B %Y", "%d. %B %Y", "%d %b %Y", "%d-%b-%Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%b %d %Y")
SERIAL = "date '1899-12-30'"
"""Day 0 of spreadsheets."""
CLEARLY = 8
"""So many times more dates of a source can be read with the month first than with the day first, or the reverse."""


def month_is_first(db: duckdb.DuckDBPyConnection, text: str, source: str) -> dict[str, bool]:
    """Whether 03/07/1984 is the 7th of March, for each source of the table `given` whose dates tell."""
    first, second = (_number(_bare(text), place) for place in (1, 3))
    told = db.execute(f"""
        select source, months > days
        from (
            select {source} as source, count(*) filter ({second} > 12) as months, count(*) filter ({first} > 12) as days
            from given
            where regexp_matches({_bare(text)}, {quoted(NUMBERS)})
            group by all
        )
        where source is not null and greatest(months, days) > {CLEARLY} * least(months, days)
    """)
    return dict(told.fetchall())


def read_date(text: str, source: str, months: dict[str, bool]) -> str:
    """SQL of the date in a text; null where there is none, or one of two. `months` is of `month_is_first`."""
    bare = _bare(text)
    first, second = (_number(bare, place) for place in (1, 3))
    numbers = f"regexp_replace({bare}, {quoted(NUMBERS)}, '\\1/\\3/\\4')"
    told = " ".join(f"when {source} = {quoted(one)} then {is_first}" for one, is_first in months.items())
    # With points between them the day is first wherever people write so.
    by_source = f"case {told} when contains({bare}, '.') then false end"
    in_words = ", ".join(dated(bare, each, "date") for each in IN_WORDS)
    return f"""case
        when regexp_matches({bare}, {quoted(NUMBERS)}) then
            case case when {first} > 12 or {second} > 12 or {first} = {second} then {second} > 12 else {by_source} end
                when true then {dated(numbers, "%m/%d/%Y", "date")}
                when false then {dated(numbers, "%d/%m/%Y", "date")}
            end
        when regexp_matches({bare}, '^[0-9]{{5}}$') then {SERIAL} + cast({bare} as integer)
        when regexp_matches({bare}, '^([0-9]{{4}})?(1[89]|20)[0-9]{{2}}([0-9]{{4}})?$') and length({bare}) = 8
            then coalesce({dated(bare, "%Y%m%d", "date")}, {dated(bare, "%d%m%Y", "date")})
        else coalesce({in_words})
    end"""


def _bare(text: str) -> str:
    return f"regexp_replace({text}, {quoted(BEHIND)}, '\\1\\2')"


def _number(bare: str, place: int) -> str:
    return f"try_cast(regexp_extract({bare}, {quoted(NUMBERS)}, {place}) as integer)"
