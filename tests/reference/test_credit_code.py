"""Unified social credit codes."""

import pytest

from app.reference.credit_code import check_digit, is_valid, organisation_check_digit

VALID = (
    "91130200699229617X",
    "91350200776049653A",
    "91350500798359476R",
    "91440101MA5CJQ4N59",
    "91350213678251743X",
)
SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.mark.parametrize("code", VALID)
def test_codes_that_were_seen_in_public(code: str) -> None:
    assert is_valid(code)
    assert check_digit(code) == code[17]
    assert organisation_check_digit(code[8:]) == code[16]


@pytest.mark.parametrize(
    ("code", "right"), [("91350203M0001QAY9B", "9"), ("91350100M0001TGQXM", "1")]
)
def test_genuine_codes_of_the_pilot_fail(code: str, right: str) -> None:
    assert not is_valid(code)
    assert check_digit(code) == right


@pytest.mark.parametrize("code", VALID)
def test_a_change_of_any_one_character_is_noticed(code: str) -> None:
    for place, right in enumerate(code):
        for symbol in SYMBOLS.replace(right, ""):
            assert not is_valid(code[:place] + symbol + code[place + 1 :])


def test_the_code_of_the_organisation_is_checked_too() -> None:
    changed = "91440101MA5CJQ4N6"

    assert not is_valid(changed + check_digit(changed))


@pytest.mark.parametrize(
    "text", ["", "91440101MA5CJQ4N5", "91440101ma5cjq4n59", "9144O101MA5CJQ4N59"]
)
def test_other_texts_are_no_codes(text: str) -> None:
    assert not is_valid(text)
    assert not is_valid(f"{VALID[0]}\n")
