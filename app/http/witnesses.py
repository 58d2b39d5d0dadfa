"""Asking the configured witnesses for their signatures below a checkpoint.

Nothing is handed out before one of them has seen that it follows what it holds: whoever
restores an old backup is told so by those who remember.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

import httpx

from app.kit.database import Sessions
from app.kit.errors import Unavailable
from app.translog import cosigning
from app.translog.checkpoints import Root
from app.translog.cosigning import WitnessRefused
from app.translog.note import NOTE_LIMIT, Verifier

_PATIENCE: Final = 3.0
_REST_SECONDS: Final = 30
_log: Final = logging.getLogger("tanyin.witnesses")


class NoWitness(Unavailable):
    en = "No configured witness has answered yet; nothing is signed before one has."
    zh = "尚无已配置的见证方应答;在此之前不签署检查点。"


class BehindWitness(Unavailable):
    en = (
        "Witness {witness} holds a checkpoint of {held} entries, this log has {size}: "
        "an older state was restored, and nothing is signed."
    )
    zh = (
        "见证方 {witness} 持有 {held} 条的检查点,而本日志只有 {size} 条:"
        "数据被恢复到较早状态,停止签名。"
    )


class WitnessDisagrees(Unavailable):
    en = (
        "Witness {witness} holds a checkpoint that this log of {size} entries does not "
        "continue; nothing is signed."
    )
    zh = "见证方 {witness} 持有的检查点与本日志(共 {size} 条)不相容;停止签名。"


@dataclass(frozen=True, slots=True)
class Witness:
    """Who adds a signature of their own, and where to ask for it."""

    verifier: Verifier
    url: str

    @property
    def name(self) -> str:
        """The name below the note."""
        return self.verifier.name


@dataclass(slots=True)
class Witnesses:
    """Those that are configured, and which of them are left in peace for a while."""

    sessions: Sessions
    every: tuple[Witness, ...] = ()
    _has_answered: bool = False
    _silent_until: dict[str, float] = field(default_factory=dict)

    async def lines(self, root: Root, signed: str) -> list[str]:
        """Return their lines below the note *signed*, as far as they answer."""
        if not self.every or not root.size:
            return []
        async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False) as client:
            asked = (self._try(client, each, root, signed) for each in self.every)
            answers = await asyncio.gather(*asked)
        lines = [line for line in answers if line is not None]
        self._has_answered = self._has_answered or bool(lines)
        if not self._has_answered:
            raise NoWitness
        return lines

    async def _try(
        self, client: httpx.AsyncClient, witness: Witness, root: Root, signed: str
    ) -> str | None:
        now = asyncio.get_running_loop().time()
        if self._has_answered and now < self._silent_until.get(witness.name, now):
            return None
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._line(client, witness, root, signed)
        except (httpx.HTTPError, TimeoutError, WitnessRefused) as error:
            _log.warning("Witness %s gave no signature: %s", witness.name, error)
            self._silent_until[witness.name] = now + _REST_SECONDS
            return None

    async def _line(
        self, client: httpx.AsyncClient, witness: Witness, root: Root, signed: str
    ) -> str:
        async with self.sessions() as session:
            held = await cosigning.last_size(session, witness.name)
        _check_ahead(witness, held, root)
        status, text = await self._ask(client, witness, (held, root.size), signed)
        if status == httpx.codes.CONFLICT:
            held = cosigning.parse_size(text)
            _check_ahead(witness, held, root)
            status, text = await self._ask(client, witness, (held, root.size), signed)
        if status == httpx.codes.UNPROCESSABLE_ENTITY:
            raise WitnessDisagrees(witness=witness.name, size=root.size)
        if status != httpx.codes.OK:
            raise WitnessRefused(f"status {status}")
        line = cosigning.check_line(witness.verifier, signed, text)
        async with self.sessions.begin() as session:
            await cosigning.keep_line(session, root.size, witness.name, line)
        return line

    async def _ask(
        self,
        client: httpx.AsyncClient,
        witness: Witness,
        sizes: tuple[int, int],
        signed: str,
    ) -> tuple[int, str]:
        async with self.sessions() as session:
            body = await cosigning.request(session, *sizes, signed)
        address = f"{witness.url}/add-checkpoint"
        async with client.stream("POST", address, content=body) as answer:
            text = b""
            async for piece in answer.aiter_bytes():
                text += piece
                if len(text) > NOTE_LIMIT:
                    raise WitnessRefused("the answer is too long")
        return answer.status_code, text.decode("utf-8", "replace")


def _check_ahead(witness: Witness, held: int, root: Root) -> None:
    if held > root.size:
        raise BehindWitness(witness=witness.name, held=held, size=root.size)
