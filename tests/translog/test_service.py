"""The log under one writer and under many."""

import asyncio
import datetime as dt
from itertools import pairwise

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.database import Sessions
from app.translog import merkle
from app.translog import service as translog
from app.translog.models import LogEntry
from app.translog.service import Position, RecordTooLarge, SnapshotNotYet


def write(position: Position) -> bytes:
    return f"entry {position.index}".encode()


async def append(sessions: Sessions, count: int = 1) -> list[int]:
    async with sessions.begin() as session:
        appender = await translog.open_appender(session)
        return [appender.append("test/1", write).index for _ in range(count)]


def test_the_leaf_hash_is_that_of_rfc_6962() -> None:
    # The empty leaf, and a leaf that looks like two child hashes put together.
    assert merkle.leaf_hash(b"").hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert merkle.leaf_hash(b"\x01" * 64) != merkle.leaf_hash(b"\x01" * 65)


async def test_entries_are_numbered_from_zero_without_gaps(
    session: AsyncSession, sessions: Sessions
) -> None:
    assert await append(sessions, 3) == [0, 1, 2]
    assert await append(sessions) == [3]
    assert await translog.size(session) == 4


async def test_instants_rise_strictly_even_within_one_transaction(
    session: AsyncSession, sessions: Sessions
) -> None:
    await append(sessions, 500)

    entries = sa.select(LogEntry.recorded_at).order_by(LogEntry.index)
    instants = (await session.scalars(entries)).all()

    assert all(a < b for a, b in pairwise(instants))


async def test_a_record_beyond_the_limit_is_refused(session: AsyncSession) -> None:
    appender = await translog.open_appender(session)

    with pytest.raises(RecordTooLarge):
        appender.append("test/1", lambda _: b"x" * 60_001)


async def test_an_instant_names_what_was_recorded_up_to_it(
    session: AsyncSession, sessions: Sessions
) -> None:
    await append(sessions, 3)
    rows = await session.scalars(sa.select(LogEntry).order_by(LogEntry.index))
    tick = dt.timedelta(microseconds=1)

    for entry in rows.all():
        at = entry.recorded_at
        assert await translog.size_at(session, at) == entry.index + 1
        assert await translog.size_at(session, at - tick) == entry.index


async def test_an_instant_in_the_future_has_no_snapshot_yet(
    session: AsyncSession,
) -> None:
    future = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)

    with pytest.raises(SnapshotNotYet):
        await translog.size_at(session, future)


@pytest.mark.committed
async def test_parallel_appenders_leave_no_gap_and_no_tie(sessions: Sessions) -> None:
    await asyncio.gather(*(append(sessions, 5) for _ in range(12)))

    async with sessions() as session:
        rows = await session.execute(
            sa.select(LogEntry.index, LogEntry.recorded_at).order_by(LogEntry.index)
        )
        entries = rows.all()

    assert [index for index, _ in entries] == list(range(60))
    instants = [instant for _, instant in entries]
    assert instants == sorted(set(instants))


@pytest.mark.committed
async def test_what_an_instant_says_never_changes_under_appenders(
    sessions: Sessions,
) -> None:
    """Without the shared lock an appender with an earlier clock commits afterwards."""
    answers: list[tuple[dt.datetime, int]] = []

    async def ask() -> None:
        for _ in range(25):
            async with sessions.begin() as session:
                clock = sa.select(sa.func.clock_timestamp())
                instant = (await session.execute(clock)).scalar_one()
                answers.append((instant, await translog.size_at(session, instant)))

    async def keep_appending() -> None:
        for _ in range(15):
            await append(sessions)

    await asyncio.gather(ask(), ask(), keep_appending(), keep_appending())

    async with sessions() as session:
        for instant, size in answers:
            assert await translog.size_at(session, instant) == size


async def test_an_appender_that_rolls_back_leaves_no_trace(sessions: Sessions) -> None:
    await append(sessions)
    async with sessions() as session:
        appender = await translog.open_appender(session)
        appender.append("test/1", write)
        await session.flush()
        await session.rollback()

    assert await append(sessions) == [1]
