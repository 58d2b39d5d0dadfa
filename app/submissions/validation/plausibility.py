"""Whether a footprint lies where footprints of its category lie.

The ranges stand in a table; of the rows of the nearest category the first applies whose
route, region, boundary and unit are those of the content. Where the route is not known,
nothing is said.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.factors.content import Content
from app.reference.tables import Row, rows
from app.submissions.validation.contents import of_content
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.measures import (
    FOOTPRINTS,
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
from app.units.algebra import Unit
from app.units.catalogue import unit

_SUBSTANCES: Final = frozenset({"CO2e"})


@dataclass(frozen=True, slots=True)
class Range:
    """One row; no `technology` is any route, no `region` any region."""

    categories: tuple[str, ...]
    technology: tuple[str, ...]
    region: str
    boundaries: frozenset[str]
    unit: Unit
    hard: Span
    soft: Span
    source: str

    def is_for(self, content: Content) -> bool:
        """Tell whether the row speaks of values such as that of *content*."""
        return (
            content.kind in FOOTPRINTS
            and content.boundary in self.boundaries
            and self.region in ("", content.region)
            and (not self.technology or is_route(self.technology, content))
            and value_per(content, self.unit, _SUBSTANCES) is not None
        )


def _range(row: Row) -> Range:
    return Range(
        categories=tuple(row["categories"].split("|")),
        technology=tuple(filter(None, row["technology"].split("|"))),
        region=row["region"],
        boundaries=frozenset(row["boundaries"].split("|")),
        unit=unit(row["unit"]),
        hard=span(row["hard_low"], row["hard_high"]),
        soft=span(row["soft_low"], row["soft_high"]),
        source=row["source"],
    )


RANGES: Final = tuple(_range(row) for row in rows("plausibility.csv"))
_BY_CATEGORY: Final = {
    code: tuple(each for each in RANGES if code in each.categories)
    for code in {code for each in RANGES for code in each.categories}
}
_SOURCE: Final = "engineering and LCA literature; to be tuned by the panel"


def _numbers(name: str) -> MappingProxyType[str, str]:
    numbers: dict[str, str] = {}
    for each in RANGES:
        parts = ["|".join(each.categories), "|".join(each.technology)]
        label = " ".join([*filter(None, parts), f"kgCO2e/{each.unit.code}"])
        numbers |= limits(label, getattr(each, name))
    return MappingProxyType(numbers)


IMPLAUSIBLE_VALUE: Final = Rule(
    id="IMPLAUSIBLE_VALUE",
    severity=Severity.BLOCK,
    zh="{category_zh}的数值为 {value} kgCO2e/{unit},超出可信范围 {range}。",
    en=(
        "{value} kgCO2e/{unit} for {category_en} is outside {range}, "
        "beyond which none is credible."
    ),
    source=_SOURCE,
    waivable=True,
    numbers=_numbers("hard"),
)
OUTSIDE_USUAL_RANGE: Final = Rule(
    id="OUTSIDE_USUAL_RANGE",
    severity=Severity.WARN,
    zh="{category_zh}的数值为 {value} kgCO2e/{unit},超出常见范围 {range}。",
    en=("{value} kgCO2e/{unit} for {category_en} is outside {range}, where most are."),
    source=_SOURCE,
    numbers=_numbers("soft"),
)


def range_for(content: Content) -> Range | None:
    """Return the row that applies to *content*, if one does."""
    near = next((c for c in lineage(content.category) if c in _BY_CATEGORY), None)
    if near is None:
        return None
    return next((each for each in _BY_CATEGORY[near] if each.is_for(content)), None)


@of_content
def value_in_range(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    """The value lies in the range of its category."""
    row = range_for(content)
    value = value_per(content, row.unit, _SUBSTANCES) if row else None
    if row is None or value is None:
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
