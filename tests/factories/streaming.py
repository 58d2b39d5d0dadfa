"""A client that writes and reads at the same time, as httpx does not."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import uvicorn
from fastapi import FastAPI

from app.cli.serve import server_config

Address = tuple[str, int]
STREAM = "/v1/calculations/stream"


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[Address]:
    """Serve *app*, which has its services already, on a real port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = server_config(app)
    config.lifespan = "off"
    server = uvicorn.Server(config)
    # Not serve(), which would take the signals of the test run.
    task = asyncio.create_task(server._serve([listener]))  # noqa: SLF001
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield listener.getsockname()[:2]
    server.should_exit = True
    await task


class Exchange:
    """One request with a body in chunks, and the lines that come back."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._received = bytearray()
        self.status = 0
        self.headers: dict[str, str] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls, address: Address, query: str = "", **headers: str
    ) -> AsyncIterator[Self]:
        """Send the head of a request; leave at the end, whatever is under way."""
        reader, writer = await asyncio.open_connection(*address)
        fields = {
            "Host": "tanyin.test",
            "Content-Type": "application/x-ndjson",
            "Transfer-Encoding": "chunked",
        } | {name.replace("_", "-"): text for name, text in headers.items()}
        head = [f"POST {STREAM}{query} HTTP/1.1"]
        head += [f"{name}: {text}" for name, text in fields.items()]
        writer.write("\r\n".join([*head, "", ""]).encode())
        try:
            yield cls(reader, writer)
        finally:
            writer.transport.abort()

    async def send(self, data: bytes) -> None:
        """Send a part of the body."""
        self._writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await self._writer.drain()

    async def say(self, *documents: Any) -> None:
        """Send a line for each of *documents*."""
        lines = b"".join(json.dumps(each).encode() + b"\n" for each in documents)
        await self.send(lines)

    def end(self) -> None:
        """Send the end of the body."""
        self._writer.write(b"0\r\n\r\n")

    async def start(self) -> int:
        """Read the head of the answer; return its status."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *fields = head.strip().split("\r\n")
        self.status = int(status.split()[1])
        pairs = (field.split(": ", 1) for field in fields)
        self.headers = {name.lower(): text for name, text in pairs}
        return self.status

    async def line(self) -> Any:
        """Return the next line, or None at the end; raises where it is cut off."""
        while b"\n" not in self._received:
            if not (part := await self._chunk()):
                return None
            self._received += part
        line, _, rest = self._received.partition(b"\n")
        self._received = bytearray(rest)
        return json.loads(line)

    async def rest(self) -> list[Any]:
        """Return all further lines."""
        found = []
        while (line := await self.line()) is not None:
            found.append(line)
        return found

    async def _chunk(self) -> bytes:
        size = int(await self._reader.readuntil(b"\r\n"), 16)
        return (await self._reader.readexactly(size + 2))[:-2]
