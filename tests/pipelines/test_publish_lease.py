"""One publisher at a time per database, and none that a dead process could keep away."""

import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy as sa

from pipelines.ledger import leases, open_ledger
from pipelines.publish.lease import leased
from pipelines.publish.refusal import PublishRefused
from tests.sources.databases import _servers, empty_database

__all__ = ["_servers", "empty_database"]

HOLD = """
import sys, os
from pipelines.ledger import open_ledger
from pipelines.publish.lease import leased
with leased(open_ledger(sys.argv[1]), "assay uuid"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def holder(url):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_publisher_is_refused_while_the_first_one_lives(url):
    process = holder(url)
    try:
        with (
            pytest.raises(PublishRefused, match="another apply or undo is under way"),
            leased(open_ledger(url), "assay uuid"),
        ):
            pass
        with leased(open_ledger(url), "another database"):
            pass
    finally:
        process.communicate("")
    with leased(open_ledger(url), "assay uuid"):
        pass


def test_the_lease_of_a_killed_process_is_taken_over_at_once(url):
    process = holder(url)
    process.kill()
    process.wait()
    with leased(open_ledger(url), "assay uuid") as lease, open_ledger(url).begin() as connection:
        lease.renew(connection)


def test_the_lease_of_another_machine_holds_until_it_runs_out(url):
    def held_until(until):
        with open_ledger(url).begin() as connection:
            connection.execute(leases.delete())
            row = {"name": "publish to assay uuid", "holder": "elsewhere:1:1:abcd", "until": until}
            connection.execute(leases.insert().values(**row))

    held_until(time.time() + 60)
    with pytest.raises(PublishRefused), leased(open_ledger(url), "assay uuid"):
        pass
    held_until(time.time() - 1)
    with leased(open_ledger(url), "assay uuid"):
        pass


def test_a_publisher_that_lost_its_lease_stops_before_it_writes(url):
    engine = open_ledger(url)
    with leased(engine, "assay uuid") as lease:
        with engine.begin() as connection:
            connection.execute(leases.update().values(holder="elsewhere:1:1:abcd"))
        with pytest.raises(PublishRefused, match="another process has taken over"), engine.begin() as connection:
            lease.renew(connection)


def test_a_lease_is_given_back_also_when_the_work_fails(url):
    engine = open_ledger(url)
    with pytest.raises(ZeroDivisionError), leased(engine, "assay uuid"):
        raise ZeroDivisionError
    with leased(engine, "assay uuid"):
        pass


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_of_many_who_start_at_the_same_moment_one_goes_on_and_the_others_are_refused(empty_database, kind):
    engine = open_ledger(empty_database(kind))
    together, inside, done = threading.Barrier(8), [], threading.Event()
    refused = []

    def start():
        together.wait()
        try:
            with leased(engine, "production uuid"):
                inside.append(1)
                done.wait(30)
        except PublishRefused as refusal:
            refused.append(str(refusal))
            if len(refused) == 7:
                done.set()

    starters = [threading.Thread(target=start) for _ in range(8)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert (len(inside), len(refused)) == (1, 7)
    assert all("another apply or undo" in said for said in refused)
    with engine.connect() as connection:
        assert connection.execute(sa.select(leases)).all() == []
