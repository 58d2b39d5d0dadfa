"""Choosing a factor by description: what is taken, what is refused, and why. Pure.

Of what may fall back, the caller's first axis gives way before the second moves by one
step. What fits alike is ambiguous: nothing else decides.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice, product
from typing import Any, Final

from app.factors.ladder import (
    CRITERIA,
    HERE,
    Axis,
    Candidate,
    Criterion,
    Distance,
    Rank,
    Wanted,
)

MOST_TRIED: Final = 50
MOST_REFUSED: Final = 20
MOST_SHOWN: Final = 10
_NOWHERE: Final = 100  # more rungs than any ladder has


class Result(StrEnum):
    """What became of a description."""

    FOUND = "FOUND"
    FALLBACK = "FALLBACK"
    AMBIGUOUS = "AMBIGUOUS"
    ABSENT = "ABSENT"


@dataclass(frozen=True, slots=True)
class Step:
    """One place of the ladder, and how many factors there could be used."""

    region: str | None = None
    year: int | None = None
    boundary: str | None = None
    technology: str | None = None
    candidates: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A factor that stands where one was looked for and is not to be used."""

    candidate: Candidate
    criterion: Criterion


@dataclass(frozen=True, slots=True)
class Choice:
    """What a description came to.

    `shown` are those that fit alike (AMBIGUOUS) or are nearest (ABSENT), of `count`.
    `distance` is that of what was taken or fits alike, `criterion` what left nothing.
    """

    wanted: Wanted
    result: Result
    taken: Candidate | None = None
    distance: Distance = HERE
    tried: tuple[Step, ...] = ()
    refused: tuple[Refused, ...] = ()
    shown: tuple[Candidate, ...] = ()
    count: int = 0
    criterion: Criterion | None = None


def choose(
    wanted: Wanted, candidates: Sequence[Candidate], *, strict: bool = False
) -> Choice:
    """Return what *wanted* comes to among *candidates*, in whatever order they are.

    What is ABSENT for another reason than *strict* is left for `explain`.
    """
    placed = _placed(wanted, candidates)
    usable = [(rank, each) for rank, each in placed if wanted.failure(each) is None]
    best = usable[0][0] if usable else None
    choice = Choice(
        wanted,
        Result.ABSENT,
        tried=_tried(wanted, placed, usable),
        refused=_refused(wanted, placed, best),
    )
    if best is None:
        return choice
    tied = [each for rank, each in usable if rank == best]
    distance = wanted.distance(tied[0])
    if strict and distance != HERE:
        nearest = [each for _, each in usable]
        return _with_shown(choice, Result.ABSENT, nearest, Criterion.STRICT)
    choice = replace(choice, distance=distance)
    if len(tied) > 1:
        return _with_shown(choice, Result.AMBIGUOUS, tied)
    result = Result.FOUND if distance == HERE else Result.FALLBACK
    return replace(choice, result=result, taken=tied[0])


def explain(choice: Choice, candidates: Sequence[Candidate]) -> Choice:
    """Return *choice*, which found nothing, with what left nothing of *candidates*.

    They are all that the description is of, whatever else it asks for. `count` is how
    many fulfil everything before that criterion.
    """
    wanted = choice.wanted
    left, failed = list(candidates), Criterion.SUBJECT
    for criterion, holds in CRITERIA if left else ():
        still = [each for each in left if holds(wanted, each)]
        failed = criterion
        if not still:
            break
        left = still
    around = replace(wanted, fallback=(Axis.REGION,)).regions
    nearest = sorted(left, key=lambda each: _farness(wanted, around, each))
    return _with_shown(choice, Result.ABSENT, nearest, failed)


def too_many(wanted: Wanted, candidates: Sequence[Candidate]) -> Choice:
    """Return what a description comes to that fits more factors than are looked at."""
    nearest = [each for _, each in _placed(wanted, candidates)]
    choice = Choice(wanted, Result.AMBIGUOUS)
    return _with_shown(choice, Result.AMBIGUOUS, nearest, Criterion.BREADTH)


def _with_shown(
    choice: Choice,
    result: Result,
    shown: Sequence[Candidate],
    criterion: Criterion | None = None,
) -> Choice:
    return replace(
        choice,
        result=result,
        shown=tuple(shown[:MOST_SHOWN]),
        count=len(shown),
        criterion=criterion,
    )


def _placed(
    wanted: Wanted, candidates: Sequence[Candidate]
) -> list[tuple[Rank, Candidate]]:
    """Return what fits, by rank and then by code."""
    fitting = [(wanted.rank(each), each) for each in candidates if wanted.fits(each)]
    return sorted(fitting, key=lambda each: (each[0], each[1].code))


def _refused(
    wanted: Wanted, placed: Sequence[tuple[Rank, Candidate]], best: Rank | None
) -> tuple[Refused, ...]:
    """Return what was passed over on the way to *best*."""
    passed = (
        Refused(each, failure)
        for rank, each in placed
        if (best is None or rank <= best)
        and (failure := wanted.failure(each)) is not None
    )
    return tuple(islice(passed, MOST_REFUSED))


def _tried(
    wanted: Wanted,
    placed: Sequence[tuple[Rank, Candidate]],
    usable: Sequence[tuple[Rank, Candidate]],
) -> tuple[Step, ...]:
    """Return the places up to the one that was taken; of years, those that exist."""
    counts = Counter(rank for rank, _ in usable)
    best = usable[0][0] if usable else None
    found: list[Step] = []
    places = _places(wanted, [each for _, each in placed])
    for rank, step in islice(places, MOST_TRIED):
        found.append(replace(step, candidates=counts[rank]))
        if rank == best:
            return tuple(found)
    if best is not None:
        found.append(_step(wanted, usable[0][1], counts[best]))
    return tuple(found)


def _step(wanted: Wanted, taken: Candidate, count: int) -> Step:
    """Return the place at which *taken* stands."""
    return Step(
        **{axis: getattr(taken, axis) for axis in wanted.order}, candidates=count
    )


def _places(
    wanted: Wanted, candidates: Sequence[Candidate]
) -> Iterator[tuple[Rank, Step]]:
    """Yield every place of the ladder, the best first."""
    ladders: dict[Axis, list[Any]] = {
        Axis.REGION: [*wanted.regions],
        Axis.YEAR: _years(wanted, candidates),
        Axis.BOUNDARY: [*wanted.boundaries],
        Axis.TECHNOLOGY: [each and wanted.technology for each in wanted.technologies],
    }
    for place in product(*(enumerate(ladders[axis]) for axis in wanted.order)):
        stood = dict(zip(wanted.order, place, strict=True))
        rank = tuple(_rung(wanted, axis, *stood[axis]) for axis in wanted.order)
        yield rank, Step(**{axis.value: value for axis, (_, value) in stood.items()})


def _rung(wanted: Wanted, axis: Axis, number: int, value: Any) -> tuple[int, int]:  # noqa: ANN401 - by axis
    return (wanted.years_off(value), value) if axis is Axis.YEAR else (number, 0)


def _years(wanted: Wanted, candidates: Sequence[Candidate]) -> list[int]:
    """Return the year asked for and, where it may fall back, those there are."""
    if wanted.year is None:
        return []
    years = {wanted.year, *(each.year for each in candidates)}
    return sorted(years, key=lambda year: (wanted.years_off(year), year))


def _farness(
    wanted: Wanted, around: Mapping[str, int], each: Candidate
) -> tuple[bool, int, int, str]:
    """Return by what the nearest are ordered where nothing fits."""
    rung = around.get(each.region, _NOWHERE) if around else 0
    years = wanted.years_off(each.year)
    return wanted.failure(each) is not None, rung, years, each.code
