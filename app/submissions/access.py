"""Who may see a submission, and who may do what to it.

Checked in this order: it is there for the caller (404), the role (403), the state
(409), what the caller is to this submission (403). Guards of single actions follow.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.service import Deed, Trail
from app.kit.errors import Conflict, Forbidden, NotFound
from app.reference.enums import Role
from app.submissions import queries, workflow
from app.submissions.models import Assignment, Duty, Submission
from app.submissions.workflow import Action, Standing, State, Transition

OFFICES: Final = frozenset({Role.SECRETARIAT, Role.PUBLISHER, Role.AUDITOR})
AUTHORS: Final = frozenset({Role.SUBMITTER, Role.APPROVER})


class NoSuchSubmission(NotFound):
    code = "UNKNOWN_SUBMISSION"
    en = "There is no such submission."
    zh = "该报送不存在。"


class DeclarationFirst(Forbidden):
    en = "Declare first whether you have a conflict of interest."
    zh = "请先声明是否存在利益冲突。"


class NotTheChair(Forbidden):
    en = "This is for the chair of the panel, after the declaration."
    zh = "此操作须由已声明的评审组组长执行。"


class NotAnAuthor(Forbidden):
    en = "This is for submitters and approvers of the organisation."
    zh = "此操作须由本单位的报送员或审核人执行。"


class NotEditable(Conflict):
    en = "In state {state} the items are frozen."
    zh = "状态 {state} 下条目已冻结。"


class DutiesNotSeparate(Forbidden):
    en = "You are already {duty} of this submission; one person has one duty."
    zh = "您已是该报送的 {duty};一人只能承担一项职责。"


class SameOrganisation(Forbidden):
    code = "CONFLICT_OF_INTEREST"
    en = "Nobody decides on a submission of their own organisation."
    zh = "不得对本单位的报送作出决定。"


class Who(Protocol):
    """A person by ids and role."""

    @property
    def person_id(self) -> str: ...
    @property
    def organisation_id(self) -> str: ...
    @property
    def role(self) -> str: ...


@dataclass(frozen=True, slots=True)
class View:
    """A submission and what somebody is to it."""

    submission: Submission
    standings: frozenset[Standing]

    @property
    def is_readable(self) -> bool:
        """Tell whether content may be shown."""
        return self.standings != {Standing.ASSIGNED}


@dataclass(frozen=True, slots=True)
class Work:
    """A submission that is held, with the rows by which the actor may act on it."""

    trail: Trail
    submission: Submission
    rows: tuple[Transition, ...]

    @property
    def session(self) -> AsyncSession:
        """The session of the request."""
        return self.trail.session

    def move(
        self,
        outcome: str | None = None,
        *,
        reason: str | None = None,
        is_public: bool = False,
        log_index: int | None = None,
        **details: Any,  # noqa: ANN401 - what the event shows
    ) -> None:
        """Take the row of *outcome*: set the state and write the event.

        *log_index* is that of the last entry that the act has led to.
        """
        row = next(row for row in self.rows if row.outcome == outcome)
        before = self.submission.state
        if row.target is not None:
            self.submission.state = row.target
        touch(self.trail, self.submission)
        record(
            self.trail,
            self.submission,
            row.action.upper(),
            before={"state": before},
            after={"state": self.submission.state, **details},
            reason=reason,
            is_public=is_public,
            log_index=log_index,
        )


def record(
    trail: Trail,
    submission: Submission,
    act: str,
    **facts: Any,  # noqa: ANN401 - those of a deed
) -> None:
    """Write the event of an act on a submission, chained to those before it."""
    deed = Deed(act=act, object_type="SUBMISSION", object_id=submission.id, **facts)
    trail.record(deed, submission)


def touch(trail: Trail, submission: Submission) -> None:
    """Note that the submission changes now."""
    submission.revision += 1
    submission.changed_at = trail.at


async def view(session: AsyncSession, submission_id: str, who: Who) -> View:
    """Return a submission as *who* sees it; raises `NoSuchSubmission`."""
    submission = await queries.find_submission(session, submission_id)
    return await _seen(session, submission, who)


async def left(session: AsyncSession, submission: Submission, who: Who) -> View:
    """Return what *who* sees at the end of an act, if only the head of it.

    A declared conflict ends the assignment, and is answered all the same.
    """
    standings = await _standings(session, submission, who)
    return View(submission, standings or frozenset({Standing.ASSIGNED}))


async def readable(session: AsyncSession, submission_id: str, who: Who) -> View:
    """Return a submission whose content *who* may read; raises `DeclarationFirst`."""
    seen = await view(session, submission_id, who)
    if not seen.is_readable:
        raise DeclarationFirst
    return seen


async def begin(trail: Trail, submission_id: str, action: Action) -> Work:
    """Hold a submission for *action* of the actor, or refuse."""
    submission = await queries.lock_submission(trail.session, submission_id)
    if submission is None:
        raise NoSuchSubmission
    standings = await _standings(trail.session, submission, trail.actor)
    # An office may not read a draft, but is told that it comes too early.
    if not standings and trail.actor.role not in OFFICES:
        raise NoSuchSubmission
    rows = workflow.check(action, Role(trail.actor.role), State(submission.state))
    standing_rows = tuple(row for row in rows if row.standing in standings)
    if not standing_rows:
        raise _refusal(rows)
    await _check_office(trail, submission, standing_rows[0])
    return Work(trail, submission, standing_rows)


async def begin_editing(trail: Trail, submission_id: str) -> Submission:
    """Hold a draft for its authors to change, or refuse."""
    submission = await queries.lock_submission(trail.session, submission_id)
    seen = await _seen(trail.session, submission, trail.actor)
    check_author(trail, seen)
    if not workflow.is_editable(State(seen.submission.state)):
        raise NotEditable(state=seen.submission.state)
    return seen.submission


def check_author(trail: Trail, seen: View) -> None:
    """Refuse whoever is no author of the organisation."""
    is_own = Standing.OWN_ORGANISATION in seen.standings
    if not is_own or trail.actor.role not in AUTHORS:
        raise NotAnAuthor


async def take_duty(trail: Trail, submission: Submission, duty: str) -> None:
    """Note the actor's duty; raises `DutiesNotSeparate`, `SameOrganisation`."""
    actor = trail.actor
    await add_duty(
        trail.session,
        submission,
        duty,
        person_id=actor.person_id,
        organisation_id=actor.organisation_id,
    )


async def add_duty(
    session: AsyncSession,
    submission: Submission,
    duty: str,
    *,
    person_id: str,
    organisation_id: str,
) -> None:
    """Note somebody's duty, unless they have another one."""
    is_author = duty in ("MAKER", "CHECKER")
    if is_author is not (organisation_id == submission.organisation_id):
        raise SameOrganisation
    values = {
        "submission_id": submission.id,
        "person_id": person_id,
        "duty": duty,
        "organisation_id": organisation_id,
        "submitter_organisation_id": submission.organisation_id,
        "round": submission.round,
    }
    taken = insert(Duty).values(values).on_conflict_do_nothing().returning(Duty.duty)
    if (await session.execute(taken)).one_or_none() is not None:
        return
    held = await queries.find_duty(session, submission.id, person_id)
    if held is None or held.duty != duty:
        raise DutiesNotSeparate(duty=held.duty if held else duty)


async def _seen(session: AsyncSession, submission: Submission | None, who: Who) -> View:
    if submission is None:
        raise NoSuchSubmission
    standings = await _standings(session, submission, who)
    if not standings:
        raise NoSuchSubmission
    return View(submission, standings)


async def _standings(
    session: AsyncSession, submission: Submission, who: Who
) -> frozenset[Standing]:
    found = set[Standing]()
    if who.organisation_id == submission.organisation_id:
        found.add(Standing.OWN_ORGANISATION)
    if who.role in OFFICES and _is_handed_in(submission, who):
        found.add(Standing.OFFICE)
    if who.role == Role.REVIEWER:
        assignments = await queries.list_assignments(
            session, submission.id, submission.round
        )
        found |= _as_reviewer(assignments, who.person_id)
    return frozenset(found)


def _is_handed_in(submission: Submission, who: Who) -> bool:
    """Tell whether an office may know of it: of drafts, only auditors do.

    A draft that was withdrawn has never been handed in either.
    """
    return submission.round > 0 or who.role == Role.AUDITOR


def _as_reviewer(assignments: Collection[Assignment], person_id: str) -> set[Standing]:
    own = [
        each
        for each in assignments
        if each.person_id == person_id and each.ended_at is None
    ]
    if not own:
        return set()
    found = {Standing.ASSIGNED}
    if own[0].declared_at is not None:
        found.add(Standing.DECLARED)
        if own[0].chair:
            found.add(Standing.CHAIR)
    return found


async def _check_office(trail: Trail, submission: Submission, row: Transition) -> None:
    if row.standing is not Standing.OFFICE:
        return
    if trail.actor.organisation_id == submission.organisation_id:
        raise SameOrganisation
    if trail.actor.role == Role.SECRETARIAT:
        await take_duty(trail, submission, "SECRETARIAT")


def _refusal(rows: Collection[Transition]) -> Forbidden:
    wanted = {row.standing for row in rows}
    if Standing.CHAIR in wanted:
        return NotTheChair()
    if Standing.DECLARED in wanted:
        return DeclarationFirst()
    return NotAnAuthor()
