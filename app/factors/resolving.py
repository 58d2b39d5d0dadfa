"""From descriptions to factor versions, as a snapshot has them."""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
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


async def resolve(
    session: AsyncSession, questions: Sequence[Question], conditions: Conditions
) -> list[Choice]:
    """Return what each of *questions* comes to, in order.

    The number of statements depends on how many different subjects there are, a hundred
    at a time, and not on the ladders.
    """
    asked = [_wanted(each, conditions) for each in questions]
    groups = list(map(_group, questions, asked))

    def choose(number: int, among: Sequence[Candidate]) -> Choice:
        if len(among) > candidates.MOST:
            return selection.too_many(asked[number], among)
        return selection.choose(asked[number], among, strict=conditions.strict)

    found = await _each(session, groups, conditions.snapshot, choose)
    absent = [number for number, choice in sorted(found.items()) if _is_open(choice)]
    subjects = [groups[number].subject() for number in absent]

    def explain(place: int, among: Sequence[Candidate]) -> Choice:
        return selection.explain(found[absent[place]], among)

    explained = await _each(session, subjects, conditions.snapshot, explain)
    found.update((absent[place], choice) for place, choice in explained.items())
    return [found[number] for number in range(len(questions))]


def _wanted(question: Question, conditions: Conditions) -> Wanted:
    return selects.wanted(
        question.select,
        purpose=conditions.purpose,
        day=conditions.day,
        dimension=question.dimension,
    )


def _group(question: Question, wanted: Wanted) -> Group:
    return selects.group(question.select, wanted)


def _is_open(choice: Choice) -> bool:
    return choice.result is Result.ABSENT and choice.criterion is None


async def _each(
    session: AsyncSession,
    groups: Sequence[Group],
    snapshot: int,
    judge: Callable[[int, Sequence[Candidate]], Choice],
) -> dict[int, Choice]:
    """Return by the place of each of *groups* what *judge* makes of what it admits."""
    places: dict[Group, list[int]] = {}
    for place, group in enumerate(groups):
        places.setdefault(group, []).append(place)

    def judge_all(loaded: Mapping[Group, Sequence[Candidate]]) -> dict[int, Choice]:
        return {
            place: judge(place, among)
            for group, among in loaded.items()
            for place in places[group]
        }

    found: dict[int, Choice] = {}
    async for loaded in candidates.load(session, places, snapshot):
        # Thousands of descriptions may ask for the same: others shall not wait.
        found |= await asyncio.to_thread(judge_all, loaded)
    return found


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
