"""Data quality of a result: scores, weights, bands. Pure: arrays in, arrays out.

A score is 1 (best) to 5, and 5 where nothing is known. An item is one line, weighted by
the magnitude of what it adds, over all ways in which it is reached.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from app.calculation import engine
from app.calculation.engine import System
from app.calculation.graphs import Flags, Ints
from app.calculation.sums import Floats, settled
from app.reference.enums import QualityBand, RegionLevel, Traceability
from app.reference.regions import climb

BEST: Final = 1.0
WORST: Final = 5.0
LEADING_SHARE: Final = 0.8
_SCORES: Final = 4
TRACED: Final[Mapping[str, float]] = MappingProxyType(
    {
        Traceability.SI_TRACEABLE: 1.0,
        Traceability.STATUTORY_VERIFIED: 0.7,
        Traceability.CERTIFICATE_WITH_GAP: 0.4,
        Traceability.MEASURED_UNCERTIFIED: 0.2,
        Traceability.NOT_MEASURED: 0.0,
    }
)
_AGES: Final = (3, 6, 10, 15)  # years; the oldest that score 1, 2, 3 and 4
_BANDS: Final = (1.5, 2.0, 3.0, 4.0)
# Weights that agree in so many binary digits are the same but for their rounding.
_DIGITS: Final = 2.0**36
_LEAST_OFF: Final = 1e-10


def temporal(age: float) -> float:
    """Return the score of data whose middle is *age* years off."""
    return BEST + bisect_left(_AGES, abs(age))


@lru_cache(maxsize=4096)
def geographical(data: str, asked: str) -> float:
    """Return the score of data of one region for another; both are codes.

    1 the same, 2 a larger region that contains it, 3 a part of it or of the same grid,
    4 of the same country, 5 another one.
    """
    around = climb(asked)
    common = next(each for each in climb(data) if each in around)
    if common.code == data:
        return 1.0 if data == asked else 2.0
    if common.level is RegionLevel.GLOBAL:
        return WORST
    is_near = common.code == asked or common.level is RegionLevel.GRID
    return 3.0 if is_near else 4.0


def band(rating: float) -> QualityBand:
    """Return what a data-quality *rating* is called."""
    return tuple(QualityBand)[bisect_left(_BANDS, rating)]


class Marks(NamedTuple):
    """What is known of an item, or the means over several.

    Four scores, and `known`, the part of them that is more than ignorance. `primary` is
    1 where amount and factor are primary data; of `national` an amount by itself makes
    half. `traced` is the traceability of the amount. The last two are 1 where the item
    says whether it is primary, and how traceable.
    """

    ter: float
    ger: float
    tir: float
    p: float
    known: float
    primary: float
    national: float
    traced: float
    tells_primary: float
    tells_traced: float

    @property
    def rating(self) -> float:
        """The mean of the four scores."""
        return (self.ter + self.ger + self.tir + self.p) / 4


@dataclass(frozen=True, slots=True)
class Rating:
    """The means over `items` of all items, which have the share `covered` of them."""

    items: int
    covered: float
    means: Marks


@dataclass(frozen=True, slots=True)
class Quality:
    """Data quality of one footprint; None where nothing adds to it.

    `leading` is over the fewest items that have 80 % of the weight, `whole` over all,
    and `kept` over all without their biogenic uptake.
    """

    leading: Rating | None
    whole: Rating | None
    kept: Rating | None


class Items:
    """The lines of a system with their marks, for the quality of any footprint in it.

    `marks` has a row for each line, `kept` what its intensity is without biogenic
    uptake.
    """

    def __init__(self, system: System, marks: Floats, kept: Floats) -> None:
        self.marks = marks
        self.process = system.process
        gross = np.abs(system.share[system.process] * system.amount)
        self.weight = gross * np.abs(system.intensity)
        self._whole = _Sums(system, marks, self.weight)
        self._kept = _Sums(system, marks, gross * np.abs(kept))

    def quality(self, runs: Floats) -> Quality:
        """Return the quality of the footprint of *runs*, which are by process."""
        sizes = np.abs(runs)
        with np.errstate(over="ignore", invalid="ignore"):
            whole, kept = self._whole.rating(sizes), self._kept.rating(sizes)
            leading = None
            if whole is not None:
                leading = _leading(self.marks, self.weight * sizes[self.process])
        return Quality(leading, whole, kept)


class _Sums:
    """Weights and weighted marks, summed by process once for many footprints."""

    def __init__(self, system: System, marks: Floats, weight: Floats) -> None:
        size = len(system.output)
        self.count = np.bincount(system.process[weight > 0], minlength=size)
        self.weight = np.bincount(system.process, weight, size)
        columns = [np.bincount(system.process, weight * each, size) for each in marks.T]
        self.marks = np.array(columns)

    def rating(self, sizes: Floats) -> Rating | None:
        """Return the means over all items, which count as often as *sizes* say."""
        weight = float((self.weight * sizes).sum())
        if not 0 < weight < np.inf:
            return None
        means = (self.marks * sizes).sum(axis=1) / weight
        return Rating(int(self.count[sizes > 0].sum()), 1.0, Marks(*means.tolist()))


def _leading(marks: Floats, weight: Floats) -> Rating:
    """Return the rating of the fewest items that have 80 % of the weight."""
    chosen = np.flatnonzero(leading_items(marks, weight))
    mine = weight[chosen]
    held = mine.sum()
    means = (marks[chosen].T * mine).sum(axis=1) / held
    return Rating(len(chosen), float(held / weight.sum()), Marks(*means.tolist()))


def leading_items(marks: Floats, weight: Floats) -> Flags:
    """Tell which are the fewest items that have 80 % of the weight together.

    Of items that weigh the same, the worse come first, so that no order of the lines
    makes a difference. Some item weighs something.
    """
    fraction, exponent = np.frexp(weight)
    rounded = np.ldexp(np.rint(fraction * _DIGITS) / _DIGITS, exponent)
    falling = np.sort(rounded)[::-1]
    reached = np.cumsum(falling)
    enough = reached[-1] * (LEADING_SHARE - _LEAST_OFF)
    count = int(np.searchsorted(reached, enough)) + 1
    least = falling[count - 1]
    chosen: Flags = rounded > least
    tied = np.flatnonzero(rounded == least)
    worst_first = tied[
        np.lexsort((*marks[tied].T[::-1], -marks[tied, :_SCORES].sum(axis=1)))
    ]
    chosen[worst_first[: count - int(chosen.sum())]] = True
    return chosen


def runs_behind(system: System, processes: Ints) -> Iterator[Floats]:
    """Yield for each of *processes* the runs of all behind one unit of its product.

    The reference of the system has to reach them.
    """
    graph, _, factors = engine.take_apart(system)
    place = np.zeros(len(system.output), dtype=np.intp)
    place[graph.order] = np.arange(len(graph.order))
    for each in place[processes].tolist():
        demand = np.zeros(len(graph.order))
        demand[each] = 1.0
        found = factors.solve(demand)
        gross = factors.uses.gross.T @ np.abs(found) + demand
        runs = np.zeros(len(system.output))
        runs[graph.order] = settled(found, gross)
        yield runs / system.output
