"""Submissions and what happens to them.

Rows that may change are locked before a decision about them; what somebody signed,
the copies of a round and the duties of people are insert-only.
"""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.models import Organisation, Person
from app.kit.database import APPEND_ONLY, MUTABLE, Base

_INSTANT = sa.DateTime(timezone=True)


class Submission(Base):
    """A draft with its items on its way to publication."""

    __tablename__ = "submission"
    __table_args__ = (
        # For duties, which repeat the organisation beside the submission.
        sa.UniqueConstraint("id", "organisation_id"),
        sa.Index(None, "organisation_id", "created_at", "id"),
        sa.Index(None, "state", "created_at", "id"),
        {"info": MUTABLE},
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str] = mapped_column(sa.ForeignKey(Organisation.id))
    title: Mapped[str]
    state: Mapped[str]
    round: Mapped[int]
    """How often it was submitted."""
    revision: Mapped[int]
    """Rises with every change; the ETag."""
    item_count: Mapped[int]
    created_by: Mapped[str] = mapped_column(sa.ForeignKey(Person.id))
    created_at: Mapped[dt.datetime] = mapped_column(_INSTANT)
    submitted_at: Mapped[dt.datetime | None] = mapped_column(_INSTANT)
    changed_at: Mapped[dt.datetime] = mapped_column(_INSTANT)
    due_on: Mapped[dt.date | None]
    content_digest: Mapped[str | None]
    """SHA-256 over the items as they were submitted."""
    passed_digest: Mapped[str | None]
    """The same when the panel passed them."""
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What the automatic checks last found."""
    impact: Mapped[list[Any] | None] = mapped_column(JSONB)
    """Which published versions would move, as the panel saw it."""
    approved_by: Mapped[str | None] = mapped_column(sa.ForeignKey(Person.id))
    chain: Mapped[bytes]
    """Digest of all its events."""


class SubmissionItem(Base):
    """One factor version that is asked for, or one retirement."""

    __tablename__ = "submission_item"
    __table_args__ = (
        sa.CheckConstraint("(content IS NULL) = (type = 'RETIREMENT')", name="content"),
        sa.Index(None, "natural_key"),
        sa.Index(None, "log_index", postgresql_where=sa.text("log_index IS NOT NULL")),
        {"info": MUTABLE},
    )

    submission_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Submission.id, ondelete="RESTRICT"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    factor: Mapped[str | None]
    reason: Mapped[str | None]
    content: Mapped[bytes | None]
    """Canonical bytes, whose SHA-256 is `content_sha256`."""
    content_sha256: Mapped[str | None]
    natural_key: Mapped[str | None]
    explanations: Mapped[dict[str, str]] = mapped_column(JSONB)
    sealed: Mapped[bytes | None]
    salt: Mapped[bytes | None]
    code: Mapped[str | None]
    version: Mapped[int | None]
    log_index: Mapped[int | None] = mapped_column(sa.BigInteger)


class RoundItem(Base):
    """An item as it was submitted in a round. Append-only."""

    __tablename__ = "submission_round_item"
    __table_args__ = ({"info": APPEND_ONLY},)

    submission_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Submission.id), primary_key=True
    )
    round: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    factor: Mapped[str | None]
    reason: Mapped[str | None]
    content: Mapped[bytes | None]


class Duty(Base):
    """What a person is to a submission; one person, one duty. Append-only.

    Four eyes by the database: the submitter's organisation is repeated, and a reviewer
    is of another one.
    """

    __tablename__ = "duty"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["submission_id", "submitter_organisation_id"],
            ["submission.id", "submission.organisation_id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id", "organisation_id"], ["person.id", "person.organisation_id"]
        ),
        sa.CheckConstraint(
            "(duty IN ('MAKER', 'CHECKER'))"
            " = (organisation_id = submitter_organisation_id)",
            name="other_organisation",
        ),
        sa.Index(
            "uq_duty_publisher",
            "submission_id",
            "duty",
            "round",
            unique=True,
            postgresql_where=sa.text("duty IN ('FIRST_PUBLISHER', 'SECOND_PUBLISHER')"),
        ),
        {"info": APPEND_ONLY},
    )

    submission_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(primary_key=True)
    duty: Mapped[str]
    organisation_id: Mapped[str]
    submitter_organisation_id: Mapped[str]
    round: Mapped[int]
    """The round in which it was taken up."""


class Assignment(Base):
    """A reviewer of a round."""

    __tablename__ = "assignment"
    __table_args__ = (
        sa.Index(
            "uq_assignment_chair",
            "submission_id",
            "round",
            unique=True,
            postgresql_where=sa.text("chair AND ended_at IS NULL"),
        ),
        sa.Index(None, "person_id", "assigned_at"),
        {"info": MUTABLE},
    )

    submission_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Submission.id, ondelete="RESTRICT"), primary_key=True
    )
    round: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Person.id, ondelete="RESTRICT"), primary_key=True
    )
    chair: Mapped[bool]
    due_on: Mapped[dt.date | None]
    assigned_at: Mapped[dt.datetime] = mapped_column(_INSTANT)
    declared_at: Mapped[dt.datetime | None] = mapped_column(_INSTANT)
    conflict: Mapped[bool | None]
    declaration: Mapped[str | None]
    ended_at: Mapped[dt.datetime | None] = mapped_column(_INSTANT)


class Review(Base):
    """What a reviewer signed. Append-only."""

    __tablename__ = "review"
    __table_args__ = ({"info": APPEND_ONLY},)

    submission_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Submission.id), primary_key=True
    )
    round: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(sa.ForeignKey(Person.id), primary_key=True)
    verdict: Mapped[str]
    scores: Mapped[dict[str, str]] = mapped_column(JSONB)
    criteria: Mapped[dict[str, Any]] = mapped_column(JSONB)
    text: Mapped[str | None]
    signed_at: Mapped[dt.datetime] = mapped_column(_INSTANT)


class Comment(Base):
    """A remark pinned to a field of an item."""

    __tablename__ = "comment"
    __table_args__ = (sa.Index(None, "submission_id", "number"), {"info": MUTABLE})

    submission_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Submission.id, ondelete="RESTRICT"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    round: Mapped[int]
    pointer: Mapped[str]
    text: Mapped[str]
    person_id: Mapped[str] = mapped_column(sa.ForeignKey(Person.id))
    organisation_id: Mapped[str]
    at: Mapped[dt.datetime] = mapped_column(_INSTANT)
    resolution: Mapped[str | None]
    resolved_by: Mapped[str | None] = mapped_column(sa.ForeignKey(Person.id))
    resolved_at: Mapped[dt.datetime | None] = mapped_column(_INSTANT)


class Notice(Base):
    """The public notice of a round."""

    __tablename__ = "notice"
    __table_args__ = (
        sa.UniqueConstraint("submission_id", "round"),
        sa.Index(None, "opened_at", "id"),
        {"info": MUTABLE},
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Submission.id, ondelete="RESTRICT")
    )
    round: Mapped[int]
    opened_at: Mapped[dt.datetime] = mapped_column(_INSTANT)
    opens_on: Mapped[dt.date]
    closes_on: Mapped[dt.date]
    """The last day on which objections are taken."""
    working_days: Mapped[int]
    closed_at: Mapped[dt.datetime | None] = mapped_column(_INSTANT)


class Objection(Base):
    """What somebody holds against one version on notice."""

    __tablename__ = "objection"
    __table_args__ = (sa.Index(None, "notice_id"), {"info": MUTABLE})

    id: Mapped[str] = mapped_column(primary_key=True)
    notice_id: Mapped[str] = mapped_column(
        sa.ForeignKey(Notice.id, ondelete="RESTRICT")
    )
    item: Mapped[int]
    pointer: Mapped[str]
    grounds: Mapped[str]
    evidence: Mapped[list[str]] = mapped_column(JSONB)
    person_id: Mapped[str] = mapped_column(sa.ForeignKey(Person.id))
    organisation_id: Mapped[str] = mapped_column(sa.ForeignKey(Organisation.id))
    state: Mapped[str]
    received_at: Mapped[dt.datetime] = mapped_column(_INSTANT)
    reply: Mapped[str | None]
    decided_by: Mapped[str | None] = mapped_column(sa.ForeignKey(Person.id))
    decided_at: Mapped[dt.datetime | None] = mapped_column(_INSTANT)


class ProblemReport(Base):
    """What somebody found wrong with a published version. Append-only."""

    __tablename__ = "problem_report"
    __table_args__ = (sa.Index(None, "code", "version"), {"info": APPEND_ONLY})

    id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str]
    version: Mapped[int]
    pointer: Mapped[str]
    text: Mapped[str]
    evidence: Mapped[list[str]] = mapped_column(JSONB)
    person_id: Mapped[str] = mapped_column(sa.ForeignKey(Person.id))
    organisation_id: Mapped[str]
    at: Mapped[dt.datetime] = mapped_column(_INSTANT)
