"""The secretariat's screening and the panel's review."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock
from app.kit.errors import Conflict, Findings, Invalid
from app.reference.enums import Role
from app.reference.policy import Policy
from app.submissions import access, comments, drafts, impact, notices, queries
from app.submissions.access import Work
from app.submissions.models import Assignment, Review, Submission
from app.submissions.requests import (
    ConflictDeclaration,
    Panel,
    Replacement,
    Return,
    Verdict,
)

FAVOURABLE: Final = frozenset({"PASS", "MINOR"})


class PanelTooSmall(Invalid):
    en = "A panel has at least {least} reviewers and an odd number of them."
    zh = "评审组至少 {least} 人且人数为奇数。"


class OneChair(Invalid):
    en = "A panel has exactly one chair."
    zh = "评审组须有且仅有一名组长。"


class ReviewerTwice(Invalid):
    en = "{person} is named twice."
    zh = "{person} 被重复列出。"


class NotAReviewer(Invalid):
    code = "NOT_A_REVIEWER"
    en = "{person} is no active reviewer."
    zh = "{person} 不是有效的评审专家。"


class ReviewerOfSubmitter(Invalid):
    en = "{person} belongs to the organisation that submits."
    zh = "{person} 属于报送单位。"


class NotAssigned(Invalid):
    en = "{person} is not assigned in this round."
    zh = "{person} 未被指派参加本轮评审。"


class ReviewerWasHere(Invalid):
    en = "{person} has been assigned in this round before."
    zh = "{person} 曾被指派参加本轮评审。"


class AlreadySigned(Conflict):
    en = "{person} has signed in this round."
    zh = "{person} 已在本轮签署。"


class AlreadyDeclared(Conflict):
    en = "You have declared already in this round."
    zh = "您已在本轮作过声明。"


class NotAllSigned(Conflict):
    en = "{missing} of {size} reviews are not signed yet."
    zh = "{size} 份评审中有 {missing} 份尚未签署。"


class PanelIncomplete(Conflict):
    en = "The panel has {size} of at least {least} reviewers, an odd number; reassign."
    zh = "评审组现有 {size} 人,至少 {least} 人且为奇数,请补派。"


class NoMajority(Conflict):
    en = "{favourable} of {size} verdicts are PASS or MINOR; 2/3 are needed."
    zh = "{size} 份结论中有 {favourable} 份为 PASS 或 MINOR,未达三分之二。"


async def return_(work: Work, body: Return) -> None:
    """Send a submission back to its authors."""
    await comments.add(work.trail, work.submission, body.comments)
    work.submission.approved_by = None
    work.move(reason=body.reason)


async def assign(work: Work, panel: Panel, policy: Policy) -> None:
    """Appoint the panel of this round."""
    people = [each.person for each in panel.reviewers]
    errors = _shape_errors(panel, policy)
    known = await queries.lock_people(work.session, people)
    for number, person in enumerate(people):
        pointer = f"/reviewers/{number}/person"
        errors += _person_errors(work.submission, known, person, pointer)
    if errors:
        raise Findings(errors)
    work.submission.due_on = clock.day(panel.due_on)
    for each in panel.reviewers:
        await _appoint(work, each.person, known[each.person][1], chair=each.chair)
    work.move(reviewers=people)


async def reassign(work: Work, body: Replacement) -> None:
    """Replace a reviewer who has not signed; the place of the chair goes along."""
    leaving = await _replaceable(work, body.out)
    if leaving is None:
        raise NotAssigned(pointer="/out", person=body.out)
    if body.out in await _signers(work):
        raise AlreadySigned(person=body.out)
    known = await queries.lock_people(work.session, [body.in_])
    if errors := _person_errors(work.submission, known, body.in_, "/in"):
        raise Findings(errors)
    await _refuse_former(work, body.in_)
    leaving.ended_at = work.trail.at
    await work.session.flush()  # there is one chair at a time
    await _appoint(work, body.in_, known[body.in_][1], chair=leaving.chair)
    work.move(leaving=body.out, joining=body.in_)


async def declare(work: Work, body: ConflictDeclaration) -> None:
    """State whether there is a conflict of interest; one ends the assignment."""
    own = await _own(work)
    if own.declared_at is not None:
        raise AlreadyDeclared
    own.declared_at, own.conflict = work.trail.at, body.conflict
    own.declaration = body.text
    if body.conflict:
        own.ended_at = work.trail.at
    work.move(conflict=body.conflict)


async def review(work: Work, body: Verdict) -> None:
    """Sign a review; there is one a round."""
    if work.trail.actor.person_id in await _signers(work):
        raise AlreadySigned(person=work.trail.actor.person_id)
    work.session.add(
        Review(
            submission_id=work.submission.id,
            round=work.submission.round,
            person_id=work.trail.actor.person_id,
            verdict=body.verdict,
            scores=body.scores.model_dump(),
            criteria=body.criteria.model_dump(),
            text=body.text,
            signed_at=work.trail.at,
        )
    )
    await comments.add(work.trail, work.submission, body.comments)
    work.move(verdict=body.verdict)


async def request_changes(work: Work, reason: str) -> None:
    """Send a submission back for another round."""
    work.move(reason=reason)


async def reject(work: Work, reason: str) -> None:
    """End a submission, and its notice with it."""
    await notices.break_off(work, reason)
    work.move(reason=reason)


async def pass_(work: Work, policy: Policy) -> None:
    """Accept the items as they are; whoever disagreed stays on record."""
    verdicts = await _verdicts(work, policy)
    favourable = sum(verdict in FAVOURABLE for verdict in verdicts.values())
    if favourable * policy.pass_share[1] < len(verdicts) * policy.pass_share[0]:
        raise NoMajority(favourable=favourable, size=len(verdicts))
    submission = work.submission
    submission.passed_digest = await drafts.checked_digest(work.session, submission)
    submission.impact = await impact.of(work.session, submission)
    work.move(verdicts=verdicts, passed_digest=submission.passed_digest)


async def _verdicts(work: Work, policy: Policy) -> dict[str, str]:
    """Return the verdicts of the whole panel by person; raises if one is missing."""
    panel = await _present(work.session, work.submission)
    size = len(panel)
    if size < policy.reviewers or size % 2 == 0:
        raise PanelIncomplete(size=size, least=policy.reviewers)
    reviews = await queries.list_reviews(work.session, work.submission.id)
    members = {each.person_id for each in panel}
    signed = {
        each.person_id: each.verdict
        for each, _ in reviews
        if each.round == work.submission.round and each.person_id in members
    }
    if len(signed) < size:
        raise NotAllSigned(missing=size - len(signed), size=size)
    return signed


async def _signers(work: Work) -> set[str]:
    reviews = await queries.list_reviews(work.session, work.submission.id)
    present = work.submission.round
    return {each.person_id for each, _ in reviews if each.round == present}


async def _present(
    session: AsyncSession, submission: Submission
) -> Sequence[Assignment]:
    every = await queries.list_assignments(session, submission.id, submission.round)
    return [each for each in every if each.ended_at is None]


async def _own(work: Work) -> Assignment:
    person = work.trail.actor.person_id
    present = await _present(work.session, work.submission)
    return next(each for each in present if each.person_id == person)


async def _replaceable(work: Work, person: str) -> Assignment | None:
    """Return the place of *person*, who is there or left it by a conflict.

    The end of such an assignment is that of the declaration until somebody moves in.
    """
    every = await queries.list_assignments(
        work.session, work.submission.id, work.submission.round
    )
    return next(
        (
            each
            for each in every
            if each.person_id == person and each.ended_at in (None, each.declared_at)
        ),
        None,
    )


async def _refuse_former(work: Work, person: str) -> None:
    every = await queries.list_assignments(
        work.session, work.submission.id, work.submission.round
    )
    if any(each.person_id == person for each in every):
        raise ReviewerWasHere(pointer="/in", person=person)


async def _appoint(work: Work, person: str, organisation: str, *, chair: bool) -> None:
    submission, trail = work.submission, work.trail
    work.session.add(
        Assignment(
            submission_id=submission.id,
            round=submission.round,
            person_id=person,
            chair=chair,
            due_on=submission.due_on,
            assigned_at=trail.at,
        )
    )
    await access.add_duty(
        work.session,
        submission,
        "REVIEWER",
        person_id=person,
        organisation_id=organisation,
    )


def _shape_errors(panel: Panel, policy: Policy) -> list[Invalid]:
    errors: list[Invalid] = []
    size = len(panel.reviewers)
    if size < policy.reviewers or size % 2 == 0:
        errors.append(PanelTooSmall(pointer="/reviewers", least=policy.reviewers))
    if sum(each.chair for each in panel.reviewers) != 1:
        errors.append(OneChair(pointer="/reviewers"))
    people = [each.person for each in panel.reviewers]
    errors += [
        ReviewerTwice(pointer=f"/reviewers/{number}/person", person=person)
        for number, person in enumerate(people)
        if person in people[:number]
    ]
    return errors


def _person_errors(
    submission: Submission,
    known: dict[str, tuple[str, str]],
    person: str,
    pointer: str,
) -> list[Invalid]:
    role, organisation = known.get(person, (None, None))
    if role != Role.REVIEWER:
        return [NotAReviewer(pointer=pointer, person=person)]
    if organisation == submission.organisation_id:
        return [ReviewerOfSubmitter(pointer=pointer, person=person)]
    return []
