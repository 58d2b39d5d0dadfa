"""The actions of the workflow, each at its own address."""

from typing import Annotated, Final

from fastapi import Depends, Request, Response

from app.api.submissions import SubmissionId, answer
from app.http.bodies import JsonBody
from app.http.dependencies import ActorTrail
from app.http.preconditions import IfMatchOptional
from app.http.problems import problem_responses, response_headers
from app.http.routing import router
from app.http.services import services_of
from app.kit.errors import Conflict, Forbidden, NotFound, PreconditionFailed
from app.publication import panel
from app.reference.policy import Policy
from app.submissions import access, drafts, notices, review
from app.submissions.access import Work
from app.submissions.requests import (
    ConflictDeclaration,
    Declaration,
    NoBody,
    Panel,
    Reason,
    Replacement,
    Return,
    Verdict,
)
from app.submissions.schemas import SubmissionRead
from app.submissions.workflow import Action

routes = router("workflow")

_ACT: Final = {
    **problem_responses(NotFound, Forbidden, Conflict, PreconditionFailed),
    200: {"headers": response_headers("ETag")},
}
# So that a POST without a body will do as well.
NOTHING: Final = NoBody()
_AT: Final = "/submissions/{submission_id}/"


class _On:
    """Holds the submission for an action before the body is looked at."""

    def __init__(self, action: Action) -> None:
        self.action = action

    async def __call__(
        self, submission_id: SubmissionId, trail: ActorTrail, revision: IfMatchOptional
    ) -> Work:
        work = await access.begin(trail, submission_id, self.action)
        drafts.check_revision(work.submission, revision)
        return work


async def _policy(request: Request) -> Policy:
    return services_of(request.scope).policy


CurrentPolicy = Annotated[Policy, Depends(_policy)]


async def _done(work: Work, response: Response) -> SubmissionRead:
    return await answer(work.trail, work.submission, response)


@routes.post(_AT + "validate", responses=_ACT)
async def validate_submission(
    work: Annotated[Work, Depends(_On(Action.VALIDATE))],
    response: Response,
    body: JsonBody[NoBody] = NOTHING,  # noqa: ARG001 - says that nothing is expected
) -> SubmissionRead:
    """Run the automatic checks and store their report; the state stays."""
    await drafts.validate(work)
    return await _done(work, response)


@routes.post(_AT + "submit", responses=_ACT)
async def submit_submission(
    work: Annotated[Work, Depends(_On(Action.SUBMIT))],
    body: JsonBody[Declaration],  # noqa: ARG001 - its being there is what counts
    response: Response,
) -> SubmissionRead:
    """Hand a draft in, as an approver who never edited it."""
    await drafts.submit(work)
    return await _done(work, response)


@routes.post(_AT + "withdraw", responses=_ACT)
async def withdraw_submission(
    work: Annotated[Work, Depends(_On(Action.WITHDRAW))],
    body: JsonBody[Reason],
    response: Response,
) -> SubmissionRead:
    """Take a submission back for good, before it is on notice."""
    await drafts.withdraw(work, body.reason)
    return await _done(work, response)


@routes.post(_AT + "return", responses=_ACT)
async def return_submission(
    work: Annotated[Work, Depends(_On(Action.RETURN))],
    body: JsonBody[Return],
    response: Response,
) -> SubmissionRead:
    """Send a submission back to its authors."""
    await review.return_(work, body)
    return await _done(work, response)


@routes.post(_AT + "assign", responses=_ACT)
async def assign_submission(
    work: Annotated[Work, Depends(_On(Action.ASSIGN))],
    body: JsonBody[Panel],
    policy: CurrentPolicy,
    response: Response,
) -> SubmissionRead:
    """Appoint a panel of other organisations."""
    await review.assign(work, body, policy)
    return await _done(work, response)


@routes.post(_AT + "reassign", responses=_ACT)
async def reassign_submission(
    work: Annotated[Work, Depends(_On(Action.REASSIGN))],
    body: JsonBody[Replacement],
    response: Response,
) -> SubmissionRead:
    """Replace a reviewer who has not signed."""
    await review.reassign(work, body)
    return await _done(work, response)


@routes.post(_AT + "declare", responses=_ACT)
async def declare_submission(
    work: Annotated[Work, Depends(_On(Action.DECLARE))],
    body: JsonBody[ConflictDeclaration],
    response: Response,
) -> SubmissionRead:
    """Declare whether there is a conflict of interest; nothing is readable before."""
    await review.declare(work, body)
    return await _done(work, response)


@routes.post(_AT + "review", responses=_ACT)
async def review_submission(
    work: Annotated[Work, Depends(_On(Action.REVIEW))],
    body: JsonBody[Verdict],
    response: Response,
) -> SubmissionRead:
    """Sign a review."""
    await review.review(work, body)
    return await _done(work, response)


@routes.post(_AT + "request_changes", responses=_ACT)
async def request_changes_submission(
    work: Annotated[Work, Depends(_On(Action.REQUEST_CHANGES))],
    body: JsonBody[Reason],
    response: Response,
) -> SubmissionRead:
    """Ask for another round, as the chair."""
    await review.request_changes(work, body.reason)
    return await _done(work, response)


@routes.post(_AT + "pass", responses=_ACT)
async def pass_submission(
    work: Annotated[Work, Depends(_On(Action.PASS))],
    policy: CurrentPolicy,
    response: Response,
    body: JsonBody[NoBody] = NOTHING,  # noqa: ARG001 - says that nothing is expected
) -> SubmissionRead:
    """Pass a submission, as the chair; dissent stays on record."""
    await review.pass_(work, policy)
    return await _done(work, response)


@routes.post(_AT + "reject", responses=_ACT)
async def reject_submission(
    work: Annotated[Work, Depends(_On(Action.REJECT))],
    body: JsonBody[Reason],
    response: Response,
) -> SubmissionRead:
    """Reject a submission: the secretariat before a review, the chair from then on."""
    await review.reject(work, body.reason)
    return await _done(work, response)


@routes.post(_AT + "open_notice", responses=_ACT)
async def open_notice_submission(
    work: Annotated[Work, Depends(_On(Action.OPEN_NOTICE))],
    policy: CurrentPolicy,
    response: Response,
    body: JsonBody[NoBody] = NOTHING,  # noqa: ARG001 - says that nothing is expected
) -> SubmissionRead:
    """Show the items to the public for the time that the policy sets."""
    await notices.open_notice(work, policy)
    return await _done(work, response)


@routes.post(_AT + "clear", responses=_ACT)
async def clear_submission(
    work: Annotated[Work, Depends(_On(Action.CLEAR))],
    response: Response,
    body: JsonBody[NoBody] = NOTHING,  # noqa: ARG001 - says that nothing is expected
) -> SubmissionRead:
    """End a notice whose period is over and that has nothing open."""
    await notices.clear(work)
    return await _done(work, response)


@routes.post(_AT + "approve", responses=_ACT)
async def approve_submission(
    work: Annotated[Work, Depends(_On(Action.APPROVE))],
    response: Response,
    body: JsonBody[NoBody] = NOTHING,  # noqa: ARG001 - says that nothing is expected
) -> SubmissionRead:
    """Give the first of two signatures."""
    await panel.approve(work)
    return await _done(work, response)


@routes.post(_AT + "publish", responses=_ACT)
async def publish_submission(
    work: Annotated[Work, Depends(_On(Action.PUBLISH))],
    policy: CurrentPolicy,
    response: Response,
    body: JsonBody[NoBody] = NOTHING,  # noqa: ARG001 - says that nothing is expected
) -> SubmissionRead:
    """Give the second signature: code, version and log index are in the answer."""
    await panel.publish(work, policy)
    return await _done(work, response)
