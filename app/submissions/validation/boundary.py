"""The boundary against the life-cycle stages."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from app.factors.content import Content
from app.reference.enums import Boundary
from app.reference.stages import Stage
from app.submissions.validation.contents import of_content
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.rules import Breach, Check, Rule, Severity

STAGE_OUTSIDE: Final = Rule(
    id="STAGE_OUTSIDE",
    severity=Severity.BLOCK,
    zh="阶段 {stage} 在系统边界 {boundary} 之外,却有非零数值。",
    en="The stage {stage} lies outside the boundary {boundary}, yet it has a value.",
    source="GB/T 24067-2024, system boundary",
)
STAGES_MISSING: Final = Rule(
    id="STAGES_MISSING",
    severity=Severity.WARN,
    zh="系统边界 {boundary} 缺少阶段 {stages};数值为零的阶段也应写出。",
    en=(
        "The boundary {boundary} lacks the stages {stages}; a stage of nothing is "
        "stated as 0."
    ),
    source="GB/T 24067-2024, system boundary",
)
STAGE_TWICE: Final = Rule(
    id="STAGE_TWICE",
    severity=Severity.BLOCK,
    zh="阶段 {stage} 重复出现。",
    en="The stage {stage} stands there more than once.",
    source="TanYin",
)
RULES: Final[Sequence[Rule]] = (STAGE_OUTSIDE, STAGES_MISSING, STAGE_TWICE)

_AFTER_GATE: Final = frozenset({Stage.USE, Stage.EOL})
_LIFE: Final = tuple(each for each in Stage if each is not Stage.UNSPECIFIED)
# A boundary that stands in neither table leaves open what belongs to it.
_OUTSIDE: Final[Mapping[Boundary, frozenset[Stage]]] = MappingProxyType(
    {
        Boundary.CRADLE_TO_GATE: _AFTER_GATE,
        Boundary.CBAM_SEE: _AFTER_GATE | {Stage.DIST},
        Boundary.WELL_TO_TANK: _AFTER_GATE,
        Boundary.GATE_TO_GATE: _AFTER_GATE | {Stage.RAW, Stage.DIST},
        Boundary.GATE_TO_GRAVE: frozenset({Stage.RAW}),
        Boundary.USE_ONLY: frozenset(_LIFE) - {Stage.USE},
        Boundary.EOL_ONLY: frozenset(_LIFE) - {Stage.EOL},
    }
)
_WANTED: Final[Mapping[Boundary, Sequence[Stage]]] = MappingProxyType(
    {
        Boundary.CRADLE_TO_GATE: (Stage.RAW, Stage.MFG),
        Boundary.CRADLE_TO_GRAVE: _LIFE,
    }
)


@of_content
def _outside(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    outside = _OUTSIDE.get(content.boundary, frozenset())
    for place, each in enumerate(content.stages):
        if each.stage in outside and Decimal(each.value):
            facts = {"stage": each.stage, "boundary": content.boundary}
            yield Breach(STAGE_OUTSIDE, f"/stages/{place}", facts)


@of_content
def _missing(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    stated = {each.stage for each in content.stages}
    wanted = _WANTED.get(content.boundary, ())
    missing = [each for each in wanted if each not in stated]
    # Without any stage nothing was split, and nothing is missing.
    if stated and missing:
        facts = {"boundary": content.boundary, "stages": ", ".join(missing)}
        yield Breach(STAGES_MISSING, "/stages", facts)


@of_content
def _twice(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    for stage, count in Counter(each.stage for each in content.stages).items():
        if count > 1:
            yield Breach(STAGE_TWICE, "/stages", {"stage": stage})


CHECKS: Final[Sequence[Check]] = (_outside, _missing, _twice)
