"""What a factor's boundary leaves out of a footprint, or brings in at a wrong place."""

from typing import Final

from app.calculation.findings import Notice, UpstreamMissing
from app.calculation.natures import Nature
from app.reference.enums import Boundary, FactorKind

# Of these kinds a footprint expects everything up to the gate, and of PCF no more.
_TO_THE_GATE: Final = frozenset({FactorKind.PCF, FactorKind.ENERGY})
_WITHOUT_UPSTREAM: Final = frozenset(
    {
        Boundary.GATE_TO_GATE,
        Boundary.GATE_TO_GRAVE,
        Boundary.USE_ONLY,
        Boundary.DIRECT,
        Boundary.CBAM_SEE,
    }
)
_WITH_DOWNSTREAM: Final = frozenset(
    {Boundary.CRADLE_TO_GRAVE, Boundary.GATE_TO_GRAVE, Boundary.LIFE_CYCLE}
)


class UpstreamOutside(Notice):
    code = "UPSTREAM_MISSING"
    en = "{factor} covers {boundary}: upstream, or a part of it, is missing."
    zh = "{factor} 的系统边界为 {boundary},缺少全部或部分上游排放。"


class DownstreamIncluded(Notice):
    en = "{factor} covers {boundary}: use and end of life are counted with it."
    zh = "{factor} 的系统边界为 {boundary},使用和生命末期阶段也一并计入。"


class BoundaryUnknown(Notice):
    en = "The source of {factor} states no boundary; what it leaves out is unknown."
    zh = "{factor} 的来源未说明系统边界,无法判断其遗漏的环节。"


def boundary_notices(nature: Nature, label: str) -> list[Notice]:
    """Return what to tell of a factor that a footprint uses."""
    if nature.kind == FactorKind.DIRECT_EF:
        return [UpstreamMissing(factor=label)]
    if nature.code is None or nature.kind not in _TO_THE_GATE:
        return []
    if nature.boundary == Boundary.NOT_STATED:
        return [BoundaryUnknown(factor=label)]
    facts = {"factor": label, "boundary": nature.boundary}
    notices: list[Notice] = []
    if nature.boundary in _WITHOUT_UPSTREAM:
        notices.append(UpstreamOutside(**facts))
    if nature.kind == FactorKind.PCF and nature.boundary in _WITH_DOWNSTREAM:
        notices.append(DownstreamIncluded(**facts))
    return notices
