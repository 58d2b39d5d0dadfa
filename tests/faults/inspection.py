"""Looks into the database for anything that only half of an act could leave behind."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import IdempotentAnswer
from app.audit.models import Event
from app.audit.service import EMPTY_CHAIN, chained
from app.factors.models import FactorVersion
from app.kit.canonical import sha256_hex
from app.kit.database import Sessions
from app.submissions.models import (
    Assignment,
    Duty,
    Notice,
    Objection,
    Review,
    RoundItem,
    Submission,
    SubmissionItem,
)
from app.translog.models import LogEntry

CHAINED = (
    "at",
    "person_id",
    "role",
    "organisation_id",
    "act",
    "object_type",
    "object_id",
    "before",
    "after",
    "reason",
    "request_id",
    "is_public",
)


_FIRST = "FIRST_PUBLISHER"
# What gives a first signature, and what takes it away.
_SIGNING = ("APPROVE", "RETURN")


@dataclass(frozen=True, slots=True)
class Traces:
    """Everything that the acts on one submission have left."""

    submission: Submission
    events: Sequence[Event]
    items: Sequence[SubmissionItem]
    rounds: Sequence[RoundItem]
    assignments: Sequence[Assignment]
    reviews: Sequence[Review]
    notices: Sequence[Notice]
    objections: Sequence[Objection]
    duties: Sequence[Duty]
    versions: Mapping[int, FactorVersion]

    @property
    def acts(self) -> Counter[str]:
        """How often each act was done."""
        return Counter(event.act for event in self.events)


async def contradictions(sessions: Sessions, *submission_ids: str) -> list[str]:
    """Return what does not fit together; of all submissions unless some are named."""
    async with sessions() as session:
        wanted = sa.select(Submission).order_by(Submission.id)
        if submission_ids:
            wanted = wanted.where(Submission.id.in_(submission_ids))
        found = [each async for each in _of_the_log(session)]
        for submission in await session.scalars(wanted):
            traces = await _traces(session, submission)
            found += [f"{submission.id} {each}" for each in _of_one(traces)]
        return found


async def traces_of(sessions: Sessions, submission_id: str) -> Traces:
    """Return what there is of one submission."""
    async with sessions() as session:
        submission = await session.get_one(Submission, submission_id)
        return await _traces(session, submission)


async def _traces(session: AsyncSession, submission: Submission) -> Traces:
    async def rows(model: Any, *order: Any) -> Sequence[Any]:
        named = model.submission_id == submission.id
        return (
            await session.scalars(sa.select(model).where(named).order_by(*order))
        ).all()

    items = await rows(SubmissionItem, SubmissionItem.number)
    indexes = [each.log_index for each in items]
    versions = await session.scalars(
        sa.select(FactorVersion).where(FactorVersion.log_index.in_(indexes))
    )
    objections = await session.scalars(
        sa.select(Objection)
        .join(Notice, Notice.id == Objection.notice_id)
        .where(Notice.submission_id == submission.id)
    )
    return Traces(
        submission=submission,
        events=await rows(Event, Event.seq),
        items=items,
        rounds=await rows(RoundItem, RoundItem.round, RoundItem.number),
        assignments=await rows(Assignment),
        reviews=await rows(Review),
        notices=await rows(Notice, Notice.round),
        objections=objections.all(),
        duties=await rows(Duty),
        versions={each.log_index: each for each in versions},
    )


def _of_one(traces: Traces) -> Iterator[str]:
    yield from _of_the_chain(traces)
    yield from _of_the_counts(traces)
    yield from _of_the_duties(traces)
    yield from _of_the_publication(traces)


def _of_the_chain(traces: Traces) -> Iterator[str]:
    chain, state = EMPTY_CHAIN, None
    for event in traces.events:
        chain = chained(chain, {name: getattr(event, name) for name in CHAINED})
        if event.chain != chain:
            yield f"event {event.seq} breaks the chain"
        state = (event.after or {}).get("state", state)
    if traces.submission.chain != chain:
        yield "does not end its chain"
    if traces.submission.state != state:
        yield f"is {traces.submission.state}, but the events say {state}"


def _of_the_counts(traces: Traces) -> Iterator[str]:
    submission, acts = traces.submission, traces.acts
    seats = sum(len((each.after or {}).get("reviewers", ())) for each in traces.events)
    declared = [each for each in traces.assignments if each.declared_at is not None]
    pairs = {
        "CREATE": (acts["CREATE"], 1),
        "items": (len(traces.items), submission.item_count),
        "SUBMIT": (acts["SUBMIT"], submission.round),
        "rounds": (len({each.round for each in traces.rounds}), submission.round),
        "ASSIGN": (seats + acts["REASSIGN"], len(traces.assignments)),
        "DECLARE": (acts["DECLARE"], len(declared)),
        "REVIEW": (acts["REVIEW"], len(traces.reviews)),
        "OPEN_NOTICE": (acts["OPEN_NOTICE"], len(traces.notices)),
        "OBJECT": (acts["OBJECT"], len(traces.objections)),
        "PUBLISH": (acts["PUBLISH"], int(submission.state == "PUBLISHED")),
    }
    yield from (f"{name}: {a} != {b}" for name, (a, b) in pairs.items() if a != b)


def _of_the_duties(traces: Traces) -> Iterator[str]:
    home = traces.submission.organisation_id
    held = {each.duty for each in traces.duties}
    if len({each.person_id for each in traces.duties}) != len(traces.duties):
        yield "somebody has two duties"
    for each in traces.duties:
        if (each.duty in {"MAKER", "CHECKER"}) != (each.organisation_id == home):
            yield f"{each.duty} is of {each.organisation_id}"
    wanted = {"MAKER": "CREATE", "CHECKER": "SUBMIT", "REVIEWER": "ASSIGN"}
    wanted |= {"FIRST_PUBLISHER": "APPROVE", "SECOND_PUBLISHER": "PUBLISH"}
    for duty, act in wanted.items():
        if (duty in held) != (traces.acts[act] > 0):
            yield f"{act} and {duty} do not agree"
    signed = next(
        (each for each in reversed(traces.events) if each.act in _SIGNING), None
    )
    who = signed.person_id if signed and signed.act == "APPROVE" else None
    if who != traces.submission.approved_by:
        yield f"{who} approved, and not {traces.submission.approved_by}"
    firsts = {each.person_id for each in traces.duties if each.duty == _FIRST}
    if who is not None and who not in firsts:
        yield f"{who} approved without the duty"


def _of_the_publication(traces: Traces) -> Iterator[str]:
    is_published = traces.submission.state == "PUBLISHED"
    for item in traces.items:
        if item.content is not None and sha256_hex(item.content) != item.content_sha256:
            yield f"item {item.number} is not what its digest says"
        if (item.log_index is not None) != is_published:
            yield f"item {item.number} has log index {item.log_index}"
        version = traces.versions.get(-1 if item.log_index is None else item.log_index)
        place = (version.code, version.version) if version else (None, None)
        if item.type != "RETIREMENT" and place != (item.code, item.version):
            yield f"item {item.number} is not {place}"


async def _of_the_log(session: AsyncSession) -> Any:
    size, highest = (
        await session.execute(sa.select(sa.func.count(), sa.func.max(LogEntry.index)))
    ).one()
    if size and size != highest + 1:
        yield f"the log has {size} entries up to {highest}"
    gaps = await session.execute(
        sa.select(FactorVersion.code)
        .group_by(FactorVersion.code)
        .having(sa.func.count() != sa.func.max(FactorVersion.version))
    )
    for (code,) in gaps:
        yield f"the versions of {code} have gaps"
    unfinished = sa.select(IdempotentAnswer.key).where(
        IdempotentAnswer.status.is_(None)
    )
    for key in await session.scalars(unfinished):
        yield f"the key {key} is claimed without an answer"
