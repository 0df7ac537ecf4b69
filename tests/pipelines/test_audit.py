"""The audit chain tells when an entry was changed, removed, added or moved, and keeps order among writers."""

import threading
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from pipelines import audit
from pipelines.ledger import open_ledger
from tests.sources.databases import _servers, empty_database

__all__ = ["_servers", "empty_database"]

AT = datetime(2026, 3, 29, 15, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request, empty_database):
    engine = open_ledger(empty_database(request.param))
    for number in range(1, 6):
        audit.append(engine, "eva", "approve", {"plan": f"plan-{number}"}, AT)
    return engine


def tamper(ledger, *statements):
    with ledger.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def test_an_untouched_chain_verifies_and_counts_its_entries(ledger):
    assert audit.verify_chain(ledger) == 5


def test_an_empty_chain_verifies(tmp_path):
    assert audit.verify_chain(open_ledger(f"sqlite:///{tmp_path / 'new.db'}")) == 0


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (["update audit set actor = 'mallory' where seq = 3"], "entry 3 was changed"),
        (["update audit set detail = '{}' where seq = 1"], "entry 1 was changed"),
        (["update audit set at = '2020-01-01 00:00:00.000000' where seq = 2"], "entry 2 was changed"),
        (["delete from audit where seq = 2"], "entry 2 is missing"),
        (["delete from audit where seq = 5"], "the tail was cut"),
        (["delete from audit where seq = 2", "update audit set seq = seq - 1 where seq > 2"], "entry 2 was changed"),
        (
            ["update audit set seq = 99 where seq = 2", "update audit set seq = 2 where seq = 3"]
            + ["update audit set seq = 3 where seq = 99"],
            "entry 2 was changed or moved",
        ),
        (["insert into audit select 6, at, actor, action, detail, previous_hash, hash from audit where seq = 5"], "6"),
    ],
)
def test_a_chain_that_somebody_touched_is_refused(ledger, statements, says):
    tamper(ledger, *statements)
    with pytest.raises(audit.BrokenChain, match=says):
        audit.verify_chain(ledger)


def test_a_chain_made_anew_or_cut_and_closed_again_does_not_hold_the_anchor(ledger):
    anchor = audit.head(ledger)
    audit.append(ledger, "eva", "undo", {"run": "apply-1"}, AT)
    assert audit.verify_chain(ledger, anchor) == 6
    forge(ledger, keep=4)
    assert audit.verify_chain(ledger) == 4
    with pytest.raises(audit.BrokenChain, match="ends at entry 4, the anchor knows entry 5: the tail was cut"):
        audit.verify_chain(ledger, anchor)
    audit.append(ledger, "mallory", "approve", {"plan": "plan-5"}, AT)
    assert audit.verify_chain(ledger) == 5
    with pytest.raises(audit.BrokenChain, match="entry 5 is not the one of the anchor"):
        audit.verify_chain(ledger, anchor)
    with pytest.raises(audit.BrokenChain, match="is no anchor"):
        audit.verify_chain(ledger, "yesterday")


def forge(ledger, keep):
    """Cut the chain so that it looks whole: what somebody with all rights on the database can do."""
    with ledger.begin() as connection:
        connection.execute(sa.text(f"delete from audit where seq > {keep}"))
        connection.execute(
            sa.text(f"update audit_head set seq = {keep}, hash = (select hash from audit where seq = {keep})")
        )


def test_an_entry_falls_with_the_transaction_that_it_belongs_to(ledger):
    with ledger.connect() as connection:
        audit.append(connection, "eva", "apply", {"plan": "plan-6"}, AT)
        connection.rollback()
    assert audit.verify_chain(ledger) == 5


def test_writers_at_the_same_time_make_one_chain(ledger):
    def write():
        for _ in range(10):
            audit.append(ledger, "bot", "decide", {"n": 1}, AT)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    # Whoever verifies meanwhile sees a chain that grows, not a broken one.
    while any(writer.is_alive() for writer in writers):
        assert 5 <= audit.verify_chain(ledger) <= 45
    for writer in writers:
        writer.join()
    assert audit.verify_chain(ledger) == 45
