"""Appending to the log, and resolving snapshots.

Lock order: whoever appends has flushed everything else and takes the log's lock last;
nothing is locked after it, so appenders queue and never deadlock.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.canonical import canonical_bytes
from app.kit.clock import instant_text
from app.kit.errors import Invalid
from app.translog import merkle
from app.translog.models import RECORD_LIMIT, LogEntry

_LOCK: Final = 0x7A6E_7969_6E01  # any constant that nothing else in this database uses
CHANNEL: Final = "tanyin_log"
APPENDED: Final = "tanyin.appended"
"""In the `info` of a session that has taken the log's lock."""
_TICK: Final = dt.timedelta(microseconds=1)


class RecordTooLarge(Invalid):
    en = f"A record holds at most {RECORD_LIMIT} bytes."
    zh = f"一条记录最多 {RECORD_LIMIT} 字节。"


class SnapshotNotYet(Invalid):
    en = "The log holds {size} entries; that snapshot does not exist yet."
    zh = "日志现有 {size} 条记录,该快照尚不存在。"


@dataclass(frozen=True, slots=True)
class Position:
    """Where the next entry goes: its index and the instant it will bear."""

    index: int
    recorded_at: dt.datetime


Writer: TypeAlias = Callable[[Position], bytes]


def stamped(draft: Mapping[str, Any]) -> Writer:
    """Return what gives *draft* the instant of its position: canonical JSON."""
    return lambda position: canonical_bytes(
        {**draft, "recorded_at": instant_text(position.recorded_at)}
    )


@dataclass(slots=True)
class Appender:
    """Hands out positions while the log's lock is held; ends with the transaction."""

    session: AsyncSession
    position: Position

    def append(self, kind: str, write: Writer) -> LogEntry:
        """Add the entry that *write* makes of its own position."""
        record = write(self.position)
        if len(record) > RECORD_LIMIT:
            raise RecordTooLarge
        entry = LogEntry(
            index=self.position.index,
            kind=kind,
            record=record,
            leaf_hash=merkle.leaf_hash(record),
            recorded_at=self.position.recorded_at,
        )
        self.session.add(entry)
        self.position = Position(entry.index + 1, entry.recorded_at + _TICK)
        return entry


async def open_appender(session: AsyncSession) -> Appender:
    """Take the log's lock until the transaction ends.

    A crash before commit leaves no trace: size and instant are read anew by the next
    appender.
    """
    session.info[APPENDED] = True
    # Everything else must hold its locks by now, or two appenders could deadlock.
    await session.flush()
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    size, last = await _end(session)
    clock: dt.datetime = (
        await session.execute(sa.select(sa.func.clock_timestamp()))
    ).scalar_one()
    await session.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))
    return Appender(session, Position(size, max(clock, last + _TICK)))


async def size(session: AsyncSession) -> int:
    """Return the number of committed entries."""
    return (await _end(session))[0]


async def size_at(session: AsyncSession, instant: dt.datetime) -> int:
    """Return the number of entries recorded up to *instant*.

    An instant newer than the last entry is resolved under the shared lock: an appender
    may hold an earlier clock reading and commit after us. Raises `SnapshotNotYet` for
    an instant in the future.
    """
    _, last = await _end(session)
    if instant > last:
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_LOCK)))
        clock = (
            await session.execute(sa.select(sa.func.clock_timestamp()))
        ).scalar_one()
        if instant > clock:
            raise SnapshotNotYet(size=await size(session))
    # By the order of instants, which is that of indices and has an index of its own.
    count = await session.scalar(
        sa.select(LogEntry.index + 1)
        .where(LogEntry.recorded_at <= instant)
        .order_by(LogEntry.recorded_at.desc())
        .limit(1)
    )
    return int(count or 0)


async def _end(session: AsyncSession) -> tuple[int, dt.datetime]:
    newest = sa.select(LogEntry.index, LogEntry.recorded_at)
    row = (
        await session.execute(newest.order_by(LogEntry.index.desc()).limit(1))
    ).one_or_none()
    if row is None:
        return 0, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    index, recorded_at = row
    return index + 1, recorded_at
