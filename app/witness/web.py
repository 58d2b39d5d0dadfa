"""The witness over HTTP: one route, thin."""

import asyncio
import logging
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.translog import note
from app.witness.judging import OtherSize, Refused
from app.witness.service import Witness

_SECONDS: Final = 20
_SIZE: Final = {"Content-Type": "text/x.tlog.size"}
_log: Final = logging.getLogger("tanyin.witness")


def create_app(witness: Witness) -> Starlette:
    """Return the application that answers for *witness*."""

    async def add_checkpoint(request: Request) -> Response:
        try:
            body = await _body(request)
            line = await run_in_threadpool(witness.add_checkpoint, body)
        except OtherSize as refusal:
            return Response(str(refusal), refusal.status, _SIZE)
        except Refused as refusal:
            _log.warning("%s refused: %s", refusal.status, refusal)
            return PlainTextResponse(f"{refusal}\n", refusal.status)
        return PlainTextResponse(line)

    return Starlette(
        routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])]
    )


async def _body(request: Request) -> bytes:
    found = bytearray()
    try:
        async with asyncio.timeout(_SECONDS):
            async for piece in request.stream():
                found += piece
                if len(found) > note.NOTE_LIMIT:
                    text = f"a request has at most {note.NOTE_LIMIT} bytes"
                    raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)
    except TimeoutError:
        text = "the request did not arrive in time"
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, text) from None
    return bytes(found)
