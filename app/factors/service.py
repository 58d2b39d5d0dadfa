"""Reading versions at a snapshot.

Everything here is a function of its arguments and of the log below the snapshot.
"""

from collections.abc import Collection, Sequence
from typing import Annotated, Final, TypeAlias

import orjson
from pydantic import Field, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import queries
from app.factors.codes import Pin
from app.factors.printing import Page, print_page, print_version
from app.factors.queries import Alternative, VersionAt
from app.factors.schemas import PageQuery
from app.kit.canonical import Json
from app.kit.errors import NotFound
from app.kit.paging import read_cursor, write_cursor
from app.reference import categories, regions
from app.reference.enums import RegionLevel

Number: TypeAlias = Annotated[int, Field(ge=0, lt=2**31)]

# The snapshot, and the version before the page.
# Beyond any log: every entry that is committed.
_NOW: Final = 2**62
_POSITION: Final = TypeAdapter(tuple[Number, Number])


class NoSuchFactor(NotFound):
    code = "UNKNOWN_FACTOR"
    en = "There is no factor {factor} at this snapshot."
    zh = "在此快照中没有因子 {factor}。"


class NoSuchVersion(NotFound):
    code = "UNKNOWN_VERSION"
    en = "{factor} has no version {version} at this snapshot."
    zh = "在此快照中 {factor} 没有第 {version} 版。"


async def load_versions(
    session: AsyncSession, pins: Collection[Pin], snapshot: int
) -> dict[Pin, VersionAt]:
    """Return what *pins* name at *snapshot*; a pin that names nothing is left out."""
    return await queries.versions_at(session, pins, snapshot)


async def get_version(session: AsyncSession, pin: Pin, snapshot: int) -> VersionAt:
    """Return what *pin* names at *snapshot*; raises `NoSuchFactor`, `NoSuchVersion`."""
    wanted = {pin, Pin(pin.code, None)}
    found = await load_versions(session, wanted, snapshot)
    if not found:
        raise NoSuchFactor(factor=pin.code)
    if pin not in found:
        raise NoSuchVersion(factor=pin.code, version=pin.version)
    return found[pin]


async def get_present(session: AsyncSession, pin: Pin) -> VersionAt:
    """Return what *pin* names now; raises `NoSuchFactor`, `NoSuchVersion`."""
    return await get_version(session, pin, _NOW)


async def find_present(
    session: AsyncSession, codes: Collection[str]
) -> dict[str, VersionAt]:
    """Return the present highest version of each of *codes* that there is."""
    found = await load_versions(session, [Pin(code, None) for code in codes], _NOW)
    return {pin.code: version for pin, version in found.items()}


async def derived_from(session: AsyncSession, code: str) -> list[VersionAt]:
    """Return the present versions whose derivation names *code*, by code."""
    pins = await queries.list_derived(session, code, _NOW)
    found = await load_versions(session, pins, _NOW)
    return sorted(found.values(), key=lambda version: version.code)


async def get_record(session: AsyncSession, pin: Pin, snapshot: int) -> bytes:
    """Return the bytes that were logged for the version that *pin* names."""
    version = await get_version(session, pin, snapshot)
    return await queries.get_record(session, version.log_index)


def read_version(version: VersionAt) -> bytes:
    """Return *version* as it is answered, as the JSON of a `FactorRead`."""
    return print_version(version, orjson.dumps(version.record))


async def list_versions(
    session: AsyncSession, code: str, page: PageQuery, snapshot: int, pointer: str
) -> Page:
    """Return the versions of *code*, the first one first."""
    newest = await get_version(session, Pin(code, None), snapshot)
    _, after = versions_position(code, page, pointer) or (snapshot, 0)
    last = min(after + page.limit, newest.highest)
    pins = [Pin(code, number) for number in range(after + 1, last + 1)]
    found = await load_versions(session, pins, snapshot)
    cursor = None
    if last < newest.highest:
        cursor = write_cursor(_history(code), [snapshot, last])
    return print_page((read_version(found[pin]) for pin in pins), snapshot, cursor)


def versions_position(
    code: str, page: PageQuery, pointer: str
) -> tuple[int, int] | None:
    """Return snapshot and version of the cursor of *page*, if it has one."""
    if page.cursor is None:
        return None
    return read_cursor(page.cursor, _history(code), _POSITION, pointer)


def _history(code: str) -> Json:
    return ["versions", code]


async def footprint_alternatives(
    session: AsyncSession, category: str, region: str, year: int, snapshot: int
) -> Sequence[Alternative]:
    """Return the footprints to use instead of an emission factor, the best first.

    Nearest category first, then the smallest region around, then the nearest year.
    """
    return await queries.list_footprints(
        session,
        distances=_distances(category),
        regions=_regions_around(region),
        year=year,
        snapshot=snapshot,
    )


def _distances(category: str) -> dict[str, int]:
    """Return how far up from *category* each category of its tree branches off."""
    found: dict[str, int] = {}
    path = (categories.category(category), *categories.ancestors(category))
    for distance, above in enumerate(path):
        for each in (above, *categories.descendants(above.code)):
            found.setdefault(each.code, distance)
    return found


def _regions_around(region: str) -> list[str]:
    """Return *region* and those around it; the world only if it is asked for."""
    rungs = regions.climb(region)
    below = [rung.code for rung in rungs if rung.level is not RegionLevel.GLOBAL]
    return below or [rungs[0].code]
