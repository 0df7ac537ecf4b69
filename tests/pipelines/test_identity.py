"""Golden ids stay with the records they were first given to, through merges, splits, returns and reruns."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pytest
import sqlalchemy as sa

from pipelines import identity, known_ids, ledger


@pytest.fixture
def engine(tmp_path):
    return ledger.open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def assign(engine, *clusters: str, run="run", bound=None, followers=None, near=None) -> dict[str, str]:
    """`clusters` are words of one-letter records: assign(engine, "ab", "c") puts a and b together."""
    rows = [(record, cluster) for cluster in clusters for record in cluster]
    table = pa.table(
        {
            "record_id": pa.array([r for r, _ in rows], pa.string()),
            "cluster_id": pa.array([c for _, c in rows], pa.string()),
            "odoo_binding": pa.array([(bound or {}).get(r) for r, _ in rows], pa.int64()),
        }
    )
    if followers:
        followers = pa.table({"record_id": list(followers), "golden_id": list(followers.values())})
    result = identity.assign(engine, "customers", table, run, followers=followers, near=near)
    return dict(zip(result["record_id"].to_pylist(), result["golden_id"].to_pylist(), strict=True))


def events(engine, run: str) -> list[tuple]:
    log = ledger.id_events
    with engine.connect() as connection:
        query = sa.select(log.c.event, log.c.golden_id, log.c.other_id, log.c.record_id).where(log.c.run_id == run)
        return [tuple(row) for row in connection.execute(query.order_by(log.c.seq))]


def minted(founder: str, *taken: str) -> str:
    return identity.mint("customers", pa.array([founder]), set(taken).intersection)[0]


def test_an_id_is_a_prefix_and_twelve_crockford_characters_of_the_founder_s_hash(engine):
    first = assign(engine, "ab", "c")
    assert first["a"] == first["b"] != first["c"]
    assert all(len(i) == 14 and i.startswith("C-") and set(i[2:]) <= set(identity.CROCKFORD) for i in first.values())
    digest = int.from_bytes(hashlib.sha256(b"customers|a").digest()) >> 196
    assert first["a"] == "C-" + "".join(identity.CROCKFORD[digest >> bits & 31] for bits in range(55, -1, -5))
    assert first["a"] == minted("a")


def test_the_same_clusters_again_write_nothing(engine):
    first = assign(engine, "ab", "c", run="one")
    assert assign(engine, "c", "ba", run="two") == first
    assert events(engine, "two") == []


def test_a_new_record_joins_the_id_of_its_cluster(engine):
    first = assign(engine, "bc")
    second = assign(engine, "abc", run="two")
    assert second == {"a": first["b"], **first}
    assert events(engine, "two") == [("joined", first["b"], None, "a")]


def test_a_merge_keeps_the_oldest_id_and_redirects_the_other(engine):
    old = assign(engine, "z")["z"]
    young = assign(engine, "z", "abc")["a"]
    merged = assign(engine, "zabc", run="merge")
    assert set(merged.values()) == {old}
    assert identity.resolve(engine, "customers", young) == old
    assert events(engine, "merge") == [("merged", old, young, None), ("redirected", young, old, None)]


def test_an_unmerge_gives_every_record_its_own_id_back(engine):
    first = assign(engine, "a", "bcd")
    assign(engine, "abcd")
    assert assign(engine, "a", "bcd", run="undo") == first
    assert ("revived", first["b"], None, "b") in events(engine, "undo")
    assert identity.resolve(engine, "customers", first["b"]) == first["b"]


def test_a_split_leaves_the_id_with_most_of_its_first_records(engine):
    first = assign(engine, "abc")
    second = assign(engine, "a", "bc", run="split")
    assert second["b"] == first["b"]
    assert second["a"] != first["a"]
    assert events(engine, "split") == [
        ("minted", second["a"], None, "a"),
        ("split", first["a"], second["a"], "a"),
    ]


def test_an_even_split_leaves_the_id_with_the_oldest_odoo_binding_and_else_the_smallest_record(engine):
    first = assign(engine, "ab", "cd", bound={"a": 9, "b": 4})
    second = assign(engine, "a", "b", "c", "d", bound={"a": 9, "b": 4})
    assert second["b"] == first["a"]
    assert second["c"] == first["c"]


def test_a_cluster_split_off_a_merge_does_not_take_an_id_whose_records_are_mostly_elsewhere(engine):
    first = assign(engine, "a", "bcd")
    assign(engine, "abcd")
    third = assign(engine, "abc", "d")
    assert third["d"] not in first.values()
    assert identity.resolve(engine, "customers", first["b"]) == third["b"]


def test_an_id_minted_for_a_founder_who_already_gave_an_id_is_a_new_one(engine):
    first = assign(engine, "abc")
    assert first["a"] == minted("a")
    second = assign(engine, "a", "bc")
    assert second["a"] == minted("a", first["a"])
    assert second["a"] != first["a"]


def test_many_founders_who_already_gave_an_id_cost_two_questions_and_each_gets_what_it_would_alone():
    founders, questions = [f"r{n}" for n in range(200)], []
    taken = {minted(founder) for founder in founders[::2]}

    def asked(some):
        questions.append(len(some))
        return taken.intersection(some)

    together = identity.mint("customers", pa.array(founders), asked)
    assert together == [minted(founder, *taken) for founder in founders]
    assert questions == [200, 100]
    assert identity.mint("customers", pa.array(["a", "a"]), set().intersection) == [
        minted("a"),
        minted("a", minted("a")),
    ]


def test_of_two_founders_whose_names_give_one_id_the_second_gets_another(engine):
    wanted = minted("b")
    with engine.begin() as transaction:
        row = {
            "domain": "customers",
            "golden_id": wanted,
            "founder_record_id": "else",
            "state": "retired",
            "born_seq": 1,
        }
        transaction.execute(sa.insert(ledger.golden_ids), row)
    near = known_ids.Near({"b"}, set())
    assert assign(engine, "b", near=near) == {"b": minted("b", wanted)}
    got = assign(engine, "a", "b")
    assert got["b"] == minted("b", wanted)
    assert got["a"] == minted("a")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_more_rows_than_go_into_one_statement_are_all_kept_and_in_their_order(kind, empty_database):
    names = [f"C-{n}" for n in range(ledger.AT_ONCE + 2 * ledger.TOGETHER + 7)]
    records = [None, 'says "no": \\ :', "ß 'é' 中"] * len(names)
    rows = pa.table([names, records[: len(names)]], names=["golden_id", "record_id"])
    engine = ledger.open_ledger(empty_database(kind))
    with engine.begin() as transaction:
        same = {"domain": "customers", "event": "minted", "other_id": None, "reason": "because", "run_id": "run"}
        ledger.insert(transaction, ledger.id_events, rows, **same)
    kept = events(engine, "run")
    engine.dispose()
    assert kept == [("minted", name, None, record) for name, record in zip(names, records, strict=False)]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_where_little_changed_only_what_hangs_together_with_it_is_read_and_whoever_is_new_is_younger(
    kind, empty_database
):
    engine = ledger.open_ledger(empty_database(kind))
    first = assign(engine, "ab", "c", 'd"', "eé")
    near = known_ids.Near({"a", "b", '"', "d", "n"}, {first["a"], first["d"]})
    second = assign(engine, "a", "bn", 'd"', run="two", near=near)
    assert (second["a"], second["d"], second['"']) == (first["a"], first["d"], first["d"])
    assert second["b"] == second["n"] not in first.values()
    assert not {"retired", "merged"} & {event for event, *_ in events(engine, "two")}, "what was not read stays"
    ids = ledger.golden_ids.c
    with engine.connect() as connection:
        born = dict(connection.execute(sa.select(ids.golden_id, ids.born_seq)).all())
    engine.dispose()
    assert born[second["b"]] > max(born[golden_id] for golden_id in first.values())


def test_a_removed_source_retires_ids_and_its_return_revives_them(engine):
    first = assign(engine, "ab", "c")
    assign(engine, "ab", run="gone")
    assert events(engine, "gone") == [("retired", first["c"], None, None)]
    assert identity.resolve(engine, "customers", first["c"]) is None
    assert assign(engine, "ab", "c") == first


def test_a_merge_undone_gives_back_the_id_that_a_record_had_last_though_another_brought_it(engine):
    first = assign(engine, "z", "a", "b")
    assign(engine, "z", "ab")
    heir = assign(engine, "z", "b")
    assert heir["b"] == first["a"]
    assign(engine, "zb")
    assert assign(engine, "z", "b") == heir
    assert assign(engine, "z", "a", "b")["a"] == first["a"], "whoever brought it has it again"


def test_a_pointer_follows_the_records_when_they_move_on(engine):
    first = assign(engine, "a", "b", "cd")
    assign(engine, "ab", "cd")
    assign(engine, "a", "bcd")
    assert identity.resolve(engine, "customers", first["b"]) == first["c"]


def test_an_unchanged_cluster_keeps_its_id_when_a_lost_record_returns_elsewhere(engine):
    first = assign(engine, "abx")
    second = assign(engine, "a", "b")
    third = assign(engine, "a", "bx")
    assert second["a"] == third["a"] == first["a"]
    assert third["b"] == second["b"]


def test_a_record_that_we_created_follows_its_id_and_decides_nothing(engine):
    first = assign(engine, "a", "bc")
    with_created = assign(engine, "a", "bc", followers={"o": first["b"]}, run="back")
    assert with_created["o"] == first["b"]
    merged = assign(engine, "abc", followers={"o": first["b"]})
    assert merged["o"] == merged["a"] == first["a"]
    assert assign(engine, "a", "bc", followers={"o": first["b"]})["o"] == first["b"]


def test_a_record_that_we_created_keeps_its_id_when_every_source_is_gone(engine):
    first = assign(engine, "a", "b")
    assert assign(engine, "a", followers={"o": first["b"]}) == {"a": first["a"], "o": first["b"]}
    assert assign(engine, "a", "b", followers={"o": first["b"]})["b"] == first["b"]


def test_a_record_that_we_created_keeps_its_id_among_others_that_are_all_new(engine):
    first = assign(engine, "a")
    second = assign(engine, "b", followers={"o": first["a"]})
    assert second["o"] == first["a"] != second["b"]


def test_domains_do_not_share_ids(engine):
    clusters = pa.table({"record_id": ["a"], "cluster_id": ["a"]})
    customer = identity.assign(engine, "customers", clusters, "run")["golden_id"].to_pylist()
    product = identity.assign(engine, "products", clusters, "run")["golden_id"].to_pylist()
    assert customer[0].startswith("C-")
    assert product[0].startswith("P-")
    assert customer[0][2:] != product[0][2:]


def test_a_failed_assignment_leaves_no_trace(engine):
    broken = pa.table({"record_id": ["a", None], "cluster_id": ["x", "y"]})
    with pytest.raises((sa.exc.SQLAlchemyError, TypeError)):
        identity.assign(engine, "customers", broken, "run")
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(ledger.golden_ids)) == 0
