"""Limits that chemistry and thermodynamics set to products, from a table.

A floor on the CO2 of a production is compared with the fossil and biogenic CO2 that is
stated, else with the whole value, which cannot be less.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from types import MappingProxyType
from typing import Final

from app.factors.content import Content
from app.reference.enums import Boundary
from app.reference.tables import Row, rows
from app.submissions.validation.contents import of_content
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.measures import (
    ALL_CO2,
    FOOTPRINTS,
    FOSSIL_CO2,
    Span,
    combustion_co2,
    first,
    gases_per,
    is_per,
    is_route,
    limits,
    lineage,
    named,
    shown,
    span,
    stated,
    value_per,
)
from app.submissions.validation.rules import Breach, Check, Rule, Severity
from app.units.catalogue import unit
from app.units.factor_unit import parse_parameter_unit

Measured = tuple[str, Fraction]
"""A pointer and what stands there, in the unit of a row."""

_COVERS_PRODUCTION: Final = frozenset(
    {Boundary.CRADLE_TO_GATE, Boundary.CRADLE_TO_GRAVE, Boundary.LIFE_CYCLE}
)


@dataclass(frozen=True, slots=True)
class Bound:
    """One row; no `categories` are any, no `technology` any route."""

    rule: str
    categories: frozenset[str]
    technology: tuple[str, ...]
    quantity: str
    unit: str
    limits: Span
    source: str

    def is_for(self, content: Content) -> bool:
        """Tell whether the row speaks of products such as that of *content*."""
        above = self.categories.intersection(lineage(content.category))
        is_category = bool(above) or not self.categories
        return is_category and (
            not self.technology or is_route(self.technology, content)
        )

    @property
    def label(self) -> str:
        """What the row is about, as the numbers of a rule name it."""
        return " ".join([*sorted(self.categories), self.quantity, self.unit])

    def measured(self, content: Content) -> Iterator[Measured]:
        """Return what *content* states of the quantity."""
        return _QUANTITIES.get(self.quantity, _property)(content, self)


def _bound(row: Row) -> Bound:
    return Bound(
        rule=row["rule"],
        categories=frozenset(filter(None, row["categories"].split("|"))),
        technology=tuple(filter(None, row["technology"].split("|"))),
        quantity=row["quantity"],
        unit=row["unit"],
        limits=span(row["low"], row["high"]),
        source=row["source"],
    )


BOUNDS: Final = tuple(_bound(row) for row in rows("bounds.csv"))


# The quantities


def _production(content: Content, bound: Bound) -> Iterator[Measured]:
    if content.kind not in FOOTPRINTS or content.boundary not in _COVERS_PRODUCTION:
        return
    co2 = gases_per(content, unit(bound.unit), ALL_CO2)
    if co2 is None:
        yield from _there("/value", value_per(content, unit(bound.unit), {"CO2e"}))
    else:
        yield "/gases", co2


def _combustion(content: Content, bound: Bound) -> Iterator[Measured]:
    yield from _there("/value", combustion_co2(content, unit(bound.unit)))


def _generation(content: Content, bound: Bound) -> Iterator[Measured]:
    if content.kind in FOOTPRINTS:
        yield from _there("/gases", gases_per(content, unit(bound.unit), FOSSIL_CO2))
    else:
        yield from _combustion(content, bound)


def _carbon(content: Content, _: Bound) -> Iterator[Measured]:
    parts = [first(content, code) for code in ("CARBON_FOSSIL", "CARBON_BIOGENIC")]
    known = [part for part in parts if part is not None]
    purity = first(content, "PURITY")
    if known:
        yield "/properties", sum(known) / (purity or Fraction(1))


def _property(content: Content, bound: Bound) -> Iterator[Measured]:
    wanted = parse_parameter_unit(bound.unit)
    per = wanted.denominator
    for place, value in stated(content, bound.quantity):
        if per is None or is_per(content.properties[place].unit, per):
            yield f"/properties/{place}/value", value / wanted.factor


def _there(pointer: str, value: Fraction | None) -> Iterator[Measured]:
    if value is not None:
        yield pointer, value


_QUANTITIES: Final[Mapping[str, Callable[[Content, Bound], Iterator[Measured]]]] = (
    MappingProxyType(
        {
            "PRODUCTION": _production,
            "COMBUSTION": _combustion,
            "GENERATION": _generation,
            "CARBON": _carbon,
        }
    )
)


# The rules


def _rule(
    name: str, words: tuple[str, str], severity: Severity, *, waivable: bool = False
) -> Rule:
    zh, en = words
    ours = [each for each in BOUNDS if each.rule == name]
    numbers = (limits(each.label, each.limits) for each in ours)
    return Rule(
        id=name,
        severity=severity,
        zh=f"{{category_zh}}:{zh},应为 {{range}} {{unit}}。",
        en=f"{{category_en}}: {en}; it must be {{range}} {{unit}}.",
        source="; ".join(dict.fromkeys(each.source for each in ours)),
        waivable=waivable,
        numbers=MappingProxyType(dict(chain.from_iterable(map(dict.items, numbers)))),
    )


def _floor(name: str, zh: str, en: str) -> Rule:
    """Return a floor below which only captured or otherwise sourced carbon leads."""
    words = (
        f"{{value}} {{unit}} 低于{zh}所产生的 CO2",
        f"{{value}} {{unit}} is less than the CO2 of {en} alone",
    )
    return _rule(name, words, Severity.BLOCK, waivable=True)


def _stated(
    name: str,
    zh: str,
    en: str,
    severity: Severity = Severity.BLOCK,
    *,
    waivable: bool = False,
) -> Rule:
    words = (f"{zh}为 {{value}} {{unit}}", f"the {en} is {{value}} {{unit}}")
    return _rule(name, words, severity, waivable=waivable)


ANODE_FLOOR: Final = _floor("ANODE_FLOOR", "阳极消耗", "the anode")
SMELTING_ELECTRICITY: Final = _stated("SMELTING_ELECTRICITY", "电耗", "electricity use")
ALUMINA_FLOOR: Final = _stated("ALUMINA_FLOOR", "氧化铝单耗", "alumina use")
IRON_FLOOR: Final = _floor("IRON_FLOOR", "铁矿石还原", "reducing the ore")
AMMONIA_GAS_FLOOR: Final = _floor("AMMONIA_GAS_FLOOR", "原料", "the feed")
HYDROGEN_FLOOR: Final = _floor("HYDROGEN_FLOOR", "原料", "the feed")
# Electrolysis of steam takes a part of its energy as heat.
ELECTROLYSIS_ELECTRICITY: Final = _stated(
    "ELECTROLYSIS_ELECTRICITY", "电耗", "electricity use", waivable=True
)
CARBIDE_FLOOR: Final = _floor("CARBIDE_FLOOR", "还原与石灰", "reduction and lime")
SILICON_FLOOR: Final = _floor("SILICON_FLOOR", "还原", "the reduction")
# Capture leads below the window, the heat of a cogeneration beyond it either way.
POWER_WINDOW: Final = _stated(
    "POWER_WINDOW", "燃烧 CO2", "CO2 of combustion", waivable=True
)
NATURAL_GAS_COMBUSTION: Final = _stated(
    "NATURAL_GAS_COMBUSTION", "燃烧 CO2", "CO2 of combustion", Severity.WARN
)
COMPOUND_CARBON: Final = _stated(
    "COMPOUND_CARBON", "含碳量", "carbon content", Severity.WARN
)
# Heat pumps and, on the net calorific value, condensing boilers exceed 100 %.
EFFICIENCY_RANGE: Final = _stated(
    "EFFICIENCY_RANGE", "效率", "efficiency", waivable=True
)
LINE_LOSS_RANGE: Final = _stated(
    "LINE_LOSS_RANGE", "线损率", "line loss", waivable=True
)

RULES: Final[tuple[Rule, ...]] = (
    ANODE_FLOOR,
    SMELTING_ELECTRICITY,
    ALUMINA_FLOOR,
    IRON_FLOOR,
    AMMONIA_GAS_FLOOR,
    HYDROGEN_FLOOR,
    ELECTROLYSIS_ELECTRICITY,
    CARBIDE_FLOOR,
    SILICON_FLOOR,
    POWER_WINDOW,
    NATURAL_GAS_COMBUSTION,
    COMPOUND_CARBON,
    EFFICIENCY_RANGE,
    LINE_LOSS_RANGE,
)
_BY_ID: Final = {rule.id: rule for rule in RULES}


@of_content
def within_bounds(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    """Nothing that is stated goes beyond what is possible for the product."""
    for bound in BOUNDS:
        if bound.is_for(content):
            for pointer, value in bound.measured(content):
                if value not in bound.limits:
                    yield _breach(content, bound, pointer, value)


def _breach(content: Content, bound: Bound, pointer: str, value: Fraction) -> Breach:
    is_mass = bound.quantity in ("PRODUCTION", "COMBUSTION", "GENERATION")
    unit_text = f"kg/{bound.unit}" if is_mass else bound.unit
    facts = {"value": shown(value), "unit": unit_text, "range": str(bound.limits)}
    return Breach(_BY_ID[bound.rule], pointer, named(content, **facts))


CHECKS: Final[tuple[Check, ...]] = (within_bounds,)
