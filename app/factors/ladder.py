"""What a description asks of a factor, and how far a factor is from it. Pure.

What is stated must match, save what the caller lets fall back: that may climb a ladder.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Final, TypeAlias

from app.reference import regions
from app.reference.enums import Boundary, FactorKind, VersionStatus
from app.units.algebra import Dimension
from app.units.catalogue import unit

PCF: Final = "PCF"
# The last year gap of each score of TiR, and how far GeR can worsen.
_TIR_GAPS: Final = (3, 6, 10, 15)
_WORST: Final = 4

# By axis, what gives way last first: the rung, and of years also the year itself, so
# that of two years as near the earlier one comes first.
Rank: TypeAlias = tuple[tuple[int, int], ...]


class Axis(StrEnum):
    """What may fall back."""

    REGION = "region"
    YEAR = "year"
    BOUNDARY = "boundary"
    TECHNOLOGY = "technology"


class Criterion(StrEnum):
    """What leaves no factor, in the order in which an absence is explained.

    SUBJECT is what the description is of: product, category, q, series.
    """

    SUBJECT = "SUBJECT"
    KIND = "KIND"
    BOUNDARY = "BOUNDARY"
    TECHNOLOGY = "TECHNOLOGY"
    SOURCE = "SOURCE"
    UNIT = "UNIT"
    DIMENSION = "DIMENSION"
    PURPOSE = "PURPOSE"
    REGION = "REGION"
    YEAR = "YEAR"
    STATUS = "STATUS"
    VALID_ON = "VALID_ON"
    STRICT = "STRICT"
    BREADTH = "BREADTH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The current version of a factor at a snapshot, by what it may be chosen for."""

    code: str
    version: int
    log_index: int
    kind: str
    region: str
    unit: str
    declared_unit: str
    boundary: str
    year: int
    valid_from: dt.date | None
    valid_until: dt.date | None
    publisher_zh: str
    publisher_en: str
    document_number: str | None
    technology: str | None
    status: VersionStatus


@dataclass(frozen=True, slots=True)
class Distance:
    """How far what was taken is from what was asked for, in rungs and in years."""

    region_rungs: int = 0
    years: int = 0
    boundary_rungs: int = 0
    technology_rungs: int = 0

    @property
    def ger(self) -> int:
        """What the score of geography loses: 1 for each rung, at most 4."""
        return min(self.region_rungs, _WORST)

    @property
    def tir(self) -> int:
        """What the score of time loses, by the year gap."""
        return sum(self.years > gap for gap in _TIR_GAPS)


HERE: Final = Distance()


@dataclass(frozen=True)
class Wanted:
    """What a factor must be; None asks for nothing.

    `dimension` is that of the line's unit, `day` one on which the factor must be valid.
    """

    kind: str | None = None
    boundary: str | None = None
    technology: str | None = None
    source: str | None = None
    unit: str | None = None
    region: str | None = None
    year: int | None = None
    fallback: tuple[Axis, ...] = ()
    purpose: str = PCF
    day: dt.date | None = None
    dimension: Dimension | None = None

    @cached_property
    def regions(self) -> Mapping[str, int]:
        """The rung of each region that will do; empty if any will."""
        if self.region is None:
            return {}
        around = [each.code for each in regions.climb(self.region)]
        return _rungs(around if Axis.REGION in self.fallback else [self.region])

    @cached_property
    def boundaries(self) -> Mapping[str, int]:
        """The rung of each boundary that will do; empty if any will."""
        if self.boundary is None:
            return {}
        falls = Axis.BOUNDARY in self.fallback
        return _rungs(_less_stated(self.boundary) if falls else [self.boundary])

    @cached_property
    def technologies(self) -> Mapping[str | None, int]:
        """The rung of each technology that will do; None is one not stated."""
        if self.technology is None:
            return {}
        falls = Axis.TECHNOLOGY in self.fallback
        own = self.technology.casefold()
        return {own: 0, None: 1} if falls else {own: 0}

    @cached_property
    def order(self) -> tuple[Axis, ...]:
        """The axes that are stated, what gives way last first."""
        stated = [axis for axis in Axis if getattr(self, axis) is not None]
        kept = [axis for axis in stated if axis not in self.fallback]
        return (*kept, *reversed(self.fallback))

    def distance(self, candidate: Candidate) -> Distance:
        """Return how far *candidate* is, which fits."""
        rungs = {axis: self.rung(axis, candidate)[0] for axis in self.order}
        return Distance(
            region_rungs=rungs.get(Axis.REGION, 0),
            years=rungs.get(Axis.YEAR, 0),
            boundary_rungs=rungs.get(Axis.BOUNDARY, 0),
            technology_rungs=rungs.get(Axis.TECHNOLOGY, 0),
        )

    def rank(self, candidate: Candidate) -> Rank:
        """Return where on the ladder *candidate* stands, which fits; 0 is the best."""
        return tuple([self.rung(axis, candidate) for axis in self.order])

    def rung(self, axis: Axis, candidate: Candidate) -> tuple[int, int]:
        """Return where *candidate* stands by *axis*, which is stated."""
        match axis:
            case Axis.REGION:
                return self.regions[candidate.region], 0
            case Axis.YEAR:
                return self.years_off(candidate.year), candidate.year
            case Axis.BOUNDARY:
                return self.boundaries[candidate.boundary], 0
            case Axis.TECHNOLOGY:
                return self.technologies[_technology(candidate)], 0

    def years_off(self, year: int) -> int:
        """Return how far *year* is; 0 where none is asked for."""
        return 0 if self.year is None else abs(year - self.year)

    def fits(self, candidate: Candidate) -> bool:
        """Tell whether *candidate* stands on the ladder at all, usable or not."""
        return all(holds(self, candidate) for holds in self._descriptive)

    @cached_property
    def _descriptive(self) -> tuple[Callable[["Wanted", Candidate], bool], ...]:
        return tuple(
            holds
            for criterion, holds in CRITERIA
            if criterion not in _USE and self.asked(criterion)
        )

    def failure(self, candidate: Candidate) -> Criterion | None:
        """Return why *candidate*, which fits, is not to be used."""
        for each in _USE:
            if not _HOLDS[each](self, candidate):
                return each
        return None

    def asked(self, criterion: Criterion) -> str:
        """Return what *criterion* asks for, to be named."""
        match criterion:
            case Criterion.DIMENSION:
                return "" if self.dimension is None else self.dimension.value
            case Criterion.VALID_ON:
                return "" if self.day is None else self.day.isoformat()
            case _:
                return str(getattr(self, criterion.lower(), None) or "")


def _rungs(ladder: Iterable[str]) -> Mapping[str, int]:
    return MappingProxyType({each: rung for rung, each in enumerate(ladder)})


def _less_stated(boundary: str) -> list[str]:
    """Return *boundary*, and then those of sources that do not say where they cut.

    Another stated boundary answers another question and never stands in.
    """
    ladder = [boundary]
    if boundary in {Boundary.CRADLE_TO_GATE, Boundary.CRADLE_TO_GRAVE}:
        ladder.append(Boundary.LIFE_CYCLE)
    if boundary != Boundary.NOT_STATED:
        ladder.append(Boundary.NOT_STATED)
    return ladder


def _technology(candidate: Candidate) -> str | None:
    text = candidate.technology
    return None if text is None else text.casefold()


def _is_kind(wanted: Wanted, each: Candidate) -> bool:
    return wanted.kind in {None, each.kind}


def _is_bounded(wanted: Wanted, each: Candidate) -> bool:
    return not wanted.boundaries or each.boundary in wanted.boundaries


def _is_made_so(wanted: Wanted, each: Candidate) -> bool:
    return not wanted.technologies or _technology(each) in wanted.technologies


def _is_from(wanted: Wanted, each: Candidate) -> bool:
    sources = {each.publisher_zh, each.publisher_en, each.document_number, None}
    return wanted.source is None or wanted.source in sources


def _is_in_unit(wanted: Wanted, each: Candidate) -> bool:
    return wanted.unit in {None, each.unit, each.declared_unit}


def _is_countable(wanted: Wanted, each: Candidate) -> bool:
    # A unit that is asked for by name may be reached by a property of the factor.
    if wanted.dimension is None or wanted.unit is not None:
        return True
    if each.kind == FactorKind.PARAMETER:
        return False
    return unit(each.declared_unit).dimension is wanted.dimension


def _is_for_purpose(wanted: Wanted, each: Candidate) -> bool:
    barred = {FactorKind.PARAMETER}
    if wanted.purpose == PCF:
        barred.add(FactorKind.ENERGY_CO2_EF)
    return each.kind not in barred


def _is_near(wanted: Wanted, each: Candidate) -> bool:
    return not wanted.regions or each.region in wanted.regions


def _is_of_year(wanted: Wanted, each: Candidate) -> bool:
    return wanted.year in {None, each.year} or Axis.YEAR in wanted.fallback


def _is_in_use(_: Wanted, each: Candidate) -> bool:
    return each.status is VersionStatus.PUBLISHED


def _is_valid(wanted: Wanted, each: Candidate) -> bool:
    day = wanted.day
    if day is None:
        return True
    return (each.valid_from or day) <= day <= (each.valid_until or day)


CRITERIA: Final[tuple[tuple[Criterion, Callable[[Wanted, Candidate], bool]], ...]] = (
    (Criterion.KIND, _is_kind),
    (Criterion.BOUNDARY, _is_bounded),
    (Criterion.TECHNOLOGY, _is_made_so),
    (Criterion.SOURCE, _is_from),
    (Criterion.UNIT, _is_in_unit),
    (Criterion.DIMENSION, _is_countable),
    (Criterion.PURPOSE, _is_for_purpose),
    (Criterion.REGION, _is_near),
    (Criterion.YEAR, _is_of_year),
    (Criterion.STATUS, _is_in_use),
    (Criterion.VALID_ON, _is_valid),
)
"""In the order in which an absence is explained."""
_HOLDS: Final = dict(CRITERIA)
# What does not describe a factor but bars it.
_USE: Final = (
    Criterion.PURPOSE,
    Criterion.DIMENSION,
    Criterion.STATUS,
    Criterion.VALID_ON,
)
