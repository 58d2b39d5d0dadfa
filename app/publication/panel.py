"""The last steps of a submission: two publishers sign, and its items are published.

Order inside the transaction: the submission is held and checked, everything is
flushed, then the log's lock is taken; nothing is locked after it.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import service as factors
from app.factors.content import Content
from app.kit.clock import instant_text
from app.kit.errors import Conflict
from app.publication import service as publication
from app.publication.service import Publication, Published
from app.reference.enums import Road, VersionStatus
from app.reference.policy import Policy
from app.submissions import access, drafts, queries
from app.submissions.access import Work
from app.submissions.models import Submission, SubmissionItem
from app.submissions.validation.facts import ItemType

_ENDED: Final = frozenset({VersionStatus.RETIRED, VersionStatus.VOID})


class AlreadyApproved(Conflict):
    en = "The first signature is there already."
    zh = "已有首签。"


class FirstSignatureMissing(Conflict):
    en = "One publisher approves first, then another one publishes."
    zh = "须先由一名发布人首签,再由另一名发布人发布。"


class FactorExists(Conflict):
    en = (
        "Item {number} is NEW, but its factor was published meanwhile: {code}; an "
        "UPDATE or a CORRECTION is to be handed in."
    )
    zh = (
        "条目 {number} 为 NEW,但同一因子此间已发布:{code};请以 UPDATE 或 CORRECTION "
        "报送。"
    )


async def approve(work: Work) -> None:
    """Give the first signature."""
    if work.submission.approved_by is not None:
        raise AlreadyApproved
    await _check_digest(work)
    await access.take_duty(work.trail, work.submission, "FIRST_PUBLISHER")
    work.submission.approved_by = work.trail.actor.person_id
    work.move(is_public=False)


async def publish(work: Work, policy: Policy) -> None:
    """Give the second signature and publish every item."""
    if work.submission.approved_by is None:
        raise FirstSignatureMissing
    await access.take_duty(work.trail, work.submission, "SECOND_PUBLISHER")
    await _check_digest(work)
    facts = await _review_facts(work, policy)
    published: list[str] = []
    entries: list[int] = []
    async for block in queries.blocks_of_items(work.session, work.submission.id):
        published += await _publish_block(work, block, facts)
        entries += [item.log_index for item in block if item.log_index is not None]
    # The log's lock was held, so that nobody else's entries stand between these.
    work.move(
        is_public=True,
        log_index=max(entries),
        first_log_index=min(entries),
        published=published[: queries.BLOCK],
    )


async def _check_digest(work: Work) -> None:
    now = await drafts.checked_digest(work.session, work.submission)
    if now != work.submission.passed_digest:
        raise drafts.ContentChanged


async def _publish_block(
    work: Work, block: list[SubmissionItem], facts: Mapping[str, Any]
) -> list[str]:
    asked = [item for item in block if item.content is not None]
    signers = _publishers(work)
    done = await publication.publish_all(
        work.session,
        [_publication(item, signers, facts) for item in asked],
    )
    for item, where in zip(asked, done, strict=True):
        _note(item, where)
    await _check_in_use(work.session, block)
    for item in block:
        if item.content is None:
            await _retire(work.session, item)
    return [_pin(item) for item in block]


async def _check_in_use(session: AsyncSession, block: list[SubmissionItem]) -> None:
    """Refuse items of factors that were withdrawn since they were submitted.

    The log's lock is held by now, so no status changes any more.
    """
    codes = {item.factor for item in block if item.factor is not None}
    for code, version in (await factors.find_present(session, codes)).items():
        if version.status in _ENDED:
            raise publication.FactorWithdrawn(code=code, status=version.status)


def _pin(item: SubmissionItem) -> str:
    """Return what an item has become; a retirement is of all versions."""
    return str(item.code) if item.version is None else f"{item.code}@{item.version}"


def _publication(
    item: SubmissionItem, signers: tuple[str, str], facts: Mapping[str, Any]
) -> Publication:
    content = Content.model_validate_json(item.content or b"")
    sealed = drafts.sealed_sha256(item)
    review_facts = dict(facts) | ({"sealed_sha256": sealed} if sealed else {})
    return Publication(content, Road.PANEL, signers, review_facts)


def _publishers(work: Work) -> tuple[str, str]:
    first = work.submission.approved_by
    assert first is not None  # noqa: S101 - checked by publish
    return first, work.trail.actor.person_id


def _note(item: SubmissionItem, where: Published) -> None:
    # Checked when it was handed in; another submission may have been faster since.
    if item.type == ItemType.NEW and where.version > 1:
        raise FactorExists(number=item.number, code=where.code)
    item.code, item.version = where.code, where.version
    item.log_index = where.log_index


async def _retire(session: AsyncSession, item: SubmissionItem) -> None:
    item.code = str(item.factor)
    item.log_index = await publication.change_status(
        session,
        str(item.factor),
        version=None,
        status=VersionStatus.RETIRED,
        reason=str(item.reason),
    )


async def _review_facts(work: Work, policy: Policy) -> dict[str, Any]:
    """Return what the records say of the way here; people are pseudonymous ids."""
    submission, session = work.submission, work.session
    reviews = await queries.list_reviews(session, submission.id)
    notice = await queries.find_notice(session, submission.id, submission.round)
    assert notice is not None  # noqa: S101 - no state CLEARED without a notice
    return {
        "submission": submission.id,
        "organisation": submission.organisation_id,
        "round": submission.round,
        "policy": policy.version,
        "people": await _people(session, submission),
        "verdicts": [
            {"person": each.person_id, "verdict": each.verdict}
            for each, _ in reviews
            if each.round == submission.round
        ],
        "notice": {
            "id": notice.id,
            "opens_on": notice.opens_on.isoformat(),
            "closes_on": notice.closes_on.isoformat(),
            "working_days": notice.working_days,
            "closed_at": instant_text(notice.closed_at or notice.opened_at),
        },
        "passed_digest": submission.passed_digest,
        "events": submission.chain.hex(),
    }


async def _people(
    session: AsyncSession, submission: Submission
) -> list[dict[str, str]]:
    return [
        {"person": duty.person_id, "duty": duty.duty}
        for duty in await queries.list_duties(session, submission.id)
    ]
