"""Conversion is exact, linear and stays within one dimension."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.units.algebra import Unit, UnitMismatch, convert
from app.units.catalogue import unit, units

Pair = tuple[Unit, Unit]

RATIONALS = st.fractions()
ANY_TWO = st.tuples(st.sampled_from(units()), st.sampled_from(units()))
ALIKE = ANY_TWO.filter(lambda pair: pair[0].dimension is pair[1].dimension)
UNLIKE = ANY_TWO.filter(lambda pair: pair[0].dimension is not pair[1].dimension)


def amount(value: str, source: str, target: str) -> Fraction:
    return convert(Fraction(value), unit(source), unit(target))


@given(RATIONALS, ALIKE)
def test_there_and_back_returns_the_same_number(value: Fraction, pair: Pair) -> None:
    source, target = pair

    assert convert(convert(value, source, target), target, source) == value


@given(RATIONALS, RATIONALS, RATIONALS, ALIKE)
def test_conversion_is_linear(
    scale: Fraction, x: Fraction, y: Fraction, pair: Pair
) -> None:
    source, target = pair

    combined = convert(scale * x + y, source, target)

    assert combined == scale * convert(x, *pair) + convert(y, *pair)


@given(RATIONALS, UNLIKE)
def test_no_conversion_crosses_dimensions(value: Fraction, pair: Pair) -> None:
    source, target = pair

    with pytest.raises(UnitMismatch) as refusal:
        convert(value, source, target, "/inputs/0/unit")

    assert refusal.value.code == "UNIT_MISMATCH"
    assert refusal.value.pointer == "/inputs/0/unit"
    for language in ("en", "zh"):
        for side in pair:
            assert side.code in refusal.value.detail(language)
            assert side.dimension in refusal.value.detail(language)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("kWh_cap", "kWh"),
        ("kWh_deliv", "kWh"),
        ("kWh_cap", "kWh_deliv"),
        ("m3", "Nm3"),
        ("L", "Sm3_20"),
        ("kWp", "kWh"),
    ],
)
def test_look_alikes_never_convert(source: str, target: str) -> None:
    for one, other in ((source, target), (target, source)):
        with pytest.raises(UnitMismatch):
            amount("1", one, other)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("tce", "MJ", "29307.6"),
        ("kgce", "kcal", "7000"),
        ("kWh", "MJ", "3.6"),
        ("亿kWh", "GWh", "100"),
        ("万kWh", "MWh", "10"),
        ("MMBtu", "MJ", "1055.05585262"),
        ("MMBtu", "therm", "10"),
        ("kcal", "kJ", "4.1868"),
        ("lb", "kg", "0.45359237"),
        ("short_ton", "lb", "2000"),
        ("long_ton", "lb", "2240"),
        ("万t", "t", "10000"),
        ("weight_case", "kg", "50"),
        ("gal_us", "L", "3.785411784"),
        ("bbl", "gal_us", "42"),
        ("Nm3", "Sm3_20", "5863/5463"),
        ("万Nm3", "Nm3", "10000"),
        ("万t_km", "kg_km", "10000000"),
        ("mile", "m", "1609.344"),
        ("nmi", "m", "1852"),
        ("ha", "m2", "10000"),
        ("day", "h", "24"),
        ("yr", "day", "365"),
    ],
)
def test_definitions_are_exact(source: str, target: str, expected: str) -> None:
    assert amount("1", source, target) == Fraction(expected)


def test_a_kilowatt_hour_is_0_122835_kgce() -> None:
    assert round(amount("1", "kWh", "kgce"), 6) == Fraction("0.122835")


def test_a_normal_cubic_metre_is_1_0732198_at_20_degrees() -> None:
    assert round(amount("1", "Nm3", "Sm3_20"), 7) == Fraction("1.0732198")
