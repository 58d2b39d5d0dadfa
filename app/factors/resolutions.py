"""Asking what many descriptions come to, without calculating."""

import asyncio
import datetime as dt
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Final, Literal, NotRequired

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    with_config,
)
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import TypedDict

from app.factors import resolving, traces
from app.factors.ladder import PCF
from app.factors.resolving import LIMIT, Conditions, Question
from app.factors.selection import Choice, Result
from app.factors.selects import Described
from app.factors.traces import CandidateRead, Trace, TraceReason
from app.kit import strict_json
from app.kit.errors import Invalid
from app.kit.schemas import Day, Name, checked, document, refusal
from app.kit.validation import findings
from app.units.catalogue import unit


class TooManyItems(Invalid):
    en = "A request holds at most {limit} items; this one holds {count}."
    zh = "一次请求最多 {limit} 项,此次为 {count} 项。"


def _counted(value: object) -> object:
    """Refuse a list that is too long before anything in it is looked at."""
    if isinstance(value, list) and len(value) > LIMIT:
        raise refusal(TooManyItems(limit=LIMIT, count=len(value)))
    return value


_asked = with_config(
    ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)
)


@_asked
class ResolutionItem(TypedDict):
    """A description, as a line of a calculation has it."""

    id: NotRequired[Name]
    """Repeated in the answer."""
    select: Described
    unit: NotRequired[
        Annotated[str, Field(max_length=100), checked(unit), Field(examples=["kWh"])]
    ]
    """That of the line: the factor is to be per unit of its dimension."""


@_asked
class ResolutionQuestion(TypedDict):
    """Descriptions, and under what they choose: as in a calculation."""

    items: Annotated[
        list[ResolutionItem],
        Field(json_schema_extra={"maxItems": LIMIT}),
        BeforeValidator(_counted),
    ]
    snapshot: NotRequired[int | str]
    """A log size, an RFC 3339 instant or the name of a release; the present unless
    stated."""
    valid_on: NotRequired[Day]
    """A day on which the factors must be valid."""
    purpose: NotRequired[Literal["PCF", "INVENTORY"]]
    """PCF unless stated."""
    strict: NotRequired[bool]
    """Take no fallback, though it is asked for: say what it would be."""


@document
class Resolution(TypedDict):
    """What one description comes to."""

    id: str | None
    outcome: Result
    factor: CandidateRead | None
    """What was taken; null where nothing was."""
    trace: Trace
    candidates: list[CandidateRead]
    """AMBIGUOUS: those that fit alike; ABSENT: the nearest; at most 10, the best
    first."""
    count: int
    """How many `candidates` there are in all; looked at are at most 500."""
    reason: TraceReason | None
    """What left nothing; null where a factor was taken or several fit alike."""


@document
class ResolutionReport(TypedDict):
    """What each description comes to, in the order of the request."""

    items: list[Resolution]
    snapshot: int


_QUESTION: Final = TypeAdapter(ResolutionQuestion)


def read(body: bytes) -> ResolutionQuestion:
    """Return the question in *body*, or all findings on its shape."""
    document = strict_json.loads(body)
    try:
        return _QUESTION.validate_python(document)
    except ValidationError as error:
        raise findings(error, document) from error


async def resolve(
    session: AsyncSession, asked: ResolutionQuestion, snapshot: int
) -> ResolutionReport:
    """Return what each description in *asked* comes to at *snapshot*."""
    day = asked.get("valid_on")
    conditions = Conditions(
        snapshot=snapshot,
        purpose=asked.get("purpose", PCF),
        day=None if day is None else dt.date.fromisoformat(day),
        strict=asked.get("strict", False),
    )
    items = asked["items"]
    questions = [_question(item) for item in items]
    choices = await resolving.resolve(session, questions, conditions)
    named = [each for choice in choices for each in (*choice.shown, choice.taken)]
    known = await resolving.read_candidates(session, filter(None, named))
    resolved = partial(_resolution, known)
    answers = await asyncio.to_thread(lambda: list(map(resolved, items, choices)))
    return {"items": answers, "snapshot": snapshot}


def _question(item: ResolutionItem) -> Question:
    dimension = unit(item["unit"]).dimension if "unit" in item else None
    return Question(item["select"], dimension)


def _resolution(
    known: Mapping[str, CandidateRead], item: ResolutionItem, choice: Choice
) -> Resolution:
    taken = choice.taken
    return {
        "id": item.get("id"),
        "outcome": choice.result,
        "factor": None if taken is None else known[taken.code],
        "trace": traces.trace(item["select"], choice),
        "candidates": [known[each.code] for each in choice.shown],
        "count": choice.count,
        "reason": traces.absence(choice),
    }
