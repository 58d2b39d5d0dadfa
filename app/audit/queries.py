"""Reading the trail."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import Event

# An event is shown once no smaller number can still come: its transaction is older
# than every one that runs. Our own are known to us.
_SETTLED = sa.text(
    "(event.transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    " OR event.transaction = pg_current_xact_id_if_assigned()::text::bigint)"
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events; None where it does not matter."""

    after: int = 0
    submission_id: str | None = None
    object_type: str | None = None
    object_id: str | None = None
    person_id: str | None = None
    act: str | None = None
    log_index: int | None = None
    """Acts that led to this entry of the log."""
    public_only: bool = False
    limit: int = 100


async def list_events(session: AsyncSession, wanted: Filter) -> Sequence[Event]:
    """Return events in their order, from the one behind `after`."""
    statement = sa.select(Event).where(Event.seq > wanted.after, _SETTLED)
    for column, value in (
        (Event.submission_id, wanted.submission_id),
        (Event.object_type, wanted.object_type),
        (Event.object_id, wanted.object_id),
        (Event.person_id, wanted.person_id),
        (Event.act, wanted.act),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.log_index is not None:
        statement = statement.where(_led_to(wanted.log_index))
    if wanted.public_only:
        statement = statement.where(Event.is_public)
    rows = await session.scalars(statement.order_by(Event.seq).limit(wanted.limit))
    return rows.all()


def _led_to(log_index: int) -> sa.ColumnElement[bool]:
    """Tell that an act made the entry *log_index*, alone or among several in a row."""
    first = sa.cast(Event.after["first_log_index"].as_string(), sa.BigInteger)
    return sa.and_(
        sa.func.coalesce(first, Event.log_index) <= log_index,
        Event.log_index >= log_index,
    )
