"""The public notice, and objections to what is on it."""

import secrets
from typing import Final

from app.audit.service import Deed, Trail
from app.factors import service as factors
from app.factors.codes import Pin
from app.kit import clock
from app.kit.errors import Conflict, Forbidden, Invalid, NotFound
from app.reference import calendar
from app.reference.policy import Policy
from app.submissions import access, drafts, queries
from app.submissions.access import Work
from app.submissions.models import Notice, Objection, ProblemReport, Submission
from app.submissions.requests import Admission, Answer, ObjectionDraft, ProblemDraft
from app.submissions.workflow import Action, State

_OPEN: Final = frozenset({State.ON_NOTICE, State.HELD})


class NoSuchNotice(NotFound):
    code = "UNKNOWN_NOTICE"
    en = "There is no such notice."
    zh = "该公示不存在。"


class NoSuchObjection(NotFound):
    code = "UNKNOWN_OBJECTION"
    en = "There is no such objection."
    zh = "该异议不存在。"


class OwnNotice(Forbidden):
    en = "Nobody objects to a submission of their own organisation."
    zh = "不得对本单位的报送提出异议。"


class NoticeClosed(Conflict):
    en = "The notice is closed; report a problem with the published factor instead."
    zh = "公示已结束;请对已发布因子报告问题。"


class NoSuchItemOnNotice(Invalid):
    code = "UNKNOWN_ITEM"
    en = "The notice has no item {number}."
    zh = "公示中没有条目 {number}。"


class PeriodNotOver(Conflict):
    en = "The notice period runs until {day}, and that day must be over."
    zh = "公示期至 {day},须待该日结束。"


class ObjectionsOpen(Conflict):
    en = "Objections are not decided yet: {objections}."
    zh = "尚有未决异议:{objections}。"


class OwnObjection(Forbidden):
    code = "CONFLICT_OF_INTEREST"
    en = "Nobody decides on an objection of their own."
    zh = "不得对本人提出的异议作出决定。"


class AlreadyDecided(Conflict):
    en = "The objection is {state}."
    zh = "该异议状态为 {state}。"


async def open_notice(work: Work, policy: Policy) -> None:
    """Show the items to everyone for the time of the policy."""
    submission = work.submission
    await drafts.checked_digest(work.session, submission)
    today = clock.today(work.trail.at)
    days = policy.notice_working_days
    notice = Notice(
        id=f"ntc_{secrets.token_hex(8)}",
        submission_id=submission.id,
        round=submission.round,
        opened_at=work.trail.at,
        opens_on=today,
        closes_on=calendar.add_working_days(today, days) if days else today,
        working_days=days,
    )
    work.session.add(notice)
    closes_on = notice.closes_on.isoformat()
    work.move(is_public=True, notice=notice.id, closes_on=closes_on)


async def clear(work: Work) -> None:
    """End a notice whose period is over and that has nothing open."""
    notice = await present(work)
    if notice.working_days and clock.today(work.trail.at) <= notice.closes_on:
        raise PeriodNotOver(day=notice.closes_on.isoformat())
    undecided = await queries.open_objections(work.session, notice.id)
    if undecided:
        raise ObjectionsOpen(objections=", ".join(each.id for each in undecided))
    notice.closed_at = work.trail.at
    work.move(is_public=True, notice=notice.id)


async def object_(trail: Trail, notice_id: str, draft: ObjectionDraft) -> Objection:
    """Object to one item on notice; for anyone of another organisation."""
    notice = await trail.session.get(Notice, notice_id)
    if notice is None:
        raise NoSuchNotice
    submission = await queries.lock_submission(trail.session, notice.submission_id)
    assert submission is not None  # noqa: S101 - the notice refers to it
    _check_objector(trail, submission, draft)
    if not _is_open(trail, notice, submission):
        raise NoticeClosed
    objection = Objection(
        id=f"obj_{secrets.token_hex(8)}",
        notice_id=notice.id,
        item=draft.item,
        pointer=draft.pointer,
        grounds=draft.grounds,
        evidence=list(draft.evidence),
        person_id=trail.actor.person_id,
        organisation_id=trail.actor.organisation_id,
        state="RECEIVED",
        received_at=trail.at,
    )
    trail.session.add(objection)
    access.touch(trail, submission)
    after = {"objection": objection.id, "item": objection.item}
    access.record(trail, submission, "OBJECT", after=after, is_public=True)
    return objection


async def admit(work: Work, objection: Objection, body: Admission) -> None:
    """Take an objection up, which holds the submission, or refuse it with a reason."""
    _expect(work, objection, "RECEIVED")
    objection.state = "ADMITTED" if body.admissible else "NOT_ADMITTED"
    _decide(work, objection, body.reason)
    work.move(objection.state, reason=body.reason, objection=objection.id)


async def answer(work: Work, objection: Objection, body: Answer) -> None:
    """Answer an objection that was admitted."""
    _expect(work, objection, "ADMITTED")
    objection.state = body.outcome
    _decide(work, objection, body.reply)
    if body.outcome == "UPHELD":
        await break_off(work, body.reply)
    work.move(body.outcome, reason=body.reply, objection=objection.id)


async def break_off(work: Work, reply: str) -> None:
    """End the notice of this round early; what is still open is closed with *reply*.

    What was objected to is not published as it is: the objections have no object left.
    """
    submission = work.submission
    notice = await queries.find_notice(work.session, submission.id, submission.round)
    if notice is None:
        return
    notice.closed_at = work.trail.at
    for objection in await queries.open_objections(work.session, notice.id):
        objection.state = "CLOSED"
        _decide(work, objection, reply)


async def report_problem(trail: Trail, pin: Pin, draft: ProblemDraft) -> ProblemReport:
    """Note what somebody found wrong with a published version."""
    await factors.get_present(trail.session, pin)
    report = ProblemReport(
        id=f"prb_{secrets.token_hex(8)}",
        code=pin.code,
        version=pin.version,
        pointer=draft.pointer,
        text=draft.text,
        evidence=list(draft.evidence),
        person_id=trail.actor.person_id,
        organisation_id=trail.actor.organisation_id,
        at=trail.at,
    )
    trail.session.add(report)
    deed = Deed(
        act="REPORT_PROBLEM",
        object_type="FACTOR_VERSION",
        object_id=f"{pin.code}@{pin.version}",
        after={"report": report.id, "pointer": draft.pointer},
    )
    trail.record(deed)
    return report


async def begin(
    trail: Trail, objection_id: str, action: Action
) -> tuple[Work, Objection]:
    """Hold the submission that an objection is about, for the secretariat."""
    objection = await trail.session.get(Objection, objection_id)
    if objection is None:
        raise NoSuchObjection
    notice = await trail.session.get_one(Notice, objection.notice_id)
    work = await _hold(trail, notice, action)
    await trail.session.refresh(objection)
    if notice.round != work.submission.round:
        raise NoticeClosed
    return work, objection


async def present(work: Work) -> Notice:
    """Return the notice of the present round."""
    submission = work.submission
    notice = await queries.find_notice(work.session, submission.id, submission.round)
    if notice is None:
        raise NoSuchNotice
    return notice


async def _hold(trail: Trail, notice: Notice, action: Action) -> Work:
    try:
        return await access.begin(trail, notice.submission_id, action)
    except access.NoSuchSubmission:
        raise NoSuchObjection from None


def _check_objector(
    trail: Trail, submission: Submission, draft: ObjectionDraft
) -> None:
    if trail.actor.organisation_id == submission.organisation_id:
        raise OwnNotice
    if not 1 <= draft.item <= submission.item_count:
        raise NoSuchItemOnNotice(pointer="/item", number=draft.item)


def _is_open(trail: Trail, notice: Notice, submission: Submission) -> bool:
    if State(submission.state) not in _OPEN or notice.round != submission.round:
        return False
    # A period of no days, as in the demonstration, lasts until it is cleared.
    return not notice.working_days or clock.today(trail.at) <= notice.closes_on


def _expect(work: Work, objection: Objection, state: str) -> None:
    if objection.person_id == work.trail.actor.person_id:
        raise OwnObjection
    if objection.state != state:
        raise AlreadyDecided(state=objection.state)


def _decide(work: Work, objection: Objection, reply: str | None) -> None:
    objection.reply = reply
    objection.decided_by = work.trail.actor.person_id
    objection.decided_at = work.trail.at
