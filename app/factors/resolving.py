"""From descriptions to factor versions, as a snapshot has them."""

import datetime as dt
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import candidates, selection, selects
from app.factors.candidates import Group
from app.factors.entries import read_entries
from app.factors.ladder import PCF, Candidate, Wanted
from app.factors.selection import Choice, Result
from app.factors.selects import Select
from app.factors.traces import CandidateRead, candidate_read
from app.units.algebra import Dimension

LIMIT: Final = 10_000
"""How many descriptions one request may hold."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under what all descriptions of a request choose."""

    snapshot: int
    purpose: str = PCF
    day: dt.date | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A description, and the dimension of the unit that the factor is to be per."""

    select: Select
    dimension: Dimension | None


@dataclass(frozen=True, slots=True)
class _Asked:
    wanted: Wanted
    group: Group


async def resolve(
    session: AsyncSession, questions: Sequence[Question], conditions: Conditions
) -> list[Choice]:
    """Return what each of *questions* comes to, in order.

    The number of statements depends on how many different subjects there are, a hundred
    at a time, and not on the ladders.
    """
    asked = [_asked(each, conditions) for each in questions]
    found: dict[int, Choice] = {}
    groups = [each.group for each in asked]
    async for number, among in _spread(session, groups, conditions.snapshot):
        found[number] = _choose(asked[number].wanted, among, conditions)
    absent = [number for number, each in sorted(found.items()) if _is_open(each)]
    subjects = [asked[number].group.subject() for number in absent]
    async for place, among in _spread(session, subjects, conditions.snapshot):
        number = absent[place]
        found[number] = selection.explain(found[number], among)
    return [found[number] for number in range(len(questions))]


def _asked(question: Question, conditions: Conditions) -> _Asked:
    wanted = selects.wanted(
        question.select,
        purpose=conditions.purpose,
        day=conditions.day,
        dimension=question.dimension,
    )
    return _Asked(wanted, selects.group(question.select, wanted))


async def _spread(
    session: AsyncSession, groups: Sequence[Group], snapshot: int
) -> AsyncIterator[tuple[int, list[Candidate]]]:
    """Yield the place of each of *groups* and what it admits, in whatever order."""
    places: dict[Group, list[int]] = {}
    for place, group in enumerate(groups):
        places.setdefault(group, []).append(place)
    async for group, among in candidates.load(session, places, snapshot):
        for place in places[group]:
            yield place, among


def _choose(
    wanted: Wanted, among: Sequence[Candidate], conditions: Conditions
) -> Choice:
    if len(among) > candidates.MOST:
        return selection.too_many(wanted, among)
    return selection.choose(wanted, among, strict=conditions.strict)


def _is_open(choice: Choice) -> bool:
    return choice.result is Result.ABSENT and choice.criterion is None


async def read_candidates(
    session: AsyncSession, wanted: Iterable[Candidate]
) -> dict[str, CandidateRead]:
    """Return by code what is shown of each of *wanted*."""
    by_entry = {each.log_index: each for each in wanted}
    found: dict[str, CandidateRead] = {}
    async for entry in read_entries(session, by_entry):
        each = by_entry[entry.log_index]
        found[each.code] = candidate_read(each, entry.record["content"])
    return found
