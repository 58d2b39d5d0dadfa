"""This process's view of the log's size, and how it keeps up.

The head is renewed after own commits, on NOTIFY, and at the latest after a second.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import asyncpg
from sqlalchemy import NullPool
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.kit.database import Sessions, create_engine
from app.translog import service as translog

_POLL_SECONDS: Final = 1
_QUERY_SECONDS: Final = 5
OUTAGE: Final = (
    OSError,
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # What a connection that was cut amid a statement says to the next one.
    asyncpg.InternalClientError,
)
_log: Final = logging.getLogger("tanyin.head")


@dataclass(slots=True)
class Head:
    """The number of entries that this process knows of; it never goes back."""

    sessions: Sessions
    size: int = -1
    """Negative until the database has answered once."""

    def advance(self, size: int) -> int:
        """Take note of *size* and return the greatest so far."""
        self.size = max(self.size, size)
        return self.size

    async def current(self) -> int:
        """Return the size without asking the database, except the first time."""
        return self.size if self.size >= 0 else await self.renew()

    async def renew(self) -> int:
        """Ask the database for the size."""
        async with self.sessions() as session:
            return self.advance(await translog.size(session))


async def follow(head: Head, url: str) -> None:
    """Keep *head* up to date until cancelled, over a connection of its own."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    while True:
        try:
            async with engine.connect() as connection:
                await _listen(head, connection)
        except OUTAGE as error:
            # Requests meanwhile renew the head themselves or answer 503.
            _log.warning("The listener lost its connection: %s", type(error).__name__)
        await asyncio.sleep(_POLL_SECONDS)


async def _listen(head: Head, connection: AsyncConnection) -> None:
    changed = asyncio.Event()
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, asyncpg.Connection)  # noqa: S101 - the one dialect
    await driver.add_listener(translog.CHANNEL, lambda *_: changed.set())
    while True:
        # Cleared before the query, so that no notice falls between it and the wait.
        changed.clear()
        async with asyncio.timeout(_QUERY_SECONDS), AsyncSession(connection) as session:
            head.advance(await translog.size(session))
        with suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), _POLL_SECONDS)
