"""The SELECTs behind the checks: one each, however many items there are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.factors.codes import Pin
from app.factors.models import Factor, FactorVersion
from app.factors.queries import in_use, is_current, last_change, status_at
from app.submissions.validation.facts import KnownVersion
from app.translog.models import LogEntry

Statement: TypeAlias = sa.Select[*tuple[Any, ...]]

# Beyond any log: every entry that is committed.
_NOW: Final = {"snapshot": 2**62}


@dataclass(frozen=True, slots=True)
class Published:
    """The values of one category, kind and unit."""

    category: str
    kind: str
    unit: str
    values: Sequence[str]


async def current_versions(
    session: AsyncSession, codes: Collection[str], natural_keys: Collection[str]
) -> list[KnownVersion]:
    """Return the highest version of each factor with one of the codes or keys."""
    if not codes and not natural_keys:
        return []
    version = aliased(FactorVersion)
    rows = await session.execute(
        _versions(version)
        .where(
            sa.or_(
                Factor.code == _any("codes"), Factor.natural_key == _any("natural_keys")
            ),
            is_current(version),
        )
        .order_by(version.code),
        _NOW | {"codes": list(codes), "natural_keys": list(natural_keys)},
    )
    return [_known(row, row.version) for row in rows]


async def pinned_versions(
    session: AsyncSession, pins: Collection[Pin]
) -> list[KnownVersion]:
    """Return the versions that *pins* name; a pin that names none is left out."""
    if not pins:
        return []
    version, later = aliased(FactorVersion), aliased(FactorVersion)
    highest = sa.select(sa.func.max(later.version)).where(later.code == version.code)
    pin = sa.func.unnest(_array("codes", sa.Text), _array("versions", sa.Integer))
    named = pin.table_valued(
        sa.column("code", sa.Text), sa.column("version", sa.Integer)
    ).render_derived(name="pin")
    rows = await session.execute(
        _versions(version)
        .add_columns(highest.scalar_subquery().label("highest"))
        .join(
            named,
            sa.and_(version.code == named.c.code, version.version == named.c.version),
        ),
        _NOW
        | {
            "codes": [pin.code for pin in pins],
            "versions": [pin.version for pin in pins],
        },
    )
    return [_known(row, row.highest) for row in rows]


async def published_values(
    session: AsyncSession, categories: Collection[str], kinds: Collection[str]
) -> list[Published]:
    """Return the values of the versions in use, by category, kind and unit."""
    version = aliased(FactorVersion)
    labels = [f"category={each}" for each in categories]
    content = sa.func.convert_from(LogEntry.record, "UTF8").cast(sa.JSON)
    value = content[("content", "value")].as_string()
    groups = (version.category, version.kind, version.unit)
    rows = await session.execute(
        sa.select(*groups, sa.func.array_agg(value, type_=ARRAY(sa.Text)))
        .join(LogEntry, LogEntry.index == version.log_index)
        .where(
            version.labels.overlap(_array("labels", sa.Text)),
            version.kind == _any("kinds"),
            is_current(version),
            in_use(version),
        )
        .group_by(*groups),
        _NOW | {"labels": labels, "kinds": list(kinds)},
    )
    return [Published(*row) for row in rows]


def _versions(version: type[FactorVersion]) -> Statement:
    return (
        sa.select(
            version.code,
            version.version,
            Factor.natural_key,
            LogEntry.record,
            last_change(version.code, version.version).label("change"),
        )
        .select_from(version)
        .join(Factor, Factor.code == version.code)
        .join(LogEntry, LogEntry.index == version.log_index)
    )


def _known(row: sa.Row[Any], highest: int) -> KnownVersion:
    record = orjson.loads(row.record)
    return KnownVersion(
        code=row.code,
        version=row.version,
        status=status_at(row.change, row.version, highest),
        natural_key=row.natural_key,
        owner=record["review"].get("organisation"),
        content=record["content"],
        content_sha256=record["review"]["digest"],
    )


def _any(name: str) -> sa.ColumnElement[str]:
    return sa.func.any(_array(name, sa.Text))


def _array(
    name: str, kind: type[sa.types.TypeEngine[Any]]
) -> sa.BindParameter[Sequence[Any]]:
    return sa.bindparam(name, type_=ARRAY(kind))
