"""Who may act. People are known by pseudonymous ids outside this package."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
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
    credit_code: Mapped[str | None] = mapped_column(unique=True)
    credit_code_note: Mapped[str | None]
    """Why a genuine code is accepted though its check digit fails."""
    roles: Mapped[list[str]] = mapped_column(
        ARRAY(sa.Text), server_default=sa.text("'{}'")
    )
    """The roles that its people may have."""
    suspended_at: Mapped[dt.datetime | None] = mapped_column(_INSTANT)


class Person(Base):
    """Somebody who acts for one organisation in one role."""

    __tablename__ = "person"
    __table_args__ = (
        # For keys that repeat the organisation beside the person.
        sa.UniqueConstraint("id", "organisation_id"),
        {"info": MUTABLE},
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Organisation.id, ondelete="RESTRICT"), index=True
    )
    name: Mapped[str]
    role: Mapped[str]
    is_manager: Mapped[bool] = mapped_column(server_default=sa.false())
    """May manage the members of the organisation."""
    left_at: Mapped[dt.datetime | None] = mapped_column(_INSTANT)


class ApiKey(Base):
    """The hash of a key that was shown once."""

    __tablename__ = "api_key"
    __table_args__ = ({"info": MUTABLE},)

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Person.id, ondelete="RESTRICT"), index=True
    )
    secret_sha256: Mapped[bytes]
    scopes: Mapped[list[str]] = mapped_column(
        ARRAY(sa.Text), server_default=sa.text("'{READ,WRITE,MANAGE}'")
    )
    created_at: Mapped[dt.datetime] = mapped_column(_INSTANT)
    expires_at: Mapped[dt.datetime | None] = mapped_column(_INSTANT)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(_INSTANT)


class IdempotentAnswer(Base):
    """The answer to a request that bore an Idempotency-Key, kept for seven days."""

    __tablename__ = "idempotent_answer"
    __table_args__ = ({"info": MUTABLE},)

    key_id: Mapped[str] = mapped_column(
        sa.ForeignKey(ApiKey.id, ondelete="RESTRICT"), primary_key=True
    )
    method: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[bytes]
    created_at: Mapped[dt.datetime] = mapped_column(_INSTANT)
    status: Mapped[int | None]
    """Null until the transaction that claimed the key is about to commit."""
    headers: Mapped[list[list[str]]] = mapped_column(ARRAY(sa.Text, dimensions=2))
    body: Mapped[bytes]
