"""Evidence documents by their SHA-256."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.models import Organisation, Person
from app.kit.database import APPEND_ONLY, Base


class Evidence(Base):
    """A document. Append-only."""

    __tablename__ = "evidence"
    __table_args__ = (
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        {"info": APPEND_ONLY},
    )

    sha256: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(sa.BigInteger)
    media_type: Mapped[str]


class EvidenceChunk(Base):
    """A piece of a document's bytes. Append-only."""

    __tablename__ = "evidence_chunk"
    __table_args__ = ({"info": APPEND_ONLY},)

    sha256: Mapped[str] = mapped_column(
        sa.ForeignKey(Evidence.sha256), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes]


class EvidenceHolder(Base):
    """An organisation that has handed a document in. Append-only."""

    __tablename__ = "evidence_holder"
    __table_args__ = ({"info": APPEND_ONLY},)

    sha256: Mapped[str] = mapped_column(
        sa.ForeignKey(Evidence.sha256), primary_key=True
    )
    organisation_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Organisation.id), primary_key=True
    )
    person_id: Mapped[str] = mapped_column(sa.ForeignKey(Person.id))
    name: Mapped[str]
    received_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True))
