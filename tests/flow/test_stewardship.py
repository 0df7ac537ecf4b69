"""What a steward and an engineer see of the demo's matches: explanations, the queue, the effect of other decisions."""

import hashlib
import json
import shutil
import subprocess
from collections import Counter, defaultdict
from io import StringIO

import duckdb
import pytest
from click.testing import CliRunner
from rich.console import Console

from pipelines import decision_diff, decisions, explain, explained, quality, transform, why
from pipelines.cli import main
from pipelines.ledger import golden_ids, id_events, open_ledger, review_samples
from pipelines.matching import declared
from pipelines.resources import Settings, now
from pipelines.review import cases, terminal
from pipelines.review.desk import Desk
from pipelines.review.opened import opened
from pipelines.review.outcomes import sentences
from pipelines.unheeded import unheeded


@pytest.fixture
def settings(at_demo, tmp_path, monkeypatch) -> Settings:
    """A copy of the demo's state, with a project in a git repository of its own that decisions may be written to."""
    shutil.copytree(transform.DBT_PROJECT, tmp_path / "dbt_project", ignore=shutil.ignore_patterns("target"))
    monkeypatch.setattr(transform, "DBT_PROJECT", tmp_path / "dbt_project")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "dbt_project/seeds")
    git(tmp_path, "commit", "-q", "-m", "as shipped")
    home = tmp_path / "home"
    home.mkdir()
    for name in ("warehouse.duckdb", "ledger.db"):
        shutil.copy(at_demo.home / name, home)
    shutil.copytree(at_demo.home / "exports", home / "exports")
    (home / "landing").symlink_to(at_demo.settings.landing)
    monkeypatch.setenv("ASSAY_HOME", str(home))
    return Settings(home, "test", f"sqlite:///{home / 'ledger.db'}")


def git(folder, *words: str) -> None:
    author = ["-c", "user.name=Jana", "-c", "user.email=jana@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *author, *words], check=True, capture_output=True)


def digest(settings: Settings) -> dict[str, str]:
    files = [settings.warehouse, settings.home / "ledger.db", *sorted(settings.exports.rglob("*.parquet"))]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("domain", explain.DOMAINS)
def test_an_explanation_weighs_every_pair_exactly_as_the_build_did(at_demo, domain):
    with explain.warehouse(at_demo.settings) as db:
        built = db.execute(f"""
            select l.record_id, r.record_id, bits from matched.matched_{domain}__scores as scores
            join matched.matched_{domain}__evidence as l on scores.left_no = l.record_no
            join matched.matched_{domain}__evidence as r on scores.right_no = r.record_no
        """).fetchall()
        told = explain.explain(db, domain, [(left, right) for left, right, _ in built])
    assert len(told) == len(built) > 100
    for left, right, bits in built:
        assert told[left, right].bits == bits
        assert explain.total(told[left, right].terms) + told[left, right].beyond == pytest.approx(bits, abs=1e-3)
        assert domain == "products" or not told[left, right].beyond


def test_of_two_records_apart_it_is_told_what_all_pairs_of_their_golden_records_say_together(at_demo):
    with duckdb.connect(str(at_demo.settings.warehouse), read_only=True) as db:
        one, other = db.execute("""
            select l.record_id, r.record_id
            from matched.matched_customers__within
            join matched.matched_customers__evidence as l on left_no = l.record_no
            join matched.matched_customers__evidence as r on right_no = r.record_no
            join matched.matched_customers__clusters as a on a.record_id = l.record_id
            join matched.matched_customers__clusters as b on b.record_id = r.record_id
            where a.cluster_id <> b.cluster_id and isfinite(bits)
            order by bits desc, 1, 2
            limit 1
        """).fetchone()
    told = explained.of_pair(at_demo.settings, one, other)
    assert not told["together"]
    assert told["between"]["mean_bits"] <= max(told["clusters_split_below"], told["links_above_bits"])
    assert told["between"]["weakest_bits"] <= told["bits"]
    said = CliRunner().invoke(main, ["match", "explain", one, other]).stdout
    assert f"with a mean of {told['between']['mean_bits']:+.2f} bits" in said


def test_explain_and_golden_show_tell_people_and_machines_the_same(at_demo):
    with duckdb.connect(str(at_demo.settings.warehouse), read_only=True) as db:
        (golden_id, one, other) = db.execute("""
            select customer_id, min(record_id), max(record_id)
            from matched.matched_customers__ids join matched.matched_customers__evidence using (record_id)
            group by customer_id having count(*) = 3 order by 1 limit 1
        """).fetchone()
    words = ["match", "explain", one, other]
    told = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
    assert told["together"]
    assert {"comparison", "level", "same", "related", "unrelated"} <= set(told["terms"][0])
    said = CliRunner().invoke(main, words).stdout
    assert "verdict: one golden record" in said
    assert f"{told['bits']:+.2f} bits" in said
    shown = json.loads(CliRunner().invoke(main, ["golden", "show", golden_id, "--json"]).stdout)
    assert {one, other} <= {member["record_id"] for member in shown["members"]}
    assert shown["evidence"][0]["because"]
    assert shown["history"][0]["event"] == "minted"
    assert shown["history"][0]["at"]
    lines = CliRunner().invoke(main, ["golden", "show", golden_id]).stdout
    assert all(part in lines for part in ("held by", "history", one))
    assert CliRunner().invoke(main, ["golden", "show", f" {golden_id.lower()} "]).stdout == lines
    apart = CliRunner().invoke(main, ["match", "explain", one, "pos:nobody"])
    assert apart.exit_code == 1
    assert "pos:nobody" in apart.stderr


def test_a_price_is_shown_without_what_only_matched_records_have(at_demo):
    with duckdb.connect(str(at_demo.settings.warehouse), read_only=True) as db:
        (price_id,) = db.execute("select min(price_id) from golden.golden_prices").fetchone()
    shown = CliRunner().invoke(main, ["golden", "show", price_id])
    assert shown.exit_code == 0
    assert f"{price_id}  (prices)" in shown.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["golden", "show", "C-NOBODY"], "has or had this id; check its letters"),
        (["golden", "show", "--json", "C-NOBODY"], "has or had this id; check its letters"),
        (["golden", "show", "pos:1"], "is a record; `assay lineage record pos:1`"),
        (["match", "explain", "C-NOBODY", "pos:1"], "is not SYSTEM:KEY; `assay golden show` lists the records"),
    ],
)
def test_a_name_that_is_none_or_of_another_kind_is_told_with_what_to_ask_instead(at_demo, words, told):
    said = CliRunner().invoke(main, words)
    assert said.exit_code == 1
    assert told in said.stderr


def test_a_steward_works_through_the_queue_at_a_terminal(settings):
    with explain.warehouse(settings) as db:
        pair = db.execute("""
            select l.record_id, r.record_id from matched.matched_customers__within as within
            join matched.matched_customers__evidence as l on within.left_no = l.record_no
            join matched.matched_customers__evidence as r on within.right_no = r.record_no
            order by 1, 2 limit 1
        """).fetchone()
    queue = [*cases.queue(settings), *cases.between(settings, "customers", [pair], "asked")]
    assert [case.worth for case in queue[:-1]] == sorted((case.worth for case in queue[:-1]), reverse=True)
    desk = Desk(settings, "Jana Steward", lambda: queue, now)
    answers = iter(["n"] * (len(queue) - 1) + ["d", "They are sisters", "q"])
    screen = StringIO()
    terminal.work(Console(file=screen, width=160), desk, lambda *_, **__: next(answers))
    assert pair[0] in screen.getvalue()
    assert "altogether" in screen.getvalue()
    (row,) = decisions.decisions()
    assert row[:4] == ("customers", *sorted(pair), "cannot")
    assert unheeded(settings) == []
    decisions.decide(settings, "customers", "same", [("pos:gone", pair[0])], "Jana Steward", "a slip", now())
    assert "pos:gone" in unheeded(settings)[0]


def test_what_a_case_says_that_each_decision_would_do_is_what_the_next_build_does(settings):
    with explain.warehouse(settings) as db:
        apart = db.execute("""
            select l.record_id, r.record_id from matched.matched_customers__scores as scores
            join matched.matched_customers__evidence as l on scores.left_no = l.record_no
            join matched.matched_customers__evidence as r on scores.right_no = r.record_no
            join matched.matched_customers__clusters as lc on l.record_id = lc.record_id
            join matched.matched_customers__clusters as rc on r.record_id = rc.record_id
            where lc.cluster_id <> rc.cluster_id
            order by bits desc, 1, 2 limit 5
        """).fetchall()
    decided, seen, asked = [], set(), Counter()
    for case in [*cases.queue(settings, "customers"), *cases.between(settings, "customers", apart, "asked")]:
        records = {record.record_id for record in [*case.left, *case.right]}
        if case.outcomes and not seen & records:
            seen |= records
            golden_ids = len({record.golden_id for record in [*case.left, *case.right]})
            verdict = asked[golden_ids] % 2
            asked[golden_ids] += 1
            decided.append((("same", "different")[verdict], case, case.outcomes[verdict]))
    for word, case, _ in decided:
        decisions.decide(settings, "customers", word, [case.pair], "Jana Steward", "tried", now())
    transform.build(settings, select="match_overrides+,+matched_customers__clusters")
    with explain.warehouse(settings) as db:
        cluster = dict(db.execute("select record_id, cluster_id from matched.matched_customers__clusters").fetchall())
    became = Counter()
    for word, case, outcome in decided:
        seats = {one.record_id: one.golden_id for one in [*case.left, *case.right] if one.record_id in cluster}
        parties = defaultdict(list)
        for record in sorted(seats):
            parties[cluster[record]].append(record)
        built = list(parties.values())
        assert outcome in sentences(seats, built, built)
        became[word, len(set(seats.values())), len(built)] += 1
    assert {("same", 2, 1), ("different", 2, 2), ("different", 1, 2)} <= set(became), "outcomes of every kind"


def test_a_cluster_that_closes_its_domain_stands_first_in_the_queue(settings, monkeypatch):
    monkeypatch.setitem(declared("customers")["quality"], "largest_cluster", 3)
    (closed, *_), _ = quality.objections(settings, "customers")
    assert "more than the 3 allowed; split it with `assay review`" in closed
    first, *others = cases.queue(settings)
    assert first.kind == "cluster"
    assert "nothing of the domain is published until it is split" in first.reason
    assert len(first.left + first.right) > 3
    assert any(case.kind == "pair" for case in others)


def test_a_retailer_without_the_systems_that_tell_sales_has_a_queue_too(settings):
    with_sales = cases.queue(settings)
    with duckdb.connect(str(settings.warehouse)) as db:
        for name in ("stg_shopify__orders", "stg_pos__receipts", "stg_pos__receipt_lines"):
            (kind,) = db.execute(
                "select table_type from information_schema.tables where table_name = ?", [name]
            ).fetchone()
            db.execute(f"drop {kind.removeprefix('BASE ')} staging.{name} cascade")
    without = cases.queue(settings)
    assert {case.case_id for case in without} == {case.case_id for case in with_sales} != set()
    assert {case.sales for case in without} == {0} != {case.sales for case in with_sales}


def test_a_sample_is_the_same_for_everybody_until_it_has_its_labels(settings):
    first = quality.draw(settings, "customers", 150, now(), "Jana Steward")
    assert len(first) == 150, "what a small stratum lacks the others give"
    assert quality.draw(settings, "customers", 8, now(), "Petr Steward") == first[:8], "as many of it as asked for"
    decisions.decide(settings, "customers", "same", first, "Jana Steward", "looked", now())
    assert quality.measure(settings, "customers").labels == len(first)
    with open_ledger(settings.ledger_url).connect() as connection:
        strata = {(row.stratum, row.joined, row.pairs) for row in connection.execute(review_samples.select())}
    assert {joined for _, joined, _ in strata} == {True, False}


def test_a_branch_of_decisions_is_told_in_golden_records_and_touches_nothing(settings):
    repository = transform.DBT_PROJECT.parent
    with explain.warehouse(settings) as db:
        golden_id, left, right = db.execute("""
            select customer_id, min(record_id), max(record_id)
            from matched.matched_customers__ids join matched.matched_customers__evidence using (record_id)
            group by customer_id having count(*) = 2 order by 1 limit 1
        """).fetchone()
        (mover,) = db.execute("""
            select min(record_id) from matched.matched_customers__ids join matched.matched_customers__evidence
            using (record_id) group by customer_id having count(*) = 3 order by 1 limit 1
        """).fetchone()
    git(repository, "checkout", "-q", "-b", "decided")
    decisions.decide(settings, "customers", "different", [(left, right)], "Jana Steward", "two people", now())
    decisions.override(settings, "customers", mover, "city", "Nowhere by hand", "Jana Steward", "she moved", now())
    git(repository, "commit", "-qam", "decided")
    git(repository, "checkout", "-q", "main")
    before = digest(settings)

    found = decision_diff.compare(settings, "decided")
    assert found.rows_of_files == {"match_overrides.csv": (0, 1), "golden_overrides.csv": (0, 1)}
    assert found.moved == found.begun == 1
    assert found.ended == 0
    assert found.closed == []
    assert found.fields["golden_customers"]["city"] == 1
    assert found.rows["golden_customers"]["added"] == 1
    assert not found.passes, "one record of so few is more than the churn that may pass by itself"
    assert any(golden_id in line for line in found.lines())
    assert not any("Nowhere" in line for line in found.lines())
    assert any("Nowhere by hand" in line for line in found.lines(values=True))
    assert digest(settings) == before
    assert not list(settings.home.glob("trying-*"))
    with pytest.raises(decisions.NotDecided, match="no branch or commit"):
        decision_diff.compare(settings, "--output=x")
    git(repository, "checkout", "-q", "--detach", "decided")
    git(repository, "mv", "dbt_project/seeds/golden_overrides.csv", "dbt_project/seeds/renamed.csv")
    git(repository, "commit", "-qm", "renamed")
    git(repository, "update-ref", "refs/remotes/origin/theirs", "HEAD")
    renamed = decision_diff.compare(settings, "theirs")
    assert renamed.rows_of_files == {"match_overrides.csv": (0, 1), "golden_overrides.csv": (0, 0)}
    assert "golden_overrides.csv is not on theirs: none of its rows would hold" in renamed.lines()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"<<<<<<< main\n", "unfit: match_overrides.csv, line 2: a mark of git's"),
        (
            "customers,odoo:1,odoo:2,must,Nov\xe1k,x,2026-01-01\n".encode("cp1252"),
            "unfit: match_overrides.csv is not UTF-8",
        ),
        (b"customers,odoo:1,odoo:2,must\n", "unfit: match_overrides.csv, row 2: a value is missing"),
    ],
)
def test_a_branch_whose_file_is_not_as_it_should_be_is_refused_before_anything_is_built(settings, text, told):
    repository = transform.DBT_PROJECT.parent
    git(repository, "checkout", "-q", "-b", "unfit")
    with (decisions.seeds() / "match_overrides.csv").open("ab") as file:
        file.write(text)
    git(repository, "commit", "-qam", "unfit")
    git(repository, "checkout", "-q", "main")
    with pytest.raises(decisions.NotDecided, match=told):
        decision_diff.compare(settings, "unfit")
    assert not list(settings.home.glob("trying-*"))


def test_a_file_that_git_has_by_name_alone_is_not_taken_for_one_that_the_branch_lacks(settings):
    repository = transform.DBT_PROJECT.parent
    git(repository, "checkout", "-q", "-b", "theirs")
    decisions.decide(settings, "customers", "same", [("pos:1", "pos:2")], "Jana Steward", "one", now())
    git(repository, "commit", "-qam", "theirs")
    said = ["git", "-C", str(repository), "rev-parse", "theirs:dbt_project/seeds/match_overrides.csv"]
    blob = subprocess.run(said, check=True, capture_output=True, text=True).stdout.strip()
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(
        decisions.NotDecided, match=r"git cannot read match_overrides.csv of theirs: .+; fetch it whole"
    ):
        decision_diff.compare(settings, "theirs")


def three_of_one(settings) -> tuple[str, list[str]]:
    """A golden id of three records that the queue does not ask about, and they."""
    asked = {record.record_id for case in cases.queue(settings) for record in [*case.left, *case.right]}
    with duckdb.connect(str(settings.warehouse), read_only=True) as db:
        found = db.execute("""
            select customer_id, list(record_id order by record_id)
            from matched.matched_customers__ids join matched.matched_customers__evidence using (record_id)
            group by customer_id having count(*) = 3 order by 1
        """).fetchall()
    return next((golden_id, records) for golden_id, records in found if not asked & set(records))


def test_a_steward_opens_a_golden_record_that_the_queue_does_not_ask_about_and_splits_it(settings):
    golden_id, records = three_of_one(settings)
    words = ["review", golden_id.lower(), "--as", "Jana Steward"]
    answers = f"o\n{records[1]}\ncity\nOlomouc by hand\nShe said so\np\n{records[2]}\nAnother person\nq\n"
    said = CliRunner().invoke(main, words, input=answers)
    assert said.exit_code == 0, said.output
    assert f"{golden_id} was asked for" in said.stdout
    assert {row[:4] for row in decisions.decisions()} == {
        ("customers", *sorted((records[2], other)), "cannot") for other in records[:2]
    }
    assert [row[:4] for row in decisions.overrides()] == [("customers", records[1], "city", "Olomouc by hand")]
    (case,) = opened(settings, [records[1]])
    assert case.left[0].record_id == records[1]
    assert {record.record_id for record in case.right} == {records[0], records[2]}


def test_a_steward_opens_any_pair_and_is_told_what_is_decided_on_it(settings):
    golden_id, records = three_of_one(settings)
    with duckdb.connect(str(settings.warehouse), read_only=True) as db:
        (alone, other) = db.execute(
            "select customer_id, min(record_id) from matched.matched_customers__ids"
            " where customer_id <> ? group by 1 having count(*) = 1 order by 1 limit 1",
            [golden_id],
        ).fetchone()
    said = CliRunner().invoke(main, ["review", golden_id, alone, "--as", "Jana Steward"], input="s\nOne card\n")
    assert f"{golden_id} and {alone} become one" in said.stdout or f"{alone} and {golden_id} become one" in said.stdout
    (row,) = decisions.decisions()
    assert row.decision == "must"
    assert other in row[1:3]
    assert set(row[1:3]) & set(records)
    (again,) = opened(settings, row[1:3])
    assert "decided must by Jana Steward" in again.reason
    decisions.override(settings, "customers", other, "city", "Olomouc", "Jana Steward", "She moved", now())
    decisions.override(settings, "variants", other, "color", "Red", "Jana Steward", "A product of its number", now())
    (single,) = opened(settings, [alone])
    assert "color" not in single.reason
    assert [row["attribute"] for row in why.of_golden(settings, alone)["overrides"]] == ["city"]
    assert f"{row[1]} and {row[2]} decided must by Jana Steward" in single.reason
    assert f"city of {other} set to Olomouc by Jana Steward" in single.reason
    assert (single.right, [record.record_id for record in single.heads]) == ([], [other])


def test_a_record_that_assay_made_itself_is_neither_compared_nor_split_off(settings):
    golden_id, records = three_of_one(settings)
    with duckdb.connect(str(settings.warehouse)) as db:
        db.execute("set file_search_path = $home", {"home": str(settings.home)})
        for table in ("matched.matched_customers__ids", "conformed.conformed_customers"):
            copied = f"select * replace ('odoo:0' as record_id) from {table} where record_id = ?"
            db.execute(f"create or replace table {table} as from {table} union all by name {copied}", [records[1]])
    desk = Desk(settings, "Jana Steward", lambda: opened(settings, [golden_id]), now)
    (case,) = desk.open
    assert {record.record_id for record in [*case.left, *case.right]} == set(records)
    assert case.explained is not None
    desk.split(case.case_id, records[:1], "Another person")
    assert {row[1:3] for row in decisions.decisions()} == {tuple(sorted((records[0], one))) for one in records[1:]}
    assert unheeded(settings) == []
    decisions.override(settings, "customers", "odoo:0", "city", "Olomouc", "Petr Steward", "An edit was kept", now())
    assert "city of odoo:0 set to Olomouc by Petr Steward" in desk.look_up([golden_id]).reason
    with pytest.raises(decisions.NotDecided, match="odoo:0: Petr Steward set city"):
        desk.override(case.case_id, records[1], "city", "Brno", "She said so")


def test_a_product_opens_as_each_of_its_variants(settings):
    with duckdb.connect(str(settings.warehouse), read_only=True) as db:
        (product_id, variants) = db.execute("""
            select product_id, list(distinct variant_id) from matched.matched_products__ids
            group by 1 having count(distinct variant_id) > 1 order by 1 limit 1
        """).fetchone()
    found = opened(settings, [product_id])
    assert sorted(case.left[0].golden_id for case in found) == sorted(variants)
    for case in found:
        assert len({record.golden_id for record in [*case.left, *case.right]}) == 1


def test_a_merged_id_leads_on_and_an_id_with_nothing_to_open_says_why(settings):
    golden_id, records = three_of_one(settings)
    with duckdb.connect(str(settings.warehouse), read_only=True) as db:
        (variant,) = db.execute("select min(record_id) from matched.matched_products__evidence").fetchone()
    old = {"domain": "customers", "founder_record_id": "pos:old", "born_seq": 10**9}
    gone = {"domain": "customers", "event": "retired", "golden_id": "C-GONE", "run_id": "r1", "reason": "all deleted"}
    with open_ledger(settings.ledger_url).begin() as connection:
        for id_, to in (("C-OLDEST", "C-OLDER"), ("C-OLDER", golden_id)):
            connection.execute(golden_ids.insert().values(**old, golden_id=id_, state="redirected", redirected_to=to))
        connection.execute(id_events.insert().values(**gone))
    (case,) = opened(settings, ["C-OLDEST"])
    assert case.reason == f"C-OLDEST was merged into {golden_id}, which is shown"
    assert {record.record_id for record in [*case.left, *case.right]} == set(records)
    for ids, told in (
        (["C-GONE"], "no record is left of it; retired in run r1: all deleted"),
        (["C-NOBODY"], "check its letters"),
        (["pos:nobody"], "no load of pos holds that key"),
        (["nobody"], "a record is SYSTEM:KEY"),
        (["C-OLDER", golden_id], f"both are one golden record, {golden_id}"),
        ([records[0], records[0]], "is one record; give two"),
        ([golden_id, variant], "they are never compared"),
    ):
        said = CliRunner().invoke(main, ["review", *ids])
        assert said.exit_code == 1, ids
        assert told in said.stderr
    assert CliRunner().invoke(main, ["review", golden_id, "--sample", "3"]).exit_code == 2
