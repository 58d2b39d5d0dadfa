"""From what a line names to a coefficient, judging kind, status and validity."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, TypeAlias

from app.calculation import findings, uncertainty
from app.calculation.boundaries import boundary_notices
from app.calculation.coefficients import (
    Bridge,
    Coefficient,
    Figure,
    bridge,
    characterise,
    gas_figure,
)
from app.calculation.findings import Notice, PropertyUsed
from app.calculation.natures import Nature, published_nature
from app.calculation.request import InlineFactor
from app.calculation.uncertainty import Distribution, Uniform
from app.factors.codes import parse_pin
from app.factors.queries import Alternative, VersionAt
from app.kit.decimals import number_text
from app.kit.errors import Invalid
from app.reference.enums import FactorKind, Road, VersionStatus
from app.reference.gases import GAS_CODES, gas
from app.reference.gwp import GwpSet
from app.reference.properties import BRIDGES
from app.units.algebra import Unit
from app.units.factor_unit import parse_factor_unit, parse_parameter_unit

# What a reference `CODE` or `CODE@n` was found to be, or why it was not.
Found: TypeAlias = VersionAt | Invalid
PCF: Final = "PCF"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a request asks of every factor."""

    gwp_set: GwpSet
    purpose: str
    snapshot: int
    valid_on: dt.date | None


@dataclass(frozen=True, slots=True)
class Resolved:
    """A coefficient and what is to be said of it wherever it is used."""

    coefficient: Coefficient
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A coefficient reached from one stated unit; `number` is its place in `routes`."""

    number: int
    coefficient: Coefficient
    stated: Unit
    factor: Fraction
    notices: tuple[Notice, ...]


@dataclass(slots=True)
class Resolver:
    """Finds the coefficient of every reference once."""

    terms: Terms
    found: Mapping[str, Found]
    alternatives: Mapping[str, tuple[Alternative, ...]]
    fallbacks: Mapping[str, Notice] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    _resolved: dict[str, Resolved] = field(default_factory=dict)

    def factor(self, reference: str) -> Resolved:
        """Return what *reference* resolves to; raises the reason why it does not."""
        known = self._resolved.get(reference)
        if known is None:
            known = self._resolved[reference] = self._version(reference)
        return known

    def inline(self, factor: InlineFactor) -> Resolved:
        """Return what the caller's own figure comes to."""
        self._check_kind(factor.get("kind", PCF), factor["name"], ())
        figure = _inline_figure(factor, self.terms.gwp_set.code)
        return self._own(characterise(figure, self.terms.gwp_set))

    def unity(self, per: str) -> Resolved:
        """Return what a figure of 1 in the unit *per* comes to."""
        return self._own(_unity(per, self.terms.gwp_set))

    def emission(self, code: str) -> Resolved:
        """Return the coefficient of the gas *code* itself."""
        return Resolved(_emitted(gas(code, "/gas").code, self.terms.gwp_set), ())

    def route(self, resolved: Resolved, stated: Unit) -> Route:
        """Return the way from *stated* to the coefficient, numbered anew."""
        crossing = bridge(resolved.coefficient.figure, stated)
        route = Route(
            number=len(self.routes),
            coefficient=resolved.coefficient,
            stated=stated,
            factor=crossing.factor,
            notices=resolved.notices + _crossed(resolved, stated, crossing),
        )
        self.routes.append(route)
        return route

    def _own(self, coefficient: Coefficient) -> Resolved:
        notices = self._boundary_notices(coefficient.figure)
        return Resolved(coefficient, _some(coefficient.notice, *notices))

    def _version(self, reference: str) -> Resolved:
        version = self.found[reference]
        if isinstance(version, Invalid):
            raise version
        label = f"{version.code}@{version.version}"
        content = version.record["content"]
        pinned = "@" in reference
        self._check_kind(content["kind"], label, self.alternatives.get(reference, ()))
        _check_status(version.status, label, pinned=pinned)
        figure = _version_figure(version.code, label, content)
        coefficient = characterise(figure, self.terms.gwp_set)
        notices = (
            self.fallbacks.get(reference),
            coefficient.notice,
            *self._boundary_notices(figure),
            *_version_notices(version, label),
            self._validity_notice(content["validity"], label),
        )
        return Resolved(coefficient, _some(*notices))

    def _check_kind(
        self, kind: str, label: str, alternatives: tuple[Alternative, ...]
    ) -> None:
        if kind == FactorKind.PARAMETER:
            advice = ("A parameter is no factor.", "参数不是因子。")
        elif kind == FactorKind.ENERGY_CO2_EF and self.terms.purpose == PCF:
            advice = _advice(alternatives)
        else:
            return
        raise findings.EfKindMismatch(
            factor=label, kind=kind, advice_en=advice[0], advice_zh=advice[1]
        )

    def _boundary_notices(self, figure: Figure) -> list[Notice]:
        if self.terms.purpose != PCF:
            return []
        return boundary_notices(figure.nature, figure.label)

    def _validity_notice(
        self, validity: Mapping[str, str | None], label: str
    ) -> Notice | None:
        day = self.terms.valid_on
        if day is None:
            return None
        first, last = validity["first"], validity["last"]
        text = day.isoformat()
        if (first is None or first <= text) and (last is None or text <= last):
            return None
        return findings.FactorNotValid(factor=label, day=text)


def _some(*notices: Notice | None) -> tuple[Notice, ...]:
    return tuple(notice for notice in notices if notice is not None)


def _crossed(resolved: Resolved, stated: Unit, crossing: Bridge) -> tuple[Notice, ...]:
    if crossing.used is None:
        return ()
    figure = resolved.coefficient.figure
    name, value = crossing.used
    return (
        PropertyUsed(
            property=name,
            value=value,
            factor=figure.label,
            source=stated.code,
            target=figure.unit.per.code,
        ),
    )


def _advice(alternatives: tuple[Alternative, ...]) -> tuple[str, str]:
    """Return which footprint factor to use instead, in English and Chinese."""
    if not alternatives:
        return (
            "A footprint needs a life-cycle factor.",
            "产品碳足迹须采用全生命周期的碳足迹因子。",
        )
    best = alternatives[0]
    named = f"{best.code}@{best.version}"
    return (
        f"Use the footprint factor {named} ({best.name_en}, {best.reference_year}).",
        f"请改用碳足迹因子 {named}({best.name_zh},{best.reference_year} 年)。",
    )


def _check_status(status: VersionStatus, label: str, *, pinned: bool) -> None:
    if status is VersionStatus.VOID:
        raise findings.FactorVoid(factor=label)
    if status is VersionStatus.RETIRED and not pinned:
        raise findings.FactorRetired(factor=label)


def _version_notices(version: VersionAt, label: str) -> list[Notice]:
    notices: list[Notice] = []
    match version.status:
        case VersionStatus.SUSPENDED:
            notices.append(findings.FactorSuspended(factor=label))
        case VersionStatus.RETIRED:
            notices.append(findings.PinnedFactorRetired(factor=label))
        case VersionStatus.SUPERSEDED:
            highest = version.highest
            notices.append(findings.FactorSuperseded(factor=label, highest=highest))
        case _:
            pass
    year = version.record["content"]["reference_year"]
    if version.newest_year > year:
        newer = findings.NewerYearAvailable(
            factor=label,
            year=year,
            newer=version.newest_code,
            newer_year=version.newest_year,
        )
        notices.append(newer)
    if version.record["road"] == Road.IMPORT:
        notices.append(findings.FactorUnreviewed(factor=label))
    return notices


def _version_figure(code: str, label: str, content: Mapping[str, Any]) -> Figure:
    gases, properties = content["gases"], content["properties"]
    return Figure(
        label=label,
        value=Fraction(content["value"]),
        unit=parse_factor_unit(content["unit"], GAS_CODES),
        basis=content["gwp_set"],
        gases=tuple((each["gas"], Fraction(each["mass_kg"])) for each in gases),
        properties=tuple(
            (each["property"], each["value"], parse_parameter_unit(each["unit"]))
            for each in properties
            if each["property"] in BRIDGES
        ),
        uncertainty=_published_spread(content),
        nature=published_nature(code, content),
    )


def _published_spread(content: Mapping[str, Any]) -> Distribution | None:
    """Return what the content states; it was judged when it was published."""
    stated = content.get("uncertainty")
    if stated is None:
        return None
    return Uniform(*sorted((float(stated["min"]), float(stated["max"]))))


def _inline_figure(factor: InlineFactor, requested: str) -> Figure:
    unit = parse_factor_unit(factor["unit"], GAS_CODES, "/factor/unit")
    if factor.get("gases") and unit.substance != "CO2e":
        where = "/factor/gases"
        raise findings.GasesNotAllowed(pointer=where, substance=unit.substance)
    text = number_text(factor["value"], "/factor/value")
    return Figure(
        label=factor["name"],
        value=Fraction(text),
        unit=unit,
        basis=factor.get("gwp_set", requested),
        gases=tuple(_inline_gases(factor)),
        category=factor.get("category"),
        uncertainty=_inline_spread(factor, text),
        nature=Nature(kind=factor.get("kind", PCF), includes=_includes(factor)),
    )


@lru_cache(maxsize=1024)
def _unity(per: str, gwp_set: GwpSet) -> Coefficient:
    factor = InlineFactor(name=per, value="1", unit=per)
    return characterise(_inline_figure(factor, gwp_set.code), gwp_set)


@lru_cache(maxsize=1024)
def _emitted(code: str, gwp_set: GwpSet) -> Coefficient:
    return characterise(gas_figure(code), gwp_set)


def _includes(factor: InlineFactor) -> tuple[str, ...]:
    stated = enumerate(factor.get("includes", ()))
    pins = [parse_pin(text, f"/factor/includes/{place}") for place, text in stated]
    return tuple(pin.code for pin in pins)


def _inline_spread(factor: InlineFactor, value: str) -> Distribution | None:
    if "uncertainty" not in factor:
        return None
    return uncertainty.read(factor["uncertainty"], value, "/factor/uncertainty")


def _inline_gases(factor: InlineFactor) -> list[tuple[str, Fraction]]:
    masses = []
    for number, each in enumerate(factor.get("gases", [])):
        where = f"/factor/gases/{number}"
        mass = number_text(each["mass_kg"], f"{where}/mass_kg")
        masses.append((gas(each["gas"], f"{where}/gas").code, Fraction(mass)))
    return masses
