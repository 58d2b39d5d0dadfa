"""Keeping calculations for an organisation, and reading them back. Insert-only."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import msgspec
import orjson
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import TypedDict

from app.audit.service import Deed, Trail
from app.calculation import reading, selecting, service
from app.calculation.documents import CalculationAnswer
from app.calculation.models import Calculation
from app.calculation.reading import Reading
from app.calculation.receipts import canonical_request
from app.calculation.request import CalculationRequest
from app.factors.schemas import Instant
from app.kit.clock import instant_text
from app.kit.errors import NotFound, TooLarge
from app.kit.schemas import document

MIB: Final = 1024 * 1024
LIMIT: Final = 4 * MIB
"""Bytes of request and answer, compressed."""
PLAIN_LIMIT: Final = 64 * MIB
"""The same before compressing, which takes a second for so much."""


class UnknownCalculation(NotFound):
    en = "Your organisation keeps no calculation {id}."
    zh = "贵机构未保存计算 {id}。"


class CalculationTooLarge(TooLarge):
    en = (
        "Request and answer are kept up to {plain} MiB, and {limit} MiB compressed; "
        "calculate without store, or with detail SUMMARY."
    )
    zh = (
        "可保存的请求与结果合计最多 {plain} MiB,压缩后最多 {limit} MiB;"
        "请不使用 store,或将 detail 设为 SUMMARY。"
    )


@document
class StoredCalculation(TypedDict):
    """A calculation that an organisation keeps."""

    id: str
    stored_at: Instant
    person: str
    """Who had it stored, by a pseudonymous id."""
    request: CalculationRequest
    """As it was stated, in canonical form: what floated there, floats here."""
    answer: CalculationAnswer


@dataclass(frozen=True, slots=True)
class Packed:
    """What is kept of a calculation, compressed."""

    id: str
    snapshot: int
    engine: str
    value: str
    request: bytes
    answer: bytes


def pack(request: Reading, found: CalculationAnswer) -> Packed:
    """Return what is kept of an answer, whose id it states from now on.

    Raises `CalculationTooLarge`.
    """
    statement = service.state(found)
    found["id"] = statement.id
    kept = {name: each for name, each in found.items() if name != "request_pinned"}
    question, answer = _question(request), msgspec.json.encode(kept)
    if len(question) + len(answer) > PLAIN_LIMIT:
        raise _too_large()
    packed = Packed(
        id=statement.id,
        snapshot=statement.snapshot,
        engine=statement.engine,
        value=statement.value,
        request=zlib.compress(question),
        answer=zlib.compress(answer),
    )
    if len(packed.request) + len(packed.answer) > LIMIT:
        raise _too_large()
    return packed


def _too_large() -> CalculationTooLarge:
    limits = {"plain": PLAIN_LIMIT // MIB, "limit": LIMIT // MIB}
    return CalculationTooLarge(pointer="/store", **limits)


def _question(request: Reading) -> bytes:
    head = {name: each for name, each in request.head.items() if name != "store"}
    return canonical_request(head, request.stated_processes())


async def store(trail: Trail, packed: Packed) -> None:
    """Keep a calculation for the actor's organisation; again, nothing happens."""
    row = insert(Calculation).values(
        organisation_id=trail.actor.organisation_id,
        id=packed.id,
        person_id=trail.actor.person_id,
        stored_at=trail.at,
        snapshot=packed.snapshot,
        engine=packed.engine,
        request=packed.request,
        answer=packed.answer,
    )
    made = await trail.session.execute(
        row.on_conflict_do_nothing().returning(Calculation.id)
    )
    if made.one_or_none() is None:
        return
    facts = {"snapshot": packed.snapshot, "result": packed.value}
    deed = Deed(
        act="STORE", object_type="CALCULATION", object_id=packed.id, after=facts
    )
    trail.record(deed)


async def get(
    session: AsyncSession, organisation_id: str, calculation_id: str
) -> Calculation:
    """Return a calculation of an organisation; raises `UnknownCalculation`."""
    row = await session.get(Calculation, (organisation_id, calculation_id))
    if row is None:
        raise UnknownCalculation(id=calculation_id)
    return row


def stated(row: Calculation) -> bytes:
    """Return the request as it was stated."""
    return zlib.decompress(row.request)


def answered(row: Calculation) -> bytes:
    """Return the answer that was given, without the pinned request."""
    return zlib.decompress(row.answer)


def read(row: Calculation) -> bytes:
    """Return a stored calculation as JSON."""
    request = stated(row)
    answer: dict[str, Any] = orjson.loads(answered(row))
    pinned = _pinned(reading.read(request), answer)
    document: StoredCalculation = {
        "id": row.id,
        "stored_at": instant_text(row.stored_at),
        "person": row.person_id,
        "request": cast("CalculationRequest", msgspec.Raw(request)),
        "answer": cast(
            "CalculationAnswer", answer | {"request_pinned": msgspec.Raw(pinned)}
        ),
    }
    return msgspec.json.encode(document)


def _pinned(request: Reading, answer: Mapping[str, Any]) -> bytes:
    """Return the request as the answer pinned it: what floats is the highest one."""
    highest: dict[str, int] = {}
    for each in answer["factors"]:
        highest[each["code"]] = max(each["version"], highest.get(each["code"], 0))
    pins = {
        reference: reference
        if "@" in reference
        else f"{reference}@{highest[reference]}"
        for reference in request.references()
    }
    pins.update(selecting.answered(answer["factors"]))
    fixed = {"snapshot": answer["snapshot"], "gwp_set": answer["gwp_set"]}
    return canonical_request({**request.head, **fixed}, request.pinned_processes(pins))
