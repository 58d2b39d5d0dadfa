"""The stored log. Insert-only."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import APPEND_ONLY, Base

RECORD_LIMIT = 60_000
KEY_SCHEMA = "tanyin/key/1"
_HASH = "octet_length({}) = 32"


class LogEntry(Base):
    """One entry: the exact bytes that were hashed. Append-only."""

    __tablename__ = "log_entry"
    __table_args__ = (
        sa.CheckConstraint("index >= 0", name="index"),
        sa.CheckConstraint(f"octet_length(record) <= {RECORD_LIMIT}", name="record"),
        sa.CheckConstraint("octet_length(leaf_hash) = 32", name="leaf_hash"),
        # Hashes without the records beside them: what proofs and tiles are made of.
        sa.Index("ix_log_entry_leaf", "index", postgresql_include=["leaf_hash"]),
        sa.Index(
            "ix_log_entry_key", "index", postgresql_where=f"kind = '{KEY_SCHEMA}'"
        ),
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


class LogNode(Base):
    """The root of 256^level leaves, from level 1 on; level 0 is the entries' own.

    Derived from the entries when they are first covered by a checkpoint. Append-only.
    """

    __tablename__ = "log_node"
    __table_args__ = (
        sa.CheckConstraint("level >= 1", name="level"),
        sa.CheckConstraint(_HASH.format("hash"), name="hash"),
        {"info": APPEND_ONLY},
    )

    level: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    index: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    hash: Mapped[bytes]


class LogCheckpoint(Base):
    """A root that may be signed: there is one for a size, for ever. Append-only."""

    __tablename__ = "log_checkpoint"
    __table_args__ = (
        sa.CheckConstraint(_HASH.format("root"), name="root"),
        {"info": APPEND_ONLY},
    )

    size: Mapped[int] = mapped_column(
        sa.BigInteger, primary_key=True, autoincrement=False
    )
    root: Mapped[bytes]
    at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))


class LogCosignature(Base):
    """The line of a witness below a checkpoint. Append-only."""

    __tablename__ = "log_cosignature"
    __table_args__ = ({"info": APPEND_ONLY},)

    size: Mapped[int] = mapped_column(
        sa.ForeignKey(LogCheckpoint.size), primary_key=True, autoincrement=False
    )
    witness: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[str]


class LogAlarm(Base):
    """Why nothing is signed any more. Append-only: one row ends signing for good."""

    __tablename__ = "log_alarm"
    __table_args__ = ({"info": APPEND_ONLY},)

    at: Mapped[dt.datetime] = mapped_column(
        sa.DateTime(timezone=True), primary_key=True
    )
    size: Mapped[int] = mapped_column(sa.BigInteger)
    reason: Mapped[str]
