"""What publishers do to published versions, and publishing without a panel."""

from typing import Annotated, Any, Final, Literal

from fastapi import Path, Query, Request
from pydantic import Field

from app.api.factors import Code, VersionNumber
from app.factors.content import Content
from app.http.bodies import JsonBody
from app.http.dependencies import ActorTrail, KnownCaller, ReadSession
from app.http.problems import problem_responses
from app.http.routing import router
from app.http.services import services_of
from app.kit.clock import instant_text
from app.kit.errors import Conflict, Forbidden, NotFound
from app.kit.schemas import Schema, Text
from app.publication import acts
from app.publication.acts import ActKind, NotAPublisher, Target
from app.publication.models import Act
from app.reference.enums import Road, Role
from app.submissions.requests import Reason

routes = router("acts")

_ACT: Final = problem_responses(NotFound, Forbidden, Conflict)
_READERS: Final = frozenset({Role.PUBLISHER, Role.AUDITOR})


class ActRead(Schema):
    """An act, proposed or performed; `log_index` once it is in the log."""

    act_id: str
    kind: ActKind
    code: str | None
    version: int | None
    release: str | None
    """The name, where the act makes a release."""
    reason: str
    proposed_by: str
    proposed_at: str
    confirmed_by: str | None
    confirmed_at: str | None
    log_index: int | None
    """Read at snapshot log_index + 1."""
    published: tuple[str, ...]
    """The pins, where the act publishes."""


class Acts(Schema):
    """Acts that wait for their second signature."""

    items: tuple[ActRead, ...]


class PublicationDraft(Schema):
    """Contents to be published by a road without a panel."""

    road: Literal["AUTHORITY", "IMPORT"]
    reason: Text
    items: Annotated[tuple[Content, ...], Field(min_length=1, max_length=500)]


def read_act(act: Act) -> ActRead:
    """Return *act* as it is answered."""
    document: dict[str, Any] = {
        "act_id": act.id,
        "kind": act.kind,
        "code": act.code,
        "version": act.version,
        "release": act.details.get("name"),
        "reason": act.reason,
        "proposed_by": act.proposed_by,
        "proposed_at": instant_text(act.proposed_at),
        "confirmed_by": act.confirmed_by,
        "confirmed_at": instant_text(act.confirmed_at) if act.confirmed_at else None,
        "log_index": act.log_index,
        "published": act.details.get("published", ()),
    }
    return ActRead.model_validate(document, strict=False)


@routes.post("/factors/{code}/versions/{version}/suspend", responses=_ACT)
async def suspend_version(
    code: Code, version: VersionNumber, body: JsonBody[Reason], trail: ActorTrail
) -> ActRead:
    """Suspend a version at once; one publisher is enough."""
    target = Target(code, version)
    return read_act(await acts.propose(trail, ActKind.SUSPEND, target, body.reason))


@routes.post(
    "/factors/{code}/versions/{version}/reinstate", status_code=202, responses=_ACT
)
async def reinstate_version(
    code: Code, version: VersionNumber, body: JsonBody[Reason], trail: ActorTrail
) -> ActRead:
    """Propose to end a suspension; another publisher confirms."""
    target = Target(code, version)
    return read_act(await acts.propose(trail, ActKind.REINSTATE, target, body.reason))


@routes.post("/factors/{code}/versions/{version}/void", status_code=202, responses=_ACT)
async def void_version(
    code: Code, version: VersionNumber, body: JsonBody[Reason], trail: ActorTrail
) -> ActRead:
    """Propose to declare a version void for ever; another publisher confirms."""
    target = Target(code, version)
    return read_act(await acts.propose(trail, ActKind.VOID, target, body.reason))


@routes.post("/factors/{code}/retire", status_code=202, responses=_ACT)
async def retire_factor(
    code: Code, body: JsonBody[Reason], trail: ActorTrail
) -> ActRead:
    """Propose to retire a factor with all its versions; another publisher confirms."""
    target = Target(code, None)
    return read_act(await acts.propose(trail, ActKind.RETIRE, target, body.reason))


@routes.post("/publications", status_code=202, responses=_ACT)
async def propose_publication(
    body: JsonBody[PublicationDraft], trail: ActorTrail, request: Request
) -> ActRead:
    """Propose to publish official or imported figures; another publisher confirms."""
    act = await acts.propose_publication(
        trail,
        Road(body.road),
        body.items,
        body.reason,
        services_of(request.scope).policy,
    )
    return read_act(act)


@routes.post("/acts/{act_id}/confirm", responses=_ACT)
async def confirm_act(
    act_id: Annotated[str, Path(max_length=40, examples=["act_0123456789abcdef"])],
    trail: ActorTrail,
) -> ActRead:
    """Perform an act that another publisher has proposed."""
    return read_act(await acts.confirm(trail, act_id))


@routes.get("/acts", responses=problem_responses(Forbidden))
async def list_acts(
    session: ReadSession,
    caller: KnownCaller,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Acts:
    """List the acts that wait for their second signature."""
    if caller.role not in _READERS:
        raise NotAPublisher
    found = await acts.list_open(session, limit)
    return Acts(items=tuple(read_act(each) for each in found))
