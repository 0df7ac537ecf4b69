"""Plain Splink on the rows of `benchmarks.match`, as its documentation advises, from the rows to clusters.

Lower case without accents, the ten blocking rules that find most, comparisons of its library with term frequencies, a
database in a file, and u from ten million pairs. `match_splink.py` has what an expert makes of it.
"""

from __future__ import annotations

import logging

import duckdb

from benchmarks.match import note
from benchmarks.match_splink import Clock
from pipelines import resources

BLOCKS = (
    ("email",),
    ("phone",),
    ("mobile",),
    ("loyalty_code",),
    ("first_name", "last_name"),
    ("last_name", "zip"),
    ("first_name", "zip"),
    ("first_name", "birth_on"),
    ("last_name", "birth_on"),
    ("street", "zip"),
)


def plain() -> None:
    """Splink 5 as its documentation advises, on lower case without accents, digits, and without placeholders."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    home = resources.settings().home
    clock = Clock()
    connection = duckdb.connect(str(home / "plain.duckdb"))
    connection.execute("set memory_limit = '12GB'")
    connection.execute(ROWS.format(path=home / "customers.parquet"))
    clock.lap("normalise")
    rules = [block_on(*columns) for columns in BLOCKS]
    comparisons = [
        cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("last_name").configure(term_frequency_adjustments=True),
        cl.DateOfBirthComparison("birth_on", input_is_string=False),
        cl.JaroWinklerAtThresholds("email", [0.95]).configure(term_frequency_adjustments=True),
        cl.ExactMatch("phone").configure(term_frequency_adjustments=True),
        cl.ExactMatch("mobile").configure(term_frequency_adjustments=True),
        cl.ExactMatch("loyalty_code"),
        cl.ExactMatch("zip").configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("street", [0.9]),
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
        retain_matching_columns=False,
        unique_id_column_name="record_id",
    )
    linker = Linker(DuckDBAPI(connection).register("given"), settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match([block_on("email", "first_name")], recall=0.5)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
    for columns in (("email",), ("first_name", "last_name"), ("mobile",)):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
    clock.lap("train")
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    clock.lap("block, compare, score")
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=0.9)
    clock.lap("cluster")
    likely = connection.execute(f"select count(*) from {pairs.physical_name}").fetchone()[0]
    found = connection.execute(f"select record_id, cluster_id from {clusters.physical_name}").to_arrow_table()
    note(home, "plain", found, pairs=f"{likely:,} likely pairs", **clock.told())


ROWS = """
create table given as
select
    record_id,
    lower(strip_accents(first_name)) as first_name,
    lower(strip_accents(last_name)) as last_name,
    case when email not like 'noemail%' then lower(email) end as email,
    right(phone, 9) as phone,
    right(mobile, 9) as mobile,
    loyalty_code,
    case when birth_on > date '1900-01-01' then birth_on end as birth_on,
    lower(street) as street,
    zip
from read_parquet('{path}')
"""


if __name__ == "__main__":
    plain()
