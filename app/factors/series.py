"""A series: the same factor over the years, and how it changes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import queries
from app.factors.queries import VersionAt
from app.factors.schemas import SeriesMember, SeriesRead
from app.kit.decimals import rounded
from app.kit.errors import NotFound
from app.reference import gases
from app.reference.enums import FactorKind, VersionStatus
from app.units.factor_unit import parse_factor_unit

_COMMON: Final = (
    "name",
    "kind",
    "category",
    "region",
    "boundary",
    "technology",
    "representativeness",
)


class NoSuchSeries(NotFound):
    code = "UNKNOWN_SERIES"
    en = "There is no such series at this snapshot."
    zh = "在此快照中没有该序列。"


@dataclass(frozen=True, slots=True)
class _Comparison:
    """How a value differs from that of the year `since`."""

    since: int | None = None
    change: str | None = None
    relative_change: str | None = None


async def get_series(
    session: AsyncSession, series_id: str, snapshot: int
) -> SeriesRead:
    """Return the factors that differ only by reference year."""
    pins = await queries.list_series(session, series_id, snapshot)
    found = await queries.versions_at(session, pins, snapshot)
    if not found:
        raise NoSuchSeries
    members = tuple(_members(found[pin] for pin in pins))
    content = found[pins[-1]].record["content"]
    facts = {name: content[name] for name in _COMMON}
    publisher = content["sources"][0]["publisher"]
    read = {**facts, "id": series_id, "publisher": publisher, "members": members}
    return SeriesRead.model_validate(read, strict=False)


def _members(versions: Iterable[VersionAt]) -> Iterator[SeriesMember]:
    """Compare each version with the one before it that is not void."""
    before: Mapping[str, Any] | None = None
    for version in versions:
        content = version.record["content"]
        if version.status is VersionStatus.VOID:
            yield _member(version, _Comparison())
        else:
            yield _member(version, _compare(content, before))
            before = content


def _member(version: VersionAt, comparison: _Comparison) -> SeriesMember:
    content = version.record["content"]
    return SeriesMember(
        reference_year=content["reference_year"],
        code=version.code,
        version=version.version,
        status=version.status,
        value=content["value"],
        unit=content["unit"],
        gwp_set=content["gwp_set"],
        since=comparison.since,
        change=comparison.change,
        relative_change=comparison.relative_change,
    )


def _compare(
    content: Mapping[str, Any], before: Mapping[str, Any] | None
) -> _Comparison:
    old = None if before is None else _value_in(content, before)
    if before is None or old is None:
        return _Comparison()
    change = Fraction(content["value"]) - old
    return _Comparison(
        since=before["reference_year"],
        change=rounded(float(change)),
        relative_change=rounded(float(change / abs(old))) if old else None,
    )


def _value_in(content: Mapping[str, Any], other: Mapping[str, Any]) -> Fraction | None:
    """Return the value of *other* in the unit of *content*; None if that is unlike."""
    value = Fraction(other["value"])
    if content["unit"] == other["unit"]:
        return value
    if content["kind"] == FactorKind.PARAMETER:
        return None
    old = parse_factor_unit(other["unit"], gases.GAS_CODES)
    new = parse_factor_unit(content["unit"], gases.GAS_CODES)
    if old.substance != new.substance:
        return None
    return value * old.kg_per_canonical / new.kg_per_canonical
