"""Remarks pinned to a field, resolved one by one."""

from collections.abc import Sequence

from app.audit.service import Trail
from app.kit.errors import Conflict, Forbidden, Invalid, NotFound
from app.submissions import access, queries
from app.submissions.access import View
from app.submissions.models import Comment, Submission
from app.submissions.requests import CommentDraft
from app.submissions.workflow import Standing, State


class NoSuchComment(NotFound):
    code = "UNKNOWN_COMMENT"
    en = "There is no comment {number}."
    zh = "没有意见 {number}。"


class CommentResolved(Conflict):
    en = "Comment {number} is resolved already."
    zh = "意见 {number} 已处理。"


class NotForComments(Forbidden):
    en = "Comments are for the authors, the secretariat and the panel."
    zh = "仅报送单位、秘书处和评审组可以提出意见。"


class CommentsClosed(Conflict):
    en = "In state {state} there are no more comments."
    zh = "状态 {state} 下不再接受意见。"


class NoSuchField(Invalid):
    code = "UNKNOWN_POINTER"
    en = "The submission has no item {number}."
    zh = "报送中没有条目 {number}。"


_OVER = frozenset({State.PUBLISHED, State.REJECTED, State.WITHDRAWN})


async def comment(trail: Trail, submission_id: str, draft: CommentDraft) -> Comment:
    """Make a remark; raises `NotForComments`, `CommentsClosed`."""
    submission = await _hold(trail, submission_id)
    (made,) = await add(trail, submission, (draft,))
    access.touch(trail, submission)
    _record(trail, submission, "COMMENT", made)
    return made


async def add(
    trail: Trail, submission: Submission, drafts: Sequence[CommentDraft]
) -> list[Comment]:
    """Add remarks to a submission that is held."""
    last = await queries.last_comment(trail.session, submission.id)
    made = []
    for number, draft in enumerate(drafts, last + 1):
        _check_pointer(submission, draft.pointer)
        made.append(
            Comment(
                submission_id=submission.id,
                number=number,
                round=submission.round,
                pointer=draft.pointer,
                text=draft.text,
                person_id=trail.actor.person_id,
                organisation_id=trail.actor.organisation_id,
                at=trail.at,
            )
        )
    trail.session.add_all(made)
    return made


async def resolve(trail: Trail, submission_id: str, number: int, text: str) -> Comment:
    """Say how a remark was taken up."""
    submission = await _hold(trail, submission_id)
    found = await trail.session.get(Comment, (submission.id, number))
    if found is None:
        raise NoSuchComment(number=number)
    if found.resolved_at is not None:
        raise CommentResolved(number=number)
    found.resolution, found.resolved_at = text, trail.at
    found.resolved_by = trail.actor.person_id
    access.touch(trail, submission)
    _record(trail, submission, "RESOLVE_COMMENT", found)
    return found


async def _hold(trail: Trail, submission_id: str) -> Submission:
    await queries.lock_submission(trail.session, submission_id)
    seen = await access.readable(trail.session, submission_id, trail.actor)
    if not _may_comment(trail, seen):
        raise NotForComments
    if State(seen.submission.state) in _OVER:
        raise CommentsClosed(state=seen.submission.state)
    return seen.submission


def _may_comment(trail: Trail, seen: View) -> bool:
    if Standing.OWN_ORGANISATION in seen.standings:
        return trail.actor.role in ("SUBMITTER", "APPROVER")
    is_secretariat = trail.actor.role == "SECRETARIAT"
    return is_secretariat or Standing.DECLARED in seen.standings


def _check_pointer(submission: Submission, pointer: str) -> None:
    parts = pointer.split("/")
    if len(parts) < 3 or parts[1] != "items":  # noqa: PLR2004 - "", "items", number
        return
    if not parts[2].isdecimal() or not 1 <= int(parts[2]) <= submission.item_count:
        raise NoSuchField(pointer="/pointer", number=parts[2][:20])


def _record(trail: Trail, submission: Submission, act: str, made: Comment) -> None:
    after = {"comment": made.number, "pointer": made.pointer}
    access.record(trail, submission, act, after=after)
