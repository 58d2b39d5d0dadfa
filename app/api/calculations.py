"""Composing factors along a process tree."""

from typing import Annotated, Final

from fastapi import Query, Request, Response

from app.api.examples import CALCULATIONS
from app.api.result_forms import FILES, JSON, FormName, form_of
from app.calculation import service as calculation
from app.calculation import storing, working
from app.calculation.documents import CalculationAnswer, CheckAnswer
from app.calculation.lines import takes_long
from app.calculation.request import CalculationRequest
from app.calculation.service import Material, Naming
from app.calculation.working import Order, Outline
from app.http.bodies import JsonDocument
from app.http.dependencies import TrailOnDemand, resolve_snapshot
from app.http.leaving import unless_left
from app.http.problems import problem_responses, response_headers
from app.http.routing import router
from app.http.services import Services, services_of
from app.kit.errors import Forbidden, Invalid, TooLarge, UnsupportedMedia
from app.kit.lanes import DIRECT, Lane
from app.kit.schemas import Flag

routes = router("calculations")

_SNAPSHOT: Final = "/snapshot"
_SHORT: Final = 4 * 1024


class NothingToStore(Invalid):
    en = "A check gives no result that could be stored."
    zh = "仅检查时没有可保存的结果。"


@routes.post(
    "/calculations",
    response_model=CalculationAnswer | CheckAnswer,
    responses={
        **problem_responses(TooLarge, UnsupportedMedia, Forbidden),
        200: {"headers": response_headers("TanYin-Snapshot"), "content": FILES},
    },
)
async def calculate(
    request: Request,
    body: Annotated[bytes, JsonDocument(CalculationRequest, CALCULATIONS)],
    open_trail: TrailOnDemand,
    *,
    check: Annotated[
        Flag, Query(description="Look for errors and warnings; give no result.")
    ] = False,
    format: Annotated[  # noqa: A002 - the parameter's name
        FormName | None,
        Query(description="csv, xlsx: for a spreadsheet program; else as Accept says."),
    ] = None,
) -> Response:
    """Calculate the footprint of a product from a process tree, loops allowed.

    Nothing is stored without `store`, which needs a key. All errors are reported at
    once, each with its pointer.
    """
    form = JSON if check else form_of(request, format)
    services = services_of(request.scope)
    async with lane_for(services, body).dialogue(working.whole, body) as dialogue:
        outline: Outline = await unless_left(request.scope, dialogue.ask())
        trail = await open_trail() if _is_kept(outline, check=check) else None
        stated = outline.head.get("snapshot")
        text = None if stated is None else str(stated)
        snapshot = await resolve_snapshot(request, text, _SNAPSHOT)
        material = await gather(services, outline, snapshot)
        signers = await services.signer.signers_if_any()
        order = Order(material, signers, trail is not None, check, form.write)
        data, packed = await unless_left(request.scope, dialogue.ask(order))
    headers = {
        "TanYin-Snapshot": str(snapshot),
        "Cache-Control": "no-store",
        **form.headers,
    }
    if trail is not None and packed is not None:
        await storing.store(trail, packed)
        headers["Location"] = f"/v1/calculations/{packed.id}"
    return Response(data, headers=headers, media_type=form.media_type)


def lane_for(services: Services, *bodies: bytes) -> Lane:
    """Return where to calculate *bodies*: what may take seconds goes to a worker.

    What takes a few milliseconds is done at once, as any other request.
    """
    if any(map(takes_long, bodies)):
        return services.workers
    return DIRECT if sum(map(len, bodies)) <= _SHORT else services.threads


async def gather(services: Services, request: Naming, snapshot: int) -> Material:
    """Return what *request* needs beside itself, as of *snapshot*."""
    async with services.read_sessions() as session:
        load = services.versions.load
        return await calculation.gather(session, request, snapshot, load)


def _is_kept(outline: Outline, *, check: bool) -> bool:
    is_kept = outline.head.get("store", False)
    if is_kept and check:
        raise NothingToStore(pointer="/store")
    return is_kept
