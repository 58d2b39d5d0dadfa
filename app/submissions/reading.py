"""Submissions as their readers see them."""

import json
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock
from app.kit.canonical import sha256_hex
from app.kit.clock import instant_text
from app.kit.differences import differences
from app.kit.paging import read_cursor, write_cursor
from app.reference.enums import Role
from app.submissions import queries, workflow
from app.submissions.access import OFFICES, NoSuchSubmission, View, Who
from app.submissions.drafts import sealed_sha256
from app.submissions.models import (
    Comment,
    RoundItem,
    Submission,
    SubmissionItem,
)
from app.submissions.queries import Listing
from app.submissions.review import FAVOURABLE
from app.submissions.schemas import (
    ITEMS_SHOWN,
    AssignmentRead,
    CommentRead,
    FieldChange,
    ItemPage,
    ItemRead,
    ReviewRead,
    SubmissionPage,
    SubmissionRead,
    SubmissionSummary,
)
from app.submissions.workflow import Standing, State

_PLACE: Final = TypeAdapter(tuple[str, str])
_NUMBER: Final = TypeAdapter(Annotated[int, Field(ge=0, lt=2**31)])


async def read(session: AsyncSession, view: View, who: Who) -> SubmissionRead:
    """Return a submission with its first items, as *who* may see it."""
    submission = view.submission
    shown = view.is_readable
    items = (
        await queries.list_items(session, submission.id, limit=ITEMS_SHOWN)
        if shown
        else []
    )
    # Nothing of this exists before the first round, and drafts are many.
    notice, published = None, None
    if submission.round:
        notice = await queries.find_notice(session, submission.id, submission.round)
        published = await queries.last_log_index(session, submission.id)
    first = items[0] if items else None
    document = {
        **_head(submission),
        "actions": workflow.open_to(Role(who.role), State(submission.state)),
        "items": [read_item(item) for item in items],
        "report": submission.report if shown else None,
        "impact": submission.impact if shown else None,
        "assignments": await _assignments(session, view, who),
        "notice": notice.id if notice else None,
        "code": first.code if first else None,
        "version": first.version if first else None,
        "log_index": published,
    }
    return SubmissionRead.model_validate(document, strict=False)


def _head(submission: Submission) -> dict[str, Any]:
    submitted, due = submission.submitted_at, submission.due_on
    return {
        **_summary(submission),
        "revision": submission.revision,
        "created_by": submission.created_by,
        "submitted_at": instant_text(submitted) if submitted else None,
        "due_on": due.isoformat() if due else None,
        "content_digest": submission.content_digest,
        "passed_digest": submission.passed_digest,
        "events_digest": submission.chain.hex(),
    }


def _summary(submission: Submission) -> dict[str, Any]:
    return {
        "id": submission.id,
        "title": submission.title,
        "organisation": submission.organisation_id,
        "state": submission.state,
        "round": submission.round,
        "item_count": submission.item_count,
        "created_at": instant_text(submission.created_at),
        "changed_at": instant_text(submission.changed_at),
    }


def read_item(item: SubmissionItem) -> ItemRead:
    """Return an item without what is sealed in it."""
    document = {
        "number": item.number,
        "type": item.type,
        "factor": item.factor,
        "content": json.loads(item.content) if item.content else None,
        "content_sha256": item.content_sha256,
        "reason": item.reason,
        "explanations": [
            {"rule": rule, "text": text} for rule, text in item.explanations.items()
        ],
        "sealed_sha256": sealed_sha256(item),
        "code": item.code,
        "version": item.version,
        "log_index": item.log_index,
    }
    return ItemRead.model_validate(document, strict=False)


def read_round_item(item: RoundItem) -> ItemRead:
    """Return an item as it was handed in in a former round."""
    document = {
        **_document(item),
        "number": item.number,
        "content_sha256": sha256_hex(item.content) if item.content else None,
        "explanations": (),
        "sealed_sha256": None,
        "code": None,
        "version": None,
        "log_index": None,
    }
    return ItemRead.model_validate(document, strict=False)


async def items(
    session: AsyncSession, submission: Submission, cursor: str | None, limit: int
) -> ItemPage:
    """Return a page of items."""
    query = ["items", submission.id]
    pointer = "?cursor"
    after = read_cursor(cursor, query, _NUMBER, pointer) if cursor else 0
    found = await queries.list_items(session, submission.id, after=after, limit=limit)
    last = found[-1].number if found else submission.item_count
    more = last < submission.item_count
    return ItemPage(
        items=tuple(read_item(item) for item in found),
        next_cursor=write_cursor(query, last) if more else None,
    )


def sealed(view: View, item: SubmissionItem) -> bytes:
    """Return the sealed inventory, for its owner and for declared reviewers alone."""
    may = {Standing.OWN_ORGANISATION, Standing.DECLARED}
    if not may & view.standings or item.sealed is None:
        raise NoSuchSubmission
    return item.sealed


async def submissions(
    session: AsyncSession,
    who: Who,
    *,
    states: tuple[State, ...],
    cursor: str | None,
    limit: int,
) -> SubmissionPage:
    """Return the submissions that *who* may read, the newest first."""
    query = ["submissions", who.organisation_id, who.person_id, *states]
    before = read_cursor(cursor, query, _PLACE, "?cursor") if cursor else None
    found = await queries.list_submissions(
        session,
        Listing(
            organisation_id=None if _reads_others(who) else who.organisation_id,
            reviewer_id=who.person_id if who.role == Role.REVIEWER else None,
            states=states,
            hide_drafts=who.role in (Role.SECRETARIAT, Role.PUBLISHER),
            before=(clock.parse_instant(before[0]), before[1]) if before else None,
            limit=limit + 1,
        ),
    )
    page = found[:limit]
    more = len(found) > limit
    return SubmissionPage(
        items=tuple(
            SubmissionSummary.model_validate(_summary(each), strict=False)
            for each in page
        ),
        next_cursor=write_cursor(
            query, [instant_text(page[-1].created_at), page[-1].id]
        )
        if more
        else None,
    )


def _reads_others(who: Who) -> bool:
    return who.role in OFFICES or who.role == Role.REVIEWER


async def _assignments(
    session: AsyncSession, view: View, who: Who
) -> list[AssignmentRead]:
    """Return the panel, for the offices and for its own members."""
    may = {Standing.OFFICE, Standing.DECLARED, Standing.ASSIGNED}
    if not may & view.standings:
        return []
    submission = view.submission
    found = await queries.list_assignments(session, submission.id, submission.round)
    people = await queries.organisations_of(session, [one.person_id for one in found])
    reviews = await queries.list_reviews(session, submission.id)
    signed = {one.person_id for one, _ in reviews if one.round == submission.round}
    only_own = Standing.OFFICE not in view.standings and not view.is_readable
    return [
        AssignmentRead(
            person=each.person_id,
            organisation=people[each.person_id],
            chair=each.chair,
            due_on=each.due_on.isoformat() if each.due_on else None,
            declared_at=instant_text(each.declared_at) if each.declared_at else None,
            conflict=each.conflict,
            signed=each.person_id in signed,
            ended=each.ended_at is not None,
        )
        for each in found
        if not only_own or each.person_id == who.person_id
    ]


async def reviews(session: AsyncSession, view: View, who: Who) -> list[ReviewRead]:
    """Return the signed reviews, those of the present round not to everyone.

    The authors read them once the panel is done, its members once they have signed.
    """
    submission = view.submission
    found = await queries.list_reviews(session, submission.id)
    people = await queries.organisations_of(
        session, [review.person_id for review, _ in found]
    )
    signers = {one.person_id for one, _ in found if one.round == submission.round}
    may = Standing.OFFICE in view.standings or who.person_id in signers
    is_open = submission.state == State.IN_REVIEW
    hidden = submission.round if is_open and not may else -1
    passed = submission.passed_digest is not None
    return [
        ReviewRead.model_validate(
            {
                "round": review.round,
                "person": review.person_id,
                "organisation": people[review.person_id],
                "chair": assignment.chair,
                "verdict": review.verdict,
                "dissent": passed
                and review.round == submission.round
                and review.verdict not in FAVOURABLE,
                "scores": review.scores,
                "criteria": review.criteria,
                "text": review.text,
                "signed_at": instant_text(review.signed_at),
            },
            strict=False,
        )
        for review, assignment in found
        if review.round != hidden
    ]


def read_comment(comment: Comment) -> CommentRead:
    """Return a remark."""
    resolved = comment.resolved_at
    return CommentRead(
        number=comment.number,
        round=comment.round,
        pointer=comment.pointer,
        text=comment.text,
        person=comment.person_id,
        organisation=comment.organisation_id,
        at=instant_text(comment.at),
        resolution=comment.resolution,
        resolved_by=comment.resolved_by,
        resolved_at=instant_text(resolved) if resolved else None,
    )


async def comments(session: AsyncSession, submission: Submission) -> list[CommentRead]:
    """Return all remarks, in order."""
    found = await queries.list_comments(session, submission.id)
    return [read_comment(each) for each in found]


async def changes(
    session: AsyncSession, submission: Submission, old: int, new: int
) -> list[FieldChange]:
    """Return what differs between two rounds, field by field."""
    before = await queries.list_round_items(session, submission.id, old)
    after = await queries.list_round_items(session, submission.id, new)
    one = {str(item.number): _document(item) for item in before}
    two = {str(item.number): _document(item) for item in after}
    return [
        FieldChange(pointer=each.pointer, before=each.old, after=each.new)
        for each in differences(one, two, "/items")
    ]


def _document(item: RoundItem) -> dict[str, Any]:
    return {
        "type": item.type,
        "factor": item.factor,
        "reason": item.reason,
        "content": json.loads(item.content) if item.content else None,
    }
