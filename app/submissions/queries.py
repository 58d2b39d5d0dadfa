"""Every SELECT on submissions."""

import datetime as dt
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Organisation, Person
from app.submissions.models import (
    Assignment,
    Comment,
    Duty,
    Notice,
    Objection,
    ProblemReport,
    Review,
    RoundItem,
    Submission,
    SubmissionItem,
)
from app.submissions.workflow import State

BLOCK: Final = 500
"""How many items are held at a time."""
_OVER = (State.PUBLISHED, State.REJECTED, State.WITHDRAWN)


async def find_submission(
    session: AsyncSession, submission_id: str
) -> Submission | None:
    """Return a submission without holding it."""
    return await session.get(Submission, submission_id)


async def lock_submission(
    session: AsyncSession, submission_id: str
) -> Submission | None:
    """Return a submission and hold it until the transaction ends."""
    rows = await session.scalars(
        sa.select(Submission)
        .where(Submission.id == submission_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return rows.one_or_none()


async def list_assignments(
    session: AsyncSession, submission_id: str, round_: int
) -> Sequence[Assignment]:
    """Return the assignments of a round, those that ended among them."""
    rows = await session.scalars(
        sa.select(Assignment)
        .where(Assignment.submission_id == submission_id, Assignment.round == round_)
        .order_by(Assignment.assigned_at, Assignment.person_id)
    )
    return rows.all()


async def organisations_of(
    session: AsyncSession, person_ids: Collection[str]
) -> dict[str, str]:
    """Return the organisation of each person."""
    rows = await session.execute(
        sa.select(Person.id, Person.organisation_id).where(Person.id.in_(person_ids))
    )
    return {row[0]: row[1] for row in rows}


async def lock_people(
    session: AsyncSession, person_ids: Collection[str]
) -> dict[str, tuple[str, str]]:
    """Return role and organisation of the active among *person_ids*, and keep them."""
    rows = await session.execute(
        sa.select(Person.id, Person.role, Person.organisation_id)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(
            Person.id.in_(person_ids),
            Person.left_at.is_(None),
            Organisation.suspended_at.is_(None),
        )
        .order_by(Person.id)
        .with_for_update(read=True, of=Person)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def list_items(
    session: AsyncSession, submission_id: str, *, after: int = 0, limit: int
) -> list[SubmissionItem]:
    """Return items in order, from the one behind *after*."""
    rows = await session.scalars(
        sa.select(SubmissionItem)
        .where(
            SubmissionItem.submission_id == submission_id, SubmissionItem.number > after
        )
        .order_by(SubmissionItem.number)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return list(rows)


async def blocks_of_items(
    session: AsyncSession, submission_id: str
) -> AsyncIterator[list[SubmissionItem]]:
    """Yield all items in order, some hundred at a time."""
    after = 0
    while block := await list_items(session, submission_id, after=after, limit=BLOCK):
        yield block
        after = block[-1].number


async def find_item(
    session: AsyncSession, submission_id: str, number: int
) -> SubmissionItem | None:
    """Return one item."""
    return await session.get(SubmissionItem, (submission_id, number))


async def last_log_index(session: AsyncSession, submission_id: str) -> int | None:
    """Return the index of the last entry that was made of a submission."""
    highest = sa.select(sa.func.max(SubmissionItem.log_index)).where(
        SubmissionItem.submission_id == submission_id
    )
    return (await session.execute(highest)).scalar_one()


async def digest_rows(
    session: AsyncSession, submission_id: str
) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Return what the digest of a submission is made of, recomputed from the bytes."""
    sealed = sa.func.sha256(SubmissionItem.salt.op("||")(SubmissionItem.sealed))
    rows = await session.execute(
        sa.select(
            SubmissionItem.number,
            SubmissionItem.type,
            SubmissionItem.factor,
            SubmissionItem.reason,
            sa.func.encode(sa.func.sha256(SubmissionItem.content), "hex"),
            sa.func.encode(sealed, "hex"),
        )
        .where(SubmissionItem.submission_id == submission_id)
        .order_by(SubmissionItem.number)
    )
    return rows.all()


async def pending_keys(
    session: AsyncSession, keys: Collection[str], submission_id: str
) -> dict[str, str]:
    """Return other submissions on their way that hold an item with one of *keys*."""
    rows = await session.execute(
        sa.select(SubmissionItem.natural_key, sa.func.min(Submission.id))
        .join(Submission, Submission.id == SubmissionItem.submission_id)
        .where(
            SubmissionItem.natural_key.in_(keys),
            Submission.id != submission_id,
            Submission.state.not_in((*_OVER, State.DRAFT)),
        )
        .group_by(SubmissionItem.natural_key)
    )
    return {str(row[0]): row[1] for row in rows}


async def repeated_keys(
    session: AsyncSession, keys: Collection[str], submission_id: str
) -> dict[str, str]:
    """Return those of *keys* that several items of the submission have."""
    rows = await session.execute(
        sa.select(SubmissionItem.natural_key)
        .where(
            SubmissionItem.submission_id == submission_id,
            SubmissionItem.natural_key.in_(keys),
        )
        .group_by(SubmissionItem.natural_key)
        .having(sa.func.count() > 1)
    )
    return {str(row[0]): submission_id for row in rows}


async def list_duties(session: AsyncSession, submission_id: str) -> Sequence[Duty]:
    """Return who has a duty in a submission."""
    rows = await session.scalars(
        sa.select(Duty)
        .where(Duty.submission_id == submission_id)
        .order_by(Duty.duty, Duty.person_id)
    )
    return rows.all()


async def find_duty(
    session: AsyncSession, submission_id: str, person_id: str
) -> Duty | None:
    """Return the duty of a person in a submission."""
    return await session.get(Duty, (submission_id, person_id), populate_existing=True)


async def list_reviews(
    session: AsyncSession, submission_id: str
) -> Sequence[tuple[Review, Assignment]]:
    """Return the signed reviews of all rounds beside their assignments."""
    rows = await session.execute(
        sa.select(Review, Assignment)
        .join(
            Assignment,
            sa.and_(
                Assignment.submission_id == Review.submission_id,
                Assignment.round == Review.round,
                Assignment.person_id == Review.person_id,
            ),
        )
        .where(Review.submission_id == submission_id)
        .order_by(Review.round, Review.signed_at)
    )
    return [(row[0], row[1]) for row in rows]


async def list_comments(session: AsyncSession, submission_id: str) -> Sequence[Comment]:
    """Return the comments in order."""
    rows = await session.scalars(
        sa.select(Comment)
        .where(Comment.submission_id == submission_id)
        .order_by(Comment.number)
    )
    return rows.all()


async def last_comment(session: AsyncSession, submission_id: str) -> int:
    """Return the highest number of a comment; 0 without any."""
    highest = sa.func.coalesce(sa.func.max(Comment.number), 0)
    number = await session.execute(
        sa.select(highest).where(Comment.submission_id == submission_id)
    )
    return int(number.scalar_one())


async def list_round_items(
    session: AsyncSession, submission_id: str, round_: int, limit: int | None = None
) -> Sequence[RoundItem]:
    """Return the items as they were submitted in a round."""
    rows = await session.scalars(
        sa.select(RoundItem)
        .where(RoundItem.submission_id == submission_id, RoundItem.round == round_)
        .order_by(RoundItem.number)
        .limit(limit)
    )
    return rows.all()


async def count_round_items(
    session: AsyncSession, submission_id: str, round_: int
) -> int:
    """Return how many items were submitted in a round."""
    count = sa.select(sa.func.count()).where(
        RoundItem.submission_id == submission_id, RoundItem.round == round_
    )
    return (await session.execute(count)).scalar_one()


async def find_notice(
    session: AsyncSession, submission_id: str, round_: int
) -> Notice | None:
    """Return the notice of a round."""
    rows = await session.scalars(
        sa.select(Notice).where(
            Notice.submission_id == submission_id, Notice.round == round_
        )
    )
    return rows.one_or_none()


async def open_objections(session: AsyncSession, notice_id: str) -> list[Objection]:
    """Return the objections that nobody has decided yet."""
    rows = await session.scalars(
        sa.select(Objection).where(
            Objection.notice_id == notice_id,
            Objection.state.in_(("RECEIVED", "ADMITTED")),
        )
    )
    return list(rows)


@dataclass(frozen=True, slots=True)
class Listing:
    """Which submissions to list; `before` is the last one of the page before."""

    organisation_id: str | None
    reviewer_id: str | None
    states: tuple[str, ...]
    hide_drafts: bool
    """Those withdrawn before they were handed in among them."""
    before: tuple[dt.datetime, str] | None
    limit: int


async def list_submissions(
    session: AsyncSession, listing: Listing
) -> Sequence[Submission]:
    """Return submissions, the newest first."""
    statement = sa.select(Submission).order_by(
        Submission.created_at.desc(), Submission.id.desc()
    )
    if listing.organisation_id is not None:
        statement = statement.where(
            Submission.organisation_id == listing.organisation_id
        )
    if listing.reviewer_id is not None:
        statement = statement.where(_is_declared(listing.reviewer_id))
    if listing.states:
        statement = statement.where(Submission.state.in_(listing.states))
    if listing.hide_drafts:
        statement = statement.where(Submission.round > 0)
    if listing.before is not None:
        place = sa.tuple_(Submission.created_at, Submission.id)
        statement = statement.where(place < sa.tuple_(*listing.before))
    return (await session.scalars(statement.limit(listing.limit))).all()


def _is_declared(person_id: str) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        Assignment.submission_id == Submission.id,
        Assignment.round == Submission.round,
        Assignment.person_id == person_id,
        Assignment.declared_at.is_not(None),
        Assignment.ended_at.is_(None),
    )


async def list_notices(
    session: AsyncSession,
    is_open: bool | None,  # noqa: FBT001 - a filter with three values
    before: tuple[dt.datetime, str] | None,
    limit: int,
) -> list[tuple[Notice, Submission]]:
    """Return notices with their submissions, the newest first."""
    statement = (
        sa.select(Notice, Submission)
        .join(Submission, Submission.id == Notice.submission_id)
        .order_by(Notice.opened_at.desc(), Notice.id.desc())
        .limit(limit)
    )
    if is_open is not None:
        closed = Notice.closed_at.is_(None)
        statement = statement.where(closed if is_open else ~closed)
    if before is not None:
        statement = statement.where(
            sa.tuple_(Notice.opened_at, Notice.id) < sa.tuple_(*before)
        )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def list_objections(session: AsyncSession, notice_id: str) -> Sequence[Objection]:
    """Return the objections to a notice, the first one first."""
    rows = await session.scalars(
        sa.select(Objection)
        .where(Objection.notice_id == notice_id)
        .order_by(Objection.received_at, Objection.id)
    )
    return rows.all()


async def list_problem_reports(
    session: AsyncSession, organisation_id: str | None, limit: int
) -> Sequence[ProblemReport]:
    """Return the newest reports, of one organisation if it is named."""
    statement = sa.select(ProblemReport).order_by(ProblemReport.at.desc()).limit(limit)
    if organisation_id is not None:
        statement = statement.where(ProblemReport.organisation_id == organisation_id)
    return (await session.scalars(statement)).all()
