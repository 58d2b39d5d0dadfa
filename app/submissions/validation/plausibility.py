"""Whether a footprint lies where footprints of its category lie.

The ranges stand in a table; the rows of the nearest category count. Rows with words are
for one route each: such a row applies where its words, and those of no other route,
stand in the technology or the name; where no route is clear, the row without words
does, if there is one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from app.factors.content import Content
from app.reference.gases import GAS_CODES
from app.reference.tables import Row, rows
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.measures import (
    Span,
    is_route,
    limits,
    lineage,
    named,
    shown,
    span,
    value_per,
)
from app.submissions.validation.rules import Breach, Check, Rule, Severity
from app.units.factor_unit import FactorUnit, parse_factor_unit


@dataclass(frozen=True, slots=True)
class Range:
    """One row; no `words` are any route, no `region` is any region."""

    category: str
    words: tuple[str, ...]
    unit: FactorUnit
    kinds: frozenset[str]
    boundaries: frozenset[str]
    region: str
    hard: Span
    soft: Span
    source: str

    def is_for(self, content: Content) -> bool:
        """Tell whether the row speaks of values such as that of *content*."""
        return (
            content.kind in self.kinds
            and content.boundary in self.boundaries
            and self.region in ("", content.region)
            and self.value(content) is not None
        )

    def value(self, content: Content) -> Fraction | None:
        """Return the value of *content* in the unit of the row, if it converts."""
        kg = value_per(content, self.unit.per, {self.unit.substance})
        return None if kg is None else kg / self.unit.mass.factor


def _range(row: Row) -> Range:
    return Range(
        category=row["category"],
        words=tuple(filter(None, row["words"].split("|"))),
        unit=parse_factor_unit(row["unit"], GAS_CODES),
        kinds=frozenset(row["kinds"].split("|")),
        boundaries=frozenset(row["boundaries"].split("|")),
        region=row["region"],
        hard=span(row["hard_low"], row["hard_high"]),
        soft=span(row["soft_low"], row["soft_high"]),
        source=row["source"],
    )


RANGES: Final = tuple(_range(row) for row in rows("plausibility.csv"))
_BY_CATEGORY: Final = {
    code: tuple(each for each in RANGES if each.category == code)
    for code in {each.category for each in RANGES}
}
_SOURCE: Final = "engineering and LCA literature; to be tuned by the panel"


def _numbers(name: str) -> MappingProxyType[str, str]:
    numbers: dict[str, str] = {}
    for each in RANGES:
        label = " ".join([each.category, "|".join(each.words), each.unit.code])
        numbers |= limits(label, getattr(each, name))
    return MappingProxyType(numbers)


IMPLAUSIBLE_VALUE: Final = Rule(
    id="IMPLAUSIBLE_VALUE",
    severity=Severity.BLOCK,
    zh="{category_zh}的数值为 {value} {unit},超出可信范围 {range}。",
    en=("{value} {unit} for {category_en} is outside {range}, where any is credible."),
    source=_SOURCE,
    waivable=True,
    numbers=_numbers("hard"),
)
OUTSIDE_USUAL_RANGE: Final = Rule(
    id="OUTSIDE_USUAL_RANGE",
    severity=Severity.WARN,
    zh="{category_zh}的数值为 {value} {unit},超出常见范围 {range}。",
    en=("{value} {unit} for {category_en} is outside {range}, where most are."),
    source=_SOURCE,
    numbers=_numbers("soft"),
)


def range_for(content: Content) -> Range | None:
    """Return the row that applies to *content*, if one does."""
    near = next((c for c in lineage(content.category) if c in _BY_CATEGORY), None)
    if near is None:
        return None
    fitting = [each for each in _BY_CATEGORY[near] if each.is_for(content)]
    routes = [each for each in fitting if each.words and is_route(each.words, content)]
    if len(routes) == 1:
        return routes[0]
    return next((each for each in fitting if not each.words), None)


def value_in_range(candidate: Candidate, _: Facts) -> Iterator[Breach]:
    """The value lies in the range of its category."""
    content = candidate.content
    row = range_for(content) if content else None
    value = row.value(content) if row and content else None
    if content is None or row is None or value is None:
        return
    for rule, within in (
        (IMPLAUSIBLE_VALUE, row.hard),
        (OUTSIDE_USUAL_RANGE, row.soft),
    ):
        if value not in within:
            facts = {"value": shown(value), "unit": row.unit.code, "range": str(within)}
            yield Breach(rule, "/value", named(content, **facts))
            return


CHECKS: Final[tuple[Check, ...]] = (value_in_range,)
RULES: Final[tuple[Rule, ...]] = (IMPLAUSIBLE_VALUE, OUTSIDE_USUAL_RANGE)
