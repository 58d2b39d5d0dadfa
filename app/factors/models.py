"""Factors, versions and status changes. Insert-only; there is no current table."""

import datetime as dt
from types import MappingProxyType
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.database import APPEND_ONLY, Base
from app.translog.models import LogEntry

# What the filters of a search ask for, as `filter=value`, so that one index answers
# text and filters together. Cast as PostgreSQL repeats it, to be comparable.
_LABELLED: Final = (
    ("kind", "kind"),
    ("category", "category"),
    ("region", "region"),
    ("year", "reference_year"),
    ("unit", "unit"),
    ("unit", "declared_unit"),
    ("boundary", "boundary"),
    ("source", "publisher_zh"),
    ("source", "publisher_en"),
    ("source", "document_number"),
)
_LABELS: Final = ", ".join(
    f"('{label}='::text || ({column})::text)" for label, column in _LABELLED
)


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
        # Publication is rare: it may pay at once for what every search would read.
        sa.Index(
            None,
            "terms",
            "labels",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        sa.Index(None, "reference_year", "code"),
        # Tells by itself, for most factors, that there is no later version.
        sa.Index(
            "ix_factor_version_later",
            "code",
            "version",
            postgresql_include=["log_index"],
            postgresql_where=sa.text("version > 1"),
        ),
        sa.Index(
            "ix_factor_version_origins",
            "origins",
            postgresql_using="gin",
        ),
        {"info": APPEND_ONLY},
    )
    # Nobody needs `labels` back from an INSERT.
    __mapper_args__ = MappingProxyType({"eager_defaults": False})

    code: Mapped[str] = mapped_column(sa.ForeignKey(Factor.code), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    log_index: Mapped[int] = mapped_column(sa.ForeignKey(LogEntry.index), unique=True)
    kind: Mapped[str]
    category: Mapped[str]
    region: Mapped[str]
    unit: Mapped[str]
    declared_unit: Mapped[str]
    boundary: Mapped[str]
    reference_year: Mapped[int]
    valid_from: Mapped[dt.date | None]
    valid_until: Mapped[dt.date | None]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    publisher_zh: Mapped[str]
    publisher_en: Mapped[str]
    document_number: Mapped[str | None]
    road: Mapped[str]
    origins: Mapped[list[str]] = mapped_column(
        ARRAY(sa.Text), server_default=sa.text("'{}'")
    )
    """The factors that it was computed from."""
    terms: Mapped[str] = mapped_column(TSVECTOR)
    labels: Mapped[list[str]] = mapped_column(
        ARRAY(sa.Text), sa.Computed(f"ARRAY[{_LABELS}]", persisted=True), deferred=True
    )

    factor: Mapped[Factor] = relationship(lazy="raise")
    entry: Mapped[LogEntry] = relationship(lazy="raise")


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
