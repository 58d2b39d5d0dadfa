"""The SELECT behind lists of factors: filters, order, page, facets.

A statement is built once for each set of conditions and then only fed with values.
"""

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, distinct_on
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.factors import search
from app.factors.models import Factor, FactorVersion, StatusChange
from app.factors.queries import (
    SNAPSHOT,
    Shown,
    Statement,
    is_current,
    last_change,
    status_at,
)
from app.kit.canonical import sha256_hex
from app.reference.enums import VersionStatus
from app.translog.models import LogEntry

COUNTED: Final = 20_000
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
_HIT: Final = "hit"
TOTAL: Final = "total"
_PUBLISHED: Final = VersionStatus.PUBLISHED.value
_VOID: Final = VersionStatus.VOID.value
# For the connection, as a reader has no transaction.
_PLAN_ANEW: Final = sa.text("SET plan_cache_mode = force_custom_plan")
_PLAN_AS_EVER: Final = sa.text("RESET plan_cache_mode")


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
    """What a factor's current version must fulfil; None asks for nothing.

    `text` is asked for term by term and ranks the hits by their names. All of `labels`
    must be there, and one of `any_of`.
    """

    text: str | None = None
    code: str | None = None
    labels: tuple[str, ...] | None = None
    any_of: tuple[str, ...] | None = None
    day: dt.date | None = None
    series: str | None = None
    status: VersionStatus | None = None


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
class Hit:
    """A version that was found, the bytes that were logged for it, and its rank."""

    version: Shown
    record: bytes
    rank: int


@dataclass(frozen=True, slots=True)
class Found:
    """Hits in order.

    With facets also the counts by facet and value; that of `TOTAL` is the number of all
    hits and stops at one more than `COUNTED`.
    """

    hits: list[Hit]
    counts: list[tuple[str, str, int]]


async def find(session: AsyncSession, listing: Listing, snapshot: int) -> Found:
    """Return what *listing* asks for among the current versions at *snapshot*."""
    values = _values(listing)
    statement = _find(frozenset(values), listing.sort, facets=listing.facets)
    # Beside the session, whose objects nobody asks for.
    connection = await session.connection()
    has_words = "query" in values
    async with nullcontext() if has_words else _planned_anew(connection):
        rows = await connection.execute(statement, {**values, "snapshot": snapshot})
    found = Found(hits=[], counts=[])
    for row in rows:
        if row.facet == _HIT:
            found.hits.append(Hit(_shown(row), row.record, row.number))
        else:
            found.counts.append((row.facet, row.value, row.number))
    return found


@asynccontextmanager
async def _planned_anew(connection: AsyncConnection) -> AsyncIterator[None]:
    """Have a list that no words narrow down planned for its very values.

    A plan for just any values would walk through an index in the order of the list,
    however few hits it meets there.
    """
    await connection.execute(_PLAN_ANEW)
    try:
        yield
    finally:
        # A connection that cannot do this is of no use to anybody, or takes back all
        # that its transaction has done.
        with suppress(DBAPIError):
            await connection.execute(_PLAN_AS_EVER)


def _shown(row: sa.Row[Any]) -> Shown:
    return Shown(
        code=row.value,
        version=row.version,
        status=status_at(row.change, row.version, row.version),
        record_sha256=sha256_hex(row.record),
        leaf_hash=row.leaf_hash.hex(),
        log_index=row.log_index,
        series_id=row.series_id,
    )


def _values(listing: Listing) -> dict[str, Any]:
    """Return the values of the conditions that hold; their names are the shape."""
    filters = listing.filters
    values = {
        "query": filters.text and search.query(filters.text),
        "text": filters.text,
        "code": filters.code,
        "labels": filters.labels,
        "any_of": filters.any_of,
        "day": filters.day,
        "series": filters.series,
        "status": filters.status,
        "withdrawn": None if filters.status == _PUBLISHED else filters.status,
        "limit": listing.limit,
    }
    if listing.after is not None:
        values |= {f"after_{key}": each for key, each in asdict(listing.after).items()}
    return {name: value for name, value in values.items() if value is not None}


@lru_cache(maxsize=1024)
def _find(shape: frozenset[str], sort: Sort, *, facets: bool) -> Statement:
    """Return the rows of the hits in order, and then those of the counts."""
    hit = _hits(shape, with_status=facets or "status" in shape).cte("hit")
    if "query" not in shape:
        # Hits may be very many, and the order of an index can end the work early.
        hit = hit.prefix_with("NOT MATERIALIZED")
    page = _records(_page(hit, sort, first="after_code" not in shape))
    rows = (page, _total(hit), _facets(hit)) if facets else (page,)
    every = sa.union_all(*rows).subquery()
    return sa.select(every).order_by(every.c.position)


def _page(hit: sa.CTE, sort: Sort, *, first: bool) -> Statement:
    key, down = _key(hit.c, sort), sort.startswith("-")
    order = [each.desc() if down else each.asc() for each in key]
    position = sa.func.row_number().over(order_by=order).label("position")
    page = sa.select(position, hit.c.code, hit.c.version, hit.c.log_index, hit.c.rank)
    if not first:
        after, here = sa.tuple_(*_key(_AFTER, sort)), sa.tuple_(*key)
        page = page.where(here < after if down else here > after)
    return page.order_by(*order).limit(sa.bindparam("limit", type_=sa.Integer))


def _records(page: Statement) -> Statement:
    """Add to the hits of *page* what is shown of them."""
    hit = page.subquery("page")
    return (
        sa.select(
            hit.c.position,
            sa.literal(_HIT).label("facet"),
            hit.c.code.label("value"),
            hit.c.rank.label("number"),
            hit.c.version,
            hit.c.log_index,
            LogEntry.record,
            LogEntry.leaf_hash,
            Factor.series_id,
            last_change(hit.c.code, hit.c.version).label("change"),
        )
        .join(LogEntry, LogEntry.index == hit.c.log_index)
        .join(Factor, Factor.code == hit.c.code)
    )


def _count(
    facet: sa.ColumnElement[str],
    value: sa.ColumnElement[str],
    number: sa.ColumnElement[int],
) -> Statement:
    """Return the row of a count, as wide as that of a hit."""
    return sa.select(sa.null(), facet, value, number, *[sa.null()] * 6)


_AFTER: Final = SimpleNamespace(
    rank=sa.bindparam("after_rank", type_=sa.Integer),
    year=sa.bindparam("after_year", type_=sa.Integer),
    code=sa.bindparam("after_code", type_=sa.String),
    log_index=sa.bindparam("after_log_index", type_=sa.BigInteger),
)


def _key(row: Any, sort: Sort) -> tuple[Any, ...]:  # noqa: ANN401 - columns, parameters
    """Return what *sort* compares, of the columns of the hits or of a place."""
    match sort:
        case Sort.RELEVANCE:
            return row.rank, -row.year, row.code
        case Sort.CODE | Sort.CODE_DOWN:
            return (row.code,)
        case Sort.YEAR | Sort.YEAR_DOWN:
            return row.year, row.code
        case Sort.LOG_INDEX | Sort.LOG_INDEX_DOWN:
            return (row.log_index,)


def _total(hit: sa.CTE) -> Statement:
    counted = sa.select(hit.c.code).limit(COUNTED + 1).subquery()
    number = sa.select(sa.func.count()).select_from(counted).scalar_subquery()
    return _count(sa.literal(TOTAL), sa.literal(""), number)


def _facets(hit: sa.CTE) -> Statement:
    """Count by each facet among the hits that were recorded first."""
    counted = sa.select(hit).order_by(hit.c.log_index).limit(COUNTED).subquery()
    columns = [counted.c[name] for name in FACETS]
    return _count(
        sa.case(*((sa.func.grouping(each) == 0, each.name) for each in columns)),
        sa.func.coalesce(*(sa.cast(each, sa.Text) for each in columns)),
        sa.func.count(),
    ).group_by(sa.func.grouping_sets(*(sa.tuple_(each) for each in columns)))


def _hits(shape: frozenset[str], *, with_status: bool) -> Statement:
    conditions = (each for name, each in _CONDITIONS.items() if name in shape)
    hits: Statement = sa.select(
        FactorVersion.code,
        FactorVersion.version,
        FactorVersion.log_index,
        (_rank() if "text" in shape else sa.literal(0)).label("rank"),
        FactorVersion.reference_year.label("year"),
        FactorVersion.kind,
        FactorVersion.category,
        FactorVersion.region,
        FactorVersion.unit,
        FactorVersion.boundary,
        FactorVersion.publisher_zh.label("source"),
    ).where(is_current(FactorVersion), *conditions)
    return _add_status(hits, shape) if with_status else hits


_DAY: Final = sa.bindparam("day", type_=sa.Date)
_STATUS: Final = sa.bindparam("status", type_=sa.String)
_TEXT: Final = sa.bindparam("text", type_=sa.String)
_CONDITIONS: Final[Mapping[str, sa.ColumnElement[bool]]] = MappingProxyType(
    {
        "query": FactorVersion.terms.bool_op("@@")(
            sa.cast(sa.bindparam("query", type_=sa.String), TSQUERY)
        ),
        "code": FactorVersion.code == sa.bindparam("code"),
        "labels": FactorVersion.labels.contains(
            sa.bindparam("labels", type_=ARRAY(sa.Text))
        ),
        "any_of": FactorVersion.labels.overlap(
            sa.bindparam("any_of", type_=ARRAY(sa.Text))
        ),
        "day": sa.and_(
            sa.func.coalesce(FactorVersion.valid_from, _DAY) <= _DAY,
            sa.func.coalesce(FactorVersion.valid_until, _DAY) >= _DAY,
        ),
        "series": FactorVersion.code.in_(
            sa.select(Factor.code).where(Factor.series_id == sa.bindparam("series"))
        ),
        # Withdrawn factors are few: they are found by their changes, not one by one.
        "withdrawn": FactorVersion.code.in_(
            sa.select(StatusChange.code).where(
                StatusChange.status == sa.bindparam("withdrawn")
            )
        ),
    }
)


def _rank() -> sa.ColumnElement[int]:
    """Return 0 for the very name `text`, 1 for a name that begins so, 2 for inside."""
    names = sa.func.lower(FactorVersion.name_zh), sa.func.lower(FactorVersion.name_en)
    ranks = (
        sa.case(
            (sa.func.strpos(name, _TEXT) == 0, 3),
            (name == _TEXT, 0),
            (sa.func.starts_with(name, _TEXT), 1),
            else_=2,
        )
        for name in names
    )
    return sa.func.least(*ranks)


def _add_status(hits: Statement, shape: frozenset[str]) -> Statement:
    """Add the status after the later of both changes, of the version or its factor.

    VOID is for ever: nothing that comes after it counts.
    """
    own = _changes("own", StatusChange.version.is_not(None))
    whole = _changes("whole", StatusChange.version.is_(None))
    is_own = sa.func.coalesce(
        own.c.log_index > whole.c.log_index, whole.c.code.is_(None)
    )
    is_void = sa.or_(own.c.status == _VOID, whole.c.status == _VOID)
    change = sa.case((is_void, _VOID), (is_own, own.c.status), else_=whole.c.status)
    status = sa.func.coalesce(change, sa.literal(_PUBLISHED))
    hits = (
        hits.add_columns(status.label("status"))
        .outerjoin(whole, whole.c.code == FactorVersion.code)
        .outerjoin(
            own,
            sa.and_(
                own.c.code == FactorVersion.code,
                own.c.version == FactorVersion.version,
            ),
        )
    )
    return hits.where(status == _STATUS) if "status" in shape else hits


def _changes(name: str, which: sa.ColumnElement[bool]) -> sa.CTE:
    """Return the last change of each version, or of each factor as a whole."""
    key = StatusChange.code, StatusChange.version
    return (
        sa.select(*key, StatusChange.status, StatusChange.log_index)
        .where(StatusChange.log_index < SNAPSHOT, which)
        .ext(distinct_on(*key))
        .order_by(
            *key, (StatusChange.status == _VOID).desc(), StatusChange.log_index.desc()
        )
        .cte(name)
    )
