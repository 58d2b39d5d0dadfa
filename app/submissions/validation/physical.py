"""What the figures of one content say of each other by the laws of nature."""

from collections.abc import Iterator
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from app.factors.content import Content
from app.reference.enums import Boundary
from app.reference.gwp import GWP_SETS
from app.submissions.validation import bounds
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.measures import (
    DIRECT,
    FOOTPRINTS,
    factor_unit,
    first,
    gases_per,
    lineage,
    named,
    is_per,
    shown,
    stated,
    value_per,
)
from app.submissions.validation.rules import Breach, Check, Rule, Severity
from app.units.algebra import Dimension, Unit
from app.units.catalogue import canonical_unit, unit

_IUPAC: Final = "stoichiometry with IUPAC 2021 atomic masses"
_GUIDELINES: Final = (
    "2006 IPCC Guidelines, volume 2; the accounting guidelines of China for enterprises"
)

CARBON_CEILING: Final = Rule(
    id="CARBON_CEILING",
    severity=Severity.BLOCK,
    zh="{category_zh}燃烧排放 {value} kg CO2/kg,超过其含碳量所能生成的 {limit} kg。",
    en=(
        "{category_en}: {value} kg CO2/kg of combustion are more than the {limit} kg "
        "that its carbon can become."
    ),
    source=_IUPAC,
    numbers=MappingProxyType({"CO2/C": "3.6641", "tolerance": "0.005"}),
)
HEAT_BASED_FACTOR: Final = Rule(
    id="HEAT_BASED_FACTOR",
    severity=Severity.BLOCK,
    zh="{category_zh}的因子为 {value} kg CO2/{unit},按热值、含碳量和氧化率计算应为 {expected}。",
    en=(
        "{category_en}: the factor is {value} kg CO2/{unit}, but calorific value, "
        "carbon per energy and oxidation rate make {expected}."
    ),
    source=_GUIDELINES,
    numbers=MappingProxyType({"CO2/C": "44/12", "tolerance": "0.01"}),
)
CALCINATION_FLOOR: Final = Rule(
    id="CALCINATION_FLOOR",
    severity=Severity.BLOCK,
    zh=(
        "{category_zh}排放 {value} kg CO2/kg,低于其 CaO 与 MgO "
        "由碳酸盐分解所释放的 {limit} kg;如使用非碳酸盐原料,请说明。"
    ),
    en=(
        "{category_en}: {value} kg CO2/kg are less than the {limit} kg that its CaO "
        "and MgO set free when made from carbonates; explain other raw materials."
    ),
    source=_IUPAC,
    waivable=True,
    numbers=MappingProxyType(
        {"CO2/CaO": "0.7848", "CO2/MgO": "1.0919", "tolerance": "0.005"}
    ),
)
UREA_NEGATIVE: Final = Rule(
    id="UREA_NEGATIVE",
    severity=Severity.BLOCK,
    zh="尿素固定的 CO2(0.7328 kg/kg)在使用时释放,不能单凭固碳得到负值 {value}。",
    en=(
        "The CO2 that urea binds, 0.7328 kg/kg, is released in use; binding it alone "
        "makes no negative value such as {value}."
    ),
    source=_IUPAC,
    numbers=MappingProxyType({"CO2/urea": "0.7328", "low": "0"}),
)
PFC_SHARE: Final = Rule(
    id="PFC_SHARE",
    severity=Severity.WARN,
    zh="全氟化碳按 {gwp_set} 折算为 {expected} {unit},与数值 {value} 不符;请核对 GWP。",
    en=(
        "The perfluorocarbons are {expected} {unit} under {gwp_set}, which does not "
        "agree with the value {value}; check the GWP set."
    ),
    source="the GWP set that the content names",
    numbers=MappingProxyType({"tolerance": "0.01"}),
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

_FOSSIL: Final = ("CO2_FOSSIL",)
_CARBONATE_PRODUCTS: Final = frozenset({"CEMENT_CLINKER", "LIME", "GLASS"})
_PERFLUOROCARBONS: Final = frozenset(
    {"CF4", "C2F6", "C3F8", "C_C4F8", "C4F10", "C5F12", "C6F14", "C10F18"}
)
_COVERS_THE_KILN: Final = frozenset(
    {
        Boundary.CRADLE_TO_GATE,
        Boundary.CRADLE_TO_GRAVE,
        Boundary.LIFE_CYCLE,
        Boundary.GATE_TO_GATE,
        Boundary.DIRECT,
    }
)
_FUEL: Final = (Dimension.MASS, Dimension.VOLUME, Dimension.GAS_VOLUME)
_KG: Final = unit("kg")
_MJ: Final = unit("MJ")
_GJ_PER_MJ: Final = Fraction(1, 1000)


def _combustion(content: Content, per: Unit) -> Fraction | None:
    """Return the fossil CO2 of a direct factor in kg per *per*, if it is stated."""
    if content.kind not in DIRECT:
        return None
    co2 = value_per(content, per, {"CO2", *_FOSSIL})
    return gases_per(content, per, _FOSSIL) if co2 is None else co2


def carbon_ceiling(candidate: Candidate, _: Facts) -> Iterator[Breach]:
    """Combustion makes no more CO2 than the fuel has carbon for."""
    content = candidate.content
    carbon = first(content, "CARBON_FOSSIL") if content else None
    co2 = _combustion(content, _KG) if content else None
    if content is None or carbon is None or co2 is None:
        return
    rule = CARBON_CEILING.limits
    limit = carbon * rule["CO2/C"]
    if co2 > limit * (1 + rule["tolerance"]):
        facts = named(content, value=shown(co2), limit=shown(limit))
        yield Breach(CARBON_CEILING, "/value", facts)


def heat_based_factor(candidate: Candidate, _: Facts) -> Iterator[Breach]:
    """A factor is what calorific value, carbon per energy and oxidation make it."""
    content = candidate.content
    per = _fuel_unit(content) if content else None
    co2 = _combustion(content, per) if content and per else None
    expected = _heat_based(content, per) if content and per else None
    if content is None or per is None or co2 is None or expected is None:
        return
    if _differ(co2, expected, HEAT_BASED_FACTOR):
        facts = {"value": shown(co2), "expected": shown(expected), "unit": per.code}
        yield Breach(HEAT_BASED_FACTOR, "/value", named(content, **facts))


def _fuel_unit(content: Content) -> Unit | None:
    """Return the canonical unit of an amount of fuel: mass, volume or energy."""
    stated = factor_unit(content)
    if stated is None or stated.per.dimension not in (*_FUEL, Dimension.ENERGY):
        return None
    return canonical_unit(stated.per.dimension)


def _heat_based(content: Content, per: Unit) -> Fraction | None:
    carbon = first(content, "CARBON_PER_ENERGY")
    oxidation = first(content, "OXIDATION")
    energy = _energy_per(content, per)
    if carbon is None or oxidation is None or energy is None:
        return None
    return energy * carbon * oxidation * HEAT_BASED_FACTOR.limits["CO2/C"]


def _energy_per(content: Content, per: Unit) -> Fraction | None:
    """Return MJ per *per*: the calorific value, or 1 where energy is declared."""
    if per == _MJ:
        return Fraction(1)
    found = (
        value
        for number, value in stated(content, "NCV")
        if is_per(content.properties[number].unit, per)
    )
    return next(found, None)


def _differ(value: Fraction, expected: Fraction, rule: Rule) -> bool:
    return abs(value - expected) > abs(expected) * rule.limits["tolerance"]


def calcination_floor(candidate: Candidate, _: Facts) -> Iterator[Breach]:
    """What was calcined has set its CO2 free."""
    content = candidate.content
    co2 = _kiln_co2(content) if content else None
    floor = _calcination(content) if content else None
    if content is None or co2 is None or floor is None:
        return
    if co2 < floor * (1 - CALCINATION_FLOOR.limits["tolerance"]):
        facts = named(content, value=shown(co2), limit=shown(floor))
        yield Breach(CALCINATION_FLOOR, "/value", facts)


def _kiln_co2(content: Content) -> Fraction | None:
    """Return the CO2 of a product of carbonates, or its whole value as what it is."""
    is_calcined = _CARBONATE_PRODUCTS.intersection(lineage(content.category))
    if not is_calcined or content.boundary not in _COVERS_THE_KILN:
        return None
    co2 = gases_per(content, _KG, (*_FOSSIL, "CO2_BIO_EMIT"))
    return value_per(content, _KG, {"CO2e", "CO2", *_FOSSIL}) if co2 is None else co2


def _calcination(content: Content) -> Fraction | None:
    parts = {name: first(content, name) for name in ("CAO", "MGO")}
    factors = {"CAO": "CO2/CaO", "MGO": "CO2/MgO"}
    known = [
        part * CALCINATION_FLOOR.limits[factors[name]]
        for name, part in parts.items()
        if part is not None
    ]
    return sum(known, Fraction(0)) if known else None


def urea_not_negative(candidate: Candidate, _: Facts) -> Iterator[Breach]:
    """Urea has no negative footprint, unless carbon was taken from the air for it."""
    content = candidate.content
    if content is None or content.kind not in FOOTPRINTS:
        return
    is_urea = "UREA" in lineage(content.category)
    has_uptake = any(each.gas == "CO2_BIO_UPTAKE" for each in content.gases)
    if is_urea and not has_uptake and Fraction(content.value) < 0:
        yield Breach(UREA_NEGATIVE, "/value", {"value": content.value})


def pfc_share(candidate: Candidate, _: Facts) -> Iterator[Breach]:
    """Perfluorocarbons are no more than the value, and all of it where alone."""
    content = candidate.content
    co2e = _pfc_co2e(content) if content else None
    per = factor_unit(content) if content else None
    value = value_per(content, per.per, {"CO2e"}) if content and per else None
    if content is None or per is None or value is None or co2e is None:
        return
    is_all = all(each.gas in _PERFLUOROCARBONS for each in content.gases)
    exceeds = co2e > value
    if (is_all or exceeds) and _differ(value, co2e, PFC_SHARE):
        facts = {
            "value": content.value,
            "unit": content.unit,
            "expected": shown(co2e / per.mass.factor),
            "gwp_set": content.gwp_set,
        }
        yield Breach(PFC_SHARE, "/gases", facts)


def _pfc_co2e(content: Content) -> Fraction | None:
    """Return kg CO2e of the perfluorocarbons under the set that is named."""
    gwp_set = GWP_SETS.get(content.gwp_set)
    stated = [each for each in content.gases if each.gas in _PERFLUOROCARBONS]
    if gwp_set is None or not stated:
        return None
    if any(each.gas not in gwp_set.values for each in stated):
        return None
    return sum(
        (Fraction(each.mass_kg) * Fraction(gwp_set.value(each.gas)) for each in stated),
        Fraction(0),
    )


def energy_carbon(candidate: Candidate, _: Facts) -> Iterator[Breach]:
    """Fossil CO2 and fossil energy are in the relation that fuels have."""
    content = candidate.content
    ratio = content and (_ratio_of_fuel(content) or _ratio_of_use(content))
    if content is None or not ratio:
        return
    rule = ENERGY_CARBON.limits
    if not rule["low"] <= ratio <= rule["high"]:
        facts = named(content, value=shown(ratio))
        yield Breach(ENERGY_CARBON, "/value", facts)


def _ratio_of_fuel(content: Content) -> Fraction | None:
    """Return kg CO2 per GJ of a fuel whose calorific value is stated."""
    per = _fuel_unit(content)
    if per is None or first(content, "NCV") is None:
        return None
    return _per_gj(_combustion(content, per), _energy_per(content, per))


def _ratio_of_use(content: Content) -> Fraction | None:
    """Return kg CO2 per GJ of the fossil energy that a product took."""
    declared = factor_unit(content)
    # Carbonates set CO2 free without any energy of a fuel.
    if declared is None or _CARBONATE_PRODUCTS.intersection(lineage(content.category)):
        return None
    co2 = gases_per(content, canonical_unit(declared.per.dimension), _FOSSIL)
    return _per_gj(co2, first(content, "FOSSIL_ENERGY_USE"))


def _per_gj(co2: Fraction | None, energy: Fraction | None) -> Fraction | None:
    is_known = co2 is not None and energy is not None and energy > 0
    return co2 / (energy * _GJ_PER_MJ) if is_known and co2 and energy else None


CHECKS: Final[tuple[Check, ...]] = (
    carbon_ceiling,
    heat_based_factor,
    calcination_floor,
    urea_not_negative,
    pfc_share,
    energy_carbon,
    *bounds.CHECKS,
)
RULES: Final[tuple[Rule, ...]] = (
    CARBON_CEILING,
    HEAT_BASED_FACTOR,
    CALCINATION_FLOOR,
    UREA_NEGATIVE,
    PFC_SHARE,
    ENERGY_CARBON,
    *bounds.RULES,
)
