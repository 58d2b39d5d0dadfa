"""The catalogue names every unit of the wire once and refuses what is unclear."""

from collections import Counter

import pytest

from app.units.algebra import Dimension, Unit
from app.units.catalogue import (
    AMBIGUOUS,
    DIMENSIONS,
    UnknownUnit,
    canonical_unit,
    unit,
    units,
)

CODES = (
    "g kg t kt Mt lb short_ton long_ton 万t weight_case "
    "J kJ MJ GJ TJ Wh kWh MWh GWh 万kWh 亿kWh kgce tce MMBtu therm kcal "
    "m3 L gal_us bbl Nm3 Sm3_20 万Nm3 t_km kg_km 万t_km p_km v_km "
    "m km mile nmi m2 ha piece Wp kWp kWh_cap kWh_deliv h day yr"
)
CANONICAL = {
    Dimension.MASS: "kg",
    Dimension.ENERGY: "MJ",
    Dimension.VOLUME: "m3",
    Dimension.GAS_VOLUME: "Nm3",
    Dimension.TRANSPORT: "t_km",
    Dimension.PASSENGER_TRANSPORT: "p_km",
    Dimension.VEHICLE_DISTANCE: "v_km",
    Dimension.LENGTH: "m",
    Dimension.AREA: "m2",
    Dimension.COUNT: "piece",
    Dimension.PEAK_POWER: "Wp",
    Dimension.BATTERY_CAPACITY: "kWh_cap",
    Dimension.DELIVERED_ENERGY: "kWh_deliv",
    Dimension.TIME: "h",
}


def names(each: Unit) -> tuple[str, ...]:
    return (each.code, *each.aliases)


def test_codes_are_those_of_the_design() -> None:
    assert " ".join(each.code for each in units()) == CODES


def test_every_name_means_exactly_one_unit() -> None:
    count = Counter(name for each in units() for name in names(each))

    assert max(count.values()) == 1
    assert all(unit(name) is each for each in units() for name in names(each))


def test_names_are_trimmed_and_leave_the_slash_to_quotients() -> None:
    for each in units():
        for name in names(each):
            assert name == name.strip() != ""
            assert "/" not in name


def test_every_unit_has_names_and_a_source() -> None:
    assert all(each.zh and each.en and each.source for each in units())


def test_exactly_one_unit_of_a_dimension_is_canonical() -> None:
    assert list(DIMENSIONS) == list(Dimension) == list(CANONICAL)
    for dimension, code in CANONICAL.items():
        ones = [each.code for each in units() if each.dimension is dimension]
        assert canonical_unit(dimension).code == DIMENSIONS[dimension].canonical.code
        assert [one for one in ones if unit(one).factor == 1] == [code]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("t·km", "t_km"),
        ("tkm", "t_km"),
        ("t*km", "t_km"),
        ("吨公里", "t_km"),
        ("吨·公里", "t_km"),
        ("千瓦时", "kWh"),
        ("度", "kWh"),
        ("吨标准煤", "tce"),
        ("千克标准煤", "kgce"),
        ("公斤", "kg"),
        ("万吨", "万t"),
        ("m³", "m3"),
        ("m^3", "m3"),
        ("标准立方米", "Nm3"),
        ("万标准立方米", "万Nm3"),
        ("亿千瓦时", "亿kWh"),
        ("重量箱", "weight_case"),
        ("海里", "nmi"),
        ("m²", "m2"),
        ("辆", "piece"),
        ("kilogram", "kg"),
        ("cubic meter", "m3"),
        ("mmBtu", "MMBtu"),
        ("年", "yr"),
    ],
)
def test_familiar_spellings_are_understood(text: str, code: str) -> None:
    assert unit(text).code == code


def test_no_ambiguous_name_is_a_unit_and_every_choice_is_one() -> None:
    for text, choices in AMBIGUOUS.items():
        assert len(choices) > 0
        assert all(unit(choice).code == choice for choice in choices)
        with pytest.raises(UnknownUnit):
            unit(text)


def test_a_plain_standard_cubic_metre_is_refused_with_the_choice() -> None:
    with pytest.raises(UnknownUnit) as refusal:
        unit("Sm3", "/processes/0/inputs/1/unit")

    assert refusal.value.code == "UNKNOWN_UNIT"
    assert refusal.value.pointer == "/processes/0/inputs/1/unit"
    assert "Sm3_20 or Nm3" in refusal.value.detail("en")
    assert "Sm3_20 或 Nm3" in refusal.value.detail("zh")


@pytest.mark.parametrize("text", ["", "KWH", "KG", "mwh", " kg", "ton", "斤", "{kg}"])
def test_other_names_are_refused(text: str) -> None:
    with pytest.raises(UnknownUnit) as refusal:
        unit(text)

    assert refusal.value.code == "UNKNOWN_UNIT"
    assert text in refusal.value.detail("en")
    assert text in refusal.value.detail("zh")


def test_a_refusal_does_not_repeat_a_long_name_whole() -> None:
    with pytest.raises(UnknownUnit) as refusal:
        unit("k" * 10_000)

    assert len(refusal.value.detail("en")) < 200
