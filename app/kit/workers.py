"""Worker processes: for what would keep this process from everything else.

Each is an interpreter of its own with a socket to this one. It is started when it is
first needed and ends when its socket does, so that none outlives us, whatever ends us.
One that dies costs what it worked at and nothing else.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any, Final

from app.kit.errors import Unavailable
from app.kit.lanes import Dialogue, Gate, Maker
from app.kit.worker_process import LAUNCH, Failed, Over, Refused, Said

_PATH: Final = "PYTHONPATH"
_PRIVATE: Final = "TANYIN_"
# To glibc: what one request has used is kept for the next, which would else have every
# page of it made anew. A worker that has grown large is ended anyway.
_KEPT: Final = {
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}


class WorkerLost(Unavailable):
    en = "The worker process at this request was killed, perhaps for want of memory."
    zh = "处理此请求的计算进程被终止,可能因内存不足。"


class WorkerFailed(RuntimeError):
    """A mistake of ours in a worker; the text is its traceback."""


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class WorkerPool:
    """A lane of worker processes; the one that was used last is used first."""

    def __init__(self, size: int, waiting: int) -> None:
        self.size = size
        self.gate = Gate(size, waiting)
        self._idle: list[_Worker] = []
        self._workers: set[_Worker] = set()
        self._is_closed = False
        # They wait where the event loop must not: for an answer, or for an end.
        self._threads = ThreadPoolExecutor(2 * size, "worker")

    @asynccontextmanager
    async def dialogue(
        self,
        make: Maker,
        *arguments: object,
        patient: bool = False,
    ) -> AsyncIterator[Dialogue]:
        """Hold a dialogue in a worker, which is killed where it is given up amid it.

        *make* and all that is said must be picklable. Raises `WorkerLost`.
        """
        await self.gate.enter(patient=patient)
        try:
            worker = self._take()
        except BaseException:
            self.gate.leave()
            raise
        talk = _Talk(self._threads, worker, (make, arguments))
        try:
            yield talk
        finally:
            self._put_back(worker, talk)

    def _take(self) -> "_Worker":
        if self._is_closed:
            raise WorkerLost
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive():
                return worker
            self._workers.discard(worker)
        worker = _Worker()
        self._workers.add(worker)
        return worker

    def _put_back(self, worker: "_Worker", talk: "_Talk") -> None:
        if self._is_closed:
            self.gate.leave()
            return
        # It tidies up, or dies, while its last words are on their way to the client.
        finish = worker.stop if talk.is_asking else worker.settle
        loop = asyncio.get_running_loop()
        finished = loop.run_in_executor(self._threads, finish)
        finished.add_done_callback(lambda done: self._finished(worker, done))

    def _finished(self, worker: "_Worker", done: "asyncio.Future[bool]") -> None:
        if not done.cancelled() and done.result():
            self._idle.append(worker)
        else:
            self._workers.discard(worker)
        self.gate.leave()

    def close(self) -> None:
        """End all workers, whatever they are at."""
        self._is_closed = True
        for worker in self._workers:
            worker.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)


class _Worker:
    """One process and our end of its socket."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-c", LAUNCH, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                # Ctrl-C in a terminal is for us alone.
                start_new_session=True,
                env=_environment(),
            )
        self._connection = Connection(ours.detach())

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def exchange(self, message: object) -> object:
        """Send *message* and wait for what is said to it."""
        try:
            self._connection.send(message)
            return self._connection.recv()
        except (EOFError, OSError) as error:
            raise WorkerLost from error

    def settle(self) -> bool:
        """End the dialogue; tell whether the worker is fit for another one."""
        with suppress(WorkerLost):
            if self.exchange(Over()) is True:
                return True
        return self.stop()

    def stop(self) -> bool:
        """Kill the process: a thread that waits for its words is told so. False."""
        # The socket is closed with the last who holds it: closed here, its number
        # could be another's while that thread still reads.
        self._process.kill()
        self._process.wait()
        return False


def _environment() -> dict[str, str]:
    """Return what a worker needs to import what we have; it connects to nothing."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_PRIVATE)}
    places = [place or os.getcwd() for place in sys.path]  # noqa: PTH109 - a text
    return kept | _KEPT | {_PATH: os.pathsep.join(places)}


class _Talk:
    """A dialogue with a worker."""

    def __init__(
        self, threads: ThreadPoolExecutor, worker: _Worker, opening: object
    ) -> None:
        self._threads = threads
        self._worker = worker
        self._opening: object | None = opening
        self.is_asking = False

    async def ask(self, value: Any = None) -> Any:  # noqa: ANN401 - the maker's types
        """Send what opens the dialogue or *value*; return what is said to it."""
        opening, self._opening = self._opening, None
        message = value if opening is None else opening
        loop = asyncio.get_running_loop()
        self.is_asking = True
        # Where this is cancelled or the worker is lost, the mark stays.
        said = await loop.run_in_executor(self._threads, self._worker.exchange, message)
        if isinstance(said, Failed):
            raise WorkerFailed(said.traceback)
        self.is_asking = False
        if isinstance(said, Refused):
            raise said.error
        assert isinstance(said, Said)  # noqa: S101 - our own protocol
        return said.value
