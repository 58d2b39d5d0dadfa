"""The documents that are answered: submissions, reviews, notices, objections."""

from typing import Any, Literal

from pydantic import JsonValue

from app.factors.content import Scores
from app.kit.schemas import Schema
from app.submissions.requests import Criteria, Explanation
from app.submissions.validation.facts import ItemType
from app.submissions.workflow import Action, State

ITEMS_SHOWN = 100


class ItemRead(Schema):
    """One item; `code`, `version` and `log_index` once it is published."""

    number: int
    type: ItemType
    factor: str | None
    content: dict[str, Any] | None
    content_sha256: str | None
    reason: str | None
    explanations: tuple[Explanation, ...]
    sealed_sha256: str | None
    """SHA-256 of salt and canonical bytes of the sealed inventory."""
    code: str | None
    version: int | None
    log_index: int | None


class FindingRead(Schema):
    """One finding of the automatic checks."""

    rule: str
    severity: Literal["BLOCK", "WARN", "INFO"]
    item: int
    pointer: str
    """Into the submission, such as /items/1/content/value."""
    zh: str
    en: str


class Report(Schema):
    """What the automatic checks found, all at once."""

    at: str
    revision: int
    block: int
    warn: int
    info: int
    findings: tuple[FindingRead, ...]
    """The first 1,000, blocking ones first."""


class Movement(Schema):
    """How a published version would move if it were computed with the candidate."""

    item: int
    candidate: str
    """The version that would be superseded."""
    code: str
    version: int
    value: str
    unit: str
    change: str | None
    """In the unit of the version; null where its derivation states no amount."""
    via: tuple[str, ...]
    """The versions between the candidate and this one."""


class AssignmentRead(Schema):
    """A reviewer of the present round."""

    person: str
    organisation: str
    chair: bool
    due_on: str | None
    declared_at: str | None
    conflict: bool | None
    signed: bool
    ended: bool


class SubmissionRead(Schema):
    """A submission as the caller may see it."""

    id: str
    title: str
    organisation: str
    state: State
    round: int
    revision: int
    created_by: str
    created_at: str
    submitted_at: str | None
    changed_at: str
    due_on: str | None
    content_digest: str | None
    passed_digest: str | None
    events_digest: str
    """Of all events up to now; the published record carries it."""
    actions: tuple[Action, ...]
    """What the role of the caller may find open in this state."""
    item_count: int
    items: tuple[ItemRead, ...]
    """The first 100; see /items for all."""
    report: Report | None
    impact: tuple[Movement, ...] | None
    assignments: tuple[AssignmentRead, ...]
    notice: str | None
    code: str | None
    """Of the first item, once it is published."""
    version: int | None
    log_index: int | None
    """Of the last entry; read at snapshot log_index + 1."""


class SubmissionSummary(Schema):
    """A submission in a list."""

    id: str
    title: str
    organisation: str
    state: State
    round: int
    item_count: int
    created_at: str
    changed_at: str


class SubmissionPage(Schema):
    """A page of submissions, the newest first."""

    items: tuple[SubmissionSummary, ...]
    next_cursor: str | None


class ItemPage(Schema):
    """A page of items."""

    items: tuple[ItemRead, ...]
    next_cursor: str | None


class ReviewRead(Schema):
    """A signed review."""

    round: int
    person: str
    organisation: str
    chair: bool
    verdict: Literal["PASS", "MINOR", "MAJOR", "REJECT"]
    dissent: bool
    """The panel decided otherwise."""
    scores: Scores
    criteria: Criteria
    text: str | None
    signed_at: str


class CommentRead(Schema):
    """A remark and how it was resolved."""

    number: int
    round: int
    pointer: str
    text: str
    person: str
    organisation: str
    at: str
    resolution: str | None
    resolved_by: str | None
    resolved_at: str | None


class FieldChange(Schema):
    """One field that differs between two rounds."""

    pointer: str
    before: JsonValue
    after: JsonValue


class ObjectionRead(Schema):
    """An objection, without the person who made it."""

    id: str
    notice: str
    item: int
    pointer: str
    grounds: str
    evidence: tuple[str, ...]
    organisation: str
    state: Literal[
        "RECEIVED", "ADMITTED", "NOT_ADMITTED", "DISMISSED", "UPHELD", "CLOSED"
    ]
    received_at: str
    reply: str | None
    decided_at: str | None


class NoticeRead(Schema):
    """What is shown to the public before it is published."""

    id: str
    submission: str
    organisation: str
    title: str
    state: State
    round: int
    opens_on: str
    closes_on: str
    """The last day on which objections are taken."""
    working_days: int
    item_count: int
    items: tuple[ItemRead, ...]
    """The first 100, without what is sealed."""
    content_digest: str
    closed_at: str | None


class NoticePage(Schema):
    """A page of notices, the newest first."""

    items: tuple[NoticeRead, ...]
    next_cursor: str | None


class ProblemReportRead(Schema):
    """A report on a published version, without the person who made it."""

    id: str
    code: str
    version: int
    pointer: str
    text: str
    evidence: tuple[str, ...]
    organisation: str
    at: str
