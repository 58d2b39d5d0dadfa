"""Submissions: drafts, items, comments and what has been said about them."""

import json
from typing import Annotated, Any, Final

from fastapi import Depends, Path, Query, Response
from pydantic import JsonValue

from app.audit.service import Trail
from app.http.bodies import JsonBody
from app.http.dependencies import ActorTrail, KnownCaller, ReadSession
from app.http.preconditions import IfMatch, etag
from app.http.problems import problem_responses, response_headers
from app.http.routing import router
from app.kit.errors import Conflict, Forbidden, NotFound, PreconditionFailed
from app.kit.schemas import Schema
from app.submissions import access, comments, drafts, reading
from app.submissions.access import View
from app.submissions.models import Submission
from app.submissions.requests import (
    CommentDraft,
    ItemDraft,
    Resolution,
    SubmissionDraft,
    SubmissionPatch,
)
from app.submissions.schemas import (
    CommentRead,
    FieldChange,
    ItemPage,
    ItemRead,
    ReviewRead,
    SubmissionPage,
    SubmissionRead,
)
from app.submissions.workflow import State

routes = router("submissions")

_READ: Final = {
    **problem_responses(NotFound, Forbidden),
    200: {"headers": response_headers("ETag")},
}
_EDIT: Final = {
    **problem_responses(NotFound, Forbidden, Conflict, PreconditionFailed),
    200: {"headers": response_headers("ETag")},
}
SubmissionId = Annotated[
    str, Path(max_length=40, examples=["sub_0123456789abcdef0123"])
]
Number = Annotated[int, Path(ge=1, le=20_000)]
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(max_length=400)]


class Comments(Schema):
    """All comments, in order."""

    items: tuple[CommentRead, ...]


class Reviews(Schema):
    """The signed reviews, round by round."""

    items: tuple[ReviewRead, ...]


class Changes(Schema):
    """What differs between two rounds."""

    items: tuple[FieldChange, ...]


async def _readable(
    submission_id: SubmissionId, session: ReadSession, caller: KnownCaller
) -> View:
    return await access.readable(session, submission_id, caller)


Readable = Annotated[View, Depends(_readable)]


async def answer(
    trail: Trail, submission: Submission, response: Response
) -> SubmissionRead:
    """Return the submission as it is at the end of the request, with its ETag."""
    await trail.session.flush()
    seen = await access.left(trail.session, submission, trail.actor)
    response.headers["ETag"] = etag(submission.revision)
    return await reading.read(trail.session, seen, trail.actor)


@routes.post(
    "/submissions",
    status_code=201,
    responses={
        **problem_responses(Forbidden),
        201: {"headers": response_headers("ETag")},
    },
)
async def create_submission(
    body: JsonBody[SubmissionDraft], trail: ActorTrail, response: Response
) -> SubmissionRead:
    """Make a draft of the caller's organisation, with any number of items."""
    submission = await drafts.create(trail, body.title, body.items)
    response.headers["Location"] = f"/v1/submissions/{submission.id}"
    return await answer(trail, submission, response)


@routes.get("/submissions")
async def list_submissions(
    session: ReadSession,
    caller: KnownCaller,
    state: Annotated[State | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SubmissionPage:
    """List the submissions that the caller may read, the newest first."""
    states = () if state is None else (state,)
    return await reading.submissions(
        session, caller, states=states, cursor=cursor, limit=limit
    )


@routes.get("/submissions/{submission_id}", responses=_READ)
async def get_submission(
    submission_id: SubmissionId,
    session: ReadSession,
    caller: KnownCaller,
    response: Response,
) -> SubmissionRead:
    """Read a submission; an assigned reviewer sees its head before the declaration."""
    seen = await access.view(session, submission_id, caller)
    response.headers["ETag"] = etag(seen.submission.revision)
    return await reading.read(session, seen, caller)


@routes.patch("/submissions/{submission_id}", responses=_EDIT)
async def patch_submission(
    submission_id: SubmissionId,
    revision: IfMatch,
    body: JsonBody[SubmissionPatch],
    trail: ActorTrail,
    response: Response,
) -> SubmissionRead:
    """Change the head of a draft."""
    submission = await access.begin_editing(trail, submission_id)
    drafts.check_revision(submission, revision)
    await drafts.rename(trail, submission, body.title)
    return await answer(trail, submission, response)


@routes.get("/submissions/{submission_id}/items", responses=_READ)
async def list_items(
    view: Readable, session: ReadSession, limit: Limit = 100, cursor: Cursor = None
) -> ItemPage:
    """List the items of a submission."""
    return await reading.items(session, view.submission, cursor, limit)


@routes.post("/submissions/{submission_id}/items", responses=_EDIT)
async def append_items(
    submission_id: SubmissionId,
    revision: IfMatch,
    body: JsonBody[SubmissionDraft],
    trail: ActorTrail,
    response: Response,
) -> SubmissionRead:
    """Add items to a draft, behind those that are there; the title stays."""
    submission = await access.begin_editing(trail, submission_id)
    drafts.check_revision(submission, revision)
    await drafts.append_items(trail, submission, body.items)
    return await answer(trail, submission, response)


@routes.get("/submissions/{submission_id}/items/{number}", responses=_READ)
async def get_item(
    number: Number, view: Readable, session: ReadSession, response: Response
) -> ItemRead:
    """Read one item; its ETag is that of the submission."""
    item = await drafts.get_item(session, view.submission, number)
    response.headers["ETag"] = etag(view.submission.revision)
    return reading.read_item(item)


@routes.put("/submissions/{submission_id}/items/{number}", responses=_EDIT)
async def put_item(
    submission_id: SubmissionId,
    number: Number,
    revision: IfMatch,
    body: JsonBody[ItemDraft],
    trail: ActorTrail,
    response: Response,
) -> ItemRead:
    """Replace an item, or add the next one."""
    submission = await access.begin_editing(trail, submission_id)
    drafts.check_revision(submission, revision)
    item = await drafts.put_item(trail, submission, number, body)
    response.headers["ETag"] = etag(submission.revision)
    return reading.read_item(item)


@routes.delete("/submissions/{submission_id}/items/{number}", responses=_EDIT)
async def delete_item(
    submission_id: SubmissionId,
    number: Number,
    revision: IfMatch,
    trail: ActorTrail,
    response: Response,
) -> SubmissionRead:
    """Take an item out of a draft; those behind it move up by one."""
    submission = await access.begin_editing(trail, submission_id)
    drafts.check_revision(submission, revision)
    await drafts.delete_item(trail, submission, number)
    return await answer(trail, submission, response)


@routes.get(
    "/submissions/{submission_id}/items/{number}/sealed",
    responses=problem_responses(NotFound, Forbidden),
)
async def get_sealed(
    number: Number, view: Readable, session: ReadSession
) -> dict[str, JsonValue]:
    """Read the sealed inventory of an item: its organisation and declared reviewers."""
    item = await drafts.get_item(session, view.submission, number)
    document: dict[str, Any] = json.loads(reading.sealed(view, item))
    return document


@routes.get("/submissions/{submission_id}/reviews", responses=_READ)
async def list_reviews(
    view: Readable, session: ReadSession, caller: KnownCaller
) -> Reviews:
    """List the signed reviews.

    The authors see those of a round once it is decided, reviewers once they have signed
    theirs.
    """
    return Reviews(items=tuple(await reading.reviews(session, view, caller)))


@routes.get("/submissions/{submission_id}/comments", responses=_READ)
async def list_comments(view: Readable, session: ReadSession) -> Comments:
    """List the comments."""
    return Comments(items=tuple(await reading.comments(session, view.submission)))


@routes.post("/submissions/{submission_id}/comments", status_code=201, responses=_EDIT)
async def create_comment(
    submission_id: SubmissionId, body: JsonBody[CommentDraft], trail: ActorTrail
) -> CommentRead:
    """Pin a remark to a field."""
    return reading.read_comment(await comments.comment(trail, submission_id, body))


@routes.post("/submissions/{submission_id}/comments/{number}/resolve", responses=_EDIT)
async def resolve_comment(
    submission_id: SubmissionId,
    number: Annotated[int, Path(ge=1, lt=2**31)],
    body: JsonBody[Resolution],
    trail: ActorTrail,
) -> CommentRead:
    """Say how a remark was taken up."""
    resolved = await comments.resolve(trail, submission_id, number, body.text)
    return reading.read_comment(resolved)


@routes.get("/submissions/{submission_id}/changes", responses=_READ)
async def list_changes(
    view: Readable,
    session: ReadSession,
    from_: Annotated[int | None, Query(alias="from", ge=1, lt=2**31)] = None,
    to: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> Changes:
    """List what differs between two rounds; the last two unless stated."""
    new = to or view.submission.round
    old = from_ or new - 1
    found = await reading.changes(session, view.submission, old, new)
    return Changes(items=tuple(found))
