"""What the log says of factors, entry by entry, and in its order."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors.models import FactorVersion, StatusChange
from app.factors.queries import SNAPSHOT, Statement
from app.translog.models import LogEntry

# Entries may be long: no more of them than this are in memory at a time.
_BLOCK: Final = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A log entry with its record, parsed."""

    log_index: int
    leaf_hash: str
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """Where an entry on a factor stands.

    `status` is that of a status change; None for a version.
    """

    log_index: int
    version: int | None
    status: str | None


async def read_entries(
    session: AsyncSession, indexes: Collection[int]
) -> AsyncIterator[Entry]:
    """Yield the entries at *indexes*, in the order of the log."""
    wanted = sorted(set(indexes))
    for start in range(0, len(wanted), _BLOCK):
        block = {"indexes": wanted[start : start + _BLOCK]}
        for row in await session.execute(_entries(), block):
            index, leaf_hash, record = row
            yield Entry(index, leaf_hash.hex(), orjson.loads(record))


async def list_steps(
    session: AsyncSession,
    code: str,
    snapshot: int,
    *,
    after: int = -1,
    limit: int | None = None,
) -> list[Step]:
    """Return where versions and status of a factor are logged, behind entry *after*."""
    values = {"code": code, "snapshot": snapshot, "after": after, "limit": limit}
    rows = await session.execute(_steps(), values)
    return [Step(*row) for row in rows]


@cache
def _entries() -> Statement:
    indexes = sa.bindparam("indexes", type_=ARRAY(sa.BigInteger))
    return (
        sa.select(LogEntry.index, LogEntry.leaf_hash, LogEntry.record)
        .where(LogEntry.index == sa.func.any(indexes))
        .order_by(LogEntry.index)
    )


@cache
def _steps() -> sa.CompoundSelect[*tuple[Any, ...]]:
    after = sa.bindparam("after", type_=sa.BigInteger)
    versions = sa.select(
        FactorVersion.log_index, FactorVersion.version, sa.null().label("status")
    ).where(FactorVersion.code == sa.bindparam("code"))
    changes = sa.select(
        StatusChange.log_index, StatusChange.version, StatusChange.status
    ).where(StatusChange.code == sa.bindparam("code"))
    both = [
        each.where(
            each.selected_columns.log_index > after,
            each.selected_columns.log_index < SNAPSHOT,
        )
        for each in (versions, changes)
    ]
    return (
        sa.union_all(*both)
        .order_by("log_index")
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )
