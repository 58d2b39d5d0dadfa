"""Tiles, bundles, roots and proofs out of the stored log.

What is below a checkpoint never changes, so all of this is a function of its arguments.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from app.translog import merkle
from app.translog.merkle import HASH, Range, Read, Run
from app.translog.models import LogEntry, LogNode

Tiles = Mapping[tuple[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Path:
    """From a leaf by hashes, the lowest first, to the root."""

    leaf: bytes
    hashes: tuple[bytes, ...]
    root: bytes


async def root_at(session: AsyncSession, size: int) -> bytes:
    """Return the root of the first *size* entries."""
    if not size:
        return merkle.EMPTY_ROOT
    return (await _hashes(session, [(0, size)]))[0]


async def inclusion(session: AsyncSession, index: int, size: int) -> Path:
    """Prove entry *index* in the log of *size*."""
    ranges = [(index, index + 1), *merkle.inclusion(index, size), (0, size)]
    leaf, *hashes, root = await _hashes(session, ranges)
    return Path(leaf, tuple(hashes), root)


async def consistency(
    session: AsyncSession, old: int, new: int
) -> tuple[tuple[bytes, ...], bytes, bytes]:
    """Prove the log of *new* entries to begin with that of *old*; with both roots."""
    ranges = [*merkle.consistency(old, new), (0, old), (0, new)]
    *hashes, old_root, new_root = await _hashes(session, ranges)
    return tuple(hashes), old_root, new_root


async def tile(session: AsyncSession, level: int, index: int, width: int) -> bytes:
    """Return the first *width* hashes of a tile; fewer if the log has no more."""
    wanted = Run(level, index * merkle.WIDTH, width)
    return (await _read(session, [wanted]))[level, index][: width * HASH]


async def bundle(session: AsyncSession, index: int, width: int) -> bytes:
    """Return the first *width* entries of a tile, each behind its length."""
    first = index * merkle.WIDTH
    rows = await session.scalars(
        sa.select(LogEntry.record)
        .where(LogEntry.index >= first, LogEntry.index < first + width)
        .order_by(LogEntry.index)
    )
    return b"".join(len(each).to_bytes(2, "big") + each for each in rows)


async def edge(session: AsyncSession, size: int) -> merkle.Accumulator:
    """Return the tree of the first *size* entries, ready to grow."""
    wanted = merkle.edge(size)
    read = _reader(await _read(session, wanted))
    return merkle.Accumulator(size, [list(read(run)) for run in wanted])


async def _hashes(session: AsyncSession, ranges: Sequence[Range]) -> list[bytes]:
    needed = {run for each in ranges for run in merkle.runs(each)}
    read = _reader(await _read(session, needed))
    return [merkle.range_hash(each, read) for each in ranges]


def _reader(tiles: Tiles) -> Read:
    def read(run: Run) -> list[bytes]:
        data = tiles.get((run.level, run.first // merkle.WIDTH), b"")
        start = run.first % merkle.WIDTH * HASH
        end = start + run.count * HASH
        return [data[at : at + HASH] for at in range(start, end, HASH)]

    return read


async def _read(
    session: AsyncSession, runs: Iterable[Run]
) -> dict[tuple[int, int], bytes]:
    """Return the tiles that *runs* lie in, in one question to the database."""
    places = {(run.level, run.first // merkle.WIDTH) for run in runs if run.count}
    if not places:
        return {}
    rows = await session.execute(sa.union_all(*map(_tile, sorted(places))))
    return {(level, index): data or b"" for level, index, data in rows}


def _tile(place: tuple[int, int]) -> sa.Select[Any]:
    level, index = place
    first = index * merkle.WIDTH
    number, digest = (
        (LogNode.index, LogNode.hash) if level else (LogEntry.index, LogEntry.leaf_hash)
    )
    joined = sa.func.string_agg(digest, aggregate_order_by(sa.literal(b""), number))
    found = sa.select(sa.literal(level), sa.literal(index), joined).where(
        number >= first, number < first + merkle.WIDTH
    )
    return found.where(LogNode.level == level) if level else found
