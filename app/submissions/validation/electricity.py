"""Electricity and heat behind a footprint: which figure, of when, of where."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from app.factors.content import Content
from app.reference import categories, regions
from app.reference.enums import FactorKind
from app.submissions.validation.contents import of_content, origin
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.measures import FOOTPRINTS
from app.submissions.validation.rules import Breach, Check, Rule, Severity

ENERGY_KIND: Final = Rule(
    id="ENERGY_KIND",
    severity=Severity.BLOCK,
    zh="{pin} 是 {kind},不含上游与线损,不能用于足迹;请改用该能源的碳足迹因子。",
    en=(
        "{pin} is a {kind} without upstream and grid losses and does not make a "
        "footprint; take the footprint of the energy."
    ),
    source="ISO 14067:2018, treatment of electricity: with upstream and grid losses",
)
ELECTRICITY_YEAR: Final = Rule(
    id="ELECTRICITY_YEAR",
    severity=Severity.WARN,
    zh="{pin} 的基准年 {year} 与本因子的 {own} 相差超过 2 年。",
    en="{pin} is of {year}, more than 2 years from {own}, the year of this factor.",
    source="TanYin",
    numbers={"years": "2"},
)
ELECTRICITY_REGION: Final = Rule(
    id="ELECTRICITY_REGION",
    severity=Severity.WARN,
    zh="{pin} 的地区 {region} 不包含本因子的地区 {own}。",
    en="{pin} is for {region}, which does not contain {own}, the place of this factor.",
    source="TanYin: electricity is that of the grid which supplies the place",
)
RULES: Final[Sequence[Rule]] = (ENERGY_KIND, ELECTRICITY_YEAR, ELECTRICITY_REGION)

_YEARS: Final = int(ELECTRICITY_YEAR.numbers["years"])
_INVENTORY: Final = frozenset({FactorKind.DIRECT_EF, FactorKind.ENERGY_CO2_EF})


def _tree(root: str) -> frozenset[str]:
    below = categories.descendants(root)
    return frozenset({root, *(each.code for each in below)})


_ELECTRICITY: Final = _tree("ELECTRICITY")
_ENERGY: Final = _ELECTRICITY | _tree("HEAT")


@of_content
def _kind(content: Content, _: Candidate, facts: Facts) -> Iterator[Breach]:
    if content.kind not in FOOTPRINTS:
        return
    for pointer, pin, known in _origins(content, facts, _ENERGY):
        if known["kind"] in _INVENTORY:
            shown = {"pin": pin, "kind": known["kind"]}
            yield Breach(ENERGY_KIND, pointer, shown)


@of_content
def _place_and_time(content: Content, _: Candidate, facts: Facts) -> Iterator[Breach]:
    around = {each.code for each in regions.climb(content.region)}
    for pointer, pin, known in _origins(content, facts, _ELECTRICITY):
        year, region = known["reference_year"], known["region"]
        if abs(year - content.reference_year) > _YEARS:
            shown = {"pin": pin, "year": year, "own": content.reference_year}
            yield Breach(ELECTRICITY_YEAR, pointer, shown)
        # The electricity of a grid is made up of that of its parts.
        if region not in around and content.category not in _ELECTRICITY:
            shown = {"pin": pin, "region": region, "own": content.region}
            yield Breach(ELECTRICITY_REGION, pointer, shown)


def _origins(
    content: Content, facts: Facts, among: Collection[str]
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for place, text in enumerate(content.derivation):
        pin = origin(text).pin
        known = facts.origins.get(pin)
        if known and known.content["category"] in among:
            yield f"/derivation/{place}", pin, known.content


CHECKS: Final[Sequence[Check]] = (_kind, _place_and_time)
