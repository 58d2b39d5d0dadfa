"""What reading knows of factors at a snapshot."""

from collections.abc import Collection, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import queries
from app.factors.codes import Pin
from app.factors.queries import Alternative, VersionAt
from app.reference import categories, regions
from app.reference.enums import RegionLevel


async def load_versions(
    session: AsyncSession, pins: Collection[Pin], snapshot: int
) -> dict[Pin, VersionAt]:
    """Return what *pins* name at *snapshot*; a pin that names nothing is left out."""
    return await queries.versions_at(session, pins, snapshot)


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
