"""Who may act. People are known by pseudonymous ids outside this package."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import MUTABLE, Base

_INSTANT = sa.DateTime(timezone=True)


class Organisation(Base):
    """An association, institute, enterprise or authority."""

    __tablename__ = "organisation"
    __table_args__ = ({"info": MUTABLE},)

    id: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str] = mapped_column(unique=True)
    name_en: Mapped[str]


class Person(Base):
    """Somebody who acts for one organisation in one role."""

    __tablename__ = "person"
    __table_args__ = ({"info": MUTABLE},)

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Organisation.id, ondelete="RESTRICT"), index=True
    )
    name: Mapped[str]
    role: Mapped[str]


class ApiKey(Base):
    """The hash of a key that was shown once."""

    __tablename__ = "api_key"
    __table_args__ = ({"info": MUTABLE},)

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Person.id, ondelete="RESTRICT"), index=True
    )
    secret_sha256: Mapped[bytes]
    created_at: Mapped[dt.datetime] = mapped_column(_INSTANT)
    expires_at: Mapped[dt.datetime | None] = mapped_column(_INSTANT)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(_INSTANT)
