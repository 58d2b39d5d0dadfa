"""Which factor an item is about, and whether it may be."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.factors.content import Content, natural_key
from app.reference.enums import VersionStatus
from app.submissions.validation.contents import of_content
from app.submissions.validation.facts import Candidate, Facts, ItemType, KnownVersion
from app.submissions.validation.rules import Breach, Check, Rule, Severity

FACTOR_EXISTS: Final = Rule(
    id="FACTOR_EXISTS",
    severity=Severity.BLOCK,
    zh="已有相同因子 {code}(第 {version} 版,{status});请以 UPDATE 或 CORRECTION 报送。",
    en=(
        "The factor is there already: {code}, version {version}, {status}; hand in an "
        "UPDATE or a CORRECTION."
    ),
    source="TanYin: one natural key, one factor",
)
FACTOR_UNKNOWN: Final = Rule(
    id="FACTOR_UNKNOWN",
    severity=Severity.BLOCK,
    zh="没有因子 {code}。",
    en="There is no factor {code}.",
    source="TanYin",
)
FACTOR_FOREIGN: Final = Rule(
    id="FACTOR_FOREIGN",
    severity=Severity.BLOCK,
    zh="{code} 不是由本单位报送的。",
    en="{code} was not handed in by this organisation.",
    source="TanYin: who handed in a factor answers for it",
)
FACTOR_WITHDRAWN: Final = Rule(
    id="FACTOR_WITHDRAWN",
    severity=Severity.BLOCK,
    zh="{code} 的状态为 {status},不能再修改。",
    en="{code} is {status} and changes no more.",
    source="TanYin: a retired or void factor stays so",
)
FACTOR_DIFFERS: Final = Rule(
    id="FACTOR_DIFFERS",
    severity=Severity.BLOCK,
    zh=(
        "内容与 {code} 不是同一因子:类型、类别、名称、基准单位、边界、地区、技术、"
        "代表性、首个来源的发布者和基准年都须相同。"
    ),
    en=(
        "This is another factor than {code}: kind, category, name, unit of product, "
        "boundary, region, technology, representativeness, first publisher and "
        "reference year are the same in all versions."
    ),
    source="TanYin: one natural key, one factor",
)
CONTENT_UNCHANGED: Final = Rule(
    id="CONTENT_UNCHANGED",
    severity=Severity.BLOCK,
    zh="除修改原因外,内容与 {code} 的第 {version} 版完全相同。",
    en="But for the reason of change, version {version} of {code} says exactly this.",
    source="TanYin",
)
CHANGE_REASON_MISSING: Final = Rule(
    id="CHANGE_REASON_MISSING",
    severity=Severity.BLOCK,
    zh="更新或更正须说明修改原因。",
    en="An update or a correction says why it changes the factor.",
    source="TanYin",
)
PENDING_ELSEWHERE: Final = Rule(
    id="PENDING_ELSEWHERE",
    severity=Severity.WARN,
    zh="另一份在办报送中已有同一因子。",
    en="The same factor stands in another submission that is on its way.",
    source="TanYin",
)
REPEATED_ITEM: Final = Rule(
    id="REPEATED_ITEM",
    severity=Severity.BLOCK,
    zh="本次报送中有多个条目是同一因子。",
    en="Several items of this submission are the same factor.",
    source="TanYin",
)
RULES: Final[Sequence[Rule]] = (
    FACTOR_EXISTS,
    FACTOR_UNKNOWN,
    FACTOR_FOREIGN,
    FACTOR_WITHDRAWN,
    FACTOR_DIFFERS,
    CONTENT_UNCHANGED,
    CHANGE_REASON_MISSING,
    PENDING_ELSEWHERE,
    REPEATED_ITEM,
)

_OVER: Final = frozenset({VersionStatus.RETIRED, VersionStatus.VOID})
_CHANGING: Final = frozenset({ItemType.UPDATE, ItemType.CORRECTION})


def _target(candidate: Candidate, facts: Facts) -> Iterator[Breach]:
    if candidate.factor is None:
        return
    known = facts.factors.get(candidate.factor)
    if known is None:
        yield Breach(FACTOR_UNKNOWN, "", {"code": candidate.factor})
        return
    if known.owner is None or known.owner != facts.submitter.organisation_id:
        yield Breach(FACTOR_FOREIGN, "", _shown(known))
    if known.status in _OVER:
        yield Breach(FACTOR_WITHDRAWN, "", _shown(known))


@of_content
def _same(content: Content, candidate: Candidate, facts: Facts) -> Iterator[Breach]:
    known = facts.factors.get(candidate.factor or "")
    # The key is a digest, and dear where there is nothing to compare it with.
    if not (known or facts.twins or facts.pending):
        return
    key = natural_key(content)
    twin, submission = facts.twins.get(key), facts.pending.get(key)
    if twin and candidate.type is ItemType.NEW:
        yield Breach(FACTOR_EXISTS, "", _shown(twin))
    if known and known.natural_key != key:
        yield Breach(FACTOR_DIFFERS, "", _shown(known))
    if submission is not None:
        is_here = submission == facts.submission
        yield Breach(REPEATED_ITEM if is_here else PENDING_ELSEWHERE)


@of_content
def _unchanged(
    content: Content, candidate: Candidate, facts: Facts
) -> Iterator[Breach]:
    known = facts.factors.get(candidate.factor or "")
    if known and _is_unchanged(content, known):
        yield Breach(CONTENT_UNCHANGED, "", _shown(known))


def _is_unchanged(content: Content, known: KnownVersion) -> bool:
    if content.value != known.content["value"]:
        return False
    stated = content.model_dump(mode="json") | {"change_reason": None}
    return stated == {**known.content, "change_reason": None}


@of_content
def _reason(content: Content, candidate: Candidate, _: Facts) -> Iterator[Breach]:
    if candidate.type in _CHANGING and content.change_reason is None:
        yield Breach(CHANGE_REASON_MISSING, "/change_reason")


def _shown(known: KnownVersion) -> dict[str, object]:
    return {"code": known.code, "version": known.version, "status": known.status}


CHECKS: Final[Sequence[Check]] = (_target, _same, _unchanged, _reason)
