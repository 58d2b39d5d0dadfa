"""Who may read a document that is not their own: whoever may read what cites it.

A citation counts where its organisation holds the document. Who only knows a digest
opens nothing by citing it.
"""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.reference.enums import Role
from app.sources import service as sources
from app.sources.models import EvidenceHolder
from app.sources.service import UnknownEvidence
from app.submissions.access import OFFICES, Who
from app.submissions.models import (
    Assignment,
    Objection,
    ProblemReport,
    RoundItem,
    Submission,
    SubmissionItem,
)

_Condition = sa.ColumnElement[bool]


async def get_evidence(
    session: AsyncSession, sha256: str, reader: Who
) -> EvidenceHolder:
    """Return the holding by which *reader* may read a document.

    It is that of their own organisation, or of one that cites the document in something
    that they may read. Raises `UnknownEvidence`.
    """
    own = await sources.find_holder(session, sha256, reader.organisation_id)
    holder = own or await _find_cited(session, sha256, reader)
    if holder is None:
        raise UnknownEvidence
    return holder


async def _find_cited(
    session: AsyncSession, sha256: str, reader: Who
) -> EvidenceHolder | None:
    if reader.role in OFFICES:
        is_visible = sa.or_(
            _in_submission(sha256, Submission.round > 0),
            _in_list(sha256, Objection),
            _in_list(sha256, ProblemReport),
        )
    elif reader.role == Role.REVIEWER:
        is_visible = _in_submission(sha256, _is_declared(reader.person_id))
    else:
        return None
    rows = await session.scalars(
        sa.select(EvidenceHolder)
        .where(EvidenceHolder.sha256 == sha256, is_visible)
        .order_by(EvidenceHolder.received_at, EvidenceHolder.organisation_id)
        .limit(1)
    )
    return rows.one_or_none()


def _in_submission(sha256: str, is_readable: _Condition) -> _Condition:
    """Tell whether a readable submission of the holder cites the document.

    Only the holders' submissions are searched, which an index finds.
    """
    return sa.exists().where(
        Submission.organisation_id == EvidenceHolder.organisation_id,
        is_readable,
        sa.or_(_in_items(sha256, SubmissionItem), _in_items(sha256, RoundItem)),
    )


def _in_items(sha256: str, table: type[SubmissionItem] | type[RoundItem]) -> _Condition:
    # Canonical JSON writes a member in one way.
    citation = f'"evidence_sha256":"{sha256}"'.encode()
    return sa.exists().where(
        table.submission_id == Submission.id,
        # Qualified, since the bare name has a grammar of its own.
        sa.func.pg_catalog.position(table.content, sa.literal(citation)) > 0,
    )


def _in_list(sha256: str, table: type[Objection] | type[ProblemReport]) -> _Condition:
    return sa.exists().where(
        table.organisation_id == EvidenceHolder.organisation_id,
        table.evidence.contains([sha256]),
    )


def _is_declared(person_id: str) -> _Condition:
    """Tell whether somebody is on the present panel and declared no conflict."""
    return sa.exists().where(
        Assignment.submission_id == Submission.id,
        Assignment.round == Submission.round,
        Assignment.person_id == person_id,
        Assignment.declared_at.is_not(None),
        Assignment.conflict.is_(False),
        Assignment.ended_at.is_(None),
    )
