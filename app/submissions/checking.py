"""Running the automatic checks over a submission, block by block."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Organisation
from app.audit.service import Trail
from app.factors.content import Content
from app.kit import clock
from app.kit.errors import Findings, Invalid
from app.submissions import queries
from app.submissions.models import Submission, SubmissionItem
from app.submissions.schemas import FindingRead, Report
from app.submissions.validation.catalogue import CHECKS
from app.submissions.validation.facts import Candidate, ItemType, Submitter
from app.submissions.validation.gathering import PeerBook, gather
from app.submissions.validation.rules import Finding, Severity, check

_SHOWN: Final = 1_000
_ORDER: Final = {Severity.BLOCK: 0, Severity.WARN: 1, Severity.INFO: 2}


class Blocked(Invalid):
    """A finding of severity BLOCK, under the code of its rule."""

    en = "{en}"
    zh = "{zh}"


async def report(trail: Trail, submission: Submission) -> Report:
    """Return what the automatic checks find in the items, all at once."""
    submitter = await _submitter(trail.session, submission)
    found: list[Finding] = []
    book: PeerBook = {}
    async for block in queries.blocks_of_items(trail.session, submission.id):
        found += await _check(trail, submission, block, submitter, book)
        for item in block:
            trail.session.expunge(item)
    found.sort(key=lambda finding: (_ORDER[finding.severity], finding.item))
    return _report(trail, submission, found)


def refuse_blocks(report: Report) -> None:
    """Raise all findings that block, each with its pointer into the submission."""
    blocks = [each for each in report.findings if each.severity == "BLOCK"]
    if blocks:
        raise Findings([_blocked(each) for each in blocks])


async def _check(
    trail: Trail,
    submission: Submission,
    block: list[SubmissionItem],
    submitter: Submitter,
    book: PeerBook,
) -> list[Finding]:
    session = trail.session
    candidates = [_candidate(item) for item in block]
    keys = [item.natural_key for item in block if item.natural_key]
    pending = await queries.pending_keys(session, keys, submission.id)
    pending |= await queries.repeated_keys(session, keys, submission.id)
    facts = await gather(
        session,
        candidates,
        submitter=submitter,
        today=clock.today(trail.at),
        pending=pending,
        submission=submission.id,
        book=book,
    )
    return check(candidates, facts, CHECKS)


def _candidate(item: SubmissionItem) -> Candidate:
    content = item.content and Content.model_validate_json(item.content)
    return Candidate(
        number=item.number,
        type=ItemType(item.type),
        content=content or None,
        factor=item.factor,
        explanations=item.explanations,
    )


async def _submitter(session: AsyncSession, submission: Submission) -> Submitter:
    organisation = await session.get_one(Organisation, submission.organisation_id)
    return Submitter(
        organisation_id=organisation.id,
        credit_code=organisation.credit_code,
        credit_code_note=organisation.credit_code_note,
    )


def _report(trail: Trail, submission: Submission, found: list[Finding]) -> Report:
    counts = {
        severity: sum(each.severity is severity for each in found)
        for severity in Severity
    }
    return Report(
        at=clock.instant_text(trail.at),
        revision=submission.revision,
        block=counts[Severity.BLOCK],
        warn=counts[Severity.WARN],
        info=counts[Severity.INFO],
        findings=tuple(_read(each) for each in found[:_SHOWN]),
    )


def _read(finding: Finding) -> FindingRead:
    return FindingRead(
        rule=finding.rule.id,
        severity=finding.severity.value,
        item=finding.item,
        pointer=f"/items/{finding.item}{_place(finding)}",
        zh=finding.detail("zh"),
        en=finding.detail("en"),
    )


def _place(finding: Finding) -> str:
    return f"/content{finding.pointer}" if finding.pointer else ""


def _blocked(finding: FindingRead) -> Invalid:
    blocked = Blocked(pointer=finding.pointer, en=finding.en, zh=finding.zh)
    # The rule is the stable code of this refusal.
    blocked.code = finding.rule  # type: ignore[misc]
    return blocked
