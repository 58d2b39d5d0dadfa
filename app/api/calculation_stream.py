"""Many calculations in one request: a line in, a line out, in order."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Final, Literal, TypeAlias

import orjson
from fastapi import Query, Request, Response
from pydantic import Field
from typing_extensions import TypedDict

from app.api.calculations import gather
from app.calculation import lines, working
from app.calculation.documents import CalculationAnswer
from app.calculation.lines import Batch, Cutter, Line, LineTooLong
from app.calculation.service import Material
from app.calculation.working import Order, Outline
from app.http.bodies import limits_of
from app.http.dependencies import Snapshot, resolve_snapshot
from app.http.ndjson import (
    MEDIA_TYPE,
    DescribedAsNdjson,
    Duplex,
    check_media_type,
    parts_of,
)
from app.http.problems import Problem, problem_of, problem_responses, response_headers
from app.http.routing import router
from app.http.services import Services, services_of
from app.kit.errors import DomainError, Invalid, TooLarge, UnsupportedMedia
from app.kit.schemas import document
from app.kit.workers import WorkerFailed, WorkerLost

routes = router("calculations")

_EACH_WORKER: Final = 2
_LINE: Final = {
    "description": "One request a line, each ended by a line feed.",
    "required": True,
    "content": {
        MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/CalculationRequest"}}
    },
}
_TERMS: Final = ("gwp_set", "purpose", "valid_on", "strict")
_Key: TypeAlias = tuple[int, *tuple[object, ...]]


class NotStoredInStreams(Invalid):
    en = "A stream stores nothing; store the calculation by itself."
    zh = "流式计算不保存结果,请单独提交需保存的计算。"


@document
class StreamAnswer(TypedDict):
    """The line of a request that was answered."""

    item: Annotated[int, Field(ge=1)]
    """The number of the request, blank lines not counted."""
    status: Literal[200]
    answer: CalculationAnswer


@document
class StreamRefusal(TypedDict):
    """The line of a request that was refused."""

    item: Annotated[int, Field(ge=1)]
    status: Annotated[int, Field(ge=400, le=599)]
    """What the request would have been refused with by itself."""
    problem: Problem


@routes.post(
    "/calculations/stream",
    response_class=DescribedAsNdjson,
    response_model=StreamAnswer | StreamRefusal,
    responses={
        **problem_responses(TooLarge, UnsupportedMedia),
        200: {
            "description": "One document a line, in the order of the requests",
            "headers": response_headers("TanYin-Snapshot"),
        },
    },
    openapi_extra={"requestBody": _LINE},
)
async def calculate_stream(
    request: Request,
    snapshot: Snapshot,
    first: Annotated[
        int,
        Query(alias="from", ge=1, description="The first item to calculate."),
    ] = 1,
) -> Response:
    """Calculate one request a line: any number of them, answered while they come.

    Read while you write: what is at work is bounded. A line that cannot be read or
    solved is refused by itself. One snapshot holds for all that state none; with that
    snapshot and `from`, a stream that broke off goes on.
    """
    check_media_type(request)
    services = services_of(request.scope)
    stream = _Stream(request, services, snapshot)
    return Duplex(
        request,
        stream.pieces(first),
        gate=services.streams,
        width=_EACH_WORKER * services.workers.size,
        headers={"TanYin-Snapshot": str(snapshot), "Cache-Control": "no-store"},
    )


@dataclass(slots=True)
class _Stream:
    """What holds for all lines."""

    request: Request
    services: Services
    snapshot: int

    async def pieces(self, first: int) -> AsyncIterator["_Piece"]:
        """Yield the lines as they come, from item *first* on, as pieces of work."""
        cutter = Cutter(limits_of(self.request).large, first)
        async for part in parts_of(self.request):
            # A line does not wait for those that are not here yet.
            for batch in lines.batches(cutter.feed(part)):
                yield _Piece(self, batch)
        for batch in lines.batches(cutter.end()):
            yield _Piece(self, batch)

    async def calculate(self, batch: Batch) -> Sequence[bytes | DomainError]:
        """Return what becomes of lines, in one worker."""
        bodies = [line.body for line in batch]
        workers = self.services.workers
        async with workers.dialogue(working.several, bodies, patient=True) as dialogue:
            items: Sequence[working.Item] = await dialogue.ask()
            found: Sequence[bytes | DomainError] = await dialogue.ask(
                await self._orders(items)
            )
        return found

    async def _orders(self, items: Sequence[working.Item]) -> list[Order | DomainError]:
        keys = [await self._key_of(item) for item in items]
        groups: dict[_Key, list[Outline]] = {}
        for item, key in zip(items, keys, strict=True):
            if isinstance(item, Outline) and not isinstance(key, DomainError):
                groups.setdefault(key, []).append(item)
        signers = await self.services.signer.signers_if_any()
        orders = {
            key: Order(await self._material(key, group), signers)
            for key, group in groups.items()
        }
        return [
            each if isinstance(each, DomainError) else orders[each] for each in keys
        ]

    async def _key_of(self, item: working.Item) -> _Key | DomainError:
        """Return what the material of *item* depends on beside what it names."""
        if isinstance(item, DomainError):
            return item
        head = item.head
        if head.get("store"):
            return NotStoredInStreams(pointer="/store")
        snapshot, stated = self.snapshot, head.get("snapshot")
        if stated is not None:
            try:
                snapshot = await resolve_snapshot(
                    self.request, str(stated), "/snapshot"
                )
            except Invalid as error:
                return error
        return snapshot, *map(head.get, _TERMS)

    async def _material(self, key: _Key, group: Sequence[Outline]) -> Material:
        """Return what the requests of *group* need."""
        whole = Outline(
            group[0].head,
            tuple(dict.fromkeys(chain.from_iterable(each.named for each in group))),
            tuple(chain.from_iterable(each.lines for each in group)),
        )
        return await gather(self.services, whole, key[0])


@dataclass(frozen=True, slots=True)
class _Piece:
    """Lines that are calculated together."""

    stream: _Stream
    batch: Batch

    @property
    def size(self) -> int:
        """How many bytes they have."""
        return sum(len(line.body or b"") for line in self.batch)

    async def done(self) -> bytes:
        """Return a line for each of them."""
        if self.batch[0].body is None:
            limit = limits_of(self.stream.request).large
            return self._line(self.batch[0], LineTooLong(limit=limit))
        try:
            found = await self.stream.calculate(self.batch)
        except (WorkerLost, WorkerFailed) as error:
            if len(self.batch) == 1:
                return self._line(self.batch[0], error)
            # One of them is to blame, and the others are not.
            return b"".join([await _Piece(self.stream, [x]).done() for x in self.batch])
        return b"".join(map(self._line, self.batch, found))

    def _line(self, line: Line, found: bytes | Exception) -> bytes:
        if isinstance(found, bytes):
            return b'{"item":%d,"status":200,"answer":%b}\n' % (line.item, found)
        status, problem = problem_of(self.stream.request.scope, found)
        document = {"item": line.item, "status": status, "problem": problem}
        return orjson.dumps(document) + b"\n"
