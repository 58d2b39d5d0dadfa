"""What is on public notice, objections to it, and problems with what is published."""

from typing import Annotated, Final

from fastapi import Depends, Path, Query

from app.api.factors import Code, VersionNumber
from app.factors.codes import Pin
from app.http.bodies import JsonBody
from app.http.dependencies import ActorTrail, KnownCaller, ReadSession
from app.http.problems import problem_responses
from app.http.routing import router
from app.kit.errors import Conflict, Forbidden, NotFound
from app.kit.schemas import Flag, Schema
from app.submissions import notices, public
from app.submissions.access import Work
from app.submissions.models import Objection
from app.submissions.requests import Admission, Answer, ObjectionDraft, ProblemDraft
from app.submissions.schemas import (
    NoticePage,
    NoticeRead,
    ObjectionRead,
    ProblemReportRead,
)
from app.submissions.workflow import Action

routes = router("notices")

_ACT: Final = problem_responses(NotFound, Forbidden, Conflict)
NoticeId = Annotated[str, Path(max_length=40, examples=["ntc_0123456789abcdef"])]
ObjectionId = Annotated[str, Path(max_length=40, examples=["obj_0123456789abcdef"])]


class Objections(Schema):
    """All objections of a notice, in the order of their arrival."""

    items: tuple[ObjectionRead, ...]


@routes.get("/notices")
async def list_notices(
    session: ReadSession,
    *,
    open_: Annotated[Flag | None, Query(alias="open")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> NoticePage:
    """List what is or was on public notice, the newest first; for everyone."""
    return await public.notices(session, is_open=open_, cursor=cursor, limit=limit)


@routes.get("/notices/{notice_id}", responses=problem_responses(NotFound))
async def get_notice(notice_id: NoticeId, session: ReadSession) -> NoticeRead:
    """Read a notice; for everyone."""
    return await public.notice_by_id(session, notice_id)


@routes.get("/notices/{notice_id}/objections", responses=problem_responses(NotFound))
async def list_objections(notice_id: NoticeId, session: ReadSession) -> Objections:
    """List the objections to a notice with their answers; for everyone."""
    return Objections(items=await public.objections(session, notice_id))


@routes.post("/notices/{notice_id}/objections", status_code=201, responses=_ACT)
async def create_objection(
    notice_id: NoticeId, body: JsonBody[ObjectionDraft], trail: ActorTrail
) -> ObjectionRead:
    """Object to one item on notice; not for the organisation that submits it."""
    return public.read_objection(await notices.object_(trail, notice_id, body))


class _On:
    """Holds the submission behind an objection before the body is looked at."""

    def __init__(self, action: Action) -> None:
        self.action = action

    async def __call__(
        self, objection_id: ObjectionId, trail: ActorTrail
    ) -> tuple[Work, Objection]:
        return await notices.begin(trail, objection_id, self.action)


@routes.get("/objections/{objection_id}", responses=problem_responses(NotFound))
async def get_objection(
    objection_id: ObjectionId, session: ReadSession
) -> ObjectionRead:
    """Read an objection; for everyone."""
    return public.read_objection(await public.objection(session, objection_id))


@routes.post("/objections/{objection_id}/admit", responses=_ACT)
async def admit_objection(
    held: Annotated[tuple[Work, Objection], Depends(_On(Action.ADMIT))],
    body: JsonBody[Admission],
) -> ObjectionRead:
    """Take an objection up, or refuse it with a reason."""
    work, objection = held
    await notices.admit(work, objection, body)
    return public.read_objection(objection)


@routes.post("/objections/{objection_id}/answer", responses=_ACT)
async def answer_objection(
    held: Annotated[tuple[Work, Objection], Depends(_On(Action.ANSWER))],
    body: JsonBody[Answer],
) -> ObjectionRead:
    """Answer an objection that was taken up: dismissed, or upheld."""
    work, objection = held
    await notices.answer(work, objection, body)
    return public.read_objection(objection)


@routes.post(
    "/factors/{code}/versions/{version}/problems",
    status_code=201,
    responses=problem_responses(NotFound, Forbidden),
)
async def report_problem(
    code: Code, version: VersionNumber, body: JsonBody[ProblemDraft], trail: ActorTrail
) -> ProblemReportRead:
    """Report a problem with a published version; the secretariat reads it."""
    report = await notices.report_problem(trail, Pin(code, version), body)
    return public.read_problem(report)


@routes.get("/problem-reports", responses=problem_responses(Forbidden))
async def list_problem_reports(
    session: ReadSession,
    caller: KnownCaller,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> tuple[ProblemReportRead, ...]:
    """List the newest reports; the offices see all, others those of their own."""
    return await public.problem_reports(session, caller, limit)
