"""From a factor's figure to kg CO2e per unit, under the requested GWP set.

All arithmetic is exact; each number is rounded once, to a double.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from app.calculation.findings import AmbiguousBridge, GwpMixed, GwpUnknown, Notice
from app.calculation.natures import OWN, Nature
from app.calculation.uncertainty import Distribution
from app.reference.enums import GwpAbsence
from app.reference.gases import GASES
from app.reference.gwp import GWP_SETS, GwpSet
from app.units.algebra import Unit, convert
from app.units.catalogue import unit
from app.units.factor_unit import FactorUnit, ParameterUnit

UNSPLIT: Final = "CO2E_UNSPLIT"


@dataclass(frozen=True, slots=True)
class Figure:
    """What a factor states. Masses are kg of a gas per declared unit.

    `basis` is a GWP set or why there is none; `category` replaces that of every gas.
    """

    label: str
    value: Fraction
    unit: FactorUnit
    basis: str
    gases: tuple[tuple[str, Fraction], ...] = ()
    properties: tuple[tuple[str, str, ParameterUnit], ...] = ()
    category: str | None = None
    uncertainty: Distribution | None = None
    nature: Nature = OWN


@dataclass(frozen=True, slots=True)
class Part:
    """One gas's part of a coefficient, per canonical unit; unsplit CO2e has no mass."""

    gas: str
    category: str
    mass: float | None
    co2e: float


@dataclass(frozen=True, slots=True)
class Coefficient:
    """kg CO2e per canonical unit of `figure.unit.per`, and how it is composed."""

    figure: Figure
    intensity: float
    parts: tuple[Part, ...]
    notice: Notice | None

    @property
    def label(self) -> str:
        """What an answer calls the factor."""
        return self.figure.label


def gas_figure(code: str) -> Figure:
    """Return the figure of an emission: a kilogram of gas per kilogram."""
    kilogram = unit("kg")
    return Figure(
        label=code,
        value=Fraction(1),
        unit=FactorUnit(kilogram, code, kilogram),
        basis=GwpAbsence.NOT_APPLICABLE,
    )


def characterise(figure: Figure, gwp_set: GwpSet) -> Coefficient:
    """Return *figure* under *gwp_set*, by the rules (a) to (e) of docs/calculation.md.

    Raises `GasNotInGwpSet` where the set has no value for a gas of the figure.
    """
    stated = figure.value * figure.unit.kg_per_canonical
    masses = _masses(figure, stated)
    own = GWP_SETS.get(figure.basis)
    if figure.unit.substance != "CO2e":
        return _coefficient(figure, gwp_set, masses, Fraction(0), None)
    if own is None:
        unknown = GwpUnknown(factor=figure.label)
        return _coefficient(figure, gwp_set, (), stated, unknown)
    if own is not gwp_set and not masses:
        mixed = GwpMixed(factor=figure.label, own=own.code)
        return _coefficient(figure, gwp_set, (), stated, mixed)
    unsplit = stated - sum(mass * _potential(own, gas) for gas, mass in masses)
    return _coefficient(figure, gwp_set, masses, unsplit, None)


def _masses(figure: Figure, stated: Fraction) -> Sequence[tuple[str, Fraction]]:
    """Return kg of each gas per canonical unit."""
    substance = figure.unit.substance
    if substance == "CO2e":
        per = figure.unit.per.factor
        return [(gas, mass / per) for gas, mass in figure.gases]
    return [("CO2_FOSSIL" if substance == "CO2" else substance, stated)]


def _potential(gwp_set: GwpSet, gas: str) -> Fraction:
    return Fraction(gwp_set.value(gas))


def _coefficient(
    figure: Figure,
    gwp_set: GwpSet,
    masses: Sequence[tuple[str, Fraction]],
    unsplit: Fraction,
    notice: Notice | None,
) -> Coefficient:
    total, parts = unsplit, []
    for gas, mass in masses:
        co2e = mass * _potential(gwp_set, gas)
        category = figure.category or GASES[gas].category
        parts.append(Part(gas, category, float(mass), float(co2e)))
        total += co2e
    if unsplit or not parts:
        category = figure.category or "UNSPECIFIED"
        parts.append(Part(UNSPLIT, category, None, float(unsplit)))
    return Coefficient(figure, float(total), tuple(parts), notice)


@dataclass(frozen=True, slots=True)
class Bridge:
    """How an amount reaches the factor's unit: canonical units per stated unit.

    `used` is the property that crossed the dimensions, if one did.
    """

    factor: Fraction
    used: tuple[str, str] | None


def bridge(figure: Figure, stated: Unit) -> Bridge:
    """Return how *stated* becomes the canonical unit of the factor's denominator.

    Raises `UnitMismatch` where no property links the dimensions, `AmbiguousBridge`
    where several do.
    """
    per = figure.unit.per
    if stated.dimension is per.dimension:
        return Bridge(stated.factor, None)
    found = [
        Bridge(stated.factor * link, (name, f"{value} {unit_.code}"))
        for name, value, unit_ in figure.properties
        if (link := _link(Fraction(value), unit_, stated, per))
    ]
    if not found:
        convert(stated.factor, stated, per)  # refuses, naming both dimensions
    if len(found) > 1:
        raise AmbiguousBridge(factor=figure.label, source=stated.code, target=per.code)
    return found[0]


def _link(
    value: Fraction, property_unit: ParameterUnit, stated: Unit, per: Unit
) -> Fraction | None:
    """Return canonical `per` per canonical `stated`, if the property links them."""
    above, below = property_unit.numerator, property_unit.denominator
    if above is None or below is None or not value:
        return None
    ends = (above.dimension, below.dimension)
    if ends == (per.dimension, stated.dimension):
        return value * property_unit.factor
    if ends == (stated.dimension, per.dimension):
        return 1 / (value * property_unit.factor)
    return None
