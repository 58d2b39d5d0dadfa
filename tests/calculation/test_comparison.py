"""Two results compared: every difference is activity or factor, and both add up."""

import json
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.calculation import comparison
from app.calculation.comparison import Comparison, Line, Pair
from app.calculation.reading import read_carefully, read_large
from app.units.algebra import Dimension
from tests.factories.calculations import (
    ELECTRICITY,
    process,
    request,
    solve_reading,
    version_at,
)

Document = dict[str, Any]
OTHER = "CNF-01-000002-11"
VERSIONS = (
    version_at(),
    version_at(OTHER, value="0.9"),
)


def line(factor: Any, amount: Any = "1", unit: str = "kWh", **more: Any) -> Document:
    return {"factor": factor, "amount": amount, "unit": unit} | more


def own(value: Any = "2.5", name: str = "own") -> Document:
    return {"name": name, "value": value, "unit": "kgCO2e/kWh"}


def compared(
    left: Document, right: Document, reader: Any = read_carefully
) -> Comparison:
    sides = [
        solve_reading(reader(json.dumps(each).encode()), *VERSIONS)
        for each in (left, right)
    ]
    return comparison.compare(*sides, full=True)


def tree(*lines: Document, **more: Any) -> Document:
    return request(process(inputs=list(lines)), **more)


def effects(found: Comparison) -> list[tuple[str, str, str]]:
    return [
        (each["change"], each["activity_effect"], each["factor_effect"])
        for each in found["lines"]
    ]


def test_more_of_the_same_is_activity() -> None:
    found = compared(tree(line(own(), "2")), tree(line(own(), "3")))

    assert effects(found) == [("CHANGED", "2.5", "0")]
    assert (found["left"], found["right"], found["difference"]) == ("5", "7.5", "2.5")


def test_another_value_is_factor() -> None:
    found = compared(tree(line(own("2"), "3")), tree(line(own("4"), "3")))

    assert effects(found) == [("CHANGED", "0", "6")]


def test_both_meet_in_the_middle() -> None:
    """(5 − 3) · (2 + 4)/2 and (4 − 2) · (3 + 5)/2."""
    found = compared(tree(line(own("2"), "3")), tree(line(own("4"), "5")))

    assert effects(found) == [("CHANGED", "6", "8")]
    assert found["difference"] == "14"


def test_a_line_of_one_side_alone_is_activity() -> None:
    found = compared(tree(line(own("2"), "3")), tree(line(ELECTRICITY, unit="MWh")))

    assert effects(found)[0][0] == "REPLACED"
    found = compared(
        tree(line(own("2"), "3")),
        tree(line(own("2"), "3"), line(own("1", "more"), "4")),
    )
    assert effects(found) == [("ADDED", "4", "0"), ("SAME", "0", "0")]
    assert found["lines"][0]["left"] is None


def test_another_factor_in_the_same_place_is_factor() -> None:
    found = compared(tree(line(ELECTRICITY, "10")), tree(line(OTHER, "10")))

    assert [each[0] for each in effects(found)] == ["REPLACED"]
    assert found["lines"][0]["factor_effect"] == "3.223"
    assert found["lines"][0]["activity_effect"] == "0"


def test_order_of_lines_does_not_matter() -> None:
    lines = [line(own("2", name), str(number)) for number, name in enumerate("abc", 1)]
    found = compared(tree(*lines), tree(*reversed(lines)))

    assert {each[0] for each in effects(found)} == {"SAME"}


def test_the_units_of_the_two_sides_may_differ() -> None:
    found = compared(tree(line(own(), "1000")), tree(line(own(), "1", "MWh")))

    assert effects(found) == [("SAME", "0", "0")]


def test_both_ways_of_reading_compare_alike() -> None:
    sides = tree(line(ELECTRICITY, "3"), line(own())), tree(line(OTHER, 2.5))

    assert compared(*sides) == compared(*sides, read_large)


def test_a_summary_sums_the_rest() -> None:
    left = tree(*[line(own("1", f"n{number}"), "1") for number in range(150)])
    right = tree(*[line(own("2", f"n{number}"), "2") for number in range(150)])
    sides = [
        solve_reading(read_carefully(json.dumps(each).encode()))
        for each in (left, right)
    ]

    found = comparison.compare(*sides, full=False)

    assert len(found["lines"]) == 100
    assert found["rest"] == {
        "count": 50,
        "difference": "150",
        "activity_effect": "75",
        "factor_effect": "75",
    }


FIGURES = st.floats(-1e6, 1e6).map(lambda each: round(each, 6))


@given(FIGURES, FIGURES, FIGURES, FIGURES)
def test_the_effects_are_the_difference(a: float, b: float, c: float, d: float) -> None:
    sides = [
        Line("p", 0, "/x", "f", False, Dimension.MASS, amount, factor, amount * factor)  # noqa: FBT003
        for amount, factor in ((a, b), (c, d))
    ]

    activity, factor = Pair(*sides).effects

    exact = Fraction(c) * Fraction(d) - Fraction(a) * Fraction(b)
    scale = max(abs(each) for each in (a, c)) * max(abs(each) for each in (b, d))
    assert abs(activity + factor - exact) <= 1e-14 * scale
    back = Pair(*reversed(sides)).effects
    assert back == (-activity, -factor)
