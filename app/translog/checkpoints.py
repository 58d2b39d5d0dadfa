"""Which root stands for which size: made once, on demand, after the commit.

Order: the committed size is read, the entries since the last checkpoint are hashed
anew, size and root are stored and committed; only then may they be signed. A crash
between any two steps leaves what the next one does again. Whatever does not fit raises
an alarm, after which nothing is signed any more, by any process.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock
from app.kit.database import Sessions
from app.kit.errors import Unavailable
from app.translog import merkle, proofs
from app.translog import service as translog
from app.translog.models import LogAlarm, LogCheckpoint, LogEntry, LogNode
from app.translog.proofs import Path

_LOCK: Final = 0x7A6E_7969_6E02  # one at a time, so that nothing is hashed twice
_BLOCK: Final = 1_000


class LogHalted(Unavailable):
    en = "Nothing is signed any more: {reason}."
    zh = "日志已停止签名(系统记录:{reason})。"


@dataclass(frozen=True, slots=True)
class Root:
    """The root of the first `size` entries."""

    size: int
    root: bytes


class _Contradiction(Exception):
    """The stored log is not what it was."""

    def __init__(self, size: int, reason: str) -> None:
        super().__init__(reason)
        self.size = size


async def bring_up_to_date(sessions: Sessions) -> Root:
    """Cover every committed entry by a checkpoint; return the newest.

    Raises `LogHalted` once anything has not fitted.
    """
    async with _watched(sessions) as session:
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        return await _cover(session)


async def at(sessions: Sessions, size: int) -> Root:
    """Return the root of the first *size* entries, which are covered already."""
    async with _watched(sessions) as session:
        return await _below(session, size, await newest(session))


async def inclusion(sessions: Sessions, index: int, root: Root) -> Path:
    """Prove entry *index* below *root*, which is a checkpoint's."""
    async with _watched(sessions) as session:
        path = await proofs.inclusion(session, index, root.size)
        with _contradicting(root.size, f"entry {index} does not lead to the root"):
            merkle.verify_inclusion(index, root.size, path.leaf, path.hashes, root.root)
        return path


async def consistency(
    sessions: Sessions, old: int, new: int
) -> tuple[tuple[bytes, ...], Root, Root]:
    """Prove *new* to begin with *old*, both covered, with the roots of both."""
    async with _watched(sessions) as session:
        last = await _below(session, new, await newest(session))
        first = await _below(session, old, last)
        hashes, _, _ = await proofs.consistency(session, old, new)
        return hashes, first, last


async def check_continues(sessions: Sessions, old: Root, new: Root) -> None:
    """Raise `LogHalted` unless *new* begins with what this process signed before."""
    async with _watched(sessions) as session:
        if new.size < old.size:
            reason = f"the log went back from {old.size} entries to {new.size}"
            raise _Contradiction(new.size, reason)
        if await _below(session, old.size, new) != old:
            raise _Contradiction(old.size, f"another root at the known size {old.size}")


async def _below(session: AsyncSession, size: int, last: Root) -> Root:
    """Return the root at *size*, which is shown to lead to that of *last*.

    What is stored may have been tampered with; what was signed for is the measure.
    """
    if not size:
        return Root(0, merkle.EMPTY_ROOT)
    hashes, root, _ = await proofs.consistency(session, size, last.size)
    with _contradicting(size, f"the first {size} entries do not lead to the root"):
        merkle.verify_consistency(size, last.size, root, last.root, hashes)
    return Root(size, root)


@contextmanager
def _contradicting(size: int, reason: str) -> Iterator[None]:
    try:
        yield
    except merkle.ProofRefused as refused:
        raise _Contradiction(size, f"{reason}: {refused}") from refused


@asynccontextmanager
async def _watched(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Yield a transaction; what does not fit in it raises an alarm."""
    try:
        async with sessions.begin() as session:
            await check(session)
            yield session
    except _Contradiction as found:
        await halt(sessions, found.size, str(found))
        raise LogHalted(reason=found) from found


async def check(session: AsyncSession) -> None:
    """Raise `LogHalted` if there has been an alarm."""
    first = sa.select(LogAlarm.reason).order_by(LogAlarm.at).limit(1)
    reason = await session.scalar(first)
    if reason is not None:
        raise LogHalted(reason=reason)


async def halt(sessions: Sessions, size: int, reason: str) -> None:
    """End signing for good."""
    async with sessions.begin() as session:
        session.add(LogAlarm(at=clock.now(), size=size, reason=reason))


async def newest(session: AsyncSession) -> Root:
    """Return the newest checkpoint; of size 0 before there is any."""
    row = (
        await session.execute(
            sa.select(LogCheckpoint.size, LogCheckpoint.root)
            .order_by(LogCheckpoint.size.desc())
            .limit(1)
        )
    ).one_or_none()
    return Root(0, merkle.EMPTY_ROOT) if row is None else Root(*row)


async def _cover(session: AsyncSession) -> Root:
    last, size = await newest(session), await translog.size(session)
    if size < last.size:
        reason = f"the log holds {size} entries, fewer than the {last.size} signed for"
        raise _Contradiction(size, reason)
    tree = await proofs.edge(session, last.size)
    if tree.root() != last.root:
        raise _Contradiction(last.size, f"another root at the known size {last.size}")
    if size == last.size and size:
        return last
    async for block in _blocks(session, last.size, size):
        nodes = _grow(tree, block)
        if nodes:
            await session.execute(insert(LogNode).on_conflict_do_nothing(), nodes)
    if tree.size != size:
        raise _Contradiction(tree.size, f"entry {tree.size} is missing")
    return await _store(session, Root(size, tree.root()))


async def _store(session: AsyncSession, found: Root) -> Root:
    row = {"size": found.size, "root": found.root, "at": clock.now()}
    await session.execute(insert(LogCheckpoint).values(row).on_conflict_do_nothing())
    known = await session.scalar(
        sa.select(LogCheckpoint.root).where(LogCheckpoint.size == found.size)
    )
    if known != found.root:
        raise _Contradiction(found.size, f"another root at the known size {found.size}")
    return found


async def _blocks(
    session: AsyncSession, first: int, end: int
) -> AsyncIterator[list[tuple[int, bytes, bytes]]]:
    columns = (LogEntry.index, LogEntry.record, LogEntry.leaf_hash)
    for start in range(first, end, _BLOCK):
        rows = await session.execute(
            sa.select(*columns)
            .where(LogEntry.index >= start, LogEntry.index < min(end, start + _BLOCK))
            .order_by(LogEntry.index)
        )
        yield [(index, record, leaf) for index, record, leaf in rows]


def _grow(
    tree: merkle.Accumulator, block: list[tuple[int, bytes, bytes]]
) -> list[dict[str, Any]]:
    """Add entries, hashed anew; return the nodes that they complete."""
    nodes: list[dict[str, Any]] = []
    for index, record, stored in block:
        if index != tree.size:
            raise _Contradiction(tree.size, f"entry {tree.size} is missing")
        leaf = merkle.leaf_hash(record)
        if leaf != stored:
            raise _Contradiction(index, f"entry {index} is not what its hash says")
        nodes += [
            {"level": level, "index": place, "hash": node}
            for level, place, node in tree.append(leaf)
        ]
    return nodes
