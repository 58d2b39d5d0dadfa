"""Decimals keep their digits on the way in and are rounded once on the way out."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.decimals import BadDecimal, is_decimal, number_text, rounded, scaled

DECIMALS = st.decimals(
    min_value=-(10**12), max_value=10**12, places=6, allow_nan=False
).map(lambda number: format(number, "f") if number else "0")


@pytest.mark.parametrize(
    "text", ["0", "0.0", "-0.01", "12.50", "9" * 20, "0." + "1" * 18]
)
def test_the_grammar_admits(text: str) -> None:
    assert is_decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", ".", "-0", "-0.00", "01", "1.", ".5", "+1", "1e5", "1_0", "1,5"),
        *(" 1", "1 ", "1\n", "１", "٣", "NaN", "Infinity", "0x1", "1/3", "9" * 21),
    ],
)
def test_the_grammar_refuses(text: str) -> None:
    assert not is_decimal(text)
    with pytest.raises(BadDecimal):
        number_text(text)


def test_a_number_may_be_longer_than_a_decimal() -> None:
    assert not is_decimal("0." + "1" * 19)
    assert number_text("0." + "1" * 400) == "0." + "1" * 400
    with pytest.raises(BadDecimal):
        number_text("0." + "1" * 401)


@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_a_json_number_is_its_shortest_decimal(number: float) -> None:
    if abs(number) >= 1e20:
        with pytest.raises(BadDecimal):
            number_text(number)
    else:
        text = number_text(number)
        assert float(text) == number
        # It can be said again in the form in which a request is repeated.
        assert number_text(text) == text


@given(DECIMALS, st.fractions(min_value=Fraction(1, 10**6), max_value=10**6))
def test_scaling_rounds_once(text: str, factor: Fraction) -> None:
    assert scaled(text, factor) == float(Fraction(text) * factor)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounding_is_to_twelve_digits_half_even_and_plain(number: float) -> None:
    text = rounded(number)

    assert "e" not in text.lower()
    assert text != "-0"
    assert not ("." in text and text.endswith(("0", ".")))
    exact = Decimal(number)
    if exact:
        place = Decimal(1).scaleb(exact.adjusted() - 11)
        assert abs(Decimal(text) - exact) <= place / 2


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1e-7, "0.0000001"),
        (1.5e15, "1500000000000000"),
        (0.1 + 0.2, "0.3"),
        (869.5652173913046, "869.565217391"),
        (-1234567890125.0, "-1234567890120"),
    ],
)
def test_rounded_examples(number: float, text: str) -> None:
    assert rounded(number) == text
