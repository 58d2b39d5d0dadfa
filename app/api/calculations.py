"""Composing factors along a process tree."""

import asyncio
from typing import Annotated, Final

import msgspec
from fastapi import Query, Request, Response

from app.api.examples import CALCULATIONS
from app.calculation import service as calculation
from app.calculation.documents import CalculationAnswer, CheckAnswer
from app.calculation.reading import Reading, read
from app.calculation.request import CalculationRequest
from app.calculation.service import Material
from app.http.bodies import JsonDocument
from app.http.dependencies import resolve_snapshot
from app.http.problems import problem_responses, response_headers
from app.http.routing import router
from app.http.services import services_of
from app.kit.collector import collector_paused
from app.kit.errors import TooLarge, UnsupportedMedia
from app.kit.schemas import Flag

routes = router("calculations")

_SNAPSHOT: Final = "/snapshot"


@routes.post(
    "/calculations",
    response_model=CalculationAnswer | CheckAnswer,
    responses={
        **problem_responses(TooLarge, UnsupportedMedia),
        200: {"headers": response_headers("TanYin-Snapshot")},
    },
)
async def calculate(
    request: Request,
    body: Annotated[bytes, JsonDocument(CalculationRequest, CALCULATIONS)],
    *,
    check: Annotated[
        Flag, Query(description="Look for errors and warnings; give no result.")
    ] = False,
) -> Response:
    """Calculate the footprint of a product from a process tree, loops allowed.

    Nothing is stored. All errors are reported at once, each with its pointer.
    """
    with collector_paused():
        document = await asyncio.to_thread(read, body)
        stated = document.head.get("snapshot")
        text = None if stated is None else str(stated)
        snapshot = await resolve_snapshot(request, text, _SNAPSHOT)
        async with services_of(request.scope).read_sessions() as session:
            material = await calculation.gather(session, document, snapshot)
        data = await asyncio.to_thread(_answer, document, material, check=check)
        # Freed here, while nobody walks it.
        del document, material
    headers = {"TanYin-Snapshot": str(snapshot), "Cache-Control": "no-store"}
    return Response(data, headers=headers, media_type="application/json")


def _answer(document: Reading, material: Material, *, check: bool) -> bytes:
    answer = calculation.calculate(document, material)
    if not check:
        return msgspec.json.encode(answer)
    checked = {
        "errors": [],
        "warnings": answer["warnings"],
        "snapshot": answer["snapshot"],
    }
    return msgspec.json.encode(checked)
