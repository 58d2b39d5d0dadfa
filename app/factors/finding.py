"""From a query to its page: filters in canonical codes, cursor, facets."""

from typing import Annotated, Any, Final

import orjson
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
    Hit,
    Listing,
    Place,
    Sort,
)
from app.factors.printing import Page, print_page, print_version
from app.factors.schemas import FactorSearch
from app.factors.service import Number
from app.kit.canonical import Json
from app.kit.paging import read_cursor, write_cursor
from app.reference import categories

_Code = Annotated[str, Field(pattern=r"^[A-Z0-9-]{1,20}$")]
# The snapshot, and the place of the hit before the page.
_POSITION: Final = TypeAdapter(tuple[Number, tuple[Number, Number, _Code, Number]])


async def search_factors(
    session: AsyncSession, query: FactorSearch, snapshot: int, pointer: str
) -> Page:
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
    hits = found.hits[: query.limit]
    cursor = None
    if len(found.hits) > query.limit:
        cursor = write_cursor(_identity(query), [snapshot, _place(hits[-1])])
    return print_page(
        (print_version(each.version, each.record) for each in hits),
        snapshot,
        cursor,
        _counts(found) if query.facets else None,
    )


def _place(hit: Hit) -> list[Json]:
    year = orjson.loads(hit.record)["content"]["reference_year"]
    return [hit.rank, year, hit.version.code, hit.version.log_index]


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


def _counts(found: Found) -> dict[str, Any]:
    """Return what a `FacetedPage` has beside the page."""
    ordered = sorted(found.counts, key=lambda count: (-count[2], count[1]))
    facets: dict[str, list[dict[str, Any]]] = {name: [] for name in (TOTAL, *FACETS)}
    for facet, value, number in ordered:
        facets[facet].append({"value": value, "count": number})
    (total,) = facets.pop(TOTAL)
    return {
        "total": min(total["count"], COUNTED),
        "total_is_capped": total["count"] > COUNTED,
        "facets": facets,
    }


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
