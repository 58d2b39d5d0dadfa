"""The factors among which descriptions choose: one question for many of them."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB, TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors.ladder import Candidate
from app.factors.models import Factor, FactorVersion
from app.factors.queries import Statement, is_current, last_change, status_at
from app.translog.models import LogEntry

MOST: Final = 500
"""How many factors a description may fit before it chooses."""
# So many groups, each with so many factors, are in memory at a time.
_CHUNK: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What many descriptions have in common and an index can answer.

    None asks for nothing. All of `labels` must be there, and one of each of
    `categories`, `regions` and `boundaries`, which are labels too.
    """

    query: str | None = None
    product: str | None = None
    code: str | None = None
    series: str | None = None
    labels: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    boundaries: tuple[str, ...] | None = None
    is_technology_asked: bool = False

    def subject(self) -> "Group":
        """Return what the descriptions are of, whatever else they ask for."""
        return Group(
            query=self.query,
            product=self.product,
            code=self.code,
            series=self.series,
            categories=self.categories,
            is_technology_asked=self.is_technology_asked,
        )

    def shape(self) -> frozenset[str]:
        """Return the names of the conditions that hold."""
        return frozenset(
            each.name
            for each in fields(self)
            if getattr(self, each.name) is not None and each.name in _CONDITIONS
        )


async def load(
    session: AsyncSession, groups: Collection[Group], snapshot: int
) -> AsyncIterator[dict[Group, list[Candidate]]]:
    """Yield the current versions that each of *groups* admits, some groups at a time.

    They are ordered by code, and a list of more than `MOST` is cut off there.
    """
    # A plan for just any text would not ask the index for it.
    await session.execute(
        sa.select(sa.func.set_config("plan_cache_mode", "force_custom_plan", sa.true()))
    )
    for shape, alike in _by_shape(groups).items():
        for start in range(0, len(alike), _CHUNK):
            chunk = alike[start : start + _CHUNK]
            found = await _load(session, shape, chunk, snapshot)
            yield dict(zip(chunk, found, strict=True))


def _by_shape(groups: Collection[Group]) -> dict[frozenset[str], list[Group]]:
    found: dict[frozenset[str], list[Group]] = {}
    for group in dict.fromkeys(groups):
        found.setdefault(group.shape(), []).append(group)
    return found


async def _load(
    session: AsyncSession, shape: frozenset[str], chunk: Sequence[Group], snapshot: int
) -> list[list[Candidate]]:
    rows = await session.execute(
        _candidates(shape),
        {
            "groups": orjson.dumps(
                [
                    {"number": number, **asdict(each)}
                    for number, each in enumerate(chunk)
                ]
            ).decode(),
            "snapshot": snapshot,
        },
    )
    found: list[list[Candidate]] = [[] for _ in chunk]
    for row in rows:
        found[row[0]].append(_candidate(row))
    return found


def _candidate(row: sa.Row[Any]) -> Candidate:
    facts: dict[str, Any] = dict(zip(_COLUMNS, row[1:], strict=False))
    status = status_at(row.change, row.version, row.version)
    return Candidate(**facts, technology=row.technology, status=status)


# As the fields of a candidate are named.
_COLUMNS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "code": FactorVersion.code,
        "version": FactorVersion.version,
        "log_index": FactorVersion.log_index,
        "kind": FactorVersion.kind,
        "region": FactorVersion.region,
        "unit": FactorVersion.unit,
        "declared_unit": FactorVersion.declared_unit,
        "boundary": FactorVersion.boundary,
        "year": FactorVersion.reference_year,
        "valid_from": FactorVersion.valid_from,
        "valid_until": FactorVersion.valid_until,
        "publisher_zh": FactorVersion.publisher_zh,
        "publisher_en": FactorVersion.publisher_en,
        "document_number": FactorVersion.document_number,
    }
)
_TEXTS: Final = ARRAY(sa.Text)
_GROUP: Final = (
    sa.func.json_to_recordset(sa.cast(sa.bindparam("groups", type_=sa.Text), JSON))
    .table_valued(
        sa.column("number", sa.Integer),
        sa.column("query", sa.Text),
        sa.column("product", sa.Text),
        sa.column("code", sa.Text),
        sa.column("series", sa.Text),
        sa.column("labels", _TEXTS),
        sa.column("categories", _TEXTS),
        sa.column("regions", _TEXTS),
        sa.column("boundaries", _TEXTS),
        sa.column("is_technology_asked", sa.Boolean),
    )
    .render_derived(name="wanted", with_types=True)
)
_CONDITIONS: Final[Mapping[str, sa.ColumnElement[bool]]] = MappingProxyType(
    {
        "query": FactorVersion.terms.bool_op("@@")(sa.cast(_GROUP.c.query, TSQUERY)),
        "product": sa.or_(
            sa.func.lower(FactorVersion.name_zh) == _GROUP.c.product,
            sa.func.lower(FactorVersion.name_en) == _GROUP.c.product,
        ),
        "code": FactorVersion.code == _GROUP.c.code,
        "series": FactorVersion.code.in_(
            sa.select(Factor.code)
            .where(Factor.series_id == _GROUP.c.series)
            .correlate(_GROUP)
        ),
        "labels": FactorVersion.labels.contains(_GROUP.c.labels),
        "categories": FactorVersion.labels.overlap(_GROUP.c.categories),
        "regions": FactorVersion.labels.overlap(_GROUP.c.regions),
        "boundaries": FactorVersion.labels.overlap(_GROUP.c.boundaries),
    }
)


@lru_cache(maxsize=256)
def _candidates(shape: frozenset[str]) -> Statement:
    conditions = [each for name, each in _CONDITIONS.items() if name in shape]
    found = (
        sa.select(*_COLUMNS.values())
        .where(is_current(FactorVersion), *conditions)
        .order_by(FactorVersion.code)
        .limit(MOST + 1)
        .lateral("found")
    )
    # Read from the record, and only where somebody asks: it has no column.
    content = sa.func.convert_from(LogEntry.record, "UTF8").cast(JSONB)["content"]
    technology = (
        sa.select(content["technology"].astext)
        .where(LogEntry.index == found.c.log_index)
        .scalar_subquery()
    )
    return sa.select(
        _GROUP.c.number,
        *found.c,
        last_change(found.c.code, found.c.version).label("change"),
        sa.case((_GROUP.c.is_technology_asked, technology)).label("technology"),
    ).select_from(_GROUP.join(found, sa.true()))
