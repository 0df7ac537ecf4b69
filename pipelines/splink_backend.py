"""Splink in place of our own comparing, scoring and clustering, on the same normalised evidence: a second opinion.

Optional (`pip install assay[bench]`) and for persons only. No build uses it; `assay match eval --backend splink` does,
and a test asks whether it agrees where it is sure.
"""

from __future__ import annotations

import logging

import duckdb
import pyarrow as pa

from pipelines.mapping import UnusableInput

EVIDENCE = ("first_name", "last_name", "birth_on", "email", "phone_1", "loyalty_code", "zip", "street", "city")
BLOCKS = (
    ("email",),
    ("phone_1",),
    ("loyalty_code",),
    ("first_name", "last_name"),
    ("last_name", "zip"),
    ("first_name", "zip"),
    ("first_name", "birth_on"),
    ("last_name", "birth_on"),
    ("street", "zip"),
)
TRAINING = (("email",), ("first_name", "last_name"), ("birth_on",), ("zip",))
JOINED = 0.9


def match(evidence: pa.Table) -> tuple[pa.Table, pa.Table]:
    """(clusters, scores) of evidence: record_id with the columns of EVIDENCE, null where nothing is known.

    Clusters are record_id and cluster_id, from pairs of probability 0.9; scores are left_id, right_id and bits (log2 of
    the odds). A column that is null throughout takes no part. Raises UnusableInput where Splink is not installed or has
    nothing to learn from.
    """
    try:
        from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    except ImportError as absent:
        raise UnusableInput("Splink is not installed; `pip install assay[bench]` brings it") from absent
    logging.getLogger("splink").setLevel(logging.ERROR)
    known = {name for name in EVIDENCE if evidence[name].null_count < len(evidence)}
    blocks, training = (
        [block_on(*columns) for columns in rules if known >= set(columns)] for rules in (BLOCKS, TRAINING)
    )
    if len(training) < 2:
        raise UnusableInput(
            "Splink learns from two of e-mail, name, birth date and zip at least; the records have fewer"
        )
    with duckdb.connect() as db:
        db.register("records", evidence)
        db.execute("create table given as from records order by record_id")
        settings = SettingsCreator(
            link_type="dedupe_only",
            comparisons=_comparisons(known),
            blocking_rules_to_generate_predictions=blocks,
            retain_matching_columns=False,
            unique_id_column_name="record_id",
        )
        linker = Linker(DuckDBAPI(db).register("given"), settings, log_level=logging.ERROR)
        linker.training.estimate_probability_two_random_records_match(training[:2], recall=0.5)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        _learn(linker, training)
        pairs = linker.inference.predict()
        held = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=JOINED)
        clusters = db.execute(f"select record_id, cluster_id from {held.physical_name}").to_arrow_table()
        scores = db.execute(f"""
            select record_id_l as left_id, record_id_r as right_id, match_weight as bits from {pairs.physical_name}
        """).to_arrow_table()
    return clusters, scores


def _learn(linker, training: list) -> None:
    """Expectation maximisation within each block; nothing of one whose probabilities vanish, for want of records."""
    vanished = []
    for rule in training:
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        except ValueError as said:
            vanished.append(str(said))
    if len(training) - len(vanished) < 2:
        raise UnusableInput(f"Splink cannot learn from these records: {vanished[-1]}")


def _comparisons(known: set[str]) -> list:
    import splink.comparison_library as cl

    declared = {
        "first_name": cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
        "last_name": cl.NameComparison("last_name").configure(term_frequency_adjustments=True),
        "birth_on": cl.DateOfBirthComparison("birth_on", input_is_string=False),
        "email": cl.JaroWinklerAtThresholds("email", [0.95]).configure(term_frequency_adjustments=True),
        "phone_1": cl.ExactMatch("phone_1").configure(term_frequency_adjustments=True),
        "loyalty_code": cl.ExactMatch("loyalty_code"),
        "zip": cl.ExactMatch("zip").configure(term_frequency_adjustments=True),
        "street": cl.JaroWinklerAtThresholds("street", [0.9]),
    }
    if "zip" not in known:
        declared["city"] = cl.JaroWinklerAtThresholds("city", [0.9]).configure(term_frequency_adjustments=True)
    return [comparison for name, comparison in declared.items() if name in known]
