"""Fuels: what carbon, calorific value and energy say of the CO2 of combustion."""

from collections.abc import Iterator
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from app.factors.content import Content
from app.submissions.validation.contents import of_content
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.measures import (
    FOSSIL_CO2,
    combustion_co2,
    factor_unit,
    first,
    gases_per,
    is_calcined,
    is_per,
    named,
    number,
    shown,
    stated,
)
from app.submissions.validation.rules import Breach, Check, Rule, Severity
from app.units.algebra import Dimension, Unit
from app.units.catalogue import canonical_unit, unit

CARBON_CEILING: Final = Rule(
    id="CARBON_CEILING",
    severity=Severity.BLOCK,
    zh="{category_zh}燃烧排放 {value} kg CO2/kg,超过其含碳量所能生成的 {limit} kg。",
    en=(
        "{category_en}: {value} kg CO2/kg of combustion are more than the {limit} kg "
        "that its carbon can become."
    ),
    source="stoichiometry with IUPAC 2021 atomic masses",
    numbers=MappingProxyType({"CO2/C": "3.6641", "tolerance": "0.005"}),
)
HEAT_BASED_FACTOR: Final = Rule(
    id="HEAT_BASED_FACTOR",
    severity=Severity.BLOCK,
    zh=(
        "{category_zh}的因子为 {value} kg CO2/{unit},"
        "按热值、含碳量和氧化率计算应为 {expected}。"
    ),
    en=(
        "{category_en}: the factor is {value} kg CO2/{unit}, but calorific value, "
        "carbon per energy and oxidation rate make {expected}."
    ),
    source=(
        "2006 IPCC Guidelines, volume 2; accounting guidelines for enterprises in China"
    ),
    numbers=MappingProxyType({"CO2/C": "44/12", "tolerance": "0.01"}),
)
ENERGY_CARBON: Final = Rule(
    id="ENERGY_CARBON",
    severity=Severity.WARN,
    zh="{category_zh}:单位化石能源的 CO2 为 {value} kg/GJ,通常在 40–130 之间。",
    en=(
        "{category_en}: {value} kg of fossil CO2 per GJ of fossil energy; 40 to 130 "
        "are usual."
    ),
    source="2006 IPCC Guidelines, volume 2, table 1.4, rounded outwards",
    numbers=MappingProxyType({"low": "40", "high": "130"}),
)

# Much of their carbon is CO2 before it is burnt.
_FURNACE_GASES: Final = frozenset({"BLAST_FURNACE_GAS", "CONVERTER_GAS"})
_FUEL: Final = (Dimension.MASS, Dimension.VOLUME, Dimension.GAS_VOLUME)
_KG: Final = unit("kg")
_MJ: Final = unit("MJ")
_MJ_PER_GJ: Final = 1000
_CARBON: Final = number(CARBON_CEILING, "CO2/C")
_CEILING: Final = 1 + number(CARBON_CEILING, "tolerance")
_GUIDELINE_CARBON: Final = number(HEAT_BASED_FACTOR, "CO2/C")
_TOLERANCE: Final = number(HEAT_BASED_FACTOR, "tolerance")
_LOW: Final = number(ENERGY_CARBON, "low")
_HIGH: Final = number(ENERGY_CARBON, "high")


@of_content
def carbon_ceiling(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    """Combustion makes no more CO2 than the fuel has carbon for."""
    carbon = first(content, "CARBON_FOSSIL")
    co2 = combustion_co2(content, _KG)
    if carbon is None or co2 is None:
        return
    if co2 > carbon * _CARBON * _CEILING:
        facts = named(content, value=shown(co2), limit=shown(carbon * _CARBON))
        yield Breach(CARBON_CEILING, "/value", facts)


@of_content
def heat_based_factor(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    """A factor is what calorific value, carbon per energy and oxidation make it."""
    per = _fuel_unit(content)
    co2 = combustion_co2(content, per) if per else None
    expected = _heat_based(content, per) if per else None
    if per is None or co2 is None or expected is None:
        return
    if abs(co2 - expected) > abs(expected) * _TOLERANCE:
        facts = {"value": shown(co2), "expected": shown(expected), "unit": per.code}
        yield Breach(HEAT_BASED_FACTOR, "/value", named(content, **facts))


def _fuel_unit(content: Content) -> Unit | None:
    """Return the canonical unit of an amount of fuel: mass, volume or energy."""
    declared = factor_unit(content)
    if declared is None or declared.per.dimension not in (*_FUEL, Dimension.ENERGY):
        return None
    return canonical_unit(declared.per.dimension)


def _heat_based(content: Content, per: Unit) -> Fraction | None:
    carbon = first(content, "CARBON_PER_ENERGY")
    oxidation = first(content, "OXIDATION")
    energy = _energy_per(content, per)
    if carbon is None or oxidation is None or energy is None:
        return None
    return energy * carbon * oxidation * _GUIDELINE_CARBON


def _energy_per(content: Content, per: Unit) -> Fraction | None:
    """Return MJ per *per*: the calorific value, or 1 where energy is declared."""
    if per == _MJ:
        return Fraction(1)
    found = (
        value
        for place, value in stated(content, "NCV")
        if is_per(content.properties[place].unit, per)
    )
    return next(found, None)


@of_content
def energy_carbon(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    """Fossil CO2 and fossil energy are in the relation that fuels have."""
    ratio = _ratio_of_fuel(content)
    if ratio is None:
        ratio = _ratio_of_use(content)
    if ratio is not None and not _LOW <= ratio <= _HIGH:
        yield Breach(ENERGY_CARBON, "/value", named(content, value=shown(ratio)))


def _ratio_of_fuel(content: Content) -> Fraction | None:
    """Return kg CO2 per GJ of a fuel whose calorific value is stated."""
    per = _fuel_unit(content)
    is_fuel = first(content, "NCV") is not None
    if per is None or not is_fuel or content.category in _FURNACE_GASES:
        return None
    return _per_gj(combustion_co2(content, per), _energy_per(content, per))


def _ratio_of_use(content: Content) -> Fraction | None:
    """Return kg CO2 per GJ of the fossil energy that a product took."""
    declared = factor_unit(content)
    # Carbonates set CO2 free without any energy of a fuel.
    if declared is None or is_calcined(content):
        return None
    per = canonical_unit(declared.per.dimension)
    energy = first(content, "FOSSIL_ENERGY_USE")
    return _per_gj(gases_per(content, per, FOSSIL_CO2), energy)


def _per_gj(co2: Fraction | None, energy: Fraction | None) -> Fraction | None:
    if co2 is None or energy is None or energy <= 0:
        return None
    return co2 * _MJ_PER_GJ / energy


CHECKS: Final[tuple[Check, ...]] = (carbon_ceiling, heat_based_factor, energy_carbon)
RULES: Final[tuple[Rule, ...]] = (CARBON_CEILING, HEAT_BASED_FACTOR, ENERGY_CARBON)
