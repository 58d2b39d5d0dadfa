"""What a content says in figures: masses per unit, ranges, where a range applies."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from app.factors.content import Content
from app.kit.decimals import rounded
from app.reference import categories
from app.reference.enums import FactorKind
from app.reference.gases import GAS_CODES
from app.reference.properties import PropertyUnitMismatch, unit_factor
from app.submissions.validation.rules import Rule
from app.units.algebra import Unit
from app.units.factor_unit import (
    FactorUnit,
    parse_factor_unit,
    parse_parameter_unit,
)

FOOTPRINTS: Final = frozenset(
    {
        FactorKind.PCF,
        FactorKind.TRANSPORT_SERVICE,
        FactorKind.ENERGY,
        FactorKind.EOL,
    }
)
DIRECT: Final = frozenset({FactorKind.DIRECT_EF, FactorKind.ENERGY_CO2_EF})
FOSSIL_CO2: Final = ("CO2_FOSSIL",)
ALL_CO2: Final = ("CO2_FOSSIL", "CO2_BIO_EMIT")
_CARBONATE_PRODUCTS: Final = frozenset({"CEMENT_CLINKER", "LIME", "GLASS"})
_WORDS: Final = re.compile(r"[A-Z0-9]+|[^\W_A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Span:
    """A closed interval; an end that is absent is open."""

    low: Fraction | None
    high: Fraction | None

    def __contains__(self, value: Fraction) -> bool:
        return (self.low is None or self.low <= value) and (
            self.high is None or value <= self.high
        )

    def __str__(self) -> str:
        if self.high is None:
            return f"≥ {shown(self.low)}"
        return f"{shown(self.low)}–{shown(self.high)}"


def span(low: str, high: str) -> Span:
    """Return the interval that two cells of a table state."""
    return Span(*(Fraction(text) if text else None for text in (low, high)))


def shown(value: Fraction | None) -> str:
    """Return *value* as a message shows it, in five significant digits."""
    return "" if value is None else rounded(float(f"{float(value):.5g}"))


def named(content: Content, **facts: str) -> dict[str, str]:
    """Return *facts* and the names of the category."""
    category = categories.category(content.category)
    return {"category_zh": category.zh, "category_en": category.en, **facts}


def limits(label: str, range_: Span) -> dict[str, str]:
    """Return the ends of *range_* as numbers of a rule, by *label* and end."""
    ends = {"low": range_.low, "high": range_.high}
    return {f"{label} {end}": _exact(x) for end, x in ends.items() if x is not None}


def _exact(value: Fraction) -> str:
    return format(Decimal(value.numerator) / value.denominator, "f")


def number(rule: Rule, name: str) -> Fraction:
    """Return one of the numbers of *rule*, exact."""
    return Fraction(rule.numbers[name])


def lineage(code: str) -> tuple[str, ...]:
    """Return *code* and the categories above it, the nearest first."""
    return (code, *(each.code for each in categories.ancestors(code)))


def is_route(words: Collection[str], content: Content) -> bool:
    """Tell whether the technology or the name of *content* has one of *words*.

    Latin words are whole ones, so that charcoal is not coal.
    """
    texts = (content.technology or "", content.name.zh, content.name.en)
    text = "".join(map(_spaced, texts))
    return any(
        (_spaced(word) if word.isascii() else word.upper()) in text for word in words
    )


def _spaced(text: str) -> str:
    return f" {' '.join(_WORDS.findall(text.upper()))} "


def factor_unit(content: Content) -> FactorUnit | None:
    """Return the unit of the value, unless it is a parameter."""
    if content.kind is FactorKind.PARAMETER:
        return None
    return parse_factor_unit(content.unit, GAS_CODES)


def value_per(
    content: Content, unit: Unit, substances: Collection[str]
) -> Fraction | None:
    """Return the value in kg per *unit*, if it is of one of *substances*."""
    declared = factor_unit(content)
    scale = _scale(declared, unit)
    if declared is None or scale is None or declared.substance not in substances:
        return None
    return Fraction(content.value) * declared.mass.factor * scale


def gases_per(content: Content, unit: Unit, gases: Collection[str]) -> Fraction | None:
    """Return the mass of *gases* in kg per *unit*, if any of them is stated."""
    scale = _scale(factor_unit(content), unit)
    masses = [Fraction(each.mass_kg) for each in content.gases if each.gas in gases]
    return sum(masses, Fraction(0)) * scale if masses and scale is not None else None


def combustion_co2(content: Content, unit: Unit) -> Fraction | None:
    """Return the fossil CO2 of a direct factor in kg per *unit*, if it is stated."""
    if content.kind not in DIRECT:
        return None
    co2 = value_per(content, unit, {"CO2", *FOSSIL_CO2})
    return gases_per(content, unit, FOSSIL_CO2) if co2 is None else co2


def is_calcined(content: Content) -> bool:
    """Tell whether the product is made from carbonates."""
    return not _CARBONATE_PRODUCTS.isdisjoint(lineage(content.category))


def stated(content: Content, code: str) -> Iterator[tuple[int, Fraction]]:
    """Return each property *code* with its place, in canonical units.

    One in a unit that it cannot have is left to the check of units.
    """
    unit = factor_unit(content)
    declared = unit.per.dimension if unit else None
    for place, each in enumerate(content.properties):
        if each.property != code:
            continue
        try:
            factor = unit_factor(code, each.unit, declared)
        except PropertyUnitMismatch:
            continue
        yield place, Fraction(each.value) * factor


def first(content: Content, code: str) -> Fraction | None:
    """Return the first value of property *code* in canonical units, if any."""
    return next((value for _, value in stated(content, code)), None)


def is_per(text: str, unit: Unit) -> bool:
    """Tell whether a property in the unit *text* is per what *unit* measures.

    A plain ratio is per anything.
    """
    below = parse_parameter_unit(text).denominator
    return below is None or below.dimension is unit.dimension


def _scale(declared: FactorUnit | None, unit: Unit) -> Fraction | None:
    """Return how many declared units one *unit* is, where the dimensions agree."""
    if declared is None or declared.per.dimension is not unit.dimension:
        return None
    return unit.factor / declared.per.factor
