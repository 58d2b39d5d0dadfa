"""The stored log. Insert-only."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import APPEND_ONLY, Base

RECORD_LIMIT = 60_000


class LogEntry(Base):
    """One entry: the exact bytes that were hashed. Append-only."""

    __tablename__ = "log_entry"
    __table_args__ = (
        sa.CheckConstraint("index >= 0", name="index"),
        sa.CheckConstraint(f"octet_length(record) <= {RECORD_LIMIT}", name="record"),
        sa.CheckConstraint("octet_length(leaf_hash) = 32", name="leaf_hash"),
        {"info": APPEND_ONLY},
    )

    index: Mapped[int] = mapped_column(
        sa.BigInteger, primary_key=True, autoincrement=False
    )
    kind: Mapped[str]
    record: Mapped[bytes]
    leaf_hash: Mapped[bytes]
    recorded_at: Mapped[dt.datetime] = mapped_column(
        sa.DateTime(timezone=True), unique=True
    )
