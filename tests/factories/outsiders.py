"""Those outside who remember checkpoints: a witness, and an auditor."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from app.http.witnesses import Witness
from app.translog import merkle, note
from app.translog.merkle import ProofRefused
from app.translog.note import Checkpoint, Verifier
from app.witness import judging, service
from app.witness.judging import OtherSize, Refused
from tests.factories.services import LOG_KEY

WITNESS_KEY = note.Signer("witness.example/w", note.COSIGNATURE, b"w" * 32)


class Forked(AssertionError):
    """The log is not the one that was remembered."""


@dataclass
class Remembering:
    """A witness, and how it refused logs that do not continue what it holds."""

    witness: service.Witness
    refusals: list[int] = field(default_factory=list)

    def answer(self, body: bytes) -> tuple[int, str]:
        """Return status and text for a request to `add-checkpoint`."""
        try:
            return 200, self.witness.add_checkpoint(body)
        except Refused as refused:
            if not isinstance(refused, OtherSize) or self._is_behind(body, refused):
                self.refusals.append(refused.status)
            return refused.status, str(refused)

    def _is_behind(self, body: bytes, refused: OtherSize) -> bool:
        signed = note.parse_note(body.decode().partition("\n\n")[2])
        return int(str(refused)) > note.parse_checkpoint(signed.text).size


@contextmanager
def remembering(
    keys: tuple[Verifier, ...], held: Checkpoint | None = None
) -> Iterator[Remembering]:
    """Yield a witness of the log with *keys* that remembers *held*."""
    with tempfile.TemporaryDirectory() as folder:
        memory = service.Memory(Path(folder))
        if held is not None:
            signed = note.signed(held.text, [LOG_KEY.sign(held.text)])
            memory.path(held.origin).write_text(signed, "utf-8")
        yield Remembering(service.Witness(WITNESS_KEY, judging.group(keys), memory))


@asynccontextmanager
async def listening(witness: Remembering) -> AsyncIterator[Witness]:
    """Serve *witness* over HTTP; yield how the log is told of it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        status, text = witness.answer(await reader.readexactly(length))
        data = text.encode()
        top = f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n"
        writer.write(top.encode() + b"Connection: close\r\n\r\n" + data)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield Witness(WITNESS_KEY.verifier, f"http://127.0.0.1:{port}")


@dataclass
class Monitor:
    """An auditor who remembers the last checkpoint."""

    keys: tuple[Verifier, ...]
    held: Checkpoint

    async def follow(self, client: httpx.AsyncClient) -> None:
        """Go on to the newest checkpoint; raises `Forked`."""
        answer = await client.get("/v1/log/checkpoint")
        assert answer.status_code == 200, answer.text
        found = note.parse_note(answer.text)
        assert found.verified(self.keys)
        newest = note.parse_checkpoint(found.text)
        if newest.size < self.held.size:
            raise Forked(f"{newest.size} entries of {self.held.size}")
        try:
            path = await self._consistency(client, newest.size)
            merkle.verify_consistency(
                self.held.size, newest.size, self.held.root, newest.root, path
            )
        except ProofRefused as error:
            raise Forked(str(error)) from error
        self.held = newest

    async def _consistency(self, client: httpx.AsyncClient, size: int) -> list[bytes]:
        sizes = {"from": self.held.size, "to": size}
        answer = await client.get("/v1/log/consistency", params=sizes)
        assert answer.status_code == 200, answer.text
        return [bytes.fromhex(each) for each in answer.json()["hashes"]]
