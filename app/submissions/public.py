"""Notices, objections and reports as their readers see them."""

from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock
from app.kit.clock import instant_text
from app.kit.paging import read_cursor, write_cursor
from app.submissions import queries, workflow
from app.submissions.access import OFFICES, Who
from app.submissions.models import Notice, Objection, ProblemReport, Submission
from app.submissions.notices import NoSuchNotice, NoSuchObjection
from app.submissions.reading import read_item, read_round_item
from app.submissions.schemas import (
    ITEMS_SHOWN,
    ItemRead,
    NoticePage,
    NoticeRead,
    ObjectionRead,
    ProblemReportRead,
)
from app.submissions.workflow import State

_PLACE: Final = TypeAdapter(tuple[str, str])


async def notices(
    session: AsyncSession, *, is_open: bool | None, cursor: str | None, limit: int
) -> NoticePage:
    """Return a page of notices, the newest first."""
    query = ["notices", is_open]
    place = read_cursor(cursor, query, _PLACE, "?cursor") if cursor else None
    before = (clock.parse_instant(place[0]), place[1]) if place else None
    found = await queries.list_notices(session, is_open, before, limit + 1)
    page = found[:limit]
    last = page[-1][0] if len(found) > limit else None
    return NoticePage(
        items=tuple([await _notice(session, *each) for each in page]),
        next_cursor=write_cursor(query, [instant_text(last.opened_at), last.id])
        if last
        else None,
    )


async def notice_by_id(session: AsyncSession, notice_id: str) -> NoticeRead:
    """Return a notice; raises `NoSuchNotice`."""
    notice = await session.get(Notice, notice_id)
    if notice is None:
        raise NoSuchNotice
    submission = await session.get_one(Submission, notice.submission_id)
    return await _notice(session, notice, submission)


async def objections(
    session: AsyncSession, notice_id: str
) -> tuple[ObjectionRead, ...]:
    """Return the objections to a notice; raises `NoSuchNotice`."""
    if await session.get(Notice, notice_id) is None:
        raise NoSuchNotice
    found = await queries.list_objections(session, notice_id)
    return tuple(read_objection(each) for each in found)


async def objection(session: AsyncSession, objection_id: str) -> Objection:
    """Return an objection; raises `NoSuchObjection`."""
    found = await session.get(Objection, objection_id)
    if found is None:
        raise NoSuchObjection
    return found


async def problem_reports(
    session: AsyncSession, who: Who, limit: int
) -> tuple[ProblemReportRead, ...]:
    """Return the newest reports: all to the offices, their own to others."""
    own = None if who.role in OFFICES else who.organisation_id
    found = await queries.list_problem_reports(session, own, limit)
    return tuple(read_problem(each) for each in found)


def read_problem(report: ProblemReport) -> ProblemReportRead:
    """Return a report, without the person."""
    return ProblemReportRead(
        id=report.id,
        code=report.code,
        version=report.version,
        pointer=report.pointer,
        text=report.text,
        evidence=tuple(report.evidence),
        organisation=report.organisation_id,
        at=instant_text(report.at),
    )


async def _notice(
    session: AsyncSession, notice: Notice, submission: Submission
) -> NoticeRead:
    """Return a notice as everyone sees it: what was handed in, not what became of it.

    A submission that went back to its authors is a draft again, of which nobody sees
    anything.
    """
    is_frozen = not workflow.is_editable(State(submission.state))
    is_present = is_frozen and notice.round == submission.round
    place = (session, submission.id, notice.round)
    found = await (_present_items(session, submission) if is_present else _kept(*place))
    closed = notice.closed_at
    return NoticeRead(
        id=notice.id,
        submission=submission.id,
        organisation=submission.organisation_id,
        title=submission.title,
        state=State(submission.state),
        round=notice.round,
        opens_on=notice.opens_on.isoformat(),
        closes_on=notice.closes_on.isoformat(),
        working_days=notice.working_days,
        item_count=await queries.count_round_items(*place),
        items=found,
        content_digest=(is_present and submission.content_digest) or "",
        closed_at=instant_text(closed) if closed else None,
    )


async def _present_items(
    session: AsyncSession, submission: Submission
) -> tuple[ItemRead, ...]:
    """Return the first items without what authors explain to reviewers."""
    found = await queries.list_items(session, submission.id, limit=ITEMS_SHOWN)
    items = (read_item(each) for each in found)
    return tuple(each.model_copy(update={"explanations": ()}) for each in items)


async def _kept(
    session: AsyncSession, submission_id: str, round_: int
) -> tuple[ItemRead, ...]:
    """Return the first items of a former round."""
    found = await queries.list_round_items(session, submission_id, round_, ITEMS_SHOWN)
    return tuple(read_round_item(each) for each in found)


def read_objection(objection: Objection) -> ObjectionRead:
    """Return an objection, without the person."""
    decided = objection.decided_at
    return ObjectionRead.model_validate(
        {
            "id": objection.id,
            "notice": objection.notice_id,
            "item": objection.item,
            "pointer": objection.pointer,
            "grounds": objection.grounds,
            "evidence": objection.evidence,
            "organisation": objection.organisation_id,
            "state": objection.state,
            "received_at": instant_text(objection.received_at),
            "reply": objection.reply,
            "decided_at": instant_text(decided) if decided else None,
        },
        strict=False,
    )
