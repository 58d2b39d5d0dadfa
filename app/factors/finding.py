"""From a query to its page: filters in canonical codes, cursor, facets."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import listing, search
from app.factors.listing import COUNTED, FACETS, Filters, Found, Listing, Place, Sort
from app.factors.queries import VersionAt
from app.factors.schemas import (
    FacetCount,
    FacetedPage,
    Facets,
    FactorPage,
    FactorSearch,
)
from app.factors.service import Number, Where, load_versions, read_version
from app.kit.canonical import Json
from app.kit.errors import Findings, Invalid
from app.kit.paging import read_cursor, write_cursor
from app.kit.validation import BadValue
from app.reference import categories, gases, regions
from app.reference.tables import shown
from app.units.catalogue import UnknownUnit, unit
from app.units.factor_unit import (
    UnknownFactorUnit,
    parse_factor_unit,
    parse_parameter_unit,
)

_Code = Annotated[str, Field(pattern=r"^[A-Z0-9-]{1,20}$")]
# The snapshot, and the place of the hit before the page.
_POSITION: Final = TypeAdapter(tuple[Number, tuple[Number, Number, _Code, Number]])


class NothingToFind(BadValue):
    code = "BAD_VALUE"
    en = "There is no letter, digit or Han character to search for."
    zh = "检索内容中没有可供检索的文字、字母或数字。"


async def search_factors(
    session: AsyncSession, query: FactorSearch, snapshot: int, where: Where
) -> FactorPage | FacetedPage:
    """Return a page of the factors that *query* finds, and with facets the counts."""
    position = search_position(query, where)
    wanted = Listing(
        filters=_filters(query, where),
        sort=_sort(query),
        after=Place(*position[1]) if position else None,
        limit=query.limit + 1,
        facets=query.facets,
    )
    found = await listing.find(session, wanted, snapshot)
    page = await _page(session, query, found, snapshot)
    return _with_facets(page, found) if query.facets else page


async def _page(
    session: AsyncSession, query: FactorSearch, found: Found, snapshot: int
) -> FactorPage:
    hits = found.hits[: query.limit]
    versions = await load_versions(session, [pin for pin, _ in hits], snapshot)
    cursor = None
    if len(found.hits) > query.limit:
        pin, rank = hits[-1]
        place = _place(versions[pin], rank)
        cursor = write_cursor(_identity(query), [snapshot, place])
    return FactorPage(
        items=tuple(read_version(versions[pin]) for pin, _ in hits),
        snapshot=snapshot,
        next_cursor=cursor,
    )


def _place(version: VersionAt, rank: int) -> list[Json]:
    year = version.record["content"]["reference_year"]
    return [rank, year, version.code, version.log_index]


def search_position(
    query: FactorSearch, where: Where
) -> tuple[int, tuple[int, int, str, int]] | None:
    """Return snapshot and place of the cursor of *query*, if it has one."""
    if query.cursor is None:
        return None
    return read_cursor(query.cursor, _identity(query), _POSITION, where("cursor"))


def _identity(query: FactorSearch) -> Json:
    """Return what must stay the same from page to page."""
    asked: Json = query.model_dump(mode="json", exclude={"limit", "cursor", "facets"})
    return asked


def _sort(query: FactorSearch) -> Sort:
    return query.sort or (Sort.CODE if query.q is None else Sort.RELEVANCE)


def _with_facets(page: FactorPage, found: Found) -> FacetedPage:
    ordered = sorted(found.counts, key=lambda count: (-count[2], count[1]))
    counts: dict[str, list[FacetCount]] = {name: [] for name in FACETS}
    for facet, value, count in ordered:
        counts[facet].append(FacetCount(value=value, count=count))
    return FacetedPage(
        items=page.items,
        snapshot=page.snapshot,
        next_cursor=page.next_cursor,
        total=min(found.total, COUNTED),
        total_is_capped=found.total > COUNTED,
        facets=Facets(**{name: tuple(each) for name, each in counts.items()}),
    )


def _filters(query: FactorSearch, where: Where) -> Filters:
    """Return what *query* asks for, in canonical codes; all that is wrong at once."""
    errors: list[Invalid] = []
    read: dict[str, Any] = {}
    for name, reader in _READERS.items():
        text = getattr(query, name)
        try:
            read[name] = None if text is None else reader(text, where(name))
        except Invalid as error:
            errors.append(error)
    if errors:
        raise Findings(errors)
    return Filters(
        text=read["q"],
        labels=_labels(query, read),
        any_of=read["category"],
        day=query.valid_on,
        series=query.series,
        status=query.status,
    )


def _labels(query: FactorSearch, read: Mapping[str, Any]) -> tuple[str, ...] | None:
    asked = {
        "kind": query.kind,
        "region": read["region"],
        "year": query.year,
        "unit": read["unit"],
        "boundary": query.boundary,
        "source": query.source,
    }
    return tuple(f"{name}={value}" for name, value in asked.items() if value) or None


def _text(text: str, pointer: str) -> str:
    if not search.query(text):
        raise NothingToFind(pointer=pointer)
    return " ".join(text.lower().split())


def _categories(code: str, pointer: str) -> tuple[str, ...]:
    below = categories.descendants(code, pointer)
    return tuple(f"category={each}" for each in (code, *(each.code for each in below)))


def _region(code: str, pointer: str) -> str:
    return _BY_GB2260.get(code) or regions.region(code, pointer).code


def _unit(text: str, pointer: str) -> str:
    """Return the canonical code of a factor's, a parameter's or a declared unit."""
    if "/" not in text.replace("／", "/") and text not in {"1", "%"}:
        return unit(text, pointer).code
    with suppress(UnknownFactorUnit):
        return parse_factor_unit(text, gases.GAS_CODES, pointer).code
    try:
        return parse_parameter_unit(text).code
    except Invalid:
        raise UnknownUnit(pointer=pointer, text=shown(text)) from None


_BY_GB2260: Final = {
    each.gb2260: each.code for each in regions.regions() if each.gb2260
}
_READERS: Final[Mapping[str, Callable[[str, str], object]]] = MappingProxyType(
    {"q": _text, "category": _categories, "region": _region, "unit": _unit}
)
