"""Parts against the whole, and signs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from app.factors.content import Content
from app.reference import categories
from app.reference.enums import GhgCategory
from app.reference.gases import GASES
from app.reference.gwp import GWP_SETS
from app.submissions.validation.contents import of_content
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.measures import factor_unit
from app.submissions.validation.rules import Breach, Check, Rule, Severity

STAGE_SUM: Final = Rule(
    id="STAGE_SUM",
    severity=Severity.BLOCK,
    zh="各阶段数值之和为 {total},与因子数值 {value} 不符。",
    en="The stages sum to {total}, the value is {value}.",
    source="TanYin: stages are exclusive and sum to the value",
    numbers={"absolute": "1e-9", "relative": "1e-6"},
)
GAS_SUM: Final = Rule(
    id="GAS_SUM",
    severity=Severity.WARN,
    zh="各气体质量乘以 {gwp_set} 之和为 {total} kg CO2e,与数值相差 {gap}%。",
    en="The gases by {gwp_set} come to {total} kg CO2e, {gap} % off the value.",
    source="TanYin: room for values that were rounded to three digits",
    numbers={"percent": "0.5"},
)
GAS_SUM_FAR: Final = Rule(
    id="GAS_SUM_FAR",
    severity=Severity.BLOCK,
    zh=(
        "各气体质量乘以 {gwp_set} 之和为 {total} kg CO2e,与数值相差 {gap}%,超过 2%:"
        "气体不全、单位有误或 GWP 取值不同。"
    ),
    en=(
        "The gases by {gwp_set} come to {total} kg CO2e, {gap} % off the value, which "
        "is over 2 %: a gas is missing, a unit is wrong or another GWP set was used."
    ),
    source="TanYin: more than rounding explains",
    numbers={"percent": "2"},
)
GAS_WITHOUT_GWP: Final = Rule(
    id="GAS_WITHOUT_GWP",
    severity=Severity.WARN,
    zh="{gwp_set} 中没有 {gas} 的数值,无法复核各气体之和。",
    en="{gwp_set} has no value for {gas}: the sum of the gases cannot be checked.",
    source="The published GWP tables",
)
GAS_NEGATIVE: Final = Rule(
    id="GAS_NEGATIVE",
    severity=Severity.BLOCK,
    zh="{gas} 的质量为负;吸收的 CO2 应以正值记为 CO2_BIO_UPTAKE。",
    en="The mass of {gas} is negative; CO2 taken up is a positive CO2_BIO_UPTAKE.",
    source="ISO 14067:2018, biogenic carbon",
)
GAS_TWICE: Final = Rule(
    id="GAS_TWICE",
    severity=Severity.BLOCK,
    zh="{gas} 重复出现。",
    en="{gas} stands there more than once.",
    source="TanYin",
)
VALUE_NEGATIVE: Final = Rule(
    id="VALUE_NEGATIVE",
    severity=Severity.BLOCK,
    zh="数值为负,但没有列出 CO2_BIO_UPTAKE,也不是生物质产品;请说明原因。",
    en=(
        "The value is negative without CO2_BIO_UPTAKE among the gases and for a "
        "product that is not biogenic; explain why."
    ),
    source="ISO 14067:2018, biogenic carbon and removals",
    waivable=True,
)
RULES: Final[Sequence[Rule]] = (
    STAGE_SUM,
    GAS_SUM,
    GAS_SUM_FAR,
    GAS_WITHOUT_GWP,
    GAS_NEGATIVE,
    GAS_TWICE,
    VALUE_NEGATIVE,
)

_ABSOLUTE: Final = Decimal(STAGE_SUM.numbers["absolute"])
_RELATIVE: Final = Decimal(STAGE_SUM.numbers["relative"])
_NEAR: Final = Decimal(GAS_SUM.numbers["percent"])
_FAR: Final = Decimal(GAS_SUM_FAR.numbers["percent"])
_BIOGENIC: Final = frozenset(
    each.code
    for root in ("BIOFUEL", "AGRI_FOOD")
    for each in (categories.category(root), *categories.descendants(root))
)
_REMOVALS: Final = frozenset(
    gas.code for gas in GASES.values() if gas.category is GhgCategory.BIO_REMOVAL
)


@of_content
def _stages(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    if not content.stages:
        return
    value = Decimal(content.value)
    total = sum((Decimal(each.value) for each in content.stages), Decimal())
    if abs(total - value) > max(_ABSOLUTE, _RELATIVE * abs(value)):
        yield Breach(STAGE_SUM, "/stages", {"total": f"{total:f}", "value": value})


@of_content
def _gases(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    named = Counter(each.gas for each in content.gases)
    for place, each in enumerate(content.gases):
        if each.mass_kg.startswith("-"):
            yield Breach(GAS_NEGATIVE, f"/gases/{place}/mass_kg", {"gas": each.gas})
    for gas, count in named.items():
        if count > 1:
            yield Breach(GAS_TWICE, "/gases", {"gas": gas})


@of_content
def _recomputed(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    stated, gwp_set = factor_unit(content), GWP_SETS.get(content.gwp_set)
    if stated is None or gwp_set is None or not content.gases:
        return
    missing = [each for each in content.gases if each.gas not in gwp_set.values]
    for each in missing:
        facts = {"gas": each.gas, "gwp_set": gwp_set.code}
        yield Breach(GAS_WITHOUT_GWP, "/gases", facts)
    if not missing:
        factor = stated.mass.factor
        value = Decimal(content.value) * factor.numerator / factor.denominator
        yield from _gap(content, value, gwp_set.values)


def _gap(
    content: Content, value: Decimal, gwp: Mapping[str, Decimal]
) -> Iterator[Breach]:
    masses = (Decimal(each.mass_kg) * gwp[each.gas] for each in content.gases)
    total = sum(masses, Decimal())
    # Beside a value of zero any gap is a whole one.
    gap = abs(total - value) / (abs(value) or abs(total) or 1) * 100
    if gap > _NEAR:
        rule = GAS_SUM_FAR if gap > _FAR else GAS_SUM
        shown = {"total": f"{total:.6g}", "gap": f"{gap:.3g}"}
        yield Breach(rule, "/gases", {"gwp_set": content.gwp_set, **shown})


@of_content
def _sign(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    if factor_unit(content) is None or not content.value.startswith("-"):
        return
    takes_up = any(each.gas in _REMOVALS for each in content.gases)
    if not takes_up and content.category not in _BIOGENIC:
        yield Breach(VALUE_NEGATIVE, "/value")


CHECKS: Final[Sequence[Check]] = (_stages, _gases, _recomputed, _sign)
