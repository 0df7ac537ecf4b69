"""Card numbers are found and masked; ids, GTINs and phone numbers are not."""

from __future__ import annotations

import pytest

from sources.card_numbers import mask_card_numbers, mask_text, may_hold_card_number

CARDS = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "5500005555555559",
    "2221000000000009",
    "378282246310005",
    "6011000990139424",
    "3530111333300000",
    "6212345678901232",
    "36227206271667",
]
OTHERS = [
    "4111111111111112",
    "8590000000014",
    "gid://shopify/ProductVariant/4111111111111111",
    "+420 777 123 456",
    "4915112345678",
    "49 151 12345678",
    "1774787415000",
    "2026-03-29 15:00:00",
    "order-4111111111111111-x",
    "0.4111111111111111",
]


@pytest.mark.parametrize("card", CARDS)
def test_a_card_number_in_a_note_is_masked_down_to_its_last_four_digits(card):
    text = f"Paid by phone, card {card}, call back"
    assert may_hold_card_number(text.encode())
    assert mask_text(text) == f"Paid by phone, card [card number removed, ends {card[-4:]}], call back"


@pytest.mark.parametrize("card", CARDS)
def test_a_field_that_is_nothing_but_a_card_number_is_masked(card):
    clean, where = mask_card_numbers({"note": card}, personal=frozenset({"note"}))
    assert where == ["note"]
    assert card not in clean["note"]


@pytest.mark.parametrize("text", OTHERS)
def test_other_numbers_stay(text):
    assert mask_text(text) == text


def test_a_card_number_between_other_numbers_is_found():
    assert mask_text("2026-03-29 4111 1111 1111 1111 25") == "2026-03-29 [card number removed, ends 1111] 25"


def test_card_numbers_are_found_at_any_depth_and_as_numbers():
    record = {"id": "4111111111111111", "cards": [{"pan": 5500005555555559}], "ok": True, "none": None}
    clean, where = mask_card_numbers(record, keep=frozenset({"id"}))
    assert where == ["cards.pan"]
    assert clean == {**record, "cards": [{"pan": "[card number removed, ends 5559]"}]}


def test_ids_of_thirteen_digits_stay_although_one_in_ten_passes_the_check_sum():
    ids = [str(4400000000000 + n) for n in range(1000)]
    assert [mask_text(one) for one in ids] == ids
