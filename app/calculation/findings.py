"""What a calculation refuses, and what it warns of.

A notice becomes a warning, or with `strict` an error where the class says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from app.calculation.documents import CalculationWarning
from app.kit.errors import MOST_FINDINGS, Findings, Invalid


class DuplicateProcess(Invalid):
    en = 'The process id "{id}" stands twice.'
    zh = "过程标识“{id}”重复。"


class GasesNotAllowed(Invalid):
    en = "Gas masses belong to a CO2e value; this one is {substance} alone."
    zh = "分气体质量仅用于 CO2e 当量值;此值仅为 {substance}。"


class PositiveRemoval(Invalid):
    code = "CATEGORY_NOT_ALLOWED"
    en = "A line of category BIO_REMOVAL removes; this one adds."
    zh = "BIO_REMOVAL 类别仅用于清除量,此行为排放量。"


class UnknownProcess(Invalid):
    en = 'There is no process "{id}" in this request.'
    zh = "本请求中没有过程“{id}”。"


class ZeroOutput(Invalid):
    en = 'The output of process "{id}" is zero.'
    zh = "过程“{id}”的产出为零。"


class InputTarget(Invalid):
    en = "An input names exactly one of process, factor and select."
    zh = "每条输入必须且只能指定 process、factor、select 之一。"


class InputAmount(Invalid):
    en = "An input states amount and unit, or mass and distance, and not both."
    zh = "每条输入须给出 amount 和 unit,或 mass 和 distance,不可兼用。"


class StageNotAllowed(Invalid):
    en = "A line that takes from a process has no stage: that process has its own."
    zh = "取自过程的输入不能指定阶段,阶段由被取用的过程决定。"


class CategoryNotAllowed(Invalid):
    en = "A line that takes from a process has no category of its own."
    zh = "取自过程的输入不能指定排放类别。"


class NegativeDistance(Invalid):
    en = "A distance is not negative; a credit for transport has a negative mass."
    zh = "距离不得为负;运输抵扣以负的质量填报。"


class NegativeEmission(Invalid):
    en = "An emission is not negative; CO2_BIO_UPTAKE is stated positive."
    zh = "排放量不得为负;生物质碳吸收 CO2_BIO_UPTAKE 以正值填报。"


class UncertaintyNotAllowed(Invalid):
    en = "With mass and distance each of the two states its own uncertainty."
    zh = "以质量和距离填报时,不确定度应分别写在两者之内。"


class DrawsTooCostly(Invalid):
    en = "So many draws of so large a system would take minutes; ask for fewer."
    zh = "该系统如此之大,这一抽样次数需时过长,请减少次数。"


class LoopTooUncertain(Invalid):
    en = "In {count} of {draws} draws a loop consumes more than it makes."
    zh = "{draws} 次抽样中有 {count} 次出现循环消耗大于产出。"


class AllocationMissing(Invalid):
    en = 'Process "{id}" has co-products but no allocation.'
    zh = "过程“{id}”有共生产品,但未给出分配方法。"


class AllocationInvalid(Invalid):
    en = "The allocation is not possible: {reason_en}."
    zh = "无法分配:{reason_zh}。"


class UnknownFactor(Invalid):
    en = "{factor} does not exist at snapshot {snapshot}."
    zh = "{factor} 在快照 {snapshot} 中不存在。"


class EfKindMismatch(Invalid):
    en = "{factor} is of kind {kind} and cannot be used here. {advice_en}"
    zh = "{factor} 属于 {kind},不能用于此处。{advice_zh}"


class FactorVoid(Invalid):
    en = "{factor} is void; nothing replaces it by itself."
    zh = "{factor} 已作废,不会自动替换。"


class FactorRetired(Invalid):
    en = "{factor} is retired; pin a version to use it all the same."
    zh = "{factor} 已退出;如仍需使用,请指定版本。"


class AmbiguousBridge(Invalid):
    en = "Several properties of {factor} lead from {source} to {target}."
    zh = "{factor} 有多项属性可将 {source} 换算为 {target}。"


class Notice(Invalid):
    """Something worth knowing about a calculation that goes on all the same."""

    refused_if_strict: ClassVar[bool] = False


class CoProductsNotListed(Notice):
    en = 'Process "{id}" leaves a share of its burden to co-products it does not list.'
    zh = "过程“{id}”将部分负荷分配给未列出的共生产品。"


class UnreachableProcess(Notice):
    en = "The reference does not reach {processes}; not solved."
    zh = "基准产品未用到 {processes},未参与求解。"


class NothingUncertain(Notice):
    en = "No number that the result depends on is stated with an uncertainty."
    zh = "结果所依据的数值均未给出不确定度。"


class DrawsLeftOut(Notice):
    en = "In {count} of {draws} draws a loop consumes more than it makes; left out."
    zh = "{draws} 次抽样中有 {count} 次循环消耗大于产出,未计入统计。"


class GwpMixed(Notice):
    refused_if_strict = True
    en = "{factor} is CO2e under {own} without gas masses; taken as published."
    zh = "{factor} 为 {own} 口径的当量值且无分气体质量,按原值采用。"


class GwpUnknown(Notice):
    en = "The source of {factor} states no GWP set; taken as published."
    zh = "{factor} 的来源未说明 GWP 取值,按原值采用。"


class UpstreamMissing(Notice):
    en = "{factor} covers direct emissions only; its upstream is missing."
    zh = "{factor} 仅含直接排放,缺少上游排放。"


class FactorSuspended(Notice):
    refused_if_strict = True
    en = "{factor} is suspended."
    zh = "{factor} 已暂停使用。"


class PinnedFactorRetired(Notice):
    code = "FACTOR_RETIRED"
    en = "{factor} is retired."
    zh = "{factor} 已退出。"


class FactorSuperseded(Notice):
    en = "{factor} is superseded by version {highest}."
    zh = "{factor} 已被第 {highest} 版取代。"


class FactorNotValid(Notice):
    refused_if_strict = True
    en = "{factor} is not valid on {day}."
    zh = "{factor} 在 {day} 不在有效期内。"


class NewerYearAvailable(Notice):
    en = "{factor} is for {year}; {newer} is for {newer_year}."
    zh = "{factor} 的基准年为 {year};{newer} 为 {newer_year} 年数据。"


class FactorUnreviewed(Notice):
    en = "{factor} was taken over from a publication without review."
    zh = "{factor} 引自公开出版物,未经评审。"


class PropertyUsed(Notice):
    en = "{property} {value} of {factor} links {source} to {target}."
    zh = "使用 {factor} 的 {property} {value},将 {source} 换算为 {target}。"


@dataclass(frozen=True, slots=True)
class Warned:
    """A notice, the pointer of its first line, and how many lines it concerns."""

    notice: Notice
    pointer: str
    count: int

    def document(self) -> CalculationWarning:
        """Return the warning as it stands in an answer."""
        return {
            "code": self.notice.code,
            "pointer": self.pointer,
            "count": self.count,
            "detail": {"zh": self.notice.detail("zh"), "en": self.notice.detail("en")},
        }


@dataclass(slots=True)
class Ledger:
    """Collects errors and warnings while a system is assembled."""

    strict: bool
    relocate: Callable[[str], str] = str
    """Where the caller wrote what an input of a macro says; the same unless set."""
    errors: list[Invalid] = field(default_factory=list)
    warned: dict[str, Warned] = field(default_factory=dict)

    def refuse(self, error: Invalid, pointer: str) -> None:
        """Keep *error*, placed below *pointer*; raises `Findings` at the thousandth.

        Nobody reads further, and a million errors would take long to find.
        """
        where = pointer + (error.pointer or "")
        placed = error.placed(self.relocate(where))
        # Several inputs may come from one part of a macro.
        among = self.errors[-1:] if placed.pointer == where else self.errors
        if not any(_is_same(placed, each) for each in among):
            self.errors.append(placed)
        if len(self.errors) >= MOST_FINDINGS:
            raise Findings(self.errors[:MOST_FINDINGS])

    def notice(self, notice: Notice, pointer: str, count: int = 1) -> None:
        """Keep *notice* as a warning, or as an error where strictness demands it."""
        if self.strict and notice.refused_if_strict:
            self.refuse(notice, pointer)
            return
        key = notice.code + notice.detail("en")
        known = self.warned.get(key)
        first = known.pointer if known else pointer
        self.warned[key] = Warned(notice, first, count + (known.count if known else 0))

    def join(self, other: "Ledger") -> None:
        """Keep what *other* has found of the same request and this one has not."""
        new = [
            each
            for each in other.errors
            if not any(_is_same(each, known) for known in self.errors)
        ]
        self.errors += new
        for key, warned in other.warned.items():
            self.warned.setdefault(key, warned)

    def warnings(self) -> list[CalculationWarning]:
        """Return the warnings in the order in which they were first met."""
        return [warned.document() for warned in self.warned.values()]


def _is_same(error: Invalid, other: Invalid) -> bool:
    return (error.code, error.pointer) == (other.code, other.pointer)


def below(error: Invalid, pointer: str) -> Invalid:
    """Return *error*, about a part of what was sent, placed at *pointer* in it."""
    if isinstance(error, Findings):
        return Findings([below(each, pointer) for each in error.errors])
    return error.placed(pointer + (error.pointer or ""))
