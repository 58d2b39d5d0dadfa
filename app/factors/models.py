"""Factors, versions and status changes. Insert-only; there is no current table."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.database import APPEND_ONLY, Base
from app.translog.models import LogEntry


class Factor(Base):
    """A name: what all versions have in common. Append-only."""

    __tablename__ = "factor"
    __table_args__ = (
        sa.UniqueConstraint("domain", "serial"),
        {"info": APPEND_ONLY},
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    domain: Mapped[str]
    serial: Mapped[int]
    natural_key: Mapped[str] = mapped_column(unique=True)
    series_id: Mapped[str] = mapped_column(index=True)


class FactorVersion(Base):
    """A fact; its bytes are the log entry, the columns are what search needs.

    Append-only.
    """

    __tablename__ = "factor_version"
    __table_args__ = (
        sa.CheckConstraint("version >= 1", name="version"),
        {"info": APPEND_ONLY},
    )

    code: Mapped[str] = mapped_column(sa.ForeignKey(Factor.code), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    log_index: Mapped[int] = mapped_column(sa.ForeignKey(LogEntry.index), unique=True)
    kind: Mapped[str] = mapped_column(index=True)
    category: Mapped[str] = mapped_column(index=True)
    region: Mapped[str] = mapped_column(index=True)
    unit: Mapped[str]
    declared_unit: Mapped[str]
    boundary: Mapped[str]
    reference_year: Mapped[int] = mapped_column(index=True)
    valid_from: Mapped[dt.date | None]
    valid_until: Mapped[dt.date | None]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    publisher_zh: Mapped[str]
    publisher_en: Mapped[str]
    document_number: Mapped[str | None]
    road: Mapped[str]
    terms: Mapped[str] = mapped_column(TSVECTOR)

    factor: Mapped[Factor] = relationship(lazy="raise")
    entry: Mapped[LogEntry] = relationship(lazy="raise")


sa.Index("ix_factor_version_terms", FactorVersion.terms, postgresql_using="gin")


class StatusChange(Base):
    """A withdrawal or its end, of one version or (version null) of a whole factor.

    Append-only.
    """

    __tablename__ = "status_change"
    __table_args__ = ({"info": APPEND_ONLY},)

    log_index: Mapped[int] = mapped_column(
        sa.ForeignKey(LogEntry.index), primary_key=True, autoincrement=False
    )
    code: Mapped[str] = mapped_column(sa.ForeignKey(Factor.code), index=True)
    version: Mapped[int | None]
    status: Mapped[str]

    entry: Mapped[LogEntry] = relationship(lazy="raise")
