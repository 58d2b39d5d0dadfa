"""Recycling formulas as terms: cut-off, end of life, 50/50, Circular Footprint. Pure.

Every coefficient is a product of sums of parameters, so that all is exact and one table
says what a method needs.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any, Final, cast

from app.calculation.macros import HeatingValue, Recycling
from app.calculation.shapes import RecyclingMethod
from app.calculation.terms import (
    Faults,
    ParameterMissing,
    ParameterOutOfRange,
    Term,
    UncertaintyShared,
    refuse_unused,
)
from app.kit.decimals import number_text
from app.units.algebra import Dimension, Unit, convert
from app.units.catalogue import canonical_unit, unit
from app.units.factor_unit import UnknownParameterUnit, parse_parameter_unit

_HALF: Final = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class _Sum:
    """A constant and weighted parameters, such as 1 - r2 - r3."""

    constant: Fraction
    weights: Mapping[str, Fraction]

    def at(self, known: Mapping[str, Fraction]) -> Fraction:
        parts = (weight * known[name] for name, weight in self.weights.items())
        return sum(parts, self.constant)


def _sum(constant: int = 0, **weights: Fraction | int) -> _Sum:
    return _Sum(
        Fraction(constant), {name: Fraction(each) for name, each in weights.items()}
    )


@dataclass(frozen=True, slots=True)
class _Formula:
    """A term: how it is written, what it takes, and the factors of its coefficient."""

    name: str
    source: str
    factors: tuple[_Sum, ...]

    @property
    def parameters(self) -> list[str]:
        return [name for factor in self.factors for name in factor.weights]

    def coefficient(self, known: Mapping[str, Fraction]) -> Fraction:
        """Return it from what is *known*: what a zero multiplies need not be."""
        found = [f.at(known) for f in self.factors if f.weights.keys() <= known.keys()]
        return prod(found, start=Fraction(1))

    def lacks(self, known: Mapping[str, Fraction]) -> list[str]:
        """Return the parameters that are not *known*."""
        return [name for name in self.parameters if name not in known]


def _term(name: str, source: str, *factors: _Sum) -> _Formula:
    return _Formula(name, source, factors)


_A, _NOT_A, _LESS_NOT_A = _sum(a=1), _sum(1, a=-1), _sum(-1, a=1)
_NOT_B, _LESS_NOT_B = _sum(1, b=-1), _sum(-1, b=1)
_R1, _R2, _R3, _LHV = _sum(r1=1), _sum(r2=1), _sum(r3=1), _sum(lhv=1)
_HALF_R1, _HALF_R2 = _sum(r1=_HALF), _sum(r2=_HALF)
_QUALITY: Final = _sum(quality=1)
FORMULAS: Final[Mapping[RecyclingMethod, tuple[_Formula, ...]]] = {
    "CUT_OFF": (
        _term("(1-R1)*Ev", "virgin", _sum(1, r1=-1)),
        _term("R1*Erec", "recycled", _R1),
        _term("(1-R2)*Ed", "disposal", _sum(1, r2=-1)),
    ),
    "END_OF_LIFE": (
        _term("Ev", "virgin"),
        _term("R2*ErecEoL", "recycled_at_end_of_life", _R2),
        _term("-R2*Q*E*v", "avoided_virgin", _sum(r2=-1), _QUALITY),
        _term("(1-R2)*Ed", "disposal", _sum(1, r2=-1)),
    ),
    "FIFTY_FIFTY": (
        _term("(1-R1/2)*Ev", "virgin", _sum(1, r1=-_HALF)),
        _term("R1/2*Erec", "recycled", _HALF_R1),
        _term("R2/2*ErecEoL", "recycled_at_end_of_life", _HALF_R2),
        _term("-R2/2*Q*E*v", "avoided_virgin", _sum(r2=-_HALF), _QUALITY),
        _term("(1-R1/2-R2/2)*Ed", "disposal", _sum(1, r1=-_HALF, r2=-_HALF)),
    ),
    "CFF": (
        _term("(1-R1)*Ev", "virgin", _sum(1, r1=-1)),
        _term("R1*A*Erec", "recycled", _R1, _A),
        _term("R1*(1-A)*Qin*Ev", "virgin", _R1, _NOT_A, _sum(quality_in=1)),
        _term("(1-A)*R2*ErecEoL", "recycled_at_end_of_life", _NOT_A, _R2),
        _term(
            "-(1-A)*R2*Qout*E*v",
            "avoided_virgin",
            _LESS_NOT_A,
            _R2,
            _sum(quality_out=1),
        ),
        _term("(1-B)*R3*EER", "energy_recovery", _NOT_B, _R3),
        _term(
            "-(1-B)*R3*LHV*Xheat*Eheat",
            "avoided_heat",
            _LESS_NOT_B,
            _R3,
            _LHV,
            _sum(x_heat=1),
        ),
        _term(
            "-(1-B)*R3*LHV*Xel*Eel",
            "avoided_electricity",
            _LESS_NOT_B,
            _R3,
            _LHV,
            _sum(x_electricity=1),
        ),
        _term("(1-R2-R3)*Ed", "disposal", _sum(1, r2=-1, r3=-1)),
    ),
}
_SHARES: Final = (
    *("r1", "r2", "r3", "a", "b", "quality", "quality_in", "quality_out"),
    *("x_heat", "x_electricity"),
)
_TOGETHER: Final = (("r2", "r3"), ("x_heat", "x_electricity"))
_GOES_IN: Final = frozenset({"virgin", "recycled"})
ENERGY: Final = frozenset({"avoided_heat", "avoided_electricity"})
_KNOWN: Final = {
    method: frozenset(
        (
            *("method", "amount", "unit", "stage", "end_of_life_stage"),
            *(name for each in formulas for name in (each.source, *each.parameters)),
        )
    )
    for method, formulas in FORMULAS.items()
}
_MJ: Final = canonical_unit(Dimension.ENERGY)


def terms(macro: Recycling) -> list[Term]:
    """Return the terms of *macro* that are not zero; raises `Findings`."""
    faults = Faults()
    method, formulas = macro["method"], FORMULAS[macro["method"]]
    known = _KNOWN[method]
    refuse_unused(faults, method, macro, known)
    amount = faults.quantity(macro["amount"])
    stated = faults.attempt(lambda: unit(macro["unit"], "/unit"))
    values = _values(macro, known, stated, faults)
    found = [(each, each.coefficient(values)) for each in formulas]
    for formula, coefficient in found:
        if coefficient:
            _demand(macro, formula, formula.lacks(values), faults)
    kept = [(each, coefficient) for each, coefficient in found if coefficient]
    _refuse_shared(macro, [each.source for each, _ in kept], faults)
    faults.finish()
    return [_made(macro, each, amount or Fraction(0), c) for each, c in kept]


def stated_source(macro: Mapping[str, object], source: str) -> str:
    """Return the field that says what *source* is."""
    return "virgin" if source == "avoided_virgin" and source not in macro else source


def _values(
    macro: Recycling, known: Collection[str], stated: Unit | None, faults: Faults
) -> dict[str, Fraction]:
    """Return the parameters of the method that are stated."""
    values: dict[str, Fraction] = {}
    for name in _SHARES:
        if name in macro and name in known:
            values[name] = _share(cast("Any", macro)[name], name, faults)
    if "lhv" in macro and "lhv" in known:
        lhv = macro["lhv"]
        heat = stated and faults.attempt(lambda: _heat(lhv, stated))
        values["lhv"] = heat or Fraction(0)
    for first, second in _TOGETHER:
        whole = values.get(first, Fraction(0)) + values.get(second, Fraction(0))
        if whole > 1:
            _out_of_range(f"{first} + {second}", f"/{second}", whole, "<= 1", faults)
    return values


def _share(value: object, name: str, faults: Faults) -> Fraction:
    number = faults.number(value, f"/{name}") or Fraction(0)
    if not 0 <= number <= 1:
        _out_of_range(name, f"/{name}", number, ">= 0, <= 1", faults)
        return Fraction(0)
    return number


def _out_of_range(
    name: str, pointer: str, value: Fraction, bounds: str, faults: Faults
) -> None:
    shown = f"{float(value):.12g}"
    error = ParameterOutOfRange(pointer=pointer, name=name, value=shown, bounds=bounds)
    faults.keep(error)


def _heat(lhv: HeatingValue, material: Unit) -> Fraction:
    """Return the energy in one unit of *material*, in the energy unit of *lhv*."""
    value = Fraction(number_text(lhv["value"], "/lhv/value"))
    if value < 0:
        shown = f"{float(value):.12g}"
        raise ParameterOutOfRange(
            pointer="/lhv/value", name="lhv", value=shown, bounds=">= 0"
        )
    energy, mass = _heat_units(lhv)
    convert(Fraction(1), energy, _MJ, "/lhv/unit")
    return value * convert(Fraction(1), material, mass, "/lhv/unit")


def _heat_units(lhv: HeatingValue) -> tuple[Unit, Unit]:
    parsed = parse_parameter_unit(lhv["unit"], "/lhv/unit")
    if parsed.numerator is None or parsed.denominator is None:
        raise UnknownParameterUnit(pointer="/lhv/unit", text=lhv["unit"])
    return parsed.numerator, parsed.denominator


def _demand(
    macro: Recycling,
    formula: _Formula,
    lacking: Iterable[str],
    faults: Faults,
) -> None:
    """Keep a finding for each part that *formula* needs and *macro* does not state."""
    needed = list(lacking)
    source = stated_source(macro, formula.source)
    if source not in macro:
        needed.append(source)
    for name in needed:
        if not any(each.pointer == f"/{name}" for each in faults.errors):
            missing = ParameterMissing(
                pointer=f"/{name}",
                method=macro["method"],
                name=name,
                term=formula.name,
            )
            faults.keep(missing)


def _refuse_shared(macro: Recycling, sources: list[str], faults: Faults) -> None:
    fields = [stated_source(macro, each) for each in sources]
    for field in dict.fromkeys(fields):
        source, count = cast("Any", macro).get(field), fields.count(field)
        if count > 1 and isinstance(source, dict) and "uncertainty" in source:
            where = f"/{field}/uncertainty"
            faults.keep(UncertaintyShared(pointer=where, count=count))


def _made(
    macro: Recycling, formula: _Formula, amount: Fraction, coefficient: Fraction
) -> Term:
    line_unit = macro["unit"]
    if formula.source in ENERGY:
        line_unit = _heat_units(macro["lhv"])[0].code
    stage = macro.get("end_of_life_stage", "EOL")
    if formula.source in _GOES_IN:
        stage = macro.get("stage", "RAW")
    return Term(
        name=formula.name,
        source=formula.source,
        coefficient=coefficient,
        amount=coefficient * amount,
        unit=line_unit,
        stage=stage,
    )
