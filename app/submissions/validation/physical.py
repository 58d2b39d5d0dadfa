"""What the laws of nature set for products, family by family.

Fuels and the limits from the table of bounds have modules of their own; calcination,
urea and perfluorocarbons are here.
"""

from collections.abc import Iterator
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from app.factors.content import Content
from app.reference.enums import Boundary
from app.reference.gwp import GWP_SETS
from app.submissions.validation import bounds, combustion
from app.submissions.validation.contents import of_content
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.measures import (
    ALL_CO2,
    DIRECT,
    FOOTPRINTS,
    FOSSIL_CO2,
    factor_unit,
    first,
    gases_per,
    is_calcined,
    lineage,
    named,
    number,
    shown,
    value_per,
)
from app.submissions.validation.rules import Breach, Check, Rule, Severity
from app.units.catalogue import unit

_IUPAC: Final = "stoichiometry with IUPAC 2021 atomic masses"
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
_KG: Final = unit("kg")
_OXIDES: Final = MappingProxyType(
    {
        "CAO": number(CALCINATION_FLOOR, "CO2/CaO"),
        "MGO": number(CALCINATION_FLOOR, "CO2/MgO"),
    }
)
_CALCINED: Final = 1 - number(CALCINATION_FLOOR, "tolerance")
_PFC_TOLERANCE: Final = number(PFC_SHARE, "tolerance")


@of_content
def calcination_floor(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    """What was calcined has set its CO2 free."""
    co2 = _kiln_co2(content)
    parts = {code: first(content, code) for code in _OXIDES}
    known = {code: part for code, part in parts.items() if part is not None}
    floor = sum((part * _OXIDES[code] for code, part in known.items()), Fraction(0))
    if co2 is not None and co2 < floor * _CALCINED:
        facts = named(content, value=shown(co2), limit=shown(floor))
        yield Breach(CALCINATION_FLOOR, "/value", facts)


def _kiln_co2(content: Content) -> Fraction | None:
    """Return the CO2 of a product of carbonates, or its whole value, which is more."""
    if not is_calcined(content) or content.boundary not in _COVERS_THE_KILN:
        return None
    co2 = gases_per(content, _KG, ALL_CO2)
    if co2 is not None:
        return co2
    return value_per(content, _KG, {"CO2e", "CO2", *FOSSIL_CO2})


@of_content
def urea_not_negative(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    """Urea has no negative footprint, unless carbon was taken from the air for it."""
    is_urea = content.kind in FOOTPRINTS and "UREA" in lineage(content.category)
    has_uptake = any(each.gas == "CO2_BIO_UPTAKE" for each in content.gases)
    if is_urea and not has_uptake and Fraction(content.value) < 0:
        yield Breach(UREA_NEGATIVE, "/value", {"value": content.value})


@of_content
def pfc_share(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    """Perfluorocarbons are no more than the value, and all of a direct one."""
    co2e = _pfc_co2e(content)
    declared = factor_unit(content)
    if co2e is None or declared is None or declared.substance != "CO2e":
        return
    expected = co2e / declared.mass.factor
    value = Fraction(content.value)
    is_all = content.kind in DIRECT and all(
        each.gas in _PERFLUOROCARBONS for each in content.gases
    )
    if (is_all or expected > value) and abs(value - expected) > (
        expected * _PFC_TOLERANCE
    ):
        facts = {
            "value": content.value,
            "unit": content.unit,
            "expected": shown(expected),
            "gwp_set": content.gwp_set,
        }
        yield Breach(PFC_SHARE, "/gases", facts)


def _pfc_co2e(content: Content) -> Fraction | None:
    """Return kg CO2e of the perfluorocarbons under the set that is named."""
    gwp_set = GWP_SETS.get(content.gwp_set)
    masses = [
        (each.gas, Fraction(each.mass_kg))
        for each in content.gases
        if each.gas in _PERFLUOROCARBONS
    ]
    if gwp_set is None or not masses:
        return None
    if any(gas not in gwp_set.values for gas, _ in masses):
        return None
    parts = (mass * Fraction(gwp_set.value(gas)) for gas, mass in masses)
    return sum(parts, Fraction(0))


CHECKS: Final[tuple[Check, ...]] = (
    calcination_floor,
    urea_not_negative,
    pfc_share,
    *combustion.CHECKS,
    *bounds.CHECKS,
)
RULES: Final[tuple[Rule, ...]] = (
    CALCINATION_FLOOR,
    UREA_NEGATIVE,
    PFC_SHARE,
    *combustion.RULES,
    *bounds.RULES,
)
