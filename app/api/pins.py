"""What became of the versions that a client has pinned."""

from typing import Final

import orjson
from fastapi import Request, Response

from app.factors import pins
from app.factors.pins import PinList, PinReport
from app.http.bodies import JsonBody
from app.http.dependencies import resolve_snapshot
from app.http.problems import problem_responses, response_headers
from app.http.routing import router
from app.http.services import services_of
from app.kit.collector import collector_paused
from app.kit.errors import TooLarge, UnsupportedMedia

routes = router("pins")

_SNAPSHOT: Final = "/snapshot"


@routes.post(
    "/pins/check",
    response_model=PinReport,
    responses={
        **problem_responses(TooLarge, UnsupportedMedia),
        200: {"headers": response_headers("TanYin-Snapshot")},
    },
)
async def check_pins(request: Request, body: JsonBody[PinList]) -> Response:
    """Tell what became of up to 10,000 pinned versions, `CODE@n`.

    Nothing is stored. The answer is a function of pins and snapshot, one item a pin in
    the order of the request: an old snapshot tells what could be known then.
    """
    text = None if body.snapshot is None else str(body.snapshot)
    snapshot = await resolve_snapshot(request, text, _SNAPSHOT)
    # Many small documents that all live until the answer.
    with collector_paused():
        async with services_of(request.scope).read_sessions() as session:
            report = await pins.check_pins(session, body.pins, snapshot)
        data = orjson.dumps(report)
    headers = {"TanYin-Snapshot": str(snapshot), "Cache-Control": "no-store"}
    return Response(data, headers=headers, media_type="application/json")
