"""Calculations that an organisation keeps: reading, replaying, comparing."""

import asyncio
import json
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final, Literal, TypeAlias

from fastapi import Path, Request, Response
from pydantic import Discriminator, Field, Tag

from app.accounts import service as accounts
from app.accounts.service import Caller as AccountsCaller
from app.api.calculations import gather, lane_for
from app.calculation import storing, working
from app.calculation.comparison import Comparison
from app.calculation.models import Calculation
from app.calculation.replaying import Replay
from app.calculation.request import CalculationRequest
from app.calculation.service import Material
from app.calculation.shapes import form
from app.calculation.storing import StoredCalculation
from app.calculation.working import Outline
from app.http.bodies import JsonBody
from app.http.dependencies import Caller, KnownCaller, ReadSession, resolve_snapshot
from app.http.leaving import unless_left
from app.http.problems import problem_responses
from app.http.routing import router
from app.http.services import services_of
from app.kit.errors import Forbidden, Invalid, NotFound, Unauthenticated
from app.kit.schemas import Schema

routes = router("calculations")

_OWN: Final = problem_responses(Forbidden, NotFound)
_HEADERS: Final = {"Cache-Control": "no-store"}
_ID_FORM: Final = Field(
    pattern="^[0-9a-f]{32}$", examples=["87dec0f5d7315ae53a779cd4e6f63a7a"]
)

CalculationId = Annotated[str, Path(max_length=100, description="Of the receipt.")]


Side: TypeAlias = Annotated[
    Annotated[str, _ID_FORM, Tag("text")] | Annotated[CalculationRequest, Tag("other")],
    Discriminator(form),
]


class ReplayQuestion(Schema):
    """Where to replay."""

    snapshot: int | str | None = None
    """A log size, an RFC 3339 instant or the name of a release; the one of the
    calculation unless stated."""


class ComparisonQuestion(Schema):
    """Two calculations, each by the id under which it is kept or as a request."""

    left: Side
    right: Side
    detail: Literal["SUMMARY", "FULL"] = "SUMMARY"


class NotStoredHere(Invalid):
    en = "A comparison stores nothing; store the calculations by themselves."
    zh = "比较不会保存任何内容,请分别保存各计算。"


@routes.get("/calculations/{id}", response_model=StoredCalculation, responses=_OWN)
async def get_calculation(
    id: CalculationId,  # noqa: A002 - the parameter's name
    caller: KnownCaller,
    session: ReadSession,
) -> Response:
    """Read a calculation that the organisation of the key keeps."""
    row = await storing.get(session, caller.organisation_id, id)
    data = await asyncio.to_thread(storing.read, row)
    return Response(data, headers=_HEADERS, media_type="application/json")


@routes.post("/calculations/{id}/replay", responses=_OWN)
async def replay_calculation(
    request: Request,
    id: CalculationId,  # noqa: A002 - the parameter's name
    caller: KnownCaller,
    body: JsonBody[ReplayQuestion] = ReplayQuestion(),  # noqa: B008 - frozen
) -> Replay:
    """Calculate again what was stored: IDENTICAL, EQUIVALENT or DIFFERENT, and why.

    At its own snapshot only another engine can make a difference. At another one,
    factors that the request does not pin are those of that snapshot. Nothing is stored.
    """
    services = services_of(request.scope)
    text = None if body.snapshot is None else str(body.snapshot)
    other = None if text is None else await resolve_snapshot(request, text, "/snapshot")
    async with services.read_sessions() as session:
        row = await storing.get(session, caller.organisation_id, id)
    stated, answered = await asyncio.to_thread(_plain, row)
    lane = lane_for(services, stated, answered)
    async with lane.dialogue(working.again, stated, answered) as dialogue:
        outline: Outline = await unless_left(request.scope, dialogue.ask())
        then = await gather(services, outline, row.snapshot)
        there = None
        if other is not None and other != row.snapshot:
            there = await gather(services, outline, other)
        replay: Replay = await unless_left(request.scope, dialogue.ask((then, there)))
    return replay


def _plain(row: Calculation) -> tuple[bytes, bytes]:
    return storing.stated(row), storing.answered(row)


@routes.post("/calculations/compare", responses=_OWN)
async def compare_calculations(
    request: Request, body: JsonBody[ComparisonQuestion], caller: Caller
) -> Comparison:
    """Split the difference of two results into activity effect and factor effect.

    Line by line, and the two add up to the difference: with both changed, the middle of
    the other one is taken (Shapley). Ids need the key of the organisation. Nothing is
    stored.
    """
    sides = [
        await _body(request, body.left, "/left", caller),
        await _body(request, body.right, "/right", caller),
    ]
    lane = lane_for(services_of(request.scope), *(each.body for each in sides))
    bodies = [(each.body, each.pointer) for each in sides]
    full = body.detail == "FULL"
    async with lane.dialogue(partial(working.compared, full=full), bodies) as dialogue:
        outlines: list[Outline] = await unless_left(request.scope, dialogue.ask())
        materials = [
            await _gather(request, *each) for each in zip(sides, outlines, strict=True)
        ]
        found: Comparison = await unless_left(request.scope, dialogue.ask(materials))
    return found


@dataclass(frozen=True, slots=True)
class _Body:
    """One side of a comparison: its request, where it stands, and its snapshot."""

    body: bytes
    pointer: str
    snapshot: int | None = None


async def _body(
    request: Request,
    side: str | CalculationRequest,
    pointer: str,
    caller: AccountsCaller | None,
) -> _Body:
    if not isinstance(side, str):
        if side.get("store"):
            raise NotStoredHere(pointer=f"{pointer}/store")
        return _Body(json.dumps(side).encode(), pointer)
    if caller is None:
        raise Unauthenticated
    accounts.require_scope(caller.scopes, "READ")
    async with services_of(request.scope).read_sessions() as session:
        row = await storing.get(session, caller.organisation_id, side)
    return _Body(await asyncio.to_thread(storing.stated, row), pointer, row.snapshot)


async def _gather(request: Request, side: _Body, outline: Outline) -> Material:
    snapshot, stated = side.snapshot, outline.head.get("snapshot")
    if snapshot is None:
        text = None if stated is None else str(stated)
        snapshot = await resolve_snapshot(request, text, f"{side.pointer}/snapshot")
    return await gather(services_of(request.scope), outline, snapshot)
