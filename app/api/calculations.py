"""Composing factors along a process tree."""

import asyncio
from functools import partial
from typing import Annotated, Final

import msgspec
from fastapi import Query, Request, Response

from app.api.examples import CALCULATIONS
from app.calculation import service as calculation
from app.calculation import storing
from app.calculation.documents import CalculationAnswer, CheckAnswer
from app.calculation.reading import Reading, read
from app.calculation.request import CalculationRequest
from app.calculation.service import Material
from app.calculation.storing import Packed
from app.http.bodies import JsonDocument
from app.http.dependencies import TrailOnDemand, resolve_snapshot
from app.http.problems import problem_responses, response_headers
from app.http.routing import router
from app.http.services import services_of
from app.kit.collector import collector_paused
from app.kit.errors import Forbidden, Invalid, TooLarge, UnsupportedMedia
from app.kit.schemas import Flag
from app.translog.note import Signer

routes = router("calculations")

_SNAPSHOT: Final = "/snapshot"


class NothingToStore(Invalid):
    en = "A check gives no result that could be stored."
    zh = "仅检查时没有可保存的结果。"


@routes.post(
    "/calculations",
    response_model=CalculationAnswer | CheckAnswer,
    responses={
        **problem_responses(TooLarge, UnsupportedMedia, Forbidden),
        200: {"headers": response_headers("TanYin-Snapshot")},
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
) -> Response:
    """Calculate the footprint of a product from a process tree, loops allowed.

    Nothing is stored without `store`, which needs a key. All errors are reported at
    once, each with its pointer.
    """
    with collector_paused():
        document = await asyncio.to_thread(read, body)
        trail = await open_trail() if _is_kept(document, check=check) else None
        stated = document.head.get("snapshot")
        text = None if stated is None else str(stated)
        snapshot = await resolve_snapshot(request, text, _SNAPSHOT)
        async with services_of(request.scope).read_sessions() as session:
            material = await calculation.gather(session, document, snapshot)
        signers = await services_of(request.scope).signer.signers_if_any()
        run = partial(_check, document, material)
        if not check:
            run = partial(_answer, document, material, signers, keep=trail is not None)
        data, packed = await asyncio.to_thread(run)
        # Freed here, while nobody walks it.
        del document, material, run
    headers = {"TanYin-Snapshot": str(snapshot), "Cache-Control": "no-store"}
    if trail is not None and packed is not None:
        await storing.store(trail, packed)
        headers["Location"] = f"/v1/calculations/{packed.id}"
    return Response(data, headers=headers, media_type="application/json")


def _is_kept(document: Reading, *, check: bool) -> bool:
    is_kept = document.head.get("store", False)
    if is_kept and check:
        raise NothingToStore(pointer="/store")
    return is_kept


def _answer(
    document: Reading, material: Material, signers: tuple[Signer, ...], *, keep: bool
) -> tuple[bytes, Packed | None]:
    answer = calculation.calculate(document, material, signers)
    packed = storing.pack(document, answer) if keep else None
    return msgspec.json.encode(answer), packed


def _check(document: Reading, material: Material) -> tuple[bytes, Packed | None]:
    answer = calculation.calculate(document, material)
    checked = {
        "errors": [],
        "warnings": answer["warnings"],
        "snapshot": answer["snapshot"],
    }
    return msgspec.json.encode(checked), None
