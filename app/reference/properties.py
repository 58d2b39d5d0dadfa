"""The properties that a content may state beside its value, with their units."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from app.kit.errors import Invalid
from app.reference.gases import GAS_CODES
from app.reference.tables import Row, rows, shown
from app.units.algebra import Dimension
from app.units.factor_unit import parse_factor_unit, parse_parameter_unit


class PropertyForm(StrEnum):
    """What the unit of a property looks like."""

    QUOTIENT = "QUOTIENT"
    RATIO = "RATIO"
    """A share: %, 1, or a mass per mass."""
    COUNT = "COUNT"
    """A plain number, in the unit 1."""
    EMISSION = "EMISSION"
    """Mass of a greenhouse gas, as the value of a factor has it."""


@dataclass(frozen=True, slots=True)
class Property:
    """A property; `low` and `high`, if any, are what it can be in canonical units.

    `below` is empty where the denominator is that of the content's declared unit.
    """

    code: str
    zh: str
    en: str
    form: PropertyForm
    above: frozenset[Dimension]
    below: frozenset[Dimension]
    low: Decimal | None
    high: Decimal | None
    example: str
    use: str

    @property
    def is_bridge(self) -> bool:
        """Tell whether calculations may cross dimensions by it."""
        return self.code in BRIDGES


class PropertyUnitMismatch(Invalid):
    en = 'The unit of {property} is like {example}; "{unit}" is not.'
    zh = "{property} 的单位形如 {example},“{unit}”不符合。"


BRIDGES: Final = frozenset({"NCV", "DENSITY", "MASS_PER_UNIT"})
_DECLARED: Final = "DECLARED"


def _dimensions(text: str) -> frozenset[Dimension]:
    names = () if text in ("", _DECLARED) else text.split("|")
    return frozenset(Dimension(name) for name in names)


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _property(row: Row) -> Property:
    return Property(
        code=row["code"],
        zh=row["zh"],
        en=row["en"],
        form=PropertyForm(row["form"]),
        above=_dimensions(row["above"]),
        below=_dimensions(row["below"]),
        low=_number(row["low"]),
        high=_number(row["high"]),
        example=row["example"],
        use=row["use"],
    )


PROPERTIES: Final[Mapping[str, Property]] = MappingProxyType(
    {row["code"]: _property(row) for row in rows("properties.csv")}
)


def canonical_unit(code: str, unit: str) -> str:
    """Return how *unit* of the property *code* is written canonically."""
    if PROPERTIES[code].form is PropertyForm.EMISSION:
        return parse_factor_unit(unit, GAS_CODES).code
    return parse_parameter_unit(unit).code


def unit_factor(code: str, unit: str, declared: Dimension | None) -> Fraction:
    """Return what one *unit* of the property is in canonical units.

    *declared* is the dimension of the declared unit, None where there is none. Raises
    `PropertyUnitMismatch` for a unit that the property cannot have.
    """
    info = PROPERTIES[code]
    try:
        found = _factor(info, unit, declared)
    except Invalid:
        found = None
    if found is None:
        raise PropertyUnitMismatch(
            property=code, example=info.example, unit=shown(unit)
        )
    return found


def _factor(info: Property, unit: str, declared: Dimension | None) -> Fraction | None:
    if info.form is PropertyForm.EMISSION:
        emission = parse_factor_unit(unit, GAS_CODES)
        matches = declared in (None, emission.per.dimension)
        return emission.kg_per_canonical if matches else None
    stated = parse_parameter_unit(unit)
    if stated.numerator is None or stated.denominator is None:
        plain = {PropertyForm.RATIO: ("1", "%"), PropertyForm.COUNT: ("1",)}
        return stated.factor if stated.code in plain.get(info.form, ()) else None
    above, below = stated.numerator.dimension, stated.denominator.dimension
    if info.form is PropertyForm.RATIO:
        is_share = above is Dimension.MASS and below is Dimension.MASS
        return stated.factor if is_share else None
    is_below = below in info.below if info.below else declared in (None, below)
    return stated.factor if above in info.above and is_below else None
