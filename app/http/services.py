"""What a running process holds for its requests: engines, sessions, the head."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Scope

from app.factors.remembering import Remembered
from app.http.head import OUTAGE, Head, follow
from app.http.signing import LogSigner
from app.http.witnesses import Witness, Witnesses
from app.kit.database import Sessions, create_engine, create_reader, create_sessions
from app.kit.lanes import Gate, ThreadLane
from app.kit.workers import WorkerPool
from app.reference.policy import NATIONAL, Policy
from app.translog.keys import KeySource

_THREADS: Final = 4
_WAITING: Final = 256
_STREAMS: Final = 16
_REMEMBERED: Final = 2_000


@dataclass(frozen=True, slots=True)
class Services:
    """Made when the process starts, handed to requests on `app.state`."""

    sessions: Sessions
    read_sessions: Sessions
    head: Head
    signer: LogSigner
    threads: ThreadLane
    workers: WorkerPool
    policy: Policy = NATIONAL
    streams: Gate = field(default_factory=lambda: Gate(_STREAMS, 0))
    versions: Remembered = field(default_factory=lambda: Remembered(_REMEMBERED))


def services_of(scope: Scope) -> Services:
    """Return the services of the application that serves *scope*."""
    return cast("Services", scope["app"].state.services)


def small_lane() -> ThreadLane:
    """Return the lane of small calculations: none waits long for the four before it."""
    return ThreadLane(_THREADS, _WAITING)


@asynccontextmanager
async def open_services(
    url: str,
    policy: Policy,
    keys: KeySource,
    witnesses: tuple[Witness, ...],
    workers: WorkerPool,
) -> AsyncIterator[Services]:
    """Connect to the database at *url* on demand; follow its log, and sign it."""
    engine, reader = (
        create(url, pool_size=10, max_overflow=10, pool_timeout=5)
        for create in (create_engine, create_reader)
    )
    for each in (engine, reader):
        _drop_dead_connections(each)
    sessions, read_sessions = create_sessions(engine), create_sessions(reader)
    head = Head(read_sessions)
    signer = LogSigner(sessions, head, keys, Witnesses(sessions, witnesses))
    with suppress(*OUTAGE):
        await head.renew()
    threads = small_lane()
    follower = asyncio.create_task(follow(head, url))
    try:
        yield Services(sessions, read_sessions, head, signer, threads, workers, policy)
    finally:
        threads.close()
        workers.close()
        follower.cancel()
        with suppress(asyncio.CancelledError):
            await follower
        await engine.dispose()
        await reader.dispose()


def _drop_dead_connections(engine: AsyncEngine) -> None:
    """Let no request meet a connection that a restarted database has closed.

    Its end is known on this side without asking, so this costs nothing.
    """

    @sa.event.listens_for(engine.sync_engine, "checkout")
    def check(connection: Any, *_: object) -> None:  # noqa: ANN401 - the driver's
        if connection.driver_connection.is_closed():
            raise DisconnectionError
