"""Tiles, bundles, roots and proofs out of the stored log.

What is below a checkpoint never changes, so all of this is a function of its arguments.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.translog import merkle
from app.translog.merkle import HASH, Range, Read, Run
from app.translog.models import LogEntry

# One text whatever is asked for, so that it is prepared and planned once.
_TILES: Final = sa.text(
    """
    SELECT level, tile, CASE
      WHEN level = 0 THEN (
        SELECT string_agg(leaf_hash, '' ORDER BY index) FROM log_entry
        WHERE index >= tile * 256 AND index < (tile + 1) * 256)
      ELSE (
        SELECT string_agg(hash, '' ORDER BY index) FROM log_node
        WHERE log_node.level = wanted.level
          AND index >= tile * 256 AND index < (tile + 1) * 256)
      END
    FROM unnest(:levels, :indexes) AS wanted (level, tile)
    """
).bindparams(
    sa.bindparam("levels", type_=ARRAY(sa.SmallInteger)),
    sa.bindparam("indexes", type_=ARRAY(sa.BigInteger)),
)
Tiles = Mapping[tuple[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Path:
    """A leaf, and the hashes from it to the root, the lowest first."""

    leaf: bytes
    hashes: tuple[bytes, ...]


async def root_at(session: AsyncSession, size: int) -> bytes:
    """Return the root of the first *size* entries."""
    if not size:
        return merkle.EMPTY_ROOT
    return (await _hashes(session, [(0, size)]))[0]


async def inclusion(session: AsyncSession, index: int, size: int) -> Path:
    """Prove entry *index* in the log of *size*."""
    ranges = [(index, index + 1), *merkle.inclusion(index, size)]
    leaf, *hashes = await _hashes(session, ranges)
    return Path(leaf, tuple(hashes))


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
    places = sorted(
        {(run.level, run.first // merkle.WIDTH) for run in runs if run.count}
    )
    if not places:
        return {}
    levels, indexes = zip(*places, strict=True)
    rows = await session.execute(_TILES, {"levels": levels, "indexes": indexes})
    return {(level, index): data or b"" for level, index, data in rows}
