"""Calculations that an organisation keeps: reading, replaying, comparing."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from fastapi import Path, Request, Response
from pydantic import Discriminator, Field, Tag

from app.accounts import service as accounts
from app.accounts.service import Caller as AccountsCaller
from app.calculation import comparison, findings, replaying, storing
from app.calculation import service as calculation
from app.calculation.calculated import Calculated
from app.calculation.comparison import Comparison
from app.calculation.reading import Document, Reading
from app.calculation.replaying import Replay
from app.calculation.request import CalculationRequest
from app.calculation.service import Material
from app.calculation.storing import StoredCalculation
from app.http.bodies import JsonBody
from app.http.dependencies import Caller, KnownCaller, ReadSession, resolve_snapshot
from app.http.problems import problem_responses
from app.http.routing import router
from app.http.services import services_of
from app.kit.collector import collector_paused
from app.kit.errors import Forbidden, Invalid, NotFound, Unauthenticated
from app.kit.schemas import Schema

routes = router("calculations")

_OWN: Final = problem_responses(Forbidden, NotFound)
_HEADERS: Final = {"Cache-Control": "no-store"}
_ID_FORM: Final = Field(
    pattern="^[0-9a-f]{32}$", examples=["87dec0f5d7315ae53a779cd4e6f63a7a"]
)

CalculationId = Annotated[str, Path(max_length=100, description="Of the receipt.")]


def _form(value: object) -> str:
    return "text" if isinstance(value, str) else "other"


Side: TypeAlias = Annotated[
    Annotated[str, _ID_FORM, Tag("text")] | Annotated[CalculationRequest, Tag("other")],
    Discriminator(_form),
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


@dataclass(frozen=True, slots=True)
class _Read:
    """One side of a comparison, and where it stands."""

    request: Reading
    material: Material
    pointer: str

    def solve(self) -> Calculated:
        """Raises what it is refused for, at its place."""
        try:
            return calculation.solve(self.request, self.material)[0]
        except Invalid as error:
            raise findings.below(error, self.pointer) from error


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
    text = None if body.snapshot is None else str(body.snapshot)
    other = None if text is None else await resolve_snapshot(request, text, "/snapshot")
    with collector_paused():
        async with services_of(request.scope).read_sessions() as session:
            row = await storing.get(session, caller.organisation_id, id)
            stated = await asyncio.to_thread(storing.request_of, row)
            then = await calculation.gather(session, stated, row.snapshot)
            there = None
            if other is not None and other != row.snapshot:
                there = await calculation.gather(session, stated, other)
        stored = await asyncio.to_thread(storing.answer_of, row)
        return await asyncio.to_thread(replaying.replay, stored, stated, then, there)


@routes.post("/calculations/compare", responses=_OWN)
async def compare_calculations(
    request: Request, body: JsonBody[ComparisonQuestion], caller: Caller
) -> Comparison:
    """Split the difference of two results into activity effect and factor effect.

    Line by line, and the two add up to the difference: with both changed, the middle of
    the other one is taken (Shapley). Ids need the key of the organisation. Nothing is
    stored.
    """
    with collector_paused():
        left = await _read(request, body.left, "/left", caller)
        right = await _read(request, body.right, "/right", caller)
        return await asyncio.to_thread(
            _compare, left, right, full=body.detail == "FULL"
        )


def _compare(left: _Read, right: _Read, *, full: bool) -> Comparison:
    return comparison.compare(left.solve(), right.solve(), full=full)


async def _read(
    request: Request,
    side: str | CalculationRequest,
    pointer: str,
    caller: AccountsCaller | None,
) -> _Read:
    if isinstance(side, str):
        return await _read_kept(request, side, pointer, caller)
    if side.get("store"):
        raise NotStoredHere(pointer=f"{pointer}/store")
    document = await asyncio.to_thread(Document, side)
    stated = side.get("snapshot")
    text = None if stated is None else str(stated)
    snapshot = await resolve_snapshot(request, text, f"{pointer}/snapshot")
    async with services_of(request.scope).read_sessions() as session:
        material = await calculation.gather(session, document, snapshot)
    return _Read(document, material, pointer)


async def _read_kept(
    request: Request, id_: str, pointer: str, caller: AccountsCaller | None
) -> _Read:
    if caller is None:
        raise Unauthenticated
    accounts.require_scope(caller.scopes, "READ")
    async with services_of(request.scope).read_sessions() as session:
        row = await storing.get(session, caller.organisation_id, id_)
        stated = await asyncio.to_thread(storing.request_of, row)
        material = await calculation.gather(session, stated, row.snapshot)
    return _Read(stated, material, pointer)
