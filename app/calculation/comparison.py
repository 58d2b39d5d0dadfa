"""What makes two results differ, line by line: activities or factors. Pure.

A line is worth A · F: what the result takes of a factor, times kg CO2e per unit. With
both changed, the middle of the other one is taken (the Shapley value of two causes):

    activity effect = (A' − A) · (F + F') / 2
    factor effect   = (F' − F) · (A + A') / 2

which add up to A'·F' − A·F, whatever the order of looking at them.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from typing_extensions import TypedDict

from app.calculation.calculated import Calculated
from app.calculation.notices import line_pointer
from app.calculation.printed import Computed
from app.kit.decimals import rounded
from app.kit.schemas import document
from app.units.algebra import Dimension
from app.units.catalogue import canonical_unit

SHOWN: Final = 100

Change: TypeAlias = Literal["SAME", "CHANGED", "REPLACED", "ADDED", "REMOVED"]


@document
class ComparedSide(TypedDict):
    """A line on one side."""

    pointer: str
    factor: str
    """`CODE@n`, the name of an inline factor, or the gas of an emission."""
    amount: Computed
    """What the result takes in all, in `unit`."""
    intensity: Computed
    """kg CO2e per `unit`."""
    value: Computed


@document
class ComparedLine(TypedDict):
    """One line, or what stands in its place on the other side."""

    process: str
    change: Change
    """REPLACED: another factor in its place. ADDED and REMOVED are all activity."""
    unit: str
    left: ComparedSide | None
    right: ComparedSide | None
    difference: Computed
    activity_effect: Computed
    factor_effect: Computed


@document
class ComparedRest(TypedDict):
    """The lines that are not listed."""

    count: int
    difference: Computed
    activity_effect: Computed
    factor_effect: Computed


@document
class Comparison(TypedDict):
    """Right minus left, and what makes it so."""

    left: Computed
    right: Computed
    difference: Computed
    activity_effect: Computed
    factor_effect: Computed
    lines: list[ComparedLine]
    """By falling magnitude of the difference; SUMMARY lists the 100 largest."""
    rest: ComparedRest


@dataclass(frozen=True, slots=True)
class Line:
    """One reached line of a result."""

    process: str
    place: int
    pointer: str
    name: str
    is_published: bool
    dimension: Dimension
    amount: float
    intensity: float
    value: float

    @property
    def what(self) -> Hashable:
        """What the line is, whatever its amount and the version of its factor."""
        name = self.name.partition("@")[0] if self.is_published else self.name
        return self.process, self.place < 0, self.is_published, name, self.dimension

    @property
    def where(self) -> Hashable:
        """Where the line stands."""
        return self.process, self.place, self.dimension


@dataclass(frozen=True, slots=True)
class Pair:
    """The same line on both sides; one of them may have none."""

    left: Line | None
    right: Line | None

    @property
    def difference(self) -> float:
        """Right minus left."""
        return _value(self.right) - _value(self.left)

    @property
    def effects(self) -> tuple[float, float]:
        """What the activity does, and what the factor."""
        if self.left is None or self.right is None:
            return self.difference, 0.0
        a, b = self.left, self.right
        activity = (b.amount - a.amount) * (a.intensity + b.intensity) / 2
        factor = (b.intensity - a.intensity) * (a.amount + b.amount) / 2
        return activity, factor

    @property
    def change(self) -> Change:
        """In a word."""
        if self.left is None:
            return "ADDED"
        if self.right is None:
            return "REMOVED"
        if self.left.what != self.right.what:
            return "REPLACED"
        a, b = self.left, self.right
        is_same = (a.name, a.amount, a.intensity) == (b.name, b.amount, b.intensity)
        return "SAME" if is_same else "CHANGED"


def compare(left: Calculated, right: Calculated, *, full: bool) -> Comparison:
    """Return how *right* differs from *left*."""
    pairs = pair_up(lines_of(left), lines_of(right))
    pairs.sort(key=lambda pair: -abs(pair.difference))
    shown = pairs if full else pairs[:SHOWN]
    whole = _sums(pairs)
    return {
        "left": rounded(left.solution.result),
        "right": rounded(right.solution.result),
        "difference": rounded(whole[0]),
        "activity_effect": rounded(whole[1]),
        "factor_effect": rounded(whole[2]),
        "lines": [_row(pair) for pair in shown],
        "rest": _rest(pairs[len(shown) :]),
    }


def lines_of(done: Calculated) -> list[Line]:
    """Return the lines that the reference reaches, in request order."""
    return list(_lines(done))


def _lines(done: Calculated) -> Iterator[Line]:
    system, assembly, solution = done.assembly.system, done.assembly, done.solution
    amounts = solution.scale * system.amount
    for number in np.flatnonzero(solution.reached[system.process]).tolist():
        process, place = int(system.process[number]), int(assembly.place[number])
        coefficient = assembly.routes[int(assembly.route[number])].coefficient
        own = assembly.label[number]
        yield Line(
            process=system.names[process],
            place=place,
            pointer=line_pointer(process, place),
            name=own or coefficient.label,
            is_published=place >= 0 and own is None,
            dimension=coefficient.figure.unit.per.dimension,
            amount=float(amounts[number]),
            intensity=float(system.intensity[number]),
            value=float(solution.value[number]),
        )


def pair_up(left: Sequence[Line], right: Sequence[Line]) -> list[Pair]:
    """Return every line with its counterpart.

    Lines belong together that are the same in the same process, one by one in request
    order; of those that are left over, lines in the same place.
    """
    known = _numbered(right, [each.what for each in right])
    pairs, alone = [], []
    for line, key in zip(left, _counted([each.what for each in left]), strict=True):
        other = known.pop(key, None)
        if other is None:
            alone.append(line)
        else:
            pairs.append(Pair(line, other))
    places = {each.where: each for each in known.values()}
    pairs += [Pair(line, places.pop(line.where, None)) for line in alone]
    return pairs + [Pair(None, each) for each in places.values()]


def _numbered(
    lines: Sequence[Line], keys: Sequence[Hashable]
) -> dict[tuple[Hashable, int], Line]:
    return dict(zip(_counted(keys), lines, strict=True))


def _counted(keys: Sequence[Hashable]) -> Iterator[tuple[Hashable, int]]:
    """Yield each key with the number of its like before it."""
    seen: Counter[Hashable] = Counter()
    for key in keys:
        yield key, seen[key]
        seen[key] += 1


def _value(line: Line | None) -> float:
    return 0.0 if line is None else line.value


def _sums(pairs: Sequence[Pair]) -> tuple[float, float, float]:
    effects = [pair.effects for pair in pairs]
    return (
        math.fsum(pair.difference for pair in pairs),
        math.fsum(each[0] for each in effects),
        math.fsum(each[1] for each in effects),
    )


def _rest(pairs: Sequence[Pair]) -> ComparedRest:
    difference, activity, factor = map(rounded, _sums(pairs))
    return {
        "count": len(pairs),
        "difference": difference,
        "activity_effect": activity,
        "factor_effect": factor,
    }


def _row(pair: Pair) -> ComparedLine:
    line = pair.right or pair.left
    assert line is not None  # noqa: S101 - a pair has at least one
    activity, factor = pair.effects
    return {
        "process": line.process,
        "change": pair.change,
        "unit": canonical_unit(line.dimension).code,
        "left": _side(pair.left),
        "right": _side(pair.right),
        "difference": rounded(pair.difference),
        "activity_effect": rounded(activity),
        "factor_effect": rounded(factor),
    }


def _side(line: Line | None) -> ComparedSide | None:
    if line is None:
        return None
    return {
        "pointer": line.pointer,
        "factor": line.name,
        "amount": rounded(line.amount),
        "intensity": rounded(line.intensity),
        "value": rounded(line.value),
    }
