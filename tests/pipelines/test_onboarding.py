"""A new system: the folder that is written for it, what a check of the live system says, and where it may run."""

from __future__ import annotations

import compileall
from datetime import UTC, datetime

import pytest

from pipelines.extract import Failure, extract_all
from pipelines.onboarding import KINDS, Finding, NotNew, check, in_short, scaffold
from pipelines.portfolio import in_force, portfolio
from pipelines.resources import MissingReference, Settings
from sources.contract import load_contract, load_contracts
from sources.estate.faults import Faults
from sources.estate.server import start
from sources.estate.world import NOW

ZENDESK = load_contracts()["zendesk"]


def settings(tmp_path, environment="dev"):
    return Settings(tmp_path, environment, f"sqlite:///{tmp_path / 'ledger.db'}")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_for_a_new_system_loads_and_compiles(tmp_path, kind):
    written = scaffold("acme", kind, tmp_path)
    contract = load_contract(tmp_path / "acme" / "contract.yml")
    assert (contract.kind, contract.state) == (kind, "draft")
    assert compileall.compile_dir(tmp_path, quiet=1)
    assert all(path.read_text().count("{") == path.read_text().count("}") for path in written)


@pytest.mark.parametrize("name", ["Acme", "acme-shop", "1acme", ""])
def test_a_name_that_cannot_be_a_folder_and_a_prefix_is_refused(tmp_path, name):
    with pytest.raises(NotNew, match="no name for a system"):
        scaffold(name, "rest", tmp_path)


def test_a_system_that_is_there_is_not_written_over(tmp_path):
    scaffold("acme", "rest", tmp_path)
    with pytest.raises(NotNew, match="is there already"):
        scaffold("acme", "rest", tmp_path)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    faults = Faults()
    with start("retailer2", tmp_path_factory.mktemp("desk"), faults, systems=("zendesk",)) as running:
        yield running


def found(desk, contract=ZENDESK):
    def resolve(reference):
        return desk.endpoints[reference.removeprefix("env:")]

    return {finding.subject: finding for finding in check(contract, NOW, resolve)}


def test_a_check_says_what_works(desk):
    said = found(desk)
    assert {finding.state for finding in said.values()} <= {"ok", "note"}
    assert said["users paging"].state == said["tickets contract"].state == "ok"
    assert said["version"].said.startswith("v2, ")


def test_a_check_fits_one_screen_a_line_for_a_stream_that_is_well_and_one_for_each_fault():
    told = [
        ("a scopes", "ok", "has x"),
        ("a paging", "ok", "1 page"),
        ("a history", "note", "no times"),
        ("b", "bad", "lost"),
    ]
    lines = [(one.subject, one.state, one.said) for one in in_short(Finding(*one) for one in told)]
    assert lines == [("a", "ok", "has x; 1 page"), ("a history", "note", "no times"), ("b", "bad", "lost")]


def test_a_check_names_the_credential_that_is_refused(desk):
    desk.faults.set("zendesk", "expired_token")
    said = found(desk)
    desk.faults.clear()
    assert said["users"].state == "bad"
    assert "wrong, expired or revoked" in said["users"].said or "carries an error" in said["users"].said


def test_a_check_names_the_column_that_is_not_as_promised(desk):
    users = ZENDESK.streams["users"]
    wrong = {**users.columns, "name": users.columns["name"].model_copy(update={"type": "boolean"})}
    changed = ZENDESK.model_copy(update={"streams": {"users": users.model_copy(update={"columns": wrong})}})
    said = found(desk, changed)["users contract"]
    assert said.state == "bad"
    assert "name should be boolean" in said.said


def test_a_check_of_what_is_not_connected_says_which_reference_is_missing():
    def resolve(reference):
        raise MissingReference(reference)

    (only,) = check(ZENDESK, NOW, resolve)
    wanted = "ZENDESK_ENDPOINT is not set: it holds the address of the system; beside it ZENDESK_EMAIL, ZENDESK_TOKEN"
    assert (only.state, only.said) == ("bad", wanted)


@pytest.mark.parametrize(
    ("state", "environment", "connected", "runs"),
    [
        ("draft", "dev", True, True),
        ("draft", "production", True, False),
        ("reviewed", "production", True, False),
        ("approved", "production", True, True),
        ("approved", "production", False, False),
        ("live", "production", False, True),
        ("deprecated", "dev", False, True),
    ],
)
def test_a_system_runs_by_its_state_its_connection_and_the_environment(tmp_path, state, environment, connected, runs):
    def resolve(reference):
        if connected:
            return "https://desk.example"
        raise MissingReference(reference)

    contracts = {"zendesk": ZENDESK.model_copy(update={"state": state})}
    assert bool(in_force(contracts, settings(tmp_path, environment), resolve)) == runs


def test_an_unapproved_system_that_is_named_in_production_is_refused_and_not_read(tmp_path):
    contracts = {"zendesk": ZENDESK.model_copy(update={"state": "draft"})}
    outcome = extract_all(
        contracts, settings(tmp_path, "production"), NOW, ["zendesk"], lambda _: "https://desk.example"
    )
    assert {one.kind for one in outcome if isinstance(one, Failure)} == {"NotApproved"}
    assert len(outcome) == len(ZENDESK.streams)


def test_the_portfolio_counts_days_to_sunset_or_review_and_rotation(tmp_path):
    dated = {"credentials_on": datetime(2026, 3, 1, tzinfo=UTC).date(), "rotate_every": "90d"}
    dated |= {"review_on": datetime(2026, 4, 8, tzinfo=UTC).date()}
    given = ZENDESK.model_dump(exclude_none=True, by_alias=True) | dated
    contract = type(ZENDESK).model_validate(given)
    (entry,) = portfolio({"zendesk": contract}, settings(tmp_path), NOW)
    assert (entry.credential_age, entry.rotation_in) == (28, 62)
    assert (entry.sunset_in, entry.review_in) == (None, 10)
    assert entry.last_event_at is None
