"""What waits for whom: SELECTs over the work of all."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Person
from app.submissions.models import Assignment, Review, Submission
from app.submissions.workflow import State

_OVER = (State.DRAFT, State.PUBLISHED, State.REJECTED, State.WITHDRAWN)


async def list_own_assignments(
    session: AsyncSession, person_id: str, limit: int
) -> Sequence[tuple[Assignment, Submission]]:
    """Return what a reviewer is or was assigned to, the newest first."""
    rows = await session.execute(
        sa.select(Assignment, Submission)
        .join(Submission, Submission.id == Assignment.submission_id)
        .where(Assignment.person_id == person_id)
        .order_by(Assignment.assigned_at.desc(), Assignment.submission_id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


async def waiting(session: AsyncSession) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Return for each state that waits: how many, since when, how many are overdue."""
    today = sa.func.timezone("Asia/Shanghai", sa.func.now()).cast(sa.Date)
    rows = await session.execute(
        sa.select(
            Submission.state,
            sa.func.count(),
            sa.func.min(Submission.changed_at),
            sa.func.count().filter(Submission.due_on < today),
        )
        .where(Submission.state.not_in(_OVER))
        .group_by(Submission.state)
        .order_by(Submission.state)
    )
    return rows.all()


async def loads(session: AsyncSession) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Return for each active reviewer: assignments that are open, and those signed."""
    is_signed = sa.exists().where(
        Review.submission_id == Assignment.submission_id,
        Review.round == Assignment.round,
        Review.person_id == Assignment.person_id,
    )
    is_open = sa.and_(Assignment.ended_at.is_(None), ~is_signed)
    rows = await session.execute(
        sa.select(
            Person.id,
            Person.organisation_id,
            sa.func.count(Assignment.submission_id).filter(
                is_open, Submission.state == State.IN_REVIEW
            ),
            sa.func.count(Assignment.submission_id).filter(is_signed),
        )
        .outerjoin(Assignment, Assignment.person_id == Person.id)
        .outerjoin(Submission, Submission.id == Assignment.submission_id)
        .where(Person.role == "REVIEWER", Person.left_at.is_(None))
        .group_by(Person.id, Person.organisation_id)
        .order_by(Person.id)
    )
    return rows.all()
