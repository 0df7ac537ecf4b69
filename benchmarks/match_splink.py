"""Plain Splink on the rows of `benchmarks.match`, configured by somebody who knows it, from the rows to clusters.

It gets values as clean as ours (no placeholders or values that many surnames share, nicknames, mailboxes without tags),
fifteen rules to block by, levels for what customers get wrong, and learns where members of one household seldom meet.
"""

from __future__ import annotations

import logging
import time

import duckdb

from benchmarks.match import note
from pipelines import resources
from pipelines.resources import PROJECT

SPLINK_BLOCKS = (
    ("email",),
    ("email_user",),
    ("phone",),
    ("mobile",),
    ("loyalty_code",),
    ("first_name", "last_name"),
    ("given_name", "last_name"),
    ("last_name", "zip"),
    ("given_name", "zip"),
    ("given_name", "birth_on"),
    ("last_name", "birth_on"),
    ("zip", "birth_on"),
    ("house", "birth_on"),
    ("street", "house", "zip"),
    ("given_name", "street", "house"),
)
TRAINING = (("email", "first_name"), ("first_name", "last_name"), ("mobile", "birth_on"))
JAROWINKLER = (0.92, 0.88)


def splink() -> None:
    """Everything that Splink 5 does for a table: estimate, learn, block, compare, score, cluster."""
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    home = resources.settings().home
    clock = _Clock()
    connection = duckdb.connect(str(home / "splink.duckdb"))
    connection.execute("set memory_limit = '12GB'")
    connection.execute(SPLINK_ROWS.format(path=home / "customers.parquet", nicknames=NICKNAMES))
    clock.lap("normalise")
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=_comparisons(),
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in SPLINK_BLOCKS],
        retain_matching_columns=False,
        unique_id_column_name="record_id",
    )
    linker = Linker(DuckDBAPI(connection).register("given"), settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match([block_on("email", "first_name")], recall=0.5)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for columns in TRAINING:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
    clock.lap("train")
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    clock.lap("block, compare, score")
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=0.9)
    clock.lap("cluster")
    likely = connection.execute(f"select count(*) from {pairs.physical_name}").fetchone()[0]
    found = connection.execute(f"select record_id, cluster_id from {clusters.physical_name}").to_arrow_table()
    note(home, "splink", clock.seconds, found, f"{likely:,} likely pairs")


def _comparisons() -> list:
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    def compared(name: str, exact: object, *levels: object) -> object:
        missing = cll.NullLevel("zip" if name == "address" else name)
        return cl.CustomComparison([missing, exact, *levels, cll.ElseLevel()], output_column_name=name)

    def alike(name: str) -> list:
        return [cll.JaroWinklerLevel(name, threshold) for threshold in JAROWINKLER]

    initial = "least(length(first_name_l), length(first_name_r)) = 1 and first_name_l[1] = first_name_r[1]"
    at_home = ("street_l = street_r and house_l = house_r and zip_l = zip_r", "house_l = house_r and zip_l = zip_r")
    return [
        compared(
            "first_name",
            cll.ExactMatchLevel("first_name", term_frequency_adjustments=True),
            cll.CustomLevel("given_name_l = given_name_r"),
            cll.ColumnsReversedLevel("first_name", "last_name"),
            *alike("first_name"),
            cll.CustomLevel(initial),
        ),
        compared("last_name", cll.ExactMatchLevel("last_name", term_frequency_adjustments=True), *alike("last_name")),
        cl.DateOfBirthComparison("birth_on", input_is_string=False),
        compared(
            "email",
            cll.ExactMatchLevel("email", term_frequency_adjustments=True),
            cll.ExactMatchLevel("email_user"),
            cll.LevenshteinLevel("email", 1),
        ),
        cl.ArrayIntersectAtSizes("phones", [1]),
        cl.ExactMatch("loyalty_code"),
        compared(
            "address", *map(cll.CustomLevel, at_home), cll.ExactMatchLevel("zip", term_frequency_adjustments=True)
        ),
    ]


NICKNAMES = PROJECT / "dbt_project" / "seeds" / "nicknames.csv"
SPLINK_ROWS = """
create table given as
with clean as (
    select
        record_id,
        regexp_replace(lower(strip_accents(first_name)), '[^a-z ]', '', 'g') as first_name,
        regexp_replace(lower(strip_accents(last_name)), '[^a-z ]', '', 'g') as last_name,
        regexp_replace(lower(trim(email)), '[+].*@', '@') as email,
        right(regexp_replace(phone, '[^0-9]', '', 'g'), 9) as phone,
        right(regexp_replace(mobile, '[^0-9]', '', 'g'), 9) as mobile,
        upper(trim(loyalty_code)) as loyalty_code,
        case when birth_on > date '1900-01-01' then birth_on end as birth_on,
        regexp_replace(lower(strip_accents(street)), ' ?[0-9]+[a-z]?$', '') as street,
        regexp_extract(street, '[0-9]+') as house,
        zip
    from read_parquet('{path}')
),

nobodys as (
    select value
    from (
        select email as value, last_name from clean
        union all
        select phone, last_name from clean
        union all
        select mobile, last_name from clean
    )
    where value is not null
    group by value
    having count(distinct left(last_name, 2)) >= greatest(4, count(*) * 0.6)
),

known as (
    select * replace (
        case when email not in (from nobodys) then email end as email,
        case when phone not in (from nobodys) then phone end as phone,
        case when mobile not in (from nobodys) then mobile end as mobile
    )
    from clean
)

select
    known.*,
    coalesce(nicknames.given_name, first_name) as given_name,
    split_part(email, '@', 1) as email_user,
    case
        when coalesce(phone, mobile) is not null then list_filter([phone, mobile], lambda n: n is not null)
    end as phones
from known
left join (select name, min(given_name) as given_name from read_csv('{nicknames}') group by name) as nicknames
    on known.first_name = nicknames.name
"""


class _Clock:
    """Seconds from lap to lap."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name], self.last = now - self.last, now


if __name__ == "__main__":
    splink()
