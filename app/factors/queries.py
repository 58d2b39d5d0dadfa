"""Every SELECT on factors. A snapshot is a log size: versions below it exist."""

import datetime as dt
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.factors import search
from app.factors.codes import Pin, parse_pin
from app.factors.models import Factor, FactorVersion, StatusChange
from app.kit.canonical import sha256_hex
from app.reference.enums import FactorKind, VersionStatus
from app.translog.models import LogEntry

Statement: TypeAlias = sa.Select[*tuple[Any, ...]]

ALTERNATIVES: Final = 5
COUNTED: Final = 20_000
TOTAL: Final = "total"
FACETS: Final = (
    "kind",
    "category",
    "region",
    "year",
    "unit",
    "boundary",
    "source",
    "status",
)
NONE: Final = sa.null()
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
    return dict(rows.tuples().all())


@dataclass(frozen=True, slots=True)
class VersionAt:
    """A version as a snapshot shows it.

    `record` is the parsed log entry. `highest` is the factor's highest version at the
    snapshot; `newest_year` is the latest reference year of its series there, found in
    the factor `newest_code`.
    """

    code: str
    version: int
    highest: int
    status: VersionStatus
    record: dict[str, Any]
    record_sha256: str
    leaf_hash: str
    log_index: int
    series_id: str
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
        _footprints(year),
        {
            "categories": list(distances),
            "distances": list(distances.values()),
            "regions": regions,
            "snapshot": snapshot,
        },
    )
    return [Alternative(*row) for row in rows]


def _footprints(year: int) -> Statement:
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
        .where(is_current(version), in_use(version))
        .order_by(
            near.c.distances,
            sa.func.array_position(regions, version.region),
            sa.func.abs(version.reference_year - year),
            version.reference_year,
            version.code,
        )
        .limit(ALTERNATIVES)
    )


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
            _last_change(version).label("change"),
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
        sa.func.coalesce(_last_change(version), VersionStatus.PUBLISHED)
        == VersionStatus.PUBLISHED
    )


def _last_change(version: type[FactorVersion]) -> sa.ScalarSelect[str]:
    """Return the status last given to *version* or to its whole factor."""
    change = aliased(StatusChange)
    return (
        sa.select(change.status)
        .where(change.code == version.code)
        .where(sa.or_(change.version.is_(None), change.version == version.version))
        .where(change.log_index < SNAPSHOT)
        .order_by(change.log_index.desc())
        .limit(1)
        .scalar_subquery()
    )


class Sort(StrEnum):
    """The order of a list; the minus means descending."""

    RELEVANCE = "relevance"
    CODE = "code"
    CODE_DOWN = "-code"
    YEAR = "year"
    YEAR_DOWN = "-year"
    LOG_INDEX = "log_index"
    LOG_INDEX_DOWN = "-log_index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a factor's current version must fulfil; all of it.

    `text` is asked for word by word and ranks the hits by name. `labels` must all be
    there, of `any_of` one.
    """

    text: str | None
    labels: tuple[str, ...]
    any_of: tuple[str, ...]
    day: dt.date | None
    series: str | None
    status: VersionStatus | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hit stands in every order."""

    rank: int
    year: int
    code: str
    log_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page of a search, at most `limit` hits after `after`."""

    filters: Filters
    sort: Sort
    after: Place | None
    limit: int
    facets: bool


@dataclass(frozen=True, slots=True)
class Found:
    """Hits in order, each with its rank; counts by facet and value, if asked for."""

    hits: list[tuple[Pin, int]]
    counts: list[tuple[str, str, int]]


async def find(session: AsyncSession, listing: Listing, snapshot: int) -> Found:
    """Return what *listing* asks for among the current versions at *snapshot*."""
    # A plan for just any text would rather walk through an index in the list's order.
    await session.execute(
        sa.select(sa.func.set_config("plan_cache_mode", "force_custom_plan", sa.true()))
    )
    found = Found(hits=[], counts=[])
    for facet, value, number in await session.execute(
        _find(listing), {"snapshot": snapshot}
    ):
        if facet == "hit":
            found.hits.append((parse_pin(value), number))
        else:
            found.counts.append((facet, value, number))
    return found


def _find(listing: Listing) -> Statement:
    """Return rows (`hit`, pin, rank), in order, then (facet, value, count)."""
    hit = _hits(listing.filters, with_status=listing.facets).cte("hit")
    rows: sa.FromClause = _page(hit, listing).subquery()
    if listing.facets:
        everything = sa.select(sa.literal(TOTAL), sa.literal(""), sa.func.count(), NONE)
        rows = sa.union_all(
            sa.select(rows), everything.select_from(hit), _facets(hit)
        ).subquery()
    return sa.select(rows.c.facet, rows.c.value, rows.c.number).order_by(
        rows.c.position
    )


def _page(hit: sa.CTE, listing: Listing) -> Statement:
    key, down = _key(hit.c, listing.sort), listing.sort.startswith("-")
    order = [each.desc() if down else each.asc() for each in key]
    page = sa.select(
        sa.literal("hit").label("facet"),
        sa.func.concat(hit.c.code, "@", hit.c.version).label("value"),
        hit.c.rank.label("number"),
        sa.func.row_number().over(order_by=order).label("position"),
    )
    if listing.after is not None:
        after = sa.tuple_(*_key(listing.after, listing.sort))
        page = page.where(sa.tuple_(*key) < after if down else sa.tuple_(*key) > after)
    return page.order_by(*order).limit(listing.limit)


def _key(row: Any, sort: Sort) -> tuple[Any, ...]:  # noqa: ANN401 - columns or a place
    """Return what *sort* compares, of the columns of a hit or of a place."""
    match sort:
        case Sort.RELEVANCE:
            return row.rank, -row.year, row.code
        case Sort.CODE | Sort.CODE_DOWN:
            return (row.code,)
        case Sort.YEAR | Sort.YEAR_DOWN:
            return row.year, row.code
        case Sort.LOG_INDEX | Sort.LOG_INDEX_DOWN:
            return (row.log_index,)


def _facets(hit: sa.CTE) -> Statement:
    """Count by each facet among the hits that were recorded first."""
    counted = sa.select(hit).order_by(hit.c.log_index).limit(COUNTED).subquery()
    columns = [counted.c[name] for name in FACETS]
    return sa.select(
        sa.case(*((sa.func.grouping(each) == 0, each.name) for each in columns)),
        sa.func.coalesce(*(sa.cast(each, sa.Text) for each in columns)),
        sa.func.count(),
        NONE,
    ).group_by(sa.func.grouping_sets(*(sa.tuple_(each) for each in columns)))


def _hits(filters: Filters, *, with_status: bool) -> Statement:
    version = aliased(FactorVersion)
    hits = sa.select(
        version.code,
        version.version,
        version.log_index,
        _rank(version, filters.text).label("rank"),
        version.reference_year.label("year"),
        version.kind,
        version.category,
        version.region,
        version.unit,
        version.boundary,
        version.publisher_zh.label("source"),
    ).where(is_current(version), *_conditions(version, filters))
    if not with_status and filters.status is None:
        return hits
    changes = _changes()
    own, whole = changes.alias("own"), changes.alias("whole")
    status = _status(own, whole).label("status")
    of_own = sa.and_(own.c.code == version.code, own.c.version == version.version)
    of_whole = sa.and_(whole.c.code == version.code, whole.c.version == 0)
    hits = hits.add_columns(status).outerjoin(own, of_own).outerjoin(whole, of_whole)
    return hits if filters.status is None else hits.where(status == filters.status)


def _conditions(
    version: type[FactorVersion], filters: Filters
) -> Iterator[sa.ColumnElement[bool]]:
    if filters.text is not None:
        query = sa.cast(search.query(filters.text), TSQUERY)
        yield version.terms.bool_op("@@")(query)
    if filters.labels:
        yield version.labels.contains(filters.labels)
    if filters.any_of:
        yield version.labels.overlap(filters.any_of)
    if filters.day is not None:
        yield sa.or_(version.valid_from.is_(None), version.valid_from <= filters.day)
        yield sa.or_(version.valid_until.is_(None), version.valid_until >= filters.day)
    if filters.series is not None:
        members = sa.select(Factor.code).where(Factor.series_id == filters.series)
        yield version.code.in_(members)


def _rank(version: type[FactorVersion], text: str | None) -> sa.ColumnElement[int]:
    """Return 0 for the very name *text*, 1 where a name begins with it, 2 inside."""
    if text is None:
        return sa.literal(0)
    names = (version.name_zh, version.name_en)
    return sa.func.least(
        *(
            sa.case(
                (sa.func.lower(name) == text, 0),
                (sa.func.starts_with(sa.func.lower(name), text), 1),
                (sa.func.strpos(sa.func.lower(name), text) > 0, 2),
                else_=3,
            )
            for name in names
        )
    )


def _changes() -> sa.CTE:
    """Return the last change of each version, and as version 0 of each factor."""
    version = sa.func.coalesce(StatusChange.version, 0).label("version")
    return (
        sa.select(
            StatusChange.code, version, StatusChange.status, StatusChange.log_index
        )
        .where(StatusChange.log_index < SNAPSHOT)
        .distinct(StatusChange.code, version)
        .order_by(StatusChange.code, version, StatusChange.log_index.desc())
        .cte("change")
    )


def _status(own: sa.FromClause, whole: sa.FromClause) -> sa.ColumnElement[str]:
    """Return the status of a current version after the later of both changes."""
    later = sa.func.coalesce(
        own.c.log_index > whole.c.log_index, whole.c.code.is_(None)
    )
    change = sa.case((later, own.c.status), else_=whole.c.status)
    return sa.func.coalesce(change, sa.literal(VersionStatus.PUBLISHED.value))
