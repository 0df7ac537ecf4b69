"""What stewards' labels say of the matching: with honest bounds, and with the domain closed where they are too low."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from pipelines import decisions, quality, transform
from pipelines.ledger import open_ledger, review_samples
from pipelines.quality import Stratum, estimate
from pipelines.resources import Settings

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


def drawn(settings: Settings, labels: dict[bool, tuple[int, int]], at: datetime = AT) -> None:
    """A sample with `(same, different)` labels among the pairs joined (True) and apart, 1,000 of each kind."""
    rows, decided = [], []
    for joined, counts in labels.items():
        for word, count in zip(("must", "cannot"), counts, strict=True):
            for n in range(count):
                left, right = sorted((f"pos:{joined}{word}{n}", f"odoo:{joined}{word}{n}"))
                rows.append({"left_record_id": left, "right_record_id": right, "joined": joined, "pairs": 1000})
                decided.append(f"{left},{right},{word},Jana,looked,2026-03-29")
    with open_ledger(settings.ledger_url).begin() as connection:
        for row in rows:
            kept = {"sample_id": f"sample {at}", "domain": "customers", "stratum": str(row["joined"]), "drawn_at": at}
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


def test_too_few_labels_say_so_and_leave_it_to_the_size_limit_and_the_models_own_expectation(settings):
    drawn(settings, {True: (5, 0), False: (0, 5)})
    closed, notes = quality.objections(settings, "customers")
    assert not closed
    assert "10 of 200 labels" in notes[0]
    worse = {"expected": 0.5, "largest": 3000, "where": "pos:1"}
    (settings.exports / "quality.json").write_text(json.dumps({"customers": worse}))
    closed, _ = quality.objections(settings, "customers")
    assert any("3,000 records" in reason and "pos:1" in reason for reason in closed)
    assert any("0.500" in reason for reason in closed)


def test_decisions_on_pairs_that_nobody_drew_are_no_sample(settings):
    drawn(settings, {True: (5, 0), False: (0, 5)})
    now = datetime(2026, 3, 30, tzinfo=UTC)
    decisions.decide(settings, "different", [(f"pos:x{n}", f"odoo:x{n}") for n in range(300)], "Jana", "mine", now)
    assert quality.measure(settings, "customers").labels == 10
