"""What a replay says of two answers to one request."""

from typing import Any

import pytest

from app.calculation.replaying import outcome_of
from tests.factories.calculations import calculate, process, request


def answer(value: str = "2") -> Any:
    lines = [
        {
            "factor": {"name": name, "value": each, "unit": "kgCO2e/kWh"},
            "amount": "1",
            "unit": "kWh",
        }
        for name, each in (("a", value), ("b", "3"))
    ]
    emissions = [{"gas": "N2O", "amount": "1", "unit": "g"}]
    return calculate(request(process(inputs=lines, emissions=emissions)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2", "IDENTICAL"),
        ("2.000000000000001", "IDENTICAL"),
        ("2.000000001", "EQUIVALENT"),
        ("2.00000001", "DIFFERENT"),
        ("3.5", "DIFFERENT"),
    ],
)
def test_the_outcome_of_a_replay(value: str, expected: str) -> None:
    assert outcome_of(answer(), answer(value)) == expected
    assert outcome_of(answer(value), answer()) == expected


def test_an_uncertainty_that_differs_is_told() -> None:
    spread = {"type": "NORMAL", "sd": "0.1"}
    line = {"gas": "N2O", "amount": "1", "unit": "kg", "uncertainty": spread}
    body = request(process(emissions=[line]), uncertainty={"method": "ANALYTIC"})
    stored: Any = calculate(body)
    wider: Any = stored | {"uncertainty": stored["uncertainty"] | {"sd": "300"}}

    assert outcome_of(stored, stored) == "IDENTICAL"
    assert outcome_of(stored, wider) == "DIFFERENT"
