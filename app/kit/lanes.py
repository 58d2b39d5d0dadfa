"""Work that takes long, done beside the event loop, as a dialogue.

    async with lane.dialogue(make, body) as dialogue:
        asked = await dialogue.ask()
        found = await dialogue.ask(answer_to(asked))

*make* is a generator function. What it yields is what `ask` returns, and what is asked
with is what its `yield` returns, so that it can have something looked up in between.
A lane has so many at work; others wait in order, and `Busy` refuses the impatient.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol, TypeAlias

from app.kit.collector import collector_paused
from app.kit.errors import Unavailable

Made: TypeAlias = Generator[Any, Any, None]
Maker: TypeAlias = Callable[..., Made]

BUSY_SECONDS: Final = 5


class Busy(Unavailable):
    en = "The service is busy with as much of this as it takes on; try again later."
    zh = "此类任务已达服务上限,请稍后重试。"


class Dialogue(Protocol):
    """A generator at work elsewhere."""

    async def ask(self, value: Any = None) -> Any:  # noqa: ANN401 - the maker's types
        """Send *value*, at first nothing, and return what it yields; raises its own."""


class Lane(Protocol):
    """Where dialogues are held."""

    def dialogue(
        self,
        make: Maker,
        *arguments: object,
        patient: bool = False,
    ) -> AbstractAsyncContextManager[Dialogue]:
        """Hold a dialogue with what *make* makes of *arguments*.

        Raises `Busy` unless *patient*, which is for work that waits instead.
        """


class Gate:
    """Lets *size* in at a time and *waiting* wait; the patient wait uncounted."""

    def __init__(self, size: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(size)
        self._most = waiting
        self.waiting = 0
        self.inside = 0

    async def enter(self, *, patient: bool) -> None:
        """Wait to be let in; raises `Busy`."""
        if self._free.locked() and not patient and self.waiting >= self._most:
            raise Busy(retry_after=BUSY_SECONDS)
        self.waiting += not patient
        try:
            await self._free.acquire()
        finally:
            self.waiting -= not patient
        self.inside += 1

    def leave(self) -> None:
        """Let the next one in."""
        self.inside -= 1
        self._free.release()


class DirectLane:
    """Dialogues in the event loop itself: for what is done before a thread begins."""

    @asynccontextmanager
    async def dialogue(
        self,
        make: Maker,
        *arguments: object,
        patient: bool = False,
    ) -> AsyncIterator[Dialogue]:
        """Hold a dialogue; see `Lane`. Nobody waits, so nobody need be patient."""
        del patient
        yield _Direct(make(*arguments))


class _Direct:
    """A generator that is advanced where it is asked."""

    def __init__(self, made: Made) -> None:
        self._made = made

    async def ask(self, value: Any = None) -> Any:  # noqa: ANN401 - the maker's types
        """Advance the generator."""
        with collector_paused():
            return self._made.send(value)


DIRECT: Final = DirectLane()


class ThreadLane:
    """Dialogues in a few threads of this process: for what is done soon."""

    def __init__(self, size: int, waiting: int) -> None:
        self.gate = Gate(size, waiting)
        self._threads = ThreadPoolExecutor(size, "lane")

    @asynccontextmanager
    async def dialogue(
        self,
        make: Maker,
        *arguments: object,
        patient: bool = False,
    ) -> AsyncIterator[Dialogue]:
        """Hold a dialogue; see `Lane`."""
        await self.gate.enter(patient=patient)
        try:
            with collector_paused():
                yield _InThread(self._threads, make(*arguments))
        finally:
            self.gate.leave()

    def close(self) -> None:
        """Take no more work."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class _InThread:
    """A generator that is advanced in one of *threads*."""

    def __init__(self, threads: ThreadPoolExecutor, made: Made) -> None:
        self._threads = threads
        self._made = made

    async def ask(self, value: Any = None) -> Any:  # noqa: ANN401 - the maker's types
        """Advance the generator."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._made.send, value)
