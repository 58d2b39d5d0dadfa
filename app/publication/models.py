"""Acts that two publishers perform: one proposes, the other confirms."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.kit.database import APPEND_ONLY, MUTABLE, Base
from app.translog.models import LogEntry

_INSTANT = sa.DateTime(timezone=True)


class Act(Base):
    """An act that waits for its second signature, or has got it."""

    __tablename__ = "act"
    __table_args__ = (
        sa.CheckConstraint("confirmed_by <> proposed_by", name="two_people"),
        {"info": MUTABLE},
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    code: Mapped[str | None]
    version: Mapped[int | None]
    reason: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    proposed_by: Mapped[str] = mapped_column(sa.ForeignKey(Person.id))
    proposed_at: Mapped[dt.datetime] = mapped_column(_INSTANT)
    confirmed_by: Mapped[str | None] = mapped_column(sa.ForeignKey(Person.id))
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(_INSTANT)
    log_index: Mapped[int | None] = mapped_column(sa.BigInteger)


class Release(Base):
    """A name for a snapshot, given by two publishers. Append-only."""

    __tablename__ = "release"
    __table_args__ = ({"info": APPEND_ONLY},)

    name: Mapped[str] = mapped_column(primary_key=True)
    log_index: Mapped[int] = mapped_column(sa.ForeignKey(LogEntry.index), unique=True)
    size: Mapped[int] = mapped_column(sa.BigInteger)
    """The snapshot: all entries before the release's own."""
    manifest_sha256: Mapped[str]
    jsonl_sha256: Mapped[str]
    csv_sha256: Mapped[str]

    entry: Mapped[LogEntry] = relationship(lazy="raise")
