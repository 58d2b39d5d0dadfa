"""The whole catalogue at a snapshot, in blocks, and which of it moved between two.

Blocks are functions of their arguments and of the log below the snapshot, so they may
be asked for one by one, on whatever connection is free.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors.models import FactorVersion, StatusChange
from app.factors.queries import (
    SNAPSHOT,
    Statement,
    is_current,
    last_change,
    status_at,
)
from app.reference.enums import VersionStatus
from app.translog.models import LogEntry

_AFTER: Final = sa.bindparam("after", type_=sa.String)
_LIMIT: Final = sa.bindparam("limit", type_=sa.Integer)


@dataclass(frozen=True, slots=True)
class Listed:
    """The current version of a factor at a snapshot; `record` is the log entry."""

    code: str
    version: int
    status: VersionStatus
    log_index: int
    record: bytes


async def read_block(
    session: AsyncSession, snapshot: int, after: str, limit: int
) -> list[Listed]:
    """Return the first *limit* factors whose code comes after *after*, by code."""
    values = {"snapshot": snapshot, "after": after, "limit": limit}
    rows = await session.execute(_block(), values)
    return [_listed(row) for row in rows]


def _listed(row: sa.Row[Any]) -> Listed:
    status = status_at(row.change, row.version, row.version)
    return Listed(row.code, row.version, status, row.log_index, row.record)


@cache
def _block() -> Statement:
    return (
        sa.select(
            FactorVersion.code,
            FactorVersion.version,
            FactorVersion.log_index,
            LogEntry.record,
            last_change(FactorVersion.code, FactorVersion.version).label("change"),
        )
        .join(FactorVersion.entry)
        .where(is_current(FactorVersion), FactorVersion.code > _AFTER)
        .order_by(FactorVersion.code)
        .limit(_LIMIT)
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """A status change: of one version or (None) of the whole factor."""

    log_index: int
    version: int | None
    status: VersionStatus


@dataclass(slots=True)
class History:
    """What happened to a factor below a snapshot, in the order of the log.

    `versions` holds the log index of version n at place n - 1.
    """

    code: str
    versions: list[int] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)

    def highest(self, size: int) -> int:
        """Return the highest version at *size*; 0 where there is none."""
        return sum(index < size for index in self.versions)

    def verdict(self, version: int, size: int) -> Verdict | None:
        """Return what decides the status of *version* at *size*, as `last_change`.

        VOID is for ever: nothing that comes after it counts.
        """
        found = [
            each
            for each in self.verdicts
            if each.log_index < size and each.version in (None, version)
        ]
        void = [each for each in found if each.status is VersionStatus.VOID]
        return next(reversed(void or found), None)

    def status(self, version: int, size: int) -> VersionStatus:
        """Return the status of *version* at *size*."""
        verdict = self.verdict(version, size)
        change = None if verdict is None else verdict.status
        return status_at(change, version, self.highest(size))


async def moved_codes(
    session: AsyncSession, since: int, until: int, after: str, limit: int
) -> list[str]:
    """Return the first *limit* factors after *after* that the log names in between.

    In between is from entry *since* to the one before *until*; the codes are in order.
    """
    values = {"since": since, "until": until, "after": after, "limit": limit}
    return list(await session.scalars(_moved(), values))


@cache
def _moved() -> Statement:
    since = sa.bindparam("since", type_=sa.BigInteger)
    until = sa.bindparam("until", type_=sa.BigInteger)
    either = sa.union(
        *(
            sa.select(table.code).where(
                table.log_index >= since, table.log_index < until
            )
            for table in (FactorVersion, StatusChange)
        )
    ).subquery("moved")
    return (
        sa.select(either.c.code)
        .where(either.c.code > _AFTER)
        .order_by(either.c.code)
        .limit(_LIMIT)
    )


async def load_histories(
    session: AsyncSession, codes: Collection[str], snapshot: int
) -> list[History]:
    """Return what happened to *codes* below *snapshot*, by code."""
    found = {code: History(code) for code in sorted(codes)}
    versions = (
        sa.select(FactorVersion.code, FactorVersion.log_index)
        .where(FactorVersion.code.in_(codes), FactorVersion.log_index < SNAPSHOT)
        .order_by(FactorVersion.code, FactorVersion.version)
    )
    for code, index in await session.execute(versions, {"snapshot": snapshot}):
        found[code].versions.append(index)
    for code, verdicts in (await _verdicts(session, codes, snapshot)).items():
        found[code].verdicts += verdicts
    return list(found.values())


async def _verdicts(
    session: AsyncSession, codes: Collection[str], snapshot: int
) -> dict[str, list[Verdict]]:
    statement = (
        sa.select(
            StatusChange.code,
            StatusChange.log_index,
            StatusChange.version,
            StatusChange.status,
        )
        .where(StatusChange.code.in_(codes), StatusChange.log_index < SNAPSHOT)
        .order_by(StatusChange.log_index)
    )
    found: dict[str, list[Verdict]] = defaultdict(list)
    for code, index, version, status in await session.execute(
        statement, {"snapshot": snapshot}
    ):
        found[code].append(Verdict(index, version, VersionStatus(status)))
    return found
