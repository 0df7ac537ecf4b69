"""SC-11: a wrong survivorship rule reaches Odoo by force, with Odoo falling over midway; then it is undone."""

import shutil
from dataclasses import dataclass

import pytest

from pipelines.ledger import open_ledger
from pipelines.publish.apply import apply_plan
from pipelines.publish.approve import approve
from pipelines.publish.refusal import PublishRefused
from pipelines.publish.store import Line, Plan
from pipelines.publish.store import lines as lines_of
from pipelines.publish.target import open_target
from pipelines.publish.undo import undo_run
from pipelines.resources import now
from sources.estate import events
from sources.odoo.errors import OdooError
from tests.flow.fixtures import Retailer, retailer_in
from tests.flow.scenes import Row, change_seed, in_odoo, plan_in_batches, receipts

RIGHT = "customers,name,odoo > shopify > voucherify > stripe > pos"
WRONG = "customers,name,pos > odoo > shopify > voucherify > stripe"
PEOPLE = 25


@dataclass
class Story:
    """What was seen at each step."""

    plan: Plan
    lines: list[Line]
    refusals: list[str]
    interrupted: bool
    written: list[Row]
    edited: dict[int, str]
    undone: list[dict]
    before: dict
    bad: dict
    after: dict


@pytest.fixture(scope="module")
def story(demo, tmp_path_factory) -> Story:
    folder = tmp_path_factory.mktemp("bad")
    shutil.copytree(demo.home, folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        change_seed(patch, folder, "survivorship.csv", lambda text: text.replace(RIGHT, WRONG))
        with retailer_in(folder / "home", patch) as retailer:
            assert retailer.build() == {}
            return tell(retailer)


def tell(retailer: Retailer) -> Story:
    settings, before = retailer.settings, in_odoo()
    plan, policy = plan_in_batches(retailer, 10)
    with open_ledger(settings.ledger_url).connect() as connection:
        lines = list(lines_of(connection, plan.plan_id))
    refusals = []
    for note, force in (("", False), ("", True)):
        with pytest.raises(PublishRefused) as refused:
            approve(settings, plan.plan_id, "engineer", now(), note, force)
        refusals.append(str(refused.value))
    approve(settings, plan.plan_id, "engineer", now(), "the rule was reviewed", force=True)

    def fall_over(done: int, total: int) -> None:
        if done >= 0.4 * total:
            retailer.estate.take_down("odoo")

    with open_target() as client:
        with pytest.raises(OdooError):
            apply_plan(settings, client, plan.plan_id, now(), "engineer", fall_over, policy)
        retailer.estate.bring_up("odoo")
    with open_target() as client:
        run = apply_plan(settings, client, plan.plan_id, now(), "engineer", policy=policy)
        bad = in_odoo()
        edited = {line.odoo_id: f"Mended by hand {n}" for n, line in enumerate(lines[:PEOPLE])}
        for odoo_id, name in edited.items():
            events.edit(retailer.folder, "odoo", "partners", str(odoo_id), name=name)
        undone = undo_run(settings, client, run.run_id, now(), "engineer", policy=policy)
    written = receipts(settings, run.run_id)
    return Story(plan, lines, refusals, True, written, edited, undone.exceptions, before, bad, in_odoo())


def test_the_caps_stop_a_plan_that_changes_too_many_names(story):
    assert len(story.lines) > 42
    assert {line.object for line in story.lines} == {"res_partner"}
    assert all(set(line.after) == {"name"} for line in story.lines)
    share = len(story.lines) / story.plan.summary["objects"]["res_partner"]["existing"]
    caps = " ".join(story.plan.summary["caps"])
    assert f"res_partner.name: changes on {share:.0%} of" in caps
    assert "the cap is 10%" in caps
    assert "survivorship.csv" in caps, "the file that the rule stands in is named"
    assert "reaches too far" in story.refusals[0]


def test_even_by_force_it_needs_a_reason(story):
    assert "needs a reason" in story.refusals[1]


def test_a_publish_that_was_cut_off_resumes_and_writes_each_field_once(story):
    assert len(story.written) == len(story.lines)
    assert len({(row["object"], row["odoo_id"], row["field"]) for row in story.written}) == len(story.written)
    for line in story.lines:
        assert story.bad["res_partner", line.odoo_id]["name"] == line.after["name"]


def test_undo_restores_every_field_but_those_that_people_mended(story):
    differing = {key for key, row in story.before.items() if story.after[key] != row}
    assert differing == {("res_partner", odoo_id) for odoo_id in story.edited}
    for odoo_id, name in story.edited.items():
        assert story.after["res_partner", odoo_id]["name"] == name


def test_undo_lists_what_people_mended(story):
    listed = {(one["object"], one["odoo_id"]) for one in story.undone}
    assert listed == {("res_partner", odoo_id) for odoo_id in story.edited}
    assert len(listed) == PEOPLE


def test_nothing_was_deleted_or_added_at_any_time(story):
    assert story.before.keys() == story.bad.keys() == story.after.keys()
