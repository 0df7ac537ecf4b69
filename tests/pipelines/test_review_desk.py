"""A steward's desk and its terminal, over records that nobody would like to meet and beside another steward."""

import asyncio
import dataclasses
import socket
from io import BytesIO, StringIO, TextIOWrapper

import click
import httpx
import pytest
from rich.console import Console

from pipelines import decisions
from pipelines.explain import Explained, Term
from pipelines.lineage import NotFound
from pipelines.resources import Settings
from pipelines.review import terminal, web
from pipelines.review.cases import Case, Record
from pipelines.review.desk import Desk, Notes
from pipelines.serve import NotReady
from tests.pipelines.conftest import AT, WHO

TERMS = [
    Term("prior", "share of all pairs", -10.0, -10.8, -0.1),
    Term("first_name", "different", -6.1, -0.1, -0.02),
    Term("last_name", "exact", -0.15, -1.0, -8.9, 0.0034),
]


def case(left="pos:1", right="pos:2", **values) -> Case:
    sides = [[Record(key, f"C-{key}", {"full_name": values.get(key, "Eva")}, 0)] for key in (left, right)]
    explained = Explained("customers", left, right, TERMS, 0.9, "household", 2.0, True)
    names = ["full_name"]
    return Case(
        f"pair {left} {right}", "customers", "pair", "near", *sides, 0.9, 1, 1, explained=explained, names=names
    )


def desk(settings, steward="Jana Steward", cases=None):
    return Desk(settings, steward, lambda: cases or [case()], lambda: AT)


def told(cases, width=80, **style):
    screen = StringIO()
    for one in cases:
        terminal.show(Console(file=screen, width=width, **style), one)
    return screen.getvalue()


def test_a_terminal_shows_what_stands_in_a_name_or_key_and_obeys_none_of_it():
    left = "pos:[/red]\x1b]0;mine\x07"
    said = told([case(left, **{left: "[bold]Eva\x1b[2J \x9b31m\u202eNová"})])
    assert "[bold]Eva\ufffd[2J \ufffd31m\ufffdNová" in said
    assert left.replace("\x1b", "\ufffd").replace("\x07", "\ufffd") in said
    assert not set(said) & set("\x1b\x07\x9b\u202e")


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_everything_of_a_case_fits_the_terminal_and_a_difference_is_marked_without_colour(width):
    said = told(
        [case("pos:1", "voucherify:cust_of_a_long_key", **{"pos:1": "Eva Nováková-Horáčková z Kostelce"})], width
    )
    assert "…" not in said
    assert max(map(len, said.splitlines())) <= width
    assert "≠ full_name" in said
    assert said.count("█") >= 2


def test_of_ten_million_characters_as_many_are_shown_as_somebody_reads():
    one = case(**{"pos:1": "Q" * 10_000_000, "pos:2": "Q" * 9_999_999 + "R"})
    ((_, left, right, differs),) = one.fields()
    assert differs
    assert left.endswith("(10,000,000 characters)")
    assert len(left) == len(right) < 400


def test_ctrl_c_gives_a_decision_up_and_at_the_choice_it_ends_the_work(settings):
    answers, screen = iter(["s", click.Abort(), "d", "They are sisters", click.Abort()]), StringIO()

    def ask(*_, **__):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert (
        terminal.work(Console(file=screen, width=80), desk(settings, cases=[case(), case("pos:3", "pos:4")]), ask) == 1
    )
    assert "nothing decided" in screen.getvalue()
    (row,) = decisions.decisions()
    assert row[3:6] == ("cannot", "Jana Steward", "They are sisters")


def test_a_product_with_the_numbers_of_two_customers_stays_open_when_they_are_decided(settings):
    ours = desk(settings, cases=[case(), dataclasses.replace(case(), domain="products")])
    ours.decide(ours.open[0].case_id, "same", "He has one card")
    assert [one.domain for one in ours.open] == ["products"]


def test_what_another_steward_decided_meanwhile_is_told_before_it_is_replaced(settings):
    ours, theirs = desk(settings), desk(settings, "Petr Steward")
    theirs.decide("customers pair pos:1 pos:2", "same", "He has one card")
    with pytest.raises(decisions.NotDecided, match="Petr Steward decided must: He has one card"):
        ours.decide("customers pair pos:1 pos:2", "different", WHO[1])
    assert [row.decision for row in decisions.decisions()] == ["must"]
    mine = ours.decide("customers pair pos:1 pos:2", "different", WHO[1])
    with pytest.raises(decisions.NotDecided, match="Jana Steward decided cannot"):
        theirs.undo(theirs.done[0].number)
    ours.undo(mine.number)
    assert [row.steward for row in decisions.decisions()] == ["Petr Steward"]


def test_a_value_that_another_steward_set_on_the_golden_record_is_told_before_it_is_replaced(settings):
    one_golden = Record("shop:3", "C-pos:1", {"full_name": "Eva"}, 0)
    one = case()
    one.left.append(one_golden)
    ours, theirs = (desk(settings, name, [one]) for name in ("Jana Steward", "Petr Steward"))
    place = (one.case_id, "pos:1", "full_name")
    theirs.override(*place, "Eva Malá", "She showed her card")
    with pytest.raises(decisions.NotDecided, match="Petr Steward set full_name .* 'Eva Malá', for 'She"):
        ours.override(*place, "Eva Velká", WHO[1])
    assert [row.value for row in decisions.overrides()] == ["Eva Malá"]
    mine = ours.override(*place, "Eva Velká", WHO[1])
    with pytest.raises(decisions.NotDecided, match="Jana Steward set full_name"):
        theirs.undo(theirs.done[0].number)
    ours.undo(mine.number)
    assert [row.value for row in decisions.overrides()] == ["Eva Malá"]
    with pytest.raises(decisions.NotDecided, match="pos:1: Petr Steward set full_name"):
        desk(settings, cases=[one]).override(one.case_id, "shop:3", "full_name", "Eva Velká", WHO[1])


def test_a_split_is_a_row_for_each_pair_across_it_within_each_golden_record(settings):
    one = case()
    one.left += [Record(key, "C-pos:1", {}, 0) for key in ("odoo:1", "shop:1")]
    one.right.append(Record("odoo:2", "C-pos:2", {}, 0))
    ours = desk(settings, cases=[one])
    for apart in ([], ["pos:2", "odoo:2"]):
        with pytest.raises(decisions.NotDecided, match="leaves records on both sides"):
            ours.split(one.case_id, apart, WHO[1])
    ours.split(one.case_id, ["pos:1", "odoo:1", "pos:2"], WHO[1])
    assert [row[1:4] for row in decisions.decisions()] == [
        ("odoo:1", "shop:1", "cannot"),
        ("odoo:2", "pos:2", "cannot"),
        ("pos:1", "shop:1", "cannot"),
    ]


def test_a_queue_follows_the_build_that_ends_while_it_is_open_and_waits_for_what_it_cannot_read(settings):
    unread = [NotFound("a build is writing the warehouse"), decisions.NotDecided("line 2: a mark of git's")]
    builds = [[case()], *unread, [case("pos:3", "pos:4")]]

    def read():
        if isinstance(builds[0], Exception):
            raise builds.pop(0)
        return builds.pop(0)

    ours = Desk(settings, "Jana Steward", read, lambda: AT)
    assert ours.follow() == ""
    settings.warehouse.touch()
    for told in unread:
        assert ours.follow() == f"{told}; until then this is the queue of the build before"
    assert [one.case_id for one in ours.open] == ["customers pair pos:1 pos:2"]
    screen = StringIO()
    assert terminal.work(Console(file=screen, width=80), ours, lambda *_, **__: "n") == 0
    assert "A build has ended since: this is its queue" in screen.getvalue()
    assert [one.case_id for one in ours.open] == ["customers pair pos:3 pos:4"]
    assert ours.follow() == ""


def test_a_terminal_without_the_letters_shows_a_question_mark_and_marks_that_it_has():
    screen = TextIOWrapper(BytesIO(), encoding="latin-1", errors="replace")
    terminal.show(Console(file=screen, width=60), case(**{"pos:1": "Eva Nováková, Ľubica"}))
    screen.flush()
    said = screen.buffer.getvalue().decode("latin-1")
    assert "! full_name" in said
    assert "Eva Nováková, ?ubica" in said
    assert said.count("#") >= 2


def test_a_page_says_that_the_ledger_is_away_and_nothing_is_decided(settings):
    away = Settings(settings.home, "test", f"sqlite:///{settings.home / 'away' / 'ledger.db'}")
    transport = httpx.ASGITransport(web.application(desk(away), "key"))

    async def deciding() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", follow_redirects=True) as page:
            token = (await page.get("/?key=key")).text.split('name="token" value="')[1].split('"')[0]
            form = {"token": token, "case": case().case_id, "word": "same", "reason": WHO[1]}
            return await page.post("/decide", data=form)

    said = asyncio.run(deciding())
    assert said.status_code == 200
    assert "unable to open database file" in said.text
    assert decisions.decisions() == []


def test_what_is_told_above_the_queue_follows_the_files_and_the_build(settings):
    notes = Notes(settings, lambda: [row.reason for row in decisions.decisions()])
    transport = httpx.ASGITransport(web.application(desk(settings), "key", notes.now))

    async def shown() -> str:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", follow_redirects=True) as page:
            return (await page.get("/?key=key")).text

    for reason in ("He has one card", "She has another"):
        assert reason not in asyncio.run(shown())
        decisions.decide(settings, "customers", "same", [("pos:gone", "pos:1")], WHO[0], reason, AT)
        assert reason in asyncio.run(shown())
    (decisions.seeds() / "match_overrides.csv").write_text("<<<<<<< HEAD\n")
    assert "match_overrides.csv" in asyncio.run(shown())


def test_a_port_that_another_program_has_is_told_with_the_way_out(settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NotReady, match=f"port {port} cannot be had .*; leave out --port for a free one"):
            web.serve(desk(settings), port)
