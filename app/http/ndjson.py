"""Newline-delimited JSON, in and out at the same time and of any length.

What is read, worked at and sent is bounded: a client that reads slowly is read from
slowly. Pieces of work run side by side and are sent in the order of their input.
"""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable
from typing import Final, Protocol

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.http.bodies import check_encoding, stream_body
from app.http.leaving import left
from app.http.problems import RequestTimeout
from app.kit.errors import UnsupportedMedia
from app.kit.lanes import Gate

MEDIA_TYPE: Final = "application/x-ndjson"
_MEDIA_TYPE: Final = re.compile(
    r'application/x-ndjson\s*(;\s*charset\s*=\s*("utf-8"|utf-8)\s*)?\Z', re.IGNORECASE
)
_UNREAD_SECONDS: Final = 60
_BYTES_AT_WORK: Final = 64 * 1024 * 1024


class NotNdjson(UnsupportedMedia):
    en = "The body must be application/x-ndjson, in UTF-8."
    zh = "请求体必须为 UTF-8 编码的 application/x-ndjson。"


class DescribedAsNdjson(JSONResponse):
    """Has OpenAPI show the document of a line under the right type."""

    media_type = MEDIA_TYPE


class Work(Protocol):
    """A piece of a stream."""

    @property
    def size(self) -> int:
        """The bytes that it holds."""

    def done(self) -> Awaitable[bytes]:
        """Return the lines that answer it."""


class Duplex(Response):
    """Sends what becomes of *pieces*, at most *width* of which are at work."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        request: Request,
        pieces: AsyncIterator[Work],
        *,
        gate: Gate,
        width: int,
        headers: dict[str, str],
    ) -> None:
        super().__init__(headers=headers)
        # Nobody knows the length yet.
        del self.headers["content-length"]
        self._request = request
        self._pieces = pieces
        self._gate = gate
        self._queue: asyncio.Queue[tuple[int, asyncio.Task[bytes]] | None] = (
            asyncio.Queue(width)
        )
        self._budget = _Budget(_BYTES_AT_WORK)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; raises `Busy`, or `ClientDisconnect` where the client is silent."""
        del scope, receive  # the request's own
        await self._gate.enter(patient=False)
        try:
            await self._converse(send)
        finally:
            self._gate.leave()

    async def _converse(self, send: Send) -> None:
        is_gone = False
        try:
            async with asyncio.TaskGroup() as group:
                watchers = [
                    group.create_task(self._read(group)),
                    group.create_task(self._watch()),
                ]
                await self._send_all(send)
                for each in watchers:
                    each.cancel()
        except* (ClientDisconnect, RequestTimeout):
            is_gone = True
        if is_gone:
            raise ClientDisconnect
        await _sent(send, {"type": "http.response.body", "body": b""})

    async def _read(self, group: asyncio.TaskGroup) -> None:
        async for piece in self._pieces:
            await self._budget.take(piece.size)
            task = group.create_task(_run(piece))
            await self._queue.put((piece.size, task))
        await self._queue.put(None)
        # Only who reads sees a connection end that nothing is written to.
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        raise ClientDisconnect

    async def _watch(self) -> None:
        """See the client leave while nothing more is read from it."""
        await left(self._request.scope)
        raise ClientDisconnect

    async def _send_all(self, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        while (queued := await self._queue.get()) is not None:
            size, task = queued
            body = await task
            message = {"type": "http.response.body", "body": body, "more_body": True}
            await _sent(send, message)
            self._budget.give(size)


class _Budget:
    """Bytes at work; a piece that is larger than all of it is let in alone."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._used = 0
        self._given = asyncio.Event()

    async def take(self, size: int) -> None:
        while self._used and self._used + size > self._most:
            self._given.clear()
            await self._given.wait()
        self._used += size

    def give(self, size: int) -> None:
        self._used -= size
        self._given.set()


async def _run(piece: Work) -> bytes:
    return await piece.done()


async def _sent(send: Send, message: dict[str, object]) -> None:
    """Send *message*, unless nobody reads."""
    try:
        async with asyncio.timeout(_UNREAD_SECONDS):
            await send(message)
    except TimeoutError:
        raise ClientDisconnect from None


async def parts_of(request: Request) -> AsyncIterator[bytes]:
    """Yield the body of *request* as it comes, however long."""
    async for part in stream_body(request, sys.maxsize):
        yield part


def check_media_type(request: Request) -> None:
    """Raise `NotNdjson` for a body of another type, or what refuses its encoding."""
    check_encoding(request)
    types = request.headers.getlist("content-type")
    if len(types) != 1 or not _MEDIA_TYPE.match(types[0]):
        raise NotNdjson
