"""From a query to its page: filters in canonical codes, cursor, facets."""

from typing import Annotated, Final

from pydantic import Field, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import listing
from app.factors.codes import as_code
from app.factors.listing import (
    COUNTED,
    FACETS,
    TOTAL,
    Filters,
    Found,
    Listing,
    Place,
    Sort,
)
from app.factors.queries import Shown
from app.factors.schemas import (
    FacetCount,
    FacetedPage,
    Facets,
    FactorPage,
    FactorSearch,
)
from app.factors.service import Number, read_version
from app.kit.canonical import Json
from app.kit.paging import read_cursor, write_cursor
from app.reference import categories

_Code = Annotated[str, Field(pattern=r"^[A-Z0-9-]{1,20}$")]
# The snapshot, and the place of the hit before the page.
_POSITION: Final = TypeAdapter(tuple[Number, tuple[Number, Number, _Code, Number]])


async def search_factors(
    session: AsyncSession, query: FactorSearch, snapshot: int, pointer: str
) -> FactorPage | FacetedPage:
    """Return a page of the factors that *query* finds, and with facets the counts.

    *pointer* says where the cursor stands, for the error.
    """
    position = search_position(query, pointer)
    wanted = Listing(
        filters=_filters(query),
        sort=_sort(query),
        after=Place(*position[1]) if position else None,
        limit=query.limit + 1,
        facets=query.facets,
    )
    found = await listing.find(session, wanted, snapshot)
    page = _page(query, found, snapshot)
    return _with_facets(page, found) if query.facets else page


def _page(query: FactorSearch, found: Found, snapshot: int) -> FactorPage:
    hits = found.hits[: query.limit]
    cursor = None
    if len(found.hits) > query.limit:
        cursor = write_cursor(_identity(query), [snapshot, _place(*hits[-1])])
    return FactorPage(
        items=tuple(read_version(version) for version, _ in hits),
        snapshot=snapshot,
        next_cursor=cursor,
    )


def _place(version: Shown, rank: int) -> list[Json]:
    year = version.record["content"]["reference_year"]
    return [rank, year, version.code, version.log_index]


def search_position(
    query: FactorSearch, pointer: str
) -> tuple[int, tuple[int, int, str, int]] | None:
    """Return snapshot and place of the cursor of *query*, if it has one."""
    if query.cursor is None:
        return None
    return read_cursor(query.cursor, _identity(query), _POSITION, pointer)


def _identity(query: FactorSearch) -> Json:
    """Return what must stay the same from page to page."""
    asked: Json = query.model_dump(mode="json", exclude={"limit", "cursor", "facets"})
    return asked


def _sort(query: FactorSearch) -> Sort:
    return query.sort or (Sort.CODE if query.q is None else Sort.RELEVANCE)


def _with_facets(page: FactorPage, found: Found) -> FacetedPage:
    ordered = sorted(found.counts, key=lambda count: (-count[2], count[1]))
    counts: dict[str, list[FacetCount]] = {name: [] for name in (TOTAL, *FACETS)}
    for facet, value, number in ordered:
        counts[facet].append(FacetCount(value=value, count=number))
    (total,) = counts.pop(TOTAL)
    return FacetedPage(
        items=page.items,
        snapshot=page.snapshot,
        next_cursor=page.next_cursor,
        total=min(total.count, COUNTED),
        total_is_capped=total.count > COUNTED,
        facets=Facets(**{name: tuple(each) for name, each in counts.items()}),
    )


def _filters(query: FactorSearch) -> Filters:
    asked = {
        "kind": query.kind,
        "region": query.region,
        "year": query.year,
        "unit": query.unit,
        "boundary": query.boundary,
        "source": query.source,
    }
    stated = {name: value for name, value in asked.items() if value is not None}
    labels = tuple(f"{name}={value}" for name, value in stated.items())
    text = None if query.q is None else " ".join(query.q.lower().split())
    code = None if text is None else as_code(text.upper())
    return Filters(
        text=text if code is None else None,
        code=code,
        labels=labels or None,
        any_of=None if query.category is None else _categories(query.category),
        day=query.valid_on,
        series=query.series,
        status=query.status,
    )


def _categories(code: str) -> tuple[str, ...]:
    below = (each.code for each in categories.descendants(code))
    return tuple(f"category={each}" for each in (code, *below))
