"""The properties of a content, each in a unit and a range that its kind can have."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from app.factors.content import Content
from app.reference.properties import PROPERTIES, PropertyUnitMismatch, unit_factor
from app.submissions.validation.contents import of_content
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.measures import Span, factor_unit, shown
from app.submissions.validation.rules import Breach, Check, Rule, Severity

PROPERTY_UNIT: Final = Rule(
    id="PROPERTY_UNIT",
    severity=Severity.BLOCK,
    zh="{property} 的单位形如 {example},“{unit}”不符合。",
    en='The unit of {property} is like {example}; "{unit}" is not.',
    source="dimensional analysis",
)
PROPERTY_RANGE: Final = Rule(
    id="PROPERTY_RANGE",
    severity=Severity.BLOCK,
    zh="{property} 为 {value},按基准单位应为 {range}。",
    en="{property} is {value}; in canonical units it must be {range}.",
    source="conservation of mass and energy",
    numbers=MappingProxyType(
        {
            f"{code} {end}": str(number)
            for code, each in PROPERTIES.items()
            for end, number in (("low", each.low), ("high", each.high))
            if number is not None
        }
    ),
)
# The bounds of these yield to an explanation.
_ELSEWHERE: Final = frozenset({"EFFICIENCY", "LINE_LOSS"})


@of_content
def fits(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    """Every property is in a unit and a range that its kind can have."""
    declared = factor_unit(content)
    dimension = declared.per.dimension if declared else None
    for place, each in enumerate(content.properties):
        info = PROPERTIES[each.property]
        facts = {"property": each.property, "example": info.example}
        try:
            factor = unit_factor(each.property, each.unit, dimension)
        except PropertyUnitMismatch:
            where = f"/properties/{place}/unit"
            yield Breach(PROPERTY_UNIT, where, {**facts, "unit": each.unit})
            continue
        value, range_ = Fraction(each.value) * factor, _range(info.low, info.high)
        if each.property not in _ELSEWHERE and value not in range_:
            facts |= {"value": shown(value), "range": str(range_)}
            yield Breach(PROPERTY_RANGE, f"/properties/{place}/value", facts)


def _range(low: Decimal | None, high: Decimal | None) -> Span:
    ends = (None if end is None else Fraction(end) for end in (low, high))
    return Span(*ends)


CHECKS: Final[tuple[Check, ...]] = (fits,)
RULES: Final[tuple[Rule, ...]] = (PROPERTY_UNIT, PROPERTY_RANGE)
