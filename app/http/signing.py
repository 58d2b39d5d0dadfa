"""The newest checkpoint of the log, signed, with what witnesses have added.

Made on demand: a size is signed only after its root was committed.
"""

import asyncio
import time
from dataclasses import dataclass, field

from app.http.head import Head
from app.http.witnesses import BehindWitness, Witnesses
from app.kit import clock
from app.kit.database import Sessions
from app.kit.errors import Unavailable
from app.translog import checkpoints, keys, note
from app.translog.checkpoints import Root
from app.translog.keys import KeySource
from app.translog.note import Checkpoint, Signer


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint with its signed note."""

    root: Root
    text: str


@dataclass(slots=True)
class LogSigner:
    """Signs checkpoints; one a process, so that each size is signed once at a time."""

    sessions: Sessions
    head: Head
    source: KeySource
    witnesses: Witnesses
    fresh_seconds: float = 600
    """How long witnesses' lines are good for: they say when, and a log may be quiet."""
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _newest: Signed | None = None
    _asked_at: float = float("-inf")
    _signers: tuple[Signer, ...] = ()
    _stamp: int = -1

    async def newest(self) -> Signed:
        """Return the newest checkpoint; raises what keeps it from being signed."""
        async with self._lock:
            async with self.head.sessions() as session:
                await checkpoints.check(session)
            await self._load()
            if await self._is_outdated():
                self._newest = await self._make()
            assert self._newest is not None  # noqa: S101 - made just now
            return self._newest

    async def at(self, size: int) -> Signed:
        """Return the checkpoint at *size*, up to which the log has grown."""
        newest = await self.newest()
        if size == newest.root.size:
            return newest
        return self._sign(await checkpoints.at(self.sessions, size))

    async def signers(self) -> tuple[Signer, ...]:
        """Return the keys in use, the oldest first."""
        async with self._lock:
            await self._load()
        return self._signers

    async def signers_if_any(self) -> tuple[Signer, ...]:
        """Return the keys in use; none where there are none or they are unfit."""
        try:
            return await self.signers()
        except Unavailable:
            return ()

    async def _is_outdated(self) -> bool:
        known = self._newest
        if known is None or known.root.size < await self.head.current():
            return True
        if self._asked_at == float("-inf"):  # the keys have changed
            return True
        age = time.monotonic() - self._asked_at
        return bool(self.witnesses.every) and age > self.fresh_seconds

    async def _load(self) -> None:
        """Read the keys again if they have changed, and announce those that are new.

        Under a key that is known already, so that a log that was set back, as witnesses
        see it, does not get an entry more.
        """
        stamp = self.source.stamp()
        if stamp == self._stamp:
            return
        signers = self.source.read()
        async with self.head.sessions() as session:
            known = await keys.known(session, signers)
        if len(known) < len(signers):
            self._signers = known
            await self._make()
            async with self.sessions.begin() as session:
                await keys.announce(session, signers)
            await self.head.renew()
        self._stamp, self._signers = stamp, signers
        self._asked_at = float("-inf")

    async def _make(self) -> Signed:
        while True:
            root = await checkpoints.bring_up_to_date(self.sessions)
            if self._newest is not None:
                await checkpoints.check_continues(
                    self.sessions, self._newest.root, root
                )
            self.head.advance(root.size)
            signed = self._sign(root)
            try:
                lines = await self.witnesses.lines(root, signed.text)
            except BehindWitness as behind:
                # Another process may have shown the witness more meanwhile.
                if await self.head.renew() < int(str(behind.facts["held"])):
                    raise
                continue
            self._asked_at = time.monotonic()
            return Signed(root, signed.text + "".join(lines))

    def _sign(self, root: Root) -> Signed:
        text = Checkpoint(self._signers[0].name, root.size, root.root).text
        at = int(clock.now().timestamp())
        return Signed(
            root, note.signed(text, [x.sign(text, at) for x in self._signers])
        )
