"""A column gives, digit for digit and bit for bit, what its single values give."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.columns import read_decimals, rounded_column
from app.kit.decimals import BadDecimal, is_decimal, number_text, rounded, scaled
from app.kit.schemas import BadText, are_texts, check_text

NUMBERS = st.one_of(
    st.from_regex(r"-?[1-9][0-9]{0,19}(\.[0-9]{1,18})?", fullmatch=True),
    st.from_regex(r"0\.[0-9]{0,17}[1-9]", fullmatch=True),
    st.sampled_from(["0", "0.0", "-0.1", "9" * 20, "-0." + "0" * 17 + "1"]),
    st.integers(-(10**20) + 1, 10**20 - 1),
    st.floats(-1e19, 1e19),
)
FACTORS = st.fractions(min_value=Fraction(1, 10**9), max_value=10**9)
TEXTS = st.one_of(st.text(max_size=5), st.text("0123456789.-", max_size=6))


def refused(number: object) -> bool:
    try:
        number_text(number)
    except BadDecimal:
        return True
    return False


@given(st.lists(st.tuples(NUMBERS, FACTORS), max_size=20))
def test_a_column_is_scaled_as_its_numbers_are(
    rows: list[tuple[Any, Fraction]],
) -> None:
    factors = [factor for _, factor in rows]
    column = read_decimals([number for number, _ in rows])

    values = column.scaled(factors, np.arange(len(rows)))

    expected = [scaled(number_text(number), factor) for number, factor in rows]
    assert values.tolist() == expected


@given(st.lists(st.one_of(TEXTS, NUMBERS), min_size=1, max_size=5))
def test_a_column_is_refused_if_one_of_its_numbers_is(numbers: list[Any]) -> None:
    if any(refused(number) for number in numbers):
        with pytest.raises(BadDecimal):
            read_decimals(numbers)
    else:
        assert len(read_decimals(numbers).digits) == len(numbers)


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", ".", "-0", "-0.00", "01", "-01", "1.", ".5", "+1", "1e5", "1_0"),
        *("1,5", "1.2.3", "1-2", "--1", " 1", "1 ", "1\n", "1\n2", "１", "٣", "NaN"),
        *("9" * 21, "0." + "1" * 401),
    ],
)
def test_the_grammar_refuses(text: str) -> None:
    assert not is_decimal(text)
    for numbers in ([text], ["1", text], [text, "1"], ["1", text, 2.5]):
        with pytest.raises(BadDecimal):
            read_decimals(numbers)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_a_column_is_written_as_its_numbers_are(numbers: list[float]) -> None:
    assert rounded_column(np.array(numbers)) == [rounded(each) for each in numbers]


@pytest.mark.parametrize(
    "number",
    [
        0.0,
        -0.0,
        1e-4,
        9.9999999999995e-5,
        99999999999.95,
        999999999999.5,
        1e12,
        -1e-300,
    ],
)
def test_the_ends_of_plain_notation(number: float) -> None:
    below, above = np.nextafter(number, [-np.inf, np.inf]).tolist()
    numbers = [below, number, above]

    assert rounded_column(np.array(numbers)) == [rounded(each) for each in numbers]


@given(st.lists(st.text(max_size=4), max_size=4))
def test_texts_pass_together_if_each_passes(texts: list[str]) -> None:
    assert are_texts(texts) == all(passes(text) for text in texts)


@pytest.mark.parametrize(
    "text", ["e\u0301", "\u0301", "", " ", "\u3000", "a\u200bb", "é"]
)
def test_texts_at_the_seams(text: str) -> None:
    for texts in ([text], ["e", text], [text, "e"]):
        assert are_texts(texts) == passes(text)


def passes(text: str) -> bool:
    try:
        check_text(text)
    except BadText:
        return False
    return True
