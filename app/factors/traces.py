"""What is answered of a choice: the factor, the way to it, what was refused."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field
from typing_extensions import TypedDict

from app.factors.content import GwpBasis
from app.factors.ladder import Axis, Candidate, Criterion, Wanted
from app.factors.selection import MOST_REFUSED, MOST_TRIED, Choice, Refused
from app.factors.selects import Select
from app.kit.schemas import document
from app.reference.enums import Boundary, FactorKind, VersionStatus
from app.units.algebra import Dimension


@document
class Words(TypedDict):
    """A text in Chinese and in English."""

    zh: str
    en: str


@document
class CandidateSource(TypedDict):
    """The document that states the value."""

    title: str
    publisher: Words
    document_number: str | None


@document
class CandidateRead(TypedDict):
    """A factor version, by what tells it from others that fit alike."""

    pin: Annotated[str, Field(examples=["CNF-01-000001-14@1"])]
    code: str
    version: int
    status: VersionStatus
    name: Words
    kind: FactorKind
    value: str
    unit: str
    gwp_set: GwpBasis
    boundary: Boundary
    region: str
    reference_year: int
    technology: str | None
    source: CandidateSource


@document
class TraceStep(TypedDict):
    """One place of the ladder. Null is what was not asked for; of a technology also
    that none is stated."""

    region: str | None
    year: int | None
    boundary: str | None
    technology: str | None
    candidates: int
    """How many factors there could be used."""


@document
class TraceReason(TypedDict):
    """What left nothing."""

    criterion: Criterion
    detail: Words


@document
class TraceRefusal(TypedDict):
    """A factor that stood on the way and is not to be used."""

    code: str
    version: int
    reason: TraceReason


@document
class TraceDistance(TypedDict):
    """How far what was taken, or fits alike, is from what was asked for."""

    region_rungs: int
    years: int
    boundary_rungs: int
    technology_rungs: int


@document
class TracePenalty(TypedDict):
    """What the fallback costs in scores of data quality, of which 1 is the best."""

    ger: int
    """Geography: 1 for each rung, at most 4."""
    tir: int
    """Time: 0 up to 3 years, 1 up to 6, 2 up to 10, 3 up to 15, else 4."""


@document
class Trace(TypedDict):
    """How a description came to its factor."""

    asked: Select
    dimension: Dimension | None
    """That of the unit of the line; null where it does not count."""
    tried: Annotated[list[TraceStep], Field(max_length=MOST_TRIED + 1)]
    """In order; of years only those there are. The last one is what was taken."""
    refused: Annotated[list[TraceRefusal], Field(max_length=MOST_REFUSED)]
    taken: str | None
    """`CODE@n`."""
    distance: TraceDistance
    penalty: TracePenalty


def candidate_read(each: Candidate, content: Mapping[str, Any]) -> CandidateRead:
    """Return what is shown of *each*, whose content is *content*."""
    source = content["sources"][0]
    return {
        "pin": pin(each),
        "code": each.code,
        "version": each.version,
        "status": each.status,
        "name": content["name"],
        "kind": FactorKind(each.kind),
        "value": content["value"],
        "unit": each.unit,
        "gwp_set": content["gwp_set"],
        "boundary": Boundary(each.boundary),
        "region": each.region,
        "reference_year": each.year,
        "technology": content["technology"],
        "source": {
            "title": source["title"],
            "publisher": source["publisher"],
            "document_number": source["document_number"],
        },
    }


def pin(each: Candidate) -> str:
    """Return `CODE@n`."""
    return f"{each.code}@{each.version}"


def trace(select: Select, choice: Choice) -> Trace:
    """Return how *select* came to *choice*."""
    wanted, distance = choice.wanted, choice.distance
    return {
        "asked": select,
        "dimension": wanted.dimension,
        "tried": [
            {
                "region": step.region,
                "year": step.year,
                "boundary": step.boundary,
                "technology": step.technology,
                "candidates": step.candidates,
            }
            for step in choice.tried
        ],
        "refused": [_refusal(wanted, each) for each in choice.refused],
        "taken": None if choice.taken is None else pin(choice.taken),
        "distance": {
            "region_rungs": distance.region_rungs,
            "years": distance.years,
            "boundary_rungs": distance.boundary_rungs,
            "technology_rungs": distance.technology_rungs,
        },
        "penalty": {"ger": distance.ger, "tir": distance.tir},
    }


def _refusal(wanted: Wanted, refused: Refused) -> TraceRefusal:
    each, criterion = refused.candidate, refused.criterion
    zh, en = _FAILURES[criterion]
    facts = {"asked": wanted.asked(criterion), "status": each.status.value}
    facts |= {"kind": each.kind, "unit": each.unit}
    return {
        "code": each.code,
        "version": each.version,
        "reason": {
            "criterion": criterion,
            "detail": {"zh": zh.format(**facts), "en": en.format(**facts)},
        },
    }


def absence(choice: Choice) -> TraceReason | None:
    """Return why *choice* is none; None where one was found or several fit alike."""
    wanted, criterion = choice.wanted, choice.criterion
    if criterion is None:
        return None
    zh, en = _ABSENCES[criterion]
    is_near = criterion is Criterion.REGION and Axis.REGION in wanted.fallback
    facts = {
        "asked": wanted.asked(criterion),
        "count": choice.count,
        "around_zh": "及其上级地区" if is_near else "",
        "around_en": " or a region around it" if is_near else "",
    }
    return {
        "criterion": criterion,
        "detail": {"zh": zh.format(**facts), "en": en.format(**facts)},
    }


_FAILURES: Final = {
    Criterion.PURPOSE: (
        "{kind} 不能用于 {asked}。",
        "A factor of kind {kind} is not for {asked}.",
    ),
    Criterion.DIMENSION: (
        "其单位为 {unit},而此行的量纲为 {asked}。",
        "Its unit is {unit}, and the line measures {asked}.",
    ),
    Criterion.STATUS: ("状态为 {status}。", "It is {status}."),
    Criterion.VALID_ON: ("在 {asked} 不在有效期内。", "It is not valid on {asked}."),
}
_ABSENCES: Final = {
    Criterion.SUBJECT: (
        "没有因子符合 product、category、q、series 的描述",
        "no factor is what product, category, q and series say",
    ),
    Criterion.KIND: (
        "符合描述的 {count} 个因子中,没有类型为 {asked} 的",
        "of {count} factors none is of kind {asked}",
    ),
    Criterion.BOUNDARY: (
        "符合描述的 {count} 个因子中,没有系统边界为 {asked} 的",
        "of {count} factors none has the boundary {asked}",
    ),
    Criterion.TECHNOLOGY: (
        "符合描述的 {count} 个因子中,没有技术为“{asked}”的",
        'of {count} factors none has the technology "{asked}"',
    ),
    Criterion.SOURCE: (
        "符合描述的 {count} 个因子中,没有来源为“{asked}”的",
        'of {count} factors none has the source "{asked}"',
    ),
    Criterion.UNIT: (
        "符合描述的 {count} 个因子中,没有单位为 {asked} 的",
        "of {count} factors none has the unit {asked}",
    ),
    Criterion.DIMENSION: (
        "符合描述的 {count} 个因子中,没有以 {asked} 量纲计的",
        "of {count} factors none is per a unit of {asked}",
    ),
    Criterion.PURPOSE: (
        "符合描述的 {count} 个因子均不能用于 {asked}",
        "of {count} factors none is for {asked}",
    ),
    Criterion.REGION: (
        "符合描述的 {count} 个因子中,没有 {asked}{around_zh} 的",
        "of {count} factors none is for {asked}{around_en}",
    ),
    Criterion.YEAR: (
        "符合描述的 {count} 个因子中,没有 {asked} 年的",
        "of {count} factors none is for {asked}",
    ),
    Criterion.STATUS: (
        "符合描述的 {count} 个因子均已停用",
        "of {count} factors none is in use",
    ),
    Criterion.VALID_ON: (
        "符合描述的 {count} 个因子在 {asked} 均不在有效期内",
        "of {count} factors none is valid on {asked}",
    ),
    Criterion.STRICT: (
        "须放宽条件才有 {count} 个因子可用,而 strict 不允许",
        "{count} factors need a fallback, which strict refuses",
    ),
    Criterion.BREADTH: (
        "符合描述的因子过多,请补充条件",
        "too many factors fit; state more",
    ),
}
