"""The audit trail. Insert-only."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import APPEND_ONLY, Base

_XID = sa.text("pg_current_xact_id()::text::bigint")


class Event(Base):
    """One act by one person. Append-only.

    `transaction` stands first: its default is evaluated before that of `seq`, so that
    whoever holds a number also holds a transaction id, by which readers know that
    smaller numbers may still come.
    """

    __tablename__ = "event"
    __table_args__ = (
        sa.Index(None, "object_type", "object_id", "seq"),
        sa.Index(None, "submission_id", "seq"),
        sa.Index(None, "person_id", "seq"),
        sa.Index(None, "log_index", postgresql_where=sa.text("log_index IS NOT NULL")),
        {"info": APPEND_ONLY},
    )

    transaction: Mapped[int] = mapped_column(sa.BigInteger, server_default=_XID)
    seq: Mapped[int] = mapped_column(
        sa.BigInteger, sa.Identity(always=True), primary_key=True
    )
    at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))
    person_id: Mapped[str]
    role: Mapped[str]
    organisation_id: Mapped[str]
    act: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    submission_id: Mapped[str | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    reason: Mapped[str | None]
    request_id: Mapped[str]
    log_index: Mapped[int | None] = mapped_column(sa.BigInteger)
    is_public: Mapped[bool]
    chain: Mapped[bytes | None]
    """Digest of all events of the submission up to this one."""
