"""Every SELECT on factors. A snapshot is a log size: versions below it exist."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.factors.codes import Pin
from app.factors.models import Factor, FactorVersion, StatusChange
from app.kit.canonical import sha256_hex
from app.reference.enums import Boundary, FactorKind, VersionStatus
from app.translog.models import LogEntry

Statement: TypeAlias = sa.Select[*tuple[Any, ...]]

ALTERNATIVES: Final = 5
SNAPSHOT: Final = sa.bindparam("snapshot", type_=sa.BigInteger)


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
        .ext(distinct_on(FactorVersion.code))
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
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A version as a snapshot shows it."""

    code: str
    version: int
    status: VersionStatus
    record_sha256: str
    leaf_hash: str
    log_index: int
    series_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionAt(Shown):
    """A version and what it says, beside what else the snapshot has.

    `record` is the parsed log entry, `highest` the highest version of its factor,
    `newest_year` the latest reference year of its series with a factor in use, which
    is `newest_code`.
    """

    record: dict[str, Any]
    highest: int
    newest_year: int
    newest_code: str


def status_at(change: str | None, version: int, highest: int) -> VersionStatus:
    """Return the status that the last *change* leaves to *version*."""
    if change is not None and change != VersionStatus.PUBLISHED:
        return VersionStatus(change)
    if version < highest:
        return VersionStatus.SUPERSEDED
    return VersionStatus.PUBLISHED


async def versions_at(
    session: AsyncSession, pins: Collection[Pin], snapshot: int
) -> dict[Pin, VersionAt]:
    """Return the versions that *pins* name; a pin that names none is left out."""
    rows = await session.execute(
        _versions_at(),
        {
            "codes": [pin.code for pin in pins],
            "versions": [pin.version for pin in pins],
            "snapshot": snapshot,
        },
    )
    return {Pin(row.code, row.pinned): _version_at(row) for row in rows}


def _version_at(row: sa.Row[Any]) -> VersionAt:
    return VersionAt(
        code=row.code,
        version=row.version,
        highest=row.highest,
        status=status_at(row.change, row.version, row.highest),
        record=orjson.loads(row.record),
        record_sha256=sha256_hex(row.record),
        leaf_hash=row.leaf_hash.hex(),
        log_index=row.log_index,
        series_id=row.series_id,
        newest_year=row.newest_year,
        newest_code=row.newest_code,
    )


async def get_record(session: AsyncSession, log_index: int) -> bytes:
    """Return the bytes of a log entry."""
    rows = await session.scalars(
        sa.select(LogEntry.record).where(LogEntry.index == log_index)
    )
    return rows.one()


async def list_derived(session: AsyncSession, code: str, snapshot: int) -> list[Pin]:
    """Return the current versions that name a version of *code* as an origin."""
    rows = await session.execute(
        sa.select(FactorVersion.code, FactorVersion.version).where(
            FactorVersion.origins.contains([code]), is_current(FactorVersion)
        ),
        {"snapshot": snapshot},
    )
    return [Pin(*row) for row in rows]


async def list_series(
    session: AsyncSession, series_id: str, snapshot: int
) -> list[Pin]:
    """Return the current versions of the factors of a series, by year."""
    rows = await session.execute(
        sa.select(FactorVersion.code, FactorVersion.version)
        .join(FactorVersion.factor)
        .where(Factor.series_id == series_id, is_current(FactorVersion))
        .order_by(FactorVersion.reference_year, FactorVersion.code),
        {"snapshot": snapshot},
    )
    return [Pin(code, version) for code, version in rows]


@dataclass(frozen=True, slots=True)
class Alternative:
    """A factor version to use instead of another."""

    code: str
    version: int
    reference_year: int
    name_zh: str
    name_en: str


async def list_footprints(
    session: AsyncSession,
    *,
    distances: Mapping[str, int],
    regions: Sequence[str],
    year: int,
    snapshot: int,
) -> list[Alternative]:
    """Return the footprints of energy that are nearest to what is asked for.

    *distances* are those of the admitted categories; *regions* come best first.
    """
    rows = await session.execute(
        _footprints(),
        {
            "year": year,
            "categories": list(distances),
            "distances": list(distances.values()),
            "regions": regions,
            "snapshot": snapshot,
        },
    )
    return [Alternative(*row) for row in rows]


@cache
def _footprints() -> Statement:
    version = aliased(FactorVersion)
    regions = sa.bindparam("regions", type_=ARRAY(sa.String))
    near = _table("near", categories=sa.String, distances=sa.Integer)
    kind = f"kind={FactorKind.ENERGY}"
    return (
        sa.select(
            version.code,
            version.version,
            version.reference_year,
            version.name_zh,
            version.name_en,
        )
        .join(near, near.c.categories == version.category)
        .where(version.labels.contains([kind]))
        .where(version.region == sa.func.any(regions))
        # The way to the tank alone is no footprint of what is burnt.
        .where(version.boundary != Boundary.WELL_TO_TANK)
        .where(is_current(version), in_use(version))
        .order_by(
            near.c.distances,
            sa.func.array_position(regions, version.region),
            sa.func.abs(
                version.reference_year - sa.bindparam("year", type_=sa.Integer)
            ),
            version.reference_year,
            version.code,
        )
        .limit(ALTERNATIVES)
    )


@cache
def _versions_at() -> Statement:
    pin = _table("pin", codes=sa.String, versions=sa.Integer)
    version, highest = aliased(FactorVersion), _highest(pin.c.codes)
    newest = _newest_of_series(version)
    return (
        sa.select(
            pin.c.codes.label("code"),
            pin.c.versions.label("pinned"),
            version.version,
            version.log_index,
            highest.c.version.label("highest"),
            Factor.series_id,
            LogEntry.record,
            LogEntry.leaf_hash,
            last_change(version.code, version.version).label("change"),
            sa.func.coalesce(newest.c.year, version.reference_year).label(
                "newest_year"
            ),
            sa.func.coalesce(newest.c.code, version.code).label("newest_code"),
        )
        .select_from(pin)
        .join(highest, sa.true())
        .join(
            version,
            sa.and_(
                version.code == pin.c.codes,
                version.version == sa.func.coalesce(pin.c.versions, highest.c.version),
                version.log_index < SNAPSHOT,
            ),
        )
        .join(Factor, Factor.code == version.code)
        .join(LogEntry, LogEntry.index == version.log_index)
        .outerjoin(newest, sa.true())
    )


def _table(name: str, **columns: type[sa.types.TypeEngine[Any]]) -> sa.TableValuedAlias:
    """Return the rows made of parallel array parameters, named as their columns."""
    arrays = [sa.bindparam(each, type_=ARRAY(kind)) for each, kind in columns.items()]
    fields = [sa.column(each, kind) for each, kind in columns.items()]
    return sa.func.unnest(*arrays).table_valued(*fields).render_derived(name=name)


def _highest(code: sa.ColumnElement[str]) -> sa.FromClause:
    """Return the highest version of *code* at the snapshot, as a lateral row."""
    version = aliased(FactorVersion)
    return (
        sa.select(version.version)
        .where(version.code == code, version.log_index < SNAPSHOT)
        .order_by(version.version.desc())
        .limit(1)
        .lateral("highest")
    )


def _newest_of_series(version: type[FactorVersion]) -> sa.FromClause:
    """Return year and code of the latest factor in use after *version* in its series.

    The statement around it joins `Factor`, whose series is meant.
    """
    factor, member = aliased(Factor), aliased(FactorVersion)
    return (
        sa.select(member.reference_year.label("year"), member.code)
        .join(factor, factor.code == member.code)
        .where(factor.series_id == Factor.series_id)
        .where(member.reference_year > version.reference_year)
        .where(is_current(member), in_use(member))
        .order_by(member.reference_year.desc(), member.code)
        .limit(1)
        .lateral("newest")
    )


def is_current(version: type[FactorVersion]) -> sa.ColumnElement[bool]:
    """Tell that *version* exists at the snapshot and is its factor's highest there.

    Version numbers have no gaps, so it is enough that the next one is not there.
    """
    later = aliased(FactorVersion)
    superseded = sa.exists().where(
        later.code == version.code,
        later.version == version.version + 1,
        later.version > 1,  # the condition of the index that answers this
        later.log_index < SNAPSHOT,
    )
    return sa.and_(version.log_index < SNAPSHOT, ~superseded)


def in_use(version: type[FactorVersion]) -> sa.ColumnElement[bool]:
    """Tell that nothing withdraws *version* at the snapshot."""
    return (
        sa.func.coalesce(
            last_change(version.code, version.version), VersionStatus.PUBLISHED
        )
        == VersionStatus.PUBLISHED
    )


def last_change(
    code: sa.SQLColumnExpression[str], version: sa.SQLColumnExpression[int]
) -> sa.ScalarSelect[str]:
    """Return the status last given to *version* of *code* or to the whole factor.

    VOID is for ever: nothing that comes after it counts.
    """
    change = aliased(StatusChange)
    return (
        sa.select(change.status)
        .where(change.code == code)
        .where(sa.or_(change.version.is_(None), change.version == version))
        .where(change.log_index < SNAPSHOT)
        .order_by((change.status == VersionStatus.VOID).desc(), change.log_index.desc())
        .limit(1)
        .scalar_subquery()
    )
