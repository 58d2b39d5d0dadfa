"""The documents that are sent: drafts, reviews, objections and the words of acts."""

import json
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from app.factors.codes import check_code
from app.factors.content import Content
from app.kit.errors import Invalid
from app.kit.schemas import Day, Name, Schema, Text, checked, refusal
from app.kit.validation import MissingField
from app.sources.schemas import Sha256Hex
from app.submissions.validation.facts import ItemType

SEALED_BYTES = 256 * 1024


FactorCode = Annotated[str, checked(check_code)]


Pointer = Annotated[
    str,
    Field(max_length=200, pattern=r"^(/([^~/]|~[01])*)*$", examples=["/items/1/value"]),
]


"""RFC 6901, from the submission: /items/1/content/value."""


PersonId = Annotated[str, Field(max_length=40, examples=["p_0123456789abcdef"])]


Score = Annotated[str, Field(pattern=r"^([1-4](\.[0-9]{1,2})?|5(\.0{1,2})?)$")]


class ItemIncomplete(Invalid):
    en = "An item of type {type} has {rule}."
    zh = "类型为 {type} 的条目{rule_zh}。"


class SealedTooLarge(Invalid):
    en = "A sealed inventory has at most {limit} bytes."
    zh = "密封清单最多 {limit} 字节。"


class Explanation(Schema):
    """Why a finding of the automatic checks does not hold against the item."""

    rule: Annotated[str, Field(max_length=60, examples=["OUTLIER"])]
    text: Text


class ItemDraft(Schema):
    """A new factor, a new version of one, or the wish to retire one."""

    type: ItemType = ItemType.NEW
    factor: FactorCode | None = None
    """The factor that is updated, corrected or to be retired."""
    content: Content | None = None
    reason: Text | None = None
    """Why a factor is to be retired."""
    explanations: Annotated[tuple[Explanation, ...], Field(max_length=50)] = ()
    sealed: dict[str, JsonValue] | None = None
    """An inventory that only assigned reviewers may read; its digest is published."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        wanted = _FORMS[self.type]
        given = (self.factor is not None, self.content is not None)
        if given != wanted.given or (self.reason is None) is wanted.has_reason:
            error = ItemIncomplete(type=self.type, rule=wanted.en, rule_zh=wanted.zh)
            raise refusal(error)
        if self.sealed is not None and len(json.dumps(self.sealed)) > SEALED_BYTES:
            error_ = SealedTooLarge(limit=SEALED_BYTES, pointer="/sealed")
            raise refusal(error_)
        return self


class _Form(Schema):
    given: tuple[bool, bool]
    has_reason: bool
    en: str
    zh: str


_NEW_VERSION = _Form(
    given=(True, True),
    has_reason=False,
    en="factor and content; the reason is content.change_reason",
    zh="须有 factor 与 content;理由写入 content.change_reason",
)


_FORMS = {
    ItemType.NEW: _Form(
        given=(False, True),
        has_reason=False,
        en="content, and neither factor nor reason",
        zh="须有 content,不得有 factor 与 reason",
    ),
    ItemType.UPDATE: _NEW_VERSION,
    ItemType.CORRECTION: _NEW_VERSION,
    ItemType.RETIREMENT: _Form(
        given=(True, False),
        has_reason=True,
        en="factor and reason, and no content",
        zh="须有 factor 与 reason,不得有 content",
    ),
}


class SubmissionDraft(Schema):
    """A draft to begin with."""

    title: Name | None = None
    items: Annotated[tuple[ItemDraft, ...], Field(max_length=500)] = ()


class SubmissionPatch(Schema):
    """Changes to the head of a draft."""

    title: Name


class NoBody(Schema):
    """Nothing has to be said."""


class Declaration(Schema):
    """The approver states that the content is true."""

    declaration: Literal[True]


class Reason(Schema):
    """Why."""

    reason: Text


class CommentDraft(Schema):
    """A remark on a field."""

    pointer: Pointer = ""
    text: Text


class Return(Schema):
    """Why a submission goes back, and what is to be changed where."""

    reason: Text
    comments: Annotated[tuple[CommentDraft, ...], Field(max_length=500)] = ()


class Reviewer(Schema):
    """One member of the panel."""

    person: PersonId
    chair: bool = False


class Panel(Schema):
    """At least three reviewers, an odd number, one of them the chair."""

    reviewers: Annotated[tuple[Reviewer, ...], Field(max_length=25)]
    due_on: Day | None = None


class Replacement(Schema):
    """One reviewer for another."""

    out: PersonId
    in_: Annotated[PersonId, Field(alias="in")]


class ConflictDeclaration(Schema):
    """Whether the reviewer has an interest in the matter."""

    conflict: bool
    text: Text


class Criteria(Schema):
    """What the reviewer says on the three criteria."""

    robustness: Text | None = None
    applicability: Text | None = None
    documentation: Text | None = None


class ScoresGiven(Schema):
    """Data quality from 1 (best) to 5."""

    ter: Score
    ger: Score
    tir: Score
    p: Score


class Verdict(Schema):
    """What a reviewer signs."""

    verdict: Literal["PASS", "MINOR", "MAJOR", "REJECT"]
    scores: ScoresGiven
    criteria: Criteria = Criteria()
    text: Text | None = None
    comments: Annotated[tuple[CommentDraft, ...], Field(max_length=500)] = ()


class Resolution(Schema):
    """How a comment was taken up."""

    text: Text


class ObjectionDraft(Schema):
    """What is held against one item on notice."""

    item: Annotated[int, Field(ge=1)]
    pointer: Pointer = ""
    """The field it is about, from the item's content."""
    grounds: Text
    evidence: Annotated[tuple[Sha256Hex, ...], Field(max_length=20)] = ()


class Admission(Schema):
    """Whether an objection is taken up."""

    admissible: bool = True
    reason: Text | None = None
    """Needed where it is not."""

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if not self.admissible and self.reason is None:
            raise refusal(MissingField(pointer="/reason"))
        return self


class Answer(Schema):
    """The answer to an objection."""

    outcome: Literal["DISMISSED", "UPHELD"]
    reply: Text


class ProblemDraft(Schema):
    """What is wrong with a published version."""

    pointer: Pointer = ""
    """The field it is about, from the content."""
    text: Text
    evidence: Annotated[tuple[Sha256Hex, ...], Field(max_length=20)] = ()
