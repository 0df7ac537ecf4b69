"""Golden's values take Odoo's own form before they are compared, so that a difference is a difference."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from pipelines.publish.values import BadValue, Pending, Refused, converter, holds, same, seen, sent

WEIGHT = {"type": "float", "digits": [16, 2]}
PRICE = {"type": "float", "digits": False}
LANG = {"type": "selection", "selection": [["cs_CZ", "Czech"], ["en_US", "English"]]}


@pytest.mark.parametrize(
    ("described", "golden", "in_odoo"),
    [
        ({"type": "char"}, "  Jana Nováková ", "Jana Nováková"),
        ({"type": "char"}, "   ", None),
        (WEIGHT, 0.255, 0.26),
        (WEIGHT, Decimal("1.005"), 1.01),
        (WEIGHT, 3, 3.0),
        (PRICE, Decimal("12.345678"), 12.345678),
        (LANG, "cs_CZ", "cs_CZ"),
        ({"type": "boolean"}, False, False),
        ({"type": "integer"}, 7, 7),
        ({"type": "datetime"}, datetime(2026, 3, 29, 1, 30), "2026-03-29 01:30:00"),
        ({"type": "datetime"}, datetime(2026, 3, 29, 3, tzinfo=timezone(timedelta(hours=2))), "2026-03-29 01:00:00"),
        ({"type": "datetime"}, "2026-03-29T01:00:00Z", "2026-03-29 01:00:00"),
        ({"type": "datetime"}, date(2026, 3, 29), "2026-03-29 00:00:00"),
        ({"type": "datetime"}, datetime(9999, 12, 31, 23, 59, 59), "9999-12-31 23:59:59"),
        ({"type": "text"}, "first\nsecond", "first\nsecond"),
        ({"type": "date"}, datetime(2026, 3, 29, 1, tzinfo=UTC), "2026-03-29"),
    ],
)
def test_a_value_of_golden_takes_the_form_that_odoo_would_give_it(described, golden, in_odoo):
    assert converter("field", described, None)(golden) == in_odoo


@pytest.mark.parametrize(
    ("described", "golden", "says"),
    [
        ({"type": "char"}, 7, "not text"),
        ({"type": "char"}, "a\0b", "NUL"),
        ({"type": "text"}, "a\x02b", "control character"),
        ({"type": "char"}, "é" * 1001, "longer than 2000 bytes"),
        (WEIGHT, "12,50", "not a finite number"),
        (WEIGHT, float("nan"), "not a finite number"),
        (WEIGHT, True, "not a finite number"),
        ({"type": "boolean"}, "no", "not bool"),
        ({"type": "integer"}, 7.0, "not int"),
        (LANG, "xx_YY", "not a choice"),
        ({"type": "datetime"}, "29.3.2026", "no datetime"),
        ({"type": "datetime"}, datetime(1, 1, 1), "before the year 1000"),
        (
            {"type": "datetime"},
            datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2))),
            "beyond the year 9999",
        ),
        ({"type": "one2many"}, [1], "does not publish"),
    ],
)
def test_what_odoo_would_refuse_or_bend_is_refused_before_it_is_sent(described, golden, says):
    with pytest.raises(BadValue, match=says):
        converter("field", described, None)(golden)


def test_a_relation_is_found_by_its_stable_key_or_waits_for_its_record_or_says_why_not():
    known = {"CZ": 57, "V-1": Pending("V-1"), "V-2": Refused("which is not in Odoo")}
    convert = converter("country_id", {"type": "many2one"}, known)
    assert convert("CZ") == 57
    assert convert("V-1") == Pending("V-1")
    with pytest.raises(BadValue, match="rests on V-2, which is not in Odoo"):
        convert("V-2")
    with pytest.raises(BadValue, match="'XX' is not known"):
        convert("XX")


@pytest.mark.parametrize("answer", ["", False, None])
def test_blank_text_is_one_value_however_odoo_says_it(answer):
    assert seen("char", answer) is None
    assert sent(seen("char", answer)) is False


def test_zero_and_false_are_values_of_their_own():
    assert seen("float", 0.0) == 0.0
    assert seen("boolean", False) is False
    assert not same(0.0, None)


def test_numbers_are_equal_within_what_a_double_can_tell():
    assert same(0.1 + 0.2, 0.3)
    assert not same(12.345678, 12.35)


@pytest.mark.parametrize(
    ("answer", "value", "stands"),
    [
        ("Brno", "Brno", True),
        ("Praha", "Brno", False),
        (False, None, True),
        ("", None, True),
        ("Brno", None, False),
        (False, "Brno", False),
        (False, False, True),
        (True, False, False),
        (0, 0.0, True),
        (0.1 + 0.2, 0.3, True),
        (0.31, 0.3, False),
        ([], None, True),
        ([2, 1], [1, 2], True),
        ([3], None, False),
        (7, 7, True),
        (False, 7, False),
    ],
)
def test_whether_odoo_still_holds_a_value_is_told_by_the_value_alone(answer, value, stands):
    assert holds(answer, value) is stands
