"""Where in the log stands what decides about pinned versions: two questions for all."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.factors.codes import Pin
from app.factors.models import Factor, FactorVersion, StatusChange
from app.factors.queries import SNAPSHOT, Statement, in_use
from app.reference.enums import VersionStatus


@dataclass(frozen=True, slots=True)
class Place:
    """The entries that decide about a pin; None for what there is not.

    `next_at` is that of the version after it, the successor the newest version after
    it in use; series and year are those of its factor.
    """

    code: str
    version: int
    series_id: str | None
    year: int | None
    version_at: int | None
    change: str | None
    changed_at: int | None
    next_at: int | None
    successor: int | None
    successor_at: int | None

    def entries(self) -> set[int]:
        """Return all of them."""
        found = (self.version_at, self.changed_at, self.next_at, self.successor_at)
        return {each for each in found if each is not None}


@dataclass(frozen=True, slots=True)
class Newest:
    """The factor in use of the latest reference year of a series."""

    series_id: str
    year: int
    code: str
    version: int
    log_index: int


async def find_places(
    session: AsyncSession, pins: Collection[Pin], snapshot: int
) -> dict[Pin, Place]:
    """Return the place of each of *pins*, also of those that name nothing."""
    rows = await session.execute(
        _places(),
        {
            "codes": [pin.code for pin in pins],
            "versions": [pin.version for pin in pins],
            "snapshot": snapshot,
        },
    )
    return {Pin(row[0], row[1]): Place(*row) for row in rows}


async def find_newest(
    session: AsyncSession, places: Iterable[Place], snapshot: int
) -> dict[str, Newest]:
    """Return by series the newest factor that is later than one of *places*."""
    years: dict[str, int] = {}
    for place in places:
        if place.series_id is not None and place.year is not None:
            before = years.get(place.series_id, place.year)
            years[place.series_id] = min(before, place.year)
    rows = await session.execute(
        _newest(),
        {"series": list(years), "years": list(years.values()), "snapshot": snapshot},
    )
    return {row[0]: Newest(*row) for row in rows}


@cache
def _places() -> Statement:
    pin = _table("pin", codes=sa.String, versions=sa.Integer)
    first, version, following = (aliased(FactorVersion) for _ in range(3))
    change, successor = _last_change(version), _successor(version)
    return (
        sa.select(
            *(pin.c.codes, pin.c.versions, Factor.series_id, first.reference_year),
            *(version.log_index, change.c.status, change.c.log_index),
            *(following.log_index, successor.c.version, successor.c.log_index),
        )
        .select_from(pin)
        .outerjoin(first, _is(first, pin.c.codes, sa.literal(1)))
        .outerjoin(Factor, Factor.code == first.code)
        .outerjoin(version, _is(version, pin.c.codes, pin.c.versions))
        .outerjoin(following, _is(following, version.code, version.version + 1))
        .outerjoin(change, sa.true())
        .outerjoin(successor, sa.true())
    )


@cache
def _newest() -> Statement:
    wanted = _table("wanted", series=sa.String, years=sa.Integer)
    member, later = aliased(FactorVersion), aliased(FactorVersion)
    superseded = sa.exists().where(_is(later, member.code, member.version + 1))
    return (
        sa.select(
            *(Factor.series_id, member.reference_year),
            *(member.code, member.version, member.log_index),
        )
        .select_from(wanted)
        .join(Factor, Factor.series_id == wanted.c.series)
        .join(member, member.code == Factor.code)
        .where(member.reference_year > wanted.c.years)
        .where(_exists(member), ~superseded, in_use(member))
        .ext(distinct_on(Factor.series_id))
        .order_by(Factor.series_id, member.reference_year.desc(), member.code)
    )


def _table(name: str, **columns: type[sa.types.TypeEngine[Any]]) -> sa.TableValuedAlias:
    """Return the rows made of parallel array parameters, named as their columns."""
    arrays = [sa.bindparam(each, type_=ARRAY(kind)) for each, kind in columns.items()]
    fields = [sa.column(each, kind) for each, kind in columns.items()]
    return sa.func.unnest(*arrays).table_valued(*fields).render_derived(name=name)


def _is(
    row: type[FactorVersion],
    code: sa.SQLColumnExpression[str],
    version: sa.SQLColumnExpression[int],
) -> sa.ColumnElement[bool]:
    """Tell that *row* is that version, and that the snapshot has it."""
    return sa.and_(row.code == code, row.version == version, _exists(row))


def _exists(row: type[FactorVersion]) -> sa.ColumnElement[bool]:
    """Tell that the snapshot has *row*.

    The sum keeps PostgreSQL from looking that up in the index of `log_index`, half of
    which it would read for each pin as long as it knows nothing of the tables.
    """
    return row.log_index + 0 < SNAPSHOT


def _last_change(version: type[FactorVersion]) -> sa.FromClause:
    """Return status and entry of what `queries.last_change` finds."""
    change = aliased(StatusChange)
    return (
        sa.select(change.status, change.log_index)
        .where(change.code == version.code)
        .where(sa.or_(change.version.is_(None), change.version == version.version))
        .where(change.log_index < SNAPSHOT)
        .order_by((change.status == VersionStatus.VOID).desc(), change.log_index.desc())
        .limit(1)
        .lateral("change")
    )


def _successor(version: type[FactorVersion]) -> sa.FromClause:
    later = aliased(FactorVersion)
    return (
        sa.select(later.version, later.log_index)
        .where(later.code == version.code, later.version > version.version)
        .where(later.version > 1)  # the condition of the index that answers this
        .where(_exists(later), in_use(later))
        .order_by(later.version.desc())
        .limit(1)
        .lateral("successor")
    )
