"""What matching has learnt is state: kept once, used by every build, replaced only on purpose, its churn told."""

import pyarrow as pa
import pytest

from pipelines import explain, ledger, matching, quality, recalibrate, retrain, thresholds, trained, transform
from pipelines.resources import Settings
from tests.matching.conftest import match, person
from tests.pipelines.test_quality import three_bits_too_sure

WEIGHTS = pa.Table.from_pylist(
    [
        {"comparison": "records", "level": 0, "label": "", "match": 2000.0, "household": 2000.0, "chance": 2000.0},
        {"comparison": "email", "level": 0, "label": "exact", "match": 0.1 + 0.2, "household": 1e-17, "chance": 1 / 3},
    ]
)


@pytest.fixture
def engine(tmp_path):
    return ledger.open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_what_was_kept_comes_back_to_the_last_bit_and_the_last_kept_is_in_use(engine):
    words = pa.table({"kind": ["word"], "value": ["žofie"]})
    first = trained.keep(engine, "customers", {"weights": WEIGHTS, "vocabulary": words}, "run-1", "test")
    model = trained.in_use(engine, "customers")
    assert (model.version, model.records) == (first, 2000)
    assert model.parts["weights"].equals(WEIGHTS)
    assert model.parts["vocabulary"].equals(words)
    second = trained.keep(engine, "customers", {"weights": WEIGHTS.slice(0, 1)}, "run-2", "test")
    assert trained.in_use(engine, "customers").version == second != first
    assert trained.keep(engine, "customers", {"weights": WEIGHTS, "vocabulary": words}, "run-3", "back") == first
    assert trained.in_use(engine, "customers").version == first
    assert trained.in_use(engine, "products") is None


def test_a_name_that_only_the_erased_bore_leaves_every_model_kept_and_one_that_others_bear_stays(engine):
    counts = {"kind": ["first name"] * 3, "value": ["drahomila", "jan", "petr"], "records": [2, 40, 2]}
    version = trained.keep(engine, "customers", {"weights": WEIGHTS, "vocabulary": pa.table(counts)}, "run-1", "test")
    assert trained.forget(engine, "customers", {"drahomila", "jan"}, 3) == 1
    model = trained.in_use(engine, "customers")
    assert model.version == version
    assert model.parts["vocabulary"]["value"].to_pylist() == ["jan", "petr"]
    assert model.parts["weights"].equals(WEIGHTS)


def test_a_part_that_is_kept_is_used_and_one_that_had_nothing_to_learn_from_is_learnt_anew(engine, monkeypatch):
    monkeypatch.setattr(trained, "_ledger", lambda: engine)
    now = pa.table({"feature": ["name"], "weight": [1.0]})
    assert trained.part_in_build("products", "likeness", lambda: now).equals(now)
    trained.keep(engine, "products", {"weights": WEIGHTS, "likeness": now.slice(0, 0)}, "run-1", "test")
    assert trained.part_in_build("products", "likeness", lambda: now).equals(now)
    assert trained.part_in_build("products", "words", lambda: now).equals(now), "kept before there were such parts"
    kept = pa.table({"feature": ["name"], "weight": [2.0]})
    trained.keep(engine, "products", {"weights": WEIGHTS, "likeness": kept}, "run-2", "test")
    assert trained.part_in_build("products", "likeness", lambda: now).equals(kept)


def test_a_model_trained_for_another_declaration_is_not_used(engine, monkeypatch):
    trained.keep(engine, "customers", {"weights": WEIGHTS}, "run-1", "test")
    assert trained.in_use(engine, "customers")
    changed = matching.declared("customers") | {"learn": {"rounds": 1}}
    monkeypatch.setattr(matching, "declared", lambda domain: changed)
    assert trained.in_use(engine, "customers") is None


def test_another_reason_is_no_other_declaration_and_none_at_all_is_refused(tmp_path, monkeypatch):
    before = trained.declaration("customers")
    text = (matching.PROJECT / "dbt_project" / "matching" / "customers.yml").read_text()
    (tmp_path / "matching").mkdir()
    (tmp_path / "matching" / "customers.yml").write_text(
        text.replace("a card is one person's\"", 'cards are personal"')
    )
    retold = matching.declared("customers", tmp_path)
    assert retold != matching.declared("customers")
    monkeypatch.setattr(matching, "declared", lambda domain: retold)
    assert trained.declaration("customers") == before
    monkeypatch.undo()
    (tmp_path / "matching" / "customers.yml").write_text(text.replace(', reason: "a card is one person\'s"', ""))
    matching.declared.cache_clear()
    with pytest.raises(ValueError, match="loyalty code states no `reason`"):
        matching.declared("customers", tmp_path)


def test_a_shop_that_grows_keeps_the_pairs_of_its_few_records_until_it_trains_anew(tmp_path, crowd):
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    pairs = "select left_no, right_no from matched_customers__comparisons"
    compared = set(match(tmp_path, crowd)(pairs))
    grown = crowd + [person(f"pos:new-{n}", email=f"n{n * 7919}@posta.example") for n in range(3000)]
    assert set(match(tmp_path, grown)(pairs)) == compared
    retrain.train(settings, "customers", adopt=True, force=True)
    assert set(match(tmp_path, grown)(pairs)) < compared


def test_a_later_build_scores_as_the_first_learnt_and_retraining_tells_what_would_change(tmp_path, crowd, monkeypatch):
    settings = Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")
    weights = "select * from matched_customers__model order by all"
    scores = """
        select l.record_id, r.record_id, bits
        from matched_customers__scores
        join matched_customers__evidence as l on left_no = l.record_no
        join matched_customers__evidence as r on right_no = r.record_no
    """
    query = match(tmp_path, crowd)
    learnt, scored = query(weights), set(query(scores))
    namesakes = [person(f"pos:new-{n}", first_name="Zoltán", last_name="Novák") for n in range(300)]
    query = match(tmp_path, crowd + namesakes)
    assert query(weights) == learnt
    namesakes_in = {row: sum(side.startswith("pos:new-") for side in row[:2]) for row in query(scores)}
    assert {row for row, new in namesakes_in.items() if not new} == scored, "somebody is judged anew"
    assert 2 not in namesakes_in.values(), "so many namesakes are compared"
    told = retrain.train(settings, "customers", adopt=True, force=True)
    assert (told.records, told.learnt_from) == (len(crowd) + 300, len(crowd) + 300)
    assert told.version != told.replaces
    assert match(tmp_path, crowd + namesakes)(weights) != learnt
    again = retrain.train(settings, "customers")
    assert (again.version, again.moved, again.ended, again.begun) == (told.version, 0, 0, 0)

    clusters = "select count(distinct cluster_id) from matched_customers__clusters"
    before = query(clusters)
    monkeypatch.setattr(quality, "labelled", lambda *_: three_bits_too_sure(400))
    recalibrate.calibrate(settings, "customers", adopt=True)
    rebuilt = (f"matched_customers__{name}" for name in ("model", "clusters", "review"))
    transform.run_dbt(settings, "run", "--full-refresh", "--select", *rebuilt)
    assert query(clusters) > before, "labels that find the model too sure let less be joined"
    asked = query("select bits, probability from matched_customers__review where kind = 'pair'")
    with explain.warehouse(settings) as db:
        worth = thresholds.in_warehouse(db, "customers")
    assert worth.intercept < -1
    assert min(bits for bits, _ in asked) >= thresholds.bits_for(0.5, worth) > 1
    assert all(said == pytest.approx(float(worth.probability(bits)), abs=1e-6) for bits, said in asked)
