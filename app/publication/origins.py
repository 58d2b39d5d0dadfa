"""Who stands behind an entry of the log, as everybody may know it.

Records name people by pseudonymous ids; their organisations, the signatures below a
change of status and a retirement's submission are looked up. Nothing of this changes
once the entry is there, so an answer made of it stays what it is.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors.entries import Entry
from app.kit.clock import instant_text
from app.kit.schemas import Schema
from app.publication.models import Act
from app.reference.enums import Road, VersionStatus
from app.submissions import queries
from app.submissions.models import Notice, Submission, SubmissionItem
from app.submissions.validation.facts import ItemType

Duty: TypeAlias = Literal[
    "MAKER",
    "CHECKER",
    "SECRETARIAT",
    "REVIEWER",
    "FIRST_PUBLISHER",
    "SECOND_PUBLISHER",
]


class Involved(Schema):
    """A person by pseudonymous id, and what they were to the act."""

    person: str
    organisation: str | None
    """Null where nobody with an account did it, as in a data import."""
    duty: Duty
    verdict: str | None
    """Of a reviewer who signed in the last round."""


class NoticeDays(Schema):
    """When a submission was on public notice."""

    id: str
    opens_on: str
    closes_on: str
    working_days: int
    closed_at: str


@dataclass(frozen=True, slots=True)
class Passage:
    """The way of a submission through its last round."""

    id: str
    organisation: str
    round: int
    policy: str | None
    """Null of a retirement, whose entry does not name it."""
    passed_digest: str
    notice: NoticeDays


@dataclass(frozen=True, slots=True)
class Origin:
    """How an entry came about; without a submission, one or two publishers did it."""

    people: tuple[Involved, ...] = ()
    road: Road | None = None
    passage: Passage | None = None


async def find_origins(
    session: AsyncSession, entries: Collection[Entry]
) -> dict[int, Origin]:
    """Return by log index how each of *entries* came about."""
    found = {
        each.log_index: _of_record(each.record)
        for each in entries
        if "content" in each.record
    }
    others = [each for each in entries if each.log_index not in found]
    found |= await _of_acts(session, [each.log_index for each in others])
    for each in others:
        if each.log_index not in found and _may_be_an_item(each.record):
            found |= await _of_item(session, each.log_index)
    return await _with_organisations(session, found)


def _of_record(record: Mapping[str, Any]) -> Origin:
    """Return what the record of a version says of its way."""
    review, road = record["review"], Road(record["road"])
    if "submission" not in review:
        return Origin(tuple(_signers(*review["publishers"])), road)
    verdicts = {each["person"]: each["verdict"] for each in review["verdicts"]}
    people = tuple(
        _involved(each["person"], each["duty"], verdicts) for each in review["people"]
    )
    passage = Passage(
        id=review["submission"],
        organisation=review["organisation"],
        round=review["round"],
        policy=review["policy"],
        passed_digest=review["passed_digest"],
        notice=NoticeDays(**review["notice"]),
    )
    return Origin(people, road, passage)


async def _of_acts(
    session: AsyncSession, indexes: Collection[int]
) -> dict[int, Origin]:
    """Return the signatures below changes of status."""
    if not indexes:
        return {}
    rows = await session.execute(
        sa.select(Act.log_index, Act.proposed_by, Act.confirmed_by).where(
            Act.log_index.in_(indexes)
        )
    )
    return {
        index: Origin(tuple(_signers(first, second)))
        for index, first, second in rows
        if index is not None
    }


def _may_be_an_item(record: Mapping[str, Any]) -> bool:
    """Tell whether a change of status may be a retirement in a submission."""
    return record["status"] == VersionStatus.RETIRED and record["version"] is None


async def _of_item(session: AsyncSession, log_index: int) -> dict[int, Origin]:
    # No index leads from here to the item; retirements of submissions are rare.
    rows = await session.scalars(
        sa.select(Submission)
        .join(SubmissionItem, SubmissionItem.submission_id == Submission.id)
        .where(
            SubmissionItem.log_index == log_index,
            SubmissionItem.type == ItemType.RETIREMENT,
        )
    )
    submission = rows.one_or_none()
    return {} if submission is None else {log_index: await _of(session, submission)}


async def _of(session: AsyncSession, submission: Submission) -> Origin:
    """Return what a record would say of a submission that is published."""
    reviews = await queries.list_reviews(session, submission.id)
    verdicts = {
        each.person_id: each.verdict
        for each, _ in reviews
        if each.round == submission.round
    }
    duties = await queries.list_duties(session, submission.id)
    notice = await queries.find_notice(session, submission.id, submission.round)
    assert notice is not None  # noqa: S101 - nothing is published without
    people = tuple(_involved(one.person_id, one.duty, verdicts) for one in duties)
    passage = Passage(
        id=submission.id,
        organisation=submission.organisation_id,
        round=submission.round,
        policy=None,
        passed_digest=str(submission.passed_digest),
        notice=_days(notice),
    )
    return Origin(people, Road.PANEL, passage)


def _days(notice: Notice) -> NoticeDays:
    return NoticeDays(
        id=notice.id,
        opens_on=notice.opens_on.isoformat(),
        closes_on=notice.closes_on.isoformat(),
        working_days=notice.working_days,
        closed_at=instant_text(notice.closed_at or notice.opened_at),
    )


def _signers(first: str, second: str | None = None) -> Iterator[Involved]:
    yield _involved(first, "FIRST_PUBLISHER", {})
    if second is not None:
        yield _involved(second, "SECOND_PUBLISHER", {})


def _involved(person: str, duty: str, verdicts: Mapping[str, str]) -> Involved:
    return Involved(
        person=person,
        organisation=None,
        duty=cast("Duty", duty),
        verdict=verdicts.get(person),
    )


async def _with_organisations(
    session: AsyncSession, origins: Mapping[int, Origin]
) -> dict[int, Origin]:
    people = {each.person for one in origins.values() for each in one.people}
    known = await queries.organisations_of(session, people)
    return {
        index: replace(
            origin,
            people=tuple(
                each.model_copy(update={"organisation": known.get(each.person)})
                for each in origin.people
            ),
        )
        for index, origin in origins.items()
    }
