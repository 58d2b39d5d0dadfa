"""What descriptions of factors come to, without calculating."""

import asyncio
from typing import Annotated, Final

import orjson
from fastapi import Request, Response

from app.api.examples import RESOLUTIONS
from app.factors import resolutions
from app.factors.resolutions import ResolutionQuestion, ResolutionReport
from app.http.bodies import JsonDocument
from app.http.dependencies import resolve_snapshot
from app.http.problems import problem_responses, response_headers
from app.http.routing import router
from app.http.services import services_of
from app.kit.collector import collector_paused
from app.kit.errors import TooLarge, UnsupportedMedia

routes = router("factors")

_SNAPSHOT: Final = "/snapshot"


@routes.post(
    "/factors/resolve",
    response_model=ResolutionReport,
    responses={
        **problem_responses(TooLarge, UnsupportedMedia),
        200: {"headers": response_headers("TanYin-Snapshot")},
    },
)
async def resolve_factors(
    request: Request,
    body: Annotated[bytes, JsonDocument(ResolutionQuestion, RESOLUTIONS)],
) -> Response:
    """Tell which factor each of up to 10,000 descriptions chooses, and why or why not.

    `select` means what it means in a calculation. Absence and ambiguity are answers,
    item by item in the order of the request; only what is malformed is refused. Nothing
    is stored, and an old snapshot tells what could be known then.
    """
    with collector_paused():
        asked = await asyncio.to_thread(resolutions.read, body)
        stated = asked.get("snapshot")
        text = None if stated is None else str(stated)
        snapshot = await resolve_snapshot(request, text, _SNAPSHOT)
        async with services_of(request.scope).read_sessions() as session:
            report = await resolutions.resolve(session, asked, snapshot)
        data = orjson.dumps(report)
    headers = {"TanYin-Snapshot": str(snapshot), "Cache-Control": "no-store"}
    return Response(data, headers=headers, media_type="application/json")
