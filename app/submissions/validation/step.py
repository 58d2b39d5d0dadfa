"""How far a new version moves the value."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from app.factors.content import Content
from app.reference.enums import FactorKind
from app.reference.gases import GAS_CODES
from app.submissions.validation.contents import of_content
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.rules import Breach, Check, Rule, Severity
from app.units.factor_unit import parse_factor_unit

STEP: Final = Rule(
    id="STEP",
    severity=Severity.WARN,
    zh="数值比第 {version} 版变化 {change}%,超过 15%;请在备注中说明。",
    en=(
        "The value moves by {change} % from version {version}, over 15 %; explain it "
        "in the note."
    ),
    source="TanYin",
    numbers={"percent": "15"},
)
STEP_FAR: Final = Rule(
    id="STEP_FAR",
    severity=Severity.WARN,
    zh="数值比第 {version} 版变化 {change}%,超过 50%,须由评审组专门判断。",
    en=(
        "The value moves by {change} % from version {version}, over 50 %; the panel "
        "judges it by itself."
    ),
    source="TanYin",
    numbers={"percent": "50"},
)
RULES: Final[Sequence[Rule]] = (STEP, STEP_FAR)

_STEP: Final = Fraction(STEP.numbers["percent"])
_FAR: Final = Fraction(STEP_FAR.numbers["percent"])


@of_content
def _step(content: Content, candidate: Candidate, facts: Facts) -> Iterator[Breach]:
    known = facts.factors.get(candidate.factor or "")
    if known is None:
        return
    ratio = _ratio(known.content, content.unit, content.kind)
    before, now = Decimal(known.content["value"]), Decimal(content.value)
    if ratio is None or not before:
        return
    percent = (Fraction(now) / (Fraction(before) * ratio) - 1) * 100
    is_far = abs(percent) > _FAR
    if is_far or (abs(percent) > _STEP and content.note is None):
        shown = {"version": known.version, "change": f"{float(percent):+.3g}"}
        yield Breach(STEP_FAR if is_far else STEP, "/value", shown)


def _ratio(known: Mapping[str, Any], unit: str, kind: FactorKind) -> Fraction | None:
    """Return what one unit of *known* is in *unit*, if the two compare."""
    if known["unit"] == unit:
        return Fraction(1)
    if FactorKind.PARAMETER in (kind, known["kind"]):
        return None
    before = parse_factor_unit(known["unit"], GAS_CODES)
    now = parse_factor_unit(unit, GAS_CODES)
    is_like = before.per == now.per and before.substance == now.substance
    return before.kg_per_canonical / now.kg_per_canonical if is_like else None


CHECKS: Final[Sequence[Check]] = (_step,)
