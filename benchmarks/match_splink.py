"""Splink on the rows of `benchmarks.match`, from the rows to clusters, configured by somebody who knows both.

What an expert gives it: normalised values without placeholders, nicknames, both telephone numbers in one comparison,
frequencies, fifteen exact rules to block by of which none makes more than two pairs a record at a million rows, and
chances learnt where members of one household seldom meet: e-mail alone, mobile alone and family name with zip cost more
and find less. What it does without: a class of its own for households, caps on blocks, and anything after connected
components. VAT numbers, companies and whole names are empty in these rows and have neither columns nor rules.

What bears on speed: the database is in memory, ids are integers, and what rules and levels ask for are columns. u comes
from ten million pairs, which Splink's documentation calls often adequate; of its default of one million it warns, and
the thousand million that it calls best would take minutes.
"""

from __future__ import annotations

import logging
import resource
import time

import duckdb

from benchmarks.match import note
from pipelines import resources
from pipelines.transform import DBT_PROJECT

MEMORY = "12GB"  # of DuckDB; what needs more goes to disk
BLOCKS = (
    ("email",),
    ("email_user",),
    ("phone",),
    ("mobile",),
    ("loyalty_code",),
    ("given_name", "last_name"),
    ("given_name", "birth_on"),
    ("last_name", "birth_on"),
    ("zip", "birth_on"),
    ("last_name", "zip", "house"),
    ("street", "house", "zip"),
    ("given_name", "street", "house"),
    ("given_name", "zip", "last_initial"),
    ("last_name", "zip", "first_initial"),
)
SWAPPED = "l.first_name = r.last_name and l.last_name = r.first_name"
SURE = (("email", "first_name"), ("loyalty_code",))
TRAINING = (("email", "birth_on"), ("first_name", "last_name", "zip"), ("mobile", "first_name"))
U_PAIRS = 1e7
ALIKE = (0.92, 0.88)
JOINED = 0.99  # of .9, .95 and .99 the best for it, at a hundred thousand rows and at a million


def splink() -> None:
    """Everything that Splink 5 does for a table: learn, block, compare, score, cluster."""
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    home = resources.settings().home
    clock = Clock()
    connection = duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(home / "spill")})
    connection.execute(ROWS.format(rows=home / "customers.parquet", seeds=DBT_PROJECT / "seeds"))
    clock.lap("normalise")
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=_comparisons(),
        blocking_rules_to_generate_predictions=[*(block_on(*columns) for columns in BLOCKS), SWAPPED],
        retain_matching_columns=False,
        unique_id_column_name="record_no",
    )
    linker = Linker(DuckDBAPI(connection).register("given"), settings, log_level=logging.ERROR)
    sure = [block_on(*columns) for columns in SURE]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.5)
    linker.training.estimate_u_using_random_sampling(max_pairs=U_PAIRS, seed=1)
    clock.lap("train: u")
    for columns in TRAINING:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
    clock.lap("train: m")
    blocked = linker.inference.compute_blocked_pairs_for_predict()
    clock.lap("block")
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    clock.lap("compare and score")
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=JOINED)
    found = connection.execute(f"""
        select numbered.record_id, cast(clusters.cluster_id as varchar) as cluster_id
        from {clusters.physical_name} as clusters inner join numbered using (record_no)
    """).to_arrow_table()
    clock.lap("cluster")
    note(home, "expert", found, pairs=_by_rule(connection, blocked.physical_name), **clock.told())


def _by_rule(connection: duckdb.DuckDBPyConnection, blocked: str) -> str:
    """How many pairs each rule added to those before it."""
    names = [*(" ".join(columns) for columns in BLOCKS), "swapped names"]
    query = f"select cast(match_key as integer), count(*) from {blocked} group by all order by all"
    counts = connection.execute(query).fetchall()
    each = ", ".join(f"{names[rule]} {count:,}" for rule, count in counts)
    return f"{sum(count for _, count in counts):,} pairs compared ({each})"


def _comparisons() -> list:
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    def compared(name: str, missing: object, *levels: object) -> object:
        return cl.CustomComparison([missing, *levels, cll.ElseLevel()], output_column_name=name)

    def exact(name: str) -> object:
        return cll.ExactMatchLevel(name, term_frequency_adjustments=True)

    def alike(name: str) -> list:
        return [cll.JaroWinklerLevel(name, threshold) for threshold in ALIKE]

    initial = "least(length(first_name_l), length(first_name_r)) = 1 and first_initial_l = first_initial_r"
    no_phone = "coalesce(mobile_l, phone_l) is null or coalesce(mobile_r, phone_r) is null"
    return [
        compared(
            "first_name",
            cll.NullLevel("first_name"),
            exact("first_name"),
            cll.CustomLevel("given_name_l = given_name_r", label_for_charts="nickname"),
            cll.ColumnsReversedLevel("first_name", "last_name", symmetrical=True),
            *alike("first_name"),
            cll.CustomLevel(initial, label_for_charts="initial"),
        ),
        compared("last_name", cll.NullLevel("last_name"), exact("last_name"), *alike("last_name")),
        cl.DateOfBirthComparison("birth_on", input_is_string=False),
        compared(
            "email",
            cll.NullLevel("email"),
            exact("email"),
            cll.ExactMatchLevel("email_user"),
            cll.JaroWinklerLevel("email", ALIKE[0]),
        ),
        compared(
            "phones",
            cll.CustomLevel(no_phone).configure(is_null_level=True),
            cll.CustomLevel("mobile_l = mobile_r").configure(tf_adjustment_column="mobile"),
            cll.CustomLevel("phone_l = phone_r").configure(tf_adjustment_column="phone"),
        ),
        cl.ExactMatch("loyalty_code"),
        compared(
            "address",
            cll.NullLevel("zip"),
            cll.CustomLevel("street_l = street_r and house_l = house_r and zip_l = zip_r", label_for_charts="home"),
            exact("zip"),
        ),
    ]


ROWS = """
create table numbered as
select row_number() over (order by record_id) as record_no, record_id from read_parquet('{rows}');

create table given as
with folded as (
    select
        numbered.record_no,
        nullif(trim(regexp_replace(strip_accents(lower(first_name)), '[^a-z ]', '', 'g')), '') as first_name,
        nullif(trim(regexp_replace(strip_accents(lower(last_name)), '[^a-z ]', '', 'g')), '') as last_name,
        split_part(split_part(lower(trim(email)), '@', 1), '+', 1) as mailbox,
        replace(split_part(lower(trim(email)), '@', 2), 'googlemail.com', 'gmail.com') as domain,
        right(regexp_replace(phone, '[^0-9]', '', 'g'), 9) as phone,
        right(regexp_replace(mobile, '[^0-9]', '', 'g'), 9) as mobile,
        upper(trim(loyalty_code)) as loyalty_code,
        birth_on,
        regexp_replace(strip_accents(lower(street)), ' ?[0-9]+[a-z]?$', '') as street,
        regexp_extract(lower(street), '[0-9]+[a-z]?$') as house,
        zip
    from read_parquet('{rows}') inner join numbered using (record_id)
),

placeholders as (
    select kind, part, value from read_csv('{seeds}/placeholder_values.csv', header = true, all_varchar = true)
),

nicknames as (
    select name, min(given_name) as given_name
    from read_csv('{seeds}/nicknames.csv', header = true, all_varchar = true)
    group by name
),

known as (
    select
        * exclude (mailbox, domain) replace (
            case when first_name not in (select value from placeholders where kind = 'name') then first_name end
                as first_name,
            case when last_name not in (select value from placeholders where kind = 'name') then last_name end
                as last_name,
            case when phone not in (select value from placeholders where kind = 'phone') then phone end as phone,
            case when mobile not in (select value from placeholders where kind = 'phone') then mobile end as mobile,
            case
                when cast(birth_on as varchar) not in (select value from placeholders where kind = 'birth_on')
                    then birth_on
            end as birth_on
        ),
        case
            when
                mailbox not in (select value from placeholders where kind = 'email' and part = 'user')
                and mailbox || '@' || domain not in (
                    select value from placeholders where kind = 'email' and part = 'value'
                )
                then if(domain = 'gmail.com', replace(mailbox, '.', ''), mailbox) || '@' || domain
        end as email
    from folded
)

select
    known.*,
    coalesce(nicknames.given_name, known.first_name) as given_name,
    left(known.first_name, 1) as first_initial,
    left(known.last_name, 1) as last_initial,
    case when length(split_part(email, '@', 1)) >= 5 then split_part(email, '@', 1) end as email_user
from known
left join nicknames on known.first_name = nicknames.name
"""


class Clock:
    """Seconds of wall clock and of CPU from lap to lap."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu_s: dict[str, float] = {}
        self.last = self._now()

    def lap(self, name: str) -> None:
        before, self.last = self.last, self._now()
        self.seconds[name], self.cpu_s[name] = (now - then for now, then in zip(self.last, before, strict=True))

    def told(self) -> dict[str, float | dict[str, float]]:
        """What `benchmarks.match.note` wants to know of them."""
        return {"seconds": self.seconds, "cpu_s": self.cpu_s, "to_clusters_s": sum(self.seconds.values())}

    @staticmethod
    def _now() -> tuple[float, float]:
        spent = resource.getrusage(resource.RUSAGE_SELF)
        return time.perf_counter(), spent.ru_utime + spent.ru_stime


if __name__ == "__main__":
    splink()
