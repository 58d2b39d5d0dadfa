"""Where documents differ, and by how much decimals do."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.kit.decimals import rounded
from app.kit.differences import Difference, delta, differences, relative_delta

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
DECIMALS = st.from_regex(
    r"\A-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?\Z", fullmatch=True
).map(lambda text: text.strip())


@given(JSON)
def test_nothing_differs_from_itself(document: object) -> None:
    assert list(differences(document, document)) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"a": 1}, {"a": 2}, [("/a", 1, 2)]),
        ({"a": 1}, {}, [("/a", 1, None)]),
        ({"a": None}, {}, []),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, [("/a/b/1", 2, 3)]),
        ([1, 2], [2], [("", [1, 2], [2])]),
        ({"a/b": {"~": 1}}, {"a/b": {"~": 2}}, [("/a~1b/~0", 1, 2)]),
        ({"b": "x", "a": "y"}, {}, [("/a", "y", None), ("/b", "x", None)]),
        ("ab", "ac", [("", "ab", "ac")]),
    ],
)
def test_differences(
    old: object, new: object, found: list[tuple[str, object, object]]
) -> None:
    assert list(differences(old, new)) == [Difference(*each) for each in found]


@pytest.mark.parametrize(
    ("old", "new", "by", "relative"),
    [
        ("16.50", "15.90", "-0.6", "-0.0363636363636"),
        ("1", "100", "99", "99"),
        ("0", "1.5", "1.5", None),
        ("0.00", "0", "0", None),
        ("1.0", "1.00", "0", "0"),
        ("-2", "-1", "1", "0.5"),
        (
            "0.000000000000000001",
            "10000000000000000000",
            "9" * 19 + "." + "9" * 18,
            "x",
        ),
    ],
)
def test_delta(old: str, new: str, by: str, relative: str | None) -> None:
    assert delta(old, new) == by
    if relative != "x":
        assert relative_delta(old, new) == relative


@given(DECIMALS, DECIMALS)
def test_delta_is_exact_and_plain(old: str, new: str) -> None:
    assume("-0" not in {old.rstrip("0").rstrip("."), new.rstrip("0").rstrip(".")})
    text = delta(old, new)

    assert Fraction(text) == Fraction(new) - Fraction(old)
    assert text == format(Decimal(text), "f")
    assert "." not in text or text[-1] not in ".0"
    if Fraction(old):
        exact = (Fraction(new) - Fraction(old)) / abs(Fraction(old))
        assert relative_delta(old, new) == rounded(float(exact))
