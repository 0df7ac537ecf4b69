"""What stewards decide stands in files as rows, all of them or none, and can be taken back."""

import multiprocessing

import duckdb
import pytest
import sqlalchemy as sa

from pipelines import decision_diff, decisions, transform
from pipelines.audit import verify_chain
from pipelines.ledger import LedgerUnavailable, audit, open_ledger
from pipelines.macros import returned
from pipelines.rebuild import rebuild
from pipelines.resources import Settings
from tests.pipelines.conftest import AT, WHO


def lines(settings: Settings, name: str = "match_overrides") -> list[str]:
    return (settings.home / "seeds" / f"{name}.csv").read_text().splitlines()[1:]


def test_a_decision_is_a_row_and_the_next_one_on_the_pair_replaces_it(settings):
    decisions.decide(settings, "customers", "later", [("shopify:2", "pos:1")], *WHO, AT)
    decisions.decide(settings, "customers", "same", [("pos:1", "shopify:2")], *WHO, AT)
    assert lines(settings) == ["customers,pos:1,shopify:2,must,Jana Steward,She called us,2026-03-29"]


def test_undone_decisions_leave_the_file_as_it_was_and_the_audit_knows_both_without_a_reason(settings):
    before = (settings.home / "seeds" / "match_overrides.csv").read_bytes()
    decisions.decide(settings, "customers", "different", [("pos:1", "pos:2")], *WHO, AT)
    assert decisions.undecide(settings, "customers", [("pos:2", "pos:1")], WHO[0], AT) == 1
    assert decisions.undecide(settings, "customers", [("pos:2", "pos:1")], WHO[0], AT) == 0
    assert (settings.home / "seeds" / "match_overrides.csv").read_bytes() == before
    engine = open_ledger(settings.ledger_url)
    assert verify_chain(engine) == 2
    with engine.connect() as connection:
        entries = connection.execute(sa.select(audit.c.action, audit.c.detail)).all()
    assert [entry.action for entry in entries] == ["decide", "undo decision"]
    assert not any("called" in entry.detail for entry in entries)


def test_keys_that_customers_and_products_share_are_two_pairs_and_each_decision_is_of_one(settings):
    decisions.decide(settings, "products", "same", [("odoo:1", "odoo:2")], *WHO, AT)
    decisions.decide(settings, "customers", "different", [("odoo:1", "odoo:2")], *WHO, AT)
    assert decisions.verdicts("products") == {("odoo:1", "odoo:2"): "must"}
    assert decisions.verdicts("customers") == {("odoo:1", "odoo:2"): "cannot"}
    assert decisions.undecide(settings, "customers", [("odoo:2", "odoo:1")], WHO[0], AT) == 1
    assert [row.domain for row in decisions.decisions()] == ["products"]
    with pytest.raises(decisions.NotDecided, match="no records are matched in 'variants'; choose customers, products"):
        decisions.decide(settings, "variants", "same", [("odoo:1", "odoo:2")], *WHO, AT)


def test_what_the_audit_cannot_take_is_not_decided(settings):
    (before,) = decisions.decide(settings, "customers", "later", [("pos:1", "pos:2")], *WHO, AT)
    away = Settings(settings.home, "test", f"sqlite:///{settings.home / 'away' / 'ledger.db'}")
    with pytest.raises(LedgerUnavailable):
        decisions.decide(away, "customers", "same", [("pos:1", "pos:2")], *WHO, AT)
    with pytest.raises(LedgerUnavailable):
        decisions.undecide(away, "customers", [("pos:1", "pos:2")], WHO[0], AT)
    assert decisions.decisions() == [before]


def test_what_the_file_cannot_take_is_not_decided_and_not_in_the_audit(settings):
    for name in ("match_overrides", "golden_overrides"):
        (settings.home / "seeds" / f"{name}.partial").mkdir()
    with pytest.raises(decisions.NotDecided, match="match_overrides.csv cannot be written .*see to its folder"):
        decisions.decide(settings, "customers", "same", [("pos:1", "pos:2")], *WHO, AT)
    with pytest.raises(decisions.NotDecided, match="golden_overrides.csv cannot be written .*see to its folder"):
        decisions.override(settings, "customers", "pos:1", "city", "Brno", *WHO, AT)
    assert (decisions.decisions(), decisions.overrides()) == ([], [])
    assert verify_chain(open_ledger(settings.ledger_url)) == 0


def test_what_stood_before_is_back_when_the_decision_that_replaced_it_is_undone(settings):
    (before,) = decisions.decide(settings, "customers", "later", [("pos:1", "pos:2")], *WHO, AT)
    decisions.decide(settings, "customers", "same", [("pos:1", "pos:2")], *WHO, AT)
    decisions.undecide(settings, "customers", [("pos:1", "pos:2")], WHO[0], AT, back_to=[before])
    assert decisions.decisions() == [before]


def test_a_value_set_by_hand_is_a_row_that_can_be_taken_back(settings):
    decisions.override(settings, "customers", "pos:1", "street", 'Na Příkopě 1, "u zvonu"', *WHO, AT)
    decisions.override(settings, "customers", "pos:1", "phone", None, *WHO, AT)
    assert [row.value for row in decisions.overrides()] == ["", 'Na Příkopě 1, "u zvonu"']
    assert decisions.undo_override(settings, "customers", "pos:1", "phone", WHO[0], AT)
    assert [row.attribute for row in decisions.overrides()] == ["street"]


@pytest.mark.parametrize(
    ("attribute", "value", "told"),
    [
        ("birth_on", "hello", "birth_on: 'hello' is refused: not a date; write YYYY-MM-DD"),
        ("birth_on", "12.4.1988", "not a date"),
        ("birth_on", "infinity", r"not written as \[0-9\]"),
        ("accepts_marketing", "perhaps", "not a boolean; write true or false"),
        ("weight_g", "1 kg", "not a bigint"),
        ("tax_rate", "1e9", "not a decimal"),
        ("kind", "alien", r"not written as person\|company"),
        ("country_code", "Czechia", "not written as "),
        ("gtin14", "123", "not written as "),
        ("brand", "x" * 1001, "longer than 1,000 characters"),
        ("template_name", "", "a product has a name"),
    ],
)
def test_a_value_that_the_next_build_would_refuse_is_refused_at_once(settings, attribute, value, told):
    domain = "customers" if attribute in ("birth_on", "accepts_marketing") else "products"
    with pytest.raises(decisions.NotDecided, match=told):
        decisions.override(settings, domain, "pos:1", attribute, value, *WHO, AT)
    assert lines(settings, "golden_overrides") == []


def test_a_key_that_holds_a_space_is_decided_on_like_any_other(settings):
    (row,) = decisions.decide(settings, "customers", "same", [("telesales:C 12", "pos:1")], *WHO, AT)
    assert row[1:3] == ("pos:1", "telesales:C 12")
    assert decisions.decisions() == [row]


@pytest.mark.parametrize(
    ("word", "pair", "steward", "reason", "told"),
    [
        ("same", ("pos:1", "pos:1"), *WHO, "one record"),
        ("same", ("C-J2J2557XY1F9", "pos:1"), *WHO, "never golden ids"),
        ("same", ("pos:1 ", "pos:2"), *WHO, "not SYSTEM:KEY"),
        ("same", ("pos:1\x1b[2J", "pos:2"), *WHO, "not SYSTEM:KEY"),
        ("perhaps", ("pos:1", "pos:2"), *WHO, "no decision"),
        ("same", ("pos:1", "pos:2"), "Jana", " \n", "needs a reason"),
        ("same", ("pos:1", "pos:2"), "", "because", "needs a steward"),
        ("same", ("pos:1", "pos:2"), "Jana", "x" * 200_000, "a reason of 200,000 characters; 1,000 are read at most"),
    ],
)
def test_what_is_no_decision_is_refused_and_nothing_is_written(settings, word, pair, steward, reason, told):
    with pytest.raises(decisions.NotDecided, match=told):
        decisions.decide(settings, "customers", word, [pair], steward, reason, AT)
    assert lines(settings) == []


def test_stewards_who_decide_at_the_same_instant_lose_no_row(settings):
    forked = multiprocessing.get_context("fork")

    def deciding(who: int) -> None:
        for n in range(5):
            decisions.decide(
                settings, "customers", "same", [(f"pos:{who}", f"odoo:{who}{n}")], f"Steward {who}", "test", AT
            )

    open_ledger(settings.ledger_url).dispose()
    processes = [forked.Process(target=deciding, args=(who,)) for who in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * 4
    assert len(lines(settings)) == 20
    assert lines(settings) == sorted(lines(settings))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("customers,pos:1,pos:2,must,Jana,why,yesterday\n", "row 2: a value is missing, or decided_on is not a day"),
        (
            "customers,pos:1,pos:2,must,Jana,why,20260301\n",
            "row 2: a value is missing, or decided_on is not a day, YYYY-MM-DD",
        ),
        ("customers,pos:1 ,pos:2,must,Jana,why,2026-03-01\n", "row 2: 'pos:1 ' is not SYSTEM:KEY"),
        (
            "customers,pos:1,pos:2,same,Jana,why,2026-03-01\r\n",
            "row 2: 'same' is no decision; write must, cannot, later",
        ),
        ("prices,pos:1,pos:2,must,Jana,why,2026-03-01\n", "row 2: no records are matched in 'prices'"),
        ("customers,pos:1,pos:1,must,Jana,why,2026-03-01\n", "row 2: pos:1 is one record"),
        ("customers,pos:1,pos:2,must,Jana, ,2026-03-01\n", "row 2: a decision needs a reason"),
        (
            'customers,pos:1,pos:2,must,Jana,"why,2026-03-01\ncustomers,pos:1,pos:3,must,Jana,"so",2026-03-01\n',
            "line 2: a quote opens or ends where none should",
        ),
        (f"customers,pos:1,pos:2,must,Jana,{'x' * 200_000},2026-03-01\n", "row 2: a reason of 200,000 characters"),
        (
            "<<<<<<< HEAD\ncustomers,pos:1,pos:2,must,Jana,why,2026-03-01\n=======\n>>>>>>> b\n",
            "line 2: a mark of git's",
        ),
        ("customers,pos:1,pos:2,must,Kolá\u0159ová,why,2026-03-01\n", "is not UTF-8; save it"),
    ],
)
def test_a_file_that_a_hand_has_spoilt_is_told_by_its_row_and_not_rewritten(settings, rows, told):
    path = settings.home / "seeds" / "match_overrides.csv"
    spoilt = path.read_bytes() + rows.encode("windows-1250")
    path.write_bytes(spoilt)
    with pytest.raises(decisions.NotDecided, match=told):
        decisions.decide(settings, "customers", "same", [("pos:3", "pos:4")], *WHO, AT)
    assert path.read_bytes() == spoilt


def test_a_value_with_spaces_around_it_that_a_hand_wrote_is_told_by_its_row(settings):
    path = settings.home / "seeds" / "golden_overrides.csv"
    path.write_text(path.read_text() + "customers,pos:1,city,Brno ,Jana,why,2026-03-01\n")
    with pytest.raises(decisions.NotDecided, match="row 2: spaces around the value of city"):
        decisions.overrides()


def test_no_build_begins_while_a_file_of_decisions_is_spoilt(settings):
    path = settings.home / "seeds" / "match_overrides.csv"
    path.write_text(path.read_text() + "<<<<<<< HEAD\n")
    with pytest.raises(decisions.NotDecided, match="line 2: a mark of git's"):
        rebuild(settings, AT)
    assert not settings.warehouse.exists()
    assert not settings.exports.exists()


def test_a_build_reads_what_several_hands_wrote_as_it_is_read_here(settings):
    path = settings.home / "seeds" / "match_overrides.csv"
    rows = [
        "customers,pos:1,pos:2,must,'Jana','so',2026-03-01\r\n",
        'customers,pos:1,pos:3,must,"J, P",why,2026-03-01\n',
    ]
    path.write_text("\ufeff" + path.read_text() + "\r\n" + "".join(rows), newline="")
    with duckdb.connect() as db:
        columns = ", ".join(f"{name} varchar" for name in decisions.Decision._fields)
        db.execute(f"create table seed ({columns})")
        db.execute(f"copy seed from '{path}' {returned('layers/load_csv_rows.sql', 'form_of_seeds')}")
        assert db.execute("from seed").fetchall() == [tuple(row) for row in decisions.decisions()]


def test_what_two_branches_decided_on_one_pair_is_kept_until_somebody_decides_on_it_again(settings):
    path = settings.home / "seeds" / "match_overrides.csv"
    met = ["customers,pos:1,pos:2,cannot,Jana,seen,2026-03-01", "customers,pos:2,pos:1,must,Petr,heard,2026-03-01"]
    path.write_text("\ufeff" + path.read_text() + "\n".join(met))
    decisions.decide(settings, "customers", "same", [("pos:3", "pos:4")], *WHO, AT)
    assert [line.split(",")[1:4] for line in lines(settings)] == [
        ["pos:1", "pos:2", "cannot"],
        ["pos:1", "pos:2", "must"],
        ["pos:3", "pos:4", "must"],
    ]
    decisions.decide(settings, "customers", "different", [("pos:2", "pos:1")], *WHO, AT)
    assert [line.split(",")[3] for line in lines(settings)] == ["cannot", "must"]


def test_a_row_that_a_hand_wrote_the_other_way_round_can_be_taken_back(settings):
    path = settings.home / "seeds" / "match_overrides.csv"
    path.write_text(path.read_text() + "customers,pos:2,pos:1,must,Jana,why,2026-03-01\n")
    assert decisions.undecide(settings, "customers", [("pos:1", "pos:2")], "Jana", AT) == 1
    assert lines(settings) == []


@pytest.mark.parametrize(("path", "told"), [(None, "git reads no repository at"), ("", "git is not installed here")])
def test_a_branch_is_not_called_unknown_where_git_or_its_repository_is_missing(settings, monkeypatch, path, told):
    monkeypatch.setattr(transform, "DBT_PROJECT", settings.home)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(settings.home.parent))
    if path is not None:
        monkeypatch.setenv("PATH", path)
    with pytest.raises(decisions.NotDecided, match=told):
        decision_diff.compare(settings, "main")
