"""Units of factors, such as kgCO2e/kWh, and of parameters, such as GJ/t."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Final

from app.kit.errors import Invalid
from app.units.algebra import Unit
from app.units.catalogue import unit

_MASSES: Final = re.compile(r"(kg|g|t)(.+)")
_EQUIVALENTS: Final = frozenset({"CO2e", "CO2eq", "CO2-eq", "CO2-e", "CO2当量"})
_CARBON: Final = re.compile(r"(kg|g|t)C")
# Longer texts are refused unread: the caches keep what they were asked for.
_LONGEST: Final = 100


class UnknownFactorUnit(Invalid):
    en = (
        '"{text}" is not the unit of a factor. Write a mass (g, kg or t), then CO2e, '
        "CO2 or the code of a gas, then / and a unit, for example kgCO2e/kWh."
    )
    zh = (
        "“{text}”不是有效的因子单位。写法为质量单位（g、kg 或 t）加 CO2e、CO2 "
        "或气体代码，再加“/”和单位，例如 kgCO2e/kWh。"
    )


class UnknownParameterUnit(Invalid):
    en = (
        '"{text}" is not the unit of a parameter. Write two units with / between them, '
        "for example GJ/t or tC/TJ, or 1 or % for a plain ratio."
    )
    zh = (
        "“{text}”不是有效的参数单位。写法为“单位/单位”，例如 GJ/t 或 tC/TJ;"
        "无量纲参数写 1 或 %。"
    )


@dataclass(frozen=True, slots=True)
class FactorUnit:
    """Mass of a substance (CO2e, CO2 or a gas code) per unit of something.

    `kg_per_canonical` is what one of it is in kg per canonical unit of `per`.
    """

    mass: Unit
    substance: str
    per: Unit
    kg_per_canonical: Fraction = field(init=False, compare=False)

    def __post_init__(self) -> None:
        factor = self.mass.factor / self.per.factor
        object.__setattr__(self, "kg_per_canonical", factor)

    @property
    def code(self) -> str:
        """The canonical text, for example tCO2/TJ."""
        return f"{self.mass.code}{self.substance}/{self.per.code}"


@dataclass(frozen=True, slots=True)
class ParameterUnit:
    """A quotient of two units, or a plain ratio where both are absent.

    `substance` is C for carbon contents, else empty. `factor` is what one of it is in
    canonical units of both; for a percentage it is 1/100.
    """

    code: str
    numerator: Unit | None = None
    denominator: Unit | None = None
    substance: str = ""
    factor: Fraction = Fraction(1)


_RATIOS: Final = {
    "1": ParameterUnit("1"),
    "%": ParameterUnit("%", factor=Fraction(1, 100)),
}


def parse_factor_unit(
    text: str, gases: Collection[str], pointer: str | None = None
) -> FactorUnit:
    """Return the factor unit that *text* states; *gases* are the codes of gases."""
    try:
        return _factor_unit(text, frozenset(gases))
    except Invalid as error:
        error.pointer = pointer
        raise


def parse_parameter_unit(text: str, pointer: str | None = None) -> ParameterUnit:
    """Return the parameter unit that *text* states."""
    try:
        return _parameter_unit(text)
    except Invalid as error:
        error.pointer = pointer
        raise


@lru_cache(maxsize=4096)
def _factor_unit(text: str, gases: frozenset[str]) -> FactorUnit:
    above, below = _halves(text)
    stated = _MASSES.fullmatch(re.sub(r"[\s·]", "", above).replace("₂", "2"))
    substance = _substance(stated[2], gases) if stated else None
    if not stated or not substance or not below:
        raise UnknownFactorUnit(text=text[:_LONGEST])
    return FactorUnit(unit(stated[1]), substance, unit(below))


@lru_cache(maxsize=4096)
def _parameter_unit(text: str) -> ParameterUnit:
    above, below = _halves(text)
    if not below:
        return _ratio(text)
    carbon = _CARBON.fullmatch(above.replace(" ", ""))
    numerator, denominator = unit(carbon[1] if carbon else above), unit(below)
    substance = "C" if carbon else ""
    return ParameterUnit(
        code=f"{numerator.code}{substance}/{denominator.code}",
        numerator=numerator,
        denominator=denominator,
        substance=substance,
        factor=numerator.factor / denominator.factor,
    )


def _ratio(text: str) -> ParameterUnit:
    found = _RATIOS.get(text.strip())
    if found is None:
        raise UnknownParameterUnit(text=text[:_LONGEST])
    return found


def _halves(text: str) -> tuple[str, str]:
    """Return what stands before and after the slash; nothing for an overlong text."""
    if len(text) > _LONGEST:
        return "", ""
    above, _, below = text.replace("／", "/").partition("/")
    return above.strip(), below.strip()


def _substance(text: str, gases: frozenset[str]) -> str | None:
    if text in _EQUIVALENTS:
        return "CO2e"
    return text if text == "CO2" or text in gases else None
