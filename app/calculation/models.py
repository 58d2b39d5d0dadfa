"""Calculations that an organisation keeps. Insert-only."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.models import Organisation, Person
from app.kit.database import APPEND_ONLY, Base


class Calculation(Base):
    """A request as it was stated, and the answer to it, both compressed. Append-only.

    The id is that of the receipt, so one organisation keeps one calculation once.
    """

    __tablename__ = "calculation"
    __table_args__ = (
        sa.CheckConstraint("id ~ '^[0-9a-f]{32}$'", name="id"),
        {"info": APPEND_ONLY},
    )

    organisation_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Organisation.id), primary_key=True
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(sa.ForeignKey(Person.id))
    stored_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))
    snapshot: Mapped[int] = mapped_column(sa.BigInteger)
    engine: Mapped[str]
    request: Mapped[bytes]
    answer: Mapped[bytes]
