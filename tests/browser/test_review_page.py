"""The review page for real: a steward decides a pair by keyboard, sees it in the file, and takes it back by mouse.

With ASSAY_SCREENSHOTS=1 the picture of the README is taken anew on the way.
"""

import os
import shutil
import threading
from pathlib import Path
from urllib.parse import quote

import duckdb
import httpx
import pytest
import uvicorn

from pipelines import decisions, transform
from pipelines.audit import verify_chain
from pipelines.ledger import open_ledger
from pipelines.resources import Settings, now
from pipelines.review import cases, web
from pipelines.review.desk import Desk

pytestmark = pytest.mark.browser
KEY = "key-of-the-test"
IMAGES = Path(__file__).parents[2] / "docs" / "images"
REASON = 'Same person; the till writes "no accents", says the store'
A_CLUSTER = """
    insert into matched.matched_customers__review by name
    select 'cluster ' || cluster_id as case_id, 'cluster' as kind, min(record_id) as left_record_id, cluster_id,
        9.0 as bits, 0.998 as probability, 'loose cluster: this record speaks least for the others' as reason
    from matched.matched_customers__clusters join matched.matched_customers__evidence using (record_id)
    group by cluster_id having count(*) = 3 order by 1 limit 1
"""


@pytest.fixture
def settings(at_demo, tmp_path, monkeypatch) -> Settings:
    """The demo's warehouse and a cluster to judge, with a ledger and a project that decisions may be written to."""
    shutil.copytree(transform.DBT_PROJECT, tmp_path / "dbt_project")
    monkeypatch.setattr(transform, "DBT_PROJECT", tmp_path / "dbt_project")
    shutil.copy(at_demo.settings.warehouse, tmp_path)
    with duckdb.connect(str(tmp_path / at_demo.settings.warehouse.name)) as warehouse:
        warehouse.execute(A_CLUSTER)
    (tmp_path / "landing").symlink_to(at_demo.settings.landing)
    return Settings(tmp_path, "test", f"sqlite:///{tmp_path / 'ledger.db'}")


@pytest.fixture
def served(settings):
    """(address, desk) of the page, served as `assay review --web` does; its key is KEY."""
    desk = Desk(settings, "Jana Steward", lambda: cases.queue(settings), now)
    config = uvicorn.Config(
        web.application(desk, KEY), host=web.LOOPBACK, port=0, access_log=False, log_level="warning"
    )
    server, socket = uvicorn.Server(config), config.bind_socket()
    socket.listen()
    thread = threading.Thread(target=server.run, args=([socket],))
    thread.start()
    yield f"http://{web.LOOPBACK}:{socket.getsockname()[1]}/", desk
    server.should_exit = True
    thread.join()


def test_a_steward_decides_a_pair_by_keyboard_and_takes_it_back(page, served, settings):
    url, desk = served
    first = desk.open[0]
    said, failed = [], []
    page.on("request", lambda request: said.append(request.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(f"{url}?key={KEY}")
    assert page.url == url, "the key stays in no history"
    for record in first.pair:
        page.get_by_role("columnheader", name=record).wait_for()
    assert page.locator("tr.differs mark").count() > 0
    assert page.locator("rect.for").count() > 0
    assert page.locator("rect.against").count() > 0
    if os.environ.get("ASSAY_SCREENSHOTS"):
        page.screenshot(path=IMAGES / "review.png")

    page.keyboard.press("s")
    page.keyboard.type(REASON)
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()
    (row,) = decisions.decisions()
    assert row[:3] == (first.domain, *sorted(first.pair))
    assert row[3:6] == ("must", "Jana Steward", REASON)
    assert first not in desk.open

    page.get_by_role("button", name="Undo").click()
    page.get_by_text("taken back").wait_for()
    assert decisions.decisions() == []
    assert first in desk.open
    assert verify_chain(open_ledger(settings.ledger_url)) == 2
    assert not failed
    assert all(asked.startswith(url) for asked in said), "nothing comes from elsewhere"


def test_a_steward_splits_a_cluster_and_sets_a_value_by_hand(page, served, settings):
    url, desk = served
    case = next(case for case in desk.open if case.kind == "cluster")
    loosest, other = case.pair
    page.goto(f"{url}?key={KEY}")
    page.goto(f"{url}?case={quote(case.case_id)}")
    page.get_by_role("columnheader", name=loosest).wait_for()
    assert page.locator("rect.for, rect.against").count() > 1, "what speaks for and against its loosest record"
    assert case.outcomes[1].split(": ")[1] in page.locator("#then").inner_text(), "what becomes of it is told"

    page.get_by_text("Set a golden value by hand").click()
    page.get_by_label("Golden record of").select_option(other)
    page.get_by_label("Attribute", exact=True).select_option("city")
    page.get_by_label("Value", exact=True).fill("Olomouc by hand")
    page.get_by_label("Why this value").fill("She said so at the counter")
    page.get_by_role("button", name="Set").click()
    page.get_by_role("status").wait_for()
    (row,) = decisions.overrides()
    assert row[:5] == ("customers", other, "city", "Olomouc by hand", "Jana Steward")

    page.get_by_role("checkbox", name=loosest).check()
    page.get_by_text("Split off what is ticked").click()
    page.get_by_label("Why they are someone else").fill("Another person, says the store")
    page.get_by_role("button", name="Split").click()
    page.get_by_text("split off:").first.wait_for()
    rest = {record.record_id for record in case.right}
    assert {row[1:4] for row in decisions.decisions()} == {(*sorted((loosest, one)), "cannot") for one in rest}
    assert case not in desk.open

    page.keyboard.press("u")
    page.get_by_text("taken back").wait_for()
    assert decisions.decisions() == []
    assert case in desk.open
    assert len(decisions.overrides()) == 1


def test_a_steward_opens_any_record_and_any_pair_by_id_on_the_page(page, served):
    url, desk = served
    asked = {record.record_id for case in desk.open for record in [*case.left, *case.right]}
    with duckdb.connect(str(desk.settings.warehouse), read_only=True) as db:
        single = db.execute("""
            select customer_id, min(record_id) from matched.matched_customers__ids
            group by 1 having count(*) = 1 order by 1
        """).fetchall()
    (one, record), (other, second) = [row for row in single if row[1] not in asked][:2]
    before = len(desk.open)
    page.goto(f"{url}?key={KEY}")
    page.get_by_label("Golden id or record").fill(f" {one.lower()} ")
    page.keyboard.press("Enter")
    page.get_by_text(f"{one} was asked for").wait_for()
    page.get_by_role("columnheader", name=record).wait_for()
    assert page.locator("thead th").count() == 1, "a record alone is not shown beside itself"
    page.get_by_text("Set a golden value by hand").click()
    page.get_by_label("Attribute", exact=True).select_option("city")
    page.get_by_label("Value", exact=True).fill("Olomouc by hand")
    page.get_by_label("Why this value").fill("She said so at the counter")
    page.get_by_role("button", name="Set").click()
    page.get_by_role("status").wait_for()
    assert [row[:4] for row in decisions.overrides()] == [("customers", record, "city", "Olomouc by hand")]

    page.goto(f"{url}?record={quote(record)}&record={other}")
    page.get_by_role("columnheader", name=second).wait_for()
    page.get_by_label("Reason").fill("One card")
    page.get_by_role("button", name="Different").click()
    page.get_by_text("different:").first.wait_for()
    assert [row[1:4] for row in decisions.decisions()] == [(*sorted((record, second)), "cannot")]

    page.get_by_label("Golden id or record").fill("C-NOBODY")
    page.get_by_role("button", name="Open").click()
    page.get_by_role("alert").get_by_text("check its letters").wait_for()
    assert len(desk.open) == before + 1, "what was opened stands before the queue, and the queue is whole"
    assert httpx.get(f"{url}?record={one}").status_code == 403, "another user of this machine"


def test_two_tabs_decide_once_and_an_old_link_says_so(page, served):
    url, desk = served
    first, second = desk.open[:2]
    page.goto(f"{url}?key={KEY}")
    page.goto(f"{url}?case={quote(first.case_id)}")
    other = page.context.new_page()
    other.goto(f"{url}?case={quote(first.case_id)}")
    other.get_by_label("Reason").fill("One card")
    other.get_by_role("button", name="Same").click()
    other.get_by_role("status").wait_for()
    other.close()

    page.keyboard.press("d")
    page.keyboard.type("Two people")
    page.keyboard.press("Enter")
    page.get_by_text("not open any more").wait_for()
    assert [row.decision for row in decisions.decisions()] == ["must"]
    page.goto(f"{url}?case={quote(first.case_id)}")
    page.get_by_role("alert").wait_for()
    page.get_by_role("columnheader", name=second.pair[0]).wait_for()


def test_a_page_left_open_shows_the_queue_of_the_build_that_ended_since(page, served, settings):
    url, desk = served
    settled = desk.open[0]
    page.goto(f"{url}?key={KEY}")
    with duckdb.connect(str(settings.warehouse)) as warehouse:
        warehouse.execute(f"delete from matched.matched_{settled.domain}__review where case_id = ?", [settled.name])
    page.reload()
    page.get_by_text("A build has ended since: this is its queue").wait_for()
    assert settled.case_id not in [case.case_id for case in desk.open]
    assert page.get_by_role("columnheader", name=settled.pair[0]).count() == 0
    page.reload()
    assert page.get_by_text("A build has ended since").count() == 0


def test_what_a_name_says_is_shown_and_never_done(page, served):
    url, desk = served
    case = desk.open[0]
    evil = "</td><script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
    case.left[0].values["full_name"], case.right[0].values["full_name"] = evil, "Q" * 10_000_000
    page.goto(f"{url}?key={KEY}")
    page.get_by_role("heading", name=evil).wait_for()
    page.get_by_text("(10,000,000 characters)").wait_for()
    assert "owned" not in page.title().replace(evil, "")
    assert page.locator("td img, td script").count() == 0
    case.left[0].values["full_name"] = "W" * 290 + " \u202eevil"
    page.goto(url)
    page.get_by_role("heading", name="\ufffdevil").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "a name is no wider than the page"


def test_nobody_but_the_page_itself_decides(served):
    url, desk = served
    form = {"case": desk.open[0].case_id, "word": "same", "reason": "forged"}
    assert httpx.get(url).status_code == 403, "another user of this machine"
    assert httpx.get(f"{url}?key=guessed").status_code == 403
    assert httpx.get(f"{url}?key={KEY}", headers={"host": "evil.example"}).status_code == 400
    with httpx.Client(base_url=url, follow_redirects=True) as steward:
        token = steward.get(f"?key={KEY}").text.split('name="token" value="')[1].split('"')[0]
        assert steward.post("decide", data=form).status_code == 403
        assert steward.post("decide", data=form | {"token": "x" * len(token)}).status_code == 403
        assert httpx.post(f"{url}decide", data=form | {"token": token}).status_code == 403
        elsewhere = {"origin": "http://evil.example"}
        assert steward.post("decide", data=form | {"token": token}, headers=elsewhere).status_code == 403
        refused = steward.post("decide", data=form | {"token": token, "reason": " "})
    assert "needs a reason" in refused.text
    assert decisions.decisions() == []


CONTRASTS = """() => {
    const parts = colour => colour.match(/[0-9.]+/g).map(Number);
    const light = colour => {
        const [r, g, b] = parts(colour).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b + .05;
    };
    const behind = e => {
        const own = getComputedStyle(e).backgroundColor;
        return parts(own)[3] === 0 ? behind(e.parentElement) : own;
    };
    const written = e => e.placeholder || [...e.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    return [...document.querySelectorAll("body *")].filter(written).map(e => {
        const style = getComputedStyle(e, e.placeholder ? "::placeholder" : null);
        const [low, high] = [light(style.color), light(behind(e))].sort((a, b) => a - b);
        return [e.outerHTML.slice(0, 80), style.opacity * high / low];
    });
}"""


def test_in_a_narrow_or_magnified_window_nothing_is_hidden_or_wider_than_it(page, served):
    url, desk = served
    case, size = desk.open[0], page.viewport_size
    case.left[0].values["full_name"] = "محمد عبد الرحمن " * 15
    case.right[0].values["full_name"] = "山田太郎" * 70
    case.outcomes = ["Same: " + "voucherify:cust_iYt3OXEqJH5SY7MdmngE7zRa, " * 60]
    try:
        for width, height in ((390, 844), (720, 405), (1440, 810)):
            page.set_viewport_size({"width": width, "height": height})
            page.goto(f"{url}?key={KEY}")
            page.evaluate("scrollTo(0, document.body.scrollHeight)")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            last, bar = (page.locator(each).last.bounding_box() for each in ("main section", ".bar"))
            assert last["y"] + last["height"] <= bar["y"], "the bar hides nothing"
            page.get_by_role("button", name="Same").scroll_into_view_if_needed()
            assert page.locator(".bar form").bounding_box()["y"] > 0
    finally:
        page.set_viewport_size(size)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_that_is_written_stands_out_enough_to_be_read(page, served, scheme):
    url, _ = served
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{url}?key={KEY}")
    assert not [(which, ratio) for which, ratio in page.evaluate(CONTRASTS) if ratio < 4.5]
    page.emulate_media(color_scheme="light")
