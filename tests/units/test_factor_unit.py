"""Units of factors and parameters are read leniently and written canonically."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.units.algebra import Unit
from app.units.catalogue import UnknownUnit, unit, units
from app.units.factor_unit import (
    FactorUnit,
    UnknownFactorUnit,
    UnknownParameterUnit,
    parse_factor_unit,
    parse_parameter_unit,
)

GASES = frozenset({"CO2_FOSSIL", "CH4_FOSSIL", "N2O", "HFC_134A"})
MASSES = st.sampled_from(["g", "kg", "t"])
SUBSTANCES = st.sampled_from(["CO2e", "CO2", *sorted(GASES)])
UNITS = st.sampled_from(units())
NAMES = UNITS.flatmap(lambda each: st.sampled_from([each.code, *each.aliases]))


@given(MASSES, SUBSTANCES, NAMES)
def test_the_canonical_text_is_read_back(mass: str, substance: str, per: str) -> None:
    parsed = parse_factor_unit(f"{mass}{substance}/{per}", GASES)

    assert parsed == FactorUnit(unit(mass), substance, unit(per))
    assert parse_factor_unit(parsed.code, GASES) == parsed


@given(MASSES, UNITS)
def test_one_of_it_is_mass_over_denominator(mass: str, per: Unit) -> None:
    parsed = parse_factor_unit(f"{mass}CO2e/{per.code}", GASES)

    assert parsed.kg_per_canonical * per.factor == unit(mass).factor


@pytest.mark.parametrize(
    ("text", "code", "kg_per_canonical"),
    [
        ("kgCO2e/kWh", "kgCO2e/kWh", "10/36"),
        ("tCO2/TJ", "tCO2/TJ", "0.001"),
        ("kgCH4_FOSSIL/t", "kgCH4_FOSSIL/t", "0.001"),
        ("gHFC_134A/piece", "gHFC_134A/piece", "0.001"),
        (" kg CO2 eq / t·km ", "kgCO2e/t_km", "1"),
        ("kg CO₂e/吨公里", "kgCO2e/t_km", "1"),
        ("kg·CO2-eq/千瓦时", "kgCO2e/kWh", "10/36"),
        ("kgCO2当量／度", "kgCO2e/kWh", "10/36"),
        ("t CO2 / 10^4 Nm3", "tCO2/万Nm3", "0.1"),
    ],
)
def test_familiar_spellings_are_understood(
    text: str, code: str, kg_per_canonical: str
) -> None:
    parsed = parse_factor_unit(text, GASES)

    assert parsed.code == code
    assert parsed.kg_per_canonical == Fraction(kg_per_canonical)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "kgCO2e",
        "kgCO2e/",
        "/kWh",
        "CO2e/kWh",
        "lbCO2e/kWh",
        "kg/t",
        "kgCH4/t",
        "kgSF6/t",
        "kgCO2E/t",
        "kg" + " " * 200 + "CO2e/t",
    ],
)
def test_other_numerators_are_refused(text: str) -> None:
    with pytest.raises(UnknownFactorUnit) as refusal:
        parse_factor_unit(text, GASES, "/content/unit")

    assert refusal.value.code == "UNKNOWN_FACTOR_UNIT"
    assert refusal.value.pointer == "/content/unit"
    assert len(refusal.value.detail("zh")) < 300


@pytest.mark.parametrize("text", ["kgCO2e/Sm3", "kgCO2e/CNY", "kgCO2e/kWh/t"])
def test_other_denominators_are_refused_as_units(text: str) -> None:
    with pytest.raises(UnknownUnit) as refusal:
        parse_factor_unit(text, GASES, "/content/unit")

    assert refusal.value.pointer == "/content/unit"


def test_only_the_gases_handed_in_are_known() -> None:
    assert parse_factor_unit("kgSF6/t", ["SF6"]).substance == "SF6"
    with pytest.raises(UnknownFactorUnit):
        parse_factor_unit("kgSF6/t", GASES)


@pytest.mark.parametrize(
    ("text", "code", "factor"),
    [
        ("GJ/t", "GJ/t", "1"),
        ("MJ/千克", "MJ/kg", "1"),
        ("kg / m³", "kg/m3", "1"),
        ("tC/TJ", "tC/TJ", "0.001"),
        ("t C/GJ", "tC/GJ", "1"),
        ("t/t", "t/t", "1"),
        ("GJ/万Nm3", "GJ/万Nm3", "0.1"),
        ("1", "1", "1"),
        ("%", "%", "0.01"),
    ],
)
def test_parameter_units_are_quotients_or_ratios(
    text: str, code: str, factor: str
) -> None:
    parsed = parse_parameter_unit(text)

    assert parsed.code == code
    assert parsed.factor == Fraction(factor)
    assert parse_parameter_unit(code) == parsed


@given(UNITS, UNITS)
def test_a_parameter_unit_keeps_both_units(above: Unit, below: Unit) -> None:
    parsed = parse_parameter_unit(f"{above.code}/{below.code}")

    assert (parsed.numerator, parsed.denominator) == (above, below)
    assert parsed.factor * below.factor == above.factor


@pytest.mark.parametrize("text", ["", "t", "GJ/", "‰", "fraction", "x" * 1000 + "/t"])
def test_other_parameter_units_are_refused(text: str) -> None:
    with pytest.raises(UnknownParameterUnit) as refusal:
        parse_parameter_unit(text, "/content/unit")

    assert refusal.value.code == "UNKNOWN_PARAMETER_UNIT"
    assert refusal.value.pointer == "/content/unit"


@pytest.mark.parametrize("text", ["/t", "kgX/t", "GJ/ton"])
def test_parameter_units_use_the_units_of_the_catalogue(text: str) -> None:
    with pytest.raises(UnknownUnit) as refusal:
        parse_parameter_unit(text, "/content/unit")

    assert refusal.value.pointer == "/content/unit"
