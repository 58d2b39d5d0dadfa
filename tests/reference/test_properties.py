"""The properties that a content may state, and their units."""

from fractions import Fraction
from typing import get_args

import pytest

from app.factors.content import PropertyCode
from app.reference.properties import (
    BRIDGES,
    PROPERTIES,
    PropertyForm,
    PropertyUnitMismatch,
    unit_factor,
)
from app.units.algebra import Dimension

MASS, ENERGY = Dimension.MASS, Dimension.ENERGY


def test_a_content_may_state_what_the_table_describes() -> None:
    assert tuple(PROPERTIES) == get_args(PropertyCode)
    assert set(PROPERTIES) >= BRIDGES


@pytest.mark.parametrize("code", PROPERTIES)
def test_the_example_of_a_property_is_one(code: str) -> None:
    assert unit_factor(code, PROPERTIES[code].example, None) > 0


@pytest.mark.parametrize(
    ("code", "unit", "declared", "factor"),
    [
        ("NCV", "GJ/t", None, 1),
        ("NCV", "GJ/万Nm3", None, Fraction(1, 10)),
        ("CAO", "%", MASS, Fraction(1, 100)),
        ("CAO", "kg/t", MASS, Fraction(1, 1000)),
        ("CARBON_FOSSIL", "kgC/kg", MASS, 1),
        ("SAMPLE_SIZE", "1", MASS, 1),
        ("ELECTRICITY_USE", "kWh/kg", MASS, Fraction(18, 5)),
        ("SCOPE_DIRECT", "tCO2e/t", MASS, 1),
        ("GENERATION_FACTOR", "gCO2e/kWh", ENERGY, Fraction(1, 3600)),
    ],
)
def test_a_unit_counts_in_canonical_units(
    code: str, unit: str, declared: Dimension | None, factor: Fraction
) -> None:
    assert unit_factor(code, unit, declared) == factor


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ("NCV", "%"),
        ("NCV", "kg/GJ"),
        ("CAO", "kWh/kg"),
        ("SAMPLE_SIZE", "%"),
        ("SAMPLE_SIZE", "kg/kg"),
        ("ELECTRICITY_USE", "kWh/piece"),
        ("ELECTRICITY_USE", "kg/kg"),
        ("SCOPE_DIRECT", "kgCO2e/kWh"),
        ("SCOPE_DIRECT", "%"),
        ("EFFICIENCY", "no unit"),
    ],
)
def test_another_unit_is_refused(code: str, unit: str) -> None:
    with pytest.raises(PropertyUnitMismatch) as refused:
        unit_factor(code, unit, MASS)

    assert PROPERTIES[code].example in refused.value.detail("zh")


def test_only_bridges_are_quotients_of_any_product() -> None:
    for code in BRIDGES:
        assert PROPERTIES[code].is_bridge
        assert PROPERTIES[code].form is PropertyForm.QUOTIENT
        assert PROPERTIES[code].below
