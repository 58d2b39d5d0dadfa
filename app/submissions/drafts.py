"""Drafts: creating them, changing them, checking them, submitting them."""

import secrets
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.service import EMPTY_CHAIN, Trail
from app.factors.content import natural_key
from app.kit.canonical import canonical_bytes, sha256, sha256_hex
from app.kit.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
)
from app.submissions import access, checking, queries
from app.submissions.access import Work
from app.submissions.models import RoundItem, Submission, SubmissionItem
from app.submissions.requests import ItemDraft
from app.submissions.workflow import State

ITEM_LIMIT: Final = 20_000
_TITLE: Final = 200


class ContentChanged(Conflict):
    en = "The items are not those that were submitted and passed."
    zh = "条目与报送并通过评审时不一致。"


class NoItems(Invalid):
    en = "A submission needs at least one item."
    zh = "报送至少应有一个条目。"


class NoSuchItem(NotFound):
    code = "UNKNOWN_ITEM"
    en = "There is no item {number}."
    zh = "没有条目 {number}。"


class TooManyItems(Invalid):
    en = "A submission has at most {limit} items."
    zh = "一次报送最多 {limit} 个条目。"


class ItemsHaveGaps(Invalid):
    en = "Items are numbered without gaps; the next one is {next}."
    zh = "条目编号须连续,下一个为 {next}。"


class NotYours(Forbidden):
    code = "NOT_AN_AUTHOR"
    en = "Only submitters and approvers make drafts."
    zh = "只有报送员和审核人可以建立草稿。"


class StaleRevision(PreconditionFailed):
    en = "The submission has changed since it was read; it is at revision {revision}."
    zh = "报送在读取之后已发生变化,现为第 {revision} 次修订。"


async def create(
    trail: Trail, title: str | None, items: Sequence[ItemDraft]
) -> Submission:
    """Make a draft of *items*."""
    submission = begin(trail, title)
    rows = _take_in(submission, items)
    trail.session.add_all(SubmissionItem(**row) for row in rows)
    await finish(trail, submission)
    return submission


def begin(trail: Trail, title: str | None) -> Submission:
    """Return a new draft, which `extend` fills and `finish` notes."""
    if trail.actor.role not in access.AUTHORS:
        raise NotYours
    submission = Submission(
        id=f"sub_{secrets.token_hex(10)}",
        organisation_id=trail.actor.organisation_id,
        title=title or "",
        state=State.DRAFT,
        round=0,
        revision=1,
        item_count=0,
        created_by=trail.actor.person_id,
        created_at=trail.at,
        changed_at=trail.at,
        chain=EMPTY_CHAIN,
    )
    trail.session.add(submission)
    return submission


async def finish(trail: Trail, submission: Submission) -> None:
    """Write the event of a new draft; whoever made it is its maker."""
    after = {"state": State.DRAFT, "items": submission.item_count}
    access.record(trail, submission, "CREATE", after=after)
    await access.take_duty(trail, submission, "MAKER")


async def append_items(
    trail: Trail, submission: Submission, items: Sequence[ItemDraft]
) -> None:
    """Add items behind those that are there."""
    first = submission.item_count + 1
    await extend(trail.session, submission, items)
    after = {"first": first, "items": submission.item_count}
    await _edited(trail, submission, "ADD_ITEMS", after)


async def rename(trail: Trail, submission: Submission, title: str) -> None:
    """Give a draft another title."""
    submission.title = title
    await _edited(trail, submission, "RENAME", {"title": title})


async def put_item(
    trail: Trail, submission: Submission, number: int, draft: ItemDraft
) -> SubmissionItem:
    """Replace an item, or add the next one."""
    item = await queries.find_item(trail.session, submission.id, number)
    before = None
    if item is None:
        item = _next_item(submission, number)
        trail.session.add(item)
    else:
        before = {"content_sha256": item.content_sha256, "type": item.type}
    for name, value in _columns(draft).items():
        setattr(item, name, value)
    after = {"item": number, "content_sha256": item.content_sha256, "type": item.type}
    await _edited(trail, submission, "PUT_ITEM", after, before)
    return item


async def delete_item(trail: Trail, submission: Submission, number: int) -> None:
    """Take an item out; those behind it move up."""
    item = await get_item(trail.session, submission, number)
    before = {"item": number, "content_sha256": item.content_sha256}
    await trail.session.delete(item)
    await trail.session.flush()
    await _move_up(trail.session, submission, number)
    submission.item_count -= 1
    await _edited(trail, submission, "DELETE_ITEM", None, before)


async def get_item(
    session: AsyncSession, submission: Submission, number: int
) -> SubmissionItem:
    """Return an item; raises `NoSuchItem`."""
    item = await queries.find_item(session, submission.id, number)
    if item is None:
        raise NoSuchItem(number=number)
    return item


def check_revision(submission: Submission, revision: int | None) -> None:
    """Refuse a caller whose copy is stale; None makes no claim."""
    if revision is not None and revision != submission.revision:
        raise StaleRevision(revision=submission.revision)


async def validate(work: Work) -> None:
    """Store what the automatic checks find."""
    report = await checking.report(work.trail, work.submission)
    work.submission.report = report.model_dump(mode="json")
    work.move(block=report.block, warn=report.warn, info=report.info)


async def submit(work: Work) -> None:
    """Freeze the items and hand them in, by somebody who never edited them."""
    trail, submission = work.trail, work.submission
    if submission.item_count == 0:
        raise NoItems
    await access.take_duty(trail, submission, "CHECKER")
    report = await checking.report(trail, submission)
    checking.refuse_blocks(report)
    submission.report = report.model_dump(mode="json")
    submission.round += 1
    submission.submitted_at = trail.at
    submission.passed_digest = submission.approved_by = submission.impact = None
    submission.content_digest = await digest(trail.session, submission.id)
    await _keep_round(trail.session, submission)
    work.move(round=submission.round, content_digest=submission.content_digest)


async def withdraw(work: Work, reason: str) -> None:
    """Take a submission back for good."""
    work.move(reason=reason)


async def digest(session: AsyncSession, submission_id: str) -> str:
    """Return the SHA-256 over all items, made anew from their bytes."""
    await session.flush()
    rows = await queries.digest_rows(session, submission_id)
    return sha256_hex(canonical_bytes([list(row) for row in rows]))


async def checked_digest(session: AsyncSession, submission: Submission) -> str:
    """Return the digest of the items if it is the one that was submitted."""
    now = await digest(session, submission.id)
    if now != submission.content_digest:
        raise ContentChanged
    return now


def sealed_sha256(item: SubmissionItem) -> str | None:
    """Return the commitment to the sealed inventory of an item."""
    if item.sealed is None or item.salt is None:
        return None
    return sha256(item.salt + item.sealed).hex()


async def extend(
    session: AsyncSession, submission: Submission, items: Sequence[ItemDraft]
) -> None:
    """Add items to a draft."""
    rows = _take_in(submission, items)
    await session.flush()  # a new submission is there before its items
    await session.execute(sa.insert(SubmissionItem), rows)


def _take_in(
    submission: Submission, items: Sequence[ItemDraft]
) -> list[dict[str, Any]]:
    """Count items in, and return their rows."""
    first = submission.item_count + 1
    submission.item_count += len(items)
    if submission.item_count > ITEM_LIMIT:
        raise TooManyItems(limit=ITEM_LIMIT)
    if items and not submission.title:
        submission.title = _title(items)
    return [
        {"submission_id": submission.id, "number": number, **_columns(draft)}
        for number, draft in enumerate(items, first)
    ]


async def _move_up(session: AsyncSession, submission: Submission, number: int) -> None:
    """Close the gap at *number*, by way of negative numbers: those taken are keys."""
    place = SubmissionItem.number
    for is_moved, moved in ((place > number, -place), (place < 0, -place - 1)):
        await session.execute(
            sa.update(SubmissionItem)
            .where(SubmissionItem.submission_id == submission.id, is_moved)
            .values(number=moved)
            .execution_options(synchronize_session=False)
        )


def _title(items: Sequence[ItemDraft]) -> str:
    first = items[0]
    name = first.content.name.zh if first.content else str(first.factor)
    return name[:_TITLE]


def _next_item(submission: Submission, number: int) -> SubmissionItem:
    if number > ITEM_LIMIT:
        raise TooManyItems(limit=ITEM_LIMIT)
    if number != submission.item_count + 1:
        raise ItemsHaveGaps(next=submission.item_count + 1)
    submission.item_count = number
    return SubmissionItem(submission_id=submission.id, number=number)


def _columns(draft: ItemDraft) -> dict[str, Any]:
    content = draft.content.canonical() if draft.content else None
    sealed = None if draft.sealed is None else canonical_bytes(draft.sealed)
    return {
        "type": draft.type,
        "factor": draft.factor,
        "reason": draft.reason,
        "content": content,
        "content_sha256": None if content is None else sha256_hex(content),
        "natural_key": natural_key(draft.content) if draft.content else None,
        "explanations": {each.rule: each.text for each in draft.explanations},
        "sealed": sealed,
        "salt": None if sealed is None else secrets.token_bytes(32),
    }


async def _edited(
    trail: Trail,
    submission: Submission,
    act: str,
    after: dict[str, Any] | None,
    before: dict[str, Any] | None = None,
) -> None:
    """Note an edit: whoever makes one is a maker from now on."""
    await access.take_duty(trail, submission, "MAKER")
    submission.report = None
    access.touch(trail, submission)
    access.record(trail, submission, act, before=before, after=after)


async def _keep_round(session: AsyncSession, submission: Submission) -> None:
    """Copy the items as they are handed in."""
    names = ("number", "type", "factor", "reason", "content")
    columns = [getattr(SubmissionItem, name) for name in names]
    copied = sa.select(
        SubmissionItem.submission_id, sa.literal(submission.round), *columns
    ).where(SubmissionItem.submission_id == submission.id)
    await session.execute(
        sa.insert(RoundItem).from_select(["submission_id", "round", *names], copied)
    )
