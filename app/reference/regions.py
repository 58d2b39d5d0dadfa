"""Places: the world, countries, the power grids and the provinces of China."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from app.kit.errors import Invalid
from app.reference.enums import RegionLevel
from app.reference.tables import Row, rows, shown


@dataclass(frozen=True, slots=True)
class Region:
    """A place that a factor can be for.

    `scheme` names the division to which a grid belongs, `valid_from` and `valid_until`
    the years of data that use it. `grid` is the grid of a province, where known.
    """

    code: str
    level: RegionLevel
    zh: str
    en: str
    parent: str | None
    gb2260: str | None
    grid: str | None
    scheme: str | None
    valid_from: date | None
    valid_until: date | None
    source: str


class UnknownRegion(Invalid):
    en = (
        '"{code}" is not a region: GLO, a country such as DE, a province such as '
        "CN-GD or a grid such as CN-GRID-EC."
    )
    zh = (
        "“{code}”不是地区代码。地区为 GLO、国家（例如 DE）、省级行政区"
        "（例如 CN-GD）或区域电网（例如 CN-GRID-EC）。"
    )


class OtherCode(UnknownRegion):
    code = "UNKNOWN_REGION"
    en = '"{code}" is written {ours} here.'
    zh = "“{code}”在此写作 {ours}。"


# ISO 3166-1 lists these as well. They are not taken as aliases: the code of a region is
# hashed with a factor, and a place must have one.
_OTHER_CODES: Final = {"HK": "CN-HK", "MO": "CN-MO", "TW": "CN-TW"}


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _region(row: Row) -> Region:
    return Region(
        code=row["code"],
        level=RegionLevel(row["level"]),
        zh=row["zh"],
        en=row["en"],
        parent=row["parent"] or None,
        gb2260=row["gb2260"] or None,
        grid=row["grid"] or None,
        scheme=row["scheme"] or None,
        valid_from=_day(row["valid_from"]),
        valid_until=_day(row["valid_until"]),
        source=row["source"],
    )


REGIONS: Final[Mapping[str, Region]] = MappingProxyType(
    {row["code"]: _region(row) for row in rows("regions.csv")}
)


def region(code: str, pointer: str | None = None) -> Region:
    """Return the region that *code* names."""
    found = REGIONS.get(code)
    if found is None:
        raise _refusal(code, pointer)
    return found


def regions() -> tuple[Region, ...]:
    """Return every region, parents first."""
    return tuple(REGIONS.values())


def climb(code: str, pointer: str | None = None) -> tuple[Region, ...]:
    """Return the region that *code* names and those around it, the smallest first."""
    return tuple(_upwards(region(code, pointer)))


def _upwards(start: Region) -> Iterator[Region]:
    rung: Region | None = start
    while rung is not None:
        yield rung
        above = rung.grid or rung.parent
        rung = REGIONS[above] if above else None


def _refusal(code: str, pointer: str | None) -> UnknownRegion:
    ours = _OTHER_CODES.get(code)
    if ours is None:
        return UnknownRegion(pointer=pointer, code=shown(code))
    return OtherCode(pointer=pointer, code=code, ours=ours)
