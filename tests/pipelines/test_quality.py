"""What stewards' labels say of the matching: with honest bounds, and with the domain closed where they are too low."""

import json
import random
from datetime import UTC, datetime, timedelta

import duckdb
import jinja2
import numpy as np
import pyarrow as pa
import pytest

from pipelines import calibration, decisions, expectation, quality, recalibrate, thresholds, trained, transform
from pipelines.ledger import open_ledger, review_samples
from pipelines.quality import Stratum, estimate
from pipelines.resources import PROJECT, Settings

AT = datetime(2026, 3, 29, 15, 0)


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    """A home after a build that expects well of itself, and empty files of decisions."""
    (tmp_path / "seeds").mkdir()
    (tmp_path / "exports").mkdir()
    monkeypatch.setattr(transform, "DBT_PROJECT", tmp_path)
    told = {"expected": 0.99, "largest": 7, "where": "pos:1"}
    (tmp_path / "exports" / "quality.json").write_text(json.dumps({"customers": told, "products": told}))
    return Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")


def drawn(settings: Settings, labels: dict[bool, tuple[int, int]], at: datetime = AT, model: str | None = None) -> None:
    """A sample with `(same, different)` labels among the pairs joined (True) and apart, 1,000 of each kind."""
    rows, decided = [], []
    for joined, counts in labels.items():
        for word, count in zip(("must", "cannot"), counts, strict=True):
            for n in range(count):
                left, right = sorted((f"pos:{joined}{word}{n}", f"odoo:{joined}{word}{n}"))
                rows.append({"left_record_id": left, "right_record_id": right, "joined": joined, "pairs": 1000})
                decided.append(f"customers,{left},{right},{word},Jana,looked,2026-03-29")
    with open_ledger(settings.ledger_url).begin() as connection:
        for row in rows:
            kept = {"sample_id": f"sample {at}", "domain": "customers", "stratum": str(row["joined"]), "drawn_at": at}
            kept["model_version"] = model
            connection.execute(review_samples.insert().values(**row, **kept))
    lines = [",".join(decisions.Decision._fields), *decided]
    (settings.home / "seeds" / "match_overrides.csv").write_text("\n".join(lines) + "\n")


def test_bounds_hold_the_truth_as_often_as_they_say():
    chance, held = random.Random(4), 0
    for _ in range(400):
        rates = [(500, 0.7), (4000, chance.choice([0.95, 0.99, 1.0]))]
        strata = []
        for pairs, rate in rates:
            strata.append(Stratum(True, pairs, 60, sum(chance.random() < rate for _ in range(60))))
        truth = sum(pairs * rate for pairs, rate in rates) / 4500
        precision, _ = estimate(strata)
        held += precision.low <= truth <= precision.high
    assert held / 400 >= 0.93


def test_a_rare_kind_of_pair_weighs_by_its_number_and_not_by_its_labels():
    precision, recall = estimate([Stratum(True, 9900, 50, 50), Stratum(True, 100, 50, 0), Stratum(False, 1000, 50, 5)])
    assert precision.value == pytest.approx(0.99)
    assert recall.value == pytest.approx(9900 / 10000)
    assert precision.low < 0.99 < precision.high
    assert recall.low < recall.value < recall.high


def test_a_kind_of_pair_without_a_label_is_not_guessed():
    assert estimate([Stratum(True, 10, 0, 0), Stratum(False, 10, 5, 0)]) == (None, None)
    assert estimate([Stratum(True, 10, 5, 5), Stratum(False, 10, 0, 0)])[1] is None


def test_enough_good_labels_open_the_gate_and_enough_bad_ones_close_it_with_the_reason(settings):
    drawn(settings, {True: (180, 0), False: (0, 60)})
    assert quality.objections(settings, "customers") == ([], [])
    drawn(settings, {True: (150, 30), False: (0, 60)}, AT + timedelta(days=1))
    closed, _ = quality.objections(settings, "customers")
    assert len(closed) == 1
    assert "precision of matching is 0.833" in closed[0]
    assert "240 labels" in closed[0]
    assert "`assay match calibrate customers` says what" in closed[0]


def test_too_few_labels_say_so_and_leave_it_to_the_size_limit_and_the_models_own_expectation(settings):
    drawn(settings, {True: (5, 0), False: (0, 5)})
    closed, notes = quality.objections(settings, "customers")
    assert not closed
    assert "10 of 200 labels" in notes[0]
    worse = {"expected": 0.5, "largest": 3000, "where": "pos:1"}
    (settings.exports / "quality.json").write_text(json.dumps({"customers": worse}))
    closed, _ = quality.objections(settings, "customers")
    assert any("3,000 records" in reason and "pos:1" in reason for reason in closed)
    assert any("0.500" in reason and "`assay review --sample 200` asks" in reason for reason in closed)


def test_few_labels_that_prove_the_matching_wrong_close_the_gate_and_few_that_do_not_leave_it(settings):
    drawn(settings, {True: (40, 60), False: (0, 0)})
    (closed,), notes = quality.objections(settings, "customers")
    assert "precision of matching is 0.400" in closed
    assert "by 100 labels, few as they are; even its upper bound is below 0.95" in closed
    assert "100 of 200 labels" in notes[0]
    drawn(settings, {True: (95, 5), False: (0, 0)}, AT + timedelta(days=1))
    assert quality.objections(settings, "customers")[0] == []


def test_labels_that_came_since_the_build_are_told_beside_what_it_expects(settings):
    built = {"expected": 0.99, "labels": 0, "given": 0, "thresholds": {}, "model": "one"}
    (settings.exports / "quality.json").write_text(json.dumps({"customers": built}))
    assert len(quality.expectations(settings)) == 1
    drawn(settings, {True: (5, 0), False: (0, 5)}, model="one")
    assert (
        "the last build, which knew 0 labels; there are 10 now: run `assay build`" in quality.expectations(settings)[1]
    )


def test_decisions_on_pairs_that_nobody_drew_are_no_sample(settings):
    drawn(settings, {True: (5, 0), False: (0, 5)})
    now = datetime(2026, 3, 30, tzinfo=UTC)
    decisions.decide(
        settings, "customers", "different", [(f"pos:x{n}", f"odoo:x{n}") for n in range(300)], "Jana", "mine", now
    )
    assert quality.measure(settings, "customers").labels == 10


def test_a_pair_on_which_stewards_contradict_each_other_is_no_label_and_is_asked_again(settings):
    drawn(settings, {True: (5, 0), False: (0, 5)})
    file = settings.home / "seeds" / "match_overrides.csv"
    (one, *_) = decisions.decisions()
    for day, labels in ((one.decided_on, 9), ("2026-03-30", 10)):
        other = "cannot" if one.decision == "must" else "must"
        with file.open("a") as rows:
            rows.write(f"customers,{one.right_record_id},{one.left_record_id},{other},Petr,otherwise,{day}\n")
        assert quality.measure(settings, "customers").labels == labels
        asked = quality._unlabelled(settings, "customers")
        assert [set(pair) for pair in asked] == [set(one[1:3])] * (10 - labels), "the word of a later day holds"


def test_labels_of_a_sample_that_another_model_drew_measure_nothing(settings):
    told = {"expected": 0.99, "largest": 7, "where": "pos:1", "model": "new"}
    (settings.exports / "quality.json").write_text(json.dumps({"customers": told}))
    drawn(settings, {True: (150, 30), False: (0, 60)}, model="old")
    closed, notes = quality.objections(settings, "customers")
    assert closed == []
    assert "240 labels of customers measure model old, and model new is in use" in notes[0]
    drawn(settings, {True: (150, 30), False: (0, 60)}, AT + timedelta(days=1), model="new")
    assert "precision of matching is 0.833" in quality.objections(settings, "customers")[0][0]


def test_the_gate_can_be_asked_about_the_decisions_of_another_branch(settings, tmp_path):
    drawn(settings, {True: (180, 0), False: (0, 60)})
    built = json.loads((settings.exports / "quality.json").read_bytes())["customers"]
    here = (settings.home / "seeds" / "match_overrides.csv").read_text()
    (tmp_path / "branch").mkdir()
    (tmp_path / "branch" / "match_overrides.csv").write_text(here.replace(",must,", ",cannot,"))
    closed, _ = quality.judge(settings, "customers", built, tmp_path / "branch")
    assert any(reason.startswith("precision of matching is 0.000") for reason in closed)
    assert quality.judge(settings, "customers", built) == ([], [])


LIMITS = {"lone_bits": 2, "stop_bits": -1.5, "review_bits": 0}


def test_without_labels_the_model_is_taken_at_its_word_and_it_is_said_so():
    told = expectation.expect(np.array([2.0, 8.0]), [], LIMITS)
    assert told["labels"] == 0
    assert told["thresholds"] == {"lone_bits": 0.8, "stop_bits": 0.2612, "review_bits": 0.5}
    assert told["expected"] == pytest.approx((0.8 + 256 / 257) / 2)
    assert "by the model alone" in expectation.lines("customers", told)[0]


def expected_of(bits: dict[tuple[int, int], float]) -> float:
    """Of a build with one cluster of three records, whose pairs have these bits; of all pairs, 0.001 are one party."""
    with duckdb.connect() as db:
        db.execute("""
            create schema matched;
            create table matched.matched_customers__clusters as
            select 'pos:' || n as record_id, 'pos:1' as cluster_id from range(1, 4) as records (n);
            create table matched.matched_customers__evidence as
            select 'pos:' || n as record_id, n as record_no from range(1, 4) as records (n);
            create table matched.matched_customers__model as select 'prior' as comparison, 0.001 as match;
            create table matched.matched_customers__within (left_no bigint, right_no bigint, bits double)
        """)
        rows = [(*pair, said) for pair, said in bits.items()]
        db.executemany("insert into matched.matched_customers__within values (?, ?, ?)", rows)
        return expectation.of_build(db, "customers", [], LIMITS)["expected"]


def test_records_that_say_nothing_of_each_other_are_as_surely_one_as_each_is_with_a_third():
    assert expected_of({(1, 2): 8.0, (2, 3): 8.0, (1, 3): -9.0}) == pytest.approx(256 / 257, abs=0.002)


def test_what_speaks_against_a_pair_is_expected_to_be_wrong_also_where_a_third_record_speaks_for_it():
    assert expected_of({(1, 2): 8.0, (2, 3): 8.0, (1, 3): -25.0}) == pytest.approx(2 / 3, abs=0.01)


def three_bits_too_sure(labels: int) -> list[tuple[float, expectation.Label]]:
    """Labels with bits, by which pairs are as likely one party as if they had three bits less."""
    dice, known = random.Random(2), []
    for n in range(labels):
        bits = dice.uniform(-6, 10)
        same = dice.random() < 1 / (1 + 2 ** -(bits - 3))
        known.append((bits, expectation.Label(f"a:{n}", f"b:{n}", same, 1.0)))
    return known


def test_a_declared_probability_takes_the_bits_that_labels_say_and_the_models_own_without(settings, monkeypatch):
    engine = open_ledger(settings.ledger_url)
    assert thresholds.limits(engine, "customers")["lone_bits"] == 2.0
    with pytest.raises(recalibrate.TooFewLabels, match="no model of customers is kept yet"):
        recalibrate.calibrate(settings, "customers")
    records = {"model_version": "m", "comparison": "records", "level": 0, "label": "learnt from"}
    records |= dict.fromkeys(("match", "household", "chance"), 900.0)
    first = trained.keep(engine, "customers", {"weights": pa.Table.from_pylist([records])}, "run-1", "test")
    monkeypatch.setattr(quality, "labelled", lambda *_: three_bits_too_sure(10))
    with pytest.raises(recalibrate.TooFewLabels, match="assay review --sample"):
        recalibrate.calibrate(settings, "customers", adopt=True)
    monkeypatch.setattr(quality, "labelled", lambda *_: three_bits_too_sure(400))
    assert "nothing is changed" in recalibrate.calibrate(settings, "customers")[-1]
    assert trained.in_use(engine, "customers").version == first
    told = recalibrate.calibrate(settings, "customers", adopt=True)
    assert "what 400 labels say" in told[0]
    assert trained.in_use(engine, "customers").version != first, "another model makes the next build a full one"
    after = thresholds.limits(engine, "customers")
    assert after["lone_bits"] == pytest.approx(5, abs=0.8)
    assert after["stop_bits"] == pytest.approx(1.5, abs=0.8)
    assert after["review_bits"] == pytest.approx(3, abs=0.8), "what is even odds by labels is what a person is asked"
    assert after["start_bits"] == thresholds.declared("customers")["cluster"]["start_bits"], "a search, no probability"
    recalibrate.calibrate(settings, "customers", adopt=True)
    kept = trained.in_use(engine, "customers").parts["weights"].to_pylist()
    assert [row["comparison"] for row in kept] == ["records", "calibration"], "the newer takes the place of the older"
    assert after["cap_bits"] == thresholds.declared("customers")["cluster"]["cap_bits"]


def test_how_much_waits_for_a_person_is_told_as_a_share_of_what_was_compared():
    told = expectation.expect(np.array([2.0]), [], LIMITS) | {"waiting": 30, "compared": 2000}
    assert "30 cases wait for a person, 1.50% of 2,000 pairs compared" in expectation.lines("customers", told)[-1]


def test_no_cut_falls_to_what_a_veto_leaves_of_a_pair_or_below_what_connects_two_records():
    lenient = calibration.Calibration(5.0, 0.7)
    bits = thresholds.solved(thresholds.declared("products"), lenient)
    assert bits["stop_bits"] > bits["veto_bits"] == -1
    assert bits["lone_bits"] >= bits["start_bits"] == 0
    assert bits["review_bits"] < -1, "a person is asked about less"


def test_sql_and_python_say_the_same_of_what_bits_are_worth(settings):
    weights = pa.table({"model_version": ["m"], "comparison": ["prior"], "level": [0], "label": ["share"]})
    for name in ("match", "household", "chance"):
        weights = weights.append_column(name, pa.array([0.5]))
    macros = jinja2.Environment().from_string((PROJECT / "dbt_project/macros/matching/threshold_bits.sql").read_text())
    said = macros.make_module()
    for fitted in (calibration.AT_ITS_WORD, calibration.Calibration(-2.1, 0.55)):
        held = weights if fitted == calibration.AT_ITS_WORD else thresholds.calibrated(weights, fitted)
        with duckdb.connect() as db:
            db.register("held", held)
            db.execute("create schema matched; create table matched.matched_customers__model as from held")
            in_python = thresholds.in_warehouse(db, "customers")
            in_sql = db.execute(f"select intercept, slope from ({said.calibration('held')})").fetchone()
            told = db.execute(f"select {said.probability('3.5')} from ({said.calibration('held')})").fetchone()[0]
        assert in_sql == pytest.approx(in_python)
        assert in_sql == pytest.approx(fitted)
        assert told == pytest.approx(float(fitted.probability(3.5)), abs=1e-6)


def test_labels_that_find_the_model_too_sure_lower_what_its_thresholds_are_worth():
    known = three_bits_too_sure(400)
    told = expectation.expect(np.array([4.0]), known, LIMITS)
    assert told["labels"] == 400
    assert told["expected"] == pytest.approx(2 / 3, abs=0.1)
    assert told["thresholds"]["lone_bits"] == pytest.approx(1 / 3, abs=0.1)
    assert "calibrated on 400 labels" in expectation.lines("customers", told)[0]
    one_sided = [(bits, label._replace(same=True)) for bits, label in known]
    assert expectation.expect(np.array([4.0]), one_sided, LIMITS)["labels"] == 0


def test_a_build_of_a_part_that_matched_nothing_says_so_and_opens_no_gate(settings):
    duckdb.connect(str(settings.warehouse)).close()
    quality.record(settings)
    closed, _ = quality.objections(settings, "customers")
    assert closed == ["customers have not been matched yet; run `assay build`"]
