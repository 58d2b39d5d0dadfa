"""Every SELECT on factors. A snapshot is a log size: versions below it exist."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors.models import Factor, FactorVersion
from app.kit.canonical import sha256_hex
from app.translog.models import LogEntry


@dataclass(frozen=True, slots=True)
class NewestRecord:
    """The highest version of a factor, by number and digests."""

    version: int
    record_sha256: str
    content_sha256: str


async def list_factors_by_key(
    session: AsyncSession, natural_keys: Collection[str]
) -> Sequence[Factor]:
    """Return the factors that have one of *natural_keys*."""
    rows = await session.scalars(
        sa.select(Factor).where(Factor.natural_key.in_(natural_keys))
    )
    return rows.all()


async def newest_records(
    session: AsyncSession, codes: Collection[str]
) -> dict[str, NewestRecord]:
    """Return the highest version of each factor of *codes*."""
    rows = await session.execute(
        sa.select(FactorVersion.code, FactorVersion.version, LogEntry.record)
        .join(FactorVersion.entry)
        .where(FactorVersion.code.in_(codes))
        .distinct(FactorVersion.code)
        .order_by(FactorVersion.code, FactorVersion.version.desc())
    )
    return {
        code: NewestRecord(
            version, sha256_hex(record), json.loads(record)["review"]["digest"]
        )
        for code, version, record in rows
    }


async def last_serials(session: AsyncSession) -> dict[str, int]:
    """Return the highest serial number of each domain."""
    rows = await session.execute(
        sa.select(Factor.domain, sa.func.max(Factor.serial)).group_by(Factor.domain)
    )
    return {domain: serial for domain, serial in rows}
