"""What waits for whom: a reviewer's assignments, the secretariat's queue."""

from typing import Annotated

from fastapi import Query

from app.http.dependencies import KnownCaller, ReadSession
from app.http.problems import problem_responses
from app.http.routing import router
from app.kit.clock import instant_text
from app.kit.errors import Forbidden
from app.kit.schemas import Schema
from app.submissions import desk
from app.submissions.access import OFFICES
from app.submissions.workflow import State

routes = router("desk")


class OfficesOnly(Forbidden):
    en = "The queue is for the secretariat, publishers and auditors."
    zh = "队列仅供秘书处、发布人和审计员查看。"


class OwnAssignment(Schema):
    """What a reviewer is asked to look at: enough to declare a conflict."""

    submission: str
    title: str
    organisation: str
    state: State
    round: int
    chair: bool
    due_on: str | None
    assigned_at: str
    declared_at: str | None
    conflict: bool | None
    ended: bool


class OwnAssignments(Schema):
    """A reviewer's assignments, the newest first."""

    items: tuple[OwnAssignment, ...]


class Waiting(Schema):
    """How many submissions wait in a state, and since when."""

    state: State
    count: int
    oldest: str
    overdue: int


class Load(Schema):
    """How much a reviewer has to do, and has done."""

    person: str
    organisation: str
    open: int
    signed: int


class Queue(Schema):
    """The work that waits, by state with its age, and the load of each reviewer."""

    states: tuple[Waiting, ...]
    reviewers: tuple[Load, ...]


@routes.get("/assignments", responses=problem_responses(Forbidden))
async def list_assignments(
    session: ReadSession,
    caller: KnownCaller,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> OwnAssignments:
    """List the caller's own assignments, those to be declared among them."""
    found = await desk.list_own_assignments(session, caller.person_id, limit)
    return OwnAssignments(
        items=tuple(
            OwnAssignment(
                submission=submission.id,
                title=submission.title,
                organisation=submission.organisation_id,
                state=State(submission.state),
                round=each.round,
                chair=each.chair,
                due_on=each.due_on.isoformat() if each.due_on else None,
                assigned_at=instant_text(each.assigned_at),
                declared_at=instant_text(each.declared_at)
                if each.declared_at
                else None,
                conflict=each.conflict,
                ended=each.ended_at is not None,
            )
            for each, submission in found
        )
    )


@routes.get("/queue", responses=problem_responses(Forbidden))
async def get_queue(session: ReadSession, caller: KnownCaller) -> Queue:
    """Read what waits in which state and since when, and how busy each reviewer is."""
    if caller.role not in OFFICES:
        raise OfficesOnly
    waiting = await desk.waiting(session)
    loads = await desk.loads(session)
    return Queue(
        states=tuple(
            Waiting(
                state=State(state),
                count=count,
                oldest=instant_text(oldest),
                overdue=overdue,
            )
            for state, count, oldest, overdue in waiting
        ),
        reviewers=tuple(
            Load(person=person, organisation=organisation, open=open_, signed=signed)
            for person, organisation, open_, signed in loads
        ),
    )
