"""Those outside who remember checkpoints: a witness, and an auditor with a monitor.

Only pure verification is shared with the log; what they remember is their own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from app.http.witnesses import Witness
from app.translog import merkle, note
from app.translog.merkle import ProofRefused
from app.translog.note import Checkpoint, Verifier

WITNESS_KEY = note.Signer("witness.example/w", note.COSIGNATURE, b"w" * 32)


class Forked(AssertionError):
    """The log is not the one that was remembered."""


@dataclass
class RememberingWitness:
    """Signs what continues the checkpoint that it holds (C2SP tlog-witness)."""

    keys: tuple[Verifier, ...]
    held: Checkpoint | None = None
    refusals: list[int] = field(default_factory=list)

    @property
    def is_alarmed(self) -> bool:
        """Tell whether a log was shown that does not continue what is held."""
        return bool(self.refusals)

    def answer(self, body: str) -> tuple[int, str]:
        """Return status and text for a request to `add-checkpoint`."""
        head, _, signed = body.partition("\n\n")
        first, *path = head.split("\n")
        old = note.parse_number(first.removeprefix("old "))
        found = note.parse_note(signed)
        if not found.verified(self.keys):
            return 403, ""
        asked = note.parse_checkpoint(found.text)
        if old != (self.held.size if self.held else 0):
            return self._conflict(asked)
        try:
            self._check(asked, note.parse_path(path))
        except ProofRefused:
            self.refusals.append(422)
            return 422, ""
        self.held = asked
        return 200, WITNESS_KEY.sign(found.text, 1)

    def _conflict(self, asked: Checkpoint) -> tuple[int, str]:
        held = self.held.size if self.held else 0
        if held > asked.size:
            self.refusals.append(409)
        return 409, f"{held}\n"

    def _check(self, asked: Checkpoint, path: tuple[bytes, ...]) -> None:
        if self.held is not None:
            held = self.held
            merkle.verify_consistency(
                held.size, asked.size, held.root, asked.root, path
            )


@asynccontextmanager
async def listening(witness: RememberingWitness) -> AsyncIterator[Witness]:
    """Serve *witness* over HTTP; yield how the log is told of it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        body = (await reader.readexactly(length)).decode()
        status, text = witness.answer(body)
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
